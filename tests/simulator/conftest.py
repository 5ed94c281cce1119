"""A simulated provider on loopback, and a customer who talks to it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import aiohttp
import pytest
from yarl import URL

from simulator import ManualClock, Simulator

NOON = 1_790_000_000.0
PATHS = {"blacklistadd": "/api/blacklistadd/V1"}


@dataclass(frozen=True, slots=True)
class Customer:
    """Someone with an account who sends requests, and reads the bare answers."""

    session: aiohttp.ClientSession
    url: str

    async def ask(self, endpoint: str, **parameters: str) -> str:
        """Send a GET with the credentials, and return the answer's text."""
        async with self.session.get(self.address(endpoint, **parameters)) as response:
            return await response.text()

    async def send(self, text: str, number: str = "905559998877") -> str:
        """Send one SMS by GET, and return the answer's text."""
        return await self.ask("smsget", header="BASLIK1", gsm=number, message=text)

    async def post(self, body: str | bytes) -> str:
        """Send a POST, and return the answer's text."""
        async with self.session.post(
            f"{self.url}/api/smspost/v1", data=body
        ) as response:
            return await response.text()

    async def wire(self, endpoint: str, **parameters: str) -> bytes:
        """Send one GET on a connection of its own, and return all that comes back."""
        address = self.address(endpoint, **parameters)
        reader, writer = await asyncio.open_connection(address.host, address.port)
        try:
            request_line = f"GET {address.raw_path_qs} HTTP/1.1\r\n"
            head = f"{request_line}Host: simulator\r\nConnection: close\r\n\r\n"
            writer.write(head.encode())
            return await reader.read()
        finally:
            writer.close()

    def address(self, endpoint: str, **parameters: str) -> URL:
        """Return the whole address of a GET, to go on the wire as it is."""
        query = {"username": "test", "password": "test"} | parameters
        path = PATHS.get(endpoint, f"/api/{endpoint}/v1")
        encoded_query = urlencode(query, quote_via=quote)
        return URL(f"{self.url}{path}?{encoded_query}", encoded=True)


def order(
    *numbers: str,
    text: str = "Merhaba",
    header: str = "BASLIK1",
    options: str = "",
) -> str:
    """Return the body of a 1-N request."""
    recipients = "".join(f"<no>{number}</no>" for number in numbers)
    return (
        f"<sms><username>test</username><password>test</password>"
        f"<header>{header}</header>{options}<message><gsm>{recipients}</gsm>"
        f"<msg><![CDATA[{text}]]></msg></message></sms>"
    )


def individual_order(*messages: tuple[str, str]) -> str:
    """Return the body of an N-N request."""
    pairs = "".join(
        f"<mb><no>{number}</no><msg><![CDATA[{text}]]></msg></mb>"
        for number, text in messages
    )
    return (
        "<sms><username>test</username><password>test</password>"
        f"<header>BASLIK1</header><messages>{pairs}</messages></sms>"
    )


@pytest.fixture
def clock() -> ManualClock:
    """Return the provider's clock, which stands still."""
    return ManualClock(NOON)


@pytest.fixture
def simulator(clock: ManualClock) -> Simulator:
    """Return a provider with the account test/test."""
    return Simulator(clock=clock)


@pytest.fixture
async def customer(
    simulator: Simulator, socket_enabled: None
) -> AsyncIterator[Customer]:
    """Return the owner of that account, connected over loopback."""
    async with simulator.serve() as url, aiohttp.ClientSession() as session:
        yield Customer(session, url)
