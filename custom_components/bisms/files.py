"""An account's files on disk: the snapshot, the journal, and the mark that no backup holds.

They are written past Home Assistant's `Store`, which swallows errors, and waits while Home
Assistant stops. A file that is replaced is written beside the old one first; what is
written, and that it is there, is on disk for good before anyone is told. What an earlier
run wrote may not be, though this run can read it: the first append makes sure of that.

The mark lies in the cache folder, which backups leave out: the one file that does not come
back with the others shows that they are older than what ran.
"""

from contextlib import suppress
import errno
import os
from pathlib import Path
from threading import Lock
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.util import dt as dt_util
import orjson

from .const import DOMAIN
from .outbox import Loaded, NotReplacedError, UnreadableStoreError

_PRIVATE = 0o600


class AccountFiles:
    """The files in which an account's outbox survives a restart; all of them private."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Name them; nothing is read yet."""
        name = f"{DOMAIN}.{entry_id}"
        self._run = hass.async_add_executor_job
        self._snapshot = Path(hass.config.path(STORAGE_DIR, name))
        self._journal = self._snapshot.with_name(f"{name}.journal")
        self._mark = Path(hass.config.cache_path(f"{name}.mark"))
        # A call that is cancelled goes on in its thread.
        self._one_at_a_time = Lock()
        self._settled = False

    async def load(self) -> Loaded:
        """Return what the files hold.

        Raises
        ------
        OSError
            The disk fails.
        UnreadableStoreError
            The snapshot is no JSON.
        """
        return await self._run(self._load)

    async def save(self, snapshot: dict[str, Any]) -> None:
        """Replace the snapshot.

        Raises
        ------
        NotReplacedError
            The old one is certainly still there.
        OSError
            The old one may still be there.
        """
        await self._run(self._save, snapshot)

    async def append(self, at: int, line: bytes) -> None:
        """Cut the journal at a length, and append; raise `OSError` when that is not on disk."""
        await self._run(self._append, at, line)

    async def mark(self, lineage: str) -> None:
        """Replace the mark; raise `OSError` when the old one may still be there."""
        await self._run(self._save_mark, lineage)

    async def keep_aside(self) -> str:
        """Rename files that make no sense, and drop the mark; return the snapshot's new path."""
        kept_as = f"{self._snapshot}.unreadable.{dt_util.utcnow():%Y%m%dT%H%M%S}"
        await self._run(self._rename, kept_as)
        return kept_as

    async def remove(self) -> None:
        """Delete whichever there are."""
        await self._run(self._delete)

    def _load(self) -> Loaded:
        with self._one_at_a_time:
            snapshot, journal, mark = map(
                _content, (self._snapshot, self._journal, self._mark)
            )
        try:
            return Loaded(
                None if snapshot is None else orjson.loads(snapshot),
                journal or b"",
                None if mark is None else mark.decode(errors="replace"),
            )
        except orjson.JSONDecodeError as err:
            raise UnreadableStoreError(str(err)) from err

    def _save(self, snapshot: dict[str, Any]) -> None:
        with self._one_at_a_time:
            _replace(self._snapshot, orjson.dumps(snapshot))

    def _save_mark(self, lineage: str) -> None:
        with self._one_at_a_time:
            _replace(self._mark, lineage.encode())

    def _append(self, at: int, line: bytes) -> None:
        with self._one_at_a_time:
            settled, self._settled = self._settled and at > 0, False
            # With the flag, each write returns when it is on disk.
            flags = os.O_RDWR | os.O_DSYNC | (0 if at else os.O_CREAT)
            journal = os.open(self._journal, flags, _PRIVATE)
            try:
                if not settled or os.fstat(journal).st_size != at:
                    # The snapshot that the old lines continue may still be the one on disk.
                    _sync_name(self._journal)
                    _cut(journal, at)
                _write(journal, line, at)
            finally:
                os.close(journal)
            self._settled = True

    def _rename(self, kept_as: str) -> None:
        with self._one_at_a_time:
            for file, name in (
                (self._snapshot, kept_as),
                (self._journal, f"{kept_as}.journal"),
            ):
                with suppress(FileNotFoundError):
                    file.rename(name)
            self._mark.unlink(missing_ok=True)

    def _delete(self) -> None:
        with self._one_at_a_time:
            for file in (
                self._snapshot,
                _beside(self._snapshot),
                self._journal,
                self._mark,
                _beside(self._mark),
            ):
                file.unlink(missing_ok=True)


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def _beside(file: Path) -> Path:
    """Return where a file's next content is written; always there, so that one is left at most."""
    return file.with_name(f"{file.name}.new")


def _replace(file: Path, content: bytes) -> None:
    """Let a file have other content, or in a power cut the one it had."""
    new = _beside(file)
    try:
        file.parent.mkdir(exist_ok=True)
        _create(new, content)
    except OSError as err:
        # A disk that is full needs the room.
        with suppress(OSError):
            new.unlink()
        raise NotReplacedError(*err.args) from err
    new.replace(file)
    _sync_name(file)


def _create(file: Path, content: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
    try:
        _write(descriptor, content, 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _cut(journal: int, at: int) -> None:
    """Cut the journal for good, or old lines could follow a shorter one written over them.

    What is kept is written again: after an error the system would still show it, and let
    it be lost.
    """
    if os.fstat(journal).st_size < at:
        raise OSError(errno.ESTALE, "The journal lacks its beginning")
    os.ftruncate(journal, at)
    _write(journal, os.pread(journal, at, 0), 0)
    os.fsync(journal)


def _write(descriptor: int, content: bytes, at: int) -> None:
    """Write all of it, in as many pieces as the system takes."""
    while content:
        written = os.pwrite(descriptor, content, at)
        content, at = content[written:], at + written


def _sync_name(file: Path) -> None:
    """Let it be on disk for good that a file, and its folder, are called so."""
    for folder in file.parents[:2]:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
