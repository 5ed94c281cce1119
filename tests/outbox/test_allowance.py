"""The hourly limit: what counts, for how long, and what is given back."""

import pytest

from custom_components.bisms.outbox.allowance import HOUR, Allowance, HourlyLimitError
from custom_components.bisms.outbox.events import Accepted, Reported, Signal
from custom_components.bisms.outbox.record import Delivery
from custom_components.bisms.provider.models import NumberState, ReportPhase
from tests.messages import ALI, AYSE, NOW, after, delivery, having, report

from .lives import (
    BEGAN,
    DUPLICATE,
    NO_ANSWER,
    NO_CONNECTION,
    NO_CREDIT,
    begun,
    in_doubt,
)

MINUTE_BEGINS = NOW - NOW % 60


def left(allowance: Allowance, at: float = NOW, limit: int = 10) -> int:
    """Return how many parts may still be sent within a limit."""
    for parts in range(1, limit + 1):
        try:
            allowance.check(parts, limit, at)
        except HourlyLimitError:
            return parts - 1
    return limit


def spent_on(*lives: Delivery) -> int:
    """Return what a message has taken from the hour after each change of its life."""
    allowance = Allowance()
    for before, now in zip((None, *lives), lives, strict=False):
        allowance.change(before, now)
    return 10 - left(allowance)


def test_parts_count_for_every_number() -> None:
    """From the moment that the message enters."""
    assert spent_on(delivery()) == 1
    assert spent_on(delivery(AYSE, ALI)) == 2
    assert spent_on(delivery(AYSE, ALI, text="a" * 161)) == 4


def test_the_last_part_of_a_limit_may_be_used() -> None:
    """One more is refused, in words that say how many."""
    allowance = Allowance()
    allowance.change(None, delivery(AYSE, ALI))
    allowance.check(3, 5, NOW)

    with pytest.raises(HourlyLimitError, match="4 parts are over the hourly") as error:
        allowance.check(4, 5, NOW)
    assert error.value.parts == 4


def test_without_a_limit_everything_may_be_sent() -> None:
    """0 is no limit; but what is sent counts for who sets one."""
    allowance = Allowance()
    allowance.change(None, delivery(AYSE, ALI))

    allowance.check(1000, 0, NOW)
    assert left(allowance) == 8


def test_a_check_spends_nothing() -> None:
    """Only what enters does."""
    allowance = Allowance()
    for _ in range(9):
        allowance.check(10, 10, NOW)

    assert left(allowance) == 10


def test_an_hour_is_sixty_minutes_of_the_time_line() -> None:
    """A part counts through the minute in which it entered, and 59 more."""
    assert HOUR == 3600
    for entered_at in (MINUTE_BEGINS, MINUTE_BEGINS + 59.5):
        allowance = Allowance()
        allowance.change(None, having(delivery(), created_at=entered_at))

        assert left(allowance, MINUTE_BEGINS + HOUR - 0.5) == 9
        assert left(allowance, MINUTE_BEGINS + HOUR) == 10


def test_parts_of_the_same_minute_add_up_and_go_together() -> None:
    """Those of another stay."""
    allowance = Allowance()
    for at in (0, 30, 60):
        allowance.change(None, having(delivery(), created_at=MINUTE_BEGINS + at))

    assert left(allowance, MINUTE_BEGINS + 60) == 7
    assert left(allowance, MINUTE_BEGINS + HOUR) == 9
    assert left(allowance, MINUTE_BEGINS + HOUR + 60) == 10


def test_a_day_of_traffic_is_remembered_as_sixty_numbers() -> None:
    """Even if there is no limit."""
    allowance = Allowance()
    for minute in range(24 * 60):
        at = MINUTE_BEGINS + minute * 60
        allowance.change(None, having(delivery(), created_at=at))
        allowance.check(1, 0, at)

    assert len(allowance._spent) == 60


def test_a_message_that_spends_nothing_is_not_remembered() -> None:
    """As one that was refused before a restart."""
    allowance = Allowance()
    allowance.change(None, after(begun(), (1, NO_CREDIT)))

    assert not allowance._spent


def test_what_was_refused_gives_its_parts_back() -> None:
    """It never left."""
    assert spent_on(begun(), after(begun(), (1, NO_CREDIT))) == 0
    assert spent_on(begun(), after(begun(), (1, DUPLICATE))) == 0


def test_what_expired_gives_its_parts_back() -> None:
    """It is certain that it was not sent."""
    waiting = after(begun(), (1, NO_CONNECTION))

    assert spent_on(begun(), waiting, after(waiting, (HOUR, Signal.TICKED))) == 0


def test_what_waits_or_is_in_doubt_counts() -> None:
    """It may still leave, or have left."""
    waiting = after(begun(), (1, NO_CONNECTION))

    assert spent_on(delivery(), begun(), waiting) == 1
    assert spent_on(begun(), in_doubt()) == 1


def test_what_is_unknown_counts_as_gone() -> None:
    """It may have been sent; and so it does if it is sent once more."""
    unknown = after(in_doubt(), (HOUR, Signal.UNDECIDED))
    assert spent_on(begun(), in_doubt(), unknown) == 1

    lost = after(in_doubt(), (200, Signal.NO_REFERENCE))
    assert spent_on(lost, after(lost, (HOUR, Signal.TICKED))) == 1


def test_what_was_accepted_counts_whatever_became_of_it() -> None:
    """The provider takes its price."""
    failed = report(ReportPhase.FINAL, ayse=NumberState.FAILED)
    taken = after(begun(), (1, Accepted("101")))

    assert spent_on(begun(), taken) == 1
    assert spent_on(begun(), taken, after(taken, (90, Reported(failed)))) == 1
    error = report(ReportPhase.SEND_ERROR)
    assert spent_on(begun(), taken, after(taken, (90, Reported(error)))) == 1


def test_parts_are_given_back_to_the_minute_they_were_taken_from() -> None:
    """Not to the one in which the message expired."""
    allowance = Allowance()
    waiting = after(delivery(lifetime=2 * HOUR), (0, BEGAN), (1, NO_CONNECTION))
    allowance.change(None, waiting)
    over = after(waiting, (2 * HOUR, Signal.TICKED))
    assert over.final
    allowance.change(waiting, over)

    assert left(allowance, NOW + 2 * HOUR) == 10
    late = having(delivery(), created_at=NOW + 2 * HOUR)
    allowance.change(None, late)
    assert left(allowance, NOW + 2 * HOUR) == 9


def test_a_message_that_was_finished_before_a_restart_counts_too() -> None:
    """Or a restart would begin a new hour."""
    taken = after(begun(), (1, NO_ANSWER), (2, BEGAN), (3, Accepted("101")))

    assert spent_on(taken) == 1
    assert spent_on(after(begun(), (1, NO_CREDIT))) == 0
