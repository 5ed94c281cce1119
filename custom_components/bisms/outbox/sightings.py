"""When which id was the newest in the account: what was there before, and what came later."""

from .clock import Now
from .events import Sighting
from .record import Delivery
from .window import listed_at

MANY = 1000
"""Sightings remembered; to lose an older one costs a search some of its precision."""

APART = 10
"""Seconds between two sightings worth remembering."""

FRESH = 60
"""Seconds for which the newest id known is good enough to send what waited."""


class Sightings:
    """What the newest id in the account was, at which times."""

    def __init__(self, latest: Sighting | None = None) -> None:
        """Begin with what was known before a restart."""
        self.latest = latest
        self._known: list[Sighting] = []

    def note(self, sighting: Sighting) -> None:
        """Remember a sighting, unless a later one is known already."""
        if self.latest is not None and sighting.at < self.latest.at:
            return
        self.latest = sighting
        if not self._known or sighting.at >= self._known[-1].at + APART:
            self._known.append(sighting)
            del self._known[:-MANY]

    def is_fresh(self, now: Now) -> bool:
        """Whether the latest one is of a short time ago."""
        if self.latest is None:
            return False
        return self.latest.at >= max(now.at - FRESH, now.steady_since)

    def ceiling(self, delivery: Delivery, now: Now) -> Sighting | None:
        """Return the first sighting by which all that a delivery's attempts did was listed."""
        listed = listed_at(delivery, now)
        return next((each for each in self._known if each.at >= listed), None)
