"""The wire to the provider: the real client, and faults on the way."""

import asyncio
from collections.abc import Callable, Set as AbstractSet
from dataclasses import dataclass
import io
from typing import override
from urllib.parse import parse_qsl

from custom_components.bisms.provider.answers import ACCEPTED, Answer, Private
from custom_components.bisms.provider.client import REQUEST_TIMEOUT, BismsClient
from custom_components.bisms.provider.codes import Code, NoAnswerError, NotSentError
from custom_components.bisms.provider.transport import Body
from simulator.core import Provider

THERE = BACK = 0.125
"""Seconds a request and its answer are on the way."""


ANSWERS = {
    "500": (500, b"Internal Server Error"),
    "99": (200, b"99"),
    "html": (200, b"<html><body>Please log in</body></html>"),
    "87": (200, b"87"),
    "85": (200, b"85"),
    "81": (200, b"81"),
}
"""Answers of which nothing is carried out."""


@dataclass(slots=True, kw_only=True)
class Request:
    """A request as it left."""

    at: float
    path: str
    query: dict[str, str]
    body: str

    @property
    def sends(self) -> bool:
        """Whether it is an attempt to send."""
        return "/api/sms" in self.path

    @property
    def asks_for_list(self) -> bool:
        """Whether it asks for the list of sendings."""
        return "campaignidlist" in self.path

    @property
    def asks_for_report(self) -> bool:
        """Whether it asks for a delivery report."""
        return "/api/dlr" in self.path

    def says(self, text: str) -> bool:
        """Whether a text is sent by it."""
        return self.query.get("message") == text or f"[{text}]" in self.body


@dataclass(frozen=True, slots=True)
class Trouble:
    """A time in which some requests meet a fault."""

    fault: str
    begins: float
    ends: float
    what: Callable[[Request], bool]

    def meets(self, request: Request) -> bool:
        """Whether a request meets it."""
        return self.begins <= request.at < self.ends and self.what(request)


def anything(request: Request) -> bool:
    """Choose every request."""
    return True


def attempts(request: Request) -> bool:
    """Choose attempts to send."""
    return request.sends


def questions(request: Request) -> bool:
    """Choose what does not send."""
    return not request.sends


class Wire(BismsClient):
    """The real client; only its one exchange over a socket is played."""

    def __init__(
        self,
        provider: Provider,
        secret: str,
        fault_of: Callable[[Request], str | None],
    ) -> None:
        """Reach a provider.

        Parameters
        ----------
        provider
            Answers.
        secret
            The secret of its account test.
        fault_of
            Told of each request that leaves; returns the fault that it meets.
        """
        super().__init__(None, "test", secret)  # type: ignore[arg-type]
        self._provider = provider
        self._fault_of = fault_of

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
        path, _, query = target.partition("?")
        content = body.getvalue() if isinstance(body, io.BytesIO) else body or b""
        request = Request(
            at=asyncio.get_running_loop().time(),
            path=path,
            query=dict(parse_qsl(query)),
            body=content.decode(),
        )
        fault = self._fault_of(request)
        status, answer = await self._exchange(method, request, fault, timeout)
        read = Answer.read(status, answer, expected=expected, private=private)
        self.on_accepted()
        return read

    async def _exchange(
        self, method: str, request: Request, fault: str | None, timeout: float
    ) -> tuple[int, bytes]:
        match fault:
            case "refused":
                await asyncio.sleep(THERE)
                raise NotSentError("refused")
            case "crash":
                await asyncio.sleep(THERE)
                raise RuntimeError(f"Not foreseen: {request.query}, {request.body}")
            case "hung":
                await asyncio.sleep(timeout)
                raise NoAnswerError("timed out")
            case "reset":
                await asyncio.sleep(THERE)
                raise NoAnswerError("lost")
            case str() if fault in ANSWERS:
                await asyncio.sleep(THERE + BACK)
                return ANSWERS[fault]
        answer = self._carried_out(
            method, request, timeout + 4 if fault == "late" else THERE
        )
        if fault in {"hung_accepted", "late"}:
            await asyncio.sleep(timeout)
            raise NoAnswerError("timed out")
        text = await answer
        await asyncio.sleep(6 if fault == "slow" else BACK)
        if fault == "dropped":
            raise NoAnswerError("lost")
        return 200, text

    def _carried_out(
        self, method: str, request: Request, after: float
    ) -> asyncio.Future[bytes]:
        """Let a request arrive; the provider goes on when the client dies."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bytes] = loop.create_future()

        def arrive() -> None:
            text = self._provider.handle(
                method, request.path, request.query, request.body.encode()
            ).text
            if not answer.done():
                answer.set_result(text.encode())

        loop.call_later(after, arrive)
        return answer
