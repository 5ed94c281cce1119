"""The forms of the classic notify actions, in Home Assistant's language."""

from collections.abc import Iterable
from typing import Any, Final

from homeassistant.components.notify import (
    ATTR_DATA,
    ATTR_MESSAGE,
    ATTR_TARGET,
    ATTR_TITLE,
    DOMAIN as NOTIFY_DOMAIN,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.selector import validate_selector
from homeassistant.helpers.service import async_set_service_schema
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN
from .forms import choice
from .services import ATTR_RECIPIENTS

_TEXT: Final = validate_selector({"text": {}})
_TEXT_OF_LINES: Final = validate_selector({"text": {"multiline": True}})
_SEVERAL_TEXTS: Final = validate_selector({"text": {"multiple": True}})
_YAML: Final = validate_selector({"object": {}})


class NotifyForms:
    """Words of an account's notify actions; those of `send_message` serve them too.

    The texts of Home Assistant's language must be loaded.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        """Take the words of the present language."""
        language = hass.config.language
        self._hass = hass
        self._words = async_get_cached_translations(hass, language, "common", DOMAIN)
        self._actions = async_get_cached_translations(
            hass, language, "services", DOMAIN
        )

    @callback
    def describe_account(
        self, action: str, account: str, recipients: Iterable[str]
    ) -> None:
        """Give an account's action its form, with recipients to choose from."""
        selector = choice(recipients, multiple=True) or _SEVERAL_TEXTS
        target = self._field_of_send_message(ATTR_RECIPIENTS, selector)
        self._describe(action, "notify_account", account, {ATTR_TARGET: target})

    @callback
    def describe_recipient(self, action: str, recipient: str) -> None:
        """Give a recipient's action its form, which needs no target."""
        self._describe(action, "notify_recipient", recipient, {})

    def _describe(
        self,
        action: str,
        kind: str,
        called: str,
        target: dict[str, Any],
    ) -> None:
        form = {
            "name": self._word(kind).format(name=called),
            "description": self._word(f"{kind}_description").format(name=called),
            "fields": {
                ATTR_MESSAGE: self._field_of_send_message(ATTR_MESSAGE, _TEXT_OF_LINES),
                ATTR_TITLE: self._field(ATTR_TITLE, _TEXT),
                **target,
                ATTR_DATA: self._field(ATTR_DATA, _YAML),
            },
        }
        async_set_service_schema(self._hass, NOTIFY_DOMAIN, action, form)

    def _field(self, name: str, selector: dict[str, Any]) -> dict[str, Any]:
        """Return a field that may be left empty."""
        return {
            "name": self._word(f"notify_{name}"),
            "description": self._word(f"notify_{name}_description"),
            "selector": selector,
        }

    def _field_of_send_message(
        self, name: str, selector: dict[str, Any]
    ) -> dict[str, Any]:
        """Return a field that must be filled in, with the words of `send_message`."""
        prefix = f"component.{DOMAIN}.services.send_message.fields.{name}"
        return {
            "name": self._actions[f"{prefix}.name"],
            "description": self._actions[f"{prefix}.description"],
            "required": True,
            "selector": selector,
        }

    def _word(self, key: str) -> str:
        return self._words[f"component.{DOMAIN}.common.{key}"]
