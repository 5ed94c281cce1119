"""Event: everything that happens to a delivery, as it happens."""

from typing import override

from homeassistant.components.event import DOMAIN as EVENT_DOMAIN, EventEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import BismsConfigEntry, DeliveryCoordinator
from .entity import AccountEntity
from .news import cause, facts
from .outbox import Delivery

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: BismsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the account's delivery event."""
    async_add_entities([DeliveryEvent(entry)])


class DeliveryEvent(AccountEntity, EventEntity):
    """Fires when a message is held, queued, sent, and when it comes to its end."""

    _attr_should_poll = False
    _attr_event_types = [
        "sent",
        "queued",
        "delivered",
        "partially_delivered",
        "failed",
        "expired",
        "held",
        "scheduled",
        "cancelled",
    ]
    _unrecorded_attributes = frozenset({"names", "recipients"})

    def __init__(self, entry: BismsConfigEntry) -> None:
        """Prepare to listen to deliveries."""
        super().__init__(entry, EVENT_DOMAIN, "delivery")
        self._entry = entry
        self._deliveries: DeliveryCoordinator = entry.runtime_data.deliveries

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to deliveries."""
        self.async_on_remove(self._deliveries.subscribe(self._on_event))

    @callback
    def _on_event(self, event_type: str, delivery: Delivery) -> None:
        """Fire, in the name of what caused the message."""
        if (context := cause(delivery)) is not None:
            self.async_set_context(context)
        self._trigger_event(event_type, facts(self._entry, delivery))
        self.async_write_ha_state()
