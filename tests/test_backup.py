"""Backups: what was sent since one was made is not sent again when it is restored."""

from collections.abc import Awaitable, Callable
import json
from pathlib import Path
import tarfile
from typing import Final

from homeassistant.backup_restore import restore_backup
from homeassistant.components.backup import DOMAIN as BACKUP, async_get_manager
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.bisms.backup import async_post_backup, async_pre_backup
from custom_components.bisms.outbox import Delivery, Outbox, State, journal
from simulator import Fault, Simulator

from .accounts import Days, a_moment, account_at, act, load, sends, settled

HOUR: Final = 3600
"""Seconds; a message waits as long, and the provider calls nothing a repeat any more."""

type Restore = Callable[[], Awaitable[None]]
"""What puts back the files as they were when the backup was made."""

type BackUp = Callable[[HomeAssistant], Awaitable[Restore]]
"""What makes a backup."""


async def by_home_assistant(hass: HomeAssistant) -> Restore:
    """Let Home Assistant itself make a backup and restore it, with everything else gone."""
    backup = await backed_up(hass)
    config = Path(hass.config.config_dir)
    instructions = {
        "path": str(backup),
        "password": None,
        "remove_after_restore": False,
        "restore_database": False,
        "restore_homeassistant": True,
    }

    async def restore() -> None:
        (config / ".HA_RESTORE").write_text(json.dumps(instructions))
        assert await hass.async_add_executor_job(restore_backup, str(config))

    return restore


async def by_copying(hass: HomeAssistant) -> Restore:
    """Copy the stored files, told of it as by Supervisor; what else there is stays at restoring."""
    folder = Path(hass.config.path(".storage"))
    await async_pre_backup(hass)
    copies = {file: file.read_bytes() for file in folder.glob("bisms.*")}
    await async_post_backup(hass)

    async def restore() -> None:
        for file in folder.glob("bisms.*"):
            file.unlink()
        for file, content in copies.items():
            file.write_bytes(content)

    return restore


async def backed_up(hass: HomeAssistant) -> Path:
    """Let Home Assistant make a backup; return its file."""
    assert await async_setup_component(hass, BACKUP, {})
    await settled(hass)
    await async_get_manager(hass).async_create_backup(
        agent_ids=["backup.local"],
        include_addons=None,
        include_all_addons=False,
        include_database=False,
        include_folders=None,
        include_homeassistant=True,
        name="Before",
        password=None,
    )
    await settled(hass)
    [backup] = Path(hass.config.path("backups")).glob("*.tar")
    return backup


def names_in(backup: Path) -> set[str]:
    """Return the names of an account's files in a backup."""
    with tarfile.open(backup) as outer:
        configuration = outer.extractfile("homeassistant.tar.gz")
        assert configuration is not None
        with tarfile.open(fileobj=configuration) as inner:
            return {
                name.removeprefix("data/")
                for name in inner.getnames()
                if "/bisms." in name
            }


def only_delivery(account: MockConfigEntry) -> Delivery:
    """Return the account's only delivery."""
    [delivery] = account.runtime_data.outbox.deliveries
    assert isinstance(delivery, Delivery)
    return delivery


async def queue(hass: HomeAssistant, simulator: Simulator) -> str:
    """Send a message while the provider is unreachable, so that it never leaves; return its id."""
    simulator.fail(Fault.REFUSE)
    await a_moment()
    answer = await act(hass, "send_message", recipients=["Ayşe"], message="Duman")
    [message] = answer["messages"]
    assert message["status"] == "queued"
    return str(message["id"])


@pytest.mark.parametrize("back_up", [by_home_assistant, by_copying])
async def test_what_was_sent_since_the_backup_is_not_sent_again(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    simulator: Simulator,
    back_up: BackUp,
) -> None:
    """It waited when the backup was made, and is found at the provider after the restoring."""
    message_id = await queue(hass, simulator)
    restore = await back_up(hass)
    simulator.clear_faults()
    await days.pass_(60)
    await days.pass_(HOUR / 4)
    accepted = only_delivery(account)
    assert accepted.dlr_id is not None
    await hass.config_entries.async_unload(account.entry_id)
    await restore()

    await load(hass, account)
    assert only_delivery(account).state is State.QUEUED
    for _ in range(5):
        await days.pass_(60)

    found = only_delivery(account)
    assert (found.id, found.dlr_id) == (message_id, accepted.dlr_id)
    assert found.state is State.DELIVERED
    assert len(sends(simulator)) == 1


@pytest.mark.parametrize("back_up", [by_home_assistant, by_copying])
async def test_what_was_not_sent_since_the_backup_is_sent(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    simulator: Simulator,
    back_up: BackUp,
) -> None:
    """The provider is asked first, and does not know it."""
    message_id = await queue(hass, simulator)
    restore = await back_up(hass)
    await hass.config_entries.async_unload(account.entry_id)
    await restore()
    simulator.clear_faults()

    await load(hass, account)
    for _ in range(5):
        await days.pass_(60)

    assert only_delivery(account).id == message_id
    assert only_delivery(account).state is State.DELIVERED
    assert len(sends(simulator)) == 1


async def test_what_enters_while_a_backup_is_made_is_in_it(
    hass: HomeAssistant,
    days: Days,
    provider_url: str,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The files are only appended to, so that copies of them go together."""
    monkeypatch.setattr(journal, "LEAST_JOURNAL", 0)
    account = await load(hass, account_at(provider_url))
    snapshot = Path(hass.config.path(f".storage/bisms.{account.entry_id}"))
    for _ in range(3):
        await queue(hass, simulator)
    await async_pre_backup(hass)
    before = snapshot.read_bytes()
    ids = {await queue(hass, simulator) for _ in range(5)}
    assert snapshot.read_bytes() == before
    restore = await by_copying(hass)
    assert snapshot.read_bytes() != before
    await hass.config_entries.async_unload(account.entry_id)
    await restore()
    simulator.clear_faults()

    await load(hass, account)

    assert ids < {each.id for each in account.runtime_data.outbox.deliveries}


async def test_a_restart_after_a_backup_is_no_restoring(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """What is certain stays certain: a message that never left goes out at once."""
    await queue(hass, simulator)
    await backed_up(hass)
    await hass.config_entries.async_unload(account.entry_id)
    simulator.clear_faults()

    await load(hass, account)
    await days.pass_(1)

    assert only_delivery(account).accepted
    assert len(sends(simulator)) == 1


async def test_a_backup_holds_the_outbox_but_not_its_mark(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Files without the mark are older than those that ran."""
    await queue(hass, simulator)
    await queue(hass, simulator)
    name = f"bisms.{account.entry_id}"
    assert Path(hass.config.cache_path(f"{name}.mark")).exists()

    names = names_in(await backed_up(hass))

    assert {f".storage/{name}", f".storage/{name}.journal"} == names


async def test_a_backup_is_made_while_an_account_is_not_loaded(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """Its files hold still anyway."""
    await act(hass, "send_message", recipients=["Ayşe"], message="Bir")
    await hass.config_entries.async_unload(account.entry_id)
    assert account.state is ConfigEntryState.NOT_LOADED

    assert f".storage/bisms.{account.entry_id}" in names_in(await backed_up(hass))


@pytest.mark.expects_log("BiSMS could not prepare for a backup")
@pytest.mark.parametrize("step", ["hold", "release"])
async def test_an_outbox_that_fails_does_not_keep_a_user_from_a_backup(
    hass: HomeAssistant,
    account: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    """A backup matters most when something is about to break."""

    async def fail(outbox: Outbox) -> None:
        raise OSError

    await act(hass, "send_message", recipients=["Ayşe"], message="Bir")
    monkeypatch.setattr(Outbox, step, fail)

    assert names_in(await backed_up(hass))


@pytest.mark.expects_log("The outbox cannot be saved", "Saving the outbox")
async def test_a_disk_that_fails_does_not_keep_a_user_from_a_backup(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Messages still go out, and are saved once the disk works again."""
    folder = Path(hass.config.path(".storage"))
    await act(hass, "send_message", recipients=["Ayşe"], message="Bir")
    name = f"bisms.{account.entry_id}"
    (folder / f"{name}.journal").unlink(missing_ok=True)
    for blocked in (f"{name}.journal", f"{name}.new"):
        (folder / blocked).mkdir()
    await act(hass, "send_message", recipients=["Ayşe"], message="İki")

    backup = await backed_up(hass)

    assert f".storage/{name}" in names_in(backup)
    assert len(sends(simulator)) == 2
    for blocked in (f"{name}.journal", f"{name}.new"):
        (folder / blocked).rmdir()
    await act(hass, "send_message", recipients=["Ayşe"], message="Üç")
    await hass.config_entries.async_reload(account.entry_id)
    assert len(list(account.runtime_data.outbox.deliveries)) == 3
