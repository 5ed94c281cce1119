"""What may happen in a history; each thing is a value that tells itself in words."""

from dataclasses import dataclass
from enum import StrEnum

from custom_components.bisms.provider.models import Sms

HOUR = 3600.0

PHONES = tuple(f"9055500000{number:02}" for number in range(1, 41))
"""Whom users send to; most histories have only the first few."""

STRANGERS = ("905559999991", "905559999992")
"""Whom only other programs send to."""


@dataclass(frozen=True, slots=True)
class Send:
    """A user's call: what is sent when, each piece a request, and how long it may wait."""

    at: float
    pieces: tuple[tuple[Sms, ...], ...]
    lifetime: float = HOUR
    account: int = 0
    send_in: float | None = None
    validity: int | None = None
    resend_in_doubt: bool = False
    cancelled_after: float | None = None
    held_for: float | None = None

    def __str__(self) -> str:
        """Tell it in words."""
        told = [f"a user sends {', then '.join(map(_piece, self.pieces))}"]
        told.append(f"may wait {self.lifetime:.0f} s")
        if self.send_in is not None:
            told.append(f"to go out {self.send_in:.0f} s later")
        if self.held_for is not None:
            told.append(f"held here for {self.held_for:.0f} s")
        if self.resend_in_doubt:
            told.append("once more if in doubt")
        if self.cancelled_after is not None:
            told.append(f"and gives up after {self.cancelled_after:.2f} s")
        return f"{', '.join(told)}{_of(self.account)}"


class Wish(StrEnum):
    """What a user wants of a message that has not left."""

    CANCEL = "cancels"
    SEND_NOW = "wants to send now"


@dataclass(frozen=True, slots=True)
class Change:
    """A user changes his mind about some message that is held or waits, if there is one."""

    at: float
    wish: Wish
    account: int = 0

    def __str__(self) -> str:
        """Tell it in words."""
        return f"a user {self.wish} what has not left{_of(self.account)}"


class Manner(StrEnum):
    """How Home Assistant, or one account of it, comes to an end."""

    KILLED = "is killed"
    STOPPED = "stops"
    RELOADED = "reloads"


@dataclass(frozen=True, slots=True)
class Stop:
    """Home Assistant ends and is back later, its clock set or not; or an account reloads.

    It may wait until something is being written: the first thing from then on, the second...
    `late` is sent while it stops.
    """

    at: float
    away: float
    manner: Manner = Manner.KILLED
    clock_by: float = 0.0
    in_write: int | None = None
    account: int = 0
    late: tuple[Send, ...] = ()

    def __str__(self) -> str:
        """Tell it in words."""
        if self.manner is Manner.RELOADED:
            return f"account {self.account + 1} reloads within {self.away:.1f} s"
        how = self.manner.value
        if self.in_write is not None:
            how += f" while it writes, {self.in_write} writes later"
        clock = f", its clock off by {self.clock_by:+.0f} s" if self.clock_by else ""
        late = f"; meanwhile {len(self.late)} calls" if self.late else ""
        return f"Home Assistant {how}, and is back after {self.away:.0f} s{clock}{late}"


@dataclass(frozen=True, slots=True)
class ClockSet:
    """The clock is set by some seconds, or back and forth several times.

    It may be set while the next request to send is under way.
    """

    at: float
    by: float
    times: int = 1
    every: float = 0.0
    in_request: bool = False

    def __str__(self) -> str:
        """Tell it in words."""
        often = f", back and forth {self.times} times" if self.times > 1 else ""
        when = " while a message is being sent" if self.in_request else ""
        return f"the clock is set by {self.by:+.1f} s{often}{when}"


@dataclass(frozen=True, slots=True)
class Sleep:
    """The machine sleeps; its steady seconds stand still, its clock shows the time afterwards."""

    at: float
    seconds: float

    def __str__(self) -> str:
        """Tell it in words."""
        return f"the machine sleeps for {self.seconds:.0f} s"


@dataclass(frozen=True, slots=True)
class NewSecret:
    """The API secret is changed in the provider's panel, and in Home Assistant later."""

    at: float
    entered_after: float
    account: int = 0

    def __str__(self) -> str:
        """Tell it in words."""
        later = f"it is entered {self.entered_after:.0f} s later"
        return f"the API secret changes; {later}{_of(self.account)}"


@dataclass(frozen=True, slots=True)
class Foreign:
    """Another program, or the provider's panel, sends with the same account."""

    at: float
    numbers: tuple[str, ...]
    account: int = 0
    times: int = 1
    every: float = 1.0

    def __str__(self) -> str:
        """Tell it in words."""
        often = f" {self.times} times" if self.times > 1 else ""
        return f"another program sends to {_phones(self.numbers)}{often}{_of(self.account)}"


@dataclass(frozen=True, slots=True)
class OddReports:
    """For a while reports leave numbers out, and name others besides."""

    at: float
    until: float
    unreported: tuple[str, ...] = ()
    also_reported: tuple[str, ...] = ()
    account: int = 0

    def __str__(self) -> str:
        """Tell it in words."""
        return (
            f"until {self.until:.0f} s reports leave out {_phones(self.unreported)} "
            f"and add {_phones(self.also_reported)}{_of(self.account)}"
        )


@dataclass(frozen=True, slots=True)
class Backup:
    """Home Assistant makes a backup: the snapshot is copied first, the journal later."""

    at: float
    copying: float
    account: int = 0

    def __str__(self) -> str:
        """Tell it in words."""
        return f"a backup is made within {self.copying:.1f} s{_of(self.account)}"


@dataclass(frozen=True, slots=True)
class Restore:
    """The latest backup is put back; the mark, which no backup holds, may be gone."""

    at: float
    away: float
    mark_is_gone: bool
    account: int = 0

    def __str__(self) -> str:
        """Tell it in words."""
        mark = "gone" if self.mark_is_gone else "there"
        return (
            f"the backup is restored within {self.away:.0f} s, "
            f"the mark is {mark}{_of(self.account)}"
        )


type Act = (
    Send
    | Change
    | Stop
    | ClockSet
    | Sleep
    | NewSecret
    | Foreign
    | OddReports
    | Backup
    | Restore
)


class Calls(StrEnum):
    """Which calls an outage concerns."""

    ALL = "every request"
    SENDS = "every attempt to send"
    QUESTIONS = "every question"


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which requests meet the same fault; seconds from the beginning."""

    begins: float
    ends: float
    fault: str
    calls: Calls = Calls.ALL

    def __str__(self) -> str:
        """Tell it in words."""
        return f"until {self.ends:.1f} s {self.calls} meets “{self.fault}”"

    def meets(self, at: float, *, sending: bool) -> bool:
        """Whether a request that departs then meets it."""
        if not self.begins <= at < self.ends:
            return False
        return self.calls is Calls.ALL or (self.calls is Calls.SENDS) == sending


class DiskFault(StrEnum):
    """What a disk does for a while."""

    FAILS = "does nothing and says so"
    FAILS_HALFWAY = "writes a part and says so"
    FAILS_AFTERWARDS = "writes all, but can't say that it stays"
    SNAPSHOTS_FAIL = "is too full for a snapshot"
    LINES_FAIL = "does not take a line of the journal"
    IS_SLOW = "takes seconds for a write"


@dataclass(frozen=True, slots=True)
class DiskTrouble:
    """A time in which an account's disk fails, or is slow."""

    begins: float
    ends: float
    fault: DiskFault
    account: int = 0

    def __str__(self) -> str:
        """Tell it in words."""
        return f"until {self.ends:.1f} s the disk {self.fault}{_of(self.account)}"


def _piece(piece: tuple[Sms, ...]) -> str:
    return " and ".join(f"“{sms.text}” to {_phones(sms.numbers)}" for sms in piece)


def _phones(numbers: tuple[str, ...]) -> str:
    return ", ".join(map(_phone, numbers)) or "nobody"


def _phone(number: str) -> str:
    if number in PHONES:
        return f"phone {PHONES.index(number) + 1}"
    return "a stranger"


def _of(account: int) -> str:
    return f" (account {account + 1})" if account else ""
