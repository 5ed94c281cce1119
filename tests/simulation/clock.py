"""The clocks of the machine that Home Assistant runs on, and the provider's, which is right.

The loop's time is the true one, but for the time for which the machine sleeps: nothing
happens on it then, and so it does not pass there.
"""

from asyncio import AbstractEventLoop
from typing import override

from simulator.clock import LoopClock


class MachineClock:
    """A clock that may be set, stand still and run fast or slow; and one that runs steadily."""

    def __init__(self, loop: AbstractEventLoop, rate: float) -> None:
        """Begin with the right time.

        Parameters
        ----------
        loop
            Knows the true time.
        rate
            Seconds that the settable clock goes on in one second.
        """
        self._loop = loop
        self._rate = rate
        self._booted_at = 0.0
        self._set_by = 0.0

    @property
    def off_by(self) -> float:
        """By how many seconds the settable clock is off."""
        return self.utc() - LoopClock.START - self._loop.time()

    def utc(self) -> float:
        """Return what the settable clock shows, in UTC seconds."""
        return LoopClock.START + self._loop.time() * self._rate + self._set_by

    def steady(self) -> float:
        """Return the seconds since the machine was switched on."""
        return self._loop.time() - self._booted_at

    def set(self, seconds: float) -> None:
        """Set the settable clock by some seconds, back or forth."""
        self._set_by += seconds

    def boot(self) -> None:
        """Begin the steady seconds anew."""
        self._booted_at = self._loop.time()


class ProviderClock(LoopClock):
    """The right time."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        """Follow a loop."""
        super().__init__(loop)
        self._slept = 0.0

    def pass_by(self, seconds: float) -> None:
        """Let time pass while the machine sleeps."""
        self._slept += seconds

    @override
    def now(self) -> float:
        return super().now() + self._slept
