"""One text to many recipients, and many texts at once: requests, connections, time."""

from collections.abc import Iterator, Mapping
from functools import partial
import socket
from urllib.parse import urlencode

from homeassistant.core import HomeAssistant

from custom_components.bisms.provider.envelope import elements
from scripts.ports import LOOPBACK
from scripts.simulator_process import SimulatorProcess

from .disks import Disk
from .home import HEADER, account, act, ask, in_home_assistant, provider
from .measuring import Way, connections, side_by_side, timed, watched_loop
from .ours import Texts, check, message
from .peers import PEERS, TARGETLESS, PeerServer, peer_services, set_up_peers
from .report import Figure, Part, Points, at_most, number
from .scale import Scale

_PEERS_AT = 100
_GOAL_AT = 1_000
_GOAL = 2.0
_LONGEST_BLOCK = 10.0
_PAUSE = 0.01
_NEWS = " Sayın müşterimiz, su kesintisi var." * 2
_US, _PROVIDER = "BiSMS", "the provider alone"
_NAMES = {
    "clicksend": "ClickSend",
    "twilio_sms": "Twilio",
    "sinch": "Sinch",
    "message_bird": "MessageBird",
}

type Taken = Mapping[tuple[str, int], float]
"""Seconds that someone takes for a text to so many recipients."""


def measure(scale: Scale, disk: Disk) -> Part:
    """Measure the part."""
    return in_home_assistant(partial(_measure, scale=scale))


async def _measure(hass: HomeAssistant, *, scale: Scale) -> Part:
    texts, wired = Texts(), Texts()
    peers_at = min(_PEERS_AT, max(scale.recipients))
    async with provider(hass) as simulator, peer_services(hass) as services:
        await set_up_peers(hass, services.url, numbers(peers_at))
        entry = account(simulator.url)
        await hass.config_entries.async_add(entry)
        figures = await _against_one(hass, simulator, texts, wired, scale)
        before = connections(simulator.port)
        taken = await _side_by_side(hass, texts, scale)
        opened = len(connections(simulator.port) - before)
        figures += [
            *[await _ours(hass, many, taken, texts) for many in scale.recipients],
            Figure("new connections for all of these", str(opened), "≤ 1", opened <= 1),
            *[await _theirs(hass, peer, peers_at, taken, services) for peer in PEERS],
            *await _different_texts(hass, texts, scale),
        ]
        await check(hass, simulator, texts.sent | wired.sent, {entry: texts.sent})
    return Part(
        "2. Many recipients",
        figures,
        [
            "Each of our texts left in a single request, and arrived once at each number."
        ],
        curves=_curves(taken),
    )


async def _against_one(
    hass: HomeAssistant,
    simulator: SimulatorProcess,
    texts: Texts,
    wired: Texts,
    scale: Scale,
) -> list[Figure]:
    """Measure what many recipients cost, the provider's own time taken off.

    That is what a request takes whose bytes are ready, over a socket of its own.
    """
    many = max(size for size in scale.recipients if size <= _GOAL_AT)
    rounds = scale.repeats * 6
    gets = iter([_ready_get(wired) for _ in range(rounds + 1)])
    posts = iter([_ready_post(wired, many) for _ in range(rounds + 1)])
    wire = socket.create_connection((LOOPBACK, simulator.port))
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    ways: dict[tuple[str, int], Way] = {
        (_US, 1): partial(_send, hass, texts, 1),
        (_US, many): partial(_send, hass, texts, many),
        (_PROVIDER, 1): partial(_exchange, wire, gets),
        (_PROVIDER, many): partial(_exchange, wire, posts),
    }
    taken = await side_by_side(ways, rounds=rounds, pause=_PAUSE)
    wire.close()
    own = {size: taken[_US, size] - taken[_PROVIDER, size] for size in (1, many)}
    return [
        Figure(f"{_PROVIDER}, a text to {size:,}", f"{_ms(taken[_PROVIDER, size])} ms")
        for size in (1, many)
    ] + [
        at_most(
            f"{many:,} recipients against one, the provider's time taken off",
            own[many] / own[1],
            _GOAL,
            "×",
            f"{_ms(own[many])} ms against {_ms(own[1])} ms",
        )
    ]


def _ready_get(texts: Texts) -> bytes:
    """Return a request for one SMS, as it goes on the wire."""
    query = {
        "username": "test",
        "password": "test",
        "header": HEADER,
        "gsm": numbers(1)[0],
        "message": texts.new(),
    }
    return f"GET /api/smsget/v1?{urlencode(query)} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def _ready_post(texts: Texts, many: int) -> bytes:
    """Return a request for a text to so many, as it goes on the wire."""
    sent = message(texts.new(many), *numbers(many))
    body = "".join(elements(sent, "test", "test")).encode()
    head = f"POST /api/smspost/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


async def _exchange(wire: socket.socket, requests: Iterator[bytes]) -> None:
    """Make a request that is ready; nothing else is to run meanwhile."""
    wire.sendall(next(requests))
    if not wire.recv(4096).rpartition(b"\r\n\r\n")[2].startswith(b"00 "):
        raise RuntimeError("The provider did not accept, or not in one piece")


async def _side_by_side(hass: HomeAssistant, texts: Texts, scale: Scale) -> Taken:
    """Measure all sizes, and core's platforms at as many recipients as one waits for."""
    ways: dict[tuple[str, int], Way] = {
        (_US, many): partial(_send, hass, texts, many) for many in scale.recipients
    }
    sizes = [many for many in scale.recipients if many <= _PEERS_AT]
    for peer in PEERS:
        for many in sizes:
            if peer != TARGETLESS or many == sizes[-1]:
                ways[peer, many] = partial(_send_through, hass, peer, many)
    return await side_by_side(ways, rounds=-(-scale.repeats // 2), pause=_PAUSE)


async def _ours(hass: HomeAssistant, many: int, taken: Taken, texts: Texts) -> Figure:
    async with watched_loop() as blocks:
        await _send(hass, texts, many)
    return Figure(
        f"one text to {many:,}",
        f"{_ms(taken[_US, many])} ms (longest block of the event loop "
        f"{_ms(blocks.work)} ms)",
    )


async def _theirs(
    hass: HomeAssistant, peer: str, many: int, taken: Taken, services: PeerServer
) -> Figure:
    before = connections(services.port)
    await _send_through(hass, peer, many)
    opened = len(connections(services.port) - before)
    seconds = taken[peer, many]
    requests = 1 if peer == TARGETLESS else many
    return Figure(
        f"core's {peer} to {many:,}",
        f"{number(seconds / taken[_US, many])} × our time ({_ms(seconds)} ms, "
        f"{requests:,} requests, {opened} new connections)",
    )


def _curves(taken: Taken) -> dict[str, Points]:
    return {
        name: [(many, seconds) for (who, many), seconds in taken.items() if who == key]
        for key, name in {_US: _US, **_NAMES}.items()
    }


async def _different_texts(
    hass: HomeAssistant, texts: Texts, scale: Scale
) -> list[Figure]:
    """Measure as many different texts as the longest list has numbers, in one call."""
    many = max(scale.recipients)
    seconds = await timed(_send_different(hass, texts, many))
    async with watched_loop() as blocks:
        await _send_different(hass, texts, many)
    return [
        Figure(f"{many:,} different texts in one call", f"{_ms(seconds)} ms"),
        at_most(
            f"{many:,} different texts: longest block of the event loop",
            blocks.work * 1e3,
            _LONGEST_BLOCK,
            "ms",
            blocks.aside,
        ),
    ]


async def _send_different(hass: HomeAssistant, texts: Texts, many: int) -> None:
    messages = [
        {"recipient": to, "message": texts.new(more=_NEWS)} for to in numbers(many)
    ]
    await ask(hass, "bisms", "send_messages", messages=messages)


async def _send(hass: HomeAssistant, texts: Texts, many: int) -> None:
    text = texts.new(many)
    await ask(hass, "bisms", "send_message", message=text, recipients=numbers(many))


async def _send_through(hass: HomeAssistant, peer: str, many: int) -> None:
    target = {} if peer == TARGETLESS else {"target": numbers(many)}
    await act(hass, "notify", peer, message="Deprem tatbikatı", **target)


def numbers(many: int) -> list[str]:
    """Return so many numbers."""
    return [f"9055{number:08}" for number in range(many)]


def _ms(seconds: float) -> str:
    return number(seconds * 1e3)
