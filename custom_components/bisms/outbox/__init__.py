"""The outbox: keeps messages, on disk too, and carries out what is due; the door to it."""

from .allowance import HourlyLimitError
from .engine import ClosedError, Outbox, TooLateError
from .journal import (
    Files,
    Loaded,
    NotReplacedError,
    UnreadableStoreError,
    saved_deliveries,
)
from .record import FINAL, UNKNOWN, Attempt, Delivery, End, State, Step
from .shown import happened, number_states, overall, seen, state_for

__all__ = [
    "FINAL",
    "UNKNOWN",
    "Attempt",
    "ClosedError",
    "Delivery",
    "End",
    "Files",
    "HourlyLimitError",
    "Loaded",
    "NotReplacedError",
    "Outbox",
    "State",
    "Step",
    "TooLateError",
    "UnreadableStoreError",
    "happened",
    "number_states",
    "overall",
    "saved_deliveries",
    "seen",
    "state_for",
]
