"""When a repeat can't double a message, and when all that was sent is in the list."""

import pytest

from custom_components.bisms.outbox.events import Signal
from custom_components.bisms.outbox.record import Attempt, Delivery, Doubt, Task
from custom_components.bisms.outbox.window import (
    DUPLICATE_WINDOW,
    LIST_LAG,
    MARGIN,
    blocks_from,
    blocks_until,
    listed_at,
    may_repeat,
    settle,
)
from custom_components.bisms.provider.client import REQUEST_TIMEOUT
from tests.messages import HOUR, NOW, after, delivery, having, message, moment

from .lives import BEGAN, NO_ANSWER, NO_CONNECTION, NO_CREDIT, begun, due, in_doubt

MANY = tuple(str(905550000000 + number) for number in range(40_000))
LAST = 100.0


def repeats(d: Delivery, seconds: float, *, steady_since: float = -HOUR) -> bool:
    """Whether it may be sent again so many seconds after `NOW`, as is known then."""
    now = moment(seconds, steady_since=steady_since)
    return may_repeat(d, now, NOW + seconds)


def test_the_provider_holds_back_the_same_sms_for_two_minutes() -> None:
    """That, and what else is reckoned with."""
    assert (DUPLICATE_WINDOW, MARGIN, LIST_LAG) == (120, 5, 20)
    assert REQUEST_TIMEOUT == 15
    assert settle(message()) == 20


def test_what_is_not_in_doubt_may_be_sent() -> None:
    """At any time, and whatever is known of time."""
    assert repeats(delivery(), 0)
    assert repeats(begun(), 9 * HOUR, steady_since=9 * HOUR)


def test_a_repeat_must_be_certain_to_arrive_inside_the_window() -> None:
    """An ordinary request takes 20 s at most, so that the last one begins before 100 s."""
    assert repeats(in_doubt(), 0)
    assert repeats(in_doubt(), LAST - 0.25)
    assert not repeats(in_doubt(), LAST)


def test_the_window_is_that_of_the_earliest_attempt_in_doubt() -> None:
    """A later attempt does not prolong it."""
    d = after(in_doubt(), (80, BEGAN), (95, NO_ANSWER))

    assert d.doubt is not None
    assert d.doubt.since == NOW
    assert d.doing == due(Task.FIND, 120, Signal.BACK)


def test_an_attempt_that_certainly_failed_opens_no_window() -> None:
    """It begins with the first that got no answer."""
    d = after(begun(), (0, NO_CONNECTION), (50, BEGAN), (51, NO_ANSWER))

    assert repeats(d, 149)
    assert not repeats(d, 150)


@pytest.mark.parametrize(
    ("silent_at", "step"),
    [
        (LAST - 2.25, due(Task.SEND, LAST - 0.25, Signal.BACK)),
        (LAST - 2, due(Task.FIND, LAST, Signal.BACK)),
        (LAST, due(Task.FIND, LAST + 2, Signal.BACK)),
    ],
)
def test_a_pause_must_leave_time_for_a_repeat(silent_at: float, step: object) -> None:
    """What is planned for a moment too late is a search."""
    assert after(begun(), (silent_at, NO_ANSWER)).doing == step


def test_a_repeat_that_comes_too_late_becomes_a_look() -> None:
    """As after a busy minute."""
    d = in_doubt()
    assert d.doing == due(Task.SEND, 2, Signal.BACK)

    looked_for = due(Task.FIND, LAST, Signal.BACK)
    assert after(d, (LAST - 0.25, Signal.TICKED)) == d
    assert after(d, (LAST, Signal.TICKED)).doing == looked_for
    assert after(d, (LAST, BEGAN)).doing == looked_for


def test_a_repeat_that_is_late_but_not_too_late_is_sent() -> None:
    """The window is still open."""
    late = after(in_doubt(), (LAST - 0.25, BEGAN))

    assert late.doing == Attempt(NOW + LAST - 0.25)


@pytest.mark.parametrize(("steady_since", "find_at"), [(0.25, 50), (50, 90)])
def test_a_clock_that_was_set_meanwhile_closes_the_window(
    steady_since: float, find_at: float
) -> None:
    """It is not known how long ago the attempt was."""
    d = after(in_doubt(), (50, BEGAN), steady_since=steady_since)

    assert d.doing == due(Task.FIND, find_at, Signal.BACK)
    assert not repeats(in_doubt(), 50, steady_since=steady_since)


def test_an_attempt_since_the_clock_was_set_has_its_window() -> None:
    """From the very moment on."""
    assert repeats(in_doubt(), 50, steady_since=0)
    assert repeats(in_doubt(), 50, steady_since=-0.25)


def test_after_a_restart_nothing_is_repeated_before_it_was_looked_for() -> None:
    """Whatever the clock says, set back, set forth or standing still."""
    for seconds in (1, 5, 99, 1000):
        d = after(in_doubt(), (seconds, Signal.RESTARTED))
        assert d.doing == due(Task.FIND, seconds + 40)

        early = after(d, (seconds + 1, Signal.BACK), steady_since=seconds)
        assert early == d


def test_an_attempt_in_doubt_never_lies_ahead() -> None:
    """If it seems so, nothing is known of time."""
    ahead = having(in_doubt(), doubt=Doubt(NOW + 10, NOW + HOUR))

    assert not repeats(ahead, 9.75)
    assert repeats(ahead, 10)


def test_a_message_is_not_repeated_past_its_time() -> None:
    """What is in doubt then is only looked for."""
    d = in_doubt(lifetime=50)

    assert repeats(d, 49.75)
    assert not repeats(d, 50)


def test_a_message_that_will_fail_is_not_repeated() -> None:
    """The provider refused it; only the doubt is left."""
    d = after(in_doubt(), (2, BEGAN), (3, NO_CREDIT))

    assert not repeats(d, 5)


def test_a_large_message_takes_longer_to_arrive() -> None:
    """Its last repeat begins earlier, and it is looked for later."""
    large = message(*MANY, text="a" * 900)
    assert settle(large) > 25

    last = 120 - settle(large)
    d = after(having(delivery(), message=large), (0, BEGAN), (0, NO_ANSWER))
    assert repeats(d, last - 0.25)
    assert not repeats(d, last)
    assert listed_at(d, moment(1)) == NOW + settle(large) + 20


def test_all_that_was_sent_is_in_the_list_40_seconds_after_the_last_attempt() -> None:
    """It takes effect within 20, and is listed within 20 more."""
    twice = after(in_doubt(), (70, BEGAN), (71, NO_ANSWER))

    assert listed_at(in_doubt(), moment(60)) == NOW + 40
    assert listed_at(begun(), moment(60)) == NOW + 40
    assert listed_at(twice, moment(80)) == NOW + 110


def test_an_attempt_of_unknown_age_counts_as_one_that_just_began() -> None:
    """It may still be under way."""
    assert listed_at(in_doubt(), moment(60, steady_since=50)) == NOW + 90
    assert listed_at(delivery(), moment(60)) == NOW + 100


def test_a_look_waits_for_the_list_however_often_it_is_brought_forward() -> None:
    """What was lost on the way may take effect until then."""
    d = after(in_doubt(), (97, BEGAN), (98, NO_ANSWER))
    assert d.doing == due(Task.FIND, 137, Signal.BACK)

    assert after(d, (100, Signal.BACK)).doing == due(Task.FIND, 137)
    assert after(d, (140, Signal.BACK)).doing == due(Task.FIND, 140)


def test_a_sending_makes_a_repeat_of_what_begins_within_two_minutes() -> None:
    """It took effect up to 20 s after it began."""
    assert blocks_from(message(), NOW) == NOW - 140
    assert blocks_until(NOW) == NOW + 120
