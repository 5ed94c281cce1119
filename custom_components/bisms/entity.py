"""What entities have in common: their device, and ids that are the same in every language."""

from collections.abc import Callable
from typing import Any, Final, override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .changes import async_on_change
from .const import DOMAIN, NAME
from .coordinator import BismsConfigEntry
from .entry import (
    account_name,
    account_slug,
    recipient_name,
    recipient_slug,
    recipients,
)

PANEL_URL: Final = "http://sms.bisms.net"
"""The provider's web panel, where credit and sender names are looked after."""


def valued(**attributes: Any) -> dict[str, Any]:
    """Return the attributes that have a value."""
    return {key: value for key, value in attributes.items() if value is not None}


class AccountEntity(Entity):
    """Belongs to the account's device."""

    _attr_has_entity_name = True

    def __init__(self, entry: BismsConfigEntry, platform: str, key: str) -> None:
        """Take name and ids from the account and the key."""
        self._attr_translation_key = key
        self._attr_unique_id = f"{entry.entry_id}_{key}"
        self._attr_device_info = _account_device(entry)
        self.entity_id = f"{platform}.{account_slug(entry)}_{key}"


class RecipientEntity(Entity):
    """Belongs to a recipient's device; without a key it is the recipient itself."""

    _attr_has_entity_name = True

    def __init__(
        self,
        entry: BismsConfigEntry,
        subentry: ConfigSubentry,
        platform: str,
        key: str | None = None,
    ) -> None:
        """Take name and ids from the recipient and the key."""
        self.entry = entry
        self.subentry = subentry
        suffix = f"_{key}" if key else ""
        if key:
            self._attr_translation_key = key
        self._attr_unique_id = f"{entry.entry_id}_{subentry.subentry_id}{suffix}"
        self.entity_id = f"{platform}.{recipient_slug(subentry)}{suffix}"

    @property
    @override
    def device_info(self) -> DeviceInfo:
        """Return the device, called as the recipient is called now."""
        return DeviceInfo(
            identifiers={_recipient_device(self.entry, self.subentry)},
            entry_type=DeviceEntryType.SERVICE,
            manufacturer=NAME,
            name=recipient_name(self.subentry),
            via_device_id=_account_device_id(self.entry),
        )


@callback
def async_add_for_recipients(
    hass: HomeAssistant,
    entry: BismsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    create: Callable[[BismsConfigEntry, ConfigSubentry], RecipientEntity],
) -> None:
    """Add an entity for each recipient, those who come later too; Home Assistant removes them."""
    added: set[str] = set()

    @callback
    def follow() -> None:
        present = recipients(entry)
        added.intersection_update(each.subentry_id for each in present)
        for subentry in present:
            if subentry.subentry_id in added:
                _rename_device(hass, entry, subentry)
            else:
                added.add(subentry.subentry_id)
                async_add_entities(
                    [create(entry, subentry)],
                    config_subentry_id=subentry.subentry_id,
                )

    follow()
    async_on_change(hass, entry, follow)


def _rename_device(
    hass: HomeAssistant, entry: BismsConfigEntry, subentry: ConfigSubentry
) -> None:
    """Call a recipient's device as the recipient is called now; its entities follow."""
    devices = dr.async_get(hass)
    device = devices.async_get_device_by_identifier(
        _recipient_device(entry, subentry), entry.entry_id
    )
    if device is not None:
        devices.async_update_device(device.id, name=recipient_name(subentry))


def _recipient_device(
    entry: BismsConfigEntry, subentry: ConfigSubentry
) -> tuple[str, str]:
    return DOMAIN, f"{entry.entry_id}_{subentry.subentry_id}"


def _account_device(entry: BismsConfigEntry) -> DeviceInfo:
    return DeviceInfo(
        identifiers={(DOMAIN, entry.entry_id)},
        configuration_url=PANEL_URL,
        entry_type=DeviceEntryType.SERVICE,
        manufacturer=NAME,
        name=account_name(entry),
    )


def _account_device_id(entry: BismsConfigEntry) -> str:
    """Return the id of the account's device, which a recipient's entity may be first to need."""
    devices = dr.async_get(entry.runtime_data.account.hass)
    device = devices.async_get_or_create(
        config_entry_id=entry.entry_id, **_account_device(entry)
    )
    return device.id
