"""Diagnostics: what a maintainer needs, and nothing private."""

import time
from types import SimpleNamespace

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion

from custom_components.bisms.diagnostics import async_get_config_entry_diagnostics
from simulator import Account, Fault, Simulator

from .accounts import ALI, AYSE, VELI, Days, account_at, do, load, sends, until

SECRET = "0123456789abcdef0123456789ABCDEF"


@pytest.fixture
def simulator() -> Simulator:
    """Return a provider with an account whose every word is unmistakable."""
    return Simulator([Account("kullanici42", SECRET, headers=("GIZLIAD",))])


@pytest.fixture
async def account(hass: HomeAssistant, provider_url: str) -> MockConfigEntry:
    """Return that account, loaded."""
    return await load(
        hass,
        account_at(
            provider_url, username="kullanici42", secret=SECRET, header="GIZLIAD"
        ),
    )


async def test_they_tell_how_the_account_is_doing(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    simulator: Simulator,
    snapshot: SnapshotAssertion,
) -> None:
    """A delivered, a partly delivered and a waiting message, newest first."""
    simulator.handset(VELI, fails_after=1)
    await do(hass, "send_message", recipients=["Ayşe"], message="Çok gizli")
    await do(hass, "send_message", recipients=["Aile"], message="Çok gizli")
    await days.pass_(90)
    simulator.fail(Fault.ERROR_500, endpoint="smsget")
    await do(hass, "send_message", recipients=["Ayşe"], message="Bekleyen")

    assert await async_get_config_entry_diagnostics(hass, account) == snapshot


async def test_they_tell_of_a_request_under_way(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Which is neither due nor over."""
    simulator.fail(Fault.HANG, endpoint="smsget")
    call = hass.async_create_task(
        do(hass, "send_message", recipients=["Ayşe"], message="Alo")
    )
    await until(lambda: sends(simulator))

    told = await async_get_config_entry_diagnostics(hass, account)

    assert told["latest"][0]["doing"] == {"task": "attempt"}
    assert not told["latest"][0]["told"]
    await days.elapse(10)
    await call


async def test_their_ages_are_right_after_the_clock_was_set(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A day ahead all of a sudden, and a message of a minute ago is a minute old."""
    await do(hass, "send_message", recipients=["Ayşe"], message="Alo")
    await days.pass_(60)
    days.clock_is_ahead = 86400
    clock = SimpleNamespace(time=lambda: time.time() + days.clock_is_ahead)
    monkeypatch.setattr("custom_components.bisms.diagnostics.time", clock)

    told = await async_get_config_entry_diagnostics(hass, account)

    assert told["latest"][0]["created_ago"] == 60
    assert told["latest"][0]["doing"]["due_in"] == 30


async def test_they_tell_nothing_private(
    hass: HomeAssistant,
    account: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    """What a user downloads and attaches to a public issue names nobody and no secret."""
    assert await async_setup_component(hass, "diagnostics", {})
    await do(hass, "send_message", recipients=["Ayşe", "Aile"], message="Çok gizli")

    downloaded = await get_diagnostics_for_config_entry(hass, hass_client, account)

    text = str(downloaded)
    for private in (
        SECRET,
        "kullanici42",
        "GIZLIAD",
        "gizli",
        "Ayşe",
        AYSE,
        ALI,
        VELI,
        "127.0.0.1",
    ):
        assert private not in text
    assert "9055******77" in text


@pytest.mark.expects_log("Error fetching BiSMS account data")
async def test_they_can_be_had_while_the_provider_is_down(
    hass: HomeAssistant, provider_url: str, simulator: Simulator
) -> None:
    """What is not known is none, and the last error is named."""
    simulator.fail(Fault.ERROR_500, times=None)
    entry = await load(
        hass, account_at(provider_url, username="kullanici42", secret=SECRET)
    )

    told = await async_get_config_entry_diagnostics(hass, entry)

    assert told["account"] == {
        "last_update_success": False,
        "last_error": "UpdateFailed",
        "credit": None,
        "credit_updated_ago": None,
        "refused_for_credit": False,
        "headers": None,
        "header_approved": None,
    }
