"""The provider's books, and messages that are looked for in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from custom_components.bisms.outbox.events import Event, Sighting
from custom_components.bisms.outbox.record import (
    Acceptance,
    Attempts,
    Certainty,
    Delivery,
    Doubt,
    Step,
    Task,
)
from custom_components.bisms.outbox.search import Search
from custom_components.bisms.provider.client import BismsClient
from custom_components.bisms.provider.codes import NoAnswerError, ReportNotFoundError
from custom_components.bisms.provider.models import (
    DeliveryReport,
    NumberState,
    ReportPhase,
)
from tests.messages import NOW, RUNS_SINCE, delivery, having, moment

PAGE = 50


type Numbers = tuple[str, ...] | None


@dataclass
class Books:
    """What the provider has: ids, newest first, and to whom each went.

    None is an id without a report; with no number, the report says that it is about to be sent.
    """

    sendings: Mapping[str, Numbers]
    silent: bool = False
    asked: list[str] = field(default_factory=list)

    async def get_sent_ids(self, page: int = 0) -> tuple[str, ...]:
        """Return a page of ids."""
        self.asked.append(f"page {page}")
        return tuple(self.sendings)[page * PAGE : (page + 1) * PAGE]

    async def get_report(self, dlr_id: str) -> DeliveryReport:
        """Return the report on a sending."""
        self.asked.append(dlr_id)
        if self.silent:
            raise NoAnswerError("lost")
        numbers = self.sendings[dlr_id]
        if numbers is None:
            raise ReportNotFoundError("79")
        if not numbers:
            return DeliveryReport(ReportPhase.NOT_SENT_YET)
        return about(*numbers)


def about(*numbers: str) -> DeliveryReport:
    """Return a report on these numbers."""
    return DeliveryReport(
        ReportPhase.UPDATING, dict.fromkeys(numbers, NumberState.PENDING)
    )


def search(books: Books) -> Search:
    """Return a search in the provider's books."""
    return Search(cast(BismsClient, books))


async def found(
    books: Books,
    sought: Delivery,
    *others: Delivery,
    ceiling: str | None = None,
    after: float = 100,
    steady_since: float = RUNS_SINCE,
) -> Event:
    """Look for a delivery then; perhaps among what was there when an id was the newest."""
    at = NOW + after

    def seen(of: Delivery) -> Sighting | None:
        return Sighting(ceiling, at) if ceiling is not None and of is sought else None

    now = moment(after if ceiling is None else after + 1000, steady_since=steady_since)
    return await search(books).find(sought, seen, lambda: others, now)


def nowhere(delivery: Delivery) -> None:
    """Return that there is no sighting by which all that a delivery did was in the list."""


def in_doubt(*numbers: str, baseline: str = "100", since: float = 0) -> Delivery:
    """Return a message whose only attempt got no answer; its baseline is of that moment."""
    at = NOW + since
    return having(
        delivery(*numbers),
        doing=Step(Task.FIND, at + 40),
        attempts=Attempts(at, at, Certainty.SILENT),
        baseline=Sighting(baseline, at),
        doubt=Doubt(at, at + 600),
    )


def lost(*numbers: str, since: float = 0) -> Delivery:
    """Return a message that was accepted under an id that was lost, 3 s after its attempt."""
    acceptance = Acceptance(NOW + since + 3, NOW + since + 3, 0.0, None)
    return having(in_doubt(*numbers, since=since), doubt=None, acceptance=acceptance)


def known(dlr_id: str, *numbers: str) -> Delivery:
    """Return a message that was accepted under an id that is known."""
    return having(
        delivery(*numbers),
        attempts=Attempts(NOW, NOW, Certainty.ANSWERED),
        acceptance=Acceptance(NOW, NOW, 0.0, dlr_id),
    )
