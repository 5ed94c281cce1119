"""An account's two files without a disk, so that a coroutine using them never waits."""

from typing import Any

import orjson

from custom_components.bisms.storage import DeliveryStorage, Saved


class Memory:
    """A snapshot and a journal that have been through JSON, and nothing but JSON."""

    def __init__(self, snapshot: Any = None, journal: bytes = b"") -> None:
        """Begin with some content."""
        self.snapshot = snapshot
        self.journal = journal

    async def load(self) -> tuple[Any, bytes]:
        """Return the content."""
        return self.snapshot, self.journal

    async def save(self, snapshot: dict[str, Any]) -> bool:
        """Replace the snapshot."""
        self.snapshot = orjson.loads(orjson.dumps(snapshot))
        return True

    async def append(self, at: int, line: bytes) -> None:
        """Append to the journal."""
        self.journal = self.journal[:at] + line


def outcome(coroutine: Any) -> Any:
    """Return what a coroutine returns that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("It waits")


def saved_in(memory: Memory) -> Saved:
    """Return what a restart would find."""
    saved: Saved = outcome(DeliveryStorage(memory).load())
    return saved
