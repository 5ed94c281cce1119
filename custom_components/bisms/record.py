"""What is known of one message, and what can happen to it. Times are UTC seconds."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum, auto
from typing import NamedTuple

from .provider.models import DeliveryReport, Message, NumberState

UNKNOWN = "unknown"
"""The reason of a delivery whose fate could not be learned."""


class State(StrEnum):
    """The states of a delivery; they only move forward."""

    QUEUED = "queued"
    SCHEDULED = "scheduled"
    WAITING = "waiting"
    PENDING = "pending"
    DELIVERED = "delivered"
    PARTIALLY_DELIVERED = "partially_delivered"
    FAILED = "failed"
    EXPIRED = "expired"


FINAL = frozenset(
    {State.DELIVERED, State.PARTIALLY_DELIVERED, State.FAILED, State.EXPIRED}
)


class Task(StrEnum):
    """What is due next for a delivery."""

    SEND = "send"
    FIND = "find"
    REPORT = "report"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Step:
    """The next task and the time it is due, in UTC seconds."""

    task: Task
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message, what became of it so far, and what is due next.

    Attributes
    ----------
    id
        This product's own id.
    created_at, expires_at
        The times between which it may be sent.
    context
        What caused it, as Home Assistant's context: id, parent id, user id.
    reason
        Why it failed or expired; while queued, what kept it from being sent.
    tries
        Requests made in a row without an answer that settles anything.
    announced
        The caller was told that it is queued, so nobody waits for its answer.
    attempt_at
        When the attempt under way began.
    first_attempt_at, last_attempt_at
        When the first and the latest attempt began; in doubt, a restart counts as one.
    silent
        At least one attempt's fate was unknown at some time.
    doubt_since
        When the earliest attempt of unknown fate began; 0 after a restart, for the clock
        may have been set meanwhile.
    doubt_until
        The time up to which that fate is looked into.
    unknowable
        An attempt's fate can never be learned: there was nothing to compare with.
    baseline, baseline_at
        The newest id in the account before any attempt that may have got through, and
        when that was asked; empty when the account had none; None when it was not known.
    dlr_id
        The provider's id; None with `accepted_at` set means that it was lost.
    accepted_at
        When it was learned that the provider accepted it.
    numbers
        The state of each number in the latest report.
    refusal
        The end it comes to if the doubt turns out to be unfounded.
    """

    id: str
    message: Message
    created_at: float
    expires_at: float
    context: tuple[str, str | None, str | None] | None = None
    state: State = State.QUEUED
    next: Step | None = None
    reason: str | None = None
    tries: int = 0
    announced: bool = False
    attempt_at: float | None = None
    first_attempt_at: float | None = None
    last_attempt_at: float | None = None
    silent: bool = False
    doubt_since: float | None = None
    doubt_until: float = 0.0
    unknowable: bool = False
    baseline: str | None = None
    baseline_at: float | None = None
    dlr_id: str | None = None
    accepted_at: float | None = None
    numbers: Mapping[str, NumberState] = field(default_factory=dict)
    refusal: str | None = None

    @property
    def final(self) -> bool:
        """Whether nothing can change any more."""
        return self.state in FINAL

    @property
    def touched_at(self) -> float:
        """When something was last done about it."""
        times = (self.last_attempt_at, self.baseline_at, self.accepted_at)
        return max([self.created_at, *(at for at in times if at is not None)])

    @property
    def sent_at(self) -> float | None:
        """When the provider sends or sent it, as far as is known."""
        if self.accepted_at is None or self.message.send_at is None:
            return self.accepted_at
        return max(self.accepted_at, self.message.send_at.timestamp())

    @property
    def lost(self) -> bool:
        """Whether the provider accepted it under an id that is not known."""
        return self.accepted_at is not None and self.dlr_id is None

    @property
    def answered(self) -> bool:
        """Whether a caller need not wait any longer."""
        return self.announced or self.accepted_at is not None or self.final

    @property
    def shown(self) -> tuple[object, ...]:
        """What a user sees of it; a change of anything else is no news."""
        numbers = tuple(self.numbers.items())
        return self.state, self.announced, self.dlr_id, self.reason, numbers

    @property
    def waits(self) -> bool:
        """Whether it waits in the outbox, its caller answered."""
        return self.announced and self.state is State.QUEUED

    @property
    def unresolved(self) -> bool:
        """Whether one of the provider's sendings may be this message without our knowing."""
        if self.lost or self.unknowable:
            return True
        if self.accepted_at is not None:
            return False
        under_way = self.attempt_at is not None
        return under_way or self.doubt_since is not None or self.reason == UNKNOWN


def entered(
    delivery_id: str,
    message: Message,
    now: float,
    lifetime: float,
    context: tuple[str, str | None, str | None] | None = None,
) -> Delivery:
    """Return a message's delivery as it begins: to be sent at once.

    Parameters
    ----------
    delivery_id
        This product's own id for it.
    message
        What to send.
    now
        UTC seconds.
    lifetime
        Seconds it may wait to be sent.
    context
        What caused it: Home Assistant's context id, parent id and user id.
    """
    return Delivery(
        id=delivery_id,
        message=message,
        created_at=now,
        expires_at=now + lifetime,
        context=context,
        next=Step(Task.SEND, now),
    )


class Began(NamedTuple):
    """An attempt begins; the newest id known in the account is of the time `baseline_at`."""

    baseline: str | None
    baseline_at: float | None


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
    """The attempt certainly did not reach the provider."""

    reason: str


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


class Signal(Enum):
    """What can happen of which there is nothing more to tell.

    Attributes
    ----------
    NO_REPORT
        The provider has no report for the id (79).
    NOTHING_FOUND
        None of the sendings since the baseline is this message.
    NO_REFERENCE
        There was no baseline to look from.
    UNDECIDED
        A sending that may be this message has no report to tell by yet.
    ASK_FAILED
        A question, not an attempt to send, got no answer.
    TOLD
        The caller was answered `queued` while the attempt is still under way.
    REACHABLE
        The provider answers again.
    TICKED
        Time went by.
    RESTARTED
        The delivery was read back after a stop, a crash or a reload.
    """

    NO_REPORT = auto()
    NOTHING_FOUND = auto()
    NO_REFERENCE = auto()
    UNDECIDED = auto()
    ASK_FAILED = auto()
    TOLD = auto()
    REACHABLE = auto()
    TICKED = auto()
    RESTARTED = auto()


type Event = Began | Accepted | Refused | NotSent | Silent | Reported | Found | Signal


def number_states(delivery: Delivery) -> dict[str, NumberState]:
    """Return the state of each of the message's numbers; unreported ones are waiting."""
    return {
        number: delivery.numbers.get(number, NumberState.WAITING)
        for number in delivery.message.numbers
    }


def overall(states: Collection[NumberState], *, closed: bool) -> State:
    """Return what the states of some numbers amount to.

    Once the report is closed, what is not delivered counts as failed.
    """
    if closed or all(state >= NumberState.FAILED for state in states):
        delivered = [state is NumberState.DELIVERED for state in states]
        if any(delivered):
            return State.DELIVERED if all(delivered) else State.PARTIALLY_DELIVERED
        return State.FAILED
    return State.PENDING if NumberState.PENDING in states else State.WAITING


def state_for(delivery: Delivery, numbers: Collection[str]) -> State:
    """Return the state of a delivery as far as it concerns some of its numbers."""
    if delivery.accepted_at is None or delivery.state is State.SCHEDULED:
        return delivery.state
    states = [s for n, s in number_states(delivery).items() if n in numbers]
    return overall(states, closed=delivery.final)


def shifted(delivery: Delivery, seconds: float) -> Delivery:
    """Return the delivery with its times moved by as much as the clock was set.

    The duplicate window never moves on: a machine that slept shows the same jump.
    """

    def moved(at: float | None) -> float | None:
        return None if at is None else at + seconds

    step = delivery.next
    return replace(
        delivery,
        created_at=delivery.created_at + seconds,
        expires_at=delivery.expires_at + seconds,
        next=None if step is None else replace(step, at=step.at + seconds),
        attempt_at=moved(delivery.attempt_at),
        first_attempt_at=moved(delivery.first_attempt_at),
        last_attempt_at=moved(delivery.last_attempt_at),
        baseline_at=moved(delivery.baseline_at),
        doubt_since=moved(delivery.doubt_since)
        if seconds < 0
        else delivery.doubt_since,
        doubt_until=delivery.doubt_until + seconds,
        accepted_at=moved(delivery.accepted_at),
    )


def happened(before: Delivery, after: Delivery) -> list[str]:
    """Return what a change means to a user: the types of the events to fire, in order."""
    types = []
    if after.announced and not before.announced and after.state is State.QUEUED:
        types.append("queued")
    if after.accepted_at is not None and before.accepted_at is None:
        types.append("sent")
    if after.final and not before.final:
        types.append(after.state.value)
    return types
