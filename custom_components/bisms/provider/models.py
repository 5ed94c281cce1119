"""What is said to the provider, and what it answers, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import NamedTuple

MAX_VALIDITY = 2880
"""Longest validity of a message, in minutes: 48 hours (section 5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    """One text and the numbers it goes to.

    Attributes
    ----------
    numbers
        Recipients, 12 digits each, at least one, none twice.
    text
        The text as it goes on the wire: already folded (section 8).
    parts
        How many parts the text is billed as, for each number: 1-6 (section 8).
    """

    numbers: tuple[str, ...]
    text: str = field(repr=False)
    parts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One request that sends: its answer is one dlrId (sections 4 and 5).

    Attributes
    ----------
    header
        Approved sender name, case-sensitive, at most 11 characters.
    sms
        One item, or several when each recipient gets a text of its own.
    individual
        Send in the N-N form, a text for each number, even when there is one item.
    validity
        Minutes the message stays valid, 1-2880; None leaves it to the provider.
    send_at
        Aware time at which the provider sends; None means at once.
    """

    header: str
    sms: tuple[Sms, ...]
    individual: bool = False
    validity: int | None = None
    send_at: datetime | None = None

    @property
    def numbers(self) -> tuple[str, ...]:
        """Every number of the request, in the order given."""
        if len(self.sms) == 1:
            return self.sms[0].numbers
        return tuple(number for sms in self.sms for number in sms.numbers)

    @property
    def credits(self) -> int:
        """What it costs: the parts of each text, for every number it goes to."""
        return sum(sms.parts * len(sms.numbers) for sms in self.sms)

    def repeats(self, other: Message) -> bool:
        """Whether some SMS of it is the same as one of another's: sender, number, text."""
        return self.header == other.header and any(
            mine.text == theirs.text
            and not set(mine.numbers).isdisjoint(theirs.numbers)
            for mine in self.sms
            for theirs in other.sms
        )


class Receipt(NamedTuple):
    """The provider's word that it accepted a request: `00 <dlrId>`."""

    dlr_id: str


class NumberState(IntEnum):
    """What is known of one number in a delivery report (section 3)."""

    WAITING = 0
    PENDING = 5
    FAILED = 6
    DELIVERED = 9


class ReportPhase(StrEnum):
    """How far a delivery report has come (section 3, codes 29, 27, 25 and 23)."""

    NOT_SENT_YET = "29"
    SEND_ERROR = "27"
    UPDATING = "25"
    FINAL = "23"


class DeliveryReport(NamedTuple):
    """A delivery report: its phase and, from 25 on, the state of each number."""

    phase: ReportPhase
    numbers: Mapping[str, NumberState] = MappingProxyType({})
