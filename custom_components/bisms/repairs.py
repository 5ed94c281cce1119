"""Repairs: choosing another sender name, and taking note of an unreadable store."""

from typing import Any

from homeassistant.components.repairs import (
    ConfirmRepairFlow,
    RepairsFlow,
    RepairsFlowResult,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig
import voluptuous as vol

from .const import CONF_HEADER, ISSUE_HEADER_WITHDRAWN
from .coordinator import BismsConfigEntry
from .entry import account_name, options_of
from .provider.codes import BismsError


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, Any] | None
) -> RepairsFlow:
    """Return the flow that fixes an issue."""
    entry = hass.config_entries.async_get_entry((data or {}).get("entry_id", ""))
    if entry is not None and issue_id.startswith(ISSUE_HEADER_WITHDRAWN):
        return HeaderFlow(entry)
    return ConfirmRepairFlow()


class HeaderFlow(RepairsFlow):
    """Offers the sender names that are approved now."""

    def __init__(self, entry: BismsConfigEntry) -> None:
        """Repair this account."""
        self._entry = entry

    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask for another sender name; the next message is sent under it."""
        # At first Home Assistant hands over the issue's id, as if it had been typed.
        if user_input is not None and CONF_HEADER in user_input:
            self.hass.config_entries.async_update_entry(
                self._entry, options={**self._entry.options, **user_input}
            )
            return self.async_create_entry(data={})
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="cannot_connect")
        data = self._entry.runtime_data
        try:
            headers = await data.client.get_headers()
        except BismsError as err:
            data.account.refused(err)
            return self.async_abort(reason="cannot_connect")
        if not headers:
            return self.async_abort(reason="no_headers")
        return self.async_show_form(
            step_id="init",
            data_schema=vol.Schema(
                {
                    vol.Required(CONF_HEADER): SelectSelector(
                        SelectSelectorConfig(options=list(headers))
                    )
                }
            ),
            description_placeholders={
                "account": account_name(self._entry),
                "header": options_of(self._entry)[CONF_HEADER],
            },
        )
