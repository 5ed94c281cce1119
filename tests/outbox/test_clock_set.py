"""A message neither expires nor doubles because somebody set the machine's clock."""

import pytest

from custom_components.bisms.outbox import State
from tests.messages import HOUR

from .stage import FIRST_ID, Stage, play
from .wire import attempts


@pytest.mark.parametrize("jump", [7200, -7200, 60, -60, 2, -2])
def test_a_clock_that_is_set_changes_nothing(jump: float) -> None:
    """A message neither expires by it nor waits longer, and its report is asked for in time."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", 0, 600)
        waiting = await stage.send(lifetime=500)
        await stage.until(200)
        stage.clock_is_ahead += jump
        await stage.until(500)
        assert stage.now(waiting).state is State.QUEUED
        await stage.until(502)
        assert stage.now(waiting).state is State.EXPIRED

        await stage.until(700)
        sent = await stage.send(text="Later")
        stage.clock_is_ahead += jump
        await stage.until(700 + 92)
        assert stage.now(sent).state is State.DELIVERED
        assert sent.created_utc == stage.utc() - jump - 92

    play(scenario)


@pytest.mark.parametrize("jump", [7200, -7200, 60, -60, 2, -2])
@pytest.mark.parametrize("fault", ["hung", "hung_accepted", "late"])
def test_a_clock_that_is_set_during_a_request_doubles_nothing(
    jump: float, fault: str
) -> None:
    """Nobody knows then how long it took: the message is looked for, and not repeated."""

    async def scenario(stage: Stage) -> None:
        stage.meet(fault, 0, 2)
        doubtful = await stage.send()
        stage.clock_is_ahead += jump
        await stage.until(300)
        assert stage.now(doubtful).dlr_id == str(FIRST_ID)
        lists = [each.at for each in stage.requests if each.asks_for_list]
        departures = stage.departures()
        assert len(departures) == (2 if fault == "hung" else 1)
        assert lists[1] >= 40
        assert departures[1:] == [] or departures[1] > lists[1]

    play(scenario)


@pytest.mark.parametrize("jump", [0, 0.5, -0.5])
def test_a_clock_that_is_only_adjusted_holds_up_nothing(jump: float) -> None:
    """A repeat inside the window needs no look."""

    async def scenario(stage: Stage) -> None:
        stage.meet("hung_accepted", 0, 2)
        doubtful = await stage.send()
        stage.clock_is_ahead += jump
        await stage.until(19)
        assert stage.now(doubtful).state is State.WAITING
        assert stage.departures() == [1, 18]

    play(scenario)


@pytest.mark.parametrize("jump", [0, 7200, -7200, 100, -100])
@pytest.mark.parametrize("at", [1.5, 10, 30, 130])
def test_no_message_is_taken_for_another_when_the_clock_is_set(
    jump: float, at: float
) -> None:
    """One was accepted and one was not, both to the same number, both without an answer."""

    async def scenario(stage: Stage) -> None:
        stage.meet("dropped", 0, 200, lambda request: request.says("One"))
        stage.meet("hung", 0, 200, lambda request: request.says("Two"))
        for text in ("One", "Two"):
            stage.call(text=text, lifetime=600)
        await stage.until(at)
        stage.clock_is_ahead += jump
        await stage.until(3000)
        assert stage.inbox.count("One") == 1
        assert stage.inbox.count("Two") <= 1

    play(scenario)


def test_a_clock_that_was_set_back_over_a_restart_makes_no_time() -> None:
    """A waiting message is dropped no sooner than it may; only what was not written is lost."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused")
        waiting = await stage.send(lifetime=HOUR)
        for _ in range(3):
            await stage.until(stage.loop.time() + 100)
            await stage.kill()
            stage.clock_is_ahead -= 5000
            await stage.start()
        assert stage.now(waiting).expires_at == waiting.expires_at
        await stage.until(HOUR - 2)
        assert stage.now(waiting).state is State.QUEUED
        await stage.until(HOUR + 300)
        assert stage.now(waiting).state is State.EXPIRED

    play(scenario)


def test_time_that_home_assistant_was_off_counts() -> None:
    """If the clock went on."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", what=attempts)
        waiting = await stage.send(lifetime=600)
        await stage.restart(away=500)
        assert stage.now(waiting).state is State.QUEUED
        await stage.until(610)
        assert stage.now(waiting).state is State.EXPIRED

    play(scenario)
