"""Starting: what importing and setting up costs, against other integrations of core."""

from collections.abc import Collection, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from random import Random
from statistics import median
import sys
import time
from typing import Any

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryState,
    ConfigSubentryData,
)
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration
from homeassistant.setup import async_setup_component
from yarl import URL

from scripts.ports import LOOPBACK, free_port

from .disks import Disk
from .home import account, entry_of, in_home_assistant, provider
from .measuring import Blocks, side_by_side, timed, watched_loop
from .parts import in_fresh_process
from .peers import peer_services, replace_in
from .report import Figure, Part, at_most, number
from .scale import Scale

OURS, NTFY = "bisms", "ntfy"
THEIRS = (NTFY, "threema")

_IMPORT, _COLD, _RELOAD, _BLOCK = 12.0, 15.0, 1.0, 10.0
_RELOADS = 15
_SEED = 6
_PAUSE = 0.02
_BASE_PLATFORMS = ("binary_sensor", "event", "notify", "sensor", "update")


@dataclass(frozen=True, slots=True)
class Start:
    """What a start took, in seconds, and what of Home Assistant it needed imported."""

    importing: float
    cold: float
    reload: float
    down: float
    block: float
    needed: Collection[str]


def measure(scale: Scale, disk: Disk) -> Part:
    """Measure the part: each integration several times, in an order that is shuffled.

    A first start of each, which is watched and not timed, leaves byte code behind.
    """
    domains = (OURS, *THEIRS)
    watched = {each: in_fresh_process(_start, each, (), True) for each in domains}
    starts: dict[str, list[Start]] = {domain: [] for domain in domains}
    for domain in Random(_SEED).sample(
        domains * scale.starts, k=len(domains) * scale.starts
    ):
        needed = watched[domain].needed
        starts[domain].append(in_fresh_process(_start, domain, needed, False))
    ours, ntfy = starts[OURS], starts[NTFY]
    return Part(
        "6. Start",
        [
            at_most("importing its modules", _ms(ours, "importing"), _IMPORT, "ms"),
            at_most("set-up, cold", _ms(ours, "cold"), _COLD, "ms"),
            at_most(
                "set-up of one more account, provider down",
                _ms(ours, "down"),
                _COLD,
                "ms",
            ),
            at_most(
                "reload against core's ntfy",
                _ms(ours, "reload") / _ms(ntfy, "reload"),
                _RELOAD,
                "×",
                f"{number(_ms(ours, 'reload'))} ms",
            ),
            at_most(
                "longest block of the event loop in a set-up",
                watched[OURS].block * 1e3,
                _BLOCK,
                "ms",
            ),
            *(_their_figure(domain, starts[domain]) for domain in THEIRS),
        ],
    )


def _their_figure(domain: str, theirs: list[Start]) -> Figure:
    """Return how another integration starts."""
    importing, cold, down, reload = (
        f"{number(_ms(theirs, name))} ms"
        for name in ("importing", "cold", "down", "reload")
    )
    return Figure(
        f"core's {domain}",
        f"import {importing}, set-up {cold}, giving up {down} where its service is down, "
        f"reload {reload}",
    )


def _ms(starts: list[Start], name: str) -> float:
    seconds: float = median(getattr(start, name) for start in starts)
    return seconds * 1e3


def _start(domain: str, needed: Collection[str], watch: bool) -> Start:
    """Start an integration in a Home Assistant that is up already."""
    work = partial(_started, domain=domain, needed=needed, watch=watch)
    return in_home_assistant(work)


async def _started(
    hass: HomeAssistant, *, domain: str, needed: Collection[str], watch: bool
) -> Start:
    for platform in _BASE_PLATFORMS:
        await async_setup_component(hass, platform, {})
    integration = await async_get_integration(hass, domain)
    for module in needed:
        import_module(module)
    before = set(sys.modules)
    importing = _import_seconds(integration.pkg_path, integration.file_path)
    imported = sys.modules.keys() - before
    serve = provider if domain == OURS else peer_services
    async with serve(hass) as server:
        entry, entry_down = _entries(domain, server.url)
        async with watched_loop() if watch else nullcontext(Blocks()) as blocks:
            cold = await timed(hass.config_entries.async_add(entry))
            await hass.async_block_till_done()
        _check(entry, ConfigEntryState.LOADED)
        reload = partial(hass.config_entries.async_reload, entry.entry_id)
        taken = await side_by_side({domain: reload}, rounds=_RELOADS, pause=_PAUSE)
        _check(entry, ConfigEntryState.LOADED)
    _point(domain, f"http://{LOOPBACK}:{free_port()}")
    down = await timed(hass.config_entries.async_add(entry_down))
    ours = domain == OURS
    _check(
        entry_down, ConfigEntryState.LOADED if ours else ConfigEntryState.SETUP_RETRY
    )
    return Start(
        importing,
        cold,
        taken[domain],
        down,
        blocks.work,
        [
            each
            for each in imported
            if each.startswith("homeassistant.")
            and not each.startswith(integration.pkg_path)
        ],
    )


def _check(entry: ConfigEntry, state: ConfigEntryState) -> None:
    if entry.state is not state:
        raise RuntimeError(f"{entry.domain} is {entry.state}, not {state}")


def _import_seconds(package: str, folder: Path) -> float:
    """Import an integration's modules, none of which is imported yet."""
    if package in sys.modules:
        raise RuntimeError(f"{package} was imported before")
    modules = [f"{package}.{file.stem}" for file in sorted(folder.glob("*.py"))]
    begun = time.perf_counter()
    for module in modules:
        import_module(module.removesuffix(".__init__"))
    return time.perf_counter() - begun


def _entries(domain: str, url: str) -> tuple[ConfigEntry, ConfigEntry]:
    """Return an integration's entry, and another one to set up when its service is down."""
    _point(domain, url)
    down = f"http://{LOOPBACK}:{free_port()}"
    if domain == OURS:
        return account(url), account(down, title="Down")
    return _their_entry(domain, url, "Up"), _their_entry(domain, down, "Down")


def _their_entry(domain: str, url: str, title: str) -> ConfigEntry:
    """Return another integration's entry; with a recipient where it has any."""
    data: dict[str, Mapping[str, Any]] = {
        "ntfy": {"url": url, "username": "test", "token": "test", "verify_ssl": True},
        "threema": {"gateway_id": "*BENCHED", "api_secret": "test"},
    }
    recipients = {
        "ntfy": [("topic", {"topic": "alerts"})],
        "threema": [("recipient", {"name": "Ayşe", "recipient": "ABCD1234"})],
    }
    subentries = [
        ConfigSubentryData(
            data=content, subentry_type=kind, title="Ayşe", unique_id=None
        )
        for kind, content in recipients[domain]
    ]
    return entry_of(domain, data[domain], title=title, subentries=subentries)


def _point(domain: str, url: str) -> None:
    """Let another integration's library know where its service is; nothing else changes."""
    if domain == "ntfy":
        replace_in("aiontfy.update", "BASE_URL", URL(url))
    elif domain == "threema":
        replace_in("aiothreema.client", "_BASE_URL", url)
