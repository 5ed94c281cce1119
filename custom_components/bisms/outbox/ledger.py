"""All deliveries that are known, and what is to be known of them together."""

from collections.abc import Iterable, Iterator
from itertools import chain

from .allowance import HOUR, Allowance
from .record import Delivery

KEEP_FINISHED = 2000
KEEP_SECONDS = 31 * 24 * 3600
"""How many finished deliveries are kept, and for how long after they were last tried."""


class Ledger:
    """Holds deliveries, counts those that wait, and knows which have changed.

    Attributes
    ----------
    queued
        How many wait to be sent, their callers answered.
    parked
        How many wait for the account's secret to work.
    claims
        How many open ones may have sendings under ids that are not known.
    allowance
        What was spent of the parts that may be sent in an hour.
    planned
        When each that is to be sent later will be, in UTC seconds, by its id.
    credits_used
        What all that the provider ever accepted cost, as far as is known.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self.queued = 0
        self.parked = 0
        self.claims = 0
        self.allowance = Allowance()
        self.planned: dict[str, float] = {}
        self.credits_used = 0
        self._open: dict[str, Delivery] = {}
        self._finished: dict[str, Delivery] = {}
        self._changed: dict[str, None] = {}

    def __getitem__(self, delivery_id: str) -> Delivery:
        """Return a delivery by its id."""
        return self._open.get(delivery_id) or self._finished[delivery_id]

    def __iter__(self) -> Iterator[Delivery]:
        """Yield every delivery, the finished ones first."""
        return chain(self._finished.values(), self._open.values())

    @property
    def open(self) -> Iterable[Delivery]:
        """The deliveries that are not finished."""
        return self._open.values()

    def get_open(self, delivery_id: str) -> Delivery | None:
        """Return a delivery if it is there and not finished."""
        return self._open.get(delivery_id)

    def get(self, delivery_id: str) -> Delivery | None:
        """Return a delivery if it is there."""
        return self._open.get(delivery_id) or self._finished.get(delivery_id)

    def others(self, delivery_id: str) -> list[Delivery]:
        """Return all deliveries but one."""
        return [each for each in self if each.id != delivery_id]

    def place(self, delivery: Delivery) -> None:
        """Put a delivery where it belongs now."""
        before = self._open.pop(delivery.id, None)
        self.allowance.change(before, delivery)
        if before is not None:
            self.queued -= before.waits
            self.parked -= before.is_parked
            self.claims -= before.claims
        if (planned_utc := delivery.planned_utc) is not None:
            self.planned[delivery.id] = planned_utc
        elif self.planned:
            self.planned.pop(delivery.id, None)
        if delivery.final:
            self._finished[delivery.id] = delivery
            return
        self.queued += delivery.waits
        self.parked += delivery.is_parked
        self.claims += delivery.claims
        self._open[delivery.id] = delivery

    def change(self, delivery: Delivery) -> None:
        """Put a delivery where it belongs now, and remember that it is to be saved."""
        before = self._open.get(delivery.id)
        if delivery.accepted and not (before and before.accepted):
            self.credits_used += delivery.message.credits
        self.place(delivery)
        self._changed[delivery.id] = None

    def take_changed(self) -> list[Delivery]:
        """Return the deliveries that are to be saved; they count as saved from then on."""
        changed = [self[delivery_id] for delivery_id in self._changed]
        self._changed.clear()
        return changed

    def forget(self, at: float) -> list[str]:
        """Drop finished deliveries that are old or too many, unless one may be mixed up."""
        forgotten: list[str] = []
        if self.claims:
            return forgotten
        for delivery in self._finished.values():
            last_at = delivery.last_attempt_at or delivery.created_at
            is_old = last_at <= at - KEEP_SECONDS
            too_many = len(self._finished) - len(forgotten) > KEEP_FINISHED
            # It counts for the hourly limit, and a 77 may speak of it.
            counts = last_at > at - HOUR
            if not is_old and (counts or not too_many):
                break
            forgotten.append(delivery.id)
        for delivery_id in forgotten:
            del self._finished[delivery_id]
            self._changed.pop(delivery_id, None)
        return forgotten
