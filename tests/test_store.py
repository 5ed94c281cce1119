"""What an account keeps on a real disk, and what happens when that cannot be read."""

from collections.abc import Callable
import json
from pathlib import Path
import stat
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.bisms.files import AccountFiles
from custom_components.bisms.outbox import Delivery
from custom_components.bisms.outbox.journal import Journal
from simulator import Fault, Simulator

from .accounts import Days, account_at, act, issues, load, settled, state_of


@pytest.fixture
def store(account: MockConfigEntry, hass_config_dir: str) -> Path:
    """Return the path of the account's store."""
    return Path(hass_config_dir) / ".storage" / f"bisms.{account.entry_id}"


def journal_of(store: Path) -> Path:
    """Return the path of a store's journal."""
    return store.with_name(f"{store.name}.journal")


async def saved_on_disk(
    hass: HomeAssistant, account: MockConfigEntry
) -> list[Delivery]:
    """Return what a restart would find."""
    journal = Journal(AccountFiles(hass, account.entry_id))
    return list((await journal.load()).deliveries)


async def test_a_message_is_on_disk_when_its_caller_hears_of_it(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator, store: Path
) -> None:
    """Readable by the user that Home Assistant runs as, and by nobody else."""
    simulator.fail(Fault.ERROR_500, endpoint="smsget")

    answer = await act(hass, "send_message", recipients=["Ayşe"], message="Duman")

    [saved] = await saved_on_disk(hass, account)
    assert saved.id == answer["messages"][0]["id"]
    assert saved.state == answer["messages"][0]["status"] == "queued"
    for file in Path(hass.config.config_dir).rglob(f"{store.name}*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert "password" not in file.read_text()


@pytest.mark.parametrize(
    "damage",
    [
        lambda good: "{nonsense",
        lambda good: "",
        lambda good: json.dumps({**good, "version": 3}),
        lambda good: json.dumps({**good, "data": {"deliveries": [{"id": 1}]}}),
        lambda good: json.dumps({**good, "data": []}),
        lambda good: json.dumps([1, 2]),
        lambda good: json.dumps({"key": good["key"]}),
    ],
)
async def test_a_store_that_cannot_be_read_is_kept_aside_and_reported(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    simulator: Simulator,
    store: Path,
    damage: Callable[[Any], str],
) -> None:
    """Set-up goes on with an empty outbox, and messages are sent."""
    for text in ("Sıfır", "Bir"):
        await act(hass, "send_message", recipients=["Ayşe"], message=text)
    await hass.config_entries.async_unload(account.entry_id)
    damaged = damage(json.loads(store.read_text()))
    store.write_text(damaged)

    await load(hass, account)

    assert account.state is ConfigEntryState.LOADED
    kept, kept_journal = sorted(store.parent.glob(f"{store.name}.unreadable.*"))
    assert kept.read_text() == damaged
    assert kept_journal == journal_of(kept)
    issue = issues(hass)["unreadable_store"]
    assert issue.translation_placeholders == {"account": "BiSMS", "path": str(kept)}
    assert issue.is_persistent
    assert state_of(hass, "sensor.bisms_last_delivery_status") == "unknown"
    answer = await act(hass, "send_message", recipients=["Aile"], message="İki")
    assert answer["messages"][0]["status"] == "waiting"
    assert len(await saved_on_disk(hass, account)) == 1


async def test_a_journal_that_cannot_be_read_is_kept_aside_too(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, store: Path
) -> None:
    """What it says has been promised, so that it may not go unnoticed."""
    for text in ("Bir", "İki", "Üç"):
        await act(hass, "send_message", recipients=["Ayşe"], message=text)
    await hass.config_entries.async_unload(account.entry_id)
    header, first, rest = journal_of(store).read_bytes().split(b"\n", 2)
    journal_of(store).write_bytes(b"\n".join([header, first[:-9], rest]))

    await load(hass, account)

    assert "unreadable_store" in issues(hass)
    kept, kept_journal = sorted(store.parent.glob(f"{store.name}.unreadable.*"))
    assert kept_journal.read_bytes().startswith(header)
    assert kept_journal == journal_of(kept)
    assert await saved_on_disk(hass, account) == []


@pytest.mark.parametrize(
    "name",
    ["bisms.{id}", "bisms.{id}.journal", "../.cache/bisms.{id}.mark"],
    ids=["snapshot", "journal", "mark"],
)
async def test_a_disk_that_fails_is_asked_again_and_nothing_is_renamed(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    simulator: Simulator,
    store: Path,
    name: str,
) -> None:
    """What waits is not lost, but goes out when the disk works again."""
    simulator.fail(Fault.ERROR_500, endpoint="smsget", times=3)
    for text in ("Bir", "İki"):
        await act(hass, "send_message", recipients=["Ayşe"], message=text)
    await hass.config_entries.async_unload(account.entry_id)
    blocked = store.parent / name.format(id=account.entry_id)
    good = blocked.rename(store.with_name("good"))
    blocked.mkdir()
    files = sorted(store.parent.rglob("*"))

    await load(hass, account)

    assert account.state.value == "setup_retry"
    assert issues(hass) == {}
    assert sorted(store.parent.rglob("*")) == files

    blocked.rmdir()
    good.rename(blocked)
    await days.pass_(60)
    assert account.state is ConfigEntryState.LOADED
    for _ in range(10):
        await days.pass_(60)
    assert state_of(hass, "sensor.ayse_last_delivery_status") == "delivered"
    assert state_of(hass, "sensor.bisms_outbox") == "0"


async def test_a_store_that_can_be_read_is_not_touched(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, store: Path
) -> None:
    """The last delivery is known again after a restart."""
    await act(hass, "send_message", recipients=["Ayşe"], message="Bir")
    await days.pass_(90)
    assert state_of(hass, "sensor.ayse_last_delivery_status") == "delivered"

    await hass.config_entries.async_reload(account.entry_id)
    await settled(hass)

    assert issues(hass) == {}
    assert state_of(hass, "sensor.ayse_last_delivery_status") == "delivered"
    assert state_of(hass, "sensor.aile_last_delivery_status") == "unknown"
    assert not list(store.parent.glob("*unreadable*"))


async def test_removing_an_account_removes_its_store_and_its_issues(
    hass: HomeAssistant, provider_url: str, simulator: Simulator, hass_config_dir: str
) -> None:
    """Nothing of it stays on disk or on the repairs page."""
    simulator.account.credit = 5
    entry = await load(hass, account_at(provider_url, header="ESKI"))
    for text in ("Bir", "İki"):
        await act(
            hass, "send_message", recipients=["Ayşe"], message=text, header="BASLIK1"
        )
    name = f"bisms.{entry.entry_id}"
    assert len(list(Path(hass_config_dir).rglob(f"{name}*"))) == 3
    assert set(issues(hass)) == {"low_credit", "header_withdrawn"}

    await hass.config_entries.async_remove(entry.entry_id)
    await settled(hass)

    assert not list(Path(hass_config_dir).rglob(f"{name}*"))
    assert issues(hass) == {}
