"""Taking over what a user changes while an account runs, without the account going down."""

from collections.abc import Callable
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import (
    async_dispatcher_connect,
    async_dispatcher_send,
)
from homeassistant.util.signal_type import SignalType

from .const import DOMAIN


@callback
def async_follow_changes(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Tell those who asked what changes; reload only for other credentials or another title."""
    loaded_as = _identity(entry)

    async def follow(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        if entry.state is ConfigEntryState.UNLOAD_IN_PROGRESS:
            return  # What comes next begins with the entry as it is by then.
        if _identity(entry) != loaded_as:
            hass.config_entries.async_schedule_reload(entry.entry_id)
        else:
            async_dispatcher_send(hass, _changed(entry))

    entry.async_on_unload(entry.add_update_listener(follow))


@callback
def async_on_change(
    hass: HomeAssistant, entry: ConfigEntry[Any], listener: Callable[[], Any]
) -> None:
    """Call `listener` whenever the options or recipients change, until the account is unloaded."""
    entry.async_on_unload(async_dispatcher_connect(hass, _changed(entry), listener))


def _identity(entry: ConfigEntry[Any]) -> tuple[dict[str, Any], str]:
    """Return what an account's requests and the ids of its entities are made of."""
    return dict(entry.data), entry.title


def _changed(entry: ConfigEntry[Any]) -> SignalType[()]:
    return SignalType(f"{DOMAIN}_{entry.entry_id}_changed")
