"""Sensors: credit, outbox and blacklist of the account; what became of the last delivery."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast, override

from homeassistant.components.sensor import (
    DOMAIN as SENSOR_DOMAIN,
    RestoreSensor,
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType
from homeassistant.helpers.update_coordinator import (
    CoordinatorEntity,
    DataUpdateCoordinator,
)

from .const import CONF_NUMBERS
from .coordinator import (
    AccountCoordinator,
    BismsConfigEntry,
    BismsData,
    BlacklistCoordinator,
    DeliveryCoordinator,
)
from .entity import AccountEntity, RecipientEntity, async_add_for_recipients, valued
from .outbox import Delivery, State, state_for
from .sending import isoformat

PARALLEL_UPDATES = 0

LAST_DELIVERY_STATUS = "last_delivery_status"


@dataclass(frozen=True, kw_only=True)
class BismsSensorDescription[CoordinatorT: DataUpdateCoordinator[Any]](
    SensorEntityDescription
):
    """What an account's sensor listens to and shows."""

    coordinator: Callable[[BismsData], CoordinatorT]
    value: Callable[[CoordinatorT], StateType | datetime]


CREDIT = BismsSensorDescription[AccountCoordinator](
    key="remaining_credit",
    state_class=SensorStateClass.MEASUREMENT,
    suggested_display_precision=0,
    coordinator=lambda data: data.account,
    value=lambda account: account.data.credit if account.data else None,
)
OUTBOX = BismsSensorDescription[DeliveryCoordinator](
    key="outbox",
    entity_category=EntityCategory.DIAGNOSTIC,
    state_class=SensorStateClass.MEASUREMENT,
    coordinator=lambda data: data.deliveries,
    value=lambda deliveries: deliveries.outbox.queued,
)
SCHEDULED = BismsSensorDescription[DeliveryCoordinator](
    key="scheduled_messages",
    state_class=SensorStateClass.MEASUREMENT,
    coordinator=lambda data: data.deliveries,
    value=lambda deliveries: len(deliveries.outbox.planned),
)
CREDITS_USED = BismsSensorDescription[DeliveryCoordinator](
    key="credits_used",
    state_class=SensorStateClass.TOTAL_INCREASING,
    coordinator=lambda data: data.deliveries,
    value=lambda deliveries: deliveries.outbox.credits_used,
)
LASTS_UNTIL = BismsSensorDescription[AccountCoordinator](
    key="credit_lasts_until",
    entity_category=EntityCategory.DIAGNOSTIC,
    device_class=SensorDeviceClass.TIMESTAMP,
    coordinator=lambda data: data.account,
    value=lambda account: account.lasts_until,
)
BLACKLIST = BismsSensorDescription[BlacklistCoordinator](
    key="blacklisted_numbers",
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
    state_class=SensorStateClass.MEASUREMENT,
    coordinator=lambda data: data.blacklist,
    value=lambda blacklist: None if blacklist.data is None else len(blacklist.data),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: BismsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors of the account and of its recipients."""
    async_add_entities(
        [
            CreditSensor(entry, CREDIT),
            OutboxSensor(entry, OUTBOX),
            OutboxSensor(entry, CREDITS_USED),
            ScheduledSensor(entry, SCHEDULED),
            AccountSensor(entry, LASTS_UNTIL),
            AccountSensor(entry, BLACKLIST),
            AccountDeliverySensor(entry),
        ]
    )
    async_add_for_recipients(hass, entry, async_add_entities, RecipientDeliverySensor)


class AccountSensor[CoordinatorT: DataUpdateCoordinator[Any]](
    CoordinatorEntity[CoordinatorT], AccountEntity, SensorEntity
):
    """Shows what its description says."""

    entity_description: BismsSensorDescription[CoordinatorT]

    def __init__(
        self,
        entry: BismsConfigEntry,
        description: BismsSensorDescription[CoordinatorT],
    ) -> None:
        """Listen to the description's coordinator."""
        CoordinatorEntity.__init__(self, description.coordinator(entry.runtime_data))
        AccountEntity.__init__(self, entry, SENSOR_DOMAIN, description.key)
        self.entity_description = description

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return what is to be shown now."""
        return self.entity_description.value(self.coordinator)


class CreditSensor(AccountSensor[AccountCoordinator], RestoreSensor):
    """Shows the last known credit, over restarts too, and when it was learned."""

    _unrecorded_attributes = frozenset({"updated_at"})
    _restored: StateType = None
    _restored_at: str | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Take up what was known before."""
        await super().async_added_to_hass()
        state = await self.async_get_last_state()
        known = await self.async_get_last_sensor_data()
        if state is not None and known is not None:
            self._restored = cast(StateType, known.native_value)
            self._restored_at = state.attributes.get("updated_at")

    @property
    @override
    def available(self) -> bool:
        """Return that there is something to show: what was known last does not go stale."""
        return True

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return the credit as it was known last."""
        known = super().native_value
        return self._restored if known is None else known

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return when the provider last told it."""
        account = self.coordinator.data
        updated_at = account and isoformat(account.updated_at.timestamp())
        return valued(updated_at=updated_at or self._restored_at)


class OutboxSensor(AccountSensor[DeliveryCoordinator]):
    """Shows a number of the outbox; most of what happens to a message does not change it."""

    _shown: object = None

    @property
    def shown(self) -> object:
        """Return all that is shown."""
        return self.native_value

    @override
    @callback
    def _handle_coordinator_update(self) -> None:
        """Show the number, if it is another."""
        if (shown := self.shown) != self._shown:
            self._shown = shown
            super()._handle_coordinator_update()


class ScheduledSensor(OutboxSensor):
    """Shows how many messages are to be sent later, and when the next one is."""

    @property
    @override
    def shown(self) -> object:
        """Return all that is shown."""
        return self.native_value, self.extra_state_attributes

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Return when the next one is sent, if there is one."""
        planned = self.coordinator.outbox.planned
        return {"next_at": isoformat(min(planned))} if planned else None


class DeliverySensor(CoordinatorEntity[DeliveryCoordinator], SensorEntity):
    """Shows what became of a delivery: an account's or a recipient's last one."""

    _shown: Delivery | None = None
    _attr_device_class = SensorDeviceClass.ENUM
    _attr_options = [state.value for state in State]
    _unrecorded_attributes = frozenset({"recipients"})

    @property
    def delivery(self) -> Delivery | None:
        """Return the delivery to show."""
        raise NotImplementedError

    def state_of(self, delivery: Delivery) -> State:
        """Return what became of it."""
        return delivery.state

    @override
    @callback
    def _handle_coordinator_update(self) -> None:
        """Show the delivery, if it is another one or has changed."""
        if (delivery := self.delivery) is not self._shown:
            self._shown = delivery
            super()._handle_coordinator_update()

    @property
    @override
    def native_value(self) -> str | None:
        """Return the delivery's state."""
        return None if self.delivery is None else self.state_of(self.delivery).value

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Return which delivery it is."""
        if (delivery := self.delivery) is None:
            return None
        sent_at = delivery.sent_utc
        return valued(
            dlr_id=delivery.dlr_id,
            recipients=list(delivery.message.numbers),
            sent_at=None if sent_at is None else isoformat(sent_at),
            parts=sum(sms.parts for sms in delivery.message.sms),
            reason=delivery.reason,
        )


class AccountDeliverySensor(DeliverySensor, AccountEntity):
    """Shows what became of the account's last delivery."""

    def __init__(self, entry: BismsConfigEntry) -> None:
        """Listen to deliveries."""
        DeliverySensor.__init__(self, entry.runtime_data.deliveries)
        AccountEntity.__init__(self, entry, SENSOR_DOMAIN, LAST_DELIVERY_STATUS)

    @property
    @override
    def delivery(self) -> Delivery | None:
        """Return the account's last delivery."""
        return self.coordinator.data.latest


class RecipientDeliverySensor(DeliverySensor, RecipientEntity):
    """Shows what became of the last delivery to a recipient."""

    def __init__(self, entry: BismsConfigEntry, subentry: ConfigSubentry) -> None:
        """Listen to deliveries."""
        DeliverySensor.__init__(self, entry.runtime_data.deliveries)
        RecipientEntity.__init__(
            self, entry, subentry, SENSOR_DOMAIN, LAST_DELIVERY_STATUS
        )
        self._numbers = subentry.data[CONF_NUMBERS]

    @override
    @callback
    def _handle_coordinator_update(self) -> None:
        """Show the same delivery anew when the recipient has other numbers now."""
        if (numbers := self.subentry.data[CONF_NUMBERS]) != self._numbers:
            self._numbers = numbers
            self._shown = self.delivery
            self.async_write_ha_state()
        super()._handle_coordinator_update()

    @property
    @override
    def delivery(self) -> Delivery | None:
        """Return the last delivery to the recipient."""
        return self.coordinator.data.by_recipient.get(self.subentry.subentry_id)

    @override
    def state_of(self, delivery: Delivery) -> State:
        """Return what became of it as far as the recipient's numbers are concerned."""
        return state_for(delivery, self.subentry.data[CONF_NUMBERS])
