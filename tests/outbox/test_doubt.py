"""A message without an answer: it may be there or not, and what is there may be another's."""

import asyncio

import pytest

from custom_components.bisms.outbox import State
from custom_components.bisms.outbox.lifecycle import DOUBT_LIMIT
from tests.messages import HOUR

from .disk import Disk
from .stage import FIRST_ID, P1, P2, P3, Stage, play
from .wire import attempts, questions

SETTLED = 20
LISTED = 20


def lists(stage: Stage) -> list[float]:
    """Return when the list of sendings was asked for."""
    return [each.at for each in stage.requests if each.asks_for_list]


def says(text: str) -> object:
    """Choose the requests that send a text."""
    return lambda request: request.says(text)


async def in_doubt(stage: Stage, fault: str, *numbers: str) -> None:
    """Send a message whose one attempt meets a fault, and restart."""
    stage.meet(fault, stage.loop.time(), stage.loop.time() + 1, attempts)
    await stage.send(*numbers)
    await stage.restart()


@pytest.mark.parametrize("fault", ["dropped", "reset"])
def test_it_is_looked_for_once_all_that_may_have_happened_is_listed(fault: str) -> None:
    """Not before: what is not in the list yet would be sent again."""

    async def scenario(stage: Stage) -> None:
        stage.account.list_lag = LISTED
        await in_doubt(stage, fault)
        started = stage.loop.time()
        stage.requests.clear()
        await stage.until(300)
        [found] = stage.outbox.deliveries
        assert found.state is State.DELIVERED
        assert lists(stage)[0] == started + SETTLED + LISTED
        assert stage.departures() == [lists(stage)[0] + 0.25] * (fault == "reset")

    play(scenario)


def test_a_report_that_names_only_some_numbers_leaves_the_question_open() -> None:
    """It may be this message: nothing is sent, and its end is said to be unknown."""

    async def scenario(stage: Stage) -> None:
        stage.account.unreported = {P2}
        await in_doubt(stage, "dropped", P1, P2)
        await stage.until(HOUR - 10)
        [open_one] = stage.outbox.deliveries
        assert open_one.state is State.QUEUED
        await stage.until(HOUR + 400)
        [unknown] = stage.outbox.deliveries
        assert (unknown.state, unknown.reason) == (State.FAILED, "unknown")
        assert len(stage.departures()) == 1

    play(scenario)


def test_a_report_that_comes_to_name_all_numbers_answers_the_question() -> None:
    """Some numbers only show up later."""

    async def scenario(stage: Stage) -> None:
        stage.account.unreported = {P3}
        await in_doubt(stage, "dropped", P1, P3)
        await stage.until(400)
        stage.account.unreported = set()
        await stage.until(1500)
        [found] = stage.outbox.deliveries
        assert found.state is State.PARTIALLY_DELIVERED
        assert len(stage.departures()) == 1

    play(scenario)


def test_a_report_that_names_others_too_is_not_this_messages() -> None:
    """It is sent, for it never was."""

    async def scenario(stage: Stage) -> None:
        await in_doubt(stage, "reset")
        await stage.until(10)
        stage.foreign(P1, P2)
        await stage.until(400)
        [sent] = stage.outbox.deliveries
        assert sent.state is State.DELIVERED
        assert stage.inbox == ["Duman alarmı"]

    play(scenario)


@pytest.mark.parametrize("fault", ["dropped", "reset"])
def test_a_foreign_sms_before_the_first_attempt_is_not_taken_for_it(fault: str) -> None:
    """To the same number, a moment before: its id was the newest then."""

    async def scenario(stage: Stage) -> None:
        stage.foreign(P1)
        await stage.until(100)
        await stage.outbox.learn_newest_id()
        await in_doubt(stage, fault)
        await stage.until(500)
        [found] = stage.outbox.deliveries
        assert found.dlr_id == str(FIRST_ID + 1)
        assert found.state is State.DELIVERED

    play(scenario)


def test_a_foreign_sms_after_the_last_attempt_is_not_taken_for_it() -> None:
    """The list was asked for in between, and had nothing of it: the message is sent."""

    async def scenario(stage: Stage) -> None:
        await in_doubt(stage, "reset")
        # That one's report is not there yet when the list is asked for.
        await stage.until(41)
        stage.foreign(P2)
        await stage.until(43)
        assert lists(stage)[-2:] == [42.125, 42.375]
        stage.foreign(P1)
        await stage.until(1500)
        [sent] = stage.outbox.deliveries
        assert sent.state is State.DELIVERED
        assert sent.dlr_id == str(FIRST_ID + 2)

    play(scenario)


@pytest.mark.parametrize("fault", ["dropped", "reset"])
@pytest.mark.parametrize("foreign", [1, 2])
def test_with_more_sms_than_its_own_to_the_same_number_nobody_knows(
    fault: str, foreign: int
) -> None:
    """One of them is another program's, sent in the same minute: nothing is doubled."""

    async def scenario(stage: Stage) -> None:
        await in_doubt(stage, fault)
        for _ in range(foreign):
            stage.foreign(P1, text=f"From the panel, {_}")
        await stage.until(HOUR + 400)
        [delivery] = stage.outbox.deliveries
        if fault == "reset" and foreign == 1:
            # It can't be told from its own: the documents say so.
            assert delivery.dlr_id == str(FIRST_ID)
            stage.known.clear()
        else:
            assert (delivery.state, delivery.reason) == (State.FAILED, "unknown")
        assert len(stage.departures()) == 1

    play(scenario)


def test_what_nobody_knows_is_sent_once_more_for_whom_twice_is_better_than_never() -> (
    None
):
    """At its end, once; and then its end stays unknown if that fails too."""

    async def scenario(stage: Stage) -> None:
        stage.account.unreported = {P2}
        stage.meet("dropped", 0, 2, attempts)
        await stage.send(P1, P2, resend_in_doubt=True)
        await stage.restart()
        await stage.until(HOUR - 10)
        assert len(stage.departures()) == 1
        stage.meet("refused", HOUR, what=attempts)
        await stage.until(HOUR + 400)
        assert len(stage.departures()) > 1
        await stage.until(2 * HOUR)
        [unknown] = stage.outbox.deliveries
        assert (unknown.state, unknown.reason) == (State.FAILED, "unknown")

    play(scenario)


def test_what_is_sent_once_more_goes_out_and_ends_well() -> None:
    """For whom a doubled alarm is better than a missed one."""

    async def scenario(stage: Stage) -> None:
        stage.account.unreported = {P2}
        stage.meet("reset", 0, 2, attempts)
        await stage.send(P1, P2, resend_in_doubt=True)
        await stage.restart()
        await stage.until(5)
        stage.foreign(P1, P2)
        await stage.until(HOUR + 700)
        [sent] = stage.outbox.deliveries
        assert sent.accepted
        assert stage.inbox == ["Duman alarmı"] * 2

    play(scenario)


@pytest.mark.parametrize(
    ("lifetime", "ends"), [(60, 1 + DOUBT_LIMIT), (HOUR, 1 + HOUR)]
)
def test_doubt_is_worked_on_until_the_message_expires_and_for_ten_minutes_at_least(
    lifetime: float, ends: float
) -> None:
    """Then its end is unknown."""

    async def scenario(stage: Stage) -> None:
        stage.meet("hung", what=attempts)
        stage.meet("refused", what=questions)
        doubtful = await stage.send(lifetime=lifetime)
        await stage.until(ends - 1)
        assert stage.now(doubtful).state is State.QUEUED
        await stage.until(ends + 310)
        assert stage.now(doubtful).reason == "unknown"
        assert DOUBT_LIMIT == 600

    play(scenario)


def test_an_alert_is_rather_sent_than_dropped_when_there_is_nothing_to_compare_with() -> (
    None
):
    """The newest id was never learned."""

    async def scenario(stage: Stage) -> None:
        await stage.kill()
        stage.disk = Disk()
        stage.meet("refused", 0, 100, questions)
        await stage.start()
        stage.meet("dropped", 0, 2, attempts)
        await stage.send()
        await stage.restart(away=200)
        await stage.until(1000)
        [sent] = stage.outbox.deliveries
        assert sent.state is State.DELIVERED
        assert stage.inbox == ["Duman alarmı"] * 2

    play(scenario)


def test_a_77_is_not_taken_for_ones_own_while_a_twin_is_in_doubt() -> None:
    """The twin got through before a restart, whose message this one only repeats."""

    async def scenario(stage: Stage) -> None:
        stage.meet("dropped", 0, 2, attempts)
        stage.meet("reset", 3, 4, attempts)
        twin = await stage.send()
        await stage.restart()
        await stage.until(3.5)
        second = await stage.send()
        await stage.until(1500)
        ids = [stage.now(each).dlr_id for each in (twin, second)]
        assert ids == [str(FIRST_ID), str(FIRST_ID + 1)]
        assert len(stage.inbox) == 2

    play(scenario)


def test_a_77_is_not_taken_for_ones_own_while_a_twin_waits_for_its_answer() -> None:
    """The twin was accepted, this message never."""

    async def scenario(stage: Stage) -> None:
        stage.meet("reset", 0, 1.1, attempts)
        stage.meet("slow", 1.1, 2, attempts)
        first = stage.call()
        await stage.until(1.2)
        twin = stage.call()
        await stage.until(60)
        assert stage.now(await twin).dlr_id == str(FIRST_ID)
        assert stage.now(await first).state is State.FAILED
        assert stage.now(await first).reason == "duplicate_message"

    play(scenario)


def test_a_77_that_an_accepted_twin_explains_is_the_end() -> None:
    """Though an earlier attempt had no answer."""

    async def scenario(stage: Stage) -> None:
        stage.meet("reset", 0, 2, attempts)
        first = await stage.send()
        await stage.until(2.5)
        twin = await stage.send()
        await stage.until(60)
        assert stage.now(twin).dlr_id == str(FIRST_ID)
        assert stage.now(first).reason == "duplicate_message"

    play(scenario)


@pytest.mark.parametrize("end", [1.01, 1.2, 3, 300])
def test_two_messages_that_can_not_be_told_apart_are_not_doubled(end: float) -> None:
    """Both to the same number, both in doubt, one of them accepted."""

    async def scenario(stage: Stage) -> None:
        stage.meet("dropped", 0, end, attempts)
        stage.meet("reset", end, 300)
        one = stage.call(text="One")
        await stage.until(1.1)
        two = stage.call(text="Two", lifetime=60)
        await stage.until(2 * HOUR)
        for call, text in ((one, "One"), (two, "Two")):
            each = stage.now(await call)
            delivered = each.state is State.DELIVERED
            assert each.reason == "unknown" or delivered is (text in stage.inbox)

    play(scenario)


def test_many_messages_that_can_not_be_told_apart_are_all_found() -> None:
    """As many sendings as messages: whose is whose does not matter to anyone."""

    async def scenario(stage: Stage) -> None:
        stage.meet("dropped", 0, 10, attempts)
        calls = [stage.call(text=f"Nr {number}") for number in range(12)]
        await asyncio.gather(*calls)
        await stage.restart()
        await stage.until(600)
        assert {each.state for each in stage.outbox.deliveries} == {State.DELIVERED}
        assert len(stage.inbox) == 12

    play(scenario)


def test_each_sending_is_asked_about_once_however_many_are_in_doubt() -> None:
    """Else 40 of them would ask 1600 questions."""

    async def scenario(stage: Stage) -> None:
        stage.meet("dropped", 0, 10, attempts)
        numbers = [f"90556{number:07}" for number in range(40)]
        calls = [stage.call(each, text=f"To {each}") for each in numbers]
        await asyncio.gather(*calls)
        await stage.kill()
        await stage.until(100)
        stage.requests.clear()
        await stage.start()
        await stage.until(200)
        assert all(each.dlr_id for each in stage.outbox.deliveries)
        assert sum(each.asks_for_report for each in stage.requests) <= 4 * 40

    play(scenario)


def test_an_hourly_limit_counts_what_may_have_been_sent() -> None:
    """Whoever pays for it wants it counted."""

    async def scenario(stage: Stage) -> None:
        stage.account.unreported = {P2}
        stage.meet("dropped", 0, 2, attempts)
        await stage.send(P1, P2, lifetime=60)
        await stage.restart()
        await stage.until(1000)
        [unknown] = stage.outbox.deliveries
        assert unknown.reason == "unknown"
        assert stage.outbox._ledger.allowance._spent.total() == 2

    play(scenario)


def test_a_large_body_has_longer_to_take_effect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its timeout is longer than an ordinary one's, and so is the time until it is looked for."""

    async def scenario(stage: Stage) -> None:
        stage.meet("late", 0, 2)
        doubtful = await stage.send(P1, P2, text="A" * 300)
        start = stage.loop.time()
        assert start == 11
        await stage.until(500)
        assert stage.now(doubtful).dlr_id == str(FIRST_ID)
        assert len(stage.departures("A" * 300)) == 1
        assert lists(stage)[1] == 1 + 60 + 5 + LISTED

    monkeypatch.setattr("custom_components.bisms.provider.client._BYTES_PER_SECOND", 5)
    play(scenario)


def test_the_fate_of_one_does_not_hold_up_others() -> None:
    """A new alert goes at once, whatever is being looked for."""

    async def scenario(stage: Stage) -> None:
        stage.meet("dropped", 0, 3, attempts)
        stage.meet("hung", 3, what=questions)
        calls = [stage.call(P2, text=f"Nr {number}") for number in range(8)]
        await asyncio.gather(*calls)
        await stage.restart()
        await stage.until(60)
        alert = await stage.send(text="Alert")
        assert stage.departures("Alert") == [60]
        assert alert.state is State.WAITING

    play(scenario)


def test_an_id_that_stays_lost_costs_one_list_for_each_look() -> None:
    """It is news once, when the message turns out to be accepted."""

    async def scenario(stage: Stage) -> None:
        stage.meet("dropped", 0, 2, attempts)
        stage.meet("reset", 0, 3000, lambda request: request.asks_for_report)
        answer = await stage.send()
        await stage.until(50)
        assert stage.now(answer).id_is_lost
        stage.requests.clear()
        await stage.until(2000)
        looks = [each for each in stage.requests if each.asks_for_report]
        lists = [
            each
            for each in stage.requests
            if each.asks_for_list and each.query["page"] == "0"
        ]
        assert len(looks) == len(lists) > 2

    play(scenario)
