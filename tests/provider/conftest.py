"""A provider that answers what the test says, on loopback sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Self

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.bisms.provider.client import BismsClient

SECRET = "5up3r-s3cr3t/ApI+key&of=32%chars"


@dataclass(frozen=True)
class Request:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class ScriptedProvider:
    """Answers every request the same way and remembers what was asked."""

    answer: bytes = b"00"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    async def handle(self, request: web.Request) -> web.Response:
        """Remember the request; give the answer."""
        self.requests.append(
            Request(
                request.method,
                request.raw_path,
                dict(request.headers),
                await request.read(),
            )
        )
        return web.Response(status=self.status, body=self.answer, headers=self.headers)


@dataclass
class RawServer:
    """A server without any HTTP of its own: it reads a request and does what it is told.

    Attributes
    ----------
    replies
        What is written after each request of a connection; after the last the
        connection is closed.
    received
        Each request, from whichever connection.
    """

    replies: list[bytes] = field(default_factory=list)
    abort: bool = False
    received: list[bytes] = field(default_factory=list)
    url: str = ""
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stop listening."""
        assert self._server is not None
        self._server.close()
        self._server.close_clients()
        await self._server.wait_closed()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Serve one connection."""
        try:
            for reply in [*self.replies, None]:
                head = await reader.readuntil(b"\r\n\r\n")
                self.received.append(head)
                if reply is None:
                    break
                writer.write(reply)
                await writer.drain()
        except asyncio.IncompleteReadError, ConnectionError:
            return
        finally:
            if self.abort:
                writer.transport.abort()
            writer.close()


@pytest.fixture
async def provider(socket_enabled: None) -> AsyncIterator[ScriptedProvider]:
    """Run a provider that answers what the test says."""
    scripted = ScriptedProvider()
    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", scripted.handle)
    server = TestServer(app)
    await server.start_server(access_log=None)
    scripted.url = str(server.make_url("")).rstrip("/")
    yield scripted
    await server.close()


@pytest.fixture
async def raw_server(socket_enabled: None) -> AsyncIterator[RawServer]:
    """Run a server that drops what it has read unless the test gives it replies."""
    async with RawServer() as server:
        yield server


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Open an HTTP session for the test."""
    async with aiohttp.ClientSession() as session:
        yield session


type ClientFactory = Callable[[str], BismsClient]


@pytest.fixture
def client_for(session: aiohttp.ClientSession) -> ClientFactory:
    """Make clients that talk to a given address."""
    return lambda url: BismsClient(session, "ev", SECRET, url)


@pytest.fixture
def client(provider: ScriptedProvider, client_for: ClientFactory) -> BismsClient:
    """Make a client of the scripted provider."""
    return client_for(provider.url)
