"""One text to many recipients, and many texts at once: requests, connections, time."""

from functools import partial
from itertools import count
from statistics import median
import time

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from custom_components.bisms.provider.envelope import elements
from scripts.simulator_process import SimulatorProcess

from .home import account, act, ask, in_home_assistant, message, provider
from .measuring import connections, timed, watched_loop
from .peers import PEERS, TARGETLESS, PeerServer, peer_services, set_up_peers
from .report import Figure, Part, Points, at_most, number
from .scale import Scale

_TEXTS = count()
_PEERS_AT = 100
_GOAL_AT = 1_000
_GOAL = 3.0
_LONGEST_BLOCK = 10.0
_NAMES = {
    "clicksend": "ClickSend",
    "twilio_sms": "Twilio",
    "sinch": "Sinch",
    "message_bird": "MessageBird",
}


def measure(scale: Scale) -> Part:
    """Measure the part."""
    return in_home_assistant(partial(_measure, scale=scale))


async def _measure(hass: HomeAssistant, *, scale: Scale) -> Part:
    async with provider(hass) as simulator, peer_services(hass) as services:
        peers_at = min(_PEERS_AT, max(scale.recipients))
        await set_up_peers(hass, services.url, numbers(peers_at))
        await hass.config_entries.async_add(account(simulator.url))
        await _send_one_text(hass, 1)
        ours = [await _ours(hass, simulator, many, scale) for many in scale.recipients]
        figures = [figure for _, found in ours for figure in found]
        curve = [point for point, _ in ours]
        curves: dict[str, Points] = {"BiSMS": curve}
        at = dict(curve)
        largest = max(many for many in scale.recipients if many <= _GOAL_AT)
        figures.append(
            at_most(
                f"{largest:,} recipients against one", at[largest] / at[1], _GOAL, "×"
            )
        )
        figures.append(await _bare_post(hass, simulator, largest, scale))
        for peer in PEERS:
            figure, points = await _peer(hass, peer, services, scale, at)
            figures.append(figure)
            curves[_NAMES[peer]] = points
        figures += await _different_texts(hass, scale)
    return Part("2. Many recipients", figures, curves=curves)


async def _ours(
    hass: HomeAssistant, simulator: SimulatorProcess, many: int, scale: Scale
) -> tuple[tuple[float, float], list[Figure]]:
    """Measure one text to so many recipients."""
    before, begun = connections(simulator.port), time.time()
    async with watched_loop() as blocks:
        seconds = median(
            [await timed(_send_one_text(hass, many)) for _ in range(scale.repeats)]
        )
    opened = len(connections(simulator.port) - before)
    state = await hass.async_add_executor_job(simulator.state)
    requests = sum(
        request["endpoint"] in ("smsget", "smspost") and request["at"] >= begun
        for request in state["requests"]
    )
    each = requests / scale.repeats
    to = f"one text to {many:,}"
    return (many, seconds), [
        Figure(f"{to}: requests", number(each), "1", each == 1),
        Figure(
            f"{to}: time",
            f"{number(seconds * 1e3)} ms ({opened} new connections, longest block of the "
            f"event loop {number(blocks.work * 1e3)} ms)",
        ),
    ]


async def _bare_post(
    hass: HomeAssistant, simulator: SimulatorProcess, many: int, scale: Scale
) -> Figure:
    """Measure what the simulated provider takes of that, and a bare request to it."""
    session = async_get_clientsession(hass)

    async def post() -> None:
        sent = message(_text(), *numbers(many))
        body = "".join(elements(sent, "test", "test")).encode()
        url = f"{simulator.url}/api/smspost/v1"
        async with session.post(url, data=body) as answer:
            if not (await answer.text()).startswith("00 "):
                raise RuntimeError("The provider refused")

    seconds = median([await timed(post()) for _ in range(scale.repeats)])
    return Figure(
        f"a bare aiohttp POST to {many:,}, which the simulated provider answers",
        f"{number(seconds * 1e3)} ms",
    )


async def _peer(
    hass: HomeAssistant,
    peer: str,
    services: PeerServer,
    scale: Scale,
    ours: dict[float, float],
) -> tuple[Figure, list[tuple[float, float]]]:
    """Measure a platform of core at as many recipients as one waits for."""
    points: list[tuple[float, float]] = []
    before = connections(services.port)
    sizes = [many for many in scale.recipients if many <= _PEERS_AT]
    for many in sizes:
        if peer == TARGETLESS and many != sizes[-1]:
            continue
        target = {} if peer == TARGETLESS else {"target": numbers(many)}
        seconds = await timed(act(hass, "notify", peer, message=_text(), **target))
        points.append((float(many), seconds))
    opened = len(connections(services.port) - before)
    many, seconds = sizes[-1], points[-1][1]
    requests = 1 if peer == TARGETLESS else many
    return Figure(
        f"core's {peer} to {many:,}",
        f"{number(seconds / ours[many])} × our time ({number(seconds * 1e3)} ms, "
        f"{requests:,} requests, {opened} new connections)",
    ), points


async def _different_texts(hass: HomeAssistant, scale: Scale) -> list[Figure]:
    """Measure as many different texts as the longest list has numbers, in one call."""
    many = max(scale.recipients)
    texts = [
        {
            "recipient": to,
            "message": f"{_text()} Sayın müşterimiz, su kesintisi var." * 2,
        }
        for to in numbers(many)
    ]
    async with watched_loop() as blocks:
        seconds = await timed(ask(hass, "bisms", "send_messages", messages=texts))
    return [
        Figure(f"{many:,} different texts in one call", f"{number(seconds * 1e3)} ms"),
        at_most(
            f"{many:,} different texts: longest block of the event loop",
            blocks.work * 1e3,
            _LONGEST_BLOCK,
            "ms",
            blocks.aside,
        ),
    ]


async def _send_one_text(hass: HomeAssistant, many: int) -> None:
    await ask(hass, "bisms", "send_message", message=_text(), recipients=numbers(many))


def _text() -> str:
    return f"Deprem tatbikatı {next(_TEXTS)}."


def numbers(many: int) -> list[str]:
    """Return so many numbers."""
    return [f"9055{number:08}" for number in range(many)]
