"""What waits while the provider is away, goes when it is back; and no storm is made of it."""

import asyncio
from collections.abc import Callable

import pytest

from custom_components.bisms.outbox import State
from tests.messages import HOUR, message

from .stage import P1, P2, Stage, play
from .wire import Request, attempts, questions

FAULTS_OF_SENDING = ("500", "99", "html", "hung")


@pytest.mark.parametrize("fault", ["refused", "hung", "500"])
@pytest.mark.parametrize("jitter", [0.8, 1.2])
def test_when_the_provider_is_back_everything_goes_out(
    fault: str, jitter: float
) -> None:
    """Nobody waits for the rest of a pause of minutes."""

    async def scenario(stage: Stage) -> None:
        stage.jitter = jitter
        stage.meet(fault, 1, 2000)
        for number in range(20):
            stage.call(text=f"Nr {number}", lifetime=2 * HOUR)
        await stage.until(2000)
        assert stage.outbox.queued == 20
        stage.requests.clear()
        while not stage.requests:
            await asyncio.sleep(0.125)
        await asyncio.sleep(10)
        assert stage.outbox.queued == 0
        assert {each.state for each in stage.outbox.deliveries} == {State.WAITING}
        assert len(stage.inbox) == 20

    play(scenario)


def test_the_hourly_look_at_the_account_lets_go_what_could_not_be_connected() -> None:
    """Whichever request is the first one to be answered."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", 1, 650)
        waiting = await stage.send()
        await stage.until(700)
        assert stage.now(waiting).state is State.QUEUED
        await stage.outbox.learn_newest_id()
        await asyncio.sleep(1)
        assert stage.now(waiting).state is State.WAITING

    play(scenario)


@pytest.mark.parametrize("fault", FAULTS_OF_SENDING)
@pytest.mark.parametrize("many", [1, 10])
def test_while_only_sending_fails_pauses_grow_all_the_same(
    fault: str, many: int
) -> None:
    """At most 60 tries and 300 questions in two hours, though every question is answered."""

    async def scenario(stage: Stage) -> None:
        sent = [await stage.send(P2, text=f"Before, {number}") for number in range(3)]
        stage.meet(fault, 5, what=attempts)
        await stage.until(5)
        for number in range(many):
            stage.call(text=f"Nr {number}", lifetime=3 * HOUR)
        stage.requests.clear()
        for minute in range(120):
            await stage.until(5 + 60 * minute)
            if minute % 5 == 0:
                await stage.outbox.learn_newest_id()
        assert len(sent) == 3
        tries = [len(stage.departures(f"Nr {number}")) for number in range(many)]
        assert max(tries) <= 60
        assert min(tries) >= 20
        assert len(stage.requests) - len(stage.attempts) <= 300

    play(scenario)


def test_in_an_outage_the_newest_id_is_asked_for_once_for_all_that_wait() -> None:
    """A question that has just failed fails again."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", 1)
        await stage.until(61)
        for number in range(200):
            stage.call(text=f"Nr {number}", lifetime=3 * HOUR)
        await stage.until(2000)
        stage.requests.clear()
        await stage.until(2600)
        lists = sum(each.asks_for_list for each in stage.requests)
        assert len(stage.attempts) >= 400
        assert 2 <= lists <= 300

    play(scenario)


@pytest.mark.parametrize("fault", FAULTS_OF_SENDING)
def test_when_sending_works_again_it_all_goes_within_minutes(fault: str) -> None:
    """The longest pause is five minutes, and the first to get through brings the others."""

    async def scenario(stage: Stage) -> None:
        stage.meet(fault, 1, HOUR, what=attempts)
        for number in range(10):
            stage.call(text=f"Nr {number}", lifetime=3 * HOUR)
        await stage.until(HOUR + 310)
        assert stage.outbox.queued == 0
        assert len(stage.inbox) == 10

    play(scenario)


def test_an_outage_of_questions_alone_holds_up_no_message() -> None:
    """They leave at once, and are looked after later."""

    async def scenario(stage: Stage) -> None:
        stage.meet("hung", 0, 600, questions)
        sent = await stage.send()
        assert sent.state is State.WAITING
        await stage.until(2000)
        assert stage.now(sent).state is State.DELIVERED

    play(scenario)


def test_a_long_search_is_no_silence() -> None:
    """An answered question after many others does not call everything up again."""

    async def scenario(stage: Stage) -> None:
        stage.meet("dropped", 0, 1.1, attempts)
        stage.meet("reset", 1.1, 200, attempts)
        stage.call(text="One", lifetime=10 * HOUR)
        await stage.until(1.2)
        stage.call(text="Two", lifetime=10 * HOUR)
        await stage.until(150)
        for number in range(120):
            stage.foreign("905559999991", text=f"Foreign {number}")
        await stage.until(2000)
        stage.requests.clear()
        await stage.until(2000 + 5 * HOUR)
        # Two messages that can't be told apart, each asked about every 5 minutes.
        first_pages = sum(each.query.get("page") == "0" for each in stage.requests)
        assert 100 < first_pages <= 2 * 60

    play(scenario)


def test_a_direct_answer_that_the_secret_is_wrong_is_final() -> None:
    """The caller is told, and can do something."""

    async def scenario(stage: Stage) -> None:
        stage.meet("87", 0, 10)
        refused = await stage.send()
        assert (refused.state, refused.reason) == (State.FAILED, "invalid_auth")
        await stage.until(100)
        assert len(stage.attempts) == 1

    play(scenario)


async def parked(stage: Stage, fault: str = "refused") -> None:
    """Send a message that has to wait, and then meets a refusal of the secret."""
    stage.meet(fault, 0, 2, attempts)
    stage.meet("87", 2, 10)
    waiting = await stage.send(lifetime=HOUR)
    await stage.until(9)
    assert stage.now(waiting).reason == "invalid_auth"
    assert len(stage.attempts) == 2


@pytest.mark.parametrize("fault", ["refused", "reset", "dropped"])
def test_a_message_that_met_a_passing_87_goes_once_the_secret_is_accepted(
    fault: str,
) -> None:
    """By whichever call: here the hourly look at the account."""

    async def scenario(stage: Stage) -> None:
        await parked(stage, fault)
        await stage.until(100)
        assert len(stage.attempts) == 2
        await stage.outbox.learn_newest_id()
        await stage.until(400)
        [sent] = stage.outbox.deliveries
        assert sent.state is State.DELIVERED
        assert stage.inbox == ["Duman alarmı"]

    play(scenario)


def test_a_message_that_met_an_87_waits_as_long_as_the_secret_is_refused() -> None:
    """And expires then, without having asked again and again."""

    async def scenario(stage: Stage) -> None:
        await parked(stage)
        stage.account.secret = "another"
        for minute in range(60):
            await stage.until(60 * (minute + 1) + 5)
            await stage.outbox.learn_newest_id()
        [expired] = stage.outbox.deliveries
        assert (expired.state, expired.reason) == (State.EXPIRED, "invalid_auth")
        assert len(stage.attempts) == 2

    play(scenario)


def test_a_new_secret_lets_go_what_waited_for_it() -> None:
    """After the restart that brings it."""

    async def scenario(stage: Stage) -> None:
        await parked(stage)
        stage.account.secret = stage.secret = "another"
        await stage.until(600)
        await stage.close()
        await stage.start()
        await asyncio.sleep(1)
        [sent] = stage.outbox.deliveries
        assert sent.state is State.WAITING

    play(scenario)


def test_a_secret_that_only_sending_refuses_makes_no_storm() -> None:
    """Though every other call accepts it."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", 0, 2, attempts)
        stage.meet("87", what=attempts)
        await stage.send(lifetime=3 * HOUR)
        for minute in range(120):
            await stage.until(60 * (minute + 1))
            await stage.outbox.learn_newest_id()
        assert 20 <= len(stage.attempts) <= 60

    play(scenario)


@pytest.mark.parametrize("code", ["85", "81"])
def test_another_refusal_ends_a_message_that_waits(code: str) -> None:
    """An answer is final."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", 0, 2)
        stage.meet(code)
        waiting = await stage.send()
        await stage.until(10)
        reasons = {"85": "wrong_header", "81": "not_enough_credits"}
        assert stage.now(waiting).state is State.FAILED
        assert stage.now(waiting).reason == reasons[code]

    play(scenario)


def test_a_refusal_while_in_doubt_waits_for_the_doubt_to_be_settled() -> None:
    """The first attempt may have got through."""

    async def scenario(stage: Stage) -> None:
        for fault, text in (("dropped", "Sent"), ("reset", "Not sent")):
            stage.meet(fault, 0, 2, _says(text))
        stage.meet("81", what=attempts)
        calls = [stage.call(P1, text="Sent"), stage.call(P2, text="Not sent")]
        await stage.until(200)
        sent, refused = [stage.now(await call) for call in calls]
        assert sent.dlr_id is not None
        assert refused.reason == "not_enough_credits"

    play(scenario)


def _says(text: str) -> Callable[[Request], bool]:
    return lambda request: request.says(text)


def test_a_message_waits_as_long_as_it_may_and_no_longer() -> None:
    """Then it is expired, to the second, with what kept it."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused")
        waiting = await stage.send(lifetime=600)
        await stage.until(600.9)
        assert stage.now(waiting).state is State.QUEUED
        await stage.until(601.1)
        assert stage.now(waiting).state is State.EXPIRED
        assert stage.now(waiting).reason == "cannot_connect"

    play(scenario)


def test_500_messages_that_wait_all_expire_in_time() -> None:
    """Many things at the same moment are one thing after the other."""

    async def scenario(stage: Stage) -> None:
        stage.meet("hung", what=attempts)
        many = [message(P1, text=f"Nr {number}") for number in range(500)]
        await stage.outbox.send(*many, lifetime=60)
        await stage.until(1000)
        assert all(each.final for each in stage.outbox.deliveries)
        assert len(stage.attempts) < 50

    play(scenario)
