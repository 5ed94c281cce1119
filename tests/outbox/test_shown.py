"""What users see of a message, of each of its recipients, and of what happened to it."""

import pytest

from custom_components.bisms.outbox.events import Accepted, Refused, Reported, Signal
from custom_components.bisms.outbox.record import Delivery, End, State
from custom_components.bisms.outbox.shown import (
    happened,
    number_states,
    overall,
    seen,
    state_for,
)
from custom_components.bisms.provider.models import NumberState, ReportPhase
from tests.messages import ALI, AYSE, HOUR, NOW, after, delivery, having, report

from .lives import NO_ANSWER, NO_CONNECTION, accepted, begun, id_lost, in_doubt

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
        ([P, F], False, State.PENDING),
        ([W, D], False, State.WAITING),
        ([D, D], False, State.DELIVERED),
        ([D, F], False, State.PARTIALLY_DELIVERED),
        ([F, F], False, State.FAILED),
        ([F, W], False, State.WAITING),
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
    return after(accepted(AYSE, ALI, send_in=send_in), (90, Reported(some)))


def test_each_recipient_of_a_message_has_a_state_of_his_own() -> None:
    """As soon as a report tells; before, all share the message's."""
    assert state_for(two(), [AYSE]) is State.DELIVERED
    assert state_for(two(), [ALI]) is State.PENDING
    assert state_for(two(), [AYSE, ALI]) is State.PENDING
    assert state_for(accepted(AYSE, ALI), [AYSE]) is State.WAITING
    assert state_for(delivery(AYSE, ALI), [AYSE]) is State.QUEUED


def test_a_recipient_of_a_scheduled_message_has_it_scheduled() -> None:
    """Nothing is reported before its time."""
    assert state_for(accepted(AYSE, ALI, send_in=HOUR), [AYSE]) is State.SCHEDULED


def test_a_recipient_of_a_message_that_was_not_sent_has_its_end() -> None:
    """Nothing else can be said of anyone."""
    expired = having(delivery(AYSE, ALI), doing=End(State.EXPIRED, None))

    assert state_for(expired, [AYSE]) is State.EXPIRED


def test_at_the_end_a_recipient_without_it_counts_as_failed() -> None:
    """Even where the latest report left it open."""
    over = having(two(), doing=End(State.PARTIALLY_DELIVERED, "no_report"))

    assert state_for(over, [AYSE]) is State.DELIVERED
    assert state_for(over, [ALI]) is State.FAILED


def test_a_number_nobody_reported_on_is_waiting() -> None:
    """Every number of the message has a state."""
    assert number_states(delivery(AYSE, ALI)) == {AYSE: W, ALI: W}
    assert number_states(accepted(AYSE, ALI)) == {AYSE: W, ALI: W}
    assert number_states(two()) == {AYSE: D, ALI: P}


def test_what_happened_means_something_to_a_user() -> None:
    """Each event comes once, and in the order in which things happened."""
    new = delivery()
    queued = after(begun(), (10, Signal.TOLD))
    sent = after(queued, (11, Accepted("101")))
    delivered = after(sent, (90, Reported(report(ReportPhase.FINAL, ayse=D))))

    assert happened(new, begun()) == []
    assert happened(begun(), queued) == ["queued"]
    assert happened(queued, queued) == []
    assert happened(queued, sent) == ["sent"]
    assert happened(begun(), sent) == ["sent"]
    assert happened(sent, delivered) == ["delivered"]
    assert happened(queued, delivered) == ["sent", "delivered"]
    assert happened(begun(), after(begun(), (1, Refused("x")))) == ["failed"]
    assert happened(delivered, delivered) == []


def test_a_message_is_queued_once_however_often_it_is_tried() -> None:
    """Who knows that it waits need not be told again."""
    waiting = after(begun(), (1, NO_CONNECTION))

    assert happened(begun(), waiting) == ["queued"]
    assert happened(waiting, after(waiting, (5, NO_ANSWER))) == []


def test_what_a_user_does_not_see_is_no_news() -> None:
    """Another pause, another attempt."""
    waiting = after(begun(), (1, NO_CONNECTION))

    assert seen(waiting) == seen(having(waiting, tries=9, doing=begun().doing))


@pytest.mark.parametrize(
    ("before", "later"),
    [
        (accepted(), accepted(send_in=HOUR)),
        (begun(), after(begun(), (10, Signal.TOLD))),
        (id_lost(), having(id_lost(), acceptance=accepted().acceptance)),
        (in_doubt(), having(in_doubt(), waits_because="server_error")),
        (
            accepted(AYSE, ALI),
            after(
                accepted(AYSE, ALI),
                (90, Reported(report(ReportPhase.UPDATING, ayse=D, ali=W))),
            ),
        ),
    ],
)
def test_a_state_an_id_a_reason_and_a_number_are_news(
    before: Delivery, later: Delivery
) -> None:
    """Also that its caller was told."""
    assert seen(before) != seen(later)
    assert seen(before) == seen(having(before, created_at=NOW - 1))
