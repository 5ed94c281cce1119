"""An account's files: the snapshot is Home Assistant's store, the journal lies beside it."""

from contextlib import suppress
from functools import partial
import os
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.json import load_json

from .const import DOMAIN

STORAGE_VERSION = 1

_PRIVATE = 0o600


class AccountFiles:
    """The two files in which an account's outbox survives a restart; private both."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Name them; nothing is read yet."""
        self._run = hass.async_add_executor_job
        self._store: Store[dict[str, Any]] = Store(
            hass,
            STORAGE_VERSION,
            f"{DOMAIN}.{entry_id}",
            private=True,
            atomic_writes=True,
            serialize_in_event_loop=False,
        )
        self._snapshot = Path(self._store.path)
        self._journal = Path(f"{self._store.path}.journal")

    async def load(self) -> tuple[Any, bytes]:
        """Return the snapshot, None when there is none, and the journal.

        Raises `HomeAssistantError` or `OSError` when one of them cannot be read.
        """
        journal = await self._run(self._read)
        return await self._store.async_load(), journal

    async def save(self, snapshot: dict[str, Any]) -> bool:
        """Replace the snapshot; return whether it is on disk.

        The store logs its errors, but does not raise them, and while Home Assistant stops
        it saves later. A file that was replaced, though, is another file.
        """
        before = await self._run(self._identity)
        await self._store.async_save(snapshot)
        return await self._run(self._identity) != before

    async def append(self, at: int, line: bytes) -> None:
        """Cut the journal at a length, and append; return when that is on disk for good.

        Raises `OSError` when it is not.
        """
        await self._run(self._append, at, line)

    async def keep_aside(self) -> str:
        """Rename files that make no sense; return the snapshot's new path."""
        kept_as = f"{self._snapshot}.unreadable.{dt_util.utcnow():%Y%m%dT%H%M%S}"
        await self._run(self._rename, kept_as)
        return kept_as

    async def remove(self) -> None:
        """Delete both."""
        await self._store.async_remove()
        await self._run(partial(self._journal.unlink, missing_ok=True))

    def _read(self) -> bytes:
        load_json(self._snapshot)  # the store would report a damaged one in its own way
        try:
            return self._journal.read_bytes()
        except FileNotFoundError:
            return b""

    def _identity(self) -> int | None:
        try:
            return self._snapshot.stat().st_ino
        except FileNotFoundError:
            return None

    def _append(self, at: int, line: bytes) -> None:
        flags = os.O_WRONLY | (os.O_CREAT if at == 0 else 0)
        with os.fdopen(os.open(self._journal, flags, _PRIVATE), "wb") as file:
            file.truncate(at)
            file.seek(at)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        if at == 0:
            self._sync_folder()

    def _sync_folder(self) -> None:
        """Let the journal's name be on disk for good too."""
        folder = os.open(self._journal.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _rename(self, kept_as: str) -> None:
        for file, name in (
            (self._snapshot, kept_as),
            (self._journal, f"{kept_as}.journal"),
        ):
            with suppress(FileNotFoundError):
                file.replace(name)
