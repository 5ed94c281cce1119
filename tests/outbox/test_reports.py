"""From acceptance to the end: when reports are asked for, and what they change."""

from itertools import pairwise

import pytest

from custom_components.bisms.outbox.events import Accepted, Found, Reported, Signal
from custom_components.bisms.outbox.lifecycle import advance
from custom_components.bisms.outbox.record import Delivery, State, Step, Task
from custom_components.bisms.outbox.reports import (
    FIRST_REPORT,
    LOOK_AT_CLOCK,
    REPORT_END,
    REPORT_INTERVAL,
)
from custom_components.bisms.provider.models import NumberState, ReportPhase
from tests.messages import ALI, AYSE, DAY, HOUR, NOW, UTC_NOW, after, moment, report

from .lives import BEGAN, DUPLICATE, accepted, begun, due, ended, id_lost, in_doubt

W, P, F, D = (
    NumberState.WAITING,
    NumberState.PENDING,
    NumberState.FAILED,
    NumberState.DELIVERED,
)
DELIVERED = Reported(report(ReportPhase.FINAL, ayse=D))
STILL_PENDING = Reported(report(ReportPhase.UPDATING, ayse=P))
NOT_YET = Reported(report(ReportPhase.NOT_SENT_YET))


def numbers(d: Delivery) -> dict[str, NumberState]:
    """Return what is known of the numbers of an accepted message."""
    assert d.acceptance is not None
    return dict(d.acceptance.numbers)


def later(*to: str) -> Delivery:
    """Return a message that the provider is to send in an hour."""
    return after(begun(*to, send_in=HOUR), (1, Accepted("101")))


def test_reports_are_asked_for_as_the_provider_advises() -> None:
    """After 90 and 180 seconds, then ever more rarely, for 48 hours and 10 minutes."""
    assert (FIRST_REPORT, REPORT_INTERVAL, REPORT_END) == (90, 3600, 173_400)


def test_a_handset_that_stays_off_costs_at_most_60_questions() -> None:
    """Then the report is closed, and what is open counts as failed."""
    d, asked = accepted(), []
    while isinstance(d.doing, Step):
        asked.append(d.doing.at - NOW)
        d = after(d, (d.doing.at - NOW, STILL_PENDING))

    pauses = [later - sooner for sooner, later in pairwise(asked)]
    assert asked[:7] == [90, 180, 360, 720, 1440, 2880, 5760]
    assert set(pauses[6:-1]) == {REPORT_INTERVAL}
    assert len(asked) <= 60
    assert asked[-1] == REPORT_END
    assert ended(d) == (State.FAILED, "no_report")


@pytest.mark.parametrize(
    ("seconds", "next_at"),
    [
        (1, 90),
        (89.5, 90),
        (90, 180),
        (91, 182),
        (3599, 7198),
        (3600, 7200),
        (3601, 7201),
        (REPORT_END - 3601, REPORT_END - 1),
        (REPORT_END - 3599, REPORT_END),
    ],
)
def test_the_next_question_comes_after_as_long_as_it_was_until_now(
    seconds: float, next_at: float
) -> None:
    """But after an hour at most, and never after the end."""
    d = after(accepted(), (seconds, Signal.ASK_FAILED))

    assert d.doing == due(Task.REPORT, next_at)


def test_the_48_hours_begin_when_the_message_is_sent() -> None:
    """Which is the time that it was scheduled for."""
    d = after(later(), (HOUR, Signal.TICKED))
    assert d.acceptance is not None
    assert (d.acceptance.at, d.acceptance.sent_at) == (NOW + 1, NOW + HOUR)
    d = after(d, (HOUR + REPORT_END - 1, Signal.NO_REPORT))
    assert d.doing == due(Task.REPORT, HOUR + REPORT_END)

    assert ended(after(d, (HOUR + REPORT_END, DELIVERED))) == (State.DELIVERED, None)


def test_when_a_message_is_sent_follows_the_clock_that_is_shown() -> None:
    """Its time to be sent is one that a user reads off a clock."""
    assert later().sent_utc == UTC_NOW + HOUR
    assert accepted().sent_utc == UTC_NOW
    assert begun().sent_utc is None


@pytest.mark.parametrize("send_in", [-5, 0, 1])
def test_a_time_to_send_that_is_past_is_no_time_at_all(send_in: float) -> None:
    """The provider sends at once."""
    d = after(begun(send_in=send_in), (1, Accepted("101")))

    assert (d.state, d.doing) == (State.WAITING, due(Task.REPORT, 91))
    assert d.sent_utc == UTC_NOW + 1


def test_a_time_to_send_that_is_about_to_come_is_waited_for() -> None:
    """Half a second is enough."""
    d = after(begun(send_in=1.5), (1, Accepted("101")))

    assert (d.state, d.doing) == (State.SCHEDULED, due(Task.WAIT, 1.5))


def test_a_scheduled_message_whose_answer_was_lost_is_scheduled_all_the_same() -> None:
    """Its id is looked for when its report can tell."""
    lost = id_lost(send_in=HOUR)
    assert (lost.state, lost.doing) == (State.SCHEDULED, due(Task.WAIT, HOUR))

    sent = after(lost, (HOUR, Signal.TICKED))
    assert (sent.state, sent.doing) == (State.WAITING, due(Task.FIND, HOUR + 90))


def test_a_report_on_a_scheduled_message_makes_no_question_come_sooner() -> None:
    """The next one comes 90 s after its time."""
    found = after(in_doubt(send_in=HOUR), (50, Found("101", NOT_YET.report)))

    assert found.doing == due(Task.REPORT, HOUR + 90)


def test_time_that_goes_by_is_no_answer() -> None:
    """Only a question that is answered changes what was accepted."""
    for seconds in (89, 90, 2 * REPORT_END):
        assert after(accepted(), (seconds, Signal.TICKED)) == accepted()


def test_a_scheduled_message_looks_at_the_clock_every_hour() -> None:
    """It is sent when the clock says so, and the clock may be set meanwhile."""
    assert LOOK_AT_CLOCK == HOUR
    d = after(begun(send_in=2.5 * HOUR), (1, Accepted("101")))
    assert d.doing == due(Task.WAIT, HOUR + 1)

    d = after(d, (HOUR + 1, Signal.TICKED))
    assert (d.state, d.doing) == (State.SCHEDULED, due(Task.WAIT, 2 * HOUR + 1))
    d = after(d, (2 * HOUR + 1, Signal.TICKED))
    assert (d.state, d.doing) == (State.SCHEDULED, due(Task.WAIT, 2.5 * HOUR))


def looked(d: Delivery, seconds: float, jump: float) -> Delivery:
    """Return a message that looks at a clock which was set by so much."""
    now = moment(seconds)
    return advance(d, Signal.TICKED, now._replace(utc=now.utc + jump))


def test_a_clock_that_is_set_right_moves_the_time_of_a_scheduled_message() -> None:
    """Set forth, it is sent sooner; set back, it is sent later."""
    d = after(begun(send_in=3 * HOUR), (0, Accepted("101")))

    sooner = looked(d, HOUR, 1.5 * HOUR)
    assert (sooner.state, sooner.doing) == (State.SCHEDULED, due(Task.WAIT, 1.5 * HOUR))
    assert sooner.acceptance is not None
    assert sooner.acceptance.sent_at == NOW + 1.5 * HOUR

    later = looked(d, HOUR, -HOUR)
    assert later.doing == due(Task.WAIT, 2 * HOUR)
    assert later.sent_utc == d.sent_utc
    assert later.acceptance is not None
    assert later.acceptance.sent_at == NOW + 4 * HOUR


def test_a_clock_that_is_set_forth_ends_no_scheduled_message() -> None:
    """Nobody asked for its report yet; and the clock may be wrong."""
    gone = looked(later(), HOUR, 3 * DAY)

    assert (gone.state, gone.final) == (State.WAITING, False)


def test_a_message_scheduled_while_nobody_looked_is_asked_for() -> None:
    """Home Assistant was off for days; what it says is that of a report."""
    late = after(later(), (3 * DAY, Signal.RESTARTED), (3 * DAY, Signal.TICKED))

    assert (late.state, late.final) == (State.WAITING, False)


def test_an_end_comes_also_from_a_report_that_is_still_open() -> None:
    """Every number at 6 or 9 is enough."""
    failed = Reported(report(ReportPhase.UPDATING, ayse=F))

    assert ended(after(accepted(), (90, failed))) == (State.FAILED, "not_delivered")


@pytest.mark.parametrize(("ayse", "ali"), [(D, W), (D, P), (W, W), (F, P), (P, P)])
def test_there_is_no_end_while_a_number_is_open(
    ayse: NumberState, ali: NumberState
) -> None:
    """It may still be reached."""
    some = Reported(report(ReportPhase.UPDATING, ayse=ayse, ali=ali))

    d = after(accepted(AYSE, ALI), (90, some))

    assert d.state is (State.PENDING if P in {ayse, ali} else State.WAITING)


def test_a_report_that_some_did_not_get_it_is_partial() -> None:
    """With a reason, since not all is well."""
    some = Reported(report(ReportPhase.FINAL, ayse=D, ali=F))

    d = after(accepted(AYSE, ALI), (90, some))

    assert ended(d) == (State.PARTIALLY_DELIVERED, "not_delivered")
    assert numbers(d) == {AYSE: D, ALI: F}


def test_in_a_closed_report_what_is_open_counts_as_failed() -> None:
    """A number that is missing in it, too."""
    some = after(accepted(AYSE, ALI), (90, DELIVERED))
    assert ended(some) == (State.PARTIALLY_DELIVERED, "not_delivered")

    none = after(accepted(), (90, Reported(report(ReportPhase.FINAL))))
    assert ended(none) == (State.FAILED, "not_delivered")


def test_states_never_move_back() -> None:
    """Whatever a later report says, of the message and of its numbers."""
    d = after(accepted(), (90, STILL_PENDING))
    for stale in (NOT_YET, Reported(report(ReportPhase.UPDATING, ayse=W))):
        d = after(d, (180, stale))
        assert d.state is State.PENDING
        assert numbers(d) == {AYSE: P}


def test_a_number_that_was_reached_makes_a_message_pending_no_longer_than_it_was() -> (
    None
):
    """Once pending, it stays so until it ends."""
    first = Reported(report(ReportPhase.UPDATING, ayse=P, ali=W))
    second = Reported(report(ReportPhase.UPDATING, ayse=D))

    d = after(accepted(AYSE, ALI), (90, first), (180, second))

    assert d.state is State.PENDING
    assert numbers(d) == {AYSE: D, ALI: W}


def test_a_number_that_is_not_the_messages_is_not_taken_over() -> None:
    """A report may name it all the same."""
    other = Reported(report(ReportPhase.UPDATING, ayse=P, ali=D))

    assert numbers(after(accepted(AYSE), (90, other))) == {AYSE: P}


def test_an_error_while_sending_is_the_end() -> None:
    """The provider says 27."""
    failed = Reported(report(ReportPhase.SEND_ERROR, ayse=W))

    assert ended(after(accepted(), (90, failed))) == (State.FAILED, "send_error")


def test_at_the_end_a_message_that_all_got_is_delivered() -> None:
    """Even if no closed report ever came; it has no reason then."""
    d = after(accepted(AYSE, ALI), (90, Reported(report(ReportPhase.FINAL, ayse=D))))
    assert d.final

    late = after(accepted(), (REPORT_END, Signal.NO_REPORT))
    assert ended(late) == (State.FAILED, "no_report")


def test_a_lost_id_is_looked_for_as_rarely_as_reports_are_asked_for() -> None:
    """And given up with them."""
    d = id_lost()
    assert d.doing == due(Task.FIND, 93)

    d = after(d, (93, Signal.UNDECIDED), (183, Signal.NOTHING_FOUND))
    assert d.doing == due(Task.FIND, 363)
    over = after(d, (3 + REPORT_END, Signal.NOTHING_FOUND))
    assert ended(over) == (State.FAILED, "no_report")


def test_a_found_id_brings_its_report_along() -> None:
    """Which may be the end."""
    d = after(id_lost(), (93, Found("101", DELIVERED.report)))

    assert ended(d) == (State.DELIVERED, None)
    assert (d.dlr_id, d.claims) == ("101", False)


def test_an_id_that_is_known_stays_what_it_is() -> None:
    """A report tells no other."""
    assert after(accepted(), (90, STILL_PENDING)).dlr_id == "101"
    assert after(in_doubt(), (2, BEGAN), (3, DUPLICATE)).dlr_id is None
