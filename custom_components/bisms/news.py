"""What an automation is told of a message, and how it hears of it whatever accounts do meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, CoreState, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.start import async_at_started
from homeassistant.util.signal_type import SignalType

from .coordinator import BismsConfigEntry
from .entity import valued
from .entry import names_of
from .outbox import Delivery


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened to a message.

    Home Assistant logs what it was passing on when a listener fails, so text and numbers
    are kept out of its representation.
    """

    event_type: str
    entry: BismsConfigEntry
    delivery: Delivery = field(repr=False)


SIGNAL_NEWS: SignalType[News] = SignalType("bisms_news")
"""Sent for all that happens to the messages of any account."""


@callback
def announce(hass: HomeAssistant, entry: BismsConfigEntry) -> Callable[[], None]:
    """Send the signal for what happens to an account's messages; return what ends that.

    What happens while Home Assistant starts, such as that a message expired while it was
    off, is kept until it has started: before, no automation listens.
    """

    def tell(event_type: str, delivery: Delivery) -> None:
        news = News(event_type, entry, delivery)
        if hass.state in (CoreState.not_running, CoreState.starting):
            async_at_started(hass, partial(_send, news))
        else:
            _send(news, hass)

    return entry.runtime_data.deliveries.subscribe(tell)


@callback
def _send(news: News, hass: HomeAssistant) -> None:
    async_dispatcher_send(hass, SIGNAL_NEWS, news)


def facts(entry: ConfigEntry, delivery: Delivery) -> dict[str, Any]:
    """Return what an automation is told of a message, whatever happened to it."""
    return valued(
        id=delivery.id,
        dlr_id=delivery.dlr_id,
        recipients=list(delivery.message.numbers),
        names=names_of(entry, delivery.message.numbers),
        reason=delivery.reason,
    )


def cause(delivery: Delivery) -> Context | None:
    """Return the context of what caused a message, if it is known."""
    if delivery.context is None:
        return None
    context_id, parent_id, user_id = delivery.context
    return Context(id=context_id, parent_id=parent_id, user_id=user_id)
