"""What is known of a message, and what that means to a user."""

import pytest

from custom_components.bisms.provider.models import NumberState, ReportPhase
from custom_components.bisms.record import (
    UNKNOWN,
    Accepted,
    Began,
    Delivery,
    NotSent,
    Refused,
    Reported,
    Signal,
    Silent,
    State,
    Step,
    Task,
    happened,
    number_states,
    overall,
    shifted,
    state_for,
)

from .messages import ALI, AYSE, HOUR, NOW, after, delivery, having, report

F, D, P, W = (
    NumberState.FAILED,
    NumberState.DELIVERED,
    NumberState.PENDING,
    NumberState.WAITING,
)


@pytest.mark.parametrize(
    ("states", "closed", "amount_to"),
    [
        ([W], False, State.WAITING),
        ([W, P], False, State.PENDING),
        ([P, D], False, State.PENDING),
        ([W, D], False, State.WAITING),
        ([D, D], False, State.DELIVERED),
        ([D, F], False, State.PARTIALLY_DELIVERED),
        ([F, F], False, State.FAILED),
        ([D, P], True, State.PARTIALLY_DELIVERED),
        ([D, W], True, State.PARTIALLY_DELIVERED),
        ([D], True, State.DELIVERED),
        ([P, W], True, State.FAILED),
    ],
)
def test_the_states_of_numbers_amount_to_one(
    states: list[NumberState], closed: bool, amount_to: State
) -> None:
    """Once the report is closed, what is not delivered counts as failed."""
    assert overall(states, closed=closed) is amount_to


def two(*, send_in: float | None = None) -> Delivery:
    """Return a message to two, accepted; Ayşe got it, Ali's phone is off."""
    some = report(ReportPhase.UPDATING, ayse=D, ali=P)
    return after(
        delivery(AYSE, ALI, send_in=send_in),
        (0, Began("", NOW)),
        (1, Accepted("101")),
        (90, Reported(some)),
    )


def test_each_recipient_of_a_message_has_a_state_of_his_own() -> None:
    """As soon as a report tells; before, all share the message's."""
    assert state_for(two(), [AYSE]) is State.DELIVERED
    assert state_for(two(), [ALI]) is State.PENDING
    assert state_for(two(), [AYSE, ALI]) is State.PENDING
    assert state_for(delivery(AYSE, ALI), [AYSE]) is State.QUEUED


def test_a_recipient_of_a_scheduled_message_has_it_scheduled() -> None:
    """Nothing is reported before its time."""
    later = after(
        delivery(AYSE, ALI, send_in=HOUR), (0, Began("", NOW)), (1, Accepted("1"))
    )

    assert state_for(later, [AYSE]) is State.SCHEDULED


def test_at_the_end_a_recipient_without_it_counts_as_failed() -> None:
    """Even where the latest report left it open."""
    ended = having(two(), state=State.PARTIALLY_DELIVERED, next=None)

    assert state_for(ended, [AYSE]) is State.DELIVERED
    assert state_for(ended, [ALI]) is State.FAILED


def test_a_number_nobody_reported_on_is_waiting() -> None:
    """Every number of the message has a state."""
    assert number_states(delivery(AYSE, ALI)) == {AYSE: W, ALI: W}


def test_a_message_counts_as_sent_when_it_was_accepted_or_is_scheduled_for() -> None:
    """Not before it was accepted at all."""
    assert delivery(send_in=HOUR).sent_at is None
    assert two().sent_at == NOW + 1
    assert two(send_in=HOUR).sent_at == NOW + HOUR
    assert two(send_in=-HOUR).sent_at == NOW + 1


def test_a_message_waits_in_the_outbox_once_its_caller_was_told() -> None:
    """While the caller waits himself, it does not count."""
    begun = after(delivery(), (0, Began("", NOW)))

    assert not begun.waits
    assert after(begun, (10, Signal.TOLD)).waits
    assert not after(begun, (10, Signal.TOLD), (11, Accepted("1"))).waits


def test_a_message_is_unresolved_while_a_sending_may_be_its_own() -> None:
    """Under way, in doubt, without its id, or unknown for good."""
    begun = after(delivery(), (0, Began("", NOW)))
    silent = after(begun, (1, Silent("no_answer")))

    assert not delivery().unresolved
    assert begun.unresolved
    assert silent.unresolved
    assert after(begun, (1, Silent("x")), (3, Refused("duplicate_message"))).unresolved
    assert having(
        silent, state=State.FAILED, reason=UNKNOWN, doubt_since=None
    ).unresolved
    assert not after(begun, (1, NotSent("cannot_connect"))).unresolved
    assert not two().unresolved
    assert having(two(), unknowable=True).unresolved


def test_when_the_clock_is_set_all_times_move_along() -> None:
    """A message waits as long as it would have."""
    d = after(delivery(), (0, Began("", NOW)), (0, Silent("no_answer")))

    later = shifted(d, 100)

    assert (later.created_at, later.expires_at) == (NOW + 100, NOW + 100 + HOUR)
    assert later.next == Step(Task.SEND, NOW + 102)
    assert later.first_attempt_at == later.last_attempt_at == NOW + 100
    assert later.baseline_at == NOW + 100
    assert later.doubt_until == NOW + 100 + HOUR
    assert shifted(two(), 100).accepted_at == NOW + 101
    assert shifted(after(delivery(), (0, Began("", NOW))), 100).attempt_at == NOW + 100
    assert shifted(having(d, next=None), 100).next is None


def test_when_the_clock_is_set_forward_the_window_does_not_move_on() -> None:
    """A machine that slept shows the same jump, and the provider did not sleep."""
    d = after(delivery(), (0, Began("", NOW)), (0, Silent("no_answer")))

    assert shifted(d, 100).doubt_since == NOW
    assert shifted(d, -100).doubt_since == NOW - 100


def test_the_latest_thing_done_about_a_message_is_known() -> None:
    """Even if nothing was done yet."""
    assert delivery().touched_at == NOW
    assert two().touched_at == NOW + 1
    assert after(delivery(), (5, Began("", NOW))).touched_at == NOW + 5


def test_what_happened_means_something_to_a_user() -> None:
    """Each event comes once, and in the order in which things happened."""
    new, begun = delivery(), after(delivery(), (0, Began("", NOW)))
    queued = after(begun, (10, Signal.TOLD))
    sent = after(queued, (11, Accepted("101")))
    delivered = after(sent, (90, Reported(report(ReportPhase.FINAL, ayse=D))))

    assert happened(new, begun) == []
    assert happened(begun, queued) == ["queued"]
    assert happened(queued, sent) == ["sent"]
    assert happened(sent, delivered) == ["delivered"]
    assert happened(queued, delivered) == ["sent", "delivered"]
    assert happened(begun, after(begun, (1, Refused("x")))) == ["failed"]
    assert happened(delivered, delivered) == []
