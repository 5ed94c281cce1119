"""BiSMS: SMS alerts from Home Assistant through bisms.net that are sent once and followed up."""

import asyncio
from functools import partial
import logging

from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME, Platform
from homeassistant.core import HassJob, HomeAssistant
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv, issue_registry as ir
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.typing import ConfigType

from .changes import async_follow_changes
from .const import (
    DOMAIN,
    ISSUE_HEADER_WITHDRAWN,
    ISSUE_LOW_CREDIT,
    ISSUE_NOT_SENT,
    ISSUE_UNREADABLE_STORE,
)
from .coordinator import (
    AccountCoordinator,
    BismsConfigEntry,
    BismsData,
    BlacklistCoordinator,
    DeliveryCoordinator,
)
from .entry import account_name
from .errors import failed
from .files import AccountFiles
from .forms import FORMS, async_setup_forms
from .news import announce
from .notify import async_register_notify_actions
from .outbox import Outbox, UnreadableStoreError, saved_deliveries
from .provider.client import BismsClient
from .provider.codes import InvalidAuthError
from .services import async_setup_services

_LOGGER = logging.getLogger(__name__)

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.EVENT,
    Platform.NOTIFY,
    Platform.SENSOR,
]

PROMPT_ANSWER = 0.5
"""Seconds in which a refused API secret stops set-up; a later one starts re-authentication."""


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions, and keep their forms up to date."""
    async_setup_services(hass)
    await async_setup_forms(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: BismsConfigEntry) -> bool:
    """Set up an account; messages are accepted from then on, whatever the provider does."""
    async_follow_changes(hass, entry)
    client = BismsClient(
        async_get_clientsession(hass),
        entry.data[CONF_USERNAME],
        entry.data[CONF_PASSWORD],
        entry.data[CONF_URL],
    )
    account = AccountCoordinator(hass, entry, client)
    first_answer = entry.async_create_background_task(
        hass, account.async_refresh(), "bisms account"
    )
    files = AccountFiles(hass, entry.entry_id)
    outbox = Outbox(
        client,
        files,
        spawn=partial(entry.async_create_background_task, hass),
        spawn_write=hass.async_create_task,
        on_refusal=account.refused,
    )
    await _load(hass, entry, files, outbox)
    await asyncio.wait([first_answer], timeout=PROMPT_ANSWER)
    if account.secret_refused:
        raise failed(InvalidAuthError.reason, ConfigEntryAuthFailed)
    client.on_accepted = outbox.secret_works
    account.outbox = outbox
    entry.runtime_data = BismsData(
        client,
        outbox,
        account,
        BlacklistCoordinator(hass, entry, client),
        DeliveryCoordinator(hass, entry, outbox, account),
    )
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    await async_register_notify_actions(hass, entry)
    # After the entities, so that they show what happened when a trigger fires.
    entry.async_on_unload(announce(hass, entry))
    # The event that Home Assistant stops comes too late: requests are cut off before it.
    entry.async_on_unload(hass.async_add_shutdown_job(HassJob(outbox.stop)))
    forms, deliveries = hass.data[FORMS], entry.runtime_data.deliveries
    entry.async_on_unload(account.async_add_listener(forms.update))
    entry.async_on_unload(deliveries.async_add_listener(forms.update_soon))
    await outbox.start()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: BismsConfigEntry) -> bool:
    """Unload an account; what is open is on disk."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.outbox.close()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: BismsConfigEntry) -> None:
    """Remove what an account leaves behind: its files and its repair issues."""
    files = AccountFiles(hass, entry.entry_id)
    await _tell_what_goes(entry, files)
    await files.remove()
    for key in (
        ISSUE_LOW_CREDIT,
        ISSUE_HEADER_WITHDRAWN,
        ISSUE_UNREADABLE_STORE,
        ISSUE_NOT_SENT,
    ):
        ir.async_delete_issue(hass, DOMAIN, f"{key}_{entry.entry_id}")


async def _tell_what_goes(entry: BismsConfigEntry, files: AccountFiles) -> None:
    """Say how many messages go with an account, above all of those that were not sent."""
    try:
        deliveries = await saved_deliveries(files)
    except OSError, UnreadableStoreError:
        return  # that the files cannot be read was said when the account was set up
    unsent = sum(not each.final and not each.accepted for each in deliveries)
    level = logging.WARNING if unsent else logging.INFO
    _LOGGER.log(
        level,
        "%s was removed, and with it %d messages, of which %d had not been sent",
        account_name(entry),
        len(deliveries),
        unsent,
    )


async def _load(
    hass: HomeAssistant,
    entry: BismsConfigEntry,
    files: AccountFiles,
    outbox: Outbox,
) -> None:
    """Read the outbox; keep files that make no sense aside and say so, but go on.

    A disk that fails is another matter: Home Assistant tries again.
    """
    try:
        await outbox.load()
    except OSError as err:
        raise failed("disk_error", ConfigEntryNotReady) from err
    except UnreadableStoreError:
        kept_as = await files.keep_aside()
        ir.async_create_issue(
            hass,
            DOMAIN,
            f"{ISSUE_UNREADABLE_STORE}_{entry.entry_id}",
            is_fixable=True,
            is_persistent=True,
            severity=ir.IssueSeverity.ERROR,
            translation_key=ISSUE_UNREADABLE_STORE,
            translation_placeholders={
                "account": account_name(entry),
                "path": kept_as,
            },
        )
