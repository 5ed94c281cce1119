"""One message's life, row by row of the table that describes it."""

from collections.abc import Callable

import pytest

from custom_components.bisms.outbox import lifecycle
from custom_components.bisms.outbox.events import (
    Accepted,
    Event,
    Found,
    Refused,
    Reported,
    Restored,
    Signal,
)
from custom_components.bisms.outbox.record import (
    Attempt,
    Certainty,
    Delivery,
    State,
    Step,
    Task,
)
from custom_components.bisms.outbox.reports import REPORT_END
from custom_components.bisms.provider.models import NumberState, ReportPhase
from tests.messages import (
    ALI,
    AYSE,
    HOUR,
    NOW,
    UTC_NOW,
    after,
    delivery as new_delivery,
    report,
)

from .lives import (
    BEGAN,
    DUPLICATE,
    NO_ANSWER,
    NO_CONNECTION,
    NO_CREDIT,
    SEEN,
    TWIN_OPEN,
    accepted,
    begun,
    due,
    ended,
    id_lost,
    in_doubt,
    parked,
)

DELIVERED = report(ReportPhase.FINAL, ayse=NumberState.DELIVERED)
STILL_PENDING = report(ReportPhase.UPDATING, ayse=NumberState.PENDING)

_shown: list[str] = []


def row[**P](text: str) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Say which row of the table a test shows."""
    _shown.append(text)
    return lambda test: test


def rows() -> list[str]:
    """Return the rows of the table, each as what it is about: while, and event."""
    lines = [line for line in (lifecycle.__doc__ or "").splitlines() if line[:1] == "|"]
    cells = [[cell.strip() for cell in line.split("|")] for line in lines[2:]]
    return [f"{cell[1]} | {cell[2]}" for cell in cells]


def test_a_new_message_is_to_be_sent_at_once() -> None:
    """Its caller still waits for the answer."""
    new = new_delivery()

    assert (new.state, new.doing) == (State.QUEUED, due(Task.SEND, 0))
    assert not new.told
    assert not new.waits


@row("queued | `Began` in time")
def test_an_attempt_remembers_the_newest_id_there_was() -> None:
    """Nothing else is planned while it is under way."""
    d = after(new_delivery(), (1, BEGAN))

    assert (d.doing, d.baseline) == (Attempt(NOW + 1), SEEN)
    assert d.state is State.QUEUED


@row("queued | `Accepted`")
def test_an_accepted_message_waits_for_its_report_after_90_seconds() -> None:
    """Its caller learns the id, at once."""
    d = after(begun(), (1, Accepted("101")))

    assert (d.state, d.dlr_id, d.told) == (State.WAITING, "101", True)
    assert d.doing == due(Task.REPORT, 91)
    assert d.acceptance is not None
    assert (d.acceptance.at, d.acceptance.sent_at) == (NOW + 1, NOW + 1)
    assert d.sent_utc == UTC_NOW + 1


@row("queued | `Refused`")
@pytest.mark.parametrize("reason", ["not_enough_credits", "invalid_auth"])
def test_a_refusal_is_final_and_its_reason_kept(reason: str) -> None:
    """Its caller gets it as an error."""
    d = after(begun(), (1, Refused(reason)))

    assert ended(d) == (State.FAILED, reason)
    assert d.told


@row("queued, once silent | `Refused` 77")
def test_77_after_silence_means_that_the_message_got_through() -> None:
    """Only its id is lost, which is looked for when a report can tell whose it is."""
    d = after(in_doubt(), (2, BEGAN), (3, DUPLICATE))

    assert (d.state, d.dlr_id, d.id_is_lost) == (State.WAITING, None, True)
    assert d.doing == due(Task.FIND, 93)


@row("queued, once silent | `Refused` 77, a twin under way or in doubt")
def test_77_while_a_twin_is_open_leaves_it_open_whose_it_is() -> None:
    """It is tried again soon inside the window, and looked for later."""
    d = after(in_doubt(), (2, BEGAN), (3, TWIN_OPEN))
    assert (d.state, d.doing) == (State.QUEUED, due(Task.SEND, 8))

    late = after(in_doubt(), (98, BEGAN), (99, TWIN_OPEN))
    assert (late.state, late.doing) == (State.QUEUED, due(Task.FIND, 138))


@row("queued, in doubt | `Refused` otherwise")
def test_another_refusal_while_in_doubt_leaves_the_doubt_to_be_settled() -> None:
    """The earlier attempt may have got through."""
    d = after(in_doubt(), (2, BEGAN), (3, NO_CREDIT))

    assert (d.state, d.doing) == (State.QUEUED, due(Task.FIND, 42))
    assert d.doubt is not None
    assert d.doubt.refusal == "not_enough_credits"


@row("queued, told | `Refused` 87")
def test_a_waiting_message_is_kept_when_the_secret_is_wrong() -> None:
    """It may go as soon as the secret works, and otherwise until it expires."""
    d = parked()

    assert (d.state, d.reason) == (State.QUEUED, "invalid_auth")
    assert d.doing == due(Task.WAIT, HOUR, Signal.SECRET_WORKS)


@row("queued | `NotSent`")
def test_what_was_not_sent_is_sent_again_after_a_pause() -> None:
    """There is no doubt about it: its caller is told that it is queued."""
    d = after(begun(), (1, NO_CONNECTION))

    assert (d.state, d.reason, d.told) == (State.QUEUED, "cannot_connect", True)
    assert d.doing == due(Task.SEND, 3, Signal.CONNECTED)
    assert d.doubt is None
    assert d.certainty is Certainty.ANSWERED


@row("queued | `Silent`")
def test_after_silence_a_message_is_in_doubt() -> None:
    """Inside the window it is sent again, for 77 would tell; later it is looked for."""
    d = after(begun(), (15, NO_ANSWER))
    assert (d.state, d.reason, d.told) == (State.QUEUED, "no_answer", True)
    assert d.doing == due(Task.SEND, 17, Signal.BACK)
    assert d.doubt is not None
    assert (d.doubt.since, d.doubt.until) == (NOW, NOW + HOUR)
    assert d.certainty is Certainty.SILENT

    late = after(begun(), (99, NO_ANSWER))
    assert late.doing == due(Task.FIND, 101, Signal.BACK)


@row("queued | `Found`")
def test_what_is_found_was_accepted() -> None:
    """Its report tells how far it is."""
    d = after(in_doubt(), (30, Found("101", STILL_PENDING)))

    assert (d.state, d.dlr_id, d.reason) == (State.PENDING, "101", None)
    assert d.doing == due(Task.REPORT, 120)
    assert d.doubt is None
    assert not d.claims


@row("queued | `NOTHING_FOUND`")
def test_what_is_not_found_was_not_sent_and_goes_out_at_once() -> None:
    """Nothing is in doubt any more; a refusal that had to wait is its end."""
    d = after(in_doubt(), (200, Signal.NOTHING_FOUND))
    assert (d.state, d.doing) == (State.QUEUED, due(Task.SEND, 200))
    assert d.doubt is None
    assert not d.claims

    refused = after(in_doubt(), (2, BEGAN), (3, NO_CREDIT), (50, Signal.NOTHING_FOUND))
    assert ended(refused) == (State.FAILED, "not_enough_credits")


@row("queued | `NO_REFERENCE`, the first time")
def test_without_anything_to_compare_with_an_alert_is_rather_sent_than_dropped() -> (
    None
):
    """But it is remembered that it may have been sent already."""
    d = after(in_doubt(), (200, Signal.NO_REFERENCE))

    assert (d.state, d.doing) == (State.QUEUED, due(Task.SEND, 200))
    assert d.certainty is Certainty.UNKNOWABLE
    assert d.claims


@row("queued | `UNDECIDED`, `ASK_FAILED`, `NO_REFERENCE` again")
def test_what_can_not_be_told_yet_is_asked_again() -> None:
    """Only a question without an answer is asked sooner when others are answered."""
    twice = after(
        in_doubt(), (200, Signal.NO_REFERENCE), (200, BEGAN), (201, NO_ANSWER)
    )
    again = after(twice, (300, Signal.NO_REFERENCE))
    assert (again.state, again.doing) == (State.QUEUED, due(Task.FIND, 310))

    undecided = after(in_doubt(), (100, Signal.UNDECIDED))
    assert (undecided.state, undecided.doing) == (State.QUEUED, due(Task.FIND, 105))

    failed = after(in_doubt(), (100, Signal.ASK_FAILED))
    assert failed.state is State.QUEUED
    assert failed.doing == due(Task.FIND, 105, Signal.CONNECTED)


@row("queued | any of these past the doubt's end")
@pytest.mark.parametrize("event", [Signal.UNDECIDED, Signal.ASK_FAILED])
def test_a_doubt_that_nothing_settles_ends_as_its_owner_wants(event: Signal) -> None:
    """It failed, nobody knows whether; or it is sent once more."""
    assert ended(after(in_doubt(), (HOUR, event))) == (State.FAILED, "unknown")

    again = after(in_doubt(resend_in_doubt=True), (HOUR, event))
    assert (again.state, again.doing) == (State.QUEUED, due(Task.SEND, HOUR))


@row("queued | `TOLD`")
def test_a_caller_told_that_it_is_queued_does_not_wait_for_the_attempt() -> None:
    """The attempt goes on."""
    d = after(begun(), (10, Signal.TOLD))

    assert d.told
    assert d.waits
    assert d.doing == Attempt(NOW)
    assert after(d, (11, Accepted("101"))).state is State.WAITING


@row("queued | `CONNECTED`")
def test_an_answered_question_lets_go_what_could_not_be_connected() -> None:
    """What the sending call itself left without an answer pauses on."""
    pausing = after(begun(), (0, NO_CONNECTION))

    assert after(pausing, (1, Signal.CONNECTED)).doing == due(Task.SEND, 1)
    assert after(in_doubt(), (1, Signal.CONNECTED)) == in_doubt()


@row("queued | `BACK`")
def test_when_the_provider_is_back_nothing_pauses_any_longer() -> None:
    """Inside the window it is sent, later it is looked for."""
    pausing = after(begun(), (0, NO_CONNECTION))

    assert after(pausing, (1, Signal.BACK)).doing == due(Task.SEND, 1)
    assert after(in_doubt(), (1, Signal.BACK)).doing == due(Task.SEND, 1)
    assert after(in_doubt(), (119, Signal.BACK)).doing == due(Task.FIND, 119)


@row("queued | `SECRET_WORKS`")
def test_what_a_wrong_secret_kept_goes_when_it_works() -> None:
    """Not before its pause is over: 10 s from the second attempt, which was the last."""
    assert after(parked(), (4, Signal.SECRET_WORKS)).doing == due(Task.SEND, 12)
    assert after(parked(), (60, Signal.SECRET_WORKS)).doing == due(Task.SEND, 60)


@row("queued | any of these past `expires_at`")
def test_a_message_expires_when_it_certainly_was_not_sent() -> None:
    """The reason says what kept it; what is in doubt is looked for instead."""
    d = after(begun(lifetime=60), (58, NO_CONNECTION))
    assert d.doing == due(Task.WAIT, 60, Signal.CONNECTED)
    assert ended(after(d, (60, Signal.TICKED))) == (State.EXPIRED, "cannot_connect")

    unknown = after(begun(lifetime=60), (58, NO_ANSWER), (60, Signal.TICKED))
    assert (unknown.state, unknown.doing) == (
        State.QUEUED,
        due(Task.FIND, 60, Signal.BACK),
    )


@row("scheduled | `TICKED`")
def test_a_message_for_later_is_scheduled_until_its_time() -> None:
    """Then it waits, and its report is asked for 90 s later."""
    later = after(begun(send_in=HOUR), (1, Accepted("101")))
    assert (later.state, later.doing) == (State.SCHEDULED, due(Task.WAIT, HOUR))
    assert later.sent_utc == UTC_NOW + HOUR

    assert after(later, (HOUR - 1, Signal.TICKED)) == later

    sent = after(later, (HOUR, Signal.TICKED))
    assert (sent.state, sent.doing) == (State.WAITING, due(Task.REPORT, HOUR + 90))


@row("waiting, pending | `Reported`")
def test_reports_move_a_message_forward() -> None:
    """From waiting through pending to delivered; the questions become ever rarer."""
    not_yet = report(ReportPhase.NOT_SENT_YET)
    d = after(accepted(), (90, Reported(not_yet)))
    assert (d.state, d.doing) == (State.WAITING, due(Task.REPORT, 180))

    d = after(d, (180, Reported(STILL_PENDING)))
    assert (d.state, d.doing) == (State.PENDING, due(Task.REPORT, 360))

    d = after(d, (360, Reported(DELIVERED)))
    assert ended(d) == (State.DELIVERED, None)


@row("waiting, pending | `Found`")
def test_a_lost_id_that_is_found_is_known_from_then_on() -> None:
    """The report that it was found by counts as one."""
    d = after(id_lost(), (93, Found("101", STILL_PENDING)))

    assert (d.state, d.dlr_id, d.id_is_lost) == (State.PENDING, "101", False)
    assert d.doing == due(Task.REPORT, 183)


@row(
    "waiting, pending | `NO_REPORT`, `NOTHING_FOUND`, `UNDECIDED`, `ASK_FAILED`",
)
@pytest.mark.parametrize(
    "event",
    [
        Signal.NO_REPORT,
        Signal.NOTHING_FOUND,
        Signal.NO_REFERENCE,
        Signal.UNDECIDED,
        Signal.ASK_FAILED,
    ],
)
def test_a_report_or_an_id_that_is_not_there_yet_is_asked_for_again(
    event: Signal,
) -> None:
    """The message itself is certain to have been accepted."""
    d = after(accepted(), (90, event))
    assert (d.state, d.doing) == (State.WAITING, due(Task.REPORT, 180))

    lost = after(id_lost(), (93, event))
    assert (lost.state, lost.doing) == (State.WAITING, due(Task.FIND, 183))


@row("waiting, pending | any of these past 48 h + 10 min")
@pytest.mark.parametrize(
    "event",
    [
        Signal.NO_REPORT,
        Signal.ASK_FAILED,
        Signal.UNDECIDED,
        Reported(report(ReportPhase.NOT_SENT_YET)),
    ],
)
def test_after_48_hours_and_10_minutes_what_is_open_counts_as_failed(
    event: Event,
) -> None:
    """Nothing is asked any more."""
    some = report(ReportPhase.UPDATING, ayse=NumberState.DELIVERED)
    d = after(accepted(AYSE, ALI), (90, Reported(some)), (REPORT_END - 1, event))
    assert not d.final

    d = after(d, (REPORT_END, event))
    assert ended(d) == (State.PARTIALLY_DELIVERED, "no_report")


@row("queued | `RESTARTED`")
def test_after_a_restart_an_attempt_under_way_is_in_doubt() -> None:
    """The clock does not tell how long ago it was; what was not sent is sent at once."""
    d = after(begun(), (1, Signal.RESTARTED))
    assert (d.state, d.reason, d.told) == (State.QUEUED, "no_answer", True)
    assert d.doing == due(Task.FIND, 41)

    waiting = after(begun(), (0, NO_CONNECTION), (60, Signal.RESTARTED))
    assert (waiting.state, waiting.doing) == (State.QUEUED, due(Task.SEND, 60))


@row("queued | `Restored`")
@pytest.mark.parametrize("start", [new_delivery(), begun(), in_doubt(), parked()])
def test_a_message_from_a_backup_may_have_been_sent_since(start: Delivery) -> None:
    """It is looked for before it is sent."""
    d = after(start, (500, Restored(SEEN)))

    assert (d.state, d.told, d.claims) == (State.QUEUED, True, True)
    assert d.doing == due(Task.FIND, 540)
    assert d.certainty is Certainty.SILENT
    assert d.baseline == SEEN


@row("held | `TICKED`")
def test_a_held_message_looks_at_the_clock_until_its_time() -> None:
    """Then it is to be sent, and what comes of that is told anew."""
    held = after(new_delivery(held_for=1000), (0, Signal.TICKED), (0, Signal.TOLD))
    assert (held.state, held.doing) == (State.HELD, due(Task.HOLD, 600))
    assert held.expires_at == NOW + 1000 + HOUR
    assert held.planned_utc == UTC_NOW + 1000

    later = after(held, (600, Signal.TICKED))
    assert (later.state, later.doing) == (State.HELD, due(Task.HOLD, 1000))
    released = after(later, (1001, Signal.TICKED))
    assert (released.state, released.doing) == (State.QUEUED, due(Task.SEND, 1001))
    assert not released.told
    assert released.planned_utc is None


@row("held | `HURRIED`")
def test_a_held_message_is_sent_at_once_if_a_user_wants_it() -> None:
    """As if its time had come."""
    held = after(new_delivery(held_for=1000), (0, Signal.TICKED), (0, Signal.TOLD))
    hurried = after(held, (5, Signal.HURRIED))

    assert (hurried.state, hurried.doing) == (State.QUEUED, due(Task.SEND, 5))
    assert not hurried.told


@row("held | `RESTARTED`, `Restored`")
def test_a_held_message_goes_on_being_held_over_a_restart() -> None:
    """It is looked for first if it comes from a backup: it may have been sent early since."""
    held = after(new_delivery(held_for=1000), (0, Signal.TICKED), (0, Signal.TOLD))
    restarted = after(held, (500, Signal.RESTARTED))
    assert (restarted.state, restarted.doing) == (State.HELD, due(Task.HOLD, 1000))
    assert after(held, (1000, Signal.RESTARTED)).doing == due(Task.SEND, 1000)
    assert after(held, (1000 + HOUR, Signal.RESTARTED)).state is State.EXPIRED

    restored = after(held, (500, Restored(SEEN)))
    assert (restored.state, restored.doing) == (State.HELD, due(Task.HOLD, 1000))
    assert restored.doubt is not None
    released = after(restored, (1000, Signal.TICKED))
    assert isinstance(released.doing, Step)
    assert released.doing.task is Task.FIND


@row("held, queued | `CANCELLED` while certainly not sent")
def test_what_certainly_was_not_sent_can_be_cancelled() -> None:
    """Whether it is held or waits; nothing else can."""
    held = after(new_delivery(held_for=1000), (0, Signal.TICKED), (0, Signal.TOLD))
    waiting = after(begun(), (1, NO_CONNECTION))
    for each in (held, waiting):
        assert ended(after(each, (2, Signal.CANCELLED))) == (State.CANCELLED, None)
    doubtful = after(begun(), (1, NO_ANSWER))
    for other in (begun(), doubtful, after(begun(), (1, Accepted("101")))):
        assert after(other, (2, Signal.CANCELLED)) == other


@row("queued | `HURRIED`")
def test_what_waits_is_tried_at_once_if_a_user_wants_it() -> None:
    """What is in doubt, and can't be repeated, is looked for as soon as that makes sense."""
    waiting = after(begun(), (1, NO_CONNECTION))
    assert after(waiting, (1.5, Signal.HURRIED)).doing == due(Task.SEND, 1.5)

    doubtful = after(begun(), (1, NO_ANSWER))
    late = after(doubtful, (200, Signal.HURRIED))
    assert isinstance(late.doing, Step)
    assert late.doing.task is Task.FIND


def test_every_row_of_the_table_has_its_test() -> None:
    """And every test that says so shows a row."""
    assert sorted(_shown) == sorted(rows())
    assert len(rows()) > 20
