"""What a history came to, and what was wrong with it."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from custom_components.bisms.provider.models import Message
from custom_components.bisms.record import Delivery

from .plan import Plan, Send

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
    CRASHED = "crashed"


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that must not happen."""

    kind: Kind
    words: str

    def __str__(self) -> str:
        """Tell it in words."""
        return f"{self.kind}: {self.words}"


@dataclass(slots=True)
class Call:
    """A user's call, and the delivery it was answered with, if it was answered."""

    send: Send
    message: Message
    begun: float
    answer: Delivery | None = None

    @property
    def content(self) -> Content:
        """What it says to whom."""
        return content_of(self.message)


@dataclass(slots=True)
class Outcome:
    """What a history came to.

    `mistaken` counts messages that took the id of another one to the same numbers which was
    forgotten, since Home Assistant was killed within the first milliseconds of it.
    """

    plan: Plan
    messages: int = 0
    requests: int = 0
    mistaken: int = 0
    states: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    wrong: list[Wrong] = field(default_factory=list)
    story: list[tuple[float, str]] = field(default_factory=list)

    def told(self) -> str:
        """Tell the history in words, and what was wrong with it."""
        lines = [f"Seed {self.plan.seed}"]
        lines += [f"{at:10.2f} s  {words}" for at, words in self.story]
        lines += [f"  WRONG: {wrong}" for wrong in self.wrong]
        return "\n".join(lines)
