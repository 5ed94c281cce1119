"""One message's life, transition by transition."""

from dataclasses import replace
from itertools import pairwise
import math

import pytest

from custom_components.bisms.delivery import (
    DUPLICATE_WINDOW,
    MARGIN,
    PAUSES,
    REPORT_END,
    SETTLE,
    advance,
)
from custom_components.bisms.provider.client import REQUEST_TIMEOUT
from custom_components.bisms.provider.models import NumberState, ReportPhase
from custom_components.bisms.record import (
    Accepted,
    Began,
    Delivery,
    Event,
    Found,
    NotSent,
    Refused,
    Reported,
    Signal,
    Silent,
    State,
    Step,
    Task,
)

from .messages import ALI, AYSE, HOUR, NOW, after, delivery, having, report

BEGAN = Began("100", NOW)
DELIVERED = report(ReportPhase.FINAL, ayse=NumberState.DELIVERED)
STILL_PENDING = report(ReportPhase.UPDATING, ayse=NumberState.PENDING)
NOT_YET = report(ReportPhase.NOT_SENT_YET)
LAST_REPEAT = DUPLICATE_WINDOW - REQUEST_TIMEOUT - MARGIN


def due(task: Task, seconds: float) -> Step:
    """Return a step that is due so many seconds after `NOW`."""
    return Step(task, NOW + seconds)


def begun(**options: float) -> Delivery:
    """Return a delivery whose first attempt is under way."""
    return after(delivery(**options), (0, BEGAN))


def in_doubt(**options: float) -> Delivery:
    """Return a delivery whose first attempt got no answer, at once."""
    return after(begun(**options), (0, Silent("no_answer")))


def accepted() -> Delivery:
    """Return a delivery that the provider accepted at once."""
    return after(begun(), (0, Accepted("101")))


def test_a_new_message_is_to_be_sent_at_once() -> None:
    """It has not been announced: its caller still waits for the answer."""
    new = delivery()

    assert (new.state, new.next) == (State.QUEUED, due(Task.SEND, 0))
    assert not new.announced
    assert not new.answered


def test_an_attempt_remembers_the_newest_id_there_was() -> None:
    """Nothing else is planned while it is under way."""
    d = after(delivery(), (1, Began("100", NOW + 0.5)))

    assert (d.baseline, d.baseline_at) == ("100", NOW + 0.5)
    assert d.attempt_at == d.first_attempt_at == d.last_attempt_at == NOW + 1
    assert d.next is None


def test_a_repeat_keeps_the_id_from_before_the_first_attempt_in_doubt() -> None:
    """The newest id by then may be the very one that is looked for."""
    d = after(in_doubt(), (2, Began("101", NOW + 2)))

    assert d.baseline == "100"
    assert (d.first_attempt_at, d.last_attempt_at) == (NOW, NOW + 2)


def test_an_attempt_after_one_that_was_not_sent_takes_the_newest_id_anew() -> None:
    """An id that came in between can't be this message's."""
    d = after(begun(), (0, NotSent("cannot_connect")), (2, Began("105", NOW)))

    assert d.baseline == "105"


def test_an_accepted_message_waits_for_its_report_after_90_seconds() -> None:
    """Its caller learns the id."""
    d = after(begun(), (1, Accepted("101")))

    assert (d.state, d.dlr_id) == (State.WAITING, "101")
    assert d.accepted_at == d.sent_at == NOW + 1
    assert d.next == due(Task.REPORT, 91)


def test_a_message_for_later_is_scheduled_until_its_time() -> None:
    """Then it waits, and its report is asked for 90 s later."""
    later = after(delivery(send_in=HOUR), (0, BEGAN), (1, Accepted("101")))
    assert (later.state, later.next) == (State.SCHEDULED, due(Task.WAIT, HOUR))

    early = after(later, (HOUR - 1, Signal.TICKED))
    assert early == later

    sent = after(later, (HOUR, Signal.TICKED))
    assert (sent.state, sent.next) == (State.WAITING, due(Task.REPORT, HOUR + 90))


def test_a_time_to_send_that_is_past_is_no_time_at_all() -> None:
    """The provider sends at once."""
    d = after(delivery(send_in=-5), (0, BEGAN), (1, Accepted("101")))

    assert (d.state, d.next) == (State.WAITING, due(Task.REPORT, 91))


@pytest.mark.parametrize("reason", ["not_enough_credits", "invalid_auth"])
def test_a_refusal_is_final_and_its_reason_kept(reason: str) -> None:
    """Its caller gets it as an error."""
    d = after(begun(), (1, Refused(reason)))

    assert (d.state, d.reason, d.next) == (State.FAILED, reason, None)


def test_77_as_the_first_answer_is_a_refusal() -> None:
    """Somebody sent the same within two minutes, and it was not this message."""
    d = after(begun(), (1, Refused("duplicate_message")))

    assert (d.state, d.reason) == (State.FAILED, "duplicate_message")


def test_77_after_silence_means_that_the_message_got_through() -> None:
    """Only its id is lost, which is looked for when a report can tell whose it is."""
    d = after(in_doubt(), (2, BEGAN), (3, Refused("duplicate_message")))

    assert (d.state, d.dlr_id, d.lost) == (State.WAITING, None, True)
    assert d.next == due(Task.FIND, 93)


def test_77_that_another_message_explains_is_a_refusal_even_after_silence() -> None:
    """The same text went out twice; the provider blocked this one."""
    twin = Refused("duplicate_message", repeats_other=True)

    d = after(in_doubt(), (2, BEGAN), (3, twin))

    assert (d.state, d.reason) == (State.FAILED, "duplicate_message")


def test_77_that_another_message_explains_tells_nothing_of_earlier_attempts() -> None:
    """One that could not be looked for may have got through long before."""
    twin = Refused("duplicate_message", repeats_other=True)

    d = after(in_doubt(), (200, Signal.NO_REFERENCE), (200, BEGAN), (201, twin))

    assert (d.state, d.reason) == (State.FAILED, "unknown")


def test_77_while_a_twin_waits_for_its_answer_leaves_it_open_whose_it_is() -> None:
    """It is asked again soon, inside the window; a message never in doubt is refused."""
    unclear = Refused("duplicate_message", repeats_other=None)

    d = after(in_doubt(), (2, BEGAN), (3, unclear))
    assert (d.state, d.next) == (State.QUEUED, due(Task.SEND, 8))

    assert after(begun(), (1, unclear)).state is State.FAILED


def test_another_refusal_while_in_doubt_leaves_the_doubt_to_be_settled() -> None:
    """The earlier attempt may have got through; if it did not, the refusal stands."""
    d = after(in_doubt(), (2, BEGAN), (3, Refused("not_enough_credits")))
    assert (d.state, d.next) == (State.QUEUED, due(Task.FIND, 2 + SETTLE))

    assert after(d, (30, Found("101", STILL_PENDING))).state is State.PENDING

    refused = after(d, (30, Signal.NOTHING_FOUND))
    assert (refused.state, refused.reason) == (State.FAILED, "not_enough_credits")


def test_a_queued_message_waits_for_the_new_secret_until_it_expires() -> None:
    """A restart brings it."""
    d = after(
        begun(),
        (0, NotSent("cannot_connect")),
        (2, BEGAN),
        (3, Refused("invalid_auth")),
    )
    assert (d.state, d.reason) == (State.QUEUED, "invalid_auth")
    assert d.next == due(Task.WAIT, HOUR)

    assert after(d, (9, Signal.REACHABLE)).next == d.next
    assert after(d, (9, Signal.RESTARTED)).next == due(Task.SEND, 9)

    expired = after(d, (HOUR, Signal.TICKED))
    assert (expired.state, expired.reason) == (State.EXPIRED, "invalid_auth")


def test_a_secret_that_stays_wrong_leaves_the_fate_of_an_earlier_attempt_unknown() -> (
    None
):
    """Nothing may be called expired that may have been sent."""
    d = after(in_doubt(), (2, BEGAN), (3, Refused("invalid_auth")))
    assert d.next == due(Task.WAIT, HOUR)

    ended = after(d, (HOUR, Signal.TICKED))
    assert (ended.state, ended.reason) == (State.FAILED, "unknown")


def test_what_was_not_sent_is_sent_again_after_a_pause() -> None:
    """There is no doubt about it: its caller is told that it is queued."""
    d = after(begun(), (1, NotSent("cannot_connect")))

    assert (d.state, d.reason, d.next) == (
        State.QUEUED,
        "cannot_connect",
        due(Task.SEND, 3),
    )
    assert d.announced
    assert not d.unresolved


@pytest.mark.parametrize("jitter", [0.8, 1.0, 1.2])
def test_pauses_grow_from_2_seconds_to_5_minutes(jitter: float) -> None:
    """Each is at most a fifth shorter or longer, so that not all come at once."""
    d, now, pauses = delivery(lifetime=48 * HOUR), NOW, []
    for _ in range(10):
        d = advance(d, BEGAN, now, jitter)
        d = advance(d, NotSent("cannot_connect"), now, jitter)
        assert d.next is not None
        pauses.append(d.next.at - now)
        now = d.next.at

    assert PAUSES == (2, 5, 10, 20, 40, 80, 160, 300)
    assert pauses == pytest.approx([jitter * p for p in (*PAUSES, 300, 300)])


def test_after_silence_a_message_is_repeated_inside_the_window() -> None:
    """There the provider answers 77 if the first attempt got through."""
    d = after(begun(), (15, Silent("no_answer")))

    assert (d.state, d.reason, d.next) == (
        State.QUEUED,
        "no_answer",
        due(Task.SEND, 17),
    )
    assert d.doubt_since == NOW
    assert d.unresolved


@pytest.mark.parametrize(
    ("silent_at", "task", "at"),
    [
        (LAST_REPEAT - 2.25, Task.SEND, LAST_REPEAT - 0.25),
        (LAST_REPEAT - 2, Task.FIND, LAST_REPEAT),
        (LAST_REPEAT, Task.FIND, LAST_REPEAT + 2),
    ],
)
def test_a_repeat_must_be_certain_to_arrive_inside_the_window(
    silent_at: float, task: Task, at: float
) -> None:
    """So the last one begins before 100 s; later, what got through is looked for."""
    d = after(begun(), (silent_at, Silent("no_answer")))

    assert d.next == due(task, at)


def test_the_window_is_that_of_the_earliest_attempt_in_doubt() -> None:
    """A later attempt does not prolong it."""
    d = after(in_doubt(), (80, BEGAN), (95, Silent("no_answer")))

    assert d.doubt_since == NOW
    assert d.next == due(Task.FIND, 80 + SETTLE)


def test_a_repeat_that_comes_too_late_becomes_a_look() -> None:
    """As after a busy minute, or while the machine slept."""
    d = in_doubt()
    assert d.next == due(Task.SEND, 2)

    assert after(d, (LAST_REPEAT, Signal.TICKED)).next == due(Task.FIND, LAST_REPEAT)
    late = after(d, (LAST_REPEAT, BEGAN))
    assert late.attempt_at is None
    assert late.next == due(Task.FIND, LAST_REPEAT)


def test_a_large_message_takes_longer_to_arrive() -> None:
    """Its last repeat begins earlier."""
    text = "a" * 900
    many = [str(905550000000 + number) for number in range(40_000)]
    large = delivery(*many, text=text)

    d = after(large, (0, BEGAN), (90, Silent("no_answer")))

    assert d.next == due(Task.FIND, 92)


def test_what_is_found_was_accepted() -> None:
    """Its report tells how far it is."""
    d = after(in_doubt(), (30, Found("101", STILL_PENDING)))

    assert (d.state, d.dlr_id, d.accepted_at) == (State.PENDING, "101", NOW + 30)
    assert d.next == due(Task.REPORT, 120)
    assert not d.unresolved


def test_what_is_not_found_was_not_sent_and_goes_out_at_once() -> None:
    """Nothing is in doubt any more, and the pauses begin anew."""
    d = after(in_doubt(), (200, Signal.NOTHING_FOUND))

    assert (d.state, d.next) == (State.QUEUED, due(Task.SEND, 200))
    assert (d.doubt_since, d.tries) == (None, 0)


def test_without_anything_to_compare_with_an_alert_is_rather_sent_than_dropped() -> (
    None
):
    """But it is remembered that it may have been sent already."""
    d = after(in_doubt(), (200, Signal.NO_REFERENCE))
    assert d.next == due(Task.SEND, 200)

    ended = after(d, (HOUR, Signal.TICKED))
    assert (ended.state, ended.reason) == (State.FAILED, "unknown")


@pytest.mark.parametrize("event", [Signal.UNDECIDED, Signal.ASK_FAILED])
def test_what_can_not_be_told_yet_is_asked_again(event: Event) -> None:
    """Until the message expires, but for at least ten minutes; then it is unknown."""
    d = after(in_doubt(lifetime=60), (100, event))
    assert d.state is State.QUEUED
    assert d.next == due(Task.FIND, 105)

    assert after(d, (599, event)).state is State.QUEUED
    ended = after(d, (600, event))
    assert (ended.state, ended.reason, ended.next) == (State.FAILED, "unknown", None)


def test_a_look_waits_until_the_latest_attempt_can_not_arrive_any_more() -> None:
    """What was lost on the way may take effect until then."""
    d = after(in_doubt(), (70, BEGAN), (71, Silent("no_answer")), (72, Silent("x")))
    d = after(d, (100, Signal.REACHABLE))

    assert d.next == due(Task.FIND, 100)
    early = after(in_doubt(), (90, BEGAN), (99, Silent("no_answer")))
    assert early.next == due(Task.FIND, 90 + SETTLE)


def test_a_caller_told_that_it_is_queued_does_not_wait_for_the_attempt_under_way() -> (
    None
):
    """The attempt goes on."""
    d = after(begun(), (10, Signal.TOLD))

    assert d.announced
    assert d.waits
    assert d.attempt_at == NOW
    assert after(d, (11, Accepted("101"))).state is State.WAITING


def test_when_the_provider_is_back_nothing_pauses_any_longer() -> None:
    """Inside the window it is sent, later it is looked for; an attempt goes on."""
    pausing = after(begun(), (0, NotSent("cannot_connect")))
    assert after(pausing, (1, Signal.REACHABLE)).next == due(Task.SEND, 1)
    assert after(in_doubt(), (1, Signal.REACHABLE)).next == due(Task.SEND, 1)
    assert after(in_doubt(), (119, Signal.REACHABLE)).next == due(Task.FIND, 119)
    assert after(begun(), (1, Signal.REACHABLE)) == begun()


def test_a_message_expires_when_it_certainly_was_not_sent() -> None:
    """The reason says what kept it."""
    d = after(begun(lifetime=60), (58, NotSent("cannot_connect")))
    assert d.next == due(Task.WAIT, 60)

    expired = after(d, (60, Signal.TICKED))
    assert (expired.state, expired.reason, expired.next) == (
        State.EXPIRED,
        "cannot_connect",
        None,
    )


def test_a_message_in_doubt_does_not_expire() -> None:
    """It is looked for instead of being sent again."""
    d = after(begun(lifetime=60), (58, Silent("no_answer")), (60, Signal.TICKED))

    assert (d.state, d.next) == (State.QUEUED, due(Task.FIND, 60))
    assert after(d, (70, Signal.NOTHING_FOUND)).state is State.EXPIRED


def test_an_attempt_does_not_begin_when_its_time_is_over() -> None:
    """Nor does an attempt under way end by it."""
    assert after(delivery(lifetime=60), (60, BEGAN)).state is State.EXPIRED
    assert after(begun(lifetime=60), (61, Signal.TICKED)).state is State.QUEUED
    assert after(begun(lifetime=60), (61, Accepted("101"))).state is State.WAITING


def test_reports_move_a_message_forward() -> None:
    """From waiting through pending to delivered."""
    d = after(accepted(), (90, Reported(NOT_YET)))
    assert (d.state, d.next) == (State.WAITING, due(Task.REPORT, 180))

    d = after(d, (180, Reported(STILL_PENDING)))
    assert (d.state, d.next) == (State.PENDING, due(Task.REPORT, 360))

    d = after(d, (360, Reported(DELIVERED)))
    assert (d.state, d.reason, d.next) == (State.DELIVERED, None, None)
    assert d.numbers == {AYSE: NumberState.DELIVERED}


def test_an_end_comes_also_from_a_report_that_is_still_open() -> None:
    """Every number at 6 or 9 is enough."""
    open_report = report(ReportPhase.UPDATING, ayse=NumberState.FAILED)

    d = after(accepted(), (90, Reported(open_report)))

    assert (d.state, d.reason) == (State.FAILED, "not_delivered")


def test_states_never_move_back() -> None:
    """Whatever a later report says, of the message and of its numbers."""
    d = after(accepted(), (90, Reported(STILL_PENDING)))
    for stale in (NOT_YET, report(ReportPhase.UPDATING, ayse=NumberState.WAITING)):
        d = after(d, (180, Reported(stale)))
        assert d.state is State.PENDING
        assert d.numbers == {AYSE: NumberState.PENDING}


def test_a_report_that_some_did_not_get_it_is_partial() -> None:
    """With a reason, since not all is well."""
    two = after(delivery(AYSE, ALI), (0, BEGAN), (0, Accepted("101")))
    some = report(ReportPhase.FINAL, ayse=NumberState.DELIVERED, ali=NumberState.FAILED)

    d = after(two, (90, Reported(some)))

    assert (d.state, d.reason) == (State.PARTIALLY_DELIVERED, "not_delivered")


def test_in_a_closed_report_what_is_open_counts_as_failed() -> None:
    """A number that is missing in it, too."""
    two = after(delivery(AYSE, ALI), (0, BEGAN), (0, Accepted("101")))

    d = after(two, (90, Reported(DELIVERED)))

    assert d.state is State.PARTIALLY_DELIVERED
    assert after(accepted(), (90, Reported(report(ReportPhase.FINAL)))).state is (
        State.FAILED
    )


def test_an_error_while_sending_is_the_end() -> None:
    """The provider says 27."""
    d = after(accepted(), (90, Reported(report(ReportPhase.SEND_ERROR))))

    assert (d.state, d.reason) == (State.FAILED, "send_error")


@pytest.mark.parametrize("event", [Signal.NO_REPORT, Signal.ASK_FAILED])
def test_a_report_that_is_not_there_is_asked_for_again(event: Event) -> None:
    """That is no error."""
    d = after(accepted(), (90, event))

    assert (d.state, d.next) == (State.WAITING, due(Task.REPORT, 180))


@pytest.mark.parametrize(
    "event",
    [Signal.NOTHING_FOUND, Signal.NO_REFERENCE, Signal.UNDECIDED, Signal.ASK_FAILED],
)
def test_a_lost_id_is_looked_for_again(event: Event) -> None:
    """The message itself is certain to have been accepted."""
    lost = after(in_doubt(), (2, BEGAN), (3, Refused("duplicate_message")))

    d = after(lost, (93, event))
    assert (d.state, d.next) == (State.WAITING, due(Task.FIND, 183))

    found = after(d, (183, Found("101", STILL_PENDING)))
    assert (found.state, found.dlr_id) == (State.PENDING, "101")
    assert found.next is not None
    assert found.next.task is Task.REPORT


def test_a_handset_that_stays_off_costs_at_most_60_questions() -> None:
    """The first after 90 s and 180 s, then ever more rarely, to at most hourly."""
    d, asked = accepted(), []
    while d.next is not None:
        asked.append(d.next.at - NOW)
        d = advance(d, Reported(STILL_PENDING), d.next.at)

    pauses = [later - sooner for sooner, later in pairwise(asked)]
    assert asked[:4] == [90, 180, 360, 720]
    assert all(pause <= 3600 for pause in pauses)
    assert pauses[:-1] == sorted(pauses[:-1])
    assert len(asked) <= 60
    assert asked[-1] == REPORT_END == 48 * HOUR + 600
    assert (d.state, d.reason) == (State.FAILED, "no_report")


@pytest.mark.parametrize(
    "event", [Signal.NO_REPORT, Signal.ASK_FAILED, Reported(NOT_YET)]
)
def test_after_48_hours_and_10_minutes_what_is_open_counts_as_failed(
    event: Event,
) -> None:
    """Nothing is asked any more."""
    two = after(delivery(AYSE, ALI), (0, BEGAN), (0, Accepted("101")))
    some = report(ReportPhase.UPDATING, ayse=NumberState.DELIVERED)
    d = after(two, (90, Reported(some)), (REPORT_END - 1, event))
    assert not d.final

    d = after(d, (REPORT_END, event))
    assert (d.state, d.reason) == (State.PARTIALLY_DELIVERED, "no_report")


def test_a_report_at_the_last_moment_still_counts() -> None:
    """The 48 hours begin with the time that the message was scheduled for."""
    later = after(delivery(send_in=HOUR), (0, BEGAN), (1, Accepted("101")))
    d = after(later, (HOUR, Signal.TICKED), (HOUR + REPORT_END - 1, Signal.NO_REPORT))
    assert not d.final

    assert after(d, (HOUR + REPORT_END, Reported(DELIVERED))).state is State.DELIVERED


def test_after_a_restart_an_attempt_under_way_is_in_doubt() -> None:
    """The clock may have been set meanwhile, so that no window can be trusted."""
    d = after(begun(), (1, Signal.RESTARTED))

    assert (d.state, d.reason, d.announced) == (State.QUEUED, "no_answer", True)
    assert d.doubt_since == 0
    assert d.next == due(Task.FIND, 1 + SETTLE)
    assert after(d, (2, Signal.REACHABLE)).next == due(Task.FIND, 1 + SETTLE)


def test_after_a_restart_there_is_time_to_look_for_what_is_in_doubt() -> None:
    """Ten minutes at least, even if Home Assistant was off for a day."""
    d = after(in_doubt(), (24 * HOUR, Signal.RESTARTED))
    assert d.next == due(Task.FIND, 24 * HOUR + SETTLE)

    assert after(d, (24 * HOUR + 599, Signal.ASK_FAILED)).state is State.QUEUED
    assert after(d, (24 * HOUR + 600, Signal.ASK_FAILED)).reason == "unknown"


@pytest.mark.parametrize("clock", [-1000, 5, 1000])
def test_after_a_restart_a_look_waits_as_if_the_attempt_had_just_begun(
    clock: float,
) -> None:
    """The clock does not tell how long ago it was, and it may still arrive."""
    d = after(in_doubt(), (clock, Signal.RESTARTED), (clock + 1, Signal.REACHABLE))

    assert d.next == due(Task.FIND, clock + SETTLE)


def test_after_a_restart_what_was_certainly_not_sent_is_sent_at_once() -> None:
    """Unless it expired meanwhile."""
    d = after(begun(), (0, NotSent("cannot_connect")))

    assert after(d, (60, Signal.RESTARTED)).next == due(Task.SEND, 60)
    assert after(d, (HOUR, Signal.RESTARTED)).state is State.EXPIRED


def test_after_a_restart_an_accepted_message_goes_on_where_it_was() -> None:
    """Its report is due when it was due before."""
    assert after(accepted(), (5 * HOUR, Signal.RESTARTED)) == accepted()


@pytest.mark.parametrize(
    "event",
    [
        BEGAN,
        Accepted("9"),
        Refused("x"),
        NotSent("x"),
        Silent("x"),
        Reported(DELIVERED),
        Signal.NO_REPORT,
        Found("9", DELIVERED),
        Signal.NOTHING_FOUND,
        Signal.NO_REFERENCE,
        Signal.UNDECIDED,
        Signal.ASK_FAILED,
        Signal.TOLD,
        Signal.REACHABLE,
        Signal.TICKED,
        Signal.RESTARTED,
    ],
)
@pytest.mark.parametrize(
    "end",
    [State.DELIVERED, State.PARTIALLY_DELIVERED, State.FAILED, State.EXPIRED],
)
def test_the_end_is_the_end(end: State, event: Event) -> None:
    """Nothing changes a message after it."""
    ended = having(accepted(), state=end, next=None)

    assert advance(ended, event, NOW + math.inf) == ended


@pytest.mark.parametrize(
    "event",
    [BEGAN, Accepted("9"), Refused("x"), Silent("x"), Signal.TOLD, Signal.REACHABLE],
)
def test_what_belongs_to_sending_changes_nothing_once_it_is_accepted(
    event: Event,
) -> None:
    """Nor do questions end while the message is still queued."""
    assert after(accepted(), (1, event)) == accepted()
    assert after(begun(), (1, Reported(DELIVERED))) == begun()
    assert replace(begun(), reason="x") != begun()
