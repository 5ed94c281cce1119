"""Messages that are held here until their time, and what users do with what has not left."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from custom_components.bisms.outbox import (
    ClosedError,
    Delivery,
    State,
    TooLateError,
    happened,
)
from custom_components.bisms.outbox.lifecycle import LOOK_AT_CLOCK
from tests.messages import HOUR, UTC_NOW, message

from .stage import FIRST_ID, P1, Stage, play
from .wire import questions

DAY = 24 * HOUR


async def hold(
    stage: Stage, seconds: float, *, lifetime: float = HOUR, **fields: Any
) -> Delivery:
    """Send a message that is to be held for so many seconds by the machine's clock."""
    [held] = await stage.outbox.send(
        message(P1, **fields), lifetime=lifetime, held_until=stage.utc() + seconds
    )
    return held


def events(stage: Stage) -> list[str]:
    """Return all that users were told."""
    return [each for before, after in stage.news for each in happened(before, after)]


def test_a_held_message_goes_out_when_its_time_has_come() -> None:
    """Its caller is answered at once, and it is on disk; it goes by the machine's clock."""

    async def scenario(stage: Stage) -> None:
        held = await hold(stage, 5 * HOUR)
        assert stage.loop.time() == 1
        assert held.state is State.HELD
        assert held.expires_at == held.created_at + 6 * HOUR
        assert [each.state for each in stage.disk.deliveries] == [State.HELD]
        assert stage.outbox.queued == 0
        assert list(stage.outbox.planned) == [stage.utc() + 5 * HOUR]

        await stage.until(5 * HOUR)
        assert stage.departures() == []
        await stage.until(5 * HOUR + 2)
        # The newest id is asked for first: nobody waits for it.
        assert stage.departures() == [5 * HOUR + 1.25]
        sent = stage.now(held)
        assert (sent.state, sent.dlr_id) == (State.WAITING, str(FIRST_ID))
        assert events(stage) == ["held", "sent"]
        assert list(stage.outbox.planned) == []

    play(scenario)


def test_what_is_to_be_held_until_a_time_that_is_over_goes_at_once() -> None:
    """Its caller gets the provider's answer."""

    async def scenario(stage: Stage) -> None:
        answer = await hold(stage, -60)
        assert answer.state is State.WAITING
        assert answer.expires_at == answer.created_at + HOUR
        assert events(stage) == ["sent"]

    play(scenario)


@pytest.mark.parametrize("by", [-2 * HOUR, 2 * HOUR])
@pytest.mark.parametrize("lifetime", [60, HOUR])
def test_a_held_message_goes_by_the_clock_however_it_is_set(
    by: float, lifetime: float
) -> None:
    """At most ten minutes later, if it is set forward; it does not expire untried."""

    async def scenario(stage: Stage) -> None:
        held = await hold(stage, 5 * HOUR, lifetime=lifetime)
        await stage.until(HOUR)
        stage.clock_is_ahead += by
        due = 1 + 5 * HOUR - by
        await stage.until(due - 1)
        assert stage.now(held).state is State.HELD
        await stage.until(due + LOOK_AT_CLOCK + 1)
        assert stage.now(held).state is not State.HELD
        assert due <= stage.departures()[0] <= due + LOOK_AT_CLOCK + 1

    play(scenario)


@pytest.mark.parametrize(
    ("away", "state", "departs"),
    [
        (HOUR, State.HELD, None),
        (5 * HOUR + 1800, State.WAITING, 5 * HOUR + 1801),
        (7 * HOUR, State.EXPIRED, None),
    ],
)
def test_a_held_message_survives_a_restart(
    away: float, state: State, departs: float | None
) -> None:
    """It goes at the start if its time came meanwhile, unless it is too old by then."""

    async def scenario(stage: Stage) -> None:
        held = await hold(stage, 5 * HOUR)
        await stage.restart(away=away)
        await asyncio.sleep(2)
        assert stage.now(held).state is state
        if departs is None:
            assert stage.departures() == []
        else:
            assert stage.departures()[0] == pytest.approx(departs, abs=1)

    play(scenario)


def test_a_held_message_of_a_backup_is_looked_for_before_it_is_sent() -> None:
    """A user may have sent it early since."""

    async def scenario(stage: Stage) -> None:
        await stage.send(text="Before")
        held = await hold(stage, 5 * HOUR)
        snapshot, journal = stage.disk.snapshot, stage.disk.journal
        await stage.outbox.send_now(held.id)
        await stage.close()
        stage.disk.snapshot, stage.disk.journal = snapshot, journal
        stage.disk.marked = None
        await stage.start()
        assert stage.now(held).state is State.HELD
        await stage.until(7 * HOUR)
        assert stage.now(held).state is not State.HELD
        assert stage.now(held).dlr_id == str(FIRST_ID + 1)
        assert len(stage.departures()) == 1

    play(scenario)


def test_a_held_message_that_cannot_be_sent_in_time_is_queued_then() -> None:
    """That is news; it waits for its lifetime, counted from its time."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", HOUR)
        held = await hold(stage, 2 * HOUR)
        await stage.until(2 * HOUR + 5)
        assert stage.now(held).state is State.QUEUED
        assert stage.outbox.queued == 1
        await stage.until(3 * HOUR + 5)
        assert stage.now(held).state is State.EXPIRED
        assert events(stage) == ["held", "queued", "expired"]

    play(scenario)


def test_a_held_message_can_be_sent_early() -> None:
    """Whoever asks for it gets the provider's answer."""

    async def scenario(stage: Stage) -> None:
        held = await hold(stage, 5 * HOUR)
        await stage.until(60)
        sent = await stage.outbox.send_now(held.id)
        assert (sent.state, sent.dlr_id) == (State.WAITING, str(FIRST_ID))
        assert stage.departures() == [60]
        await stage.until(6 * HOUR)
        assert stage.departures() == [60]
        with pytest.raises(TooLateError):
            await stage.outbox.send_now(held.id)

    play(scenario)


def test_a_waiting_message_can_be_sent_without_waiting_any_longer() -> None:
    """What came of it is answered; the next pause is as long as it would have been."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", 0, 400)
        waiting = await stage.send()
        await stage.until(350)
        tries = len(stage.departures())
        answer = await stage.outbox.send_now(waiting.id)
        assert answer.state is State.QUEUED
        assert answer.waits_because == "cannot_connect"
        assert len(stage.departures()) == tries + 1
        await stage.until(410)
        answer = await stage.outbox.send_now(waiting.id)
        assert answer.state is State.WAITING
        assert len(stage.inbox) == 1

    play(scenario)


def test_who_wants_it_now_is_answered_after_ten_seconds_at_most() -> None:
    """Several may want it; each of them is."""

    async def scenario(stage: Stage) -> None:
        held = await hold(stage, HOUR)
        stage.meet("hung", 60)
        await stage.until(60)
        first = asyncio.ensure_future(stage.outbox.send_now(held.id))
        await asyncio.sleep(3)
        with pytest.raises(TooLateError):
            await stage.outbox.send_now(held.id)
        assert (await first).state is State.QUEUED
        assert stage.loop.time() == 70

    play(scenario)


def test_two_who_want_it_now_are_both_answered() -> None:
    """One of them giving up does not keep the other waiting."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", 0, 100)
        waiting = await stage.send()
        stage.meet("hung", 100, 200, questions)
        await stage.until(110)
        both = [
            asyncio.ensure_future(stage.outbox.send_now(waiting.id)) for _ in range(2)
        ]
        await asyncio.sleep(1)
        both[0].cancel()
        answer = await both[1]
        assert answer.id == waiting.id
        assert stage.loop.time() <= 121

    play(scenario)


@pytest.mark.parametrize("restart", [False, True])
def test_what_is_held_can_be_cancelled(restart: bool) -> None:
    """For good: that is on disk by then, and a news."""

    async def scenario(stage: Stage) -> None:
        held = await hold(stage, HOUR)
        await stage.outbox.cancel(held.id)
        assert [each.state for each in stage.disk.deliveries] == [State.CANCELLED]
        assert events(stage) == ["held", "cancelled"]
        if restart:
            await stage.restart()
        await stage.until(2 * HOUR)
        assert stage.departures() == []
        assert stage.now(held).state is State.CANCELLED
        assert list(stage.outbox.planned) == []

    play(scenario)


def test_what_waits_can_be_cancelled_and_gives_its_parts_back() -> None:
    """It was certainly not sent."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", 0, 100)
        waiting = await stage.send(hourly_limit=1)
        await stage.outbox.cancel(waiting.id)
        assert stage.outbox.queued == 0
        await stage.until(200)
        other = await stage.send(text="Another", hourly_limit=1)
        assert other.state is State.WAITING
        assert stage.inbox == ["Another"]

    play(scenario)


def _under_way(stage: Stage) -> None:
    stage.meet("slow", 0)


def _in_doubt(stage: Stage) -> None:
    stage.meet("reset", 0)


@pytest.mark.parametrize("trouble", [_under_way, _in_doubt])
def test_what_may_have_been_sent_cannot_be_cancelled(
    trouble: Callable[[Stage], None],
) -> None:
    """Nor is anything else of the same call then."""

    async def scenario(stage: Stage) -> None:
        held = await hold(stage, HOUR, text="Held")
        trouble(stage)
        call = stage.call()
        await asyncio.sleep(0.5)
        [other] = [each for each in stage.outbox.deliveries if each.id != held.id]
        with pytest.raises(TooLateError):
            await stage.outbox.cancel(held.id, other.id)
        assert stage.now(held).state is State.HELD
        await call

    play(scenario)


def test_what_was_sent_or_has_ended_cannot_be_cancelled() -> None:
    """It is too late."""

    async def scenario(stage: Stage) -> None:
        sent = await stage.send()
        held = await hold(stage, HOUR)
        await stage.outbox.cancel(held.id)
        for each in (sent, held):
            with pytest.raises(TooLateError):
                await stage.outbox.cancel(each.id)
            with pytest.raises(TooLateError):
                await stage.outbox.send_now(each.id)

    play(scenario)


def test_a_message_that_is_cancelled_while_the_newest_id_is_asked_for_stays_here() -> (
    None
):
    """Its attempt was about to begin."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", 0, 100)
        stage.meet("hung", 100, 200, questions)
        waiting = await stage.send()
        while not any(each.asks_for_list and each.at > 100 for each in stage.requests):
            await asyncio.sleep(1)
        await stage.outbox.cancel(waiting.id)
        await stage.until(1000)
        assert stage.now(waiting).state is State.CANCELLED
        assert stage.inbox == []

    play(scenario)


def test_a_closed_outbox_cancels_nothing() -> None:
    """Its successor reads the files."""

    async def scenario(stage: Stage) -> None:
        held = await hold(stage, HOUR)
        outbox = stage.outbox
        await stage.close()
        with pytest.raises(ClosedError):
            await outbox.cancel(held.id)
        with pytest.raises(ClosedError):
            await outbox.send_now(held.id)

    play(scenario)


def test_a_scheduled_message_is_sent_when_its_time_has_come() -> None:
    """The provider accepts it first, and keeps it."""

    async def scenario(stage: Stage) -> None:
        at = stage.utc() + HOUR
        scheduled = await stage.send(send_in=at - UTC_NOW)
        assert scheduled.state is State.SCHEDULED
        assert list(stage.outbox.planned) == [at]
        await stage.until(HOUR + 10)
        assert events(stage) == ["scheduled", "sent"]
        assert list(stage.outbox.planned) == []

    play(scenario)


def test_what_was_accepted_is_counted_for_good() -> None:
    """Each once, over restarts, and when the message itself is forgotten."""

    async def scenario(stage: Stage) -> None:
        await stage.send()
        await stage.send("905550000002", P1, text="Two")
        await hold(stage, 40 * DAY, text="Held")
        assert stage.outbox.credits_used == 3
        await stage.restart()
        assert stage.outbox.credits_used == 3
        await stage.until(33 * DAY)
        await stage.send(text="Later")
        assert stage.outbox.credits_used == 4
        texts = {each.message.sms[0].text for each in stage.outbox.deliveries}
        assert texts == {"Held", "Later"}
        await stage.restart()
        assert stage.outbox.credits_used == 4

    play(scenario)
