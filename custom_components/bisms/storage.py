"""What the outbox keeps on disk: its deliveries and what it must remember beside them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import orjson

from .provider.models import Message, NumberState, Sms
from .record import Delivery, State, Step, Task


@dataclass(frozen=True, slots=True)
class Saved:
    """Everything that survives a restart.

    Attributes
    ----------
    deliveries
        Open and finished ones, oldest first.
    newest_id, newest_at
        The newest id known in the account, and when that was asked; empty when it has
        none, None when it is unknown.
    spent
        Parts that entered the outbox, by the minute (UTC seconds // 60).
    """

    deliveries: Iterable[Delivery] = ()
    newest_id: str | None = None
    newest_at: float | None = None
    spent: Mapping[int, int] = field(default_factory=dict)


class Store(Protocol):
    """The part of Home Assistant's `Store` that is needed here."""

    async def async_load(self) -> dict[str, Any] | None:
        """Return what was saved last."""

    async def async_save(self, data: dict[str, Any]) -> None:
        """Save, and return when it is on disk."""


class UnreadableStoreError(Exception):
    """What is on disk is not what this version writes."""


class DeliveryStorage:
    """Reads and writes the outbox's store; only what changed is encoded anew."""

    def __init__(self, store: Store) -> None:
        """Keep the store; nothing is read yet."""
        self._store = store
        self._encoded: dict[str, tuple[Delivery, orjson.Fragment]] = {}

    async def load(self) -> Saved:
        """Return what was saved; raise `UnreadableStoreError` when it makes no sense."""
        try:
            data = await self._store.async_load()
            if data is None:
                return Saved()
            return Saved(
                [_delivery(record) for record in data["deliveries"]],
                data["newest_id"],
                data["newest_at"],
                {int(minute): parts for minute, parts in data["spent"].items()},
            )
        except (AttributeError, KeyError, TypeError, ValueError) as err:
            raise UnreadableStoreError(type(err).__name__) from err

    def holds(self, delivery: Delivery) -> bool:
        """Whether a delivery, in whatever state, is on disk or about to be."""
        return delivery.id in self._encoded

    async def save(self, saved: Saved) -> None:
        """Write everything, and return when it is on disk."""
        known = self._encoded
        self._encoded = {
            delivery.id: (delivery, encoded[1])
            if (encoded := known.get(delivery.id)) and encoded[0] is delivery
            else (delivery, orjson.Fragment(orjson.dumps(delivery)))
            for delivery in saved.deliveries
        }
        await self._store.async_save(
            {
                "deliveries": [fragment for _, fragment in self._encoded.values()],
                "newest_id": saved.newest_id,
                "newest_at": saved.newest_at,
                "spent": {str(minute): n for minute, n in saved.spent.items()},
            }
        )


def _delivery(record: Mapping[str, Any]) -> Delivery:
    context, step = record["context"], record["next"]
    return Delivery(
        **{
            **record,
            "message": _message(record["message"]),
            "context": None if context is None else tuple(context),
            "state": State(record["state"]),
            "next": None if step is None else Step(Task(step["task"]), step["at"]),
            "numbers": {
                number: NumberState(state)
                for number, state in record["numbers"].items()
            },
        }
    )


def _message(record: Mapping[str, Any]) -> Message:
    send_at = record["send_at"]
    return Message(
        **{
            **record,
            "sms": tuple(
                Sms(numbers=tuple(sms["numbers"]), text=sms["text"])
                for sms in record["sms"]
            ),
            "send_at": None if send_at is None else datetime.fromisoformat(send_at),
        }
    )
