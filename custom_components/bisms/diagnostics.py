"""Diagnostics: what a maintainer needs to see, and nothing private."""

from collections import Counter
from collections.abc import Callable
import time
from typing import Any

from homeassistant.core import HomeAssistant

from .const import CONF_HEADER
from .coordinator import BismsConfigEntry
from .entry import options_of, recipients
from .outbox import Attempt, Delivery, End, Outbox, Step
from .provider.client import DEFAULT_URL
from .provider.numbers import mask
from .system_health import longest_wait

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
            "credit_updated_ago": round(
                time.time() - account.data.updated_at.timestamp(), 1
            )
            if account.data
            else None,
            "refused_for_credit": account.refused_for_credit,
            "headers": len(account.data.headers) if account.data else None,
            "header_approved": options[CONF_HEADER] in account.data.headers
            if account.data
            else None,
        },
        "outbox": {
            "queued": data.outbox.queued,
            "oldest_waiting": longest_wait(data.outbox),
            "states": dict(Counter(d.state.value for d in deliveries)),
            "reasons": dict(Counter(d.reason for d in deliveries if d.reason)),
        },
        "latest": [
            _described(delivery, data.outbox)
            for delivery in reversed(deliveries[-LATEST:])
        ],
    }


def _described(delivery: Delivery, outbox: Outbox) -> dict[str, Any]:
    """Return a delivery's history in seconds from now, its numbers masked."""
    now = time.time()

    def ago(at: float | None) -> float | None:
        return None if at is None else round(now - outbox.utc(at), 1)

    def to_come(at: float) -> float:
        return round(outbox.utc(at) - now, 1)

    baseline, doubt, acceptance = (
        delivery.baseline,
        delivery.doubt,
        delivery.acceptance,
    )
    return {
        "state": delivery.state.value,
        "reason": delivery.reason,
        "doing": _doing(delivery, to_come),
        "told": delivery.told,
        "tries": delivery.tries,
        "created_ago": ago(delivery.created_at),
        "first_attempt_ago": ago(delivery.first_attempt_at),
        "last_attempt_ago": ago(delivery.last_attempt_at),
        "attempts": delivery.certainty.name.lower(),
        "baseline_ago": baseline and ago(baseline.at),
        "doubt": doubt
        and {
            "since_ago": ago(doubt.since),
            "until_in": to_come(doubt.until),
            "refusal": doubt.refusal,
        },
        "resend_in_doubt": delivery.resend_in_doubt,
        "acceptance": acceptance
        and {
            "learned_ago": ago(acceptance.at),
            "sent_ago": ago(acceptance.sent_at),
            "has_dlr_id": acceptance.dlr_id is not None,
            "reported": dict(Counter(n.name for n in acceptance.numbers.values())),
        },
        "texts": len(delivery.message.sms),
        "numbers": [mask(n) for n in delivery.message.numbers[:MASK_AT_MOST]],
    }


def _doing(delivery: Delivery, to_come: Callable[[float], float]) -> dict[str, Any]:
    """Return what a delivery is doing, and when what is due is due."""
    match delivery.doing:
        case Step(task, at, sooner_on):
            return {
                "task": task.value,
                "due_in": to_come(at),
                "sooner_on": sooner_on and sooner_on.name.lower(),
            }
        case Attempt():
            return {"task": "attempt"}
        case End():
            return {"task": None}
