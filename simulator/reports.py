"""What a delivery report says, and when (section 7).

Seconds after a message left: for the first 5 its id is not found (79); then it is about
to be sent (29); at 60 the report starts (25) with every number waiting (0), pending (5)
from 70, and what its phone did (9 or 6) from 80. The report is complete (23) when every
number is delivered or failed. A phone that stays off fails when the message's validity
is over, plus 10 minutes: 48 hours and 10 minutes unless the sender asked for less.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from .answers import Code, Refusal
from .clock import Clock
from .sendings import Account, ReceivedSms, Sending

ID_KNOWN_AFTER = 5.0
STARTS_AFTER = 60.0
PENDING_AFTER = 70.0
PHONES_KNOWN_AFTER = 80.0
CLOSES_LATER = 600.0


class State(IntEnum):
    """The delivery states of one number."""

    WAITING = 0
    PENDING = 5
    FAILED = 6
    DELIVERED = 9


@dataclass(frozen=True, slots=True)
class Handset:
    """How a phone behaves: seconds from a message's leaving to its delivery or failure.

    A phone with `fails_after` never delivers; one with neither stays off.
    """

    delivered_after: float | None = 5.0
    fails_after: float | None = None


RELIABLE = Handset()


def report(
    sending: Sending, account: Account, handsets: Mapping[str, Handset], clock: Clock
) -> str:
    """Return the text that answers a report query, or refuse it with 79."""
    age = age_of(sending.sms[0], clock)
    if 0 <= age < ID_KNOWN_AFTER:
        raise Refusal(Code.NO_REPORT)
    if age < STARTS_AFTER:
        return Code.REPORT_NOT_SENT_YET
    states = [number_state(sms, handsets, clock) for sms in sending.sms]
    final = all(state in (State.FAILED, State.DELIVERED) for state in states)
    lines = [
        (sms.number, state) for sms, state in zip(sending.sms, states, strict=True)
    ]
    named = [line for line in lines if line[0] not in account.unreported] or lines[:1]
    named += [(number, State.FAILED) for number in account.also_reported]
    code = Code.REPORT_COMPLETED if final else Code.REPORT_STARTED
    return "|".join((code, *(f"{number} {state}" for number, state in named)))


def number_state(
    sms: ReceivedSms, handsets: Mapping[str, Handset], clock: Clock
) -> State:
    """Return how far one text has come in the provider's eyes."""
    age = age_of(sms, clock)
    if age < PENDING_AFTER:
        return State.WAITING
    if not sms.sendable:
        return State.FAILED
    if age < PHONES_KNOWN_AFTER:
        return State.PENDING
    return _phone_state(handsets.get(sms.number, RELIABLE), age, sms.validity * 60.0)


def age_of(sms: ReceivedSms, clock: Clock) -> float:
    """Return the seconds of its life since a text left; negative before that."""
    return (clock.now() - sms.send_at) * clock.speed


def _phone_state(phone: Handset, age: float, validity: float) -> State:
    """Return what became of a text on its way to the phone."""
    if phone.fails_after is not None:
        return State.FAILED if age >= phone.fails_after else State.PENDING
    if phone.delivered_after is not None and phone.delivered_after <= min(
        age, validity
    ):
        return State.DELIVERED
    return State.FAILED if age >= validity + CLOSES_LATER else State.PENDING
