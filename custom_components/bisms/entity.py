"""What entities have in common: their device, and ids that are the same in every language."""

from typing import Any, Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity

from .const import DOMAIN, NAME
from .coordinator import BismsConfigEntry
from .entry import account_name, account_slug, recipient_name, recipient_slug

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
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, f"{entry.entry_id}_{subentry.subentry_id}")},
            entry_type=DeviceEntryType.SERVICE,
            manufacturer=NAME,
            name=recipient_name(subentry),
            via_device_id=_account_device_id(entry),
        )
        self.entity_id = f"{platform}.{recipient_slug(subentry)}{suffix}"


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
