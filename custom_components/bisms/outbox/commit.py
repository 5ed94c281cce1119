"""Group commit: whoever waits for the disk at the same time shares a write."""

import asyncio
from collections.abc import Callable, Coroutine
import logging
from typing import Any

from .crash import log_crash

_LOGGER = logging.getLogger(__name__)

RETRY_AFTER = (1, 5, 30, 60)
"""Seconds after which a write that failed is tried again; the last one repeats."""

type Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]


class GroupCommit:
    """Counts changes, and writes them one write at a time.

    A disk that fails stops nothing: what could not be written stays in memory and is written
    later, for a message that goes out is worth more than one that is on disk.
    """

    def __init__(
        self, write: Callable[[], Coroutine[Any, Any, None]], spawn: Spawn
    ) -> None:
        """Prepare.

        Parameters
        ----------
        write
            Writes all that has changed by the time it is called, and all that it could not
            write before.
        spawn
            Starts a coroutine as a task; gets the task's name too.
        """
        self._write = write
        self._spawn = spawn
        self._changes = 0
        self._wanted = 0
        self._written = 0
        self._failures = 0
        self._writing = False
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._closed = False

    def changed(self) -> None:
        """Note that there is something to write."""
        self._changes += 1

    def begin(self) -> None:
        """Begin to write what has changed by now, or go on with it after what is under way."""
        self._wanted = self._changes
        if not self._closed and not self._writing and self._written < self._wanted:
            self._writing = True
            self._task = self._spawn(self._write_all(), "bisms save")

    async def flush(self) -> None:
        """Return when all that has changed by now was written, or could not be."""
        if self._closed or self._written >= self._changes:
            return
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._changes, written))
        self.begin()
        await written

    def close(self) -> None:
        """Begin no write any more: the files are another's."""
        self._closed = True
        self._cancel_retry()

    async def ended(self) -> None:
        """Return when no write is under way any more."""
        if self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    def _cancel_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()

    async def _write_all(self) -> None:
        """Write until nobody waits any more, and nobody wants more to be written."""
        try:
            while True:
                changes = self._changes
                try:
                    await self._write()
                except Exception as err:  # noqa: BLE001 (a message must not end with a write)
                    self._failed(err)
                else:
                    self._written, self._failures = changes, 0
                self._answer(changes)
                behind = self._written < self._wanted and not self._failures
                if self._closed or not (behind or self._waiting):
                    return
        finally:
            self._writing = False
            self._answer(self._changes)

    def _answer(self, changes: int) -> None:
        """Let those go on who waited for so many changes to be written."""
        waiting, self._waiting = self._waiting, []
        for wanted, written in waiting:
            if wanted > changes:
                self._waiting.append((wanted, written))
            elif not written.done():
                written.set_result(None)

    def _failed(self, err: Exception) -> None:
        """Say so once, and try again later."""
        if self._failures == 0:
            _LOGGER.error(
                "The outbox cannot be saved. Messages go out all the same, but would be "
                "lost with the power: the disk may be full or damaged"
            )
            log_crash(_LOGGER, "Saving the outbox", err)
        pause = RETRY_AFTER[min(self._failures, len(RETRY_AFTER) - 1)]
        self._failures += 1
        self._cancel_retry()
        self._retry = asyncio.get_running_loop().call_later(pause, self.begin)
