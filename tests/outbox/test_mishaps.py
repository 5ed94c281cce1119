"""What nobody foresaw: a disk that fails, and exceptions where none was expected."""

import asyncio
from typing import Any

import pytest

from custom_components.bisms.outbox import Delivery, Outbox, State
from custom_components.bisms.outbox.commit import RETRY_AFTER
from custom_components.bisms.outbox.record import Certainty
from tests.messages import HOUR

from .disk import WRITING, Disk
from .stage import FIRST_ID, P1, SECRET, Stage, play
from .wire import attempts, questions

UNSAVED = r"The outbox cannot be saved. Messages go out all the same"
TRACEBACK = r"Saving the outbox failed with (OSError|NotReplacedError) at\n  File "

no_space = pytest.mark.expects_log(UNSAVED, TRACEBACK)


def crashes_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what is logged of exceptions, which tells nothing that is private."""
    for private in (SECRET, P1, "Duman"):
        assert private not in caplog.text
    texts = [record.getMessage() for record in caplog.records]
    assert all(record.exc_info is None for record in caplog.records)
    return [text for text in texts if "failed with" in text]


@pytest.mark.expects_log("The task send of a message failed with RuntimeError at\n")
@pytest.mark.parametrize("is_sent", [True, False])
def test_a_message_goes_on_after_an_exception_while_it_was_sent(
    is_sent: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody knows whether it left: it is looked for, and sent if it is not there."""

    async def scenario(stage: Stage) -> None:
        if is_sent:
            _crash_after_sending(stage)
        else:
            stage.meet("crash", 0, 2, attempts)
        answer = await stage.send()
        assert (answer.state, answer.reason) == (State.QUEUED, "internal_error")
        assert answer.certainty is Certainty.SILENT
        await stage.until(400)
        assert stage.now(answer).dlr_id == str(FIRST_ID)
        assert stage.now(answer).state is State.DELIVERED

    play(scenario)
    [crash] = crashes_of(caplog)
    assert "carry_out" in crash
    assert "wire.py" in crash or "test_mishaps.py" in crash
    assert "custom_components.bisms.outbox.tasks" in {r.name for r in caplog.records}


def _crash_after_sending(stage: Stage) -> None:
    """Let the client's first call that sends raise when it is done."""
    client = stage.outbox._courier._client
    send = client.send

    async def crashing(*what: Any) -> Any:
        client.send = send  # type: ignore[method-assign]
        await send(*what)
        raise RuntimeError(f"Not foreseen: {what}")

    client.send = crashing  # type: ignore[assignment, method-assign]


@pytest.mark.expects_log("The task report of a message failed with RuntimeError at\n")
def test_a_report_is_asked_for_again_after_an_exception(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As after any question without an answer."""

    async def scenario(stage: Stage) -> None:
        stage.meet("crash", 90, 100, questions)
        answer = await stage.send()
        await stage.until(200)
        assert stage.now(answer).state is State.DELIVERED

    play(scenario)
    assert len(crashes_of(caplog)) == 1


@pytest.mark.expects_log("The task find of a message failed with RuntimeError at\n")
def test_a_search_goes_on_after_an_exception(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is sent again because of it."""

    async def scenario(stage: Stage) -> None:
        stage.meet("dropped", 0, 2, attempts)
        answer = await stage.send()
        await stage.restart()
        stage.meet("crash", 30, 50, questions)
        await stage.until(400)
        assert stage.now(answer).state is State.DELIVERED
        assert len(stage.attempts) == 1

    play(scenario)
    assert len(crashes_of(caplog)) >= 1


@pytest.mark.expects_log("Learning the newest id failed with RuntimeError at\n")
def test_what_is_sent_does_not_hang_on_the_question_before_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The newest id is only needed where something goes wrong."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", 100, 101)
        stage.meet("crash", 100, 110, questions)
        await stage.until(100)
        answer = await stage.send()
        await stage.until(110)
        assert stage.now(answer).state is State.WAITING
        await stage.outbox.learn_newest_id()

    play(scenario)
    assert len(crashes_of(caplog)) == 1


@pytest.mark.expects_log("Telling what happened to a message failed with KeyError at\n")
def test_a_listener_that_fails_keeps_no_message_from_going_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nor the other listeners from hearing of it."""

    def fail(before: Delivery, after: Delivery) -> None:
        raise KeyError(f"Not foreseen: {after}")

    async def scenario(stage: Stage) -> None:
        stage.outbox._listeners.insert(0, fail)
        answer = await stage.send()
        assert answer.state is State.WAITING
        await stage.until(100)
        assert stage.now(answer).state is State.DELIVERED
        assert len(stage.news) == 3

    play(scenario)
    assert len(crashes_of(caplog)) == 3


@no_space
@pytest.mark.parametrize(
    "failing", [WRITING, {"append", "save"}, {"append", "mark"}, {"mark"}]
)
@pytest.mark.parametrize("is_unsure", [True, False])
@pytest.mark.parametrize(
    "error", [OSError(5, f"Not foreseen: {SECRET}"), OSError(28, "No space")]
)
def test_a_disk_that_fails_for_a_while_loses_nothing(
    error: OSError,
    is_unsure: bool,
    failing: set[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Messages go out all the same; all of it is on disk once it works again."""

    async def scenario(stage: Stage) -> None:
        await stage.kill()
        stage.disk = Disk()
        stage.disk.failing, stage.disk.error = failing, error
        stage.disk.is_unsure = is_unsure
        await stage.start()
        first = await stage.send(text="One")
        assert first.state is State.WAITING
        stage.meet("refused", 5, 60)
        await stage.until(5)
        second = await stage.send(text="Two")
        assert second.state is State.QUEUED
        await stage.until(40)
        assert stage.disk.deliveries == []
        stage.disk.failing = ()
        await stage.until(80)
        await stage.restart()
        assert {each.id for each in stage.outbox.deliveries} == {first.id, second.id}
        await stage.until(400)
        assert {each.state for each in stage.outbox.deliveries} == {State.DELIVERED}

    play(scenario)
    assert len(crashes_of(caplog)) == 1


@no_space
def test_what_could_not_be_saved_is_saved_without_any_further_change() -> None:
    """After pauses that grow to a minute."""

    async def scenario(stage: Stage) -> None:
        stage.disk.failing = WRITING
        await stage.send()
        failed = len(stage.disk.writes)
        # The report was not asked for yet: nothing changes meanwhile.
        await stage.until(89)
        assert failed < len(stage.disk.writes) <= failed + len(RETRY_AFTER)
        stage.disk.failing = ()
        stage.meet("hung", what=questions)
        await stage.until(91 + max(RETRY_AFTER))
        assert [each.dlr_id for each in stage.disk.deliveries] == [str(FIRST_ID)]

    play(scenario)


@no_space
def test_a_full_disk_is_told_of_once_each_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not with each of the many writes that fail."""

    async def scenario(stage: Stage) -> None:
        for _ in range(2):
            stage.disk.failing = WRITING
            for number in range(20):
                await stage.send(text=f"{_}, {number}")
            stage.disk.failing = ()
            await asyncio.sleep(100)

    play(scenario)
    assert len(crashes_of(caplog)) == 2


@pytest.mark.expects_log(UNSAVED, "Saving the outbox failed with RuntimeError at\n")
def test_any_exception_while_saving_is_like_a_disk_that_fails() -> None:
    """As where no thread can be started any more."""

    async def scenario(stage: Stage) -> None:
        stage.disk.error = RuntimeError("Not foreseen")
        stage.disk.failing = WRITING
        answer = await stage.send()
        assert answer.state is State.WAITING
        stage.disk.failing = ()
        await stage.until(100)
        assert len(stage.disk.deliveries) == 1

    play(scenario)


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), PermissionError()])
def test_a_disk_that_fails_at_the_start_is_for_another_try(error: OSError) -> None:
    """Nothing is known to be wrong with what is on it."""

    async def scenario(stage: Stage) -> None:
        answer = await stage.send()
        await stage.kill()
        stage.disk.failing, stage.disk.error = {"load"}, error
        with pytest.raises(type(error)):
            await stage.build().load()
        stage.disk.failing = ()
        await stage.start()
        assert stage.now(answer).dlr_id == answer.dlr_id

    play(scenario)


def test_a_slow_disk_holds_up_no_first_attempt() -> None:
    """Nor is a caller kept from the answer longer than it takes."""

    async def scenario(stage: Stage) -> None:
        await stage.send(text="Before")
        stage.disk.seconds = 5
        await stage.until(10)
        answer = await stage.send()
        assert stage.departures() == [10]
        assert answer.state is State.WAITING
        assert 15 <= stage.loop.time() <= 20.5

    play(scenario)


@no_space
def test_a_message_is_sent_though_its_attempt_could_not_be_written() -> None:
    """A message that goes out is worth more than one that is on disk."""

    async def scenario(stage: Stage) -> None:
        stage.meet("reset", 0, 2)
        await stage.send()
        stage.disk.failing = WRITING
        await stage.until(10)
        assert stage.inbox == ["Duman alarmı"]

    play(scenario)


def test_messages_that_expire_by_themselves_are_written() -> None:
    """A power cut later, nobody is told a second time."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused")
        await stage.send(lifetime=60)
        await stage.until(70)
        await stage.kill()
        assert [each.state for each in stage.disk.deliveries] == [State.EXPIRED]
        stage.news.clear()
        await stage.start()
        assert stage.news == []

    play(scenario)


def test_a_message_that_waited_for_others_past_its_time_does_not_leave() -> None:
    """It would come too late, though its turn came in time."""

    async def scenario(stage: Stage) -> None:
        stage.meet("hung", 0, 20)
        for number in range(4):
            stage.call(text=f"Nr {number}", lifetime=HOUR)
        late = stage.call(text="Late", lifetime=10)
        await stage.until(100)
        assert stage.departures("Late") == []
        assert stage.now(await late).state is State.EXPIRED

    play(scenario)


def test_a_message_that_waited_for_the_disk_past_its_time_does_not_leave() -> None:
    """It would come too late."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", 0, 10)
        late = await stage.send(lifetime=20)
        stage.disk.seconds = 25
        await stage.until(200)
        assert stage.departures() == [1]
        assert stage.now(late).state is State.EXPIRED

    play(scenario)


def test_an_outbox_that_never_began_can_be_given_up() -> None:
    """As when set-up fails in the middle."""

    async def scenario(stage: Stage) -> None:
        outbox: Outbox = stage.build()
        await outbox.load()
        await outbox.close()

    play(scenario)
