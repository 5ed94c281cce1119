"""Triggers: automations that begin with what happens to a message."""

from typing import Any, cast, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, CONF_OPTIONS
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.translation import async_get_translations
from homeassistant.helpers.trigger import (
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

from .const import CONF_NUMBERS, DOMAIN
from .entry import recipients
from .news import SIGNAL_NEWS, News, cause, facts
from .provider.numbers import InvalidNumberError, normalize
from .sending import book_of

CONF_RECIPIENTS = "recipients"

_EVENT_TYPES = {
    "message_sent": {"sent"},
    "message_queued": {"queued"},
    "message_delivered": {"delivered"},
    "message_failed": {"failed", "partially_delivered", "expired"},
}
"""The triggers, and which events of a message set each of them off."""

_SCHEMA = vol.Schema(
    {
        vol.Optional(CONF_OPTIONS, default=dict): {
            vol.Optional(CONF_RECIPIENTS, default=list): vol.All(
                cv.ensure_list, [cv.string]
            )
        }
    }
)


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers of the domain."""
    return dict.fromkeys(_EVENT_TYPES, MessageTrigger)


class MessageTrigger(Trigger):
    """Fires when something happens to a message of any account, or to one to some recipients."""

    @classmethod
    @override
    async def async_validate_config(
        cls, hass: HomeAssistant, config: ConfigType
    ) -> ConfigType:
        """Check the options; a recipient must be known by now."""
        checked = cast(ConfigType, _SCHEMA(config))
        accounts = hass.config_entries.async_entries(DOMAIN)
        for recipient in checked[CONF_OPTIONS][CONF_RECIPIENTS]:
            if not _numbers(hass, recipient, *accounts):
                key = "unknown_trigger_recipient"
                text = await _text(hass, "exceptions", key, "message")
                raise HomeAssistantError(
                    text.format(recipient=recipient),
                    translation_domain=DOMAIN,
                    translation_key=key,
                    translation_placeholders={"recipient": recipient},
                )
        return checked

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Take what to wait for from the trigger's key and its options."""
        super().__init__(hass, config)
        self._key = config.key.removeprefix(f"{DOMAIN}.")
        self._recipients: list[str] = (config.options or {})[CONF_RECIPIENTS]

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Listen until what is returned is called, whether or not an account is loaded."""
        name = await _text(self._hass, "triggers", self._key, "name")

        @callback
        def on_news(news: News) -> None:
            if news.event_type in _EVENT_TYPES[self._key] and self._concerns(news):
                run_action(_payload(news), name, cause(news.delivery))

        return async_dispatcher_connect(self._hass, SIGNAL_NEWS, on_news)

    def _concerns(self, news: News) -> bool:
        """Return whether the message is to one of the recipients, if any are named."""
        numbers = news.delivery.message.numbers
        return not self._recipients or any(
            not _numbers(self._hass, recipient, news.entry).isdisjoint(numbers)
            for recipient in self._recipients
        )


def _payload(news: News) -> dict[str, Any]:
    """Return what an automation finds in `trigger`, where `id` is the trigger's own."""
    told = facts(news.entry, news.delivery)
    return {
        "event_type": news.event_type,
        "message_id": told.pop("id"),
        **told,
        ATTR_CONFIG_ENTRY_ID: news.entry.entry_id,
    }


def _numbers(hass: HomeAssistant, recipient: str, *accounts: ConfigEntry) -> set[str]:
    """Return the numbers that a recipient has in these accounts, or the number that is given.

    A recipient is chosen by its notify entity, or called by its name. There are no numbers if
    it is none of these.
    """
    chosen = er.async_get(hass).async_get(recipient)
    if chosen is not None:
        return {
            number
            for account in accounts
            for subentry in recipients(account)
            if subentry.subentry_id == chosen.config_subentry_id
            for number in subentry.data[CONF_NUMBERS]
        }
    named = {
        number
        for account in accounts
        for _, numbers in book_of(account).find(recipient.strip())
        for number in numbers
    }
    if named:
        return named
    try:
        return {normalize(recipient)}
    except InvalidNumberError:
        return set()


async def _text(hass: HomeAssistant, category: str, key: str, part: str) -> str:
    """Return a text in Home Assistant's language, for where it looks for none by itself."""
    texts = await async_get_translations(hass, hass.config.language, category, {DOMAIN})
    return texts[f"component.{DOMAIN}.{category}.{key}.{part}"]
