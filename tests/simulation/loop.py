"""An event loop in which waiting takes no time: its clock jumps to whatever is due next."""

import asyncio
import selectors
from typing import override


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

    def __init__(self) -> None:
        """Start at 0."""
        self._impatient = _Impatient()
        super().__init__(self._impatient)
        self._clock_resolution = 1e-6

    @override
    def time(self) -> float:
        return self._impatient.now
