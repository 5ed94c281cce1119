"""Where the simulator takes its time from."""

from asyncio import AbstractEventLoop
from dataclasses import dataclass
import time
from typing import Protocol


class Clock(Protocol):
    """A time of day, and how much faster than it phones and reports live."""

    @property
    def speed(self) -> float:
        """How many seconds of a delivery's life pass in one second."""

    def now(self) -> float:
        """Return the seconds since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's time; `speed` above 1 hurries deliveries and reports only.

    The time of day itself stays true, so that a sending scheduled for a certain hour
    leaves at that hour however fast a demo lets its reports move.
    """

    speed: float = 1.0

    def now(self) -> float:
        """Return the seconds since 1970, UTC."""
        return time.time()


class LoopClock:
    """The time of an event loop, as seconds after a fixed moment."""

    speed = 1.0
    START = 1_790_000_000.0

    def __init__(self, loop: AbstractEventLoop) -> None:
        """Follow a loop."""
        self._loop = loop

    def now(self) -> float:
        """Return the seconds since 1970, UTC."""
        return self.START + self._loop.time()


class ManualClock:
    """A time that stands still until a test moves it."""

    speed = 1.0

    def __init__(self, start: float = 1_790_000_000.0) -> None:
        """Stop the clock at a moment, in seconds since 1970."""
        self._now = start

    def now(self) -> float:
        """Return the seconds since 1970, UTC."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass; a negative number turns the clock back."""
        self._now += seconds
