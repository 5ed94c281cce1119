"""The network between an outbox and the provider, and everything that can go wrong on it."""

import asyncio
from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
import io
from random import Random
from typing import Any, override
from urllib.parse import parse_qsl

import orjson

from custom_components.bisms.provider.answers import ACCEPTED, Answer, Private
from custom_components.bisms.provider.client import REQUEST_TIMEOUT, BismsClient
from custom_components.bisms.provider.codes import Code, NoAnswerError, NotSentError
from simulator.core import Provider

FAULTS = (
    "refused",
    "reset",
    "dropped",
    "hung",
    "hung_accepted",
    "slow",
    "error_500",
    "accepted_500",
    "html",
    "garbage",
    "code_99",
    "accepted_99",
)


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which every request meets the same fault; seconds from the beginning."""

    begins: float
    ends: float
    fault: str


class Network:
    """Carries requests to the provider; draws faults from the history's randomness."""

    def __init__(
        self, provider: Provider, random: Random, fault_rate: float, outages: list[Outage]
    ) -> None:
        """Connect a provider."""
        self.provider = provider
        self.requests = 0
        self.faults: Counter[str] = Counter()
        self._random = random
        self._fault_rate = fault_rate
        self._outages = outages

    async def exchange(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        """Make a request as a client sees it; what arrived takes effect even if it is lost."""
        loop = asyncio.get_running_loop()
        self.requests += 1
        fault = self._fault(loop.time())
        if fault is not None:
            self.faults[fault] += 1
        there, back = self._random.uniform(0.01, 0.2), self._random.uniform(0.01, 0.2)
        if fault == "refused":
            await asyncio.sleep(there)
            raise NotSentError("refused")
        answer: asyncio.Future[tuple[int, bytes]] = loop.create_future()
        # The provider goes on when the client dies: what was sent arrives.
        loop.call_later(there, self._arrive, fault, method, target, body, answer)
        status, text = await answer
        if fault in ("reset", "dropped"):
            await asyncio.sleep(back)
            raise NoAnswerError("lost")
        if fault in ("hung", "hung_accepted"):
            await asyncio.sleep(REQUEST_TIMEOUT - there)
            raise NoAnswerError("timed out")
        await asyncio.sleep(self._random.uniform(5, 14) if fault == "slow" else back)
        return status, text

    def _fault(self, now: float) -> str | None:
        for outage in self._outages:
            if outage.begins <= now < outage.ends:
                return outage.fault
        if self._random.random() < self._fault_rate:
            return self._random.choice(FAULTS)
        return None

    def _arrive(
        self,
        fault: str | None,
        method: str,
        target: str,
        body: bytes,
        answer: asyncio.Future[tuple[int, bytes]],
    ) -> None:
        result = self._served(fault, method, target, body)
        if not answer.done():
            answer.set_result(result)

    def _served(
        self, fault: str | None, method: str, target: str, body: bytes
    ) -> tuple[int, bytes]:
        untouched = {
            "reset": (200, b""),
            "hung": (200, b""),
            "error_500": (500, b"Internal Server Error"),
            "html": (200, b"<html><body>Please log in</body></html>"),
            "garbage": (200, b"\x00\xff\xfe??"),
            "code_99": (200, b"99"),
        }
        if fault in untouched:
            return untouched[fault]
        path, _, query = target.partition("?")
        text = self.provider.handle(method, path, dict(parse_qsl(query)), body).text
        overlaid = {"accepted_500": (500, b"oops"), "accepted_99": (200, b"99")}
        return overlaid.get(fault or "", (200, text.encode()))


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
        body: io.BytesIO | None = None,
        expected: AbstractSet[Code] = ACCEPTED,
        timeout: float = REQUEST_TIMEOUT,
    ) -> Answer:
        content = b"" if body is None else body.getvalue()
        status, answer = await self._network.exchange(method, target, content)
        return Answer.read(status, answer, expected=expected, private=private)


class Disk:
    """Keeps what was saved; a save takes a moment, and a crash in it may lose it."""

    def __init__(self, random: Random) -> None:
        """Begin empty."""
        self.content: bytes | None = None
        self.unwritten: bytes | None = None
        self._random = random

    def crash(self) -> None:
        """Lose what is being written, or not: the rename may have been done already."""
        if self.unwritten is not None and self._random.random() < 0.5:
            self.content = self.unwritten
        self.unwritten = None


class PlayedStore:
    """Home Assistant's `Store` as far as the outbox uses it."""

    def __init__(self, disk: Disk, random: Random) -> None:
        """Write to a disk."""
        self._disk = disk
        self._random = random

    async def async_load(self) -> dict[str, Any] | None:
        """Return what was saved last."""
        return None if self._disk.content is None else orjson.loads(self._disk.content)

    async def async_save(self, data: dict[str, Any]) -> None:
        """Save; it is there for good when this returns."""
        content = self._disk.unwritten = orjson.dumps(data)
        await asyncio.sleep(self._random.uniform(0.0005, 0.02))
        self._disk.content = content
        self._disk.unwritten = None
