"""Diagnostics: what a maintainer needs to see, and nothing private."""

from collections import Counter
import time
from typing import Any

from homeassistant.core import HomeAssistant

from .const import CONF_HEADER
from .coordinator import BismsConfigEntry, options_of, recipients
from .provider.client import DEFAULT_URL
from .provider.numbers import mask
from .record import Delivery

LATEST = 20
"""How many deliveries are described one by one."""

MASK_AT_MOST = 10
"""How many numbers of a delivery are named, masked."""


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: BismsConfigEntry
) -> dict[str, Any]:
    """Return the account's diagnostics."""
    data = entry.runtime_data
    deliveries = sorted(data.outbox.deliveries, key=lambda d: d.created_at)
    account, options = data.account, options_of(entry)
    return {
        "own_server": entry.data["url"] != DEFAULT_URL,
        "options": {k: v for k, v in options.items() if k != CONF_HEADER},
        "recipients": len(recipients(entry)),
        "account": {
            "last_update_success": account.last_update_success,
            "last_error": type(account.last_exception).__name__
            if account.last_exception
            else None,
            "credit": account.data.credit if account.data else None,
            "headers": len(account.data.headers) if account.data else None,
            "header_approved": options[CONF_HEADER] in account.data.headers
            if account.data
            else None,
        },
        "outbox": {
            "queued": data.outbox.queued,
            "states": dict(Counter(d.state.value for d in deliveries)),
            "reasons": dict(Counter(d.reason for d in deliveries if d.reason)),
        },
        "latest": [_described(d, time.time()) for d in reversed(deliveries[-LATEST:])],
    }


def _described(delivery: Delivery, now: float) -> dict[str, Any]:
    """Return a delivery's history in seconds before now, its numbers masked."""

    def ago(at: float | None) -> float | None:
        return None if at is None else round(now - at, 1)

    return {
        "state": delivery.state.value,
        "reason": delivery.reason,
        "next": None if delivery.next is None else delivery.next.task.value,
        "due_in": None if delivery.next is None else round(delivery.next.at - now, 1),
        "tries": delivery.tries,
        "created_ago": ago(delivery.created_at),
        "first_attempt_ago": ago(delivery.first_attempt_at),
        "last_attempt_ago": ago(delivery.last_attempt_at),
        "accepted_ago": ago(delivery.accepted_at),
        "in_doubt": delivery.doubt_since is not None,
        "has_dlr_id": delivery.dlr_id is not None,
        "has_baseline": delivery.baseline is not None,
        "texts": len(delivery.message.sms),
        "numbers": [mask(n) for n in delivery.message.numbers[:MASK_AT_MOST]],
        "number_states": dict(Counter(s.name for s in delivery.numbers.values())),
    }
