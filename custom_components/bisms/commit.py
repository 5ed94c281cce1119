"""Group commit: whoever waits for the disk at the same time shares a write."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

type Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]


class GroupCommit:
    """Counts changes, and writes them one write at a time."""

    def __init__(
        self, write: Callable[[], Coroutine[Any, Any, None]], spawn: Spawn
    ) -> None:
        """Prepare.

        Parameters
        ----------
        write
            Writes all that has changed by the time it is called.
        spawn
            Starts a coroutine as a task; gets the task's name too.
        """
        self._write = write
        self._spawn = spawn
        self._changes = 0
        self._written = 0
        self._writing: asyncio.Task[None] | None = None

    def changed(self) -> None:
        """Note that there is something to write."""
        self._changes += 1

    async def flush(self) -> None:
        """Return when all that has changed by now is written; raise what the write raises."""
        wanted = self._changes
        while self._written < wanted:
            if self._writing is None or self._writing.done():
                self._writing = self._spawn(self._write_all(), "bisms save")
            # A call that is cancelled must not take the write of others with it.
            await asyncio.shield(self._writing)

    async def _write_all(self) -> None:
        written = self._changes
        await self._write()
        self._written = written
