"""A disk that forgets, in a power cut, what was not synced.

`Forgetful` stands in for the functions of `os` that write below a folder. The folder is real
and shows what a running system would see; beside it the disk keeps what would be left. What
a file's `fsync` did not cover may be there, in part, as zeros or not at all after a power
cut, and so may each name that the folder's `fsync` did not cover.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
import os
from pathlib import Path
from random import Random
import shutil
from typing import Any

import pytest

BLOCK = 16
"""Bytes that reach the disk together."""


class Crash(BaseException):
    """The process is killed, or the power goes; nothing of it runs any more."""


@dataclass(slots=True)
class _Change:
    """A write at an offset, or a cut to a length, and whether it is on disk for good."""

    at: int
    data: bytes | None
    synced: bool = False
    lost: bool = False

    def apply(self, content: bytearray) -> None:
        """Carry it out, all of it."""
        if self.data is None:
            del content[self.at :]
        content.extend(bytes(max(0, self.at - len(content))))
        if self.data is not None:
            content[self.at : self.at + len(self.data)] = self.data

    def apply_in_part(self, content: bytearray, random: Random) -> None:
        """Carry out what a power cut may leave of it."""
        extent = random.choice(["none", "all", "part"])
        if extent == "none":
            return
        if extent == "all" or self.data is None:
            self.apply(content)
            return
        length = random.randint(0, len(self.data))
        before = bytes(content[self.at : self.at + length]).ljust(length, b"\0")
        for start in range(0, length, BLOCK):
            source = random.choice([self.data, before])
            block = source[start : min(start + BLOCK, length)]
            _Change(self.at + start, block).apply(content)


@dataclass(slots=True)
class _File:
    """What of a file is on disk for good, and what has changed since."""

    content: bytearray = field(default_factory=bytearray)
    changes: list[_Change] = field(default_factory=list)

    def settle(self) -> None:
        """Let be content what is certain, as long as nothing uncertain comes before it."""
        while self.changes and self.changes[0].synced:
            self.changes.pop(0).apply(self.content)

    def sync(self) -> None:
        """Let everything be on disk for good, but what a failure before has lost."""
        for change in self.changes:
            change.synced = not change.lost
        self.settle()

    def fail_to_sync(self) -> None:
        """Forget that what was written had to reach the disk, as Linux does."""
        for change in self.changes:
            change.lost |= not change.synced and change.data is not None

    def left(self, random: Random) -> bytes:
        """Return what a power cut leaves."""
        content = bytearray(self.content)
        for change in self.changes:
            if change.synced:
                change.apply(content)
            else:
                change.apply_in_part(content, random)
        return bytes(content)


@dataclass(slots=True)
class _Folder:
    """What a folder's names mean: now, for good, and the changes between, each in one go."""

    now: dict[str, _File | _Folder] = field(default_factory=dict)
    synced: dict[str, _File | _Folder] = field(default_factory=dict)
    changes: list[dict[str, _File | _Folder | None]] = field(default_factory=list)

    def change(self, names: dict[str, _File | _Folder | None]) -> None:
        """Give names or, for None, take them away."""
        _give(self.now, names)
        self.changes.append(names)

    def sync(self) -> None:
        """Let the names be on disk for good."""
        self.synced, self.changes = dict(self.now), []

    def left(self, random: Random) -> dict[str, _File | _Folder]:
        """Return the names that a power cut leaves."""
        names = dict(self.synced)
        for change in self.changes:
            if random.choice([True, False]):
                _give(names, change)
        return names


def _give(
    names: dict[str, _File | _Folder], change: dict[str, _File | _Folder | None]
) -> None:
    for name, what in change.items():
        if what is None:
            names.pop(name, None)
        else:
            names[name] = what


@dataclass(slots=True)
class _Open:
    """An open file or folder, and whether each write to it is synced."""

    path: Path
    what: _File | _Folder
    syncs: bool


class Forgetful:
    """The disk below a folder.

    Attributes
    ----------
    calls
        How many calls there were that a process can end with, or fail.
    last_call
        The number of the call during which the process ends.
    fault
        Asked before each call, with its name and its file; returns the error it fails with.
    is_short
        Asked before each write; whether it takes only a part.
    ignores
        Asked before each call, with its name and its file, and with `O_DSYNC` for an opening
        with that flag; whether it reports to be done what is not. Of a write half is done.
    """

    def __init__(self, root: Path, random: Random) -> None:
        """Take what is below the folder for synced."""
        self.calls = 0
        self.last_call: int | None = None
        self.fault: Callable[[str, Path], int | None] = lambda call, path: None
        self.is_short: Callable[[], bool] = lambda: False
        self.ignores: Callable[[str, Path], bool] = lambda call, path: False
        self._random = random
        self._root = root
        self._tree = _read(root)
        self._open: dict[int, _Open] = {}
        self._real: dict[str, Any] = {}

    @contextmanager
    def mounted(self) -> Iterator[None]:
        """Stand in for the functions of `os` while a process runs, which uses nothing else."""
        stand_ins = {
            "open": self._open_file,
            "close": self._close,
            "pwrite": self._pwrite,
            "ftruncate": self._ftruncate,
            "fsync": self._fsync,
            "mkdir": self._mkdir,
            "rename": self._rename,
            "replace": self._rename,
            "unlink": self._unlink,
        }
        with pytest.MonkeyPatch.context() as patch:
            for name, stand_in in stand_ins.items():
                self._real[name] = getattr(os, name)
                patch.setattr(os, name, stand_in)
            try:
                yield
            finally:
                self.last_call = None

    def cut_power(self) -> None:
        """Forget what was not synced, or some of it."""
        _write(self._root, self._tree, self._random)
        self._tree = _read(self._root)

    def unsynced_names(self, folder: Path) -> set[str]:
        """Return the names that were given or taken since a folder was synced."""
        if not folder.is_dir():
            return set()
        return {name for change in self._folder(folder).changes for name in change}

    def _call(self, name: str, path: Path) -> bool:
        """Count a call, or fail it; return whether it is to do anything."""
        self.calls += 1
        if self.last_call is not None and self.calls > self.last_call:
            raise Crash
        error = self.fault(name, path)
        if error is not None:
            raise OSError(error, os.strerror(error), str(path))
        return not self.ignores(name, path)

    def _end(self) -> None:
        """End the process during its last call, what that does being seen but not synced."""
        if self.calls == self.last_call:
            raise Crash

    def _folder(self, path: Path) -> _Folder:
        folder = self._tree
        for part in path.relative_to(self._root).parts:
            inner = folder.now[part]
            assert isinstance(inner, _Folder)
            folder = inner
        return folder

    def _open_file(self, path: Path, flags: int, mode: int = 0o777) -> int:
        self._call("open", path)
        descriptor: int = self._real["open"](path, flags & ~os.O_DSYNC, mode)
        what = self._opened(path)
        if flags & os.O_TRUNC:
            assert isinstance(what, _File)
            what.changes.append(_Change(0, None))
        syncs = bool(flags & os.O_DSYNC) and not self.ignores("O_DSYNC", path)
        self._open[descriptor] = _Open(path, what, syncs)
        try:
            self._end()
        except Crash:
            self._close(descriptor)
            raise
        return descriptor

    def _opened(self, path: Path) -> _File | _Folder:
        """Return what is called so; a file that was just created is new."""
        if path == self._root:
            return self._tree
        folder = self._folder(path.parent)
        if path.name not in folder.now:
            folder.change({path.name: _File()})
        return folder.now[path.name]

    def _close(self, descriptor: int) -> None:
        self._open.pop(descriptor, None)
        self._real["close"](descriptor)

    def _pwrite(self, descriptor: int, data: bytes, at: int) -> int:
        opened = self._open[descriptor]
        assert isinstance(opened.what, _File)
        claimed = len(data)
        try:
            if not self._call("pwrite", opened.path):
                data = data[: len(data) // 2]
            elif self.is_short():
                claimed = self._random.randint(1, len(data))
                data = data[:claimed]
        except OSError:
            part = data[: self._random.randint(0, len(data))]
            self._real["pwrite"](descriptor, part, at)
            opened.what.changes.append(_Change(at, part, lost=True))
            raise
        self._real["pwrite"](descriptor, data, at)
        change = _Change(at, data)
        opened.what.changes.append(change)
        self._end()
        change.synced = opened.syncs
        opened.what.settle()
        return claimed

    def _ftruncate(self, descriptor: int, length: int) -> None:
        opened = self._open[descriptor]
        assert isinstance(opened.what, _File)
        if self._call("ftruncate", opened.path):
            self._real["ftruncate"](descriptor, length)
            opened.what.changes.append(_Change(length, None))
        self._end()

    def _fsync(self, descriptor: int) -> None:
        opened = self._open[descriptor]
        try:
            done = self._call("fsync", opened.path)
        except OSError:
            if isinstance(opened.what, _File):
                opened.what.fail_to_sync()
            raise
        self._end()
        if done:
            opened.what.sync()

    def _mkdir(self, path: Path, mode: int) -> None:
        self._call("mkdir", path)
        self._real["mkdir"](path, mode)
        self._folder(path.parent).change({path.name: _Folder()})
        self._end()

    def _rename(self, old: Path, new: Path) -> None:
        self._call("rename", old)
        self._real["replace"](old, new)
        folder = self._folder(old.parent)
        assert new.parent == old.parent
        folder.change({old.name: None, new.name: folder.now[old.name]})
        self._end()

    def _unlink(self, path: Path) -> None:
        self._call("unlink", path)
        self._real["unlink"](path)
        self._folder(path.parent).change({path.name: None})
        self._end()


def _read(root: Path) -> _Folder:
    """Return what is below a folder, all of it synced."""
    folder = _Folder(
        {
            path.name: _read(path)
            if path.is_dir()
            else _File(bytearray(path.read_bytes()))
            for path in root.iterdir()
        }
    )
    folder.sync()
    return folder


def _write(root: Path, folder: _Folder, random: Random) -> None:
    """Leave below a folder what a power cut leaves."""
    left = folder.left(random)
    for path in root.iterdir():
        if path.name in left:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    for name, what in left.items():
        if isinstance(what, _File):
            (root / name).write_bytes(what.left(random))
        else:
            (root / name).mkdir(exist_ok=True)
            _write(root / name, what, random)
