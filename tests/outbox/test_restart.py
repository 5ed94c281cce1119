"""A message survives whatever a home server does: power cuts, and clocks that are set."""

import asyncio
from typing import Any

import pytest

from custom_components.bisms.outbox import Attempt, Delivery, State, engine
from custom_components.bisms.outbox.journal import Journal, Saved
from custom_components.bisms.outbox.lifecycle import advance
from custom_components.bisms.outbox.record import entered
from custom_components.bisms.outbox.scheduler import MAX_IN_HAND, SLICE
from custom_components.bisms.outbox.tasks import BESIDE, PROMPT
from tests.messages import HOUR, message

from .disk import Disk, as_saved, outcome
from .stage import FIRST_ID, P1, P2, Stage, play
from .wire import Request, attempts, questions


def phone(number: int) -> str:
    """Return one of many phones."""
    return f"9055501{number:05}"


@pytest.mark.parametrize("away", [1, 110, HOUR])
@pytest.mark.parametrize("clock_stands", [True, False])
@pytest.mark.parametrize("many", [1, 60])
def test_what_is_in_doubt_at_a_power_cut_is_looked_for_before_it_is_sent(
    away: float, clock_stands: bool, many: int
) -> None:
    """However many there are, and whatever the clock says of how long the cut was."""

    async def scenario(stage: Stage) -> None:
        stage.meet("dropped", 5, 20, lambda request: _number_of(request) % 2 == 0)
        stage.meet("reset", 5, 20)
        await stage.until(5)
        messages = [message(phone(n), text=f"Nr {n}") for n in range(many)]
        await stage.outbox.send(*messages, lifetime=2 * HOUR)
        await stage.until(20)
        assert len(stage.inbox) == (many + 1) // 2
        stage.requests.clear()

        await stage.restart(away=away, clock_stands=clock_stands)
        await asyncio.sleep(200)

        searched = False
        for request in stage.requests:
            searched |= request.asks_for_list and request.at > 20 + away + 20
            assert not request.sends or searched
        assert not any(_number_of(each) % 2 == 0 for each in stage.attempts)
        assert sorted(stage.inbox) == sorted(f"Nr {n}" for n in range(many))
        assert all(each.dlr_id for each in stage.outbox.deliveries)

    play(scenario)


def _number_of(request: Request) -> int:
    """Return which of many messages a request sends; 1 if it sends none."""
    return int(request.query["message"].removeprefix("Nr ")) if request.sends else 1


@pytest.mark.parametrize("fault", ["hung", "hung_accepted", "late"])
@pytest.mark.parametrize("after", [0.05, 0.5, 12])
def test_what_was_under_way_at_a_power_cut_goes_on_where_it_was(
    fault: str, after: float
) -> None:
    """One SMS, whether the provider had accepted it or not."""

    async def scenario(stage: Stage) -> None:
        stage.meet(fault, 0, 20)
        for number in range(3):
            stage.call(text=f"Nr {number}")
        await stage.until(1 + after)
        await stage.restart(away=30)
        await stage.until(400)
        assert sorted(stage.inbox) == ["Nr 0", "Nr 1", "Nr 2"]
        assert {each.state for each in stage.outbox.deliveries} == {State.DELIVERED}

    play(scenario)


def test_whoever_was_answered_is_known_after_a_power_cut() -> None:
    """What a call answered is on disk."""

    async def scenario(stage: Stage) -> None:
        stage.disk.seconds = 0.05
        stage.meet("refused", 2, 3)
        accepted = await stage.send(text="Accepted")
        await stage.until(2)
        queued = await stage.send(text="Queued")
        await stage.restart(away=2)
        states = {each.id: each.state for each in stage.outbox.deliveries}
        assert states == {accepted.id: State.WAITING, queued.id: State.QUEUED}

    play(scenario)


def test_an_attempt_is_on_disk_before_it_leaves() -> None:
    """And the first one of a message in the same moment, which it does not delay."""
    on_disk: list[list[Any]] = []

    async def scenario(stage: Stage) -> None:
        stage.disk.seconds = 0.25

        def watch(request: Request) -> None:
            if request.sends:
                on_disk.append([each.doing for each in stage.disk.deliveries])

        stage.on_request = watch
        stage.meet("reset", 0, 9)
        await stage.send()
        await stage.until(40)
        assert stage.departures() == [1, 3.375, 8.75, 19.125]
        began = stage.utc() - stage.loop.time() - 0.25
        assert on_disk == [
            [],
            *([Attempt(began + at)] for at in stage.departures()[1:]),
        ]

    play(scenario)


def test_the_first_attempt_is_on_disk_a_moment_after_it_left() -> None:
    """A power cut later cannot make a message forgotten that the provider may have."""

    async def scenario(stage: Stage) -> None:
        stage.meet("hung_accepted", 0, 2)
        stage.call()
        await stage.until(1 + BESIDE * 0.9)
        assert stage.disk.deliveries == []
        await stage.until(1 + BESIDE * 1.1)
        assert [each.doing for each in stage.disk.deliveries] == [
            Attempt(stage.utc() - stage.loop.time() + 1)
        ]

    assert BESIDE < 0.01
    play(scenario)


def test_the_attempt_of_a_second_message_waits_for_the_disk_while_one_is_in_doubt() -> (
    None
):
    """Else a power cut could make it forgotten, and its SMS be taken for the other's."""

    async def scenario(stage: Stage) -> None:
        await stage.send(text="Before")
        stage.disk.seconds = 0.5
        stage.meet("reset", 10, 20, lambda request: request.says("In doubt"))
        await stage.until(10)
        await stage.send(text="In doubt")
        await stage.until(15)
        await stage.send(text="Other")
        assert stage.departures("Other") == [15.5]
        await stage.until(300)
        await stage.send(text="Later")
        assert stage.departures("Later") == [300]

    play(scenario)


@pytest.mark.parametrize(
    ("seconds", "began"), [(PROMPT * 0.75, 0), (PROMPT, 0), (PROMPT * 1.25, 1.25)]
)
def test_an_attempt_that_waited_for_the_disk_began_when_it_left(
    seconds: float, began: float
) -> None:
    """From then on counts how long it may still take effect."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", 0, 1.5)
        waiting = await stage.send()
        stage.meet("hung", 3, 15)
        stage.disk.seconds = seconds
        due = 3.125
        await stage.until(due + seconds + 0.25)
        doing = stage.now(waiting).doing
        assert stage.departures()[1:] == [due + seconds]
        start = stage.utc() - stage.loop.time()
        assert doing == Attempt(start + due + began)

    play(scenario)


def test_a_repeat_that_the_disk_held_up_past_the_window_does_not_leave() -> None:
    """It would be accepted a second time; the message is looked for instead."""

    async def scenario(stage: Stage) -> None:
        stage.meet("dropped", 0, 100, attempts)
        doubtful = await stage.send()
        await stage.until(60)
        assert len(stage.departures()) == 5
        stage.disk.seconds = 45
        await stage.until(200)
        assert len(stage.departures()) == 5
        assert stage.now(doubtful).reason == "no_answer"
        stage.disk.seconds = 0
        await stage.until(400)
        assert stage.now(doubtful).dlr_id == str(FIRST_ID)

    play(scenario)


def test_what_is_taken_up_is_told_before_anything_is_sent() -> None:
    """And nothing is sent before the start."""

    async def scenario(stage: Stage) -> None:
        stage.meet("hung", 0, 3, lambda request: request.says("Under way"))
        stage.meet("refused", 0, 3)
        stage.call(text="Under way")
        late = await stage.send(lifetime=30, text="Late")
        await stage.kill()
        await stage.until(100)
        stage.requests.clear()
        stage.news.clear()
        await stage.load()
        await asyncio.sleep(100)
        assert stage.requests == []
        assert stage.news == []
        assert stage.outbox.queued == 1
        await stage.outbox.start()
        told = [(before.told, after.state) for before, after in stage.news]
        assert told == [(False, State.QUEUED), (True, State.EXPIRED)]
        await asyncio.sleep(200)
        assert stage.now(late).reason == "cannot_connect"

    play(scenario)


def test_what_expired_while_home_assistant_was_off_is_said_to_have() -> None:
    """Once."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", 0, 50)
        late = await stage.send(lifetime=60)
        await stage.kill()
        await stage.until(100)
        stage.news.clear()
        await stage.start()
        [(before, after)] = stage.news
        assert before.state is State.QUEUED
        assert after == stage.now(late)
        assert (after.state, after.reason) == (State.EXPIRED, "cannot_connect")

    play(scenario)


def test_finished_messages_come_back_as_they_were() -> None:
    """And nothing is told of them."""

    async def scenario(stage: Stage) -> None:
        delivered = await stage.send()
        await stage.until(100)
        before = stage.now(delivered)
        await stage.restart()
        stage.news.clear()
        await asyncio.sleep(HOUR)
        assert stage.now(delivered) == before
        assert stage.news == []

    play(scenario)


def test_the_newest_id_is_known_over_a_restart() -> None:
    """While the provider is away, a message is compared with what was there before."""

    async def scenario(stage: Stage) -> None:
        await stage.send()
        await stage.kill()
        stage.meet("refused", what=questions)
        await stage.start()
        later = await stage.send(text="Later")
        assert later.baseline is not None
        assert later.baseline.newest_id == str(FIRST_ID)

    play(scenario)


def many_queued(number: int, at: float) -> Disk:
    """Return a disk with so many queued messages."""
    disk = Disk()
    first = entered("first", message(P1), at, at, 24 * HOUR)._replace(told=True)
    many = [first._replace(id=str(each)) for each in range(number)]
    outcome(Journal(disk).save(Saved(many, None, at, at)))
    return disk


def test_a_start_with_5000_messages_lets_others_have_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only a few are handled in one go."""
    handled = 0

    def counted(*what: Any) -> Delivery:
        nonlocal handled
        handled += 1
        return advance(*what)

    async def scenario(stage: Stage) -> None:
        nonlocal handled
        await stage.kill()
        stage.disk = many_queued(5000, stage.utc())
        stage.meet("hung")
        outbox = stage.build()
        load, turns = asyncio.ensure_future(outbox.load()), []
        while not load.done():
            await asyncio.sleep(0)
            turns.append(handled)
            handled = 0
        assert sum(turns) == 5000
        assert max(turns) <= SLICE
        told = 0

        def count(before: Delivery, after: Delivery) -> None:
            nonlocal told
            told += 1

        outbox.subscribe(count)
        start, turns = asyncio.ensure_future(outbox.start()), []
        while not start.done():
            await asyncio.sleep(0)
            turns.append(told)
            told = 0
        assert sum(turns) >= 5000
        assert max(turns) <= SLICE + MAX_IN_HAND
        assert outbox.queued == 5000
        await asyncio.sleep(1)

    monkeypatch.setattr(engine, "advance", counted)
    play(scenario)


def test_a_release_of_1000_messages_lets_others_have_their_turn() -> None:
    """Nobody notices in the house that the provider is back."""
    turns = [0]

    async def scenario(stage: Stage) -> None:
        def count(before: Delivery, after: Delivery) -> None:
            if turns[-1] == 0:
                stage.loop.call_soon(turns.append, 0)
            turns[-1] += 1

        stage.meet("refused", 0, 1000)
        messages = [message(P1, text=f"Nr {number}") for number in range(1000)]
        await stage.outbox.send(*messages, lifetime=HOUR)
        await stage.until(1000)
        stage.outbox.subscribe(count)
        await stage.until(2000)
        assert stage.outbox.queued == 0
        assert SLICE <= max(turns) <= SLICE + MAX_IN_HAND + 4

    play(scenario)


def test_a_message_that_waits_is_kept_as_it_is_over_a_stop() -> None:
    """All that is known of it comes back."""

    async def scenario(stage: Stage) -> None:
        stage.meet("reset", 0, 2)
        stage.meet("refused", 3)
        waiting = await stage.send(P1, P2, resend_in_doubt=True)
        await stage.until(15)
        before = stage.now(waiting)
        await stage.kill()
        assert stage.disk.deliveries == [as_saved(before)]

    play(scenario)
