"""A disk that may be interrupted or full, and an account's two files on it."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

import orjson

from custom_components.bisms.record import Delivery
from tests.memory import Memory, saved_in

SHORT_JOURNAL = 3000
"""Bytes after which a journal counts as long here, so that snapshots are made often."""

_FULL = 0.01


class Disk:
    """Keeps what was saved; a write takes a moment, and a crash in it may lose any part of it.

    Now and then there is no space: for a line of the journal, or else for a snapshot.
    """

    def __init__(self, random: Random) -> None:
        """Begin empty."""
        self.snapshot: bytes | None = None
        self.journal = b""
        self.writes = 0
        self.snapshots = 0
        self.busy = asyncio.Event()
        self._random = random
        self._half_done: Callable[[float], None] | None = None
        self._must_work = True

    def crash(self) -> None:
        """Lose what is being written, or some of it, or nothing."""
        if self._half_done is not None:
            self._half_done(self._random.random())
            self._half_done = None

    @property
    def saved(self) -> list[Delivery]:
        """The deliveries that a restart would find."""
        snapshot = None if self.snapshot is None else orjson.loads(self.snapshot)
        return list(saved_in(Memory(snapshot, self.journal)).deliveries)

    async def load(self) -> tuple[Any, bytes]:
        """Return the snapshot and the journal."""
        self._must_work = self.snapshot is None
        snapshot = None if self.snapshot is None else orjson.loads(self.snapshot)
        return snapshot, self.journal

    async def save(self, snapshot: dict[str, Any]) -> bool:
        """Replace the snapshot; return whether it is there for good."""
        if not self._must_work and self._random.random() < _FULL:
            return False
        content = orjson.dumps(snapshot)

        def replace(share: float) -> None:
            if share > 0.5:
                self.snapshot = content

        await self._write(replace, 0.02)
        self.snapshots += 1
        self._must_work = False
        return True

    async def append(self, at: int, line: bytes) -> None:
        """Append to the journal; it is there for good when this returns."""
        self._must_work = self._random.random() < _FULL

        def append(share: float) -> None:
            there = line[: int(share * len(line))]
            if self._random.random() < 0.5:  # what came first need not be first on disk
                there = bytes(len(there)) + line[len(there) :]
            self.journal = self.journal[:at] + (line if share == 1 else there)

        if self._must_work:
            append(self._random.random())
            raise OSError("No space left on device")
        await self._write(append, 0.01)

    async def _write(self, half_done: Callable[[float], None], longest: float) -> None:
        self.writes += 1
        self.busy.set()
        self._half_done = half_done
        await asyncio.sleep(self._random.uniform(0.0005, longest))
        half_done(1)
        self._half_done = None
