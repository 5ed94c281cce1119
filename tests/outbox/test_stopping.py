"""Home Assistant stops, an account is unloaded, a caller gives up: each is told the truth."""

import asyncio

import pytest

from custom_components.bisms.outbox import Attempt, ClosedError, State
from custom_components.bisms.outbox.scheduler import STOP_WITHIN
from tests.messages import HOUR, message

from .disk import WRITING, as_saved
from .stage import FIRST_ID, P1, P2, Stage, play
from .wire import attempts, questions


def test_a_request_gets_two_seconds_to_be_answered_at_a_stop() -> None:
    """What it says is kept, and told to whoever waits for it."""

    async def scenario(stage: Stage) -> None:
        stage.meet("slow", 0, 2)
        call = stage.call()
        await stage.until(7.125 - STOP_WITHIN + 0.25)
        await stage.outbox.stop()
        assert stage.loop.time() == 7.125
        answer = await call
        assert (answer.state, answer.dlr_id) == (State.WAITING, str(FIRST_ID))
        assert stage.disk.deliveries == [as_saved(answer)]

    assert STOP_WITHIN == 2
    play(scenario)


def test_a_request_that_takes_longer_is_given_up_at_a_stop() -> None:
    """Whoever still waits then is told that his message is queued, and it is."""

    async def scenario(stage: Stage) -> None:
        stage.meet("hung_accepted", 0, 2)
        outbox, call = stage.outbox, stage.call()
        await stage.until(3)
        await stage.stop()
        assert stage.loop.time() == 5
        answer = await call
        assert stage.loop.time() == 5
        assert (answer.state, answer.told) == (State.QUEUED, True)
        assert isinstance(answer.doing, Attempt)
        assert stage.disk.deliveries == [answer]
        # The answer that it gave up does not come in later.
        await stage.until(60)
        assert outbox._ledger[answer.id] == answer
        assert stage.disk.deliveries == [answer]

        await stage.start()
        await stage.until(300)
        assert stage.now(answer).state is State.DELIVERED
        assert stage.inbox == ["Duman alarmı"]

    play(scenario)


def test_a_stop_with_nothing_under_way_takes_no_time() -> None:
    """Home Assistant does not wait for SMS."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", 0, 2)
        await stage.send()
        at = stage.loop.time()
        await stage.stop()
        assert stage.loop.time() == at
        requests = len(stage.requests)
        await stage.until(2 * HOUR)
        assert len(stage.requests) == requests

    play(scenario)


@pytest.mark.parametrize("during", [True, False])
def test_what_is_sent_once_it_stops_is_answered_at_once(during: bool) -> None:
    """It is queued, on disk, and goes out after the next start."""

    async def scenario(stage: Stage) -> None:
        stage.meet("hung", 0, 1.5)
        stage.call(text="Under way")
        await stage.until(1.5)
        stop = asyncio.ensure_future(stage.stop())
        await stage.until(2 if during else 4)
        assert stop.done() is not during
        at, outbox = stage.loop.time(), stage.last
        [answer] = await outbox.send(message(P1, text="Late"), lifetime=HOUR)
        assert stage.loop.time() == at
        assert (answer.state, answer.told) == (State.QUEUED, True)
        assert answer in [as_saved(each) for each in stage.disk.deliveries]
        assert stage.departures("Late") == []
        await stop

        await stage.start()
        await asyncio.sleep(1)
        assert stage.now(answer).state is State.WAITING

    play(scenario)


def test_a_message_due_during_a_stop_is_not_begun() -> None:
    """Its request would be cut off."""

    async def scenario(stage: Stage) -> None:
        stage.meet("hung", 0, 2, lambda request: request.says("Under way"))
        stage.meet("refused", 0, 2)
        waiting = await stage.send()
        stage.call(text="Under way")
        await stage.until(2.5)
        await stage.stop()
        assert stage.loop.time() == 4.5
        assert stage.departures() == [1]
        await stage.start()
        await stage.until(10)
        assert stage.now(waiting).state is State.WAITING

    play(scenario)


def test_a_caller_is_never_cancelled_by_others() -> None:
    """Though Home Assistant cancels all requests before it says that it stops."""

    async def scenario(stage: Stage) -> None:
        stage.meet("hung_accepted", 0, 2)
        calls = [stage.call(P1, text="One"), stage.call(P2, text="Two")]
        await stage.until(3)
        for task in stage._background:
            task.cancel()
        await stage.until(3.5)
        await stage.stop()
        for call in calls:
            assert (await call).state is State.QUEUED
        await stage.start()
        await stage.until(300)
        assert all(each.dlr_id for each in stage.outbox.deliveries)
        assert sorted(stage.inbox) == ["One", "Two"]

    play(scenario)


def test_whoever_waits_for_the_disk_is_answered_before_the_end() -> None:
    """A stop ends with everything written."""

    async def scenario(stage: Stage) -> None:
        await stage.send(text="Before")
        stage.disk.seconds = 3
        await stage.until(5)
        call = stage.call()
        await stage.until(5.5)
        await stage.stop()
        assert call.done()
        answer = call.result()
        assert answer.state is State.WAITING
        assert answer in stage.disk.deliveries

    play(scenario)


def test_a_closed_outbox_takes_nothing() -> None:
    """It could not be saved: the files are its successor's."""

    async def scenario(stage: Stage) -> None:
        outbox = stage.outbox
        await stage.send()
        await stage.close()
        writes = list(stage.disk.writes)
        with pytest.raises(ClosedError):
            await outbox.send(message(P1), lifetime=HOUR)
        await outbox.hold()
        await outbox.release()
        await stage.until(60)
        assert stage.disk.writes == writes
        assert len(list(outbox.deliveries)) == 1

    play(scenario)


def test_a_call_that_comes_while_it_closes_is_refused() -> None:
    """At once: the two seconds are for others."""

    async def scenario(stage: Stage) -> None:
        stage.meet("hung", 0, 2)
        call = stage.call(text="Under way")
        await stage.until(1.5)
        outbox = stage.outbox
        close = asyncio.ensure_future(stage.close())
        await stage.until(2)
        with pytest.raises(ClosedError):
            await outbox.send(message(P1), lifetime=HOUR)
        await close
        assert stage.loop.time() == 3.5
        assert (await call).state is State.QUEUED

    play(scenario)


@pytest.mark.parametrize("seconds", [0, 0.25])
def test_nothing_of_a_closed_outbox_is_written_later(seconds: float) -> None:
    """Not what a request says that ends late, nor what somebody tells it."""

    async def scenario(stage: Stage) -> None:
        stage.disk.seconds = seconds
        stage.meet("hung", 0, 3)
        outbox = stage.outbox
        stage.call()
        await stage.until(2)
        await outbox.close()
        written = (stage.disk.snapshot, stage.disk.journal, list(stage.disk.writes))
        assert len(stage.disk.deliveries) == 1
        await outbox.learn_newest_id()
        outbox.secret_works()
        await outbox.stop()
        await stage.until(100)
        assert (
            stage.disk.snapshot,
            stage.disk.journal,
            list(stage.disk.writes),
        ) == written

    play(scenario)


@pytest.mark.expects_log("The outbox cannot be saved", "Saving the outbox failed")
def test_a_save_that_failed_is_not_tried_again_after_the_close() -> None:
    """The files are its successor's by then."""

    async def scenario(stage: Stage) -> None:
        await stage.send(text="Before")
        await stage.until(5)
        stage.disk.failing = WRITING
        await stage.send()
        await stage.close()
        stage.disk.failing = ()
        writes = len(stage.disk.writes)
        await stage.until(500)
        assert len(stage.disk.writes) == writes

    play(scenario)


@pytest.mark.expects_log("The outbox cannot be saved", "Saving the outbox failed")
def test_a_stop_does_not_wait_for_a_disk_that_fails() -> None:
    """Home Assistant has to end."""

    async def scenario(stage: Stage) -> None:
        stage.disk.failing = WRITING
        await stage.send()
        at = stage.loop.time()
        await stage.stop()
        assert stage.loop.time() == at

    play(scenario)


def test_a_successor_goes_on_where_a_closed_outbox_was() -> None:
    """A reload loses nothing and repeats nothing."""

    async def scenario(stage: Stage) -> None:
        stage.meet("hung_accepted", 0, 2)
        stage.meet("refused", 2, 4, attempts)
        call = stage.call(text="Under way")
        await stage.until(2.5)
        waiting = await stage.send(text="Waiting")
        await stage.close()
        assert (await call).state is State.QUEUED
        await stage.start()
        await stage.until(400)
        assert {each.state for each in stage.outbox.deliveries} == {State.DELIVERED}
        assert stage.now(waiting).dlr_id is not None
        assert sorted(stage.inbox) == ["Under way", "Waiting"]

    play(scenario)


@pytest.mark.parametrize("after", [0.05, 0.2, 3])
def test_a_call_that_is_cancelled_lets_its_message_go_on(after: float) -> None:
    """As a script in mode restart does with what it waits for; it is on disk too."""

    async def scenario(stage: Stage) -> None:
        stage.meet("slow", 0, 2)
        call = stage.call()
        await stage.until(1 + after)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        [delivery] = stage.outbox.deliveries
        assert delivery.told
        assert stage.outbox.queued == 1
        await stage.until(5)
        assert [each.told for each in stage.disk.deliveries] == [True]
        await stage.until(100)
        assert stage.now(delivery).state is State.DELIVERED

    play(scenario)


def test_a_call_that_is_cancelled_takes_no_write_of_others_with_it() -> None:
    """They share it."""

    async def scenario(stage: Stage) -> None:
        stage.disk.seconds = 0.25
        calls = [stage.call(text=f"Nr {number}") for number in range(3)]
        await stage.until(1.3)
        calls[0].cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert calls[0].cancelled()
        assert {call.result().state for call in calls[1:]} == {State.WAITING}
        await stage.until(10)
        assert stage.disk.deliveries == list(map(as_saved, stage.outbox.deliveries))

    play(scenario)


def test_a_message_is_told_of_once_though_its_caller_waits_at_a_stop() -> None:
    """It is queued, and that was not said before."""

    async def scenario(stage: Stage) -> None:
        stage.meet("hung", 0, 3)
        call = stage.call()
        await stage.until(2)
        await stage.stop()
        await call
        assert [after.told for _, after in stage.news] == [False, True]

    play(scenario)


def test_questions_end_with_the_stop_too() -> None:
    """They are asked again after the start."""

    async def scenario(stage: Stage) -> None:
        await stage.send()
        stage.meet("hung", 90, 100, questions)
        await stage.until(92)
        await stage.stop()
        assert stage.loop.time() == 94
        await stage.start()
        await stage.until(300)
        assert {each.state for each in stage.outbox.deliveries} == {State.DELIVERED}

    play(scenario)
