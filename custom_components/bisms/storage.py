"""What the outbox keeps on disk: its deliveries and what it must remember beside them.

A snapshot holds everything; what changes afterwards is appended to a journal, line by line,
which costs the disk the same however much is kept. A message never changes, so that it is
written once, apart from what becomes of it. When the journal has become long, a new
snapshot is made and the journal begins anew. Its first line names the snapshot it continues:
the journal of another one is out of date. Its last line may have been cut off by a power
failure: nobody was told yet that what it says is on disk.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from itertools import chain
from typing import Any, Protocol
from uuid import uuid4

import orjson

from .provider.models import Message, NumberState, Sms
from .record import Delivery, State, Step, Task

LEAST_JOURNAL = 256 * 1024
"""Bytes up to which a journal always may grow, and up to twice the size of the snapshot."""

_RECORDED = [field.name for field in fields(Delivery) if field.name != "message"]


@dataclass(frozen=True, slots=True)
class Saved:
    """Everything that survives a restart.

    Attributes
    ----------
    deliveries
        Open and finished ones, the latest change last; when saving, those that changed.
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


class Files(Protocol):
    """The two files, and what may be done with them."""

    async def load(self) -> tuple[Any, bytes]:
        """Return the snapshot, None when there is none, and the journal."""

    async def save(self, snapshot: dict[str, Any]) -> bool:
        """Replace the snapshot; return whether it is on disk."""

    async def append(self, at: int, line: bytes) -> None:
        """Cut the journal at a length, and append; return when that is on disk for good.

        Raises `OSError` when it is not.
        """


class UnreadableStoreError(Exception):
    """What is on disk is not what this version writes."""


class DeliveryStorage:
    """Reads both files, and writes what changed to one of them."""

    def __init__(self, files: Files, *, least_journal: int = LEAST_JOURNAL) -> None:
        """Keep the files; nothing is read yet.

        Parameters
        ----------
        files
            The account's snapshot and journal.
        least_journal
            Bytes up to which the journal may grow, however small the snapshot is.
        """
        self._files = files
        self._messages: dict[str, bytes] = {}
        self._records: dict[str, bytes] = {}
        self._snapshot: str | None = None
        self._journal_end = 0
        self._least_journal = self._journal_limit = least_journal

    async def load(self) -> Saved:
        """Return what was saved; raise `UnreadableStoreError` when it makes no sense."""
        try:
            snapshot, journal = await self._files.load()
            if snapshot is None:
                return Saved()
            lines = _lines_since(snapshot["snapshot"], journal)
            saved = _saved(snapshot, map(orjson.loads, lines[1:]))
        except (AttributeError, KeyError, TypeError, ValueError) as err:
            raise UnreadableStoreError(type(err).__name__) from err
        self._snapshot = snapshot["snapshot"]
        self._journal_end = sum(map(len, lines)) + len(lines)
        self._keep(
            {each.id: orjson.dumps(each.message) for each in saved.deliveries},
            {each.id: _record(each) for each in saved.deliveries},
        )
        return saved

    def holds(self, delivery: Delivery) -> bool:
        """Whether a delivery, in whatever state, is on disk or about to be."""
        return delivery.id in self._records

    async def save(self, changes: Saved, forgotten: Collection[str] = ()) -> None:
        """Save the deliveries that changed, and drop others; return when it is on disk."""
        records = {each.id: _record(each) for each in changes.deliveries}
        messages = {
            each.id: orjson.dumps(each.message)
            for each in changes.deliveries
            if each.id not in self._messages
        }
        self._keep(messages, records, forgotten)
        beside = {
            "newest_id": changes.newest_id,
            "newest_at": changes.newest_at,
            "spent": {str(minute): n for minute, n in changes.spent.items()},
        }
        change = {**_of(messages, records), "forgotten": [*forgotten], **beside}
        appended = await self._append(change)
        if not appended or self._journal_end > self._journal_limit:
            await self._make_snapshot({**_of(self._messages, self._records), **beside})

    def _keep(
        self,
        messages: Mapping[str, bytes],
        records: Mapping[str, bytes],
        forgotten: Iterable[str] = (),
    ) -> None:
        """Keep what is encoded for the next snapshot, the latest change last."""
        for delivery_id in (*records, *forgotten):
            self._records.pop(delivery_id, None)
        for delivery_id in forgotten:
            self._messages.pop(delivery_id, None)
        self._messages |= messages
        self._records |= records

    async def _append(self, change: dict[str, Any]) -> bool:
        """Append to the journal, if there is one that lacks nothing; return that."""
        # Until that is done, and if it fails or is cancelled, there is none to go on with.
        snapshot, self._snapshot = self._snapshot, None
        if snapshot is None:
            return False
        begin = b"" if self._journal_end else orjson.dumps(snapshot) + b"\n"
        line = begin + orjson.dumps(change) + b"\n"
        try:
            await self._files.append(self._journal_end, line)
        except OSError:
            return False
        self._snapshot = snapshot
        self._journal_end += len(line)
        return True

    async def _make_snapshot(self, everything: dict[str, Any]) -> None:
        """Save everything; the journal goes on until that is certain to be on disk."""
        previous, self._snapshot = self._snapshot, None
        snapshot = uuid4().hex
        if not await self._files.save({"snapshot": snapshot, **everything}):
            self._snapshot = previous
            return
        self._snapshot, self._journal_end = snapshot, 0
        saved = chain(self._messages.values(), self._records.values())
        self._journal_limit = max(self._least_journal, 2 * sum(map(len, saved)))


def _record(delivery: Delivery) -> bytes:
    """Encode a delivery without its message."""
    return orjson.dumps({name: getattr(delivery, name) for name in _RECORDED})


def _of(messages: Mapping[str, bytes], records: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "messages": {key: orjson.Fragment(each) for key, each in messages.items()},
        "deliveries": list(map(orjson.Fragment, records.values())),
    }


def _lines_since(snapshot: str, journal: bytes) -> list[bytes]:
    """Return a journal's lines, the one that names its snapshot first; none of another's."""
    *lines, _ = journal.split(b"\n")
    if lines[:1] != [orjson.dumps(snapshot)]:
        return []
    return lines if _is_json(lines[-1]) else lines[:-1]


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def _saved(snapshot: Mapping[str, Any], changes: Iterable[Mapping[str, Any]]) -> Saved:
    """Return what a snapshot and the changes since amount to."""
    messages: dict[str, Mapping[str, Any]] = {}
    records: dict[str, Mapping[str, Any]] = {}
    for saved in (snapshot, *changes):
        messages |= saved["messages"]
        for record in saved["deliveries"]:
            records.pop(record["id"], None)
            records[record["id"]] = record
        for delivery_id in saved.get("forgotten", ()):
            records.pop(delivery_id, None)
    return Saved(
        [_delivery(record, messages[key]) for key, record in records.items()],
        saved["newest_id"],
        saved["newest_at"],
        {int(minute): parts for minute, parts in saved["spent"].items()},
    )


def _delivery(record: Mapping[str, Any], message: Mapping[str, Any]) -> Delivery:
    context, step = record["context"], record["next"]
    return Delivery(
        **{
            **record,
            "message": _message(message),
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
                Sms(**{**sms, "numbers": tuple(sms["numbers"])})
                for sms in record["sms"]
            ),
            "send_at": None if send_at is None else datetime.fromisoformat(send_at),
        }
    )
