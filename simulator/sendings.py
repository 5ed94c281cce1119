"""Accounts, and the messages they send, as the provider keeps them."""

from dataclasses import dataclass, field
from typing import Literal

NUMBER_PREFIX = {10: "90", 11: "9", 12: ""}
LONGEST_VALIDITY = 2880

type Form = Literal["get", "1-N", "N-N", "panel"]


@dataclass(slots=True)
class Account:
    """A customer of the provider; tests change it while the simulator runs.

    A sending enters the list of sendings `list_lag` seconds after it was accepted. Reports
    leave out the numbers in `unreported`, as long as one is left to name, and name those in
    `also_reported` besides, as failed.
    """

    username: str
    secret: str = field(repr=False)
    credit: int = 15600
    headers: tuple[str, ...] = ("BASLIK1", "BASLIK2", "BASLIK3")
    blacklist: set[str] = field(default_factory=set)
    list_lag: float = 0.0
    unreported: set[str] = field(default_factory=set)
    also_reported: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOrder:
    """A request to send, read but not yet judged: numbers each with a text."""

    username: str
    secret: str = field(repr=False)
    header: str
    messages: tuple[tuple[str, str], ...] = field(repr=False)
    form: Form
    validity: str | None = None
    send_date_time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedSms:
    """One accepted text for one number.

    `raw_text` is what arrived and `text` what the phone shows. `sendable` is false for
    a blacklisted number and for one of a wrong length: it is accepted with the others,
    costs nothing and is reported as failed. Times are seconds since 1970, UTC;
    `send_at` equals `accepted_at` unless the sending is scheduled. `validity` is in
    minutes.
    """

    dlr_id: str
    account: str
    header: str
    number: str
    text: str = field(repr=False)
    raw_text: str = field(repr=False)
    language: str
    length: int
    parts: int
    credits: int
    accepted_at: float
    send_at: float
    validity: int
    sendable: bool
    form: Form


@dataclass(frozen=True, slots=True)
class Sending:
    """What one request became: the texts that share a dlrId, listed from `listed_at` on."""

    dlr_id: str
    account: str
    sms: tuple[ReceivedSms, ...]
    listed_at: float


def completed(number: str) -> str | None:
    """Return a number in the 12 digits the provider uses; None when it has no such form."""
    prefix = NUMBER_PREFIX.get(len(number))
    if prefix is None or not (number.isascii() and number.isdigit()):
        return None
    return prefix + number


def minutes_of_validity(text: str | None) -> int:
    """Return the minutes that a message stays valid; a wrong value is the longest one."""
    if text is not None and text.isascii() and text.isdigit():
        minutes = int(text)
        if 1 <= minutes <= LONGEST_VALIDITY:
            return minutes
    return LONGEST_VALIDITY
