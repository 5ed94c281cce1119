"""The actions of the domain."""

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv, service
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from .compose import number_of, numbers_of, preview
from .const import (
    CONF_EXPIRE_AFTER,
    CONF_TOO_LONG,
    CONF_TURKISH_CHARACTERS,
    DOMAIN,
    MAX_EXPIRE_AFTER,
    TooLong,
    TurkishCharacters,
)
from .coordinator import BismsConfigEntry
from .entry import account_name, names_by_number, options_of
from .errors import fault, invalid
from .messages import chosen, respond
from .outbox import FINAL, ClosedError, Delivery, State, TooLateError, overall
from .provider.codes import BismsError
from .provider.models import DeliveryReport, ReportPhase
from .sending import (
    SEND_OPTIONS,
    TEXT_OPTIONS,
    aware,
    book_of,
    check_sent,
    send,
    send_text,
    send_texts,
)

ATTR_DLR_ID = "dlr_id"
ATTR_ID = "id"
ATTR_LIMIT = "limit"
ATTR_MESSAGE = "message"
ATTR_MESSAGES = "messages"
ATTR_NUMBER = "number"
ATTR_PAGE = "page"
ATTR_RECIPIENT = "recipient"
ATTR_RECIPIENTS = "recipients"
ATTR_SINCE = "since"
ATTR_STATES = "states"
ATTR_UNTIL = "until"

MOST_MESSAGES, USUAL_MESSAGES = 2000, 50
"""How many messages an answer may hold, and holds if nothing else is asked for."""

RESENDABLE = frozenset({State.FAILED, State.EXPIRED, State.CANCELLED})

_ACCOUNT: dict[vol.Marker, Any] = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}
_ACCOUNT_SCHEMA = vol.Schema(_ACCOUNT)
_SEND_MESSAGE_SCHEMA = vol.Schema(
    {
        **_ACCOUNT,
        **SEND_OPTIONS,
        vol.Required(ATTR_RECIPIENTS): vol.All(cv.ensure_list, [cv.string]),
        vol.Required(ATTR_MESSAGE): cv.string,
    }
)
_SEND_MESSAGES_SCHEMA = vol.Schema(
    {
        **_ACCOUNT,
        **SEND_OPTIONS,
        vol.Required(ATTR_MESSAGES): cv.ensure_list,
    }
)
_TEXTS_SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_MESSAGES): [
            {
                vol.Required(ATTR_RECIPIENT): cv.string,
                vol.Required(ATTR_MESSAGE): cv.string,
            }
        ]
    }
)
"""Checked apart, in a thread: thousands of texts would hold up the event loop."""
_PREVIEW_SCHEMA = vol.Schema(
    {**_ACCOUNT, **TEXT_OPTIONS, vol.Required(ATTR_MESSAGE): cv.string}
)
_REPORT_SCHEMA = vol.Schema({**_ACCOUNT, vol.Required(ATTR_DLR_ID): cv.string})
_SENT_IDS_SCHEMA = vol.Schema(
    {
        **_ACCOUNT,
        vol.Optional(ATTR_PAGE, default=0): vol.All(vol.Coerce(int), vol.Range(min=0)),
    }
)
_BLACKLIST_SCHEMA = vol.Schema({**_ACCOUNT, vol.Required(ATTR_NUMBER): cv.string})
_GET_MESSAGES_SCHEMA = vol.Schema(
    {
        **_ACCOUNT,
        vol.Optional(ATTR_RECIPIENTS): vol.All(cv.ensure_list, [cv.string]),
        vol.Optional(ATTR_STATES): vol.All(cv.ensure_list, [vol.Coerce(State)]),
        vol.Optional(ATTR_SINCE): cv.datetime,
        vol.Optional(ATTR_UNTIL): cv.datetime,
        vol.Optional(ATTR_LIMIT, default=USUAL_MESSAGES): vol.All(
            vol.Coerce(int), vol.Range(min=1, max=MOST_MESSAGES)
        ),
    }
)
_ONE_SCHEMA = vol.Schema({**_ACCOUNT, vol.Required(ATTR_ID): cv.string})
_SOME_SCHEMA = vol.Schema(
    {**_ACCOUNT, vol.Required(ATTR_ID): vol.All(cv.ensure_list, [cv.string])}
)
_RESEND_SCHEMA = _ONE_SCHEMA.extend(
    {
        vol.Optional(CONF_EXPIRE_AFTER): vol.All(
            vol.Coerce(int), vol.Range(min=1, max=MAX_EXPIRE_AFTER)
        )
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register all actions."""
    optional, only = SupportsResponse.OPTIONAL, SupportsResponse.ONLY
    for name, action, schema, response in (
        ("send_message", _send_message, _SEND_MESSAGE_SCHEMA, optional),
        ("send_messages", _send_messages, _SEND_MESSAGES_SCHEMA, optional),
        ("get_messages", _get_messages, _GET_MESSAGES_SCHEMA, only),
        ("cancel_message", _cancel_message, _SOME_SCHEMA, optional),
        ("send_now", _send_now, _ONE_SCHEMA, optional),
        ("resend_message", _resend_message, _RESEND_SCHEMA, optional),
        ("preview_message", _preview_message, _PREVIEW_SCHEMA, only),
        ("get_delivery_report", _get_delivery_report, _REPORT_SCHEMA, only),
        ("get_sent_ids", _get_sent_ids, _SENT_IDS_SCHEMA, only),
        ("get_headers", _get_headers, _ACCOUNT_SCHEMA, only),
        ("get_blacklist", _get_blacklist, _ACCOUNT_SCHEMA, only),
        (
            "add_to_blacklist",
            _add_to_blacklist,
            _BLACKLIST_SCHEMA,
            SupportsResponse.NONE,
        ),
    ):
        hass.services.async_register(
            DOMAIN, name, action, schema, supports_response=response
        )


async def _send_message(call: ServiceCall) -> ServiceResponse:
    """Send one text to one or more recipients."""
    entry = _entry(call)
    outbox = entry.runtime_data.outbox
    recipients, text = call.data[ATTR_RECIPIENTS], call.data[ATTR_MESSAGE]
    deliveries = await send_text(entry, recipients, text, call.data, call.context)
    return respond(outbox, deliveries, names_by_number(entry))


async def _send_messages(call: ServiceCall) -> ServiceResponse:
    """Send each recipient a text of its own."""
    run = call.hass.async_add_executor_job
    texts = await run(_texts, call.data[ATTR_MESSAGES])
    entry = _entry(call)
    outbox = entry.runtime_data.outbox
    deliveries = await send_texts(entry, texts, call.data, call.context)
    return await run(respond, outbox, deliveries, names_by_number(entry))


def _texts(messages: list[Any]) -> list[tuple[str, str]]:
    """Return recipients and texts; raise `vol.Invalid` as Home Assistant's check would."""
    checked = _TEXTS_SCHEMA({ATTR_MESSAGES: messages})
    return [
        (item[ATTR_RECIPIENT], item[ATTR_MESSAGE]) for item in checked[ATTR_MESSAGES]
    ]


async def _get_messages(call: ServiceCall) -> ServiceResponse:
    """Show the messages that are kept."""
    entry = _entry(call)
    outbox, asked = entry.runtime_data.outbox, call.data
    numbers = None
    if ATTR_RECIPIENTS in asked:
        numbers = numbers_of(asked[ATTR_RECIPIENTS], book_of(entry))
    deliveries = chosen(
        outbox,
        numbers=numbers,
        states=asked.get(ATTR_STATES),
        since=aware(asked.get(ATTR_SINCE)),
        until=aware(asked.get(ATTR_UNTIL)),
        limit=asked[ATTR_LIMIT],
    )
    return await call.hass.async_add_executor_job(
        respond, outbox, deliveries, names_by_number(entry)
    )


async def _cancel_message(call: ServiceCall) -> ServiceResponse:
    """Take messages back that have certainly not been sent."""
    entry = _entry(call)
    ids = list(dict.fromkeys(_message(entry, each).id for each in call.data[ATTR_ID]))
    with _words_for_refusals(entry):
        await entry.runtime_data.outbox.cancel(*ids)
    return {"cancelled": cast(list[JsonValueType], ids)}


async def _send_now(call: ServiceCall) -> ServiceResponse:
    """Send a message now that is held or waits."""
    entry = _entry(call)
    outbox = entry.runtime_data.outbox
    message = _message(entry, call.data[ATTR_ID])
    with _words_for_refusals(entry):
        delivery = await outbox.send_now(message.id)
    check_sent([delivery])
    return respond(outbox, [delivery], names_by_number(entry))


async def _resend_message(call: ServiceCall) -> ServiceResponse:
    """Send anew what did not arrive."""
    entry = _entry(call)
    before = _message(entry, call.data[ATTR_ID])
    if before.state not in RESENDABLE:
        raise invalid("not_resendable")
    message = replace(before.message, send_at=None)
    deliveries = await send(
        entry, entry.runtime_data, [message], call.data, call.context
    )
    return respond(entry.runtime_data.outbox, deliveries, names_by_number(entry))


def _message(entry: BismsConfigEntry, message_id: str) -> Delivery:
    """Return a message that is kept."""
    delivery = entry.runtime_data.outbox.get(message_id.strip())
    if delivery is None:
        raise invalid("unknown_message", id=message_id)
    return delivery


@contextmanager
def _words_for_refusals(entry: BismsConfigEntry) -> Iterator[None]:
    """Say in words why the outbox does not do something."""
    try:
        yield
    except TooLateError:
        raise invalid("too_late") from None
    except ClosedError:
        raise invalid("account_reloading", account=account_name(entry)) from None


async def _preview_message(call: ServiceCall) -> ServiceResponse:
    """Tell what would be sent and what it would cost."""
    options = options_of(_entry(call)) | call.data
    shown = preview(
        call.data[ATTR_MESSAGE],
        TurkishCharacters(options[CONF_TURKISH_CHARACTERS]),
        TooLong(options[CONF_TOO_LONG]),
    )
    return {
        "text": shown.text,
        "language": shown.measure.language.value,
        "length": shown.measure.length,
        "parts": shown.measure.parts,
        "replaced": list(shown.replaced),
    }


async def _get_delivery_report(call: ServiceCall) -> ServiceResponse:
    """Ask what became of a sending."""
    entry = _entry(call)
    dlr_id = call.data[ATTR_DLR_ID].strip()
    report = await _ask(entry, entry.runtime_data.client.get_report(dlr_id))
    status = _status(report)
    return {
        "dlr_id": dlr_id,
        "status": status.value,
        "final": status in FINAL,
        "recipients": {
            number: state.name.lower() for number, state in report.numbers.items()
        },
    }


def _status(report: DeliveryReport) -> State:
    if report.phase is ReportPhase.NOT_SENT_YET:
        return State.WAITING
    closed = report.phase is not ReportPhase.UPDATING
    return overall(report.numbers.values(), closed=closed)


async def _get_sent_ids(call: ServiceCall) -> ServiceResponse:
    """Ask for the ids of past sendings."""
    entry, page = _entry(call), call.data[ATTR_PAGE]
    ids = await _ask(entry, entry.runtime_data.client.get_sent_ids(page))
    return {"page": page, "ids": list(ids)}


async def _get_headers(call: ServiceCall) -> ServiceResponse:
    """Ask for the approved sender names."""
    entry = _entry(call)
    return {"headers": list(await _ask(entry, entry.runtime_data.client.get_headers()))}


async def _get_blacklist(call: ServiceCall) -> ServiceResponse:
    """Ask for the blacklisted numbers."""
    entry = _entry(call)
    return {
        "numbers": list(await _ask(entry, entry.runtime_data.client.get_blacklist()))
    }


async def _add_to_blacklist(call: ServiceCall) -> None:
    """Blacklist a number."""
    entry, number = _entry(call), number_of(call.data[ATTR_NUMBER])
    await _ask(entry, entry.runtime_data.client.add_to_blacklist(number))
    entry.runtime_data.blacklist.refresh_soon()


def _entry(call: ServiceCall) -> BismsConfigEntry:
    """Return the account that is meant, which may be left out while there is only one."""
    entry_id = call.data.get(ATTR_CONFIG_ENTRY_ID)
    return cast(
        BismsConfigEntry, service.async_get_config_entry(call.hass, DOMAIN, entry_id)
    )


async def _ask[AnswerT](
    entry: BismsConfigEntry, question: Awaitable[AnswerT]
) -> AnswerT:
    """Ask the provider, and say in words what went wrong."""
    try:
        return await question
    except BismsError as err:
        entry.runtime_data.account.refused(err)
        raise fault(err, HomeAssistantError) from err
