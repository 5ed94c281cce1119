"""An event loop in which waiting takes no time: its clock jumps to whatever is due next."""

import asyncio
from collections.abc import Callable
from contextvars import Context, ContextVar
import selectors
from typing import Protocol, override


class Process(Protocol):
    """What timers belong to."""

    alive: bool


PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)
"""Whose timer something is, so that it ends with its process."""


class _Impatient(selectors.SelectSelector):
    """Never waits for sockets, which nothing here has; lets the clock jump instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    @override
    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("Everyone waits, and nothing will ever happen")
        self.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs on virtual seconds, from 0."""

    _scheduled: list[asyncio.TimerHandle]

    def __init__(self) -> None:
        """Start at 0."""
        self._impatient = _Impatient()
        super().__init__(self._impatient)
        self._clock_resolution = 1e-6

    @override
    def time(self) -> float:
        return self._impatient.now

    @override
    def call_at[*Ts](
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        timer = super().call_at(when, callback, *args, context=context)
        process = PROCESS.get() if context is None else context.get(PROCESS)
        if process is not None and not process.alive:
            timer.cancel()
        return timer

    def cancel_timers_of(self, process: Process) -> None:
        """Cancel all that a process meant to do later, for it is no more."""
        for timer in self._scheduled:
            context = getattr(timer, "_context", None)
            if context is not None and context.get(PROCESS) is process:
                timer.cancel()
