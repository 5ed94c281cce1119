"""What is known of a message, and what follows from it."""

import pytest

from custom_components.bisms.outbox.events import Accepted, Refused, Reported, Signal
from custom_components.bisms.outbox.record import (
    FINAL,
    UNKNOWN,
    Acceptance,
    Attempt,
    Attempts,
    Certainty,
    Delivery,
    Doubt,
    End,
    State,
    Step,
    Task,
    entered,
)
from custom_components.bisms.provider.models import NumberState, ReportPhase
from tests.messages import (
    HOUR,
    NOW,
    UTC_NOW,
    after,
    delivery,
    having,
    message,
    moment,
    report,
)

from .lives import (
    BEGAN,
    NO_ANSWER,
    NO_CONNECTION,
    accepted,
    begun,
    id_lost,
    in_doubt,
    parked,
)

UNSENT = after(begun(), (1, NO_CONNECTION))
PENDING = after(
    accepted(), (90, Reported(report(ReportPhase.UPDATING, ayse=NumberState.PENDING)))
)


def test_a_message_enters_as_its_sender_wants_it() -> None:
    """To be sent at once, and for as long as it may take."""
    context = ("c", None, "u")
    d = entered(
        "d1", message(), NOW, UTC_NOW, 60, resend_in_doubt=True, context=context
    )

    assert (d.id, d.message, d.context) == ("d1", message(), context)
    assert (d.created_at, d.created_utc, d.expires_at) == (NOW, UTC_NOW, NOW + 60)
    assert d.resend_in_doubt
    assert d.doing == Step(Task.SEND, NOW)


def test_nothing_is_known_of_a_message_that_just_entered() -> None:
    """And what its sender did not say is as most want it."""
    d = entered("d1", message(), NOW, UTC_NOW, HOUR)

    assert (d.told, d.tries, d.resend_in_doubt, d.context) == (False, 0, False, None)
    assert (d.attempts, d.baseline, d.doubt, d.acceptance) == (None, None, None, None)
    assert (d.waits_because, d.reason, d.dlr_id, d.sent_utc) == (None, None, None, None)
    assert d == Delivery("d1", message(), NOW, UTC_NOW, NOW + HOUR, d.doing)


def test_nothing_is_reported_of_a_message_that_was_just_accepted() -> None:
    """Every number is still to be sent to."""
    acceptance = Acceptance(NOW, NOW, UTC_NOW, "101")

    assert not acceptance.numbers
    assert not acceptance.pending
    assert Step(Task.SEND, NOW).sooner_on is None
    assert Doubt(NOW, NOW).refusal is None


@pytest.mark.parametrize(
    ("d", "state"),
    [
        (delivery(), State.QUEUED),
        (begun(), State.QUEUED),
        (in_doubt(), State.QUEUED),
        (parked(), State.QUEUED),
        (accepted(send_in=HOUR), State.SCHEDULED),
        (id_lost(send_in=HOUR), State.SCHEDULED),
        (accepted(), State.WAITING),
        (id_lost(), State.WAITING),
        (PENDING, State.PENDING),
        (having(PENDING, doing=End(State.DELIVERED, None)), State.DELIVERED),
        (having(delivery(), doing=End(State.EXPIRED, None)), State.EXPIRED),
    ],
)
def test_a_state_follows_from_what_is_known(d: Delivery, state: State) -> None:
    """So it cannot contradict it."""
    assert d.state is state
    assert d.final is (state in FINAL)


def test_states_are_called_what_users_automations_call_them() -> None:
    """Their names are a contract."""
    assert [str(state) for state in State] == [
        "held",
        "queued",
        "scheduled",
        "waiting",
        "pending",
        "delivered",
        "partially_delivered",
        "failed",
        "expired",
        "cancelled",
    ]


def test_what_is_on_disk_keeps_its_names() -> None:
    """A later version reads what this one wrote."""
    assert [str(task) for task in Task] == ["send", "find", "report", "wait", "hold"]
    assert [int(certainty) for certainty in Certainty] == [0, 1, 2]


def test_five_states_are_final() -> None:
    """The others go on."""
    open_states = {
        State.HELD,
        State.QUEUED,
        State.SCHEDULED,
        State.WAITING,
        State.PENDING,
    }
    assert set(State) - FINAL == open_states


@pytest.mark.parametrize(
    ("d", "is_accepted"),
    [
        (begun(), False),
        (in_doubt(), False),
        (accepted(), True),
        (id_lost(), True),
    ],
)
def test_a_message_is_accepted_once_the_provider_took_it(
    d: Delivery, is_accepted: bool
) -> None:
    """Whether or not its id is known."""
    assert d.accepted is is_accepted


def test_a_reason_is_that_of_the_end_or_of_the_waiting() -> None:
    """A message that arrived has none."""
    assert UNSENT.reason == "cannot_connect"
    assert having(UNSENT, doing=End(State.EXPIRED, "x")).reason == "x"
    assert having(UNSENT, doing=End(State.DELIVERED, None)).reason is None


def test_a_message_waits_in_the_outbox_once_its_caller_was_told() -> None:
    """While the caller waits himself, it does not count."""
    told = after(begun(), (10, Signal.TOLD))

    assert not begun().waits
    assert told.waits
    assert not after(told, (11, Accepted("1"))).waits
    assert not having(told, doing=End(State.EXPIRED, None)).waits


@pytest.mark.parametrize(
    ("d", "is_parked"),
    [
        (parked(), True),
        (delivery(), False),
        (begun(), False),
        (UNSENT, False),
        (accepted(send_in=HOUR), False),
        (after(parked(), (60, Signal.SECRET_WORKS)), False),
        (having(parked(), doing=End(State.EXPIRED, "invalid_auth")), False),
    ],
)
def test_a_message_is_parked_while_it_waits_for_the_secret(
    d: Delivery, is_parked: bool
) -> None:
    """And for nothing else."""
    assert d.is_parked is is_parked


@pytest.mark.parametrize(
    ("d", "lost"),
    [(id_lost(), True), (accepted(), False), (in_doubt(), False), (begun(), False)],
)
def test_an_id_is_lost_if_it_was_accepted_under_one_that_nobody_knows(
    d: Delivery, lost: bool
) -> None:
    """What is in doubt may have none."""
    assert d.id_is_lost is lost


def test_attempts_are_remembered_while_they_are_under_way() -> None:
    """And when they are over."""
    new, second = delivery(), after(in_doubt(), (5, BEGAN))

    assert (new.first_attempt_at, new.last_attempt_at) == (None, None)
    assert (begun().first_attempt_at, begun().last_attempt_at) == (NOW, NOW)
    assert (UNSENT.first_attempt_at, UNSENT.last_attempt_at) == (NOW, NOW)
    assert (second.first_attempt_at, second.last_attempt_at) == (NOW, NOW + 5)
    assert second.doing == Attempt(NOW + 5)


def test_an_attempt_that_certainly_failed_is_not_the_first_that_counts() -> None:
    """What may have got through began later."""
    unsent = after(UNSENT, (5, BEGAN))
    assert (unsent.first_attempt_at, unsent.last_attempt_at) == (NOW + 5, NOW + 5)
    assert after(unsent, (6, NO_ANSWER)).first_attempt_at == NOW + 5

    found_nowhere = after(in_doubt(), (200, Signal.NOTHING_FOUND))
    assert found_nowhere.first_attempt_at == NOW
    again = after(found_nowhere, (200, BEGAN))
    assert again.first_attempt_at == NOW + 200
    assert after(again, (201, NO_ANSWER), (210, BEGAN)).first_attempt_at == NOW + 200

    # What could not be found out stays possible.
    unknowable = after(in_doubt(), (200, Signal.NO_REFERENCE), (200, BEGAN))
    assert unknowable.first_attempt_at == NOW
    assert after(unknowable, (201, Accepted("1"))).first_attempt_at == NOW


def test_what_is_certain_of_a_message_never_tried_is_that_it_was_not_sent() -> None:
    """The least certain attempt counts."""
    assert delivery().certainty is Certainty.ANSWERED
    assert in_doubt().certainty is Certainty.SILENT
    assert Certainty.ANSWERED < Certainty.SILENT < Certainty.UNKNOWABLE


UNKNOWABLE = Attempts(NOW, NOW, Certainty.UNKNOWABLE)


@pytest.mark.parametrize(
    ("d", "claims"),
    [
        (delivery(), False),
        (begun(), True),
        (in_doubt(), True),
        (id_lost(), True),
        (accepted(), False),
        (UNSENT, False),
        (parked(), False),
        (after(in_doubt(), (100, Signal.NOTHING_FOUND)), False),
        (after(in_doubt(), (100, Signal.NO_REFERENCE)), True),
        (after(in_doubt(), (2, BEGAN), (3, Refused("invalid_auth"))), True),
        (after(in_doubt(), (HOUR, Signal.UNDECIDED)), True),
        (after(in_doubt(), (30, NO_ANSWER)), True),
        (after(begun(), (1, Refused("x"))), False),
        (having(begun(), doing=End(State.FAILED, UNKNOWN)), True),
        (having(begun(), doing=End(State.EXPIRED, None)), False),
        (having(accepted(), attempts=UNKNOWABLE), True),
        (having(accepted(), doing=End(State.DELIVERED, None)), False),
    ],
)
def test_a_message_claims_sendings_that_may_be_its_own(
    d: Delivery, claims: bool
) -> None:
    """Under way, in doubt, without its id, or unknown for good."""
    assert d.claims is claims


def test_what_a_message_is_doing_is_said_in_the_log() -> None:
    """Without a number and without its text."""
    assert str(Step(Task.SEND, 12.34)) == "send at 12.3"
    assert str(Attempt(NOW)) == "an answer"
    assert str(End(State.FAILED, "x")) == "nothing"


def test_a_moment_is_one_on_the_time_line_and_on_the_clock() -> None:
    """They differ."""
    now = moment(5)

    assert (now.at, now.utc) == (NOW + 5, UTC_NOW + 5)
