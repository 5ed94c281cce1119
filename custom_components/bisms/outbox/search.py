"""Finding, among the account's sendings, the one that a lost answer was about (rule 2).

The provider tells ids, newest first, and of each which numbers it went to; no text, no time.
So three things tell a message's own sending from others, those of other programs included:
whom it went to; when, since ids that were in the list before the first attempt, or not yet
when the last one had certainly taken effect, can't be its own; and how many there are.
"""

from collections.abc import Callable, Collection, Mapping, Set as AbstractSet
from typing import NamedTuple

from ..provider.client import BismsClient
from ..provider.codes import ReportNotFoundError
from ..provider.models import DeliveryReport, ReportPhase
from .clock import Now
from .events import Event, Found, Sighting, Signal
from .record import Certainty, Delivery
from .shares import Claim, shared_out
from .window import LIST_LAG, settle

REUSED = 60
"""Seconds for which a report tells whose a sending is, without being asked for anew."""

MANY = 1000
"""Reports remembered."""

LONGEST_REQUEST = 60
"""Seconds that any request may take."""

type Report = DeliveryReport | None
"""A report that may tell whose a sending is; None while there is none."""

type Ceiling = Callable[[Delivery], Sighting | None]
"""Gives the first sighting by which all that a delivery did was in the list, if there is one."""


class Search:
    """Looks for messages among the account's sendings; asks nothing twice in a short time."""

    def __init__(self, client: BismsClient) -> None:
        """Search in the account of a client."""
        self._client = client
        self._reports: dict[str, tuple[float, Report]] = {}

    async def find(
        self,
        delivery: Delivery,
        ceiling: Ceiling,
        others: Callable[[], Collection[Delivery]],
        now: Now,
        on_list: Callable[[str], None] = lambda newest_id: None,
    ) -> Event:
        """Look for a delivery among the sendings that may be its own.

        Parameters
        ----------
        delivery
            A delivery of unknown fate, or an accepted one whose dlrId was lost.
        ceiling
            Gives the sighting after which no id in the list can be a delivery's own.
        others
            Gives all other deliveries known; an id that one of them has is not this one's.
        now
            The time.
        on_list
            Told the newest id in the account once the list was read.

        Raises
        ------
        BismsError
            A question got no answer, or was refused.
        """
        if delivery.baseline is None:
            return Signal.NO_REFERENCE
        ids = await self._ids_since(delivery.baseline.newest_id)
        if ids is None:
            return Signal.NO_REFERENCE
        on_list(ids[0] if ids else delivery.baseline.newest_id)
        listing = _Listing([*ids, delivery.baseline.newest_id], ceiling)
        own = listing.claim(delivery)
        taken = _taken(others())
        numbers = set(delivery.message.numbers)
        reports = {
            dlr_id: await self._report(dlr_id, numbers, now.at)
            for dlr_id in reversed(ids[own.newest : own.end])
            if dlr_id not in taken
        }
        seen = ceiling(delivery)
        span = _Span(now.steady_since, now.at if seen is None else seen.at)
        return _decide(delivery, reports, others(), span, listing)

    async def _ids_since(self, baseline: str) -> list[str] | None:
        """Return the ids newer than the baseline, newest first; None if it is not in the list.

        No page is read in vain.
        """
        ids: dict[str, None] = {}
        page = 0
        while batch := await self._client.get_sent_ids(page):
            if ids.keys() >= set(batch):
                break
            for dlr_id in batch:
                if dlr_id == baseline:
                    return list(ids)
                ids[dlr_id] = None
            page += 1
        return None if baseline else list(ids)

    async def _report(
        self, dlr_id: str, numbers: AbstractSet[str], at: float
    ) -> Report:
        """Return a sending's report: a known one if it is recent, or names others' numbers.

        The numbers of a report may grow in time, but never become others.
        """
        asked_at, report = self._reports.get(dlr_id, (-REUSED, None))
        if asked_at + REUSED > at or (report and not report.numbers.keys() <= numbers):
            return report
        try:
            report = await self._client.get_report(dlr_id)
        except ReportNotFoundError:
            report = None
        if report is not None and report.phase is ReportPhase.NOT_SENT_YET:
            report = None
        self._reports.pop(dlr_id, None)
        self._reports[dlr_id] = (at, report)
        if len(self._reports) > MANY:
            del self._reports[next(iter(self._reports))]
        return report


class _Span(NamedTuple):
    """Since when it is known how long ago something was, and up to when the list was seen."""

    steady_since: float
    seen_at: float

    def latest(self, at: float) -> float:
        """Return when something was at the latest that was noted for a time."""
        return max(at, self.steady_since)


class _Listing:
    """The account's sendings since a baseline, newest first, and the baseline behind them."""

    def __init__(self, ids: list[str], ceiling: Ceiling) -> None:
        self.places = {dlr_id: place for place, dlr_id in enumerate(ids)}
        self._ceiling = ceiling

    def claim(self, delivery: Delivery) -> Claim:
        """Return which of them may be a delivery's own."""
        newest, end = 0, len(self.places)
        if (seen := self._ceiling(delivery)) is not None:
            # Its id may be one that an answer gave, and not be in the list yet.
            newest = self.places.get(seen.newest_id, 0)
        # One that was sent without a baseline may have its id below the one it got later.
        if delivery.baseline and delivery.certainty is not Certainty.UNKNOWABLE:
            end = self.places.get(delivery.baseline.newest_id, end)
        return Claim(newest, end, _tried_at(delivery), delivery.id)


def _taken(deliveries: Collection[Delivery]) -> set[str | None]:
    return {delivery.dlr_id for delivery in deliveries}


def _decide(
    delivery: Delivery,
    reports: Mapping[str, Report],
    others: Collection[Delivery],
    span: _Span,
    listing: _Listing,
) -> Event:
    """Tell whether a match is this delivery's, when others to the same numbers are lost too.

    In doubt it takes a match only if there is exactly one for it and for each other that may
    have one. With fewer, nobody knows whose they are; with more, one is another program's. It
    has none if there are no more than others certainly have among the ids seen by then. One
    that was accepted has a match for certain, but leaves it alone as long as one in doubt
    might miss it.
    """
    numbers = set(delivery.message.numbers)
    taken = _taken(others)
    free = {dlr_id: report for dlr_id, report in reports.items() if dlr_id not in taken}
    matches = {
        listing.places[dlr_id]: Found(dlr_id, report)
        for dlr_id, report in free.items()
        if report is not None and set(report.numbers) == numbers
    }
    # A report may leave numbers out, all of them even: that it is another's is not said.
    is_open = any(
        report is None or set(report.numbers) < numbers for report in free.values()
    )
    claimed = [
        (other, claim)
        for other in others
        if _may_be_among_them(other, delivery, span)
        and set(other.message.numbers) >= numbers
        and any(map((claim := listing.claim(other)).covers, matches))
    ]
    rivals = [other for other, _ in claimed]
    claims = [listing.claim(delivery), *(claim for _, claim in claimed)]
    shares = shared_out(matches, claims)
    several = any(rival.certainty is Certainty.UNKNOWABLE for rival in rivals)
    if len(shares) == len(matches) == len(rivals) + 1 and not several:
        return matches[shares[0]]
    if matches and _is_among_them(delivery, delivery, span):
        if len(matches) > 1 and any(map(_is_in_doubt, rivals)):
            return Signal.UNDECIDED
        return matches[shares.get(0, max(matches))]
    certain = sum(
        _is_among_them(rival, delivery, span) and set(rival.message.numbers) == numbers
        for rival in rivals
    )
    if is_open or len(matches) > certain:
        return Signal.UNDECIDED
    return Signal.NOTHING_FOUND


def _is_in_doubt(delivery: Delivery) -> bool:
    """Whether it is sent again if none of the sendings is its own."""
    return not delivery.accepted and not delivery.final


def _may_be_among_them(other: Delivery, delivery: Delivery, span: _Span) -> bool:
    """Whether another delivery's lost id may be newer than this one's baseline, and seen."""
    # What was seen may be as young as the end of the request that showed it.
    if not other.claims or _tried_at(other) > span.seen_at + LONGEST_REQUEST:
        return False
    last_at = span.latest(other.last_attempt_at or other.created_at)
    taken_effect = last_at + settle(other.message)
    if other.acceptance is not None:
        taken_effect = span.latest(other.acceptance.at)
    return taken_effect + LIST_LAG > _baseline_at(delivery)


def _is_among_them(other: Delivery, delivery: Delivery, span: _Span) -> bool:
    """Whether another delivery's lost id is newer than this one's baseline, and was seen."""
    if other.acceptance is None or other.acceptance.dlr_id is not None:
        return False
    if other.certainty is Certainty.UNKNOWABLE:
        return False
    if _tried_at(other) < _baseline_at(delivery):
        return False
    return span.latest(other.acceptance.at) + LIST_LAG <= span.seen_at


def _tried_at(delivery: Delivery) -> float:
    return delivery.first_attempt_at or delivery.created_at


def _baseline_at(delivery: Delivery) -> float:
    return 0.0 if delivery.baseline is None else delivery.baseline.at
