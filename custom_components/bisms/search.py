"""Finding, among the account's sendings, the one that a lost answer was about (rule 2)."""

from collections.abc import Callable, Collection, Mapping

from .delivery import SETTLE
from .provider.client import BismsClient
from .provider.codes import ReportNotFoundError
from .provider.models import DeliveryReport, ReportPhase
from .record import Delivery, Event, Found, Signal


async def find(
    client: BismsClient,
    delivery: Delivery,
    others: Callable[[], Collection[Delivery]],
) -> Event:
    """Look for a delivery among the sendings that came after its baseline.

    Parameters
    ----------
    client
        The account's client.
    delivery
        A delivery of unknown fate, or an accepted one whose dlrId was lost.
    others
        Gives all other deliveries known; an id that one of them has is not this one's.

    Raises
    ------
    BismsError
        A question got no answer, or was refused.
    """
    ids = await _ids_since(client, delivery.baseline)
    if ids is None:
        return Signal.NO_REFERENCE
    taken = _taken(others())
    reports: dict[str, DeliveryReport | None] = {
        dlr_id: await _report(client, dlr_id)
        for dlr_id in reversed(ids)
        if dlr_id not in taken
    }
    return _decide(delivery, reports, others())


async def _ids_since(client: BismsClient, baseline: str | None) -> list[str] | None:
    """Return the ids newer than the baseline, newest first; None without one to go by.

    No page is read in vain.
    """
    ids: dict[str, None] = {}
    page = 0
    while batch := await client.get_sent_ids(page):
        if baseline is None or ids.keys() >= set(batch):
            break
        for dlr_id in batch:
            if dlr_id == baseline:
                return list(ids)
            ids[dlr_id] = None
        page += 1
    return list(ids) if baseline == "" else None


async def _report(client: BismsClient, dlr_id: str) -> DeliveryReport | None:
    """Return a report that tells whose it is, or None while there is none."""
    try:
        report = await client.get_report(dlr_id)
    except ReportNotFoundError:
        return None
    return None if report.phase is ReportPhase.NOT_SENT_YET else report


def _taken(deliveries: Collection[Delivery]) -> set[str | None]:
    return {delivery.dlr_id for delivery in deliveries}


def _decide(
    delivery: Delivery,
    reports: Mapping[str, DeliveryReport | None],
    others: Collection[Delivery],
) -> Event:
    """Tell whether a match is this delivery's, when others to the same numbers are lost too.

    In doubt it may take a match only if there is one for every other that may have one, and
    none that may have several; it has none if there are no more than others certainly have.
    """
    numbers = set(delivery.message.numbers)
    taken = _taken(others)
    free = {dlr_id: report for dlr_id, report in reports.items() if dlr_id not in taken}
    matches = [
        Found(dlr_id, report)
        for dlr_id, report in free.items()
        if report is not None and set(report.numbers) == numbers
    ]
    undecided = Signal.UNDECIDED if None in free.values() else Signal.NOTHING_FOUND
    if delivery.accepted_at is not None:
        return matches[0] if matches else undecided
    rivals = [
        other
        for other in others
        if _may_be_newer(other, delivery) and set(other.message.numbers) == numbers
    ]
    certain = sum(_is_newer(rival, delivery) for rival in rivals)
    several = any(rival.unknowable for rival in rivals)
    if len(matches) > len(rivals) and not several:
        # The oldest: a rival whose baseline is newer could not take that one.
        return matches[0]
    return Signal.UNDECIDED if len(matches) > certain else undecided


def _may_be_newer(other: Delivery, delivery: Delivery) -> bool:
    """Whether another delivery's lost id may be newer than this one's baseline."""
    if not other.unresolved:
        return False
    latest = other.accepted_at
    if latest is None:
        latest = (other.last_attempt_at or 0) + SETTLE
    return latest > (delivery.baseline_at or 0)


def _is_newer(other: Delivery, delivery: Delivery) -> bool:
    """Whether another delivery has a lost id that is newer than this one's baseline."""
    earliest = other.first_attempt_at or 0
    return other.lost and earliest >= (delivery.baseline_at or 0)
