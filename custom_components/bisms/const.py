"""Names and defaults that several modules share."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

DOMAIN: Final = "bisms"
NAME: Final = "BiSMS"

SECTION_ADVANCED: Final = "advanced"

CONF_HEADER: Final = "header"
CONF_LOW_CREDIT: Final = "low_credit"
CONF_TURKISH_CHARACTERS: Final = "turkish_characters"
CONF_TOO_LONG: Final = "too_long"
CONF_EXPIRE_AFTER: Final = "expire_after"
CONF_HOURLY_LIMIT: Final = "hourly_limit"
CONF_IN_DOUBT: Final = "in_doubt"
CONF_ASSIST_MAY_SEND: Final = "assist_may_send"

SUBENTRY_RECIPIENT: Final = "recipient"
CONF_NUMBERS: Final = "numbers"

MAX_EXPIRE_AFTER: Final = 2880
"""Longest time a message may wait in the outbox, in minutes: 48 hours."""


class TurkishCharacters(StrEnum):
    """What happens to Turkish letters, which make a message cost more."""

    KEEP = "keep"
    SIMPLIFY = "simplify"
    WHEN_CHEAPER = "when_cheaper"


class TooLong(StrEnum):
    """What happens to a text of more than six parts."""

    REJECT = "reject"
    TRUNCATE = "truncate"
    SPLIT = "split"


class InDoubt(StrEnum):
    """What happens to a message of which it can't be learned whether it was sent."""

    STOP = "stop"
    RESEND = "resend"


class ScheduledBy(StrEnum):
    """Who keeps a message until the time at which it is to be sent."""

    PROVIDER = "provider"
    HOME_ASSISTANT = "home_assistant"


DEFAULT_OPTIONS: Final[Mapping[str, Any]] = {
    CONF_LOW_CREDIT: 100,
    CONF_TURKISH_CHARACTERS: TurkishCharacters.KEEP.value,
    CONF_TOO_LONG: TooLong.REJECT.value,
    CONF_EXPIRE_AFTER: 60,
    CONF_IN_DOUBT: InDoubt.STOP.value,
    CONF_HOURLY_LIMIT: 0,
    CONF_ASSIST_MAY_SEND: False,
}
"""Options of a new account; its sender name (`header`) is chosen during set-up."""

MAX_SEND_AHEAD: Final = timedelta(days=365)
"""How far ahead a message may be scheduled; the provider refuses more (84)."""

ISSUE_LOW_CREDIT: Final = "low_credit"
LOW_CREDIT_REFUSED: Final = "low_credit_refused"
"""The words of the low credit issue once a message was refused for want of credit."""

ISSUE_HEADER_WITHDRAWN: Final = "header_withdrawn"
ISSUE_UNREADABLE_STORE: Final = "unreadable_store"
ISSUE_NOT_SENT: Final = "not_sent"
