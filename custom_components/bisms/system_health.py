"""System health: whether the provider can be reached, and how the accounts are doing."""

import asyncio
from collections.abc import Awaitable, Collection
import time
from typing import Any, NamedTuple

from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .const import DOMAIN
from .coordinator import BismsConfigEntry
from .entry import account_name
from .outbox import Outbox
from .provider.codes import NoAnswerError, NotSentError
from .provider.transport import server_time

ANSWER_WITHIN = 5
"""Seconds in which a provider that can be reached answers."""


@callback
def async_register(hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Offer what there is to know."""
    register.async_register_info(_info)


async def _info(hass: HomeAssistant) -> dict[str, Any]:
    """Return what is known at once, and what the provider must be asked for."""
    entries: list[BismsConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    outboxes = [entry.runtime_data.outbox for entry in entries]
    enabled = hass.config_entries.async_entries(DOMAIN, include_disabled=False)
    urls = {entry.data[CONF_URL] for entry in enabled}
    asked = asyncio.gather(*(_ask(hass, url) for url in urls))
    return {
        "can_reach_provider": _reached(asked),
        "credit": _credit(entries),
        "messages_waiting": sum(outbox.queued for outbox in outboxes),
        "oldest_waiting": max(map(longest_wait, outboxes), default=0),
        "clock_difference": _clock_difference(asked),
    }


class _Server(NamedTuple):
    """What became of asking a server: what failed, and by how much its clock differs."""

    failure: str | None
    clock_difference: int | None


async def _ask(hass: HomeAssistant, url: str) -> _Server:
    session = async_get_clientsession(hass)
    try:
        there = await server_time(session, url, timeout=ANSWER_WITHIN)
    except NotSentError:
        return _Server("unreachable", None)
    except NoAnswerError:
        return _Server("timeout", None)
    if there is None:
        return _Server(None, None)
    # Its clock shows whole seconds only: on the average half a second less than it is.
    return _Server(None, round(time.time() - there.timestamp() - 0.5))


async def _reached(asked: Awaitable[Collection[_Server]]) -> str | dict[str, str]:
    """Return whether every server can be reached, as Home Assistant says it."""
    failures = [each.failure for each in await asked if each.failure is not None]
    return {"type": "failed", "error": failures[0]} if failures else "ok"


async def _clock_difference(asked: Awaitable[Collection[_Server]]) -> int | None:
    """Return by how many seconds the clock here is ahead; of several servers, at worst."""
    differences = [each.clock_difference for each in await asked]
    return max(
        (each for each in differences if each is not None), key=abs, default=None
    )


def _credit(entries: Collection[BismsConfigEntry]) -> int | float | str | None:
    """Return the credit; of several accounts by their names."""
    known = {
        account_name(entry): account.credit if account else None
        for entry in entries
        for account in [entry.runtime_data.account.data]
    }
    if len(known) <= 1:
        return next(iter(known.values()), None)
    return ", ".join(
        f"{name}: {'?' if credit is None else credit}" for name, credit in known.items()
    )


def longest_wait(outbox: Outbox) -> int:
    """Return for how many seconds the oldest message has been waiting."""
    waiting = (each.created_at for each in outbox.deliveries if each.waits)
    oldest = min(waiting, default=None)
    return 0 if oldest is None else round(time.time() - outbox.utc(oldest))
