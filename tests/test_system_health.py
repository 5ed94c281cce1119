"""System health: whether the provider can be reached, and how the accounts are doing."""

import socket
import time
from types import SimpleNamespace
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    get_system_health_info,
)

from custom_components.bisms.const import DOMAIN
from simulator import Account, Fault, Simulator

from .accounts import Days, account_at, do, load
from .provider.conftest import RawServer
from .translated import LANGUAGES, load as texts_in


@pytest.fixture
def simulator() -> Simulator:
    """Return a provider that has two accounts."""
    return Simulator([Account("test", "test"), Account("ofis", "ofis", credit=200)])


async def health(hass: HomeAssistant) -> dict[str, Any]:
    """Return what the page of system health shows of the integration."""
    assert await async_setup_component(hass, "system_health", {})
    info = await get_system_health_info(hass, DOMAIN)
    return {
        key: await value if hasattr(value, "__await__") else value
        for key, value in info.items()
    }


@pytest.mark.usefixtures("account")
async def test_it_tells_how_a_healthy_account_is_doing(
    hass: HomeAssistant, days: Days
) -> None:
    """Nothing waits, and both clocks agree."""
    assert await health(hass) == {
        "can_reach_provider": "ok",
        "credit": 15600,
        "messages_waiting": 0,
        "oldest_waiting": 0,
        "clock_difference": 0,
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.usefixtures("account")
async def test_all_that_it_tells_has_a_name(hass: HomeAssistant, language: str) -> None:
    """In every language."""
    assert set(texts_in(language)["system_health"]["info"]) == set(await health(hass))


async def test_it_tells_how_long_messages_wait(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """As long as the oldest of them, whatever the clock was set to meanwhile."""
    simulator.fail(Fault.ERROR_500, endpoint="smsget", times=None)
    for text in ("Bir", "İki"):
        await do(hass, "send_message", recipients=["Ayşe"], message=text)
        await days.pass_(60)

    told = await health(hass)

    assert (told["messages_waiting"], told["oldest_waiting"]) == (2, 120)


async def test_it_tells_that_the_provider_cannot_be_reached(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """With what is known all the same."""
    simulator.fail(Fault.REFUSE)

    told = await health(hass)

    assert told["can_reach_provider"] == {"type": "failed", "error": "unreachable"}
    assert told["clock_difference"] is None
    assert told["credit"] == 15600


async def test_it_tells_that_the_provider_does_not_answer(
    hass: HomeAssistant, account: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account need not be loaded for that; the other one's server is there."""
    monkeypatch.setattr("custom_components.bisms.system_health.ANSWER_WITHIN", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        account_at(f"http://{host}:{port}", username="ofis").add_to_hass(hass)

        told = await health(hass)

    assert told["can_reach_provider"] == {"type": "failed", "error": "timeout"}
    assert told["clock_difference"] is not None
    assert told["credit"] == 15600


async def test_it_tells_nothing_of_the_clock_if_the_provider_does_not(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """It is reached all the same; and while no account is loaded, no credit is known."""
    await hass.config_entries.async_remove(account.entry_id)
    async with RawServer() as server:
        server.replies = [b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"]
        account_at(server.url).add_to_hass(hass)

        told = await health(hass)

    assert told == {
        "can_reach_provider": "ok",
        "credit": None,
        "messages_waiting": 0,
        "oldest_waiting": 0,
        "clock_difference": None,
    }


async def test_it_tells_by_how_much_the_clock_is_wrong(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Which the provider's own clock shows."""
    clock = SimpleNamespace(time=lambda: time.time() - 3600)
    monkeypatch.setattr("custom_components.bisms.system_health.time", clock)

    assert (await health(hass))["clock_difference"] == -3600


async def test_it_tells_the_credit_of_each_account(
    hass: HomeAssistant, account: MockConfigEntry, provider_url: str
) -> None:
    """By the accounts' names."""
    office = account_at(
        provider_url, {}, title="BiSMS Ofis", username="ofis", secret="ofis"
    )
    await load(hass, office)

    assert (await health(hass))["credit"] == "BiSMS: 15600, BiSMS Ofis: 200"


async def test_it_asks_the_provider_without_credentials(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Whether it is there is all that is asked."""
    before = len(simulator.requests)

    await health(hass)

    assert len(simulator.requests) == before
