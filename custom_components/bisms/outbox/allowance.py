"""The guard against an automation that runs wild: parts that may be sent in an hour."""

from collections import Counter

from .record import UNKNOWN, Delivery, End

HOUR = 3600
_MINUTE = 60


class HourlyLimitError(Exception):
    """The messages would take the account over the parts it may send in an hour.

    Attributes
    ----------
    parts
        Parts of the messages, all recipients counted.
    """

    def __init__(self, parts: int) -> None:
        """Remember what was asked for."""
        super().__init__(f"{parts} parts are over the hourly limit")
        self.parts = parts


class Allowance:
    """Counts parts by the minute, so that an hour of any traffic is 60 numbers."""

    def __init__(self) -> None:
        """Begin with nothing spent."""
        self._spent: Counter[int] = Counter()

    def check(self, parts: int, limit: int, at: float) -> None:
        """Raise `HourlyLimitError` if parts are over a limit but 0."""
        oldest = _minute(at - HOUR)
        for minute in [each for each in self._spent if each <= oldest]:
            del self._spent[minute]
        if limit and self._spent.total() + parts > limit:
            raise HourlyLimitError(parts)

    def change(self, before: Delivery | None, after: Delivery) -> None:
        """Count what entered, and give back what ended without having left."""
        spent = _spent(after) - (0 if before is None else _spent(before))
        if spent:
            self._spent[_minute(after.created_at)] += spent


def _spent(delivery: Delivery) -> int:
    """Return the parts that a delivery takes from the hour in which it entered."""
    match delivery.doing:
        case End(_, reason) if delivery.acceptance is None and reason != UNKNOWN:
            return 0
    return delivery.message.credits


def _minute(at: float) -> int:
    return int(at // _MINUTE)
