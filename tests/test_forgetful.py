"""Whoever was told that a message is saved finds it after a crash, on a disk that forgets."""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from copy import replace
import errno
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, Final, cast

from homeassistant.core import HomeAssistant
import pytest

from custom_components.bisms.files import AccountFiles
from custom_components.bisms.outbox import UnreadableStoreError, journal
from custom_components.bisms.outbox.events import Sighting
from custom_components.bisms.outbox.journal import Journal, Saved
from custom_components.bisms.outbox.record import entered
from custom_components.bisms.provider.models import Message, Sms

from .forgetful import Crash, Forgetful

HISTORIES: Final = 150
"""So many are enough for each lapse below to show, many times over."""


CHANCES: Final = range(30)
"""Seeds for what a power cut leaves."""


class BrokenPromiseError(Exception):
    """A restart does not find what was saved."""


class HomeFolder:
    """As much of Home Assistant as the files need; what would run in a thread runs at once."""

    def __init__(self, folder: Path) -> None:
        """Keep the configuration folder."""
        self._folder = folder
        self.config = self

    def path(self, *names: str) -> str:
        """Return a path in the configuration folder."""
        return str(self._folder.joinpath(*names))

    def cache_path(self, *names: str) -> str:
        """Return a path in the cache folder."""
        return self.path(".cache", *names)

    async def async_add_executor_job[*Ts, T](
        self, job: Callable[[*Ts], T], *arguments: *Ts
    ) -> T:
        """Carry out a job."""
        return job(*arguments)


def outcome[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return cast(T, stop.value)
    raise AssertionError("It waits")


class History:
    """Processes that save deliveries, one after the other, until each is killed.

    Attributes
    ----------
    disk
        What they save them on.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        """Begin with an empty folder."""
        self._random = Random(seed)
        self.disk = Forgetful(folder, self._random)
        if self._once_in(3):
            self.disk.is_short = lambda: self._once_in(3)
        if self._once_in(3):
            self.disk.fault = lambda call, path: (
                errno.EIO if self._once_in(20) else None
            )
        self._home = cast(HomeAssistant, HomeFolder(folder))
        self._times = count(1)
        # What was handed over so far; what a save returned for is the one promised.
        self._states = [Saved()]
        self._promised = 0
        self._is_new_lineage = False

    def run(self) -> None:
        """Let some processes run; raise `BrokenPromiseError`."""
        with pytest.MonkeyPatch.context() as patch:
            least = self._random.choice([0, 1000, journal.LEAST_JOURNAL])
            patch.setattr(journal, "LEAST_JOURNAL", least)
            for _ in range(self._random.randint(2, 6)):
                with self.disk.mounted(), suppress(Crash):
                    self._process()
                with_power = self._once_in(4)
                if not with_power:
                    self.disk.cut_power()
                self._check(with_power)

    def _once_in(self, times: int) -> bool:
        return self._random.randrange(times) == 0

    def _process(self) -> None:
        files = Journal(AccountFiles(self._home, "test"))
        outcome(files.load())
        self.disk.last_call = self.disk.calls + self._random.randint(1, 80)
        for _ in range(self._random.randint(0, 15)):
            if self._once_in(8):
                files.hold()
            elif self._once_in(4):
                self._is_new_lineage = True
                files.release()
            self._save(files)

    def _save(self, files: Journal) -> None:
        """Let some messages enter, change or be forgotten; they may be saved or not."""
        at = next(self._times)
        known = {each.id: each for each in self._states[-1].deliveries}
        forgotten = [each for each in known if self._once_in(8)]
        for delivery_id in forgotten:
            del known[delivery_id]
        changed = [
            replace(each, tries=at) for each in known.values() if self._once_in(3)
        ]
        if self._once_in(2):
            changed.append(entered(f"d{at}", self._message(), at, at, 3600.0))
        for each in changed:
            known.pop(each.id, None)
            known[each.id] = each
        changes = Saved(changed, Sighting(str(at), at), at, -at)
        self._states.append(replace(changes, deliveries=list(known.values())))
        with suppress(OSError):
            outcome(files.save(changes, forgotten))
            self._promised = len(self._states) - 1
            self._is_new_lineage = False

    def _message(self) -> Message:
        text = "Duman alarmı " * self._random.randint(1, 40)
        sms = Sms(numbers=("905559998877",), text=text, parts=1)
        return Message(header="BASLIK1", sms=(sms,))

    def _check(self, with_power: bool) -> None:
        """Compare what a restart finds with what was promised."""
        try:
            found = outcome(Journal(AccountFiles(self._home, "test")).load())
        except UnreadableStoreError as err:
            raise BrokenPromiseError("It cannot be read") from err
        state = replace(found, restored=False)
        if state not in self._states[self._promised :]:
            raise BrokenPromiseError("It is not what was saved last, nor newer")
        if found.restored and not self._is_new_lineage:
            raise BrokenPromiseError("It seems to come from a backup")
        self._is_new_lineage |= found.restored
        del self._states[self._states.index(state) + 1 :]
        if not with_power:
            self._promised = len(self._states) - 1


def broken(folder: Path, lapse: Lapse | None = None) -> str | None:
    """Run histories until one breaks a promise; return which, and how."""
    for seed in range(HISTORIES):
        home = folder / str(seed)
        home.mkdir()
        history = History(home, seed)
        if lapse is not None:
            history.disk.ignores = lapse(history.disk)
        try:
            history.run()
        except BrokenPromiseError as err:
            return f"{seed}: {err}"
    return None


def test_what_was_saved_is_there_after_a_crash(tmp_path: Path) -> None:
    """Every message whose caller was answered, in its last state, and none that was forgotten."""
    assert broken(tmp_path) is None


type Ignores = Callable[[str, Path], bool]
type Lapse = Callable[[Forgetful], Ignores]


def not_done(call: str, name: str) -> Lapse:
    """Return the lapse of leaving out a call for the file of a name."""
    return lambda disk: lambda called, path: (called, path.name) == (call, name)


def folder_not_synced(name: str) -> Lapse:
    """Return the lapse of leaving a new name to its fate."""
    return lambda disk: (
        lambda called, path: called == "fsync" and name in disk.unsynced_names(path)
    )


def short_write_believed(disk: Forgetful) -> Ignores:
    """Return the lapse of not looking at how much was written."""
    calls = count(1)
    return lambda called, path: called == "pwrite" and next(calls) % 20 == 0


@pytest.mark.parametrize(
    "lapse",
    [
        pytest.param(not_done("O_DSYNC", "bisms.test.journal"), id="line not synced"),
        pytest.param(not_done("fsync", "bisms.test.journal"), id="cut not synced"),
        pytest.param(not_done("ftruncate", "bisms.test.journal"), id="journal not cut"),
        pytest.param(not_done("fsync", "bisms.test.new"), id="snapshot not synced"),
        pytest.param(not_done("fsync", "bisms.test.mark.new"), id="mark not synced"),
        pytest.param(
            folder_not_synced("bisms.test.journal"), id="journal not in folder"
        ),
        pytest.param(folder_not_synced("bisms.test"), id="snapshot not in folder"),
        pytest.param(folder_not_synced("bisms.test.mark"), id="mark not in folder"),
        pytest.param(folder_not_synced(".storage"), id="folder not in folder"),
        pytest.param(folder_not_synced(".cache"), id="cache folder not in folder"),
        pytest.param(short_write_believed, id="short write believed"),
    ],
)
def test_a_lapse_of_ours_breaks_a_promise(tmp_path: Path, lapse: Lapse) -> None:
    """So that the test above would notice if the files module had it."""
    assert broken(tmp_path, lapse) is not None


def failing_at(call: str, name: str) -> Callable[[str, Path], int | None]:
    """Return the fault of a disk that carries out no such call for the file of a name."""
    return lambda called, path: (
        errno.EIO if (called, path.name) == (call, name) else None
    )


def killed_at(call: str, name: str) -> Callable[[str, Path], int | None]:
    """Return the fault of a process that is killed before a call for the file of a name."""

    def kill(called: str, path: Path) -> int | None:
        if (called, path.name) == (call, name):
            raise Crash
        return None

    return kill


@pytest.mark.parametrize("chance", CHANCES)
def test_a_snapshot_whose_name_may_be_lost_costs_no_journal(
    tmp_path: Path, chance: int
) -> None:
    """Killed before the folder was synced, then the power goes while the journal begins anew."""
    random = Random(chance)
    disk = Forgetful(tmp_path, random)
    home = cast(HomeAssistant, HomeFolder(tmp_path))
    with disk.mounted(), suppress(Crash):
        files = AccountFiles(home, "test")
        outcome(files.save({"is": "old"}))
        outcome(files.append(0, b"promised\n"))
        disk.fault = killed_at("fsync", ".storage")
        outcome(files.save({"is": "new"}))
    disk.fault = lambda call, path: None
    disk.last_call = disk.calls + random.randint(1, 10)
    with disk.mounted(), suppress(Crash):
        outcome(AccountFiles(home, "test").append(0, b"new\n"))
    disk.cut_power()

    found = outcome(AccountFiles(home, "test").load())
    assert found[:2] == ({"is": "old"}, b"promised\n") or found[0] == {"is": "new"}


@pytest.mark.parametrize("chance", CHANCES)
@pytest.mark.parametrize("end", [errno.EIO, "kill"])
def test_a_line_that_only_the_system_holds_is_written_again(
    tmp_path: Path, chance: int, end: int | str
) -> None:
    """It can be read after a restart, so that more is promised on top of it."""
    disk = Forgetful(tmp_path, Random(chance))
    home = cast(HomeAssistant, HomeFolder(tmp_path))
    with disk.mounted(), suppress(Crash, OSError):
        files = AccountFiles(home, "test")
        outcome(files.save({}))
        outcome(files.append(0, b"promised\n"))
        if end == "kill":
            disk.last_call = disk.calls + 2
        else:
            disk.fault = failing_at("pwrite", "bisms.test.journal")
        outcome(files.append(9, b"a line whose end may be missing\n"))
    disk.fault = lambda call, path: None
    with disk.mounted():
        files = AccountFiles(home, "test")
        found = outcome(files.load()).journal
        outcome(files.append(len(found), b" and more\n"))
    disk.cut_power()

    found_again = outcome(AccountFiles(home, "test").load()).journal
    assert found_again == found + b" and more\n"


@pytest.mark.parametrize("chance", CHANCES)
def test_a_journal_that_somebody_deleted_begins_anew(
    tmp_path: Path, chance: int
) -> None:
    """The new one's name is taken care of like the first one's."""
    disk = Forgetful(tmp_path, Random(chance))
    home = cast(HomeAssistant, HomeFolder(tmp_path))
    with disk.mounted():
        files = AccountFiles(home, "test")
        outcome(files.save({}))
        outcome(files.append(0, b"deleted\n"))
        (tmp_path / ".storage" / "bisms.test.journal").unlink()
        outcome(files.save({}))
        outcome(files.append(0, b"promised\n"))
    disk.cut_power()

    assert outcome(AccountFiles(home, "test").load()).journal == b"promised\n"


@pytest.mark.parametrize("chance", CHANCES)
def test_a_cut_that_failed_is_made_again(tmp_path: Path, chance: int) -> None:
    """The system shows the journal cut, but what stood there may still be on disk."""
    disk = Forgetful(tmp_path, Random(chance))
    files = AccountFiles(cast(HomeAssistant, HomeFolder(tmp_path)), "test")
    with disk.mounted():
        outcome(files.save({}))
        outcome(files.append(0, b"promised\n"))
        for call in ("pwrite", "fsync"):
            disk.fault = failing_at(call, "bisms.test.journal")
            with pytest.raises(OSError):
                outcome(files.append(9, b"a long line that was never promised\n"))
        disk.fault = lambda call, path: None
        outcome(files.append(9, b"short\n"))
    disk.cut_power()

    assert outcome(files.load()).journal == b"promised\nshort\n"
