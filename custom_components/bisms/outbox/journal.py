"""What the outbox keeps on disk: its deliveries and what it must remember beside them.

A snapshot holds everything; what changes afterwards is appended to a journal, line by line,
which costs the disk the same however much is kept. A message never changes, so that it is
written once, apart from what becomes of it. When the journal has become long, a new
snapshot is made and the journal begins anew. Its first line names the snapshot it continues:
the journal of another one is out of date. Its last line may have been cut off by a power
failure: nobody was told yet that what it says is on disk.

A third file, the mark, is left out of backups. It names the lineage of the snapshot, which
changes after each backup: where the two differ, a backup was restored.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from itertools import chain
from typing import Any, NamedTuple, Protocol
from uuid import uuid4

import orjson

from .encoding import VERSION, decoded, encoded, encoded_sighting, header
from .events import Sighting
from .record import Delivery

_SLICE = 50
"""Deliveries encoded or decoded in one go."""

LEAST_JOURNAL = 256 * 1024
"""Bytes up to which a journal always may grow, and up to twice the size of the snapshot."""


class Saved(NamedTuple):
    """Everything that survives a restart.

    Attributes
    ----------
    deliveries
        Open and finished ones, the latest change last; when saving, those that changed.
    sighting
        The newest id known in the account.
    at, utc
        When it was saved, on the time line and on the machine's clock.
    restored
        It comes from a backup: more may have happened since.
    credits_used
        What all that the provider ever accepted cost, as far as is known.
    """

    deliveries: Collection[Delivery] = ()
    sighting: Sighting | None = None
    at: float = 0.0
    utc: float = 0.0
    restored: bool = False
    credits_used: int = 0


class Loaded(NamedTuple):
    """What the files hold.

    Attributes
    ----------
    snapshot
        The content of the snapshot, None when there is none.
    journal
        The content of the journal, empty when there is none.
    mark
        The content of the mark, None when there is none.
    """

    snapshot: Any
    journal: bytes
    mark: str | None


class NotReplacedError(OSError):
    """The new snapshot could not be written, and the old one is certainly still there."""


class Files(Protocol):
    """The three files, and what may be done with them; each call raises `OSError`."""

    async def load(self) -> Loaded:
        """Return what they hold; raise `UnreadableStoreError` if the snapshot is no JSON."""

    async def save(self, snapshot: dict[str, Any]) -> None:
        """Replace the snapshot; return when that is on disk for good.

        Raises `NotReplacedError` when nothing was replaced, another `OSError` when it may be.
        """

    async def append(self, at: int, line: bytes) -> None:
        """Cut the journal at a length, and append; return when that is on disk for good."""

    async def mark(self, lineage: str) -> None:
        """Replace the mark; return when that is on disk for good."""


class UnreadableStoreError(Exception):
    """What is on disk is not what this version writes."""


class Journal:
    """Reads the files, and writes what changed to one of them."""

    def __init__(self, files: Files) -> None:
        """Keep the files; nothing is read yet."""
        self._files = files
        self._messages: dict[str, bytes] = {}
        self._records: dict[str, bytes] = {}
        self._snapshot: str | None = None
        self._lineage = uuid4().hex
        self._marked = False
        self._held = False
        self._end = 0
        self._limit = LEAST_JOURNAL

    async def load(self) -> Saved:
        """Return what was saved.

        Raises
        ------
        OSError
            The disk fails.
        UnreadableStoreError
            What is there makes no sense.
        """
        snapshot, journal, mark = await self._files.load()
        if snapshot is None:
            return Saved()
        try:
            return await self._read(
                snapshot["version"], snapshot["data"], journal, mark
            )
        except (AttributeError, KeyError, TypeError, ValueError) as err:
            raise UnreadableStoreError(type(err).__name__) from err

    def holds(self, delivery: Delivery) -> bool:
        """Whether a delivery, in whatever state, is on disk or about to be."""
        return delivery.id in self._records

    async def save(self, changes: Saved, forgotten: Collection[str] = ()) -> None:
        """Save the deliveries that changed, and drop others; return when it is on disk.

        What cannot be saved is kept, and saved with the next changes. Raises `OSError`.
        """
        messages: dict[str, bytes] = {}
        records: dict[str, bytes] = {}
        async for each in _a_few_at_a_time(changes.deliveries):
            records[each.id] = encoded(each)
            if each.id not in self._messages:
                messages[each.id] = orjson.dumps(each.message)
        self._keep(messages, records, forgotten)
        beside = {
            "sighting": encoded_sighting(changes.sighting),
            "at": changes.at,
            "utc": changes.utc,
            "credits_used": changes.credits_used,
        }
        change = {**_of(messages, records), "forgotten": [*forgotten], **beside}
        if self._snapshot is not None:
            await self._append(self._snapshot, {"version": VERSION, **change})
        is_long = self._end > self._limit and not self._held
        if self._snapshot is None or is_long:
            await self._make_snapshot({**_of(self._messages, self._records), **beside})

    def hold(self) -> None:
        """From now on do not cut the journal, for a backup reads it bit by bit."""
        self._held = True

    def release(self) -> None:
        """Begin a new lineage with the next save, for what was copied is older from now on."""
        self._held = False
        self._lineage, self._marked, self._snapshot = uuid4().hex, False, None

    async def _read(
        self, version: int, data: Mapping[str, Any], journal: bytes, mark: str | None
    ) -> Saved:
        """Return what the files amount to, and be ready to go on with them."""
        content, length = decoded(version, data, journal)
        restored = data.get("lineage") != mark
        if version == VERSION and not restored:
            self._snapshot, self._lineage = data["snapshot"], data["lineage"]
            self._marked, self._end = True, length
        deliveries: list[Delivery] = []
        async for each in _a_few_at_a_time(content.deliveries):
            self._keep({each.id: orjson.dumps(each.message)}, {each.id: encoded(each)})
            deliveries.append(each)
        credits_used = content.credits_used
        if credits_used is None:
            accepted = (each.message for each in deliveries if each.accepted)
            credits_used = sum(message.credits for message in accepted)
        return Saved(
            deliveries,
            content.sighting,
            content.at,
            content.utc,
            restored,
            credits_used,
        )

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

    async def _append(self, snapshot: str, change: dict[str, Any]) -> None:
        """Append to the journal; if that fails, there is none to go on with."""
        lineage, self._snapshot = self._lineage, None
        begin = b"" if self._end else header(snapshot) + b"\n"
        line = begin + orjson.dumps(change) + b"\n"
        try:
            await self._files.append(self._end, line)
        except OSError:
            return
        self._end += len(line)
        if self._lineage == lineage:
            self._snapshot = snapshot

    async def _make_snapshot(self, everything: dict[str, Any]) -> None:
        """Save everything; the journal goes on if the old snapshot is certainly still there.

        If nobody knows which snapshot is on disk, there is no journal to go on with.
        """
        lineage, previous = self._lineage, self._snapshot
        self._snapshot = None
        snapshot = uuid4().hex
        if not self._marked:
            await self._files.mark(lineage)
            self._marked = self._lineage == lineage
        data = {"snapshot": snapshot, "lineage": lineage, **everything}
        envelope = {
            "version": VERSION,
            "minor_version": 1,
            "key": "bisms",
            "data": data,
        }
        try:
            await self._files.save(envelope)
        except NotReplacedError:
            if previous is None or self._lineage != lineage:
                raise
            self._snapshot, self._limit = previous, self._end + LEAST_JOURNAL
            return
        if self._lineage == lineage:
            self._snapshot, self._end = snapshot, 0
        kept = chain(self._messages.values(), self._records.values())
        self._limit = max(LEAST_JOURNAL, 2 * sum(map(len, kept)))


async def saved_deliveries(files: Files) -> Collection[Delivery]:
    """Return the deliveries in some files, and change nothing.

    Raises
    ------
    OSError
        The disk fails.
    UnreadableStoreError
        What is there makes no sense.
    """
    return (await Journal(files).load()).deliveries


async def _a_few_at_a_time(deliveries: Iterable[Delivery]) -> AsyncIterator[Delivery]:
    """Yield deliveries, and let others have their turn on the event loop now and then."""
    for number, delivery in enumerate(deliveries, 1):
        yield delivery
        if number % _SLICE == 0:
            await asyncio.sleep(0)


def _of(messages: Mapping[str, bytes], records: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "messages": {key: orjson.Fragment(each) for key, each in messages.items()},
        "deliveries": list(map(orjson.Fragment, records.values())),
    }
