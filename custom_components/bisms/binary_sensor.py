"""Binary sensor: whether credit is running low."""

from typing import override

from homeassistant.components.binary_sensor import (
    DOMAIN as BINARY_SENSOR_DOMAIN,
    BinarySensorDeviceClass,
    BinarySensorEntity,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .coordinator import AccountCoordinator, BismsConfigEntry
from .entity import AccountEntity

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: BismsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the account's low credit sensor."""
    async_add_entities([LowCreditSensor(entry)])


class LowCreditSensor(
    CoordinatorEntity[AccountCoordinator], AccountEntity, BinarySensorEntity
):
    """On while credit is below the account's threshold, or was too little to send."""

    _attr_device_class = BinarySensorDeviceClass.PROBLEM

    def __init__(self, entry: BismsConfigEntry) -> None:
        """Listen to the account."""
        CoordinatorEntity.__init__(self, entry.runtime_data.account)
        AccountEntity.__init__(self, entry, BINARY_SENSOR_DOMAIN, "low_credit")

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether credit is low, or None while it is not known."""
        return self.coordinator.low_credit
