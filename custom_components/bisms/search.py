"""Finding, among the account's sendings, the one that a lost answer was about (rule 2)."""

from collections.abc import Callable, Collection, Mapping

from .provider.client import BismsClient
from .provider.codes import ReportNotFoundError
from .provider.models import DeliveryReport, ReportPhase
from .record import Delivery, Event, Found, NoReference, NothingFound, Undecided


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
    if isinstance(ids, NoReference):
        return ids
    taken = _taken(others())
    reports: dict[str, DeliveryReport | None] = {
        dlr_id: await _report(client, dlr_id)
        for dlr_id in reversed(ids)
        if dlr_id not in taken
    }
    return _decide(delivery, reports, others())


async def _ids_since(
    client: BismsClient, baseline: str | None
) -> list[str] | NoReference:
    """Return the ids newer than the baseline, newest first; read no page in vain."""
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
    if baseline == "":
        return list(ids)
    return NoReference(next(iter([*ids, *batch]), ""))


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

    Those known to be accepted have a match each; the rest may belong to any in doubt, so
    there must be one for each of these before one of them may take it.
    """
    numbers = set(delivery.message.numbers)
    taken = _taken(others)
    free = {dlr_id: report for dlr_id, report in reports.items() if dlr_id not in taken}
    matches = [
        Found(dlr_id, report)
        for dlr_id, report in free.items()
        if report is not None and set(report.numbers) == numbers
    ]
    rivals = [
        other
        for other in others
        if other.unresolved and set(other.message.numbers) == numbers
    ]
    certain = sum(rival.accepted_at is not None for rival in rivals)
    if delivery.accepted_at is not None:
        claims, spare = 1, len(matches)
    else:
        claims, spare = 1 + len(rivals) - certain, len(matches) - certain
    if spare >= claims:
        return matches[-spare]
    return Undecided() if spare > 0 or None in free.values() else NothingFound()
