"""An event loop in which days pass in seconds, with real sockets, files and threads.

Its clock stands still while anything is under way, and jumps to whatever is due next when
nothing is. Both ends of every connection must live in it; or else it is told to live in
real time while they do not.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
import selectors
import time
from typing import override

from homeassistant.runner import MAX_EXECUTOR_WORKERS
from homeassistant.util.executor import InterruptibleThreadPoolExecutor

_GRACE = 0.00005
"""Real seconds in which the kernel hands over what was sent."""

_PATIENCE = 0.05
"""Real seconds to wait at a time for what threads do."""


class _Hurried(selectors.SelectSelector):
    """Waits for sockets and threads, but lets time jump where there is nothing to wait for."""

    def __init__(self) -> None:
        """Begin at 0."""
        super().__init__()
        self.jobs = 0
        self._passed = 0.0
        self._real_since: float | None = None

    def time(self) -> float:
        """Return the seconds that have passed."""
        if self._real_since is None:
            return self._passed
        return self._passed + time.monotonic() - self._real_since

    def hurry(self, on: bool) -> None:
        """Let time jump from now on, or pass as it does outside."""
        self._passed = self.time()
        self._real_since = None if on else time.monotonic()

    @override
    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; nothing once time has jumped by the timeout."""
        if timeout is None or self._real_since is not None:
            return super().select(timeout)
        if timeout <= 0:
            return super().select(0)
        ready = super().select(_PATIENCE if self.jobs else _GRACE)
        if not ready and not self.jobs:
            self._passed += timeout
        return ready


class HurriedLoop(asyncio.SelectorEventLoop):
    """Runs on seconds of its own, from 0; its threads are as many as Home Assistant's."""

    def __init__(self) -> None:
        """Start at 0."""
        self._hurried = _Hurried()
        super().__init__(self._hurried)
        self._clock_resolution = 1e-6
        self.set_default_executor(
            InterruptibleThreadPoolExecutor(max_workers=MAX_EXECUTOR_WORKERS)
        )

    def hurry(self, on: bool) -> None:
        """Let time jump from now on, or pass as it does outside."""
        self._hurried.hurry(on)

    @override
    def time(self) -> float:
        """Return the seconds that have passed in here."""
        return self._hurried.time()

    @override
    def run_in_executor[*ArgumentTs, ResultT](
        self,
        executor: Executor | None,
        func: Callable[[*ArgumentTs], ResultT],
        *args: *ArgumentTs,
    ) -> asyncio.Future[ResultT]:
        """Let a thread do something; time stands still meanwhile."""
        self._hurried.jobs += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._job_done)
        return future

    @override
    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Wait for the threads to end; time stands still meanwhile."""
        self._hurried.jobs += 1
        await super().shutdown_default_executor(timeout)
        self._hurried.jobs -= 1

    def _job_done(self, _: object) -> None:
        self._hurried.jobs -= 1
