"""One time line that only ever runs forward, whatever happens to the machine's clock.

A home server's clock is set back and forth, and often stands still while the power is off.
So no time that the outbox reckons with is the clock's: it goes on from where it was when
something was last written, by a steady clock while Home Assistant runs, and over a restart
by as much as the machine's clock went on, if it did.
"""

from collections.abc import Callable
from typing import NamedTuple

TOLERANCE = 1.0
"""Seconds by which the machine's clock may stray before it counts as set."""

RESTART = 1.0
"""Seconds that a restart takes at least, so that what was before it differs in time."""


class Now(NamedTuple):
    """A moment.

    Attributes
    ----------
    at
        Seconds on the time line.
    utc
        What the machine's clock shows, in UTC seconds.
    steady_since
        Since when, on the time line, durations can be trusted: the start, or the last time
        that the machine's clock was set or the machine slept, which look the same.
    """

    at: float
    utc: float
    steady_since: float


class Clock:
    """Tells the time on the time line."""

    def __init__(self, utc: Callable[[], float], steady: Callable[[], float]) -> None:
        """Begin a time line at what the machine's clock shows.

        Parameters
        ----------
        utc
            UTC seconds; may be set back and forth.
        steady
            Seconds that only ever run forward.
        """
        self._utc = utc
        self._steady = steady
        self._offset: float
        self._ahead: float
        self._steady_since: float
        self._begin(utc())

    def resume(self, last_at: float, last_utc: float) -> None:
        """Go on with the time line of an earlier run.

        Parameters
        ----------
        last_at
            The latest time known of that run.
        last_utc
            What the machine's clock showed then.
        """
        self._begin(last_at + max(0.0, self._utc() - last_utc) + RESTART)

    def now(self) -> Now:
        """Return this moment."""
        utc, at = self._utc(), self._steady() + self._offset
        ahead = utc - at
        if abs(ahead - self._ahead) > TOLERANCE:
            self._ahead = ahead
            self._steady_since = at
        return Now(at, utc, self._steady_since)

    def utc(self, at: float) -> float:
        """Return what the machine's clock shows at a time on the time line."""
        return at + self._utc() - self._steady() - self._offset

    def _begin(self, at: float) -> None:
        self._offset = at - self._steady()
        self._ahead = self._utc() - at
        self._steady_since = at
