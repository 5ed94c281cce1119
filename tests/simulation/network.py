"""The network between the outboxes and the provider, and everything that can go wrong on it."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Set as AbstractSet
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
import io
from random import Random
from typing import override
from urllib.parse import parse_qsl

from custom_components.bisms.provider.answers import ACCEPTED, Answer, Private
from custom_components.bisms.provider.client import REQUEST_TIMEOUT, BismsClient
from custom_components.bisms.provider.codes import Code, NoAnswerError, NotSentError
from custom_components.bisms.provider.transport import Body
from simulator.core import Provider

from .acts import Outage

NOT_CARRIED_OUT = {
    "bug": (200, b""),
    "reset": (200, b""),
    "hung": (200, b""),
    "error_500": (500, b"Internal Server Error"),
    "html": (200, b"<html><body>Please log in</body></html>"),
    "garbage": (200, b"\x00\xff\xfe??"),
    "empty": (200, b""),
    "code_99": (200, b"99"),
    "code_87": (200, b"87"),
    "code_85": (200, b"85"),
    "code_81": (200, b"81"),
}
CARRIED_OUT = {
    "accepted_500": (500, b"oops"),
    "accepted_99": (200, b"99"),
    "accepted_html": (200, b"<html><body>Thank you</body></html>"),
}
UNREACHABLE = {"refused": 0.2, "no_connection": 10.0}
"""Faults that let nothing leave, and after how many seconds at most that is known."""

LOST = {"reset", "dropped"}
SILENT = {"hung", "hung_accepted", "late"}
BUGS = {"bug", "accepted_bug"}
"""Faults of our own: the client raises what nobody expects of it."""

CODES = ("code_87", "code_85", "code_81")
"""Refusals that pass: only an outage has them, for a definite answer ends a message."""

FAULTS = (
    *UNREACHABLE,
    "slow",
    *sorted(BUGS),
    *sorted(LOST),
    *sorted(SILENT),
    *(each for each in NOT_CARRIED_OUT if each not in LOST | SILENT | BUGS | {*CODES}),
    *CARRIED_OUT,
)


@dataclass(slots=True, kw_only=True)
class Request:
    """A request as it left: what it asks, which fault it meets, and what came of it.

    `effect` is what the provider answered to an attempt to send that arrived, `arrived_at`
    when; `answer` what the client got to read, at `ended_at`.
    """

    account: str
    departed: float
    path: str
    query: dict[str, str]
    body: str
    fault: str | None
    arrived_at: float | None = None
    effect: str = ""
    answer: str = ""
    ended_at: float | None = None

    @property
    def is_send(self) -> bool:
        """Whether it is an attempt to send."""
        return "/api/sms" in self.path

    @property
    def is_definite(self) -> bool:
        """Whether its client knows for certain what came of it."""
        return self.ended_at is not None and (
            self.fault in UNREACHABLE
            or (self.answer[:2].isdigit() and self.answer[:2] != "99")
        )

    def speaks_of(self, text: str) -> bool:
        """Whether a text is sent by it."""
        return text == self.query.get("message") or f"[{text}]" in self.body


class Network:
    """Carries requests to the provider; draws faults from the history's randomness."""

    def __init__(
        self,
        provider: Provider,
        random: Random,
        *,
        fault_rate: float,
        outages: tuple[Outage, ...],
        grace: float,
    ) -> None:
        """Connect a provider.

        Parameters
        ----------
        provider
            Answers.
        random
            Draws faults and durations.
        fault_rate
            Share of the requests that meet a fault of their own.
        outages
            Times in which all requests meet a fault.
        grace
            Seconds after its time-out within which a request may still take effect.
        """
        self.provider = provider
        self.requests = 0
        self.faults: Counter[str] = Counter()
        self.sends: list[Request] = []
        self.disturbed_at: defaultdict[str, list[float]] = defaultdict(list)
        self.looks: defaultdict[str, list[Request]] = defaultdict(list)
        self.reports: defaultdict[str, list[Request]] = defaultdict(list)
        self.accepted: dict[str, Request] = {}
        self.on_send = asyncio.Event()
        self._random = random
        self._fault_rate = fault_rate
        self._outages = outages
        self._grace = grace
        self._outside = copy_context()
        self._on_the_way: dict[asyncio.TimerHandle, Callable[[], None]] = {}

    def departing(self, account: str, target: str, body: bytes) -> Request:
        """Return the request that leaves now."""
        now = asyncio.get_running_loop().time()
        path, _, query = target.partition("?")
        return Request(
            account=account,
            departed=now,
            path=path,
            query=dict(parse_qsl(query)),
            body=body.decode(),
            fault=self._fault(now, sending="/api/sms" in path),
        )

    async def exchange(
        self, method: str, request: Request, timeout: float
    ) -> tuple[int, bytes]:
        """Make a request as a client sees it; what arrived takes effect even if it is lost."""
        self._note(request)
        loop = asyncio.get_running_loop()
        fault, uniform = request.fault, self._random.uniform
        there, back = uniform(0.01, 0.2), uniform(0.01, 0.2)
        if fault in UNREACHABLE:
            await asyncio.sleep(uniform(0.01, UNREACHABLE[fault]))
            request.ended_at = loop.time()
            raise NotSentError("refused")
        if timeout > REQUEST_TIMEOUT and self._random.random() < 0.5:
            there = uniform(0.2, timeout - 1)  # a large body takes its time
        if fault == "late":
            there = uniform(1, timeout + self._grace)
        answer: asyncio.Future[tuple[int, bytes]] = loop.create_future()
        # The provider goes on when the client dies: what was sent arrives.
        arrive = partial(self._arrive, method, request, answer)
        timer = loop.call_later(there, arrive, context=self._outside)
        if request.is_send:
            self._on_the_way[timer] = arrive
        if fault in SILENT:
            await asyncio.sleep(timeout)
            raise NoAnswerError("timed out")
        status, text = await answer
        if fault in BUGS:
            raise ValueError("a bug")
        if fault in LOST:
            await asyncio.sleep(back)
            raise NoAnswerError("lost")
        if there < 1:
            back = uniform(timeout / 3, timeout - 1) if fault == "slow" else back
            await asyncio.sleep(back)
        request.answer, request.ended_at = text.decode(errors="replace"), loop.time()
        if status >= 500:
            request.answer = ""
        return status, text

    def arrive_now(self) -> None:
        """Let all that is on the way arrive, before the machine sleeps."""
        for timer, arrive in list(self._on_the_way.items()):
            if (
                not timer.cancelled()
                and timer.when() > asyncio.get_running_loop().time()
            ):
                timer.cancel()
                arrive()
        self._on_the_way.clear()

    def _note(self, request: Request) -> None:
        """Keep what is to be known of a request afterwards."""
        self.requests += 1
        if request.fault is not None:
            self.faults[request.fault] += 1
            self.disturbed_at[request.account].append(request.departed)
        if request.is_send:
            self.sends.append(request)
            self.on_send.set()
        elif "/api/dlr" in request.path:
            self.reports[request.query["id"]].append(request)
        elif "/api/campaignidlist" in request.path:
            self.looks[request.account].append(request)

    def _fault(self, now: float, *, sending: bool) -> str | None:
        for outage in self._outages:
            if outage.meets(now, sending=sending):
                return outage.fault
        if self._fault_rate and self._random.random() < self._fault_rate:
            return self._random.choice(FAULTS)
        return None

    def _arrive(
        self, method: str, request: Request, answer: asyncio.Future[tuple[int, bytes]]
    ) -> None:
        result = self._served(method, request)
        if not answer.done():
            answer.set_result(result)

    def _served(self, method: str, request: Request) -> tuple[int, bytes]:
        fault = request.fault or ""
        if fault in NOT_CARRIED_OUT:
            return NOT_CARRIED_OUT[fault]
        text = self.provider.handle(
            method, request.path, request.query, request.body.encode()
        ).text
        if request.is_send:
            request.arrived_at = asyncio.get_running_loop().time()
            request.effect = text
            if text.startswith("00 "):
                self.accepted[text.removeprefix("00 ")] = request
        return CARRIED_OUT.get(fault, (200, text.encode()))


class PlayedClient(BismsClient):
    """The real client; only its one exchange over a socket is played."""

    def __init__(
        self,
        network: Network,
        username: str,
        password: str,
        on_request: Callable[[Request], None],
    ) -> None:
        """Reach the provider over a played network; tell of each request before it leaves."""
        super().__init__(None, username, password)  # type: ignore[arg-type]
        self._network = network
        self._on_request = on_request

    @override
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
        content = body.getvalue() if isinstance(body, io.BytesIO) else body or b""
        request = self._network.departing(self._username, target, content)
        self._on_request(request)
        status, answer = await self._network.exchange(method, request, timeout)
        return Answer.read(status, answer, expected=expected, private=private)
