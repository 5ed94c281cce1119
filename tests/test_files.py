"""The two files of an account on a real disk, the snapshot in Home Assistant's own store."""

from pathlib import Path
import stat
from typing import Any

from homeassistant.core import CoreState, HomeAssistant
import pytest

from custom_components.bisms.files import AccountFiles
from custom_components.bisms.storage import DeliveryStorage, Saved

from .messages import delivery, having


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Leave Home Assistant's stores on disk, where this test's folder is theirs."""
    return {}


@pytest.fixture
def files(hass: HomeAssistant) -> AccountFiles:
    """Return an account's files; none is there yet."""
    return AccountFiles(hass, "test")


@pytest.fixture
def snapshot(hass_config_dir: str) -> Path:
    """Return the path of the snapshot."""
    return Path(hass_config_dir) / ".storage" / "bisms.test"


@pytest.fixture
def journal(snapshot: Path) -> Path:
    """Return the path of the journal."""
    return snapshot.with_name("bisms.test.journal")


async def test_what_is_saved_comes_back(
    hass: HomeAssistant, files: AccountFiles, journal: Path
) -> None:
    """The snapshot and what was appended since; only Home Assistant's user may read it."""
    storage = DeliveryStorage(files)
    await storage.save(Saved([delivery()]))
    assert not journal.exists()
    saved = Saved([having(delivery(), tries=1)], "101", 7.0, {29833333: 2})
    await storage.save(saved)

    assert await DeliveryStorage(AccountFiles(hass, "test")).load() == saved
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600


async def test_without_files_there_is_nothing(files: AccountFiles) -> None:
    """The account is new."""
    assert await files.load() == (None, b"")


async def test_a_journal_is_cut_where_it_goes_on(
    files: AccountFiles, journal: Path
) -> None:
    """What stood there was never promised."""
    journal.parent.mkdir()
    await files.append(0, b"one\ntwo\n")
    await files.append(4, b"2\n")

    assert journal.read_bytes() == b"one\n2\n"


async def test_a_journal_that_vanished_does_not_go_on(
    files: AccountFiles, journal: Path
) -> None:
    """A new one would lack its beginning."""
    journal.parent.mkdir()
    with pytest.raises(FileNotFoundError):
        await files.append(4, b"two\n")

    assert not journal.exists()


async def test_what_was_saved_stays_when_the_journal_vanishes(
    hass: HomeAssistant, files: AccountFiles, journal: Path
) -> None:
    """A snapshot takes its place."""
    storage = DeliveryStorage(files)
    for tries in range(2):
        await storage.save(Saved([having(delivery(), tries=tries)]))
    journal.unlink()
    saved = Saved([having(delivery(), tries=3)])
    await storage.save(saved)

    assert await DeliveryStorage(AccountFiles(hass, "test")).load() == saved


@pytest.mark.expects_log("Saving file failed", "Error writing config for bisms.test")
async def test_a_snapshot_that_could_not_be_written_is_not_taken_for_one(
    files: AccountFiles, snapshot: Path
) -> None:
    """Home Assistant's store logs that, and goes on."""
    assert await files.save({"snapshot": "1"})
    snapshot.unlink()
    snapshot.mkdir()

    assert not await files.save({"snapshot": "2"})


async def test_a_snapshot_that_is_written_later_is_not_there_yet(
    hass: HomeAssistant, files: AccountFiles
) -> None:
    """While it stops, Home Assistant's store waits for the end."""
    assert await files.save({"snapshot": "1"})
    hass.set_state(CoreState.stopping)

    assert not await files.save({"snapshot": "2"})

    hass.set_state(CoreState.running)
    await hass.async_block_till_done()


async def test_both_are_removed(
    files: AccountFiles, snapshot: Path, journal: Path
) -> None:
    """Whichever there are."""
    await files.remove()
    await files.save({"snapshot": "1"})
    await files.append(0, b"one\n")
    assert snapshot.exists()
    assert journal.exists()

    await files.remove()

    assert not snapshot.exists()
    assert not journal.exists()
