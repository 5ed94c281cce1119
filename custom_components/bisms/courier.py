"""The outbox's requests: each answer, or that there was none, comes back as an event."""

from collections.abc import Callable, Collection

from .errors import reason
from .provider.client import BismsClient
from .provider.codes import (
    BismsError,
    NotSentError,
    RefusedError,
    ReportNotFoundError,
    UnknownFateError,
)
from .provider.models import Message
from .record import (
    Accepted,
    Delivery,
    Event,
    NotSent,
    Refused,
    Reported,
    Signal,
    Silent,
)
from .search import find

SILENCE = 10
"""Seconds of failing requests after which an answer means that the provider is back."""


class Courier:
    """Carries messages and questions to the provider."""

    def __init__(
        self,
        client: BismsClient,
        *,
        on_refusal: Callable[[RefusedError], None],
        on_return: Callable[[], None],
        steady: Callable[[], float],
    ) -> None:
        """Prepare.

        Parameters
        ----------
        client
            The account's client.
        on_refusal
            Told of every refusal, whatever was asked.
        on_return
            Called when the provider answers again after some time of silence.
        steady
            Seconds that only ever run forward.
        """
        self._client = client
        self._on_refusal = on_refusal
        self._on_return = on_return
        self._steady = steady
        self._silent_since: float | None = None

    async def send(self, message: Message) -> Event:
        """Try to send a message, once."""
        try:
            receipt = await self._client.send(message)
        except NotSentError as err:
            self._unanswered()
            return NotSent(reason(err))
        except UnknownFateError as err:
            self._unanswered()
            return Silent(reason(err))
        except RefusedError as err:
            self._refused(err)
            return Refused(reason(err))
        self._answered()
        return Accepted(receipt.dlr_id)

    async def look(
        self, delivery: Delivery, others: Callable[[], Collection[Delivery]]
    ) -> Event:
        """Find out whether an attempt of unknown fate got through, and under which id."""
        try:
            event = await find(self._client, delivery, others)
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

    async def newest_id(self) -> str | None:
        """Return the newest id in the account, empty when it has none; None: no answer."""
        try:
            ids = await self._client.get_sent_ids()
        except BismsError as err:
            self._ask_failed(err)
            return None
        self._answered()
        return next(iter(ids), "")

    def _ask_failed(self, err: BismsError) -> Event:
        if isinstance(err, RefusedError):
            self._refused(err)
        else:
            self._unanswered()
        return Signal.ASK_FAILED

    def _refused(self, err: RefusedError) -> None:
        self._answered()
        self._on_refusal(err)

    def _unanswered(self) -> None:
        if self._silent_since is None:
            self._silent_since = self._steady()

    def _answered(self) -> None:
        since, self._silent_since = self._silent_since, None
        if since is not None and self._steady() - since > SILENCE:
            self._on_return()
