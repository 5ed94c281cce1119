"""Messages that say the same to the same, and which of them a 77 is about."""

from copy import replace

import pytest

from custom_components.bisms.outbox.clock import Now
from custom_components.bisms.outbox.events import Accepted, Began, Event, Signal
from custom_components.bisms.outbox.record import Delivery
from custom_components.bisms.outbox.twins import explain
from custom_components.bisms.provider.models import Message
from tests.messages import ALI, AYSE, HOUR, after, delivery, having, message, moment

from .lives import BEGAN, NO_ANSWER, NO_CONNECTION, NO_CREDIT

TAKEN = Accepted("101")


def refused_at(seconds: float, *numbers: str) -> Delivery:
    """Return a message whose attempt began then, and was called a repeat."""
    return after(having(delivery(*numbers), id="mine"), (seconds, BEGAN))


def twin(began: float, *then: Event, answered: float | None = None) -> Delivery:
    """Return a message that says the same, and what became of its attempt."""
    at = began if answered is None else answered
    return after(delivery(), (began, BEGAN), *((at, event) for event in then))


def explains(other: Delivery, began: float, *, now: Now | None = None) -> bool | None:
    """Return whether another message explains the 77 to an attempt."""
    return explain(refused_at(began), [other], now or moment(began))


def test_without_another_message_there_is_nothing_to_explain_it() -> None:
    """Then an earlier attempt of its own got through, if there was one."""
    assert explain(refused_at(5), [], moment(5)) is False


def test_a_message_that_was_just_accepted_explains_it() -> None:
    """The provider takes one for a repeat of the other."""
    assert explains(twin(0, TAKEN), 5) is True


@pytest.mark.parametrize(
    "other",
    [
        message(text="Something else"),
        message(ALI),
        replace(message(), header="BASLIK2"),
    ],
)
def test_a_message_that_says_something_else_explains_nothing(other: Message) -> None:
    """Nor one to somebody else, nor from another sender."""
    assert explains(having(twin(0, TAKEN), message=other), 5) is False


def test_a_number_in_common_is_enough() -> None:
    """The provider counts each SMS by itself."""
    both = having(twin(0, TAKEN), message=message(AYSE, ALI))

    assert explains(both, 5) is True


def test_a_message_explains_it_for_two_minutes_for_certain() -> None:
    """It was accepted when its attempt began at the earliest."""
    other = twin(0, TAKEN)

    assert explain(refused_at(110), [other], moment(119.5)) is True
    assert explain(refused_at(110), [other], moment(120)) is None


def test_a_message_may_explain_it_for_twenty_seconds_more() -> None:
    """It may have been accepted as late as that."""
    other = twin(0, TAKEN)

    assert explains(other, 139.5) is None
    assert explains(other, 140) is False


def test_while_a_twin_waits_for_its_answer_nobody_can_tell() -> None:
    """It may be either."""
    assert explains(twin(0), 5) is None


def test_while_a_twin_is_in_doubt_nobody_can_tell() -> None:
    """Nor when it is unknown for good."""
    unknown = after(twin(0, NO_ANSWER), (50, Signal.NO_REFERENCE))

    assert explains(twin(0, NO_ANSWER), 5) is None
    assert explains(unknown, 60) is None


def test_nobody_can_tell_which_attempt_of_a_twin_was_accepted() -> None:
    """If one of them got no answer, its time may long be over."""
    other = after(twin(0, NO_ANSWER), (60, BEGAN), (61, TAKEN))

    assert explains(other, 65) is None


def test_the_latest_attempt_of_a_twin_counts() -> None:
    """Earlier ones certainly failed."""
    other = after(twin(0, NO_CONNECTION), (200, BEGAN), (201, TAKEN))

    assert explains(other, 210) is True
    assert explain(refused_at(310), [other], moment(319.5)) is True


def test_a_message_that_was_certainly_not_sent_explains_nothing() -> None:
    """It waits, or was refused itself."""
    assert explains(delivery(), 5) is False
    assert explains(twin(0, NO_CONNECTION), 5) is False
    assert explains(twin(0, NO_CREDIT), 5) is False


def test_after_a_restart_nobody_can_tell_how_long_ago_a_twin_was_accepted() -> None:
    """It counts as accepted at the start, but not for certain."""
    other = twin(0, TAKEN)
    start = 9 * HOUR

    soon = moment(start + 5, steady_since=start)
    assert explain(refused_at(start + 5), [other], soon) is None
    later = moment(start + 139.5, steady_since=start)
    assert explain(refused_at(start + 139.5), [other], later) is None
    over = moment(start + 140, steady_since=start)
    assert explain(refused_at(start + 140), [other], over) is False


def test_a_twin_that_was_accepted_since_the_start_is_certain() -> None:
    """From its first moment on."""
    now = moment(5, steady_since=0)

    assert explains(twin(0, TAKEN), 5, now=now) is True
    assert explains(twin(0, TAKEN), 5, now=moment(5, steady_since=0.5)) is None


def test_a_twin_of_which_no_attempt_is_known_is_as_old_as_it_is() -> None:
    """As one that was accepted before version 2 knew of attempts."""
    other = having(twin(0, TAKEN), attempts=None)

    assert explains(other, 5) is None
    assert explains(other, 140) is False


def test_one_message_that_certainly_explains_it_is_enough() -> None:
    """However many others may."""
    others = [having(twin(0), id="a"), twin(1, TAKEN), having(twin(2), id="b")]

    assert explain(refused_at(5), others, moment(6)) is True


def test_the_attempt_that_was_refused_is_what_counts() -> None:
    """Not when its answer came."""
    other = twin(0, NO_ANSWER)

    assert explain(refused_at(139.5), [other], moment(150)) is None
    assert explain(refused_at(140), [other], moment(150)) is False


def test_an_attempt_that_is_not_known_is_one_of_now() -> None:
    """It was called a repeat just now."""
    mine = having(delivery(), id="mine")

    assert explain(mine, [twin(0, NO_ANSWER)], moment(139.5)) is None
    assert explain(mine, [twin(0, NO_ANSWER)], moment(140)) is False


def test_a_large_twin_may_explain_it_for_longer() -> None:
    """It takes longer to take effect."""
    many = (AYSE, *(str(905550000000 + number) for number in range(40_000)))
    large = having(twin(0, NO_ANSWER), message=message(*many))

    assert explains(large, 141) is None


def test_a_repeat_of_an_own_attempt_began_when_it_began() -> None:
    """An attempt of a message in doubt keeps its own time."""
    mine = after(refused_at(0), (1, NO_ANSWER), (60, Began(None)))

    assert explain(mine, [twin(58, TAKEN)], moment(61)) is True
