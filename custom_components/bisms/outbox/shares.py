"""Sharing out sendings whose ids were lost among the messages that they may be."""

from collections.abc import Collection, Sequence
from typing import NamedTuple


class Claim(NamedTuple):
    """Which sendings may be a message's own, by their places in the list, newest first.

    Attributes
    ----------
    newest
        The place of the newest one that may be.
    end
        The place behind the oldest one that may be; beyond the list if an older one may be.
    since
        When the message was first tried; what was tried first is likely the older sending.
    owner
        The message's id, which decides between those that nothing else tells apart.
    """

    newest: int
    end: int
    since: float
    owner: str

    def covers(self, place: int) -> bool:
        """Whether the sending at a place may be the message's own."""
        return self.newest <= place < self.end


def shared_out(places: Collection[int], claims: Sequence[Claim]) -> dict[int, int]:
    """Return which place goes to which claim, by the claim's number.

    As many as can be get one: from the oldest on, each place goes to the claim that covers
    the fewest of those that follow, and of these to the one that covers the fewest before.
    """
    shares: dict[int, int] = {}
    for place in sorted(places, reverse=True):
        covering = [
            (-claim.newest, claim.end, claim.since, claim.owner, number)
            for number, claim in enumerate(claims)
            if number not in shares and claim.covers(place)
        ]
        if covering:
            *_, number = min(covering)
            shares[number] = place
    return shares
