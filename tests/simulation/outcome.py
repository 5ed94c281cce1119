"""What a history came to, and what was wrong with it."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby

from custom_components.bisms.outbox import Delivery
from custom_components.bisms.provider.models import Message

from .acts import Send
from .plan import Plan

type Content = frozenset[tuple[str, str]]
"""What a sending says to whom: numbers, each with its text."""


def content_of(message: Message) -> Content:
    """Return what a message says to whom."""
    return frozenset(
        (number, sms.text) for sms in message.sms for number in sms.numbers
    )


class Kind(StrEnum):
    """How a history can go wrong."""

    LOST = "lost"
    DOUBLED = "doubled"
    UNTRUE = "untrue"
    BACKWARDS = "backwards"
    NEEDLESS = "needless request"
    LATE = "late"
    CRASHED = "crashed"


class Excuse(StrEnum):
    """Why nobody could have told: what is undecidable in principle."""

    FOREIGN = "another program sent to the same numbers meanwhile"
    KILLED = "killed before a message was on disk"
    DISK = "stopped while the disk failed"
    RIVALS = "more lost messages to the same numbers than can be told apart"
    REPORTS = (
        "a report left numbers out, so that it was another message's to the letter"
    )
    BACKUP = "a backup was restored, and more was sent to the same numbers since"
    NO_REFERENCE = "no newest id was ever known"
    CLOCK = "the clock was set across a restart"


class Unlearned(StrEnum):
    """Why the fate of a message in doubt stayed unknown."""

    UNREACHABLE = "the provider could not be asked"
    REPORTS = "no report, or one that leaves numbers out"
    NO_REFERENCE = "no newest id was known before"
    FOREIGN = Excuse.FOREIGN.value
    RIVALS = Excuse.RIVALS.value
    RESENT = "it was sent once more already"


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that must not happen."""

    kind: Kind
    words: str

    def __str__(self) -> str:
        """Tell it in words."""
        return f"{self.kind}: {self.words}"


class Answer(StrEnum):
    """How a call ended for the user who made it."""

    NONE = "none"
    GIVEN = "answered"
    OVER_LIMIT = "over the hourly limit"
    CLOSED = "the account was unloaded"
    GIVEN_UP = "the user gave up"
    CUT_OFF = "Home Assistant was killed"


@dataclass(slots=True)
class Call:
    """A user's call, and the deliveries it was answered with, if it was answered."""

    send: Send
    messages: tuple[Message, ...]
    begun: float
    after_stop: bool = False
    how: Answer = Answer.NONE
    ended: float = 0.0
    ids: tuple[str, ...] = ()
    deliveries: tuple[Delivery, ...] = ()

    def in_words(self) -> str:
        """Tell how it ended."""
        states = ", ".join(delivery.state for delivery in self.deliveries)
        return f"{self.how} {states}".strip()


@dataclass(slots=True)
class Outcome:
    """What a history came to."""

    plan: Plan
    messages: int = 0
    requests: int = 0
    undecidable: Counter[Excuse] = field(default_factory=Counter)
    unlearned: Counter[Unlearned] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    answers: Counter[Answer] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    wrong: list[Wrong] = field(default_factory=list)
    story: list[tuple[float, str]] = field(default_factory=list)

    def told(self) -> str:
        """Tell the history in words, and what was wrong with it."""
        lines = [f"Seed {self.plan.seed}: {self.plan}"]
        for words, times in groupby(self.story, key=lambda line: line[1]):
            (at, _), *again = times
            often = f" ({len(again)} times more)" if again else ""
            lines.append(f"{at:10.2f} s  {words}{often}")
        lines += [f"  WRONG: {wrong}" for wrong in self.wrong]
        return "\n".join(lines)


def label(delivery: Delivery) -> str:
    """Name a message and its state."""
    reason = f" ({delivery.reason})" if delivery.reason else ""
    return f"“{delivery.message.sms[0].text}”: {delivery.state}{reason}"
