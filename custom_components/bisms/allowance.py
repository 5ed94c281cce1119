"""The guard against an automation that runs wild: parts that may be sent in an hour."""

from collections.abc import Mapping

MINUTES = 60


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
    """Counts parts by the minute, so that an hour of any traffic is 60 numbers.

    Attributes
    ----------
    spent
        Parts by the minute (UTC seconds // 60).
    """

    def __init__(self, spent: Mapping[int, int]) -> None:
        """Go on from what was spent before a restart."""
        self.spent = dict(spent)

    def spend(self, parts: int, limit: int, now: float) -> None:
        """Count parts; raise `HourlyLimitError` instead if they are over a limit but 0."""
        minute = int(now // 60)
        self.spent = {m: n for m, n in self.spent.items() if m > minute - MINUTES}
        if limit and sum(self.spent.values()) + parts > limit:
            raise HourlyLimitError(parts)
        self.spent[minute] = self.spent.get(minute, 0) + parts
