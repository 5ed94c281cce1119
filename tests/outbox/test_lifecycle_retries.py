"""When what could not be sent is tried again, what lets it go early, and when it expires."""

from itertools import pairwise

import pytest

from custom_components.bisms.outbox.events import Accepted, Signal
from custom_components.bisms.outbox.lifecycle import PAUSES, advance
from custom_components.bisms.outbox.record import Attempt, Delivery, State, Step, Task
from tests.messages import HOUR, NOW, after, delivery, moment

from .lives import (
    BEGAN,
    NO_ANSWER,
    NO_CONNECTION,
    WRONG_SECRET,
    begun,
    due,
    ended,
    in_doubt,
    parked,
)

SIGNALS = (Signal.CONNECTED, Signal.BACK, Signal.SECRET_WORKS)


def due_at(d: Delivery) -> float:
    """Return when a delivery's next step is due, in seconds after `NOW`."""
    assert isinstance(d.doing, Step)
    return d.doing.at - NOW


@pytest.mark.parametrize("jitter", [0.8, 1.0, 1.2])
def test_pauses_grow_from_2_seconds_to_5_minutes(jitter: float) -> None:
    """Each is at most a fifth shorter or longer, so that not all come at once."""
    d, times = delivery(lifetime=48 * HOUR), [0.0]
    for _ in range(10):
        d = after(d, (times[-1], BEGAN), (times[-1], NO_CONNECTION), jitter=jitter)
        times.append(due_at(d))

    assert PAUSES == (2, 5, 10, 20, 40, 80, 160, 300)
    pauses = [later - sooner for sooner, later in pairwise(times)]
    assert pauses == pytest.approx([jitter * p for p in (*PAUSES, 300, 300)])


def test_a_search_that_found_nothing_does_not_make_pauses_short_again() -> None:
    """While only the sending call fails, each round of it comes later than the last."""
    d, sent, now = delivery(lifetime=48 * HOUR), 0, 0.0
    while now < 2 * HOUR:
        d = after(d, (now, BEGAN), (now, NO_ANSWER))
        sent += 1
        now = due_at(d)
        while isinstance(d.doing, Step) and d.doing.task is Task.FIND:
            d = after(d, (now, Signal.NOTHING_FOUND))
            now = due_at(d)

    assert sent <= 35


def test_a_caller_is_told_by_a_pause() -> None:
    """Whatever made it necessary."""
    assert not begun().told
    assert after(begun(), (1, NO_CONNECTION)).told
    assert in_doubt().told


def test_the_reason_for_waiting_is_the_latest_one() -> None:
    """Until it is accepted."""
    d = after(begun(), (0, NO_ANSWER), (2, BEGAN), (3, NO_CONNECTION))
    assert d.reason == "cannot_connect"

    d = after(d, (8, BEGAN), (9, Accepted("101")))
    assert (d.reason, d.tries, d.doubt) == (None, 0, None)


def test_what_lets_go_one_kind_of_waiting_leaves_the_others_alone() -> None:
    """Without a connection, without an answer, with a wrong secret, with an open question."""
    pausing = {
        Signal.CONNECTED: after(begun(), (0, NO_CONNECTION)),
        Signal.BACK: in_doubt(),
        Signal.SECRET_WORKS: parked(),
        None: after(in_doubt(), (2, Signal.UNDECIDED)),
    }
    let_go = {
        Signal.CONNECTED: {Signal.CONNECTED},
        Signal.BACK: {Signal.CONNECTED, Signal.BACK},
        Signal.SECRET_WORKS: {Signal.SECRET_WORKS},
    }

    for signal in SIGNALS:
        for waits_for, d in pausing.items():
            changed = after(d, (4, signal)) != d
            assert changed is (waits_for in let_go[signal])


@pytest.mark.parametrize("signal", SIGNALS)
def test_what_is_under_way_or_due_at_once_is_not_brought_forward(
    signal: Signal,
) -> None:
    """It does not wait for anything."""
    assert after(begun(), (1, signal)) == begun()
    assert after(delivery(), (1, signal)) == delivery()


def test_what_was_let_go_is_not_let_go_again() -> None:
    """It is under way by then; and how often it was tried is not forgotten."""
    d = after(begun(), (0, NO_CONNECTION), (1, Signal.BACK))

    assert d.doing == due(Task.SEND, 1)
    assert d.tries == 1
    assert after(d, (2, Signal.BACK)) == d


def test_a_question_without_an_answer_is_asked_when_others_are_answered() -> None:
    """But not before what it asks about must be in the list."""
    d = after(in_doubt(), (100, Signal.ASK_FAILED))
    assert after(d, (101, Signal.CONNECTED)).doing == due(Task.FIND, 101)

    early = after(in_doubt(), (90, BEGAN), (99, NO_ANSWER))
    assert early.doing == due(Task.FIND, 130, Signal.BACK)
    assert after(early, (100, Signal.BACK)).doing == due(Task.FIND, 130)


def test_a_secret_that_works_lets_a_message_go_after_ever_longer_pauses() -> None:
    """A provider that mistakes the secret now and then is not stormed."""
    d, now, pauses = parked(), 3.0, []
    for _ in range(9):
        d = after(d, (now, Signal.SECRET_WORKS))
        assert isinstance(d.doing, Step)
        assert d.doing.task is Task.SEND
        now = due_at(d)
        assert d.last_attempt_at is not None
        pauses.append(NOW + now - d.last_attempt_at)
        d = after(d, (now, BEGAN), (now, WRONG_SECRET))

    assert pauses == [10, 20, 40, 80, 160, 300, 300, 300, 300]


def test_a_secret_that_works_lets_a_doubt_be_looked_into() -> None:
    """The window is over, so that it is not sent."""
    d = after(in_doubt(), (2, BEGAN), (3, WRONG_SECRET))
    assert d.doing == due(Task.WAIT, HOUR, Signal.SECRET_WORKS)

    assert after(d, (50, Signal.SECRET_WORKS)).doing == due(Task.SEND, 50)
    assert after(d, (150, Signal.SECRET_WORKS)).doing == due(Task.FIND, 150)


def test_a_message_whose_caller_waits_is_refused_when_the_secret_is_wrong() -> None:
    """Its caller gets the error; one who was told `queued` does not."""
    refused = after(begun(), (1, WRONG_SECRET))
    assert ended(refused) == (State.FAILED, "invalid_auth")

    told = after(begun(), (10, Signal.TOLD), (11, WRONG_SECRET))
    assert (told.state, told.reason) == (State.QUEUED, "invalid_auth")


def test_a_secret_that_works_too_late_saves_no_message() -> None:
    """It expires, and the reason says what kept it."""
    d = parked(lifetime=60)
    assert after(d, (55, Signal.SECRET_WORKS)).doing == due(Task.SEND, 55)
    assert ended(after(d, (60, Signal.TICKED))) == (State.EXPIRED, "invalid_auth")

    late = after(d, (59, Signal.SECRET_WORKS), (59, BEGAN), (59.5, WRONG_SECRET))
    assert late.doing == due(Task.WAIT, 60, Signal.SECRET_WORKS)
    assert ended(after(d, (60, Signal.SECRET_WORKS))) == (State.EXPIRED, "invalid_auth")


def test_a_pause_that_would_end_too_late_ends_with_the_message() -> None:
    """Until then it may still be let go."""
    d = after(begun(lifetime=60), (57.5, NO_CONNECTION))
    assert d.doing == due(Task.SEND, 59.5, Signal.CONNECTED)

    d = after(begun(lifetime=60), (58, NO_CONNECTION))
    assert d.doing == due(Task.WAIT, 60, Signal.CONNECTED)
    assert after(d, (59, Signal.CONNECTED)).doing == due(Task.SEND, 59)


def test_a_message_expires_at_the_moment_it_was_given() -> None:
    """Not a moment sooner."""
    d = after(begun(lifetime=60), (58, NO_CONNECTION))

    assert after(d, (59.5, Signal.TICKED)).state is State.QUEUED
    assert after(d, (60, Signal.TICKED)).state is State.EXPIRED


def test_an_attempt_does_not_begin_when_its_time_is_over() -> None:
    """Nor does an attempt under way end by it."""
    assert after(delivery(lifetime=60), (59.5, BEGAN)).doing == Attempt(NOW + 59.5)
    assert ended(after(delivery(lifetime=60), (60, BEGAN))) == (State.EXPIRED, None)

    assert after(begun(lifetime=60), (61, Signal.TICKED)) == begun(lifetime=60)
    assert after(begun(lifetime=60), (61, Accepted("1"))).state is State.WAITING


def test_what_is_said_of_a_message_nobody_tries_to_send_counts_from_its_beginning() -> (
    None
):
    """As when something unexpected happens before an attempt begins."""
    d = after(delivery(), (30, NO_CONNECTION))
    assert d.attempts is not None
    assert (d.attempts.first_at, d.attempts.last_at) == (NOW, NOW)

    silent = after(delivery(), (30, NO_ANSWER))
    assert silent.attempts is not None
    assert (silent.attempts.first_at, silent.attempts.last_at) == (NOW, NOW + 30)
    assert silent.doubt is not None
    assert silent.doubt.since == NOW


def test_no_two_messages_share_their_pauses_by_chance() -> None:
    """The jitter is a factor of the pause, and of nothing else."""
    d = advance(begun(), NO_CONNECTION, moment(1), 1.2)

    assert d.doing == due(Task.SEND, 3.4, Signal.CONNECTED)
