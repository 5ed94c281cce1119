"""The network between an outbox and the provider, and everything that can go wrong on it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Set as AbstractSet
from dataclasses import dataclass
from random import Random
from typing import override
from urllib.parse import parse_qsl

from custom_components.bisms.provider.answers import ACCEPTED, Answer, Private
from custom_components.bisms.provider.client import REQUEST_TIMEOUT, BismsClient
from custom_components.bisms.provider.codes import Code, NoAnswerError, NotSentError
from custom_components.bisms.provider.transport import Body
from simulator.core import Provider

NOT_CARRIED_OUT = {
    "reset": (200, b""),
    "hung": (200, b""),
    "error_500": (500, b"Internal Server Error"),
    "html": (200, b"<html><body>Please log in</body></html>"),
    "garbage": (200, b"\x00\xff\xfe??"),
    "empty": (200, b""),
    "code_99": (200, b"99"),
}
CARRIED_OUT = {
    "accepted_500": (500, b"oops"),
    "accepted_99": (200, b"99"),
    "accepted_html": (200, b"<html><body>Thank you</body></html>"),
}
LOST = {"reset", "dropped"}
SILENT = {"hung", "hung_accepted", "late"}

FAULTS = (
    "refused",
    "slow",
    *sorted(LOST),
    *sorted(SILENT),
    *(fault for fault in NOT_CARRIED_OUT if fault not in LOST | SILENT),
    *CARRIED_OUT,
)


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which every request meets the same fault; seconds from the beginning."""

    begins: float
    ends: float
    fault: str

    def __str__(self) -> str:
        """Tell it in words."""
        return f"until {self.ends:.1f} s every request meets “{self.fault}”"


@dataclass(slots=True)
class Request:
    """A request as it left: what it asks, which fault it meets, and since when it is settled."""

    departed: float
    path: str
    query: dict[str, str]
    body: bytes
    fault: str | None
    settled_at: float | None = None

    def speaks_of(self, text: str) -> bool:
        """Whether a text is sent by it."""
        return text == self.query.get("message") or f"[{text}]" in self.body.decode()


class Network:
    """Carries requests to the provider; draws faults from the history's randomness."""

    def __init__(
        self,
        provider: Provider,
        random: Random,
        fault_rate: float,
        outages: list[Outage],
    ) -> None:
        """Connect a provider."""
        self.provider = provider
        self.requests = 0
        self.faults: Counter[str] = Counter()
        self.sends: list[Request] = []
        self.departed: dict[str, float] = {}
        self.on_request: Callable[[Request], None] = lambda request: None
        self._random = random
        self._fault_rate = fault_rate
        self._outages = outages

    async def exchange(
        self, method: str, target: str, body: bytes
    ) -> tuple[int, bytes]:
        """Make a request as a client sees it; what arrived takes effect even if it is lost."""
        loop = asyncio.get_running_loop()
        request = self._departing(loop.time(), target, body)
        there, back = self._random.uniform(0.01, 0.2), self._random.uniform(0.01, 0.2)
        if request.fault == "refused":
            await asyncio.sleep(there)
            request.settled_at = loop.time()
            raise NotSentError("refused")
        answer: asyncio.Future[tuple[int, bytes]] = loop.create_future()
        arrives = self._random.uniform(1, 19) if request.fault == "late" else there
        # The provider goes on when the client dies: what was sent arrives.
        loop.call_later(arrives, self._arrive, method, request, answer)
        if request.fault in SILENT:
            await asyncio.sleep(REQUEST_TIMEOUT)
            raise NoAnswerError("timed out")
        status, text = await answer
        if request.fault in LOST:
            await asyncio.sleep(back)
            raise NoAnswerError("lost")
        slow = request.fault == "slow"
        await asyncio.sleep(self._random.uniform(5, 14) if slow else back)
        if request.fault in {None, "slow"}:
            request.settled_at = loop.time()
        return status, text

    def _departing(self, now: float, target: str, body: bytes) -> Request:
        path, _, query = target.partition("?")
        request = Request(now, path, dict(parse_qsl(query)), body, self._fault(now))
        self.requests += 1
        self.on_request(request)
        if request.fault is not None:
            self.faults[request.fault] += 1
        if "/api/sms" in path:
            self.sends.append(request)
        return request

    def _fault(self, now: float) -> str | None:
        for outage in self._outages:
            if outage.begins <= now < outage.ends:
                return outage.fault
        if self._random.random() < self._fault_rate:
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
            method, request.path, request.query, request.body
        ).text
        if "/api/sms" in request.path and text.startswith("00 "):
            self.departed[text.removeprefix("00 ")] = request.departed
        return CARRIED_OUT.get(fault, (200, text.encode()))


class PlayedClient(BismsClient):
    """The real client; only its one exchange over a socket is played."""

    def __init__(self, network: Network, username: str, password: str) -> None:
        """Reach the provider over a played network."""
        super().__init__(None, username, password)  # type: ignore[arg-type]
        self._network = network

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
        content = body if isinstance(body, bytes) else b""
        status, answer = await self._network.exchange(method, target, content)
        return Answer.read(status, answer, expected=expected, private=private)
