"""A Home Assistant in this process, as it is before any integration is set up.

Nothing of this integration is imported here: `starting` measures what that takes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
import tempfile
from types import MappingProxyType
from typing import Any

from homeassistant import bootstrap, loader
from homeassistant.auth import auth_manager_from_config
from homeassistant.config_entries import ConfigEntries, ConfigEntry, ConfigSubentryData
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.runner import create_event_loop
from homeassistant.setup import async_setup_component

from scripts.configuration import write_stores
from scripts.launcher import stay_on_this_machine
from scripts.ports import free_port
from scripts.processes import ROOT
from scripts.simulator_process import SimulatorProcess

HEADER = "BASLIK1"
OPTIONS: Mapping[str, Any] = {
    "header": HEADER,
    "low_credit": 0,
    "turkish_characters": "keep",
    "too_long": "reject",
    "expire_after": 60,
    "hourly_limit": 0,
}
RECIPIENT = "905559998877"
PLENTY = "100000000"


def in_home_assistant[ResultT](
    work: Callable[[HomeAssistant], Coroutine[Any, Any, ResultT]],
    *,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = create_event_loop,
) -> ResultT:
    """Do some work in a Home Assistant that has a folder and an event loop of its own."""

    async def main() -> ResultT:
        with tempfile.TemporaryDirectory(prefix="bisms-bench-") as folder:
            async with home_assistant(Path(folder)) as hass:
                return await work(hass)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(main())


@asynccontextmanager
async def home_assistant(folder: Path) -> AsyncIterator[HomeAssistant]:
    """Run a Home Assistant that is up, and listens on this machine only."""
    stay_on_this_machine()
    (folder / "custom_components").symlink_to(ROOT / "custom_components")
    hass = HomeAssistant(str(folder))
    hass.config.skip_pip = True
    await write_stores(hass, free_port())
    loader.async_setup(hass)
    hass.config_entries = ConfigEntries(hass, {})
    await bootstrap.async_load_base_functionality(hass)
    hass.auth = await auth_manager_from_config(hass, [], [])
    await async_setup_component(hass, "homeassistant", {})
    hass.set_state(CoreState.running)
    try:
        yield hass
    finally:
        await hass.async_stop(force=True)


@asynccontextmanager
async def provider(
    hass: HomeAssistant, **options: str
) -> AsyncIterator[SimulatorProcess]:
    """Run the simulated provider as a process of its own, with credit for everything."""
    log = Path(hass.config.path("simulator.log"))
    command = [
        f"--{name}={value}" for name, value in ({"credit": PLENTY} | options).items()
    ]
    simulator = SimulatorProcess(0, log, options=command)
    await hass.async_add_executor_job(simulator.start)
    try:
        yield simulator
    finally:
        await hass.async_add_executor_job(simulator.stop)


def entry_of(
    domain: str,
    data: Mapping[str, Any],
    *,
    title: str,
    options: Mapping[str, Any] | None = None,
    subentries: Sequence[ConfigSubentryData] = (),
) -> ConfigEntry:
    """Return a config entry as a user would have made it."""
    return ConfigEntry(
        data=data,
        discovery_keys=MappingProxyType({}),
        domain=domain,
        minor_version=1,
        options=options,
        source="user",
        subentries_data=subentries,
        title=title,
        unique_id=title,
        version=1,
    )


def account(
    url: str,
    *,
    title: str = "BiSMS",
    options: Mapping[str, Any] = OPTIONS,
    others: int = 0,
) -> ConfigEntry:
    """Return an account with one recipient, Ayşe, and as many others as are wanted."""
    book = {"Ayşe": RECIPIENT}
    book |= {f"Kişi {number}": f"90544{number:07}" for number in range(others)}
    return entry_of(
        "bisms",
        {"url": url, "username": "test", "password": "test"},
        title=title,
        options=options,
        subentries=[
            ConfigSubentryData(
                data={"name": name, "numbers": [number]},
                subentry_type="recipient",
                title=name,
                unique_id=None,
            )
            for name, number in book.items()
        ],
    )


def store_size(hass: HomeAssistant) -> int:
    """Return how many bytes the integration keeps on disk."""
    folder = Path(hass.config.path(".storage"))
    return sum(file.stat().st_size for file in folder.glob("bisms.*"))


async def act(hass: HomeAssistant, domain: str, action: str, **data: Any) -> None:
    """Carry out an action, and wait for its end."""
    await hass.services.async_call(domain, action, data, blocking=True)


async def ask(
    hass: HomeAssistant, domain: str, action: str, **data: Any
) -> dict[str, Any]:
    """Carry out an action, and return its answer."""
    answer = await hass.services.async_call(
        domain, action, data, blocking=True, return_response=True
    )
    return dict(answer or {})
