"""An account's three files in memory, on a disk that fails and dawdles as it is told."""

import asyncio
from collections.abc import Collection
from copy import replace
from errno import EIO
from typing import Any

import orjson

from custom_components.bisms.outbox import Loaded
from custom_components.bisms.outbox.encoding import decoded
from custom_components.bisms.outbox.journal import Journal, NotReplacedError, Saved
from custom_components.bisms.outbox.record import Delivery, Step

WRITING = frozenset({"save", "append", "mark"})


class Disk:
    """Keeps what is written, as JSON and nothing but JSON.

    Attributes
    ----------
    snapshot, journal, marked
        What the files hold.
    failing
        The calls that fail; an append that fails leaves half a line behind.
    error
        What they fail with.
    is_unsure
        Whether nobody knows if a snapshot that could not be saved replaced the old one.
    seconds
        How long a write takes; without any, no call of it ever waits.
    writes
        The calls that wrote something, or tried to.
    """

    def __init__(
        self, snapshot: Any = None, journal: bytes = b"", marked: str | None = None
    ) -> None:
        """Begin with some content."""
        self.snapshot = snapshot
        self.journal = journal
        self.marked = marked
        self.failing: Collection[str] = ()
        self.error: BaseException = OSError(EIO, "Input/output error")
        self.is_unsure = False
        self.seconds = 0.0
        self.writes: list[str] = []

    @property
    def deliveries(self) -> list[Delivery]:
        """What a restart would find, before anything happens to it."""
        if self.snapshot is None:
            return []
        content, _ = decoded(
            self.snapshot["version"], self.snapshot["data"], self.journal
        )
        return list(content.deliveries)

    async def load(self) -> Loaded:
        """Return what is there."""
        self._fail("load")
        return Loaded(self.snapshot, self.journal, self.marked)

    async def save(self, snapshot: dict[str, Any]) -> None:
        """Replace the snapshot."""
        content = orjson.dumps(snapshot)
        await self._begin("save")
        self._fail("save")
        self.snapshot = orjson.loads(content)

    async def append(self, at: int, line: bytes) -> None:
        """Append to the journal."""
        await self._begin("append")
        assert at <= len(self.journal)
        self.journal = self.journal[:at]
        if "append" in self.failing:
            self.journal += line[: len(line) // 2]
        self._fail("append")
        self.journal += line

    async def mark(self, lineage: str) -> None:
        """Replace the mark."""
        await self._begin("mark")
        self._fail("mark")
        self.marked = lineage

    async def _begin(self, call: str) -> None:
        self.writes.append(call)
        if self.seconds:
            await asyncio.sleep(self.seconds)

    def _fail(self, call: str) -> None:
        if call not in self.failing:
            return
        if call == "save" and isinstance(self.error, OSError) and not self.is_unsure:
            raise NotReplacedError(*self.error.args)
        raise self.error


def as_saved(delivery: Delivery) -> Delivery:
    """Return a delivery as it comes back: what brings its step forward is not kept."""
    step = delivery.doing
    if not isinstance(step, Step):
        return delivery
    return replace(delivery, doing=replace(step, sooner_on=None))


def outcome(coroutine: Any) -> Any:
    """Return what a coroutine returns that waits for nothing but its turn."""
    try:
        while coroutine.send(None) is None:
            pass
    except StopIteration as stop:
        return stop.value
    raise AssertionError("It waits")


def saved_in(disk: Disk) -> Saved:
    """Return what a restart would find."""
    saved: Saved = outcome(Journal(disk).load())
    return saved
