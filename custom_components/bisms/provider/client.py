"""The provider's eight calls: one coroutine per endpoint, one request on the wire per call."""

import asyncio
from collections.abc import Callable, Set as AbstractSet
import io
from itertools import batched
from typing import Final
from urllib.parse import quote, urlencode

import aiohttp

from .answers import ACCEPTED, REPORTED, Answer, Private
from .codes import Code
from .envelope import elements, estimated_size
from .models import DeliveryReport, Message, Receipt
from .transport import Body, exchange

DEFAULT_URL: Final = "http://sms.bisms.net:8080"
"""The provider's own address (section 1)."""

REQUEST_TIMEOUT: Final = 15
"""Seconds an ordinary call may take, connecting included."""

_LONGEST_TIMEOUT = 60
_BYTES_PER_SECOND = 50_000
_ELEMENTS_AT_A_TIME = 500
_ONE_PIECE = 64 * 1024
"""Bytes of a body that leaves together with its headers; a longer one goes bit by bit."""


def send_timeout(message: Message) -> float:
    """Return the seconds that sending a message may take.

    Parameters
    ----------
    message
        What is to be sent.

    Returns
    -------
    float
        `REQUEST_TIMEOUT`, and a second more for each 50 kB of a large body; 60 at most.
    """
    allowance = estimated_size(message) // _BYTES_PER_SECOND
    return float(min(_LONGEST_TIMEOUT, REQUEST_TIMEOUT + allowance))


class BismsClient:
    """An account at the provider.

    Every call may raise

    - `NotSentError`: no connection, so the call had no effect;
    - `NoAnswerError`, `ServerError`, `UnknownError` (99) or `UnreadableAnswerError`, all
      of them `UnknownFateError`: nobody knows whether it had;
    - a `RefusedError` of the code's own: the provider refused; `UnknownCodeError` when
      its document does not list the code.

    Attributes
    ----------
    on_accepted
        Called whenever the provider did what a call asked for, so that its credentials
        are right.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        username: str,
        password: str,
        base_url: str = DEFAULT_URL,
    ) -> None:
        """Remember the account; nothing is asked yet.

        Parameters
        ----------
        session
            Carries the requests; it is not closed here.
        username
            The account's name.
        password
            The API secret, not the password of the web panel (section 1).
        base_url
            http or https, host, optional port and path prefix.
        """
        self._session = session
        self._username = username
        self._password = password
        self._credentials = _query({"username": username, "password": password})
        self._base_url = base_url
        self.on_accepted: Callable[[], None] = _nothing

    def __repr__(self) -> str:
        """Name the account without its secret."""
        return f"<BismsClient {self._username!r}>"

    async def get_credit(self) -> int | float:
        """Ask for the credit left (section 2, `credit`).

        Returns
        -------
        int | float
            Credits; an int when whole. One credit pays one part to one number.

        Raises
        ------
        BismsError
            As the class says; the provider refuses with 95, 93 or 87.
        """
        return (await self._get("/api/credit/v1")).credit()

    async def get_headers(self) -> tuple[str, ...]:
        """Ask for the approved sender names (section 2, `originator`).

        Returns
        -------
        tuple[str, ...]
            Sender names in the provider's order; they are case-sensitive.

        Raises
        ------
        BismsError
            As the class says; the provider refuses with 95, 93 or 87.
        """
        return (await self._get("/api/originator/v1")).headers()

    async def send(self, message: Message) -> Receipt:
        """Send a message in the simplest way that can express it (sections 4 and 5).

        Parameters
        ----------
        message
            One number with one text and no option goes by GET, everything else by POST.

        Returns
        -------
        Receipt
            The dlrId of the whole request.

        Raises
        ------
        BismsError
            As `send_one` and `send_many`.
        """
        if not _is_plain(message):
            return await self.send_many(message)
        [sms] = message.sms
        [number] = sms.numbers
        return await self.send_one(message.header, number, sms.text)

    async def send_one(self, header: str, number: str, text: str) -> Receipt:
        """Send one text to one number (section 4, `smsget`).

        Parameters
        ----------
        header
            Approved sender name.
        number
            12 digits.
        text
            A folded text, not empty.

        Returns
        -------
        Receipt
            The dlrId.

        Raises
        ------
        BismsError
            As the class says; the provider refuses with 95, 93, 87, 85, 83, 81 or 77.
        """
        answer = await self._get(
            "/api/smsget/v1", {"header": header, "gsm": number, "message": text}
        )
        return answer.receipt()

    async def send_many(self, message: Message) -> Receipt:
        """Send one or several texts to any number of numbers (section 5, `smspost`).

        Parameters
        ----------
        message
            One text goes out in the 1-N form unless the message is `individual`;
            several in the N-N form.

        Returns
        -------
        Receipt
            The dlrId of the whole request.

        Raises
        ------
        BismsError
            As the class says; the provider refuses with 97, 91, 89, 87, 85, 84, 83, 81
            or 77.
        """
        content = "\n".join(
            part for sms in message.sms for part in (*sms.numbers, sms.text)
        )
        answer = await self._request(
            "POST",
            "/api/smspost/v1",
            body=await self._body(message),
            timeout=send_timeout(message),
            private=Private(self._password, content),
        )
        return answer.receipt()

    async def get_report(self, dlr_id: str) -> DeliveryReport:
        """Ask what became of a sending (section 7, `dlr`).

        Parameters
        ----------
        dlr_id
            The receipt's id. Ask from 90 s after sending on.

        Returns
        -------
        DeliveryReport
            29 and 27 are phases without numbers; with 25 and 23 each number has a state.

        Raises
        ------
        ReportNotFoundError
            79: no such id, or no report yet.
        BismsError
            As the class says; the provider refuses with 95, 93 or 87 as well.
        """
        answer = await self._get("/api/dlr/v1", {"id": dlr_id}, expected=REPORTED)
        return answer.report()

    async def get_sent_ids(self, page: int = 0) -> tuple[str, ...]:
        """Ask for the ids of past sendings (section 2, `campaignidlist`).

        Parameters
        ----------
        page
            0 or more; a page holds 50.

        Returns
        -------
        tuple[str, ...]
            dlrIds, newest first; empty beyond the last page.

        Raises
        ------
        BismsError
            As the class says; the provider refuses with 95, 93 or 87.
        """
        return (await self._get("/api/campaignidlist/v1", {"page": str(page)})).ids()

    async def add_to_blacklist(self, number: str) -> None:
        """Let a number never get an SMS of this account again (section 2, `blacklistadd`).

        Parameters
        ----------
        number
            12 digits.

        Raises
        ------
        AlreadyBlacklistedError
            78: it is on the list.
        BismsError
            As the class says; the provider refuses with 95, 93 or 87 as well.
        """
        await self._get("/api/blacklistadd/V1", {"gsm": number})

    async def get_blacklist(self) -> tuple[str, ...]:
        """Ask for all blacklisted numbers (section 2, `blacklistexport`).

        Returns
        -------
        tuple[str, ...]
            Numbers as the provider writes them.

        Raises
        ------
        BismsError
            As the class says; the provider refuses with 95, 93 or 87.
        """
        return (await self._get("/api/blacklistexport/v1")).numbers()

    async def _get(
        self,
        path: str,
        parameters: dict[str, str] | None = None,
        *,
        expected: AbstractSet[Code] = ACCEPTED,
    ) -> Answer:
        """Make a call that is a GET."""
        own = parameters or {}
        query = f"&{_query(own)}" if own else ""
        return await self._request(
            "GET",
            f"{path}?{self._credentials}{query}",
            expected=expected,
            private=Private(self._password, "\n".join(own.values())),
        )

    async def _body(self, message: Message) -> Body:
        """Build a body without holding up the event loop, however many texts it has."""
        body = io.BytesIO()
        pieces = elements(message, self._username, self._password)
        for some in batched(pieces, _ELEMENTS_AT_A_TIME, strict=False):
            body.write("".join(some).encode())
            await asyncio.sleep(0)
        if body.tell() <= _ONE_PIECE:
            return body.getvalue()
        body.seek(0)
        return body

    async def _request(
        self,
        method: str,
        target: str,
        *,
        private: Private,
        body: Body | None = None,
        expected: AbstractSet[Code] = ACCEPTED,
        timeout: float = REQUEST_TIMEOUT,
    ) -> Answer:
        """Make one request, and say by type what became of it."""
        status, content = await exchange(
            self._session,
            method,
            self._base_url,
            target,
            body=body,
            timeout=timeout,
        )
        answer = Answer.read(status, content, expected=expected, private=private)
        self.on_accepted()
        return answer


def _query(parameters: dict[str, str]) -> str:
    """Return parameters as they stand in a query: nothing but unreserved characters is kept."""
    return urlencode(parameters, quote_via=quote, safe="")


def _nothing() -> None:
    """Do nothing."""


def _is_plain(message: Message) -> bool:
    """Tell whether a message is one text to one number and nothing else."""
    return (
        len(message.sms) == 1
        and len(message.numbers) == 1
        and not message.individual
        and message.validity is None
        and message.send_at is None
    )
