"""The way down from actions and notify to the outbox, and the answer's way back up."""

from collections.abc import Callable, Collection, Mapping, Sequence
from copy import replace
from datetime import datetime
from typing import Any

from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .compose import Choices, own_texts, same_text
from .const import (
    CONF_EXPIRE_AFTER,
    CONF_HEADER,
    CONF_HOURLY_LIMIT,
    CONF_IN_DOUBT,
    CONF_NUMBERS,
    CONF_TOO_LONG,
    CONF_TURKISH_CHARACTERS,
    MAX_EXPIRE_AFTER,
    InDoubt,
    ScheduledBy,
    TooLong,
    TurkishCharacters,
)
from .coordinator import AccountCoordinator, BismsConfigEntry, BismsData
from .entry import account_name, options_of, recipient_name, recipients
from .errors import failed, invalid
from .names import Names
from .outbox import ClosedError, Delivery, HourlyLimitError, State
from .provider.models import MAX_VALIDITY, Message

MANY = 100
"""Recipients from which on composing would hold up the event loop for too long."""

ATTR_VALIDITY = "validity"
ATTR_SEND_AT = "send_at"
ATTR_SCHEDULED_BY = "scheduled_by"

TEXT_OPTIONS: dict[vol.Marker, Any] = {
    vol.Optional(CONF_TURKISH_CHARACTERS): vol.Coerce(TurkishCharacters),
    vol.Optional(CONF_TOO_LONG): vol.Coerce(TooLong),
}
SEND_OPTIONS: dict[vol.Marker, Any] = {
    **TEXT_OPTIONS,
    vol.Optional(CONF_HEADER): cv.string,
    vol.Optional(ATTR_VALIDITY): vol.All(
        vol.Coerce(int), vol.Range(min=1, max=MAX_VALIDITY)
    ),
    vol.Optional(ATTR_SEND_AT): cv.datetime,
    vol.Optional(ATTR_SCHEDULED_BY): vol.Coerce(ScheduledBy),
    vol.Optional(CONF_EXPIRE_AFTER): vol.All(
        vol.Coerce(int), vol.Range(min=1, max=MAX_EXPIRE_AFTER)
    ),
    vol.Optional(CONF_IN_DOUBT): vol.Coerce(InDoubt),
}
"""What a single call may ask for differently from the account's options."""


async def send_text(
    entry: BismsConfigEntry,
    to: Collection[str],
    text: str,
    asked: Mapping[str, Any],
    context: Context,
) -> Sequence[Delivery]:
    """Send one text to recipients; raise when nothing went out and nothing waits."""
    data = entry.runtime_data
    choices = await _choices(entry, data, asked)
    messages = await _composed(
        data, len(to), same_text, to, text, choices, book_of(entry), dt_util.utcnow()
    )
    return await send(entry, data, messages, asked, context, _held_until(choices))


async def send_texts(
    entry: BismsConfigEntry,
    texts: Collection[tuple[str, str]],
    asked: Mapping[str, Any],
    context: Context,
) -> Sequence[Delivery]:
    """Send each recipient a text of its own in one request; raise when it was refused."""
    data = entry.runtime_data
    choices = await _choices(entry, data, asked)
    if choices.too_long is TooLong.SPLIT and CONF_TOO_LONG not in asked:
        choices = replace(choices, too_long=TooLong.REJECT)
    message = await _composed(
        data, len(texts), own_texts, texts, choices, book_of(entry), dt_util.utcnow()
    )
    return await send(entry, data, [message], asked, context, _held_until(choices))


async def _composed[*ArgsT, MessageT](
    data: BismsData,
    recipients: int,
    compose: Callable[[*ArgsT], MessageT],
    *args: *ArgsT,
) -> MessageT:
    """Compose here, or in a thread when it takes long."""
    if recipients < MANY:
        return compose(*args)
    return await data.account.hass.async_add_executor_job(compose, *args)


def isoformat(at: float) -> str:
    """Return UTC seconds as a time in Home Assistant's zone."""
    return dt_util.as_local(dt_util.utc_from_timestamp(at)).isoformat()


def book_of(entry: BismsConfigEntry) -> Names[Sequence[str]]:
    """Return the numbers behind each recipient's name."""
    return Names(
        (recipient_name(subentry), subentry.data[CONF_NUMBERS])
        for subentry in recipients(entry)
    )


async def _choices(
    entry: BismsConfigEntry, data: BismsData, asked: Mapping[str, Any]
) -> Choices:
    """Return how to send: what the call asks for, else the account's options."""
    options = {**options_of(entry), **asked}
    if (header := asked.get(CONF_HEADER)) is not None:
        await _check_header(data.account, header)
    return Choices(
        header=options[CONF_HEADER],
        turkish_characters=TurkishCharacters(options[CONF_TURKISH_CHARACTERS]),
        too_long=TooLong(options[CONF_TOO_LONG]),
        validity=asked.get(ATTR_VALIDITY),
        send_at=aware(asked.get(ATTR_SEND_AT)),
        scheduled_by=asked.get(ATTR_SCHEDULED_BY, ScheduledBy.PROVIDER),
    )


async def _check_header(account: AccountCoordinator, header: str) -> None:
    """Refuse a sender name that is not approved, as far as the approved ones are known."""
    if header in _approved(account):
        return
    await account.async_refresh()
    if account.last_update_success and header not in (approved := _approved(account)):
        raise invalid("header_not_approved", header=header, headers=", ".join(approved))


def _approved(account: AccountCoordinator) -> Collection[str]:
    return account.data.headers if account.data else ()


def aware(at: datetime | None) -> datetime | None:
    """Return a time in Home Assistant's zone if it names none."""
    if at is None or at.tzinfo is not None:
        return at
    return at.replace(tzinfo=dt_util.get_default_time_zone())


def _held_until(choices: Choices) -> float | None:
    """Return until when the outbox is to hold the messages."""
    if choices.scheduled_by is ScheduledBy.PROVIDER or choices.send_at is None:
        return None
    return choices.send_at.timestamp()


async def send(
    entry: BismsConfigEntry,
    data: BismsData,
    messages: Sequence[Message],
    asked: Mapping[str, Any],
    context: Context,
    held_until: float | None = None,
) -> Sequence[Delivery]:
    """Send composed messages; raise when nothing went out and nothing waits."""
    options = {**options_of(entry), **asked}
    limit = options[CONF_HOURLY_LIMIT]
    try:
        deliveries = await data.outbox.send(
            *messages,
            lifetime=options[CONF_EXPIRE_AFTER] * 60,
            held_until=held_until,
            hourly_limit=limit,
            resend_in_doubt=options[CONF_IN_DOUBT] == InDoubt.RESEND,
            context=(context.id, context.parent_id, context.user_id),
        )
    except HourlyLimitError as err:
        raise invalid("hourly_limit", limit=limit, parts=err.parts) from None
    except ClosedError:
        raise invalid("account_reloading", account=account_name(entry)) from None
    check_sent(deliveries)
    return deliveries


def check_sent(deliveries: Sequence[Delivery]) -> None:
    """Raise when all of what was sent in a call was refused."""
    if all(delivery.state is State.FAILED for delivery in deliveries):
        raise failed(deliveries[0].reason or "", HomeAssistantError)
