"""The outbox's requests: each answer, or that there was none, comes back as an event."""

from collections.abc import Callable, Collection
from functools import partial
import math

from ..provider.client import BismsClient
from ..provider.codes import (
    BismsError,
    NotSentError,
    RefusedError,
    ReportNotFoundError,
    UnknownFateError,
)
from ..provider.models import Message
from .clock import Clock
from .events import (
    Accepted,
    Event,
    NotSent,
    Refused,
    Reported,
    Sighting,
    Signal,
    Silent,
)
from .reachability import Reachability
from .record import Delivery
from .search import Search
from .sightings import Sightings

ASK_AGAIN = 2
"""Seconds after a failure in which the newest id is not asked for again."""


class Courier:
    """Carries messages and questions to the provider."""

    def __init__(
        self,
        client: BismsClient,
        clock: Clock,
        *,
        on_refusal: Callable[[RefusedError], None],
        on_signal: Callable[[Signal], None],
    ) -> None:
        """Prepare.

        Parameters
        ----------
        client
            The account's client.
        clock
            Tells the time.
        on_refusal
            Told of every refusal, whatever was asked.
        on_signal
            Told when the provider answers again after some time of silence.
        """
        self.sightings = Sightings()
        self._client = client
        self._search = Search(client)
        self._clock = clock
        self._on_refusal = on_refusal
        self._on_signal = on_signal
        self._reachability = Reachability()
        self._asked_in_vain_at = -math.inf

    @property
    def should_learn_newest_id(self) -> bool:
        """Whether the newest id known is too old, and was not just asked for in vain."""
        now = self._clock.now()
        if now.at < self._asked_in_vain_at + ASK_AGAIN:
            return False
        return not self.sightings.is_fresh(now)

    async def send(self, message: Message) -> Event:
        """Try to send a message, once."""
        began_at = self._clock.now().at
        try:
            receipt = await self._client.send(message)
        except NotSentError as err:
            self._failed(sending=True)
            return NotSent(err.reason)
        except UnknownFateError as err:
            self._failed(sending=True)
            return Silent(err.reason)
        except RefusedError as err:
            self._refused(err, sending=True)
            return Refused(err.reason)
        self._answered(sending=True)
        self.sightings.note(Sighting(receipt.dlr_id, began_at))
        return Accepted(receipt.dlr_id)

    async def look(
        self, delivery: Delivery, others: Callable[[], Collection[Delivery]]
    ) -> Event:
        """Find out whether an attempt of unknown fate got through, and under which id."""
        now = self._clock.now()
        ceiling = partial(self.sightings.ceiling, now=now)

        def on_list(newest_id: str) -> None:
            self.sightings.note(Sighting(newest_id, now.at))

        try:
            event = await self._search.find(delivery, ceiling, others, now, on_list)
        except BismsError as err:
            return self._ask_failed(err)
        self._answered()
        return event

    async def ask(self, dlr_id: str) -> Event:
        """Ask for a delivery report."""
        try:
            report = await self._client.get_report(dlr_id)
        except ReportNotFoundError:
            self._answered()
            return Signal.NO_REPORT
        except BismsError as err:
            return self._ask_failed(err)
        self._answered()
        return Reported(report)

    async def learn_newest_id(self) -> None:
        """Remember the newest id: only a later one can be a message's that is sent now."""
        asked_at = self._clock.now().at
        try:
            ids = await self._client.get_sent_ids()
        except BismsError as err:
            self._ask_failed(err)
            self._asked_in_vain_at = self._clock.now().at
            return
        self._answered()
        self.sightings.note(Sighting(next(iter(ids), ""), asked_at))

    def _ask_failed(self, err: BismsError) -> Event:
        if isinstance(err, RefusedError):
            self._refused(err)
        else:
            self._failed()
        return Signal.ASK_FAILED

    def _refused(self, err: RefusedError, *, sending: bool = False) -> None:
        self._answered(sending=sending)
        self._on_refusal(err)

    def _failed(self, *, sending: bool = False) -> None:
        self._reachability.failed(self._clock.now().at, sending=sending)

    def _answered(self, *, sending: bool = False) -> None:
        at = self._clock.now().at
        if (signal := self._reachability.answered(at, sending=sending)) is not None:
            self._on_signal(signal)
