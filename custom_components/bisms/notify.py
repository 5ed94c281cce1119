"""Notify: an entity for each recipient, and the classic action with targets."""

from collections.abc import Collection, Container, Mapping
from itertools import count
from typing import Any, cast, override

from homeassistant.components.notify import (
    ATTR_DATA,
    ATTR_MESSAGE,
    ATTR_TARGET,
    ATTR_TITLE,
    DOMAIN as NOTIFY_DOMAIN,
    BaseNotificationService,
    NotifyEntity,
    NotifyEntityFeature,
)
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import (
    EVENT_CORE_CONFIG_UPDATE,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import Context, Event, HomeAssistant, ServiceCall, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.translation import async_load_integrations
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .changes import async_on_change
from .const import CONF_NUMBERS, DOMAIN
from .coordinator import BismsConfigEntry
from .entity import RecipientEntity, async_add_for_recipients
from .entry import (
    account_name,
    account_slug,
    recipient_name,
    recipient_slug,
    recipients,
)
from .errors import invalid
from .notify_form import NotifyForms
from .outbox import UNKNOWN, Delivery
from .sending import SEND_OPTIONS, send_text

PARALLEL_UPDATES = 0

_DATA_SCHEMA = vol.Schema(SEND_OPTIONS)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: BismsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up a notify entity for each recipient."""
    async_add_for_recipients(hass, entry, async_add_entities, RecipientNotifyEntity)


class RecipientNotifyEntity(RecipientEntity, NotifyEntity):
    """Sends to one recipient; always available, for a message can always be accepted.

    Its state is when the last message to the recipient was handed over, in whatever way.
    """

    _attr_name = None
    _attr_translation_key = "recipient"
    _attr_supported_features = NotifyEntityFeature.TITLE
    _last: Delivery | None = None
    _restored: str | None = None

    def __init__(self, entry: BismsConfigEntry, subentry: ConfigSubentry) -> None:
        """Stand for the recipient."""
        super().__init__(entry, subentry, NOTIFY_DOMAIN)

    @override
    async def async_added_to_hass(self) -> None:
        """Take up the last message that the outbox knows, and listen to those to come."""
        await super().async_added_to_hass()
        restored = await self.async_get_last_state()
        if restored and restored.state not in (STATE_UNAVAILABLE, STATE_UNKNOWN):
            self._restored = restored.state
        self._last = self._find_last()
        self.async_on_remove(
            self.entry.runtime_data.deliveries.subscribe(self._on_event)
        )

    # The base class, whose state is final, knows only of what is sent through the entity.
    @property  # type: ignore[misc]
    @override
    def state(self) -> str | None:
        """Return when the last message was handed over."""
        if self._last is None:
            return self._restored
        return dt_util.utc_from_timestamp(self._last.created_utc).isoformat()

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Send a message to the recipient."""
        await send_text(
            self.entry,
            self.subentry.data[CONF_NUMBERS],
            _titled(message, title),
            {},
            self._context or Context(),
        )

    @callback
    def _on_event(self, event_type: str, delivery: Delivery) -> None:
        """Show another time, if what happened to a message makes another one the last."""
        shown, last = self.state, self._last
        if _was_never_sent(delivery):
            if last is not None and last.id == delivery.id:
                self._last = self._find_last()
        elif self._is_addressed(delivery) and (
            last is None or delivery.created_at >= last.created_at
        ):
            self._last = delivery
        if self.state != shown:
            self.async_write_ha_state()

    def _find_last(self) -> Delivery | None:
        """Return the last of the recipient's messages that the outbox knows."""
        data = self.entry.runtime_data
        latest = data.deliveries.data.by_recipient.get(self.subentry.subentry_id)
        if latest is None or not _was_never_sent(latest):
            return latest
        return max(
            (
                delivery
                for delivery in data.outbox.deliveries
                if not _was_never_sent(delivery) and self._is_addressed(delivery)
            ),
            key=lambda delivery: delivery.created_at,
            default=None,
        )

    def _is_addressed(self, delivery: Delivery) -> bool:
        numbers: Collection[str] = self.subentry.data[CONF_NUMBERS]
        return not frozenset(numbers).isdisjoint(delivery.message.numbers)


def _was_never_sent(delivery: Delivery) -> bool:
    """Tell whether a message is over and certainly was not sent."""
    return delivery.final and not delivery.accepted and delivery.reason != UNKNOWN


async def async_register_notify_actions(
    hass: HomeAssistant, entry: BismsConfigEntry
) -> None:
    """Offer `notify.<account>` and `notify.<account>_<recipient>` while the entry is loaded."""
    name = _free_name(hass, account_slug(entry), (), ())
    actions = AccountNotificationService(entry, name)
    await actions.async_setup(hass, name, name)
    entry.async_on_unload(actions.async_unregister_services)
    await actions.async_update()
    async_on_change(hass, entry, actions.async_update)
    entry.async_on_unload(
        hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, actions.async_update)
    )


def _free_name(
    hass: HomeAssistant, wanted: str, taken: Container[str], ours: Container[str]
) -> str:
    """Return the name for an action that takes nothing from anyone, ourselves included.

    `taken` are the names that we have given out just now, `ours` those we gave out before.
    """
    names = (wanted if number == 1 else f"{wanted}_{number}" for number in count(1))
    return next(
        name
        for name in names
        if name not in taken
        and (name in ours or not hass.services.has_service(NOTIFY_DOMAIN, name))
    )


class AccountNotificationService(BaseNotificationService):
    """The classic notify actions of an account."""

    def __init__(self, entry: BismsConfigEntry, name: str) -> None:
        """Send through this account; names of its recipients' actions begin with its own."""
        self._entry = entry
        self._name = name
        self._recipients: Mapping[str, ConfigSubentry] = {}

    async def async_update(self, _: Event | None = None) -> None:
        """Offer the recipients that there are now, in Home Assistant's present language."""
        self._recipients = self._named()
        await self.async_register_services()
        await async_load_integrations(self.hass, {DOMAIN})
        forms = NotifyForms(self.hass)
        forms.describe_account(
            self._name,
            account_name(self._entry),
            map(recipient_name, self._recipients.values()),
        )
        for name, subentry in self._recipients.items():
            forms.describe_recipient(name, recipient_name(subentry))

    def _named(self) -> dict[str, ConfigSubentry]:
        """Return the recipients by what their actions are called."""
        named: dict[str, ConfigSubentry] = {}
        for subentry in recipients(self._entry):
            wanted = f"{self._name}_{recipient_slug(subentry)}"
            ours = self.registered_targets
            named[_free_name(self.hass, wanted, named, ours)] = subentry
        return named

    @property
    @override
    def targets(self) -> Mapping[str, Any]:
        """Return the recipients' numbers; each recipient gets an action of its own."""
        return {
            name.removeprefix(f"{self._name}_"): subentry.data[CONF_NUMBERS]
            for name, subentry in self._recipients.items()
        }

    @override
    async def _async_notify_message_service(self, service: ServiceCall) -> None:
        """Handle the whole call: the base class would drop its context."""
        numbers = self.registered_targets.get(service.service)
        await send_text(
            self._entry,
            numbers or service.data.get(ATTR_TARGET, []),
            _titled(service.data[ATTR_MESSAGE], service.data.get(ATTR_TITLE)),
            _options(service.data.get(ATTR_DATA)),
            service.context,
        )


def _titled(message: str, title: str | None) -> str:
    return f"{title}: {message}" if title else message


def _options(data: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the additional data of a call, checked."""
    try:
        return cast(dict[str, Any], _DATA_SCHEMA(data or {}))
    except vol.Invalid as err:
        raise invalid("invalid_data", error=err) from None
