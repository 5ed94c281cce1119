"""What can happen to a message, and what there is to tell of it."""

from enum import Enum, auto
from typing import NamedTuple

from ..provider.models import DeliveryReport


class Sighting(NamedTuple):
    """The newest id in the account at some time; empty when it had none."""

    newest_id: str
    at: float


class Signal(Enum):
    """What can happen of which there is nothing more to tell.

    Attributes
    ----------
    NO_REPORT
        The provider has no report for the id (79).
    NOTHING_FOUND
        None of the sendings that could be this message is.
    NO_REFERENCE
        There was no baseline to look from.
    UNDECIDED
        A sending may be this message, or may not.
    ASK_FAILED
        A question, not an attempt to send, got no answer.
    TOLD
        The caller was answered `queued` while the attempt is still under way.
    CONNECTED
        A question was answered: what could not be connected can be now.
    BACK
        The provider answers again, or answers attempts to send again.
    SECRET_WORKS
        A call with the account's secret was accepted.
    TICKED
        Time went by.
    HURRIED
        A user wants it to be sent now.
    CANCELLED
        A user does not want it to be sent any more.
    RESTARTED
        The delivery was read back after a stop, a crash or a reload.
    """

    NO_REPORT = auto()
    NOTHING_FOUND = auto()
    NO_REFERENCE = auto()
    UNDECIDED = auto()
    ASK_FAILED = auto()
    TOLD = auto()
    CONNECTED = auto()
    BACK = auto()
    SECRET_WORKS = auto()
    TICKED = auto()
    HURRIED = auto()
    CANCELLED = auto()
    RESTARTED = auto()


class Began(NamedTuple):
    """An attempt begins; the newest id known in the account, if one is."""

    newest: Sighting | None


class Accepted(NamedTuple):
    """The provider accepted the message and gave it an id."""

    dlr_id: str


class Refused(NamedTuple):
    """The provider refused.

    `repeats_other` says whether another message with the same content, accepted within the
    duplicate window, explains a 77; None while that one still waits for its answer.
    """

    reason: str
    repeats_other: bool | None = False


class NotSent(NamedTuple):
    """The attempt certainly did not reach the provider; no reason if it never left."""

    reason: str | None


class Silent(NamedTuple):
    """The attempt's fate is unknown."""

    reason: str


class Reported(NamedTuple):
    """A delivery report arrived."""

    report: DeliveryReport


class Found(NamedTuple):
    """A sending that can only be this message was found, with its report."""

    dlr_id: str
    report: DeliveryReport


class Restored(NamedTuple):
    """The delivery comes from a backup: it may have been sent since the newest id then."""

    newest: Sighting | None


type Event = (
    Began | Accepted | Refused | NotSent | Silent | Reported | Found | Restored | Signal
)
