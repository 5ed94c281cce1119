"""Finding, among the account's sendings, the one that a lost answer was about (rule 2).

The provider tells ids, newest first, and of each which numbers it went to; no text, no time.
So three things tell a message's own sending from others, those of other programs included:
whom it went to; when, since ids that were in the list before the first attempt, or not yet
when the last one had certainly taken effect, can't be its own; and how many there are.
"""

from collections.abc import Callable, Collection, Mapping, Set as AbstractSet

from ..provider.client import BismsClient
from ..provider.codes import ReportNotFoundError
from ..provider.models import DeliveryReport, ReportPhase
from .events import Event, Found, Sighting, Signal
from .record import Certainty, Delivery
from .window import LIST_LAG, settle

REUSED = 60
"""Seconds for which a report tells whose a sending is, without being asked for anew."""

MANY = 1000
"""Reports remembered."""

LONGEST_REQUEST = 60
"""Seconds that any request may take."""

type Report = DeliveryReport | None
"""A report that may tell whose a sending is; None while there is none."""


class Search:
    """Looks for messages among the account's sendings; asks nothing twice in a short time."""

    def __init__(self, client: BismsClient) -> None:
        """Search in the account of a client."""
        self._client = client
        self._reports: dict[str, tuple[float, Report]] = {}

    async def find(
        self,
        delivery: Delivery,
        ceiling: Sighting | None,
        others: Callable[[], Collection[Delivery]],
        at: float,
        on_list: Callable[[str], None] = lambda newest_id: None,
    ) -> Event:
        """Look for a delivery among the sendings that may be its own.

        Parameters
        ----------
        delivery
            A delivery of unknown fate, or an accepted one whose dlrId was lost.
        ceiling
            No id that was not in the list then can be its own; None: there is no such time.
        others
            Gives all other deliveries known; an id that one of them has is not this one's.
        at
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
        taken = _taken(others())
        numbers = set(delivery.message.numbers)
        reports = {
            dlr_id: await self._report(dlr_id, numbers, at)
            for dlr_id in reversed(_below(ceiling, ids, delivery.baseline))
            if dlr_id not in taken
        }
        seen_at = at if ceiling is None else ceiling.at
        return _decide(delivery, reports, others(), seen_at)

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


def _below(ceiling: Sighting | None, ids: list[str], baseline: Sighting) -> list[str]:
    """Return the ids that were in the list by the time of a sighting."""
    if ceiling is None:
        return ids
    if ceiling.newest_id == baseline.newest_id:
        return []
    # Its id may be one that an answer gave, and not be in the list yet.
    start = ids.index(ceiling.newest_id) if ceiling.newest_id in ids else 0
    return ids[start:]


def _taken(deliveries: Collection[Delivery]) -> set[str | None]:
    return {delivery.dlr_id for delivery in deliveries}


def _decide(
    delivery: Delivery,
    reports: Mapping[str, Report],
    others: Collection[Delivery],
    seen_at: float,
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
    matches = [
        Found(dlr_id, report)
        for dlr_id, report in free.items()
        if report is not None and set(report.numbers) == numbers
    ]
    # A report may leave numbers out, all of them even: that it is another's is not said.
    is_open = any(
        report is None or set(report.numbers) < numbers for report in free.values()
    )
    undecided = Signal.UNDECIDED if is_open else Signal.NOTHING_FOUND
    rivals = [
        other
        for other in others
        if _may_be_among_them(other, delivery, seen_at)
        and set(other.message.numbers) >= numbers
    ]
    certain = [
        rival
        for rival in rivals
        if _is_among_them(rival, delivery, seen_at)
        and set(rival.message.numbers) == numbers
    ]
    # What was tried first was accepted first: a rival tried later could not take that one.
    place = _ahead(rivals, delivery)
    several = any(rival.certainty is Certainty.UNKNOWABLE for rival in rivals)
    if len(matches) == len(rivals) + 1 and not several:
        return matches[place]
    # One that was sent without a baseline may have its id below the one it got later.
    surely_here = delivery.certainty is not Certainty.UNKNOWABLE
    if matches and delivery.acceptance is not None and surely_here:
        first = _ahead(certain, delivery)
        last = len(matches) - 1 - (len(certain) - first)
        if first < min(place, last) and any(map(_is_in_doubt, rivals)):
            return Signal.UNDECIDED
        return matches[min(first, len(matches) - 1)]
    return Signal.UNDECIDED if len(matches) > len(certain) else undecided


def _ahead(rivals: Collection[Delivery], delivery: Delivery) -> int:
    """Return how many were tried before this one."""
    return sum(_tried_at(rival) < _tried_at(delivery) for rival in rivals)


def _is_in_doubt(delivery: Delivery) -> bool:
    """Whether it is sent again if none of the sendings is its own."""
    return delivery.acceptance is None and not delivery.final


def _may_be_among_them(other: Delivery, delivery: Delivery, seen_at: float) -> bool:
    """Whether another delivery's lost id may be newer than this one's baseline, and seen."""
    # What was seen may be as young as the end of the request that showed it.
    if not other.claims or _tried_at(other) > seen_at + LONGEST_REQUEST:
        return False
    latest = (other.last_attempt_at or other.created_at) + settle(other.message)
    if other.acceptance is not None:
        latest = other.acceptance.at
    return latest + LIST_LAG > _baseline_at(delivery)


def _is_among_them(other: Delivery, delivery: Delivery, seen_at: float) -> bool:
    """Whether another delivery's lost id is newer than this one's baseline, and was seen."""
    if other.acceptance is None or other.acceptance.dlr_id is not None:
        return False
    if other.certainty is Certainty.UNKNOWABLE:
        return False
    if _tried_at(other) < _baseline_at(delivery):
        return False
    return other.acceptance.at + LIST_LAG <= seen_at


def _tried_at(delivery: Delivery) -> float:
    return delivery.first_attempt_at or delivery.created_at


def _baseline_at(delivery: Delivery) -> float:
    return 0.0 if delivery.baseline is None else delivery.baseline.at
