"""An account's files on a real disk."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import errno
from itertools import count
import os
from pathlib import Path
import stat
from threading import Event

from homeassistant.core import CoreState, HomeAssistant
import pytest

from custom_components.bisms.files import AccountFiles
from custom_components.bisms.outbox import (
    Loaded,
    NotReplacedError,
    UnreadableStoreError,
)


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


@pytest.fixture
def mark(hass_config_dir: str) -> Path:
    """Return the path of the mark."""
    return Path(hass_config_dir) / ".cache" / "bisms.test.mark"


def left_in(folder: Path) -> set[str]:
    """Return the names of an account's files in a folder."""
    return {file.name for file in folder.glob("bisms.*")}


@contextmanager
def failing(call: str, error: int) -> Iterator[None]:
    """Let a function of `os` fail."""

    def fail(*arguments: object) -> int:
        raise OSError(error, os.strerror(error))

    with pytest.MonkeyPatch.context() as disk:
        disk.setattr(os, call, fail)
        yield


async def test_what_is_saved_comes_back(
    hass: HomeAssistant, files: AccountFiles
) -> None:
    """After a restart everything is there, in its last state."""
    await files.save({"version": 2, "data": "old"})
    await files.save({"version": 2, "data": "Duman alarmı"})
    await files.append(0, b"one\n")
    await files.append(4, b"two\n")
    await files.mark("first")
    await files.mark("second")

    assert await AccountFiles(hass, "test").load() == Loaded(
        {"version": 2, "data": "Duman alarmı"}, b"one\ntwo\n", "second"
    )


async def test_a_new_account_has_no_files(files: AccountFiles) -> None:
    """Nothing is made of that."""
    assert await files.load() == Loaded(None, b"", None)


async def test_only_home_assistants_user_may_read_the_files(
    files: AccountFiles, snapshot: Path, journal: Path, mark: Path
) -> None:
    """They hold phone numbers and texts."""
    await files.save({})
    await files.append(0, b"one\n")
    await files.mark("first")

    for file in (snapshot, journal, mark):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_snapshot_is_saved_while_home_assistant_stops(
    hass: HomeAssistant, files: AccountFiles, snapshot: Path
) -> None:
    """Home Assistant's own store would only promise to do it later."""
    hass.set_state(CoreState.stopping)
    await files.save({"data": "last"})

    assert snapshot.read_bytes() == b'{"data":"last"}'

    hass.set_state(CoreState.running)


async def test_a_journal_is_cut_where_it_goes_on(
    files: AccountFiles, journal: Path
) -> None:
    """What stood there was never promised."""
    await files.save({})
    await files.append(0, b"one\ntwo\n")
    await files.append(4, b"2\n")

    assert journal.read_bytes() == b"one\n2\n"


async def test_a_journal_that_vanished_does_not_go_on(
    files: AccountFiles, journal: Path
) -> None:
    """A new one would lack its beginning."""
    await files.save({})
    await files.append(0, b"one\n")
    journal.unlink()
    with pytest.raises(FileNotFoundError):
        await files.append(4, b"two\n")

    assert not journal.exists()


async def test_a_journal_that_somebody_cut_does_not_go_on(
    files: AccountFiles, journal: Path
) -> None:
    """It lacks what was promised, and a new snapshot has to hold that."""
    await files.save({})
    await files.append(0, b"one\n")
    os.truncate(journal, 2)
    with pytest.raises(OSError, match="lacks its beginning"):
        await files.append(4, b"two\n")

    assert journal.read_bytes() == b"on"


async def test_a_write_that_takes_a_part_is_gone_on_with(
    files: AccountFiles,
    snapshot: Path,
    journal: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A system may take fewer bytes than it is given."""
    write = os.pwrite
    monkeypatch.setattr(
        os, "pwrite", lambda file, content, at: write(file, content[:3], at)
    )
    await files.save({"data": "whole"})
    await files.append(0, b"a whole line\n")

    assert snapshot.read_bytes() == b'{"data":"whole"}'
    assert journal.read_bytes() == b"a whole line\n"


async def test_a_write_that_nobody_waits_for_any_more_spoils_no_later_one(
    hass: HomeAssistant,
    files: AccountFiles,
    journal: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A thread cannot be stopped; the next write comes after it."""
    write = os.pwrite
    writes, overtaken, done = Event(), Event(), Event()

    def slow(file: int, content: bytes, at: int) -> int:
        if content == b"one\n":
            writes.set()
            overtaken.wait(timeout=0.05)
            written = write(file, content, at)
            done.set()
        else:
            written = write(file, content, at)
            overtaken.set()
        return written

    await files.save({})
    monkeypatch.setattr(os, "pwrite", slow)
    first = asyncio.create_task(files.append(0, b"one\n"))
    await hass.async_add_executor_job(writes.wait)
    first.cancel()
    await files.append(0, b"2\n")
    await hass.async_add_executor_job(done.wait)

    assert journal.read_bytes() == b"2\n"


@pytest.mark.parametrize("call", ["open", "pwrite", "fsync"])
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
async def test_a_snapshot_that_cannot_be_written_leaves_the_old_one(
    files: AccountFiles, snapshot: Path, call: str, error: int
) -> None:
    """The outbox hears that it may go on with that, and a full disk is not filled further."""
    await files.save({"data": "old"})
    with failing(call, error), pytest.raises(NotReplacedError) as caught:
        await files.save({"data": "new"})

    assert caught.value.errno == error
    assert (await files.load()).snapshot == {"data": "old"}
    assert left_in(snapshot.parent) == {"bisms.test"}


@pytest.mark.parametrize("sync_of_folder", [1, 2])
async def test_a_snapshot_whose_name_may_be_lost_is_not_taken_for_the_old_one(
    files: AccountFiles,
    snapshot: Path,
    monkeypatch: pytest.MonkeyPatch,
    sync_of_folder: int,
) -> None:
    """The outbox hears that it must not go on with either."""
    await files.save({"data": "old"})
    sync = os.fsync
    syncs = count()

    def fail_late(file: int) -> None:
        if next(syncs) == sync_of_folder:
            raise OSError(errno.EIO, "Input/output error")
        sync(file)

    monkeypatch.setattr(os, "fsync", fail_late)
    with pytest.raises(OSError) as caught:
        await files.save({"data": "new"})

    assert not isinstance(caught.value, NotReplacedError)
    assert (await files.load()).snapshot == {"data": "new"}


async def test_a_snapshot_that_cannot_be_renamed_may_be_there(
    files: AccountFiles,
) -> None:
    """A disk that fails in that moment is not believed in either way."""
    await files.save({"data": "old"})
    with failing("replace", errno.EIO), pytest.raises(OSError) as caught:
        await files.save({"data": "new"})

    assert not isinstance(caught.value, NotReplacedError)


@pytest.mark.parametrize("call", ["open", "fstat", "ftruncate", "fsync", "pwrite"])
async def test_a_line_that_cannot_be_written_is_not_taken_for_written(
    files: AccountFiles, journal: Path, call: str
) -> None:
    """The outbox hears of it; the line can be appended later."""
    await files.save({})
    await files.append(0, b"one\n")
    with failing(call, errno.EIO), pytest.raises(OSError) as caught:
        await files.append(0, b"two\n")

    assert caught.value.errno == errno.EIO
    await files.append(0, b"two\n")
    assert journal.read_bytes() == b"two\n"


async def test_what_a_crash_left_half_written_does_not_pile_up(
    files: AccountFiles, snapshot: Path, mark: Path
) -> None:
    """The next snapshot and the next mark are written over it."""
    await files.save({"data": "old"})
    await files.mark("first")
    for file in (snapshot, mark):
        file.with_name(f"{file.name}.new").write_bytes(b"half of something longer")

    assert (await files.load()).snapshot == {"data": "old"}
    await files.save({"data": "new"})
    await files.mark("second")

    assert await files.load() == Loaded({"data": "new"}, b"", "second")
    assert left_in(snapshot.parent) == {"bisms.test"}
    assert left_in(mark.parent) == {"bisms.test.mark"}


@pytest.mark.parametrize("content", [b"", b"{nonsense", b'{"text": "\xff"}'])
async def test_a_snapshot_that_makes_no_sense_is_called_unreadable(
    files: AccountFiles, snapshot: Path, content: bytes
) -> None:
    """Reading it again would not help."""
    await files.save({})
    snapshot.write_bytes(content)
    with pytest.raises(UnreadableStoreError):
        await files.load()


@pytest.mark.parametrize("name", ["snapshot", "journal", "mark"])
async def test_a_file_that_the_disk_does_not_give_is_not_called_unreadable(
    request: pytest.FixtureRequest, files: AccountFiles, name: str
) -> None:
    """A later try may succeed, so nothing is renamed."""
    file: Path = request.getfixturevalue(name)
    file.mkdir(parents=True)
    with pytest.raises(OSError) as caught:
        await files.load()

    assert not isinstance(caught.value, FileNotFoundError)
    assert left_in(file.parent) == {file.name}


async def test_a_mark_that_makes_no_sense_is_another_mark(
    files: AccountFiles, mark: Path
) -> None:
    """The files are then taken for older ones, which does no harm."""
    await files.mark("first")
    mark.write_bytes(b"\xff\xfe")

    assert (await files.load()).mark not in {"first", None}


async def test_files_that_make_no_sense_are_kept_aside(
    files: AccountFiles, snapshot: Path, journal: Path
) -> None:
    """A new account takes their place; a person can still look into them."""
    await files.save({"data": "strange"})
    await files.append(0, b"strange\n")
    await files.mark("first")
    kept_as = Path(await files.keep_aside())

    assert await files.load() == Loaded(None, b"", None)
    assert kept_as.name.startswith("bisms.test.unreadable.")
    assert kept_as.read_bytes() == b'{"data":"strange"}'
    assert Path(f"{kept_as}.journal").read_bytes() == b"strange\n"
    await files.save({"data": "new"})
    await files.append(0, b"new\n")
    assert await files.load() == Loaded({"data": "new"}, b"new\n", None)


async def test_a_journal_is_kept_aside_without_a_snapshot(
    files: AccountFiles, snapshot: Path, journal: Path
) -> None:
    """Whichever there is."""
    snapshot.parent.mkdir()
    await files.append(0, b"strange\n")
    kept_as = await files.keep_aside()

    assert left_in(snapshot.parent) == {Path(f"{kept_as}.journal").name}


async def test_removed_files_leave_nothing(
    files: AccountFiles, snapshot: Path, mark: Path
) -> None:
    """Nor does it matter if there are none."""
    await files.remove()
    await files.save({})
    await files.append(0, b"one\n")
    await files.mark("first")
    for file in (snapshot, mark):
        file.with_name(f"{file.name}.new").write_bytes(b"half")

    await files.remove()

    assert left_in(snapshot.parent) == left_in(mark.parent) == set()
