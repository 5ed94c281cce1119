"""What changes nothing: events of a time that is over, or has not come."""

import math

import pytest

from custom_components.bisms.outbox.events import (
    Accepted,
    Event,
    Found,
    NotSent,
    Refused,
    Reported,
    Restored,
    Sighting,
    Signal,
    Silent,
)
from custom_components.bisms.outbox.lifecycle import advance
from custom_components.bisms.outbox.record import FINAL, Delivery, End, State
from custom_components.bisms.provider.models import NumberState, ReportPhase
from tests.messages import HOUR, NOW, after, delivery, having, moment, report

from .lives import BEGAN, SEEN, WRONG_SECRET, accepted, begun, id_lost, in_doubt

DELIVERED = report(ReportPhase.FINAL, ayse=NumberState.DELIVERED)

EVENTS: tuple[Event, ...] = (
    BEGAN,
    Accepted("9"),
    Refused("x"),
    WRONG_SECRET,
    NotSent("x"),
    Silent("x"),
    Reported(DELIVERED),
    Found("9", DELIVERED),
    Restored(Sighting("9", NOW)),
    *Signal,
)


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("state", sorted(FINAL))
def test_the_end_is_the_end(state: State, event: Event) -> None:
    """Nothing changes a message after it, be it accepted or not."""
    for start in (accepted(), in_doubt()):
        over = having(start, doing=End(state, None))

        assert advance(over, event, moment(math.inf)) is over


@pytest.mark.parametrize(
    "event",
    [
        BEGAN,
        Accepted("9"),
        Refused("x"),
        NotSent("x"),
        Silent("x"),
        Restored(SEEN),
        Signal.TOLD,
        Signal.CONNECTED,
        Signal.BACK,
        Signal.SECRET_WORKS,
        Signal.RESTARTED,
    ],
)
@pytest.mark.parametrize("start", [accepted(), id_lost(), accepted(send_in=HOUR)])
def test_what_belongs_to_sending_changes_nothing_once_it_is_accepted(
    start: Delivery, event: Event
) -> None:
    """Nor does a restart: its report is due when it was due before."""
    assert after(start, (5 * HOUR, event)) is start


@pytest.mark.parametrize("start", [begun(), in_doubt(), delivery()])
@pytest.mark.parametrize("event", [Reported(DELIVERED), Signal.NO_REPORT])
def test_reports_change_nothing_while_it_is_queued(
    start: Delivery, event: Event
) -> None:
    """Nobody asked for one."""
    assert after(start, (1, event)) == start


def test_an_unchanged_message_is_the_same_object() -> None:
    """That is how it is told that nothing happened."""
    new = delivery()

    assert advance(new, Signal.TICKED, moment()) is new


def test_without_a_word_about_jitter_there_is_none() -> None:
    """Pauses are what they are said to be."""
    assert advance(in_doubt(), Signal.ASK_FAILED, moment(100)) == advance(
        in_doubt(), Signal.ASK_FAILED, moment(100), 1.0
    )
