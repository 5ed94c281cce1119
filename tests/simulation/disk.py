"""A disk that may be interrupted, and Home Assistant's store on it."""

import asyncio
from random import Random
from typing import Any

import orjson


class Disk:
    """Keeps what was saved; a save takes a moment, and a crash in it may lose it."""

    def __init__(self, random: Random) -> None:
        """Begin empty."""
        self.content: bytes | None = None
        self.unwritten: bytes | None = None
        self.writes = 0
        self._random = random

    def crash(self) -> None:
        """Lose what is being written, or not: the rename may have been done already."""
        if self.unwritten is not None and self._random.random() < 0.5:
            self.content = self.unwritten
        self.unwritten = None


class PlayedStore:
    """Home Assistant's `Store` as far as the outbox uses it."""

    def __init__(self, disk: Disk, random: Random) -> None:
        """Write to a disk."""
        self._disk = disk
        self._random = random

    async def async_load(self) -> dict[str, Any] | None:
        """Return what was saved last."""
        return None if self._disk.content is None else orjson.loads(self._disk.content)

    async def async_save(self, data: dict[str, Any]) -> None:
        """Save; it is there for good when this returns."""
        self._disk.writes += 1
        content = self._disk.unwritten = orjson.dumps(data)
        await asyncio.sleep(self._random.uniform(0.0005, 0.02))
        self._disk.content = content
        self._disk.unwritten = None
