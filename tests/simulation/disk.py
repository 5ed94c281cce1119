"""A disk that may be interrupted, full, slow or broken, and an account's files on it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from errno import EIO, ENOSPC
from random import Random
from typing import Any, NamedTuple

import orjson

from custom_components.bisms.outbox import Loaded, NotReplacedError

from .acts import DiskFault, DiskTrouble
from .plan import Plan

SLOWEST = 0.03
"""Seconds that a write takes at most on a disk that works."""

SLOW = (0.5, 12.0)
"""Seconds that a write takes on a slow one."""

_LOAD_FAILS = 0.5

WRITTEN_BACK_WITHIN = 60.0
"""Seconds after which the system itself has written what it was asked for in vain."""

SAYS_SO = 0.8
"""How often it is said that the old snapshot is still there, where it is."""

type Content = bytes | None


class Copy(NamedTuple):
    """What a backup has of an account's files, and when it had it."""

    snapshot: bytes
    journal: bytes
    mark: str | None
    at: float


class File:
    """What a file holds now, and what it may hold after a power cut."""

    def __init__(self) -> None:
        """Begin without one."""
        self.content: Content = None
        self._durable: Content = None
        self._changed_at = 0.0

    def put(self, content: Content, *, durable: bool = True, at: float = 0.0) -> None:
        """Change the content, for good or perhaps not."""
        self.content = content
        self._changed_at = at
        if durable:
            self._durable = content

    def cut_power(self, random: Random, at: float) -> float | None:
        """Lose what was not there for good a short time ago, or keep it; return since when."""
        is_sure = self.content == self._durable
        if (
            is_sure
            or at > self._changed_at + WRITTEN_BACK_WITHIN
            or random.random() < 0.5
        ):
            self._durable = self.content
            return None
        self.content = self._durable
        return self._changed_at


class Disk:
    """Keeps what was saved; a write takes a moment, and a power cut may lose any part of it.

    A write that has begun goes on when whoever waits for it is cancelled, as in a thread.
    """

    def __init__(
        self, random: Random, troubles: tuple[DiskTrouble, ...], fault_rate: float
    ) -> None:
        """Begin empty."""
        self.busy = asyncio.Event()
        self.writes = 0
        self.failures = 0
        self.behind_since: float | None = None
        self.failed_at = 0.0
        self._files = {name: File() for name in ("snapshot", "journal", "mark")}
        self._random = random
        self._troubles = troubles
        self._fault_rate = fault_rate
        self._outside = copy_context()
        self._under_way: dict[asyncio.TimerHandle, Callable[[float], None]] = {}

    @property
    def mark_content(self) -> str | None:
        """Return what the mark says."""
        content = self._files["mark"].content
        return None if content is None else content.decode()

    @property
    def is_written(self) -> bool:
        """Whether there is anything to back up."""
        return self._files["snapshot"].content is not None

    def cut_power(self) -> float | None:
        """Lose what is being written, or some of it, or nothing.

        Return since when files were lost that had been written, but not for good.
        """
        for timer, half_done in self._under_way.items():
            timer.cancel()
            half_done(self._random.random())
        self._under_way.clear()
        reverted = (
            file.cut_power(self._random, self._now()) for file in self._files.values()
        )
        return min((at for at in reverted if at is not None), default=None)

    async def load(self) -> Loaded:
        """Return what is there; fail as the disk does."""
        fault = self._fault()
        if fault is not None and fault is not DiskFault.IS_SLOW:
            if self._random.random() < _LOAD_FAILS:
                raise OSError(EIO, "Input/output error")
        snapshot = self._files["snapshot"].content
        return Loaded(
            None if snapshot is None else orjson.loads(snapshot),
            self._files["journal"].content or b"",
            self.mark_content,
        )

    async def save(self, snapshot: dict[str, Any]) -> None:
        """Replace the snapshot."""
        with self._keeping_up():
            try:
                await self._replace("snapshot", orjson.dumps(snapshot))
            except OSError as error:
                if error.errno == ENOSPC and self._random.random() < SAYS_SO:
                    raise NotReplacedError(ENOSPC, "No space left on device") from error
                raise
        self.behind_since = None

    async def mark(self, lineage: str) -> None:
        """Replace the mark."""
        with self._keeping_up():
            await self._replace("mark", lineage.encode())

    async def append(self, at: int, line: bytes) -> None:
        """Append to the journal; it is there for good when this returns."""
        file = self._files["journal"]
        kept = (file.content or b"")[:at].ljust(at, b"\0")

        def append(share: float, *, durable: bool = True) -> None:
            there = line[: int(share * len(line))]
            if share < 1 and self._random.random() < 0.5:
                # What came first need not be first on disk.
                there = bytes(len(there)) + line[len(there) :]
            file.put(kept + there, durable=durable, at=self._now())

        fault = self._fault()
        if fault is DiskFault.SNAPSHOTS_FAIL:
            fault = None
        with self._keeping_up():
            await self._write(append, fault, ENOSPC)
        self.behind_since = None

    def copy(self, name: str) -> bytes:
        """Return what a file holds, for a backup."""
        return self._files[name].content or b""

    def restore(self, copy: Copy, *, mark_is_gone: bool) -> None:
        """Put a backup back."""
        self._files["snapshot"].put(copy.snapshot)
        self._files["journal"].put(copy.journal or None)
        if mark_is_gone:
            self._files["mark"].put(None)

    @contextmanager
    def _keeping_up(self) -> Iterator[None]:
        """Note since when what is on disk is behind what happened."""
        try:
            yield
        except OSError:
            self.failed_at = self._now()
            if self.behind_since is None:
                self.behind_since = self._now()
            raise

    async def _replace(self, name: str, content: bytes) -> None:
        file = self._files[name]

        def replace(share: float, *, durable: bool = True) -> None:
            if share > 0.5:
                file.put(content, durable=durable, at=self._now())

        fault = self._fault()
        if fault is DiskFault.LINES_FAIL:
            fault = None
        # Whatever fails before the new file takes the place of the old one leaves that.
        is_replaced = fault is DiskFault.FAILS_AFTERWARDS
        await self._write(replace, fault, EIO if is_replaced else ENOSPC)

    async def _write(
        self, half_done: Callable[..., None], fault: DiskFault | None, error: int
    ) -> None:
        """Write all of something, or fail at some point of it."""
        self.writes += 1
        self.busy.set()
        seconds = self._random.uniform(0.0005, SLOWEST)
        if fault is DiskFault.IS_SLOW:
            seconds = self._random.uniform(*SLOW)
        loop = asyncio.get_running_loop()
        written: asyncio.Future[None] = loop.create_future()

        def end() -> None:
            del self._under_way[timer]
            self._end(half_done, fault)
            if not written.done():
                written.set_result(None)

        timer = loop.call_later(seconds, end, context=self._outside)
        self._under_way[timer] = half_done
        await written
        if fault not in {None, DiskFault.IS_SLOW}:
            raise OSError(error, "The disk fails")

    def _end(self, half_done: Callable[..., None], fault: DiskFault | None) -> None:
        """Let a write end, well or not."""
        if fault is None or fault is DiskFault.IS_SLOW:
            half_done(1)
            return
        self.failures += 1
        if fault is DiskFault.FAILS_AFTERWARDS:
            half_done(1, durable=False)
        elif fault is not DiskFault.FAILS:
            half_done(self._random.uniform(0, 0.5))

    def _fault(self) -> DiskFault | None:
        now = self._now()
        for trouble in self._troubles:
            if trouble.begins <= now < trouble.ends:
                return trouble.fault
        if self._random.random() < self._fault_rate:
            return self._random.choice(list(DiskFault))
        return None

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def saved_within(plan: Plan, account: int) -> float:
    """Return the seconds after which what happened is on disk, unless the disk fails.

    A message may have to wait for other writes.
    """
    is_slow = plan.circumstances.disk_fault_rate or any(
        trouble.fault is DiskFault.IS_SLOW and trouble.account == account
        for trouble in plan.disk_troubles
    )
    return 4 * (SLOW[1] if is_slow else SLOWEST)
