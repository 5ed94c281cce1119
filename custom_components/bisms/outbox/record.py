"""What is known of one message.

Times are seconds on the clock's time line, unless their names say `utc`. Each part of a
delivery is there or not; what a user sees as its state follows from them.
"""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import NamedTuple

from ..provider.models import Message, NumberState
from .events import Sighting, Signal

UNKNOWN = "unknown"
"""The reason of a delivery whose fate could not be learned."""

type Context = tuple[str, str | None, str | None]
"""What caused a message, as Home Assistant's context: id, parent id, user id."""


class State(StrEnum):
    """The states of a delivery; they only move forward."""

    HELD = "held"
    QUEUED = "queued"
    SCHEDULED = "scheduled"
    WAITING = "waiting"
    PENDING = "pending"
    DELIVERED = "delivered"
    PARTIALLY_DELIVERED = "partially_delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


FINAL = frozenset(
    {
        State.DELIVERED,
        State.PARTIALLY_DELIVERED,
        State.FAILED,
        State.EXPIRED,
        State.CANCELLED,
    }
)


class Task(StrEnum):
    """What is due next for a delivery."""

    SEND = "send"
    FIND = "find"
    REPORT = "report"
    WAIT = "wait"
    HOLD = "hold"


class Step(NamedTuple):
    """The next task and when it is due; a signal may bring it forward."""

    task: Task
    at: float
    sooner_on: Signal | None = None

    def __str__(self) -> str:
        """Say it in the log."""
        return f"{self.task} at {self.at:.1f}"


class Attempt(NamedTuple):
    """A request to send is under way."""

    began_at: float

    def __str__(self) -> str:
        """Say it in the log."""
        return "an answer"


class End(NamedTuple):
    """Nothing can change any more."""

    state: State
    reason: str | None

    def __str__(self) -> str:
        """Say it in the log."""
        return "nothing"


class Certainty(IntEnum):
    """What is certain of the attempts that are over; the least of it counts.

    Attributes
    ----------
    ANSWERED
        Each was answered, or never left.
    SILENT
        At least one was neither, though what became of it may have been found out.
    UNKNOWABLE
        What became of one can never be found out.
    """

    ANSWERED = 0
    SILENT = 1
    UNKNOWABLE = 2


class Attempts(NamedTuple):
    """The attempts that are over.

    Attributes
    ----------
    first_at
        When the first one began that may have got through; if none may, the last one.
    last_at
        When the last one began.
    certainty
        What is certain of them.
    """

    first_at: float
    last_at: float
    certainty: Certainty


class Doubt(NamedTuple):
    """An attempt may have got through.

    Attributes
    ----------
    since
        When the earliest attempt of unknown fate began.
    until
        Up to when that fate is looked into.
    refusal
        The reason it fails for if the doubt turns out to be unfounded.
    """

    since: float
    until: float
    refusal: str | None = None


class Hold(NamedTuple):
    """It is kept here until its time.

    Attributes
    ----------
    until_utc
        When it is to be sent, by the machine's clock.
    lifetime
        Seconds from then on for which it may wait to be sent.
    """

    until_utc: float
    lifetime: float


class Acceptance(NamedTuple):
    """The provider accepted it.

    Attributes
    ----------
    at
        When that was learned.
    sent_at, sent_utc
        When the provider sends or sent it, on the time line and on the machine's clock.
    dlr_id
        The provider's id; None while it is lost.
    numbers
        The state of each number in the latest report.
    pending
        Some number was sent and without word at some time.
    """

    at: float
    sent_at: float
    sent_utc: float
    dlr_id: str | None
    numbers: Mapping[str, NumberState] = MappingProxyType({})
    pending: bool = False


class Delivery(NamedTuple):
    """One message, what became of it so far, and what is due next.

    Attributes
    ----------
    id
        This product's own id.
    created_at, created_utc
        When it entered, on the time line and on the machine's clock.
    expires_at
        Until when it may be sent.
    doing
        What it is doing: a step due, an attempt under way, or its end.
    context
        What caused it.
    resend_in_doubt
        It is sent once more if its fate stays unknown.
    told
        Its caller need not wait any longer.
    waits_because
        What kept it from being sent the last time.
    tries
        Requests made in a row without an answer that settles anything.
    attempts
        The attempts that are over; None before the first.
    baseline
        The newest id before any attempt that may have got through; None when not known.
    doubt
        None while nothing is in doubt.
    acceptance
        None until the provider accepted it.
    hold
        None unless it entered to be sent later.
    """

    id: str
    message: Message
    created_at: float
    created_utc: float
    expires_at: float
    doing: Step | Attempt | End
    context: Context | None = None
    resend_in_doubt: bool = False
    told: bool = False
    waits_because: str | None = None
    tries: int = 0
    attempts: Attempts | None = None
    baseline: Sighting | None = None
    doubt: Doubt | None = None
    acceptance: Acceptance | None = None
    hold: Hold | None = None

    @property
    def state(self) -> State:
        """What a user calls it."""
        match self.doing:
            case End(state, _):
                return state
            case Step(Task.HOLD, _, _):
                return State.HELD
            case Step(Task.WAIT, _, _) if self.acceptance is not None:
                return State.SCHEDULED
        if self.acceptance is None:
            return State.QUEUED
        return State.PENDING if self.acceptance.pending else State.WAITING

    @property
    def reason(self) -> str | None:
        """Why it failed or expired; while queued, what kept it from being sent."""
        if isinstance(self.doing, End):
            return self.doing.reason
        return self.waits_because

    @property
    def final(self) -> bool:
        """Whether nothing can change any more."""
        return isinstance(self.doing, End)

    @property
    def accepted(self) -> bool:
        """Whether the provider accepted it, as far as is known."""
        return self.acceptance is not None

    @property
    def dlr_id(self) -> str | None:
        """The provider's id, as far as it is known."""
        return None if self.acceptance is None else self.acceptance.dlr_id

    @property
    def sent_utc(self) -> float | None:
        """What the machine's clock showed when it was sent, or will when it is."""
        return None if self.acceptance is None else self.acceptance.sent_utc

    @property
    def id_is_lost(self) -> bool:
        """Whether the provider accepted it under an id that is not known."""
        return self.acceptance is not None and self.acceptance.dlr_id is None

    @property
    def waits(self) -> bool:
        """Whether it waits in the outbox, its caller answered."""
        return self.told and self.state is State.QUEUED

    @property
    def planned_utc(self) -> float | None:
        """What the machine's clock will show when it is sent, if that is later."""
        match self.state:
            case State.HELD if self.hold is not None:
                return self.hold.until_utc
            case State.SCHEDULED:
                return self.sent_utc
        return None

    @property
    def is_under_way(self) -> bool:
        """Whether an attempt to send it is."""
        return isinstance(self.doing, Attempt)

    @property
    def has_not_left(self) -> bool:
        """Whether it waits here, no attempt under way."""
        return self.acceptance is None and isinstance(self.doing, Step)

    @property
    def can_be_cancelled(self) -> bool:
        """Whether it has certainly not been sent, and need not be."""
        is_certain = self.doubt is None and self.certainty < Certainty.UNKNOWABLE
        return self.has_not_left and is_certain

    @property
    def is_parked(self) -> bool:
        """Whether it waits for the account's secret to work."""
        match self.doing:
            case Step(_, _, Signal.SECRET_WORKS):
                return True
        return False

    @property
    def certainty(self) -> Certainty:
        """What is certain of its attempts that are over."""
        return Certainty.ANSWERED if self.attempts is None else self.attempts.certainty

    @property
    def first_attempt_at(self) -> float | None:
        """When the first attempt began that may have got through, be it over or not."""
        before = self.attempts
        if before is None or not (
            self.doubt or before.certainty is Certainty.UNKNOWABLE
        ):
            if isinstance(self.doing, Attempt):
                return self.doing.began_at
        return None if before is None else before.first_at

    @property
    def last_attempt_at(self) -> float | None:
        """When its latest attempt began, be it over or not."""
        if isinstance(self.doing, Attempt):
            return self.doing.began_at
        return None if self.attempts is None else self.attempts.last_at

    @property
    def claims(self) -> bool:
        """Whether a sending under an id that is not known may be this message."""
        if self.id_is_lost or self.certainty is Certainty.UNKNOWABLE:
            return True
        match self.doing:
            case Attempt():
                return True
            case End(_, reason):
                return reason == UNKNOWN
        return self.doubt is not None


def entered(
    delivery_id: str,
    message: Message,
    at: float,
    utc: float,
    lifetime: float,
    *,
    held_until: float | None = None,
    resend_in_doubt: bool = False,
    context: Context | None = None,
) -> Delivery:
    """Return a message's delivery as it begins: to be sent at once, or held.

    Parameters
    ----------
    delivery_id
        This product's own id for it.
    message
        What to send.
    at, utc
        The time, on the time line and on the machine's clock.
    lifetime
        Seconds it may wait to be sent.
    held_until
        When it is to be sent, in UTC seconds; None for at once.
    resend_in_doubt
        Whether it is sent once more if its fate stays unknown.
    context
        What caused it.
    """
    task = Task.SEND if held_until is None else Task.HOLD
    return Delivery(
        id=delivery_id,
        message=message,
        created_at=at,
        created_utc=utc,
        expires_at=at + lifetime,
        doing=Step(task, at),
        hold=None if held_until is None else Hold(held_until, lifetime),
        resend_in_doubt=resend_in_doubt,
        context=context,
    )
