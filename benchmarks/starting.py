"""Starting: what importing and setting up costs, against other integrations of core."""

from collections.abc import Mapping
import dataclasses
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from statistics import median
import time
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntry, ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration
from homeassistant.setup import async_setup_component
from yarl import URL

from scripts.processes import LOOPBACK, free_port

from .home import account, entry_of, in_home_assistant, provider
from .measuring import timed, watched_loop
from .parts import in_fresh_process
from .peers import peer_services, replace_in
from .report import Figure, Part, at_most, number
from .scale import Scale

OURS = "bisms"
THEIRS = ("ntfy", "threema", "twentemilieu")

_IMPORT, _COLD, _RELOAD, _BLOCK = 15.0, 20.0, 3.0, 10.0
_RELOADS = 15
_BASE_PLATFORMS = ("binary_sensor", "calendar", "event", "notify", "sensor", "update")


@dataclass(frozen=True, slots=True)
class Start:
    """What a start took, in seconds."""

    importing: float
    classes: float
    cold: float
    reload: float
    platforms: float
    block: float
    down: float


def measure(scale: Scale) -> Part:
    """Measure the part."""
    starts = {
        domain: [in_fresh_process(_start, domain) for _ in range(scale.starts)]
        for domain in (OURS, *THEIRS)
    }
    ours = starts.pop(OURS)
    return Part(
        "6. Start",
        [
            at_most(
                "importing its modules",
                _ms(ours, "importing"),
                _IMPORT,
                "ms",
                f"{number(_ms(ours, 'classes'))} ms of it to make dataclasses",
            ),
            at_most("set-up, cold", _ms(ours, "cold"), _COLD, "ms"),
            at_most("set-up, cold, provider down", _ms(ours, "down"), _COLD, "ms"),
            at_most(
                "reload",
                _ms(ours, "reload"),
                _RELOAD,
                "ms",
                f"{number(_ms(ours, 'platforms'))} ms of it for its platforms and entities",
            ),
            at_most(
                "longest block of the event loop meanwhile",
                _ms(ours, "block"),
                _BLOCK,
                "ms",
            ),
            *(_their_figure(domain, theirs) for domain, theirs in starts.items()),
        ],
    )


def _their_figure(domain: str, starts: list[Start]) -> Figure:
    """Return how another integration starts."""
    importing, cold, down, reload = (
        f"{number(_ms(starts, name))} ms"
        for name in ("importing", "cold", "down", "reload")
    )
    return Figure(
        f"core's {domain}",
        f"import {importing}, set-up {cold}, giving up {down} where its service is down, reload {reload}",
    )


def _ms(starts: list[Start], name: str) -> float:
    seconds: float = median(getattr(start, name) for start in starts)
    return seconds * 1e3


def _start(domain: str) -> Start:
    """Start an integration in a Home Assistant that is up already."""
    return in_home_assistant(partial(_started, domain=domain))


async def _started(hass: HomeAssistant, *, domain: str) -> Start:
    for platform in _BASE_PLATFORMS:
        await async_setup_component(hass, platform, {})
    integration = await async_get_integration(hass, domain)
    importing, classes = _import_seconds(integration.pkg_path, integration.file_path)
    serve = provider if domain == OURS else peer_services
    async with serve(hass) as server:
        entry, entry_down = _entries(domain, server.url)
        async with watched_loop() as blocks:
            cold = await timed(hass.config_entries.async_add(entry))
            await hass.async_block_till_done()
        reloads, platforms = [], _watched_platforms(hass)
        for _ in range(_RELOADS):
            reloads.append(
                await timed(hass.config_entries.async_reload(entry.entry_id))
            )
            await hass.async_block_till_done()
    _point(domain, f"http://{LOOPBACK}:{free_port()}")
    down = await timed(hass.config_entries.async_add(entry_down))
    return Start(
        importing,
        classes,
        cold,
        median(reloads),
        sum(platforms) / _RELOADS,
        blocks.work,
        down,
    )


def _import_seconds(package: str, folder: Path) -> tuple[float, float]:
    """Import an integration's modules; return how long that took, and its dataclasses."""
    make, making = dataclasses._process_class, [0.0]  # type: ignore[attr-defined]  # noqa: SLF001

    def timed_make(*what: object) -> object:
        since = time.perf_counter()
        made = make(*what)
        making.append(time.perf_counter() - since)
        return made

    with patch.object(dataclasses, "_process_class", timed_make):
        begun = time.perf_counter()
        import_module(package)
        for file in sorted(folder.glob("*.py")):
            if file.stem != "__init__":
                import_module(f"{package}.{file.stem}")
        return time.perf_counter() - begun, sum(making)


def _watched_platforms(hass: HomeAssistant) -> list[float]:
    """Return a list that gets the seconds of each set-up and unload of platforms."""
    taken: list[float] = []
    entries = hass.config_entries
    set_up, unload = entries.async_forward_entry_setups, entries.async_unload_platforms

    async def timed_set_up(*what: Any) -> None:
        taken.append(await timed(set_up(*what)))

    async def timed_unload(*what: Any) -> bool:
        begun = time.perf_counter()
        unloaded = await unload(*what)
        taken.append(time.perf_counter() - begun)
        return unloaded

    entries.async_forward_entry_setups = timed_set_up  # type: ignore[assignment, method-assign]
    entries.async_unload_platforms = timed_unload  # type: ignore[assignment, method-assign]
    return taken


def _entries(domain: str, url: str) -> tuple[ConfigEntry, ConfigEntry]:
    """Return an integration's entry, and another one to set up when its service is down."""
    _point(domain, url)
    down = f"http://{LOOPBACK}:{free_port()}"
    if domain == OURS:
        return account(url), account(down, username="down")
    return _their_entry(domain, url, "Up"), _their_entry(domain, down, "Down")


def _their_entry(domain: str, url: str, title: str) -> ConfigEntry:
    """Return another integration's entry; with a recipient where it has any."""
    data: dict[str, Mapping[str, Any]] = {
        "ntfy": {"url": url, "username": "test", "token": "test", "verify_ssl": True},
        "threema": {"gateway_id": "*BENCHED", "api_secret": "test"},
        "twentemilieu": {
            "id": 1,
            "post_code": "7545KS",
            "house_number": "1",
            "house_letter": "",
        },
    }
    recipients = {
        "ntfy": [("topic", {"topic": "alerts"})],
        "threema": [("recipient", {"name": "Ayşe", "recipient": "ABCD1234"})],
        "twentemilieu": [],
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
    elif domain == "twentemilieu":
        _LocalUrl.origin = URL(url)
        replace_in("twentemilieu.twentemilieu", "URL", _LocalUrl)


class _LocalUrl:
    """What a library takes for `yarl.URL` while its service is on this machine."""

    origin = URL()

    def __new__(cls, path: str) -> URL:  # type: ignore[misc]
        """Return a relative URL."""
        return URL(path)

    @classmethod
    def build(cls, *, path: str, **_: object) -> URL:
        """Return the service's address instead of the one asked for."""
        return cls.origin.with_path(path)
