"""The forms of the actions: they offer the recipients, sender names and messages that are known."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.const import ATTR_DOMAIN, ATTR_SERVICE, EVENT_SERVICE_REGISTERED
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.selector import SelectOptionDict, validate_selector
from homeassistant.helpers.service import async_set_service_schema
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.yaml import load_yaml_dict

from .const import CONF_HEADER, DOMAIN
from .coordinator import BismsConfigEntry
from .entry import options_of, recipient_name, recipients
from .offers import FITTING, offered
from .services import ATTR_ID, ATTR_RECIPIENT, ATTR_RECIPIENTS

type Fields = dict[str, Any]
type Offers = Mapping[str, dict[str, Any] | None]
"""By the name of a field, the selector that takes the place of its own, if there is one."""

FORMS: HassKey[ActionForms] = HassKey(f"{DOMAIN}_forms")

SOON = 1
"""Seconds after which the forms follow what happens to messages, of which much may be at once."""

PAUSE = 10
"""Seconds for which they then stay as they are.

A page that is told of another form shows an empty one until it has asked, for which it waits
until nothing was told for 5 seconds.
"""

SEVERAL = frozenset({"cancel_message"})
"""The actions that take several messages at once."""


async def async_setup_forms(hass: HomeAssistant) -> None:
    """Keep the forms of the domain's actions up to date from now on."""
    path = Path(__file__).with_name("services.yaml")
    actions = await hass.async_add_executor_job(load_yaml_dict, path)
    forms = hass.data[FORMS] = ActionForms(
        hass, {name: _checked(action["fields"]) for name, action in actions.items()}
    )
    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, forms.entry_changed)


def choice(names: Iterable[str], *, multiple: bool = False) -> dict[str, Any] | None:
    """Return a selector for one of the names, or for anything else; None without names."""
    return _choice(list(dict.fromkeys(names)), multiple=multiple, sort=True)


def _choice(
    options: Sequence[str | SelectOptionDict], *, multiple: bool, sort: bool
) -> dict[str, Any] | None:
    if not options:
        return None
    select = {"options": options, "custom_value": True, "mode": "dropdown"}
    return validate_selector({"select": {**select, "multiple": multiple, "sort": sort}})


class ActionForms:
    """The forms of the domain's actions, which change with the accounts that are loaded."""

    def __init__(self, hass: HomeAssistant, plain: dict[str, Fields]) -> None:
        """Begin with what the forms are while nothing is known."""
        self._hass = hass
        self._plain = plain
        self._shown = plain
        self._next_update: CALLBACK_TYPE | None = None
        self._not_before = 0.0

    @callback
    def entry_changed(self, _: ConfigEntryChange, entry: ConfigEntry[Any]) -> None:
        """Follow an account that was loaded, changed or unloaded."""
        if entry.domain == DOMAIN:
            self.update()

    @callback
    def update_soon(self) -> None:
        """Offer what is known in a moment, when more may have happened."""
        if self._next_update is None:
            job = HassJob(self._update_now, cancel_on_shutdown=True)
            pause = self._not_before - self._hass.loop.time()
            self._next_update = async_call_later(self._hass, max(SOON, pause), job)

    @callback
    def _update_now(self, _: datetime) -> None:
        self._next_update = None
        self._not_before = self._hass.loop.time() + PAUSE
        self.update()

    @callback
    def update(self) -> None:
        """Offer what is known now.

        Pages that are open ask for all forms again when an action is registered, so they
        are told that those whose form is another one were.
        """
        offers = self._offers()
        before = self._shown
        self._shown = {
            name: _offering(fields, {**offers, ATTR_ID: self._messages(name)})
            for name, fields in self._plain.items()
        }
        for name, fields in self._shown.items():
            if fields != before[name]:
                async_set_service_schema(self._hass, DOMAIN, name, {"fields": fields})
                self._hass.bus.async_fire(
                    EVENT_SERVICE_REGISTERED, {ATTR_DOMAIN: DOMAIN, ATTR_SERVICE: name}
                )

    @property
    def _entries(self) -> list[BismsConfigEntry]:
        return self._hass.config_entries.async_loaded_entries(DOMAIN)

    def _messages(self, action: str) -> dict[str, Any] | None:
        """Return a selector for the messages that an action is meant for, if there are any."""
        if (fits := FITTING.get(action)) is None:
            return None
        messages = [
            message
            for entry in self._entries
            for message in offered(entry, entry.runtime_data.outbox.deliveries, fits)
        ]
        return _choice(messages, multiple=action in SEVERAL, sort=False)

    def _offers(self) -> Offers:
        entries = self._entries
        names = [
            recipient_name(each) for entry in entries for each in recipients(entry)
        ]
        return {
            ATTR_RECIPIENT: choice(names),
            ATTR_RECIPIENTS: choice(names, multiple=True),
            CONF_HEADER: choice(
                header for entry in entries for header in _headers(entry)
            ),
        }


def _headers(entry: BismsConfigEntry) -> Iterable[str]:
    """Return the approved sender names; until they are known, the one in the options."""
    if (account := entry.runtime_data.account.data) is not None:
        return account.headers
    return filter(None, [options_of(entry)[CONF_HEADER]])


def _checked(fields: Fields) -> Fields:
    """Return fields of services.yaml with selectors as Home Assistant hands them out."""
    return {
        name: {**field, "fields": _checked(field["fields"])}
        if "fields" in field
        else {**field, "selector": validate_selector(field["selector"])}
        for name, field in fields.items()
    }


def _offering(fields: Fields, offers: Offers) -> Fields:
    """Return fields with what is offered, those in sections and in lists of objects too."""
    filled: Fields = {}
    for name, field in fields.items():
        if "fields" in field:
            filled[name] = {**field, "fields": _offering(field["fields"], offers)}
        else:
            selector = offers.get(name) or _inside(field["selector"], offers)
            filled[name] = {**field, "selector": selector}
    return filled


def _inside(selector: dict[str, Any], offers: Offers) -> dict[str, Any]:
    """Return a selector of objects with what is offered in their fields; any other as it is."""
    match selector:
        case {"object": {"fields": fields} as described}:
            filled = _offering(cast(Fields, fields), offers)
            return {"object": {**described, "fields": filled}}
        case _:
            return selector
