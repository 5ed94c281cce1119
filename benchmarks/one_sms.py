"""One SMS: through each way of this integration, through core's platforms, and the bare GET."""

from collections.abc import Mapping
from functools import partial

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from scripts.simulator_process import SimulatorProcess

from .disks import Disk
from .home import HEADER, RECIPIENT, account, act, ask, in_home_assistant, provider
from .measuring import Way, connections, side_by_side
from .ours import Texts, bare_get, check, client_of, message, outbox_alone
from .peers import PEERS, TARGETLESS, PeerServer, peer_services, set_up_peers
from .report import Figure, Part, at_most, number
from .scale import Scale

LATENCY = 0.02

_GET, _POST = "bare aiohttp GET, kept alive", "bare aiohttp POST to the peers' services"
_NOTIFY, _ACTION, _ENTITY = "notify.bisms", "bisms.send_message", "notify entity"
_AGAINST_PEERS = {Disk.REAL: 0.95, Disk.RAM: 0.85}
_AGAINST_GET_FAR_AWAY = {Disk.REAL: 1.04, Disk.RAM: 1.02}
_ENTITY_AGAINST_NOTIFY = 1.1
_LIFETIME = 3600.0


def measure(scale: Scale, disk: Disk) -> Part:
    """Measure the part."""
    return in_home_assistant(partial(_measure, scale=scale, disk=disk))


async def _measure(hass: HomeAssistant, *, scale: Scale, disk: Disk) -> Part:
    texts, kept = Texts(), Texts()
    async with provider(hass) as simulator, peer_services(hass) as services:
        await set_up_peers(hass, services.url, [RECIPIENT])
        entry = account(simulator.url)
        await hass.config_entries.async_add(entry)
        ways = {
            **await _bare_ways(hass, simulator.url, entry, texts),
            **_our_ways(hass, kept),
            **_their_ways(hass, services.url),
        }
        near = await side_by_side(ways, rounds=scale.sends, warm_up=scale.sends // 10)
        before = connections(simulator.port)
        for _ in range(scale.in_a_row):
            await ways[_NOTIFY]()
        opened = len(connections(simulator.port) - before)
        await _be_late(hass, simulator, services)
        far = await side_by_side(ways, rounds=scale.far_sends, warm_up=3)
        await check(hass, simulator, texts.sent | kept.sent, {entry: kept.sent})
        rounds = scale.sends + scale.sends // 10 + scale.far_sends + 3
        await _check_peers(hass, services, rounds)
    return Part(
        "1. One SMS",
        [
            *_figures(near, ""),
            *_against_peers(near, _AGAINST_PEERS[disk], ""),
            at_most(
                f"{_ENTITY} against {_NOTIFY}",
                near[_ENTITY] / near[_NOTIFY],
                _ENTITY_AGAINST_NOTIFY,
                "×",
            ),
            Figure(
                f"new connections for {scale.in_a_row} SMS in a row",
                str(opened),
                "≤ 1",
                opened <= 1,
            ),
            *_figures(far, ", answers 20 ms away", _AGAINST_GET_FAR_AWAY[disk]),
            *_against_peers(far, 1.0, ", answers 20 ms away"),
        ],
        [f"At the end {len(kept.sent):,} open deliveries are on disk."],
    )


def _figures(
    medians: Mapping[str, float], where: str, goal: float | None = None
) -> list[Figure]:
    """Return each way's median, and how often the bare GET's that is."""
    figures = [Figure(f"{_GET}{where}", _milliseconds(medians[_GET]))]
    for way, seconds in medians.items():
        if way == _GET:
            continue
        what, times, in_all = f"{way}{where}", seconds / medians[_GET], _milliseconds
        if goal is not None and way in {_NOTIFY, _ACTION, _ENTITY}:
            figures.append(at_most(what, times, goal, "×", in_all(seconds)))
        else:
            figures.append(Figure(what, f"{number(times)} × ({in_all(seconds)})"))
    return figures


def _against_peers(
    medians: Mapping[str, float], goal: float, where: str
) -> list[Figure]:
    """Return our ways against whichever of core's platforms is the fastest."""
    fastest = min(map(_of_core, PEERS), key=medians.__getitem__)
    return [
        at_most(
            f"{way} against the fastest of core's{where}",
            medians[way] / medians[fastest],
            goal,
            "×",
            fastest,
        )
        for way in (_NOTIFY, _ACTION)
    ]


def _milliseconds(seconds: float) -> str:
    return f"{number(seconds * 1e3)} ms"


def _of_core(peer: str) -> str:
    return f"core's {peer}"


async def _bare_ways(
    hass: HomeAssistant, url: str, entry: ConfigEntry, texts: Texts
) -> dict[str, Way]:
    """Return the ways that keep nothing, each text a new one."""
    session, client = async_get_clientsession(hass), client_of(entry)
    outbox = await outbox_alone(hass, entry)
    return {
        _GET: lambda: bare_get(session, url, texts.new()),
        "its client alone": lambda: client.send(message(texts.new())),
        "its outbox alone, nothing saved or shown": lambda: outbox.send(
            message(texts.new()), lifetime=_LIFETIME
        ),
    }


def _our_ways(hass: HomeAssistant, texts: Texts) -> dict[str, Way]:
    """Return what users send with."""
    to = [RECIPIENT]
    return {
        _NOTIFY: lambda: act(hass, "notify", "bisms", message=texts.new(), target=to),
        _ACTION: lambda: ask(
            hass, "bisms", "send_message", message=texts.new(), recipients=to
        ),
        _ENTITY: lambda: act(
            hass,
            "notify",
            "send_message",
            message=texts.new(),
            entity_id="notify.ayse",
        ),
    }


def _their_ways(hass: HomeAssistant, url: str) -> dict[str, Way]:
    """Return core's platforms, and the least that a request to their services can cost."""
    session, texts = async_get_clientsession(hass), Texts()

    async def send(peer: str) -> None:
        target = {} if peer == TARGETLESS else {"target": [RECIPIENT]}
        await act(hass, "notify", peer, message=texts.new(), **target)

    async def post() -> None:
        data = {"originator": HEADER, "body": texts.new(), "recipients": RECIPIENT}
        async with session.post(f"{url}/bare", data=data) as answer:
            answer.raise_for_status()
            await answer.read()

    return {_POST: post, **{_of_core(peer): partial(send, peer) for peer in PEERS}}


async def _be_late(
    hass: HomeAssistant, simulator: SimulatorProcess, services: PeerServer
) -> None:
    """Let both sides answer as late as a server far away."""
    slow = {"fault": "slow", "times": None, "seconds": LATENCY}
    await hass.async_add_executor_job(simulator.change, "fault", slow)
    await hass.async_add_executor_job(services.be_late, LATENCY)


async def _check_peers(hass: HomeAssistant, services: PeerServer, times: int) -> None:
    """Raise unless each of core's platforms asked its service so many times."""
    counts = await hass.async_add_executor_job(services.sends)
    if sorted(counts.values()) != [times] * len(PEERS):
        raise RuntimeError(f"Core's platforms sent {counts}, not {times} each")
