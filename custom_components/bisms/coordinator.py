"""What entities show: the account's credit and sender names, and its deliveries."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
import logging
import math
from typing import Any, NamedTuple, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .changes import async_on_change
from .const import (
    CONF_HEADER,
    CONF_LOW_CREDIT,
    CONF_NUMBERS,
    DOMAIN,
    ISSUE_HEADER_WITHDRAWN,
    ISSUE_LOW_CREDIT,
    ISSUE_NOT_SENT,
    LOW_CREDIT_REFUSED,
)
from .entry import account_name, addressees, options_of, recipients
from .errors import fault
from .outbox import UNKNOWN, Delivery, Outbox, State, happened, seen
from .provider.client import BismsClient
from .provider.codes import BismsError, InvalidAuthError, NotEnoughCreditsError
from .usage import lasts_until

_LOGGER = logging.getLogger(__name__)

POLL_INTERVAL = timedelta(hours=1)
"""How often credit, sender names and the blacklist are asked for."""

RETRY_INTERVAL = 60.0
"""Seconds until the next question when one got no answer."""

RETRY_INTERVAL_REFUSED = 300.0
"""Seconds until the next question when the API secret was refused, perhaps in passing."""

AFTER_SEND = 2
"""Seconds after which a burst of sends causes one look at the credit."""

MAYBE_SENT = "maybe_sent"
"""What the repair is called of a message of which it is not known whether it was sent."""

WHEN_IT_IS_DOWN = "https://github.com/bisms-home-assistant/bisms#what-happens-when-the-internet-is-down"

type BismsConfigEntry = ConfigEntry[BismsData]


class BismsData(NamedTuple):
    """What a loaded account consists of."""

    client: BismsClient
    outbox: Outbox
    account: AccountCoordinator
    blacklist: BlacklistCoordinator
    deliveries: DeliveryCoordinator


class Account(NamedTuple):
    """What the provider says of the account: credits left and approved sender names."""

    credit: int | float
    headers: tuple[str, ...]
    updated_at: datetime


class ProviderCoordinator[DataT](DataUpdateCoordinator[DataT]):
    """Asks the provider something every hour; what goes wrong is mapped here only."""

    config_entry: BismsConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: BismsConfigEntry,
        client: BismsClient,
        subject: str,
    ) -> None:
        """Prepare to ask; nothing is asked before someone listens or refreshes."""
        self._soon: Debouncer[Coroutine[Any, Any, None]] = Debouncer(
            hass, _LOGGER, cooldown=AFTER_SEND, immediate=False
        )
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=f"{account_name(entry)} {subject}",
            update_interval=POLL_INTERVAL,
            always_update=False,
            request_refresh_debouncer=self._soon,
        )
        self.client = client

    @callback
    def refresh_soon(self) -> None:
        """Ask again in a moment if anyone listens; a burst of calls causes one question."""
        if self._listeners:
            self._soon.async_schedule_call()

    async def _ask(self) -> DataT:
        raise NotImplementedError

    @override
    async def _async_update_data(self) -> DataT:
        """Ask, and translate what went wrong.

        Of a refused API secret no `ConfigEntryAuthFailed` is made, which would end polling
        for good.
        """
        try:
            return await self._ask()
        except BismsError as err:
            failure = fault(err, UpdateFailed)
            failure.retry_after = RETRY_INTERVAL
            if isinstance(err, InvalidAuthError):
                failure.retry_after = RETRY_INTERVAL_REFUSED
                self.config_entry.async_start_reauth(self.hass)
            raise failure from err


class AccountCoordinator(ProviderCoordinator[Account | None]):
    """Credit and sender names, and the repair issues that follow from them.

    Attributes
    ----------
    outbox
        The account's outbox, once there is one; it is to know what was sent last whenever
        the provider can be asked.
    """

    outbox: Outbox | None = None

    def __init__(
        self, hass: HomeAssistant, entry: BismsConfigEntry, client: BismsClient
    ) -> None:
        """Prepare to ask for the account; the issues are reason enough to go on asking."""
        super().__init__(hass, entry, client, "account")
        self._exhausted_at: int | float | None = None
        entry.async_on_unload(self.async_add_listener(self._review))
        async_on_change(hass, entry, self.async_update_listeners)

    @property
    def secret_refused(self) -> bool:
        """Whether the latest answer was that the API secret is wrong."""
        cause = self.last_exception and self.last_exception.__cause__
        return not self.last_update_success and isinstance(cause, InvalidAuthError)

    @property
    def refused_for_credit(self) -> bool:
        """Whether credit was too little for a message, and there is no more since."""
        return self._exhausted_at is not None

    @property
    def low_credit(self) -> bool | None:
        """Whether credit is below the threshold, or was too little for a message."""
        if self.data is None:
            return None
        threshold = options_of(self.config_entry)[CONF_LOW_CREDIT]
        return self.data.credit < threshold or self.refused_for_credit

    @property
    def lasts_until(self) -> datetime | None:
        """Return when credit runs out at the pace of the last days, as far as can be told."""
        if self.data is None or self.outbox is None:
            return None
        return lasts_until(self.data.credit, self.outbox.deliveries, dt_util.utcnow())

    @callback
    def refused(self, err: BismsError) -> None:
        """Follow up on a refusal: ask for the secret anew, or say that credit is short."""
        if isinstance(err, InvalidAuthError):
            self.config_entry.async_start_reauth(self.hass)
        elif isinstance(err, NotEnoughCreditsError):
            self._exhausted_at = self.data.credit if self.data else math.inf
            self.async_update_listeners()
            self.refresh_soon()

    @override
    async def _ask(self) -> Account:
        credit, headers = await asyncio.gather(
            self.client.get_credit(), self.client.get_headers()
        )
        return Account(credit, headers, dt_util.utcnow())

    @override
    @callback
    def _async_refresh_finished(self) -> None:
        """Forget that credit was too little once there is more; see what was sent last."""
        if self._exhausted_at is not None and self.data is not None:
            more = self.data.credit > self._exhausted_at
            self._exhausted_at = None if more else self.data.credit
        if self.last_update_success and self.outbox is not None:
            self.config_entry.async_create_background_task(
                self.hass, self.outbox.learn_newest_id(), "bisms newest id"
            )

    @callback
    def _review(self) -> None:
        """Raise or withdraw the repair issues."""
        if self.data is None:
            return
        options = options_of(self.config_entry)
        header = options[CONF_HEADER]
        self._issue(
            ISSUE_LOW_CREDIT,
            bool(self.low_credit),
            words=LOW_CREDIT_REFUSED if self.refused_for_credit else ISSUE_LOW_CREDIT,
            is_fixable=False,
            credit=str(self.data.credit),
            threshold=str(options[CONF_LOW_CREDIT]),
        )
        self._issue(
            ISSUE_HEADER_WITHDRAWN,
            header not in self.data.headers,
            words=ISSUE_HEADER_WITHDRAWN,
            is_fixable=True,
            header=header,
        )

    @callback
    def ended_unsent(self, delivery: Delivery) -> None:
        """Say that a message of which nobody waits for an answer was not sent, as far as is known.

        The latest one takes the place of the one before.
        """
        at = dt_util.as_local(dt_util.utc_from_timestamp(delivery.created_utc))
        self._issue(
            ISSUE_NOT_SENT,
            True,
            words=MAYBE_SENT if delivery.reason == UNKNOWN else ISSUE_NOT_SENT,
            is_fixable=True,
            is_event=True,
            recipient=addressees(self.config_entry, delivery.message.numbers),
            time=f"{at:%Y-%m-%d %H:%M}",
        )

    def _issue(
        self,
        key: str,
        present: bool,
        *,
        words: str,
        is_fixable: bool,
        is_event: bool = False,
        **placeholders: str,
    ) -> None:
        """Raise or withdraw an issue; that of an event is still there after a restart.

        A user who ignored it has not ignored the next event, nor other words.
        """
        issue_id = f"{key}_{self.config_entry.entry_id}"
        before = ir.async_get(self.hass).async_get_issue(DOMAIN, issue_id)
        other_words = before and before.active and before.translation_key != words
        if not present or is_event or other_words:
            ir.async_delete_issue(self.hass, DOMAIN, issue_id)
        if not present:
            return
        ir.async_create_issue(
            self.hass,
            DOMAIN,
            issue_id,
            data={"entry_id": self.config_entry.entry_id},
            is_fixable=is_fixable,
            is_persistent=is_event,
            learn_more_url=WHEN_IT_IS_DOWN if key == ISSUE_NOT_SENT else None,
            severity=ir.IssueSeverity.WARNING,
            translation_key=words,
            translation_placeholders={
                "account": account_name(self.config_entry),
                **placeholders,
            },
        )


class BlacklistCoordinator(ProviderCoordinator[tuple[str, ...] | None]):
    """The blacklisted numbers; asked for only while an entity shows them."""

    def __init__(
        self, hass: HomeAssistant, entry: BismsConfigEntry, client: BismsClient
    ) -> None:
        """Prepare to ask for the blacklist."""
        super().__init__(hass, entry, client, "blacklist")

    @override
    @callback
    def async_add_listener(
        self, update_callback: CALLBACK_TYPE, context: Any = None
    ) -> Callable[[], None]:
        """Ask soon after someone begins to listen, not only an hour later."""
        remove_listener = super().async_add_listener(update_callback, context)
        self.refresh_soon()
        return remove_listener

    @override
    async def _ask(self) -> tuple[str, ...]:
        return await self.client.get_blacklist()


class Deliveries(NamedTuple):
    """The latest delivery of the account, and of each recipient by its subentry's id."""

    latest: Delivery | None
    by_recipient: dict[str, Delivery]


class DeliveryCoordinator(DataUpdateCoordinator[Deliveries]):
    """Passes on what happens to deliveries; has nothing to ask for by itself."""

    config_entry: BismsConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: BismsConfigEntry,
        outbox: Outbox,
        account: AccountCoordinator,
    ) -> None:
        """Take the latest deliveries from the outbox."""
        super().__init__(
            hass, _LOGGER, config_entry=entry, name=f"{account_name(entry)} deliveries"
        )
        self.outbox = outbox
        self._account = account
        self._numbers = _numbers(entry)
        self.data = Deliveries(None, {})
        for delivery in outbox.deliveries:
            self.data = self._including(delivery)
        entry.async_on_unload(outbox.subscribe(self._on_change))
        async_on_change(hass, entry, self._follow_recipients)

    def subscribe(
        self, listener: Callable[[str, Delivery], None]
    ) -> Callable[[], None]:
        """Call `listener(event type, delivery)` for all that happens; return what ends that."""

        def pass_on(before: Delivery, after: Delivery) -> None:
            for event_type in happened(before, after):
                listener(event_type, after)

        return self.outbox.subscribe(pass_on)

    @callback
    def _on_change(self, before: Delivery, after: Delivery) -> None:
        """Show the change; look at the credit soon after a message was accepted.

        While a caller still waits for the first answer there is nothing to show yet.
        """
        if after.accepted and not before.accepted:
            self._account.refresh_soon()
        if after.final and not before.final:
            if after.state is State.EXPIRED or after.reason == UNKNOWN:
                self._account.ended_unsent(after)
        if after.told and seen(after) != seen(before):
            self.data = self._including(after)
            self.async_update_listeners()

    @callback
    def _follow_recipients(self) -> None:
        """Look up what concerns new recipients, and those who have other numbers now.

        What was shown of a deleted one stays until its entities have gone.
        """
        before, self._numbers = self._numbers, _numbers(self.config_entry)
        changed = {
            subentry_id: numbers
            for subentry_id, numbers in self._numbers.items()
            if numbers != before.get(subentry_id)
        }
        if not changed:
            return
        by_recipient = {
            subentry_id: delivery
            for subentry_id, delivery in self.data.by_recipient.items()
            if subentry_id not in changed
        }
        for delivery in filter(lambda each: each.told, self.outbox.deliveries):
            for subentry_id, numbers in changed.items():
                if not numbers.isdisjoint(delivery.message.numbers):
                    known = by_recipient.get(subentry_id)
                    by_recipient[subentry_id] = _later(known, delivery)
        self.data = Deliveries(self.data.latest, by_recipient)
        self.async_update_listeners()

    def _including(self, delivery: Delivery) -> Deliveries:
        latest = _later(self.data.latest, delivery)
        by_recipient = {
            subentry_id: _later(self.data.by_recipient.get(subentry_id), delivery)
            for subentry_id, numbers in self._numbers.items()
            if not numbers.isdisjoint(delivery.message.numbers)
        }
        return Deliveries(latest, self.data.by_recipient | by_recipient)


def _numbers(entry: ConfigEntry) -> dict[str, frozenset[str]]:
    """Return each recipient's numbers by its subentry's id."""
    return {
        subentry.subentry_id: frozenset(subentry.data[CONF_NUMBERS])
        for subentry in recipients(entry)
    }


def _later(known: Delivery | None, delivery: Delivery) -> Delivery:
    """Return the later of two deliveries, or the newer record of the same one."""
    if known is None or delivery.created_at >= known.created_at:
        return delivery
    return known
