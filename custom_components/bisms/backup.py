"""Backups: the files hold still while they are copied, and show afterwards that they are a copy."""

from collections.abc import Awaitable, Callable
import logging

from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .coordinator import BismsConfigEntry
from .outbox import Outbox

_LOGGER = logging.getLogger(__name__)


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Let every account's files be complete, and hold them still."""
    await _each(hass, Outbox.hold)


async def async_post_backup(hass: HomeAssistant) -> None:
    """Let every account go on, in files that differ from those in the backup."""
    await _each(hass, Outbox.release)


async def _each(
    hass: HomeAssistant, prepare: Callable[[Outbox], Awaitable[None]]
) -> None:
    """Do it to each outbox; one that fails must not keep a user from a backup."""
    entries: list[BismsConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    for entry in entries:
        try:
            await prepare(entry.runtime_data.outbox)
        except Exception:
            _LOGGER.exception("%s could not prepare for a backup", entry.title)
