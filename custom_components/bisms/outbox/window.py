"""When a repeat may be sent: the one place that says when a message can't be doubled (rule 2).

Within two minutes of an attempt whose fate is unknown the provider answers 77 to a repeat
if that attempt got through, so a repeat is safe as long as it certainly arrives inside the
window of the *earliest* such attempt. Afterwards, and wherever durations can't be trusted (a
restart, a clock that was set, a machine that slept), the provider's list of sendings is
asked first.
"""

from ..provider.client import send_timeout
from ..provider.models import Message
from .clock import Now
from .record import Delivery

DUPLICATE_WINDOW = 120
"""Seconds in which the provider answers 77 to a repeat (section 9)."""

MARGIN = 5
"""Seconds after a request's time-out in which it may still take effect."""

LIST_LAG = 20
"""Seconds after which a sending is certainly in the list of sendings."""


def may_repeat(delivery: Delivery, now: Now, at: float) -> bool:
    """Return whether a request that begins at a time can't double the message."""
    doubt = delivery.doubt
    if doubt is None:
        return True
    if doubt.refusal is not None or at >= delivery.expires_at:
        return False
    if not now.steady_since <= doubt.since <= at:
        return False
    return at + settle(delivery.message) < doubt.since + DUPLICATE_WINDOW


def settle(message: Message) -> float:
    """Return the seconds after which an attempt to send takes no effect any more."""
    return send_timeout(message) + MARGIN


def listed_at(delivery: Delivery, now: Now) -> float:
    """Return from when on all that its attempts did is in the list of sendings."""
    last_at = delivery.last_attempt_at
    # How long ago it was may not be known: then it was just now.
    latest = now.at if last_at is None else max(last_at, now.steady_since)
    return latest + settle(delivery.message) + LIST_LAG


def blocks_from(message: Message, began_at: float) -> float:
    """Return since when a sending can have been accepted that makes an attempt a repeat."""
    return began_at - settle(message) - DUPLICATE_WINDOW


def blocks_until(began_at: float) -> float:
    """Return up to when a repeat of an attempt that was accepted is certainly refused."""
    return began_at + DUPLICATE_WINDOW
