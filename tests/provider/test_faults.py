"""When the network fails: what certainly was not sent, what nobody knows, and what no one may see."""

import asyncio
from collections.abc import Iterator
import datetime as dt
import ipaddress
import logging
from pathlib import Path
import socket
import ssl
import struct
import traceback
from typing import override

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
import pytest

from custom_components.bisms.provider import transport
from custom_components.bisms.provider.client import BismsClient
from custom_components.bisms.provider.codes import (
    BismsError,
    NoAnswerError,
    NotSentError,
    UnknownFateError,
)
from custom_components.bisms.provider.models import Message, Sms

from .conftest import SECRET, ClientFactory, RawServer, ScriptedProvider

TEXT = "Kasa sifresi 471108 bahce kapisi acik"
ONE = "905559998877"
MESSAGE = Message(
    header="EV", sms=(Sms(numbers=(ONE, "905559998866"), text=TEXT, parts=1),)
)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n00 5"


class Resolver(AbstractResolver):
    """Resolves nothing: it fails, or never comes back."""

    def __init__(self, *, silent: bool = False) -> None:
        """Choose how it fails."""
        self._silent = silent

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Fail."""
        if self._silent:
            await asyncio.Event().wait()
        raise OSError(None, "no such name")

    @override
    async def close(self) -> None:
        """Have nothing to close."""


async def failure_of(client: BismsClient, *, post: bool = False) -> BismsError:
    """Send, and return what was raised."""
    call = client.send_many(MESSAGE) if post else client.send_one("EV", ONE, TEXT)
    with pytest.raises(BismsError) as caught:
        await call
    return caught.value


# Certainly not sent


async def test_a_closed_port_means_certainly_not_sent(
    socket_enabled: None, client_for: ClientFactory
) -> None:
    """Nothing listens there."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        failure = await failure_of(client_for(f"http://127.0.0.1:{port}"))
    assert isinstance(failure, NotSentError)
    assert not isinstance(failure, UnknownFateError)


@pytest.mark.parametrize(
    "url",
    ["http://[", "http://127.0.0.1:99999", "nothing", "", "ftp://127.0.0.1", "http://"],
)
async def test_an_unusable_address_means_certainly_not_sent(
    client_for: ClientFactory, url: str
) -> None:
    """Nothing can be sent there."""
    assert isinstance(await failure_of(client_for(url)), NotSentError)


@pytest.mark.parametrize("silent", [False, True])
async def test_a_name_that_is_not_resolved_means_certainly_not_sent(
    monkeypatch: pytest.MonkeyPatch, silent: bool
) -> None:
    """Whether the name server says no or nothing."""
    monkeypatch.setattr(transport, "_RESOLVE_AND_CONNECT_TIMEOUT", 0.02)
    connector = aiohttp.TCPConnector(resolver=Resolver(silent=silent))
    async with aiohttp.ClientSession(connector=connector) as session:
        client = BismsClient(session, "ev", SECRET, "http://provider.invalid")
        failure = await failure_of(client)
    assert isinstance(failure, NotSentError)


async def test_plain_http_where_tls_is_expected_means_certainly_not_sent(
    provider: ScriptedProvider, client_for: ClientFactory
) -> None:
    """The secret does not go out before the connection is safe."""
    failure = await failure_of(client_for(provider.url.replace("http", "https")))
    assert isinstance(failure, NotSentError)
    assert not provider.requests


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Make a certificate that nobody has signed, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.mark.parametrize("trusted", [True, False])
async def test_only_a_trusted_certificate_gets_the_secret(
    socket_enabled: None, certificate: Path, trusted: bool
) -> None:
    """Otherwise nothing is sent."""
    received = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)
        await writer.drain()
        writer.close()

    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    own.load_cert_chain(certificate)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=own)
    port = server.sockets[0].getsockname()[1]
    theirs = ssl.create_default_context(cafile=certificate if trusted else None)
    connector = aiohttp.TCPConnector(ssl=theirs)
    async with server, aiohttp.ClientSession(connector=connector) as session:
        client = BismsClient(session, "ev", SECRET, f"https://127.0.0.1:{port}")
        if trusted:
            assert (await client.send_one("EV", ONE, TEXT)).dlr_id == "5"
        else:
            assert isinstance(await failure_of(client), NotSentError)
    assert len(received) == int(trusted)


# Nobody knows


@pytest.mark.parametrize("abort", [False, True])
@pytest.mark.parametrize("post", [False, True])
async def test_one_call_is_one_request_when_a_fresh_connection_is_lost(
    raw_server: RawServer, client_for: ClientFactory, abort: bool, post: bool
) -> None:
    """A hidden second copy would be taken for a duplicate, or be sent twice."""
    raw_server.abort = abort
    failure = await failure_of(client_for(raw_server.url), post=post)
    assert isinstance(failure, NoAnswerError)
    assert len(raw_server.received) == 1


@pytest.mark.parametrize("abort", [False, True])
async def test_one_call_is_one_request_when_a_kept_connection_is_lost(
    raw_server: RawServer, client_for: ClientFactory, abort: bool
) -> None:
    """The second call uses the connection of the first, and finds it dying."""
    raw_server.replies = [OK]
    raw_server.abort = abort
    client = client_for(raw_server.url)
    await client.get_credit()
    failure = await failure_of(client)
    assert isinstance(failure, NoAnswerError)
    assert [b"smsget" in request for request in raw_server.received] == [False, True]


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n00 773",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n00 5",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n00 5",
        b"HTTP/1.1 200 OK\r\nContent-",
        b"00 77300600\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ],
)
async def test_half_an_answer_is_none(
    raw_server: RawServer, client_for: ClientFactory, reply: bytes
) -> None:
    """The request may well have had its effect."""

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw_server.received.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(reply)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(cut, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        failure = await failure_of(client_for(f"http://127.0.0.1:{port}"))
    assert isinstance(failure, NoAnswerError)
    assert len(raw_server.received) == 1


async def test_a_connection_reset_before_the_request_is_read_leaves_the_fate_open(
    socket_enabled: None, client_for: ClientFactory
) -> None:
    """The client cannot tell that nobody read it."""

    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        writer.close()

    async with await asyncio.start_server(reset, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        failure = await failure_of(client_for(f"http://127.0.0.1:{port}"))
    assert isinstance(failure, NoAnswerError)


@pytest.mark.parametrize(
    "beginning", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n00"]
)
async def test_silence_ends_when_the_time_is_up(
    socket_enabled: None, session: aiohttp.ClientSession, beginning: bytes
) -> None:
    """Before an answer or in the middle of it."""
    over = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(beginning)
        await over.wait()
        writer.close()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(NoAnswerError):
            await transport.exchange(
                session,
                "GET",
                f"http://127.0.0.1:{port}",
                "/",
                body=None,
                timeout=0.05,
            )
        over.set()


async def test_a_cancelled_call_is_cancelled(
    socket_enabled: None, client_for: ClientFactory
) -> None:
    """It does not turn into an error of the provider's."""
    began, over = asyncio.Event(), asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        began.set()
        await over.wait()
        writer.close()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        call = asyncio.create_task(client_for(f"http://127.0.0.1:{port}").get_credit())
        await began.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        over.set()


# Secrets


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and everything that hangs on it."""
    yield error
    for linked in (error.__cause__, error.__context__):
        if linked is not None:
            yield from chain(linked)


def assert_discreet(error: BismsError, log: str) -> None:
    """Check that nothing in confidence can be seen of an exception."""
    seen = "\n".join(
        [
            log,
            *traceback.format_exception(error),
            *(f"{linked!s} {linked!r} {linked.args!r}" for linked in chain(error)),
        ]
    )
    for private in (SECRET, "%2FApI%2Bkey", "s3cr3t", TEXT, "471108", "bahce", ONE):
        assert private not in seen


@pytest.mark.parametrize("post", [False, True])
async def test_no_network_failure_shows_a_secret(
    raw_server: RawServer,
    client_for: ClientFactory,
    caplog: pytest.LogCaptureFixture,
    post: bool,
) -> None:
    """Neither in its text, nor in a trace, nor in anything logged on the way."""
    caplog.set_level(logging.DEBUG)
    addresses = [raw_server.url, "http://127.0.0.1:1", "http://[", "ftp://127.0.0.1"]
    for url in addresses:
        assert_discreet(await failure_of(client_for(url), post=post), caplog.text)
    raw_server.replies = [b"00 77300600 no HTTP at all\r\n\r\n"]
    failure = await failure_of(client_for(raw_server.url), post=post)
    assert_discreet(failure, caplog.text)


@pytest.mark.parametrize("post", [False, True])
@pytest.mark.parametrize(
    "echo",
    [
        SECRET,
        f"<html>{SECRET}</html>",
        "bad request: password=5up3r-s3cr3t%2FApI%2Bkey%26of%3D32%25chars",
        "<p>5up3r-s3cr3t/ApI+key&amp;of=32%chars",
        "5UP3R-S3CR3T/API+KEY",
        "x" * 36 + SECRET,
        f"00 {SECRET}",
        f"00 {TEXT}",
        f"no route for {TEXT}",
        f"no route for {ONE}",
        "no route for 471108",
        "no route, bahce",
        "no route for Kasa%20sifresi%20471108%20bahce",
    ],
)
async def test_a_server_that_repeats_the_request_is_not_quoted(
    provider: ScriptedProvider,
    client: BismsClient,
    caplog: pytest.LogCaptureFixture,
    echo: str,
    post: bool,
) -> None:
    """Whole or in part, encoded or not."""
    caplog.set_level(logging.DEBUG)
    provider.answer = echo.encode()
    assert_discreet(await failure_of(client, post=post), caplog.text)


async def test_an_answer_to_very_many_texts_is_not_quoted(
    provider: ScriptedProvider, client: BismsClient
) -> None:
    """Looking for each of them in it would take too long."""
    provider.answer = b"what?"
    many = tuple(Sms(numbers=(ONE,), text=TEXT * 10, parts=1) for _ in range(1000))
    with pytest.raises(BismsError) as caught:
        await client.send_many(Message(header="EV", sms=many))
    assert "what?" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("<html><h1>Bakım var</h1></html>", "<html><h1>Bakım var</h1></html>"),
        ("y" * 100, "y" * 40),
        ("a\x00\x1b[31mb\nc", "a[31mbc"),
        ("<p>905369998866 !", "<p>9053******66 !"),
        ("00 teşekkürler", "00 teşekkürler"),
    ],
)
async def test_other_answers_are_quoted_briefly(
    provider: ScriptedProvider, client: BismsClient, answer: str, shown: str
) -> None:
    """At most 40 printable characters, enough to see what answered."""
    provider.answer = answer.encode()
    failure = await failure_of(client)
    assert str(failure) == f"The answer is unreadable: {shown}"
