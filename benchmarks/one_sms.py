"""One SMS: through each way of this integration, through core's platforms, and the bare GET."""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import count

from aiohttp import ClientSession
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from custom_components.bisms.outbox import Outbox
from custom_components.bisms.provider.client import BismsClient
from custom_components.bisms.storage import DeliveryStorage
from scripts.simulator_process import SimulatorProcess

from .home import (
    HEADER,
    RECIPIENT,
    NoFiles,
    account,
    act,
    ask,
    in_home_assistant,
    message,
    provider,
)
from .measuring import Way, connections, side_by_side
from .peers import PEERS, TARGETLESS, peer_services, set_up_peers
from .report import Figure, Part, at_most, number
from .scale import Scale

LATENCY = 0.02

_GOALS = {"notify.bisms": 1.5, "bisms.send_message": 1.5, "notify entity": 1.9}
_GOAL_FAR_AWAY = 1.05
_LIFETIME = 3600.0
_OURS = 3 * (1 + 1 / 4) + 1 + 3 / 4
"""Deliveries for each send that is counted: three ways, warmed up, then the burst and from afar."""


def measure(scale: Scale) -> Part:
    """Measure the part."""
    return in_home_assistant(partial(_measure, scale=scale))


async def _measure(hass: HomeAssistant, *, scale: Scale) -> Part:
    async with provider(hass) as simulator, peer_services(hass) as services:
        await set_up_peers(hass, services.url, [RECIPIENT])
        entry = account(simulator.url)
        await hass.config_entries.async_add(entry)
        ways = await _ways(hass, simulator.url, entry)
        near = await side_by_side(ways, rounds=scale.sends, warm_up=scale.sends // 4)
        before = connections(simulator.port)
        for _ in range(scale.sends):
            await ways["notify.bisms"]()
        opened = len(connections(simulator.port) - before)
        await _be_late(hass, simulator, services.url)
        far = await side_by_side(ways, rounds=scale.sends // 4, warm_up=3)
    return Part(
        "1. One SMS",
        [
            *_figures(near, _GOALS, ""),
            Figure(
                f"new connections for {scale.sends} SMS in a row",
                str(opened),
                "≤ 1",
                opened <= 1,
            ),
            *_figures(
                far, dict.fromkeys(_GOALS, _GOAL_FAR_AWAY), ", answers 20 ms away"
            ),
        ],
        [_note(scale)],
    )


def _note(scale: Scale) -> str:
    """Say what there is besides the SMS that is measured."""
    deliveries = int(_OURS * scale.sends)
    return f"Meanwhile there are up to {deliveries:,} open deliveries on disk."


def _figures(
    medians: dict[str, float], goals: dict[str, float], where: str
) -> list[Figure]:
    """Return each way's median, and how often the bare GET's that is."""
    bare = medians.pop("bare GET")
    return [
        Figure(f"bare aiohttp GET, kept alive{where}", _milliseconds(bare)),
        *(
            at_most(
                f"{way}{where}", seconds / bare, goals[way], "×", _milliseconds(seconds)
            )
            if way in goals
            else Figure(
                f"{way}{where}",
                f"{number(seconds / bare)} × ({_milliseconds(seconds)})",
            )
            for way, seconds in medians.items()
        ),
    ]


def _milliseconds(seconds: float) -> str:
    return f"{number(seconds * 1e3)} ms"


async def _ways(hass: HomeAssistant, url: str, entry: ConfigEntry) -> dict[str, Way]:
    """Return the ways to send one SMS; each text is a new one."""
    numbers = count()

    def text() -> str:
        return f"Kapı açıldı {next(numbers)}"

    session = async_get_clientsession(hass)
    client: BismsClient = entry.runtime_data.client
    outbox = await _outbox(hass, entry, client)
    to = [RECIPIENT]
    ways: dict[str, Way] = {
        "bare GET": lambda: _bare_get(session, url, text()),
        "its client alone": lambda: client.send(message(text())),
        "its outbox alone, nothing saved or shown": lambda: outbox.send(
            message(text()), lifetime=_LIFETIME
        ),
        "notify.bisms": lambda: act(hass, "notify", "bisms", message=text(), target=to),
        "bisms.send_message": lambda: ask(
            hass, "bisms", "send_message", message=text(), recipients=to
        ),
        "notify entity": lambda: act(
            hass, "notify", "send_message", message=text(), entity_id="notify.ayse"
        ),
    }
    for peer in PEERS:
        target = {} if peer == TARGETLESS else {"target": to}
        ways[f"core's {peer}"] = partial(_through, hass, peer, text, target)
    return ways


async def _outbox(
    hass: HomeAssistant, entry: ConfigEntry, client: BismsClient
) -> Outbox:
    """Return an outbox that nobody listens to."""
    outbox = Outbox(
        client,
        DeliveryStorage(NoFiles()),
        spawn=partial(entry.async_create_background_task, hass),
        on_refusal=lambda _: None,
    )
    await outbox.start()
    return outbox


async def _through(
    hass: HomeAssistant,
    peer: str,
    text: Callable[[], str],
    target: Mapping[str, list[str]],
) -> None:
    """Send through a platform of core."""
    await act(hass, "notify", peer, message=text(), **target)


async def _bare_get(session: ClientSession, url: str, text: str) -> None:
    """Send as directly as aiohttp can."""
    query = {
        "username": "test",
        "password": "test",
        "header": HEADER,
        "gsm": RECIPIENT,
        "message": text,
    }
    async with session.get(f"{url}/api/smsget/v1", params=query) as answer:
        body = await answer.text()
    if not body.startswith("00 "):
        raise RuntimeError(f"The provider answered {body}")


async def _be_late(
    hass: HomeAssistant, simulator: SimulatorProcess, services_url: str
) -> None:
    """Let both sides answer as late as a server far away."""
    session = async_get_clientsession(hass)
    slow = {"fault": "slow", "times": None, "seconds": LATENCY}
    await hass.async_add_executor_job(simulator.change, "fault", slow)
    async with session.post(f"{services_url}/latency", data=str(LATENCY)) as answer:
        answer.raise_for_status()
