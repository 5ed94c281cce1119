"""Messages that the forms of the actions offer: who wants to stop one need not know its id."""

from collections.abc import Callable, Iterable, Mapping
from heapq import nlargest
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.helpers.selector import SelectOptionDict
from homeassistant.util import dt as dt_util

from .entry import addressees
from .messages import send_utc
from .outbox import Delivery
from .services import RESENDABLE

MOST: Final = 20
"""How many messages of an account a form offers: those that entered last."""

type Fits = Callable[[Delivery], bool]

FITTING: Final[Mapping[str, Fits]] = {
    "cancel_message": lambda delivery: delivery.told and delivery.can_be_cancelled,
    "send_now": lambda delivery: delivery.told and delivery.has_not_left,
    "resend_message": lambda delivery: delivery.state in RESENDABLE,
}
"""The actions that are about a message that is kept, and which ones they are meant for."""


def offered(
    entry: ConfigEntry, deliveries: Iterable[Delivery], fits: Fits
) -> list[SelectOptionDict]:
    """Return the messages that fit, the newest first, as a form offers them.

    They are called by whom they are to and when they are or were to be sent, not by their
    texts, which are nobody's business who only opens a form.
    """
    newest = nlargest(MOST, filter(fits, deliveries), key=lambda each: each.created_at)
    return [
        SelectOptionDict(
            value=delivery.id,
            label=f"{addressees(entry, delivery.message.numbers)}, {_time(delivery)}",
        )
        for delivery in newest
    ]


def _time(delivery: Delivery) -> str:
    """Return when a message is or was to be sent."""
    utc = send_utc(delivery) or delivery.created_utc
    return f"{dt_util.as_local(dt_util.utc_from_timestamp(utc)):%Y-%m-%d %H:%M}"
