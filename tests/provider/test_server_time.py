"""What the server's clock shows, and whether there is a server at all."""

from datetime import UTC, datetime
import socket

import aiohttp
import pytest

from custom_components.bisms.provider.codes import NoAnswerError, NotSentError
from custom_components.bisms.provider.transport import server_time

from .conftest import RawServer, ScriptedProvider


def dated(line: bytes) -> bytes:
    """Return an answer with this line in its head."""
    return b"HTTP/1.1 404 Not Found\r\n" + line + b"Content-Length: 0\r\n\r\n"


async def test_the_head_of_any_answer_tells_the_time(
    session: aiohttp.ClientSession, raw_server: RawServer
) -> None:
    """Whatever else the answer says."""
    raw_server.replies = [dated(b"Date: Tue, 03 Nov 2026 06:00:00 GMT\r\n")]

    told = await server_time(session, raw_server.url, timeout=5)

    assert told == datetime(2026, 11, 3, 6, tzinfo=UTC)


@pytest.mark.parametrize("line", [b"", b"Date: \r\n", b"Date: yesterday\r\n"])
async def test_a_server_need_not_tell_the_time(
    session: aiohttp.ClientSession, raw_server: RawServer, line: bytes
) -> None:
    """It is there all the same."""
    raw_server.replies = [dated(line)]

    assert await server_time(session, raw_server.url, timeout=5) is None


async def test_it_is_asked_for_nothing_and_told_nothing(
    session: aiohttp.ClientSession, provider: ScriptedProvider
) -> None:
    """One request, without credentials, to the top of the service."""
    await server_time(session, f"{provider.url}/sms/", timeout=5)

    (request,) = provider.requests
    assert (request.method, request.target) == ("GET", "/sms/")


async def test_it_does_not_follow_the_server_elsewhere(
    session: aiohttp.ClientSession, provider: ScriptedProvider
) -> None:
    """A login page of a hotspot is no provider, but an answer."""
    provider.status, provider.headers = 302, {"Location": f"{provider.url}/login"}

    await server_time(session, provider.url, timeout=5)

    assert len(provider.requests) == 1


async def test_a_closed_port_cannot_be_reached(
    socket_enabled: None, session: aiohttp.ClientSession
) -> None:
    """Nothing listens there."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        with pytest.raises(NotSentError):
            await server_time(session, f"http://127.0.0.1:{port}", timeout=5)


async def test_a_server_that_hangs_does_not_answer(
    socket_enabled: None, session: aiohttp.ClientSession
) -> None:
    """Not for longer than it may take."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        with pytest.raises(NoAnswerError):
            await server_time(session, f"http://{host}:{port}", timeout=0.05)
