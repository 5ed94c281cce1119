"""Whoever waits for the disk at the same time shares a write."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from custom_components.bisms.commit import GroupCommit


class Disk:
    """Takes a moment for a write, which may fail."""

    def __init__(self) -> None:
        """Begin with nothing written."""
        self.writes = 0
        self.under_way = 0
        self.failing = False
        self.commit = GroupCommit(self.write, self._spawn)

    async def write(self) -> None:
        """Write."""
        self.under_way += 1
        assert self.under_way == 1
        await asyncio.sleep(0.001)
        self.under_way -= 1
        if self.failing:
            raise OSError("No space left on device")
        self.writes += 1

    def _spawn(
        self, coroutine: Coroutine[Any, Any, None], name: str
    ) -> asyncio.Task[None]:
        loop = asyncio.get_running_loop()
        return asyncio.Task(coroutine, loop=loop, name=name, eager_start=True)


async def test_nothing_is_written_when_nothing_changed() -> None:
    """Nor when it has been written already."""
    disk = Disk()
    await disk.commit.flush()
    assert disk.writes == 0

    disk.commit.changed()
    await disk.commit.flush()
    await disk.commit.flush()
    assert disk.writes == 1


async def test_what_changes_during_a_write_goes_with_the_next_one() -> None:
    """However many wait for it, one write at a time."""
    disk = Disk()

    async def change() -> int:
        disk.commit.changed()
        await disk.commit.flush()
        return disk.writes

    assert await asyncio.gather(*(change() for _ in range(50))) == [1, *[2] * 49]


async def test_one_who_no_longer_waits_takes_nothing_from_others() -> None:
    """As a call whose script is stopped."""
    disk = Disk()
    disk.commit.changed()
    first = asyncio.ensure_future(disk.commit.flush())
    second = asyncio.ensure_future(disk.commit.flush())
    await asyncio.sleep(0)
    first.cancel()
    await second

    assert first.cancelled()
    assert disk.writes == 1


async def test_a_write_that_fails_is_told_to_all_and_tried_again_by_the_next() -> None:
    """It is not written yet."""
    disk = Disk()
    disk.failing = True
    disk.commit.changed()
    flushes = (disk.commit.flush(), disk.commit.flush())
    failures = await asyncio.gather(*flushes, return_exceptions=True)
    assert [type(failure) for failure in failures] == [OSError, OSError]

    with pytest.raises(OSError, match="No space"):
        await disk.commit.flush()
    disk.failing = False
    await disk.commit.flush()
    assert disk.writes == 1
