"""Deliveries in the middle of their lives."""

from typing import Any

from custom_components.bisms.outbox.events import (
    Accepted,
    Began,
    NotSent,
    Refused,
    Sighting,
    Signal,
    Silent,
)
from custom_components.bisms.outbox.record import Delivery, End, State, Step, Task
from tests.messages import NOW, after, delivery

SEEN = Sighting("100", NOW - 5)
BEGAN = Began(SEEN)
DUPLICATE = Refused("duplicate_message")
TWIN_SENT = Refused("duplicate_message", repeats_other=True)
TWIN_OPEN = Refused("duplicate_message", repeats_other=None)
WRONG_SECRET = Refused("invalid_auth")
NO_CREDIT = Refused("not_enough_credits")
NO_CONNECTION = NotSent("cannot_connect")
NO_ANSWER = Silent("no_answer")


def due(task: Task, seconds: float, sooner_on: Signal | None = None) -> Step:
    """Return a step that is due so many seconds after `NOW`."""
    return Step(task, NOW + seconds, sooner_on)


def ended(delivery: Delivery) -> tuple[State, str | None]:
    """Return how a delivery ended, and why."""
    assert isinstance(delivery.doing, End)
    return delivery.state, delivery.reason


def begun(*numbers: str, **options: Any) -> Delivery:
    """Return a delivery whose first attempt began at once."""
    return after(delivery(*numbers, **options), (0, BEGAN))


def in_doubt(*numbers: str, **options: Any) -> Delivery:
    """Return a delivery whose first attempt got no answer, at once."""
    return after(begun(*numbers, **options), (0, NO_ANSWER))


def accepted(*numbers: str, **options: Any) -> Delivery:
    """Return a delivery that the provider accepted at once."""
    return after(begun(*numbers, **options), (0, Accepted("101")))


def id_lost(*numbers: str, **options: Any) -> Delivery:
    """Return a delivery that a 77 after 3 s shows to have been accepted."""
    return after(in_doubt(*numbers, **options), (2, BEGAN), (3, DUPLICATE))


def parked(**options: Any) -> Delivery:
    """Return a delivery that met a wrong secret after 3 s, its caller told by then."""
    return after(begun(**options), (0, NO_CONNECTION), (2, BEGAN), (3, WRONG_SECRET))
