"""Core's own SMS platforms, their real code, with their services on this machine."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
import json
from pathlib import Path
import sys
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from scripts.ports import free_port
from scripts.processes import DIRECT, Server

from .home import HEADER

PEERS = ("clicksend", "twilio_sms", "sinch", "message_bird")
TARGETLESS = "clicksend"
"""The one whose recipients are configured, not said with each message."""


class PeerServer(Server):
    """The services of core's platforms as a process of its own."""

    def __init__(self, log: Path) -> None:
        """Prepare, on any free port."""
        port = free_port()
        command = [sys.executable, "-m", "benchmarks.peer_server", str(port)]
        super().__init__(
            "The peers' services", command, log, port=port, sign_of_life="/credits"
        )

    def be_late(self, seconds: float) -> None:
        """Answer so many seconds late from now on."""
        with DIRECT.open(f"{self.url}/latency", data=str(seconds).encode()):
            pass

    def sends(self) -> dict[str, int]:
        """Return how many messages were taken at which address."""
        with DIRECT.open(f"{self.url}/sends") as reply:
            counts: dict[str, int] = json.load(reply)
        return counts


@asynccontextmanager
async def peer_services(hass: HomeAssistant) -> AsyncIterator[PeerServer]:
    """Run the services of core's platforms."""
    server = PeerServer(Path(hass.config.path("peers.log")))
    await hass.async_add_executor_job(server.start)
    try:
        yield server
    finally:
        await hass.async_add_executor_job(server.stop)


async def set_up_peers(
    hass: HomeAssistant, url: str, clicksend_to: Sequence[str]
) -> None:
    """Set up core's platforms as `notify.<platform>`, their services at an address."""
    await hass.async_add_executor_job(_redirect, url)
    platforms: list[Mapping[str, Any]] = [
        {"username": "test", "api_key": "test", "recipient": clicksend_to},
        {"from_number": HEADER},
        {"service_plan_id": "test", "api_key": "test"},
        {"api_key": "test"},
    ]
    config = {
        "twilio": {"account_sid": "test", "auth_token": "test"},
        "notify": [
            {"platform": name, "name": name, **platform}
            for name, platform in zip(PEERS, platforms, strict=True)
        ],
    }
    await async_setup_component(hass, "notify", config)
    await hass.async_block_till_done(wait_background_tasks=True)
    missing = [name for name in PEERS if not hass.services.has_service("notify", name)]
    if missing:
        raise RuntimeError(f"Not set up: {', '.join(missing)}")


def _redirect(url: str) -> None:
    """Let the platforms and their libraries know another address; nothing else changes."""
    components = "homeassistant.components"
    sinch = import_module(f"{components}.sinch.notify")
    client = import_module(f"{components}.twilio").Client

    def twilio_at_url(*args: Any) -> Any:
        """Return Twilio's client, which keeps its address on the inside."""
        twilio = client(*args)
        twilio.api.base_url = url
        return twilio

    replace_in(f"{components}.clicksend.notify", "BASE_API_URL", f"{url}/v3")
    replace_in("messagebird.client", "ENDPOINT", url)
    replace_in(sinch.__name__, "Client", partial(sinch.Client, endpoint=f"{url}/xms"))
    replace_in(f"{components}.twilio", "Client", twilio_at_url)


def replace_in(module: str, name: str, value: object) -> None:
    """Let a name of a module stand for something else."""
    setattr(import_module(module), name, value)
