"""Whoever waits for the disk at the same time shares a write, and no failure stops anything."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from custom_components.bisms.outbox.commit import RETRY_AFTER, GroupCommit
from tests.simulation.loop import VirtualLoop

fails = pytest.mark.expects_log(
    "The outbox cannot be saved", "Saving the outbox failed with OSError"
)

PRIVATE = "tops3cret"


class Disk:
    """Takes a second for a write, which may fail; remembers when writes began."""

    def __init__(self) -> None:
        """Begin with nothing written."""
        self.loop = asyncio.get_running_loop()
        self.begun: list[float] = []
        self.failing = False
        self.tasks: list[asyncio.Task[None]] = []
        self.names: list[str] = []
        self.commit = GroupCommit(self.write, self._spawn)
        self._under_way = 0

    async def write(self) -> None:
        """Write."""
        self.begun.append(self.loop.time())
        self._under_way += 1
        assert self._under_way == 1
        try:
            await asyncio.sleep(1)
        finally:
            self._under_way -= 1
        if self.failing:
            raise OSError(PRIVATE)

    async def change(self) -> float:
        """Change something and wait for the disk; return the time then."""
        self.commit.changed()
        await self.commit.flush()
        return self.loop.time()

    def _spawn(
        self, coroutine: Coroutine[Any, Any, None], name: str
    ) -> asyncio.Task[None]:
        task = asyncio.Task(coroutine, loop=self.loop, name=name, eager_start=True)
        self.tasks.append(task)
        self.names.append(name)
        return task


def play(scenario: Callable[[Disk], Coroutine[Any, Any, None]]) -> None:
    """Play a scenario on virtual seconds."""

    async def run() -> None:
        disk = Disk()
        await scenario(disk)
        for task in disk.tasks:
            task.cancel()
        await asyncio.gather(*disk.tasks, return_exceptions=True)

    loop = VirtualLoop()
    try:
        loop.run_until_complete(run())
    finally:
        loop.close()


async def both(disk: Disk) -> list[float]:
    """Change something twice in the same moment; return when each was over."""
    return list(await asyncio.gather(disk.change(), disk.change()))


def test_nothing_is_written_when_nothing_changed() -> None:
    """Nor when it has been written already."""

    async def scenario(disk: Disk) -> None:
        await disk.commit.flush()
        disk.commit.begin()
        assert disk.begun == []
        assert await disk.change() == 1
        await disk.commit.flush()
        disk.commit.begin()
        assert disk.begun == [0]
        assert disk.names == ["bisms save"]

    play(scenario)


def test_a_change_alone_writes_nothing() -> None:
    """Until somebody says that it is time."""

    async def scenario(disk: Disk) -> None:
        disk.commit.changed()
        await asyncio.sleep(10)
        assert disk.begun == []
        disk.commit.begin()
        assert disk.begun == [10]
        await asyncio.sleep(10)
        assert disk.begun == [10]

    play(scenario)


def test_what_changes_during_a_write_goes_with_the_next_one() -> None:
    """However many wait for it, one write at a time."""

    async def scenario(disk: Disk) -> None:
        first = asyncio.ensure_future(disk.change())
        await asyncio.sleep(0.5)
        others = [disk.change() for _ in range(50)]
        assert await asyncio.gather(*others) == [2] * 50
        assert await first == 1
        assert disk.begun == [0, 1]
        assert len(disk.tasks) == 1

    play(scenario)


def test_what_is_begun_during_a_write_is_written_after_it() -> None:
    """Nobody waits for it, but it must not stay in memory until something else happens."""

    async def scenario(disk: Disk) -> None:
        disk.commit.changed()
        disk.commit.begin()
        await asyncio.sleep(0.5)
        disk.commit.changed()
        disk.commit.begin()
        await asyncio.sleep(5)
        assert disk.begun == [0, 1]
        await disk.commit.flush()
        assert disk.begun == [0, 1]

    play(scenario)


def test_who_waits_for_an_earlier_change_need_not_wait_for_a_later_one() -> None:
    """A change made while he waits is another's."""

    async def scenario(disk: Disk) -> None:
        disk.commit.changed()
        early = asyncio.ensure_future(disk.commit.flush())
        await asyncio.sleep(0.5)
        late = asyncio.ensure_future(disk.change())
        await asyncio.sleep(0.75)
        assert early.done()
        assert not late.done()
        await late
        assert disk.loop.time() == 2

    play(scenario)


def test_one_who_no_longer_waits_takes_nothing_from_others() -> None:
    """As a call whose script is stopped."""

    async def scenario(disk: Disk) -> None:
        disk.commit.changed()
        first = asyncio.ensure_future(disk.commit.flush())
        second = asyncio.ensure_future(disk.commit.flush())
        await asyncio.sleep(0)
        first.cancel()
        await second
        assert first.cancelled()
        assert disk.begun == [0]

    play(scenario)


@fails
def test_nobody_is_kept_waiting_by_a_write_that_fails() -> None:
    """It could not be written, and that is that; the next who asks tries again."""

    async def scenario(disk: Disk) -> None:
        disk.failing = True
        assert await both(disk) == [1, 2]
        assert await disk.change() == 3
        disk.failing = False
        await disk.commit.flush()
        assert disk.loop.time() == 4
        await disk.commit.flush()
        assert disk.begun == [0, 1, 2, 3]

    play(scenario)


@fails
def test_a_write_that_failed_is_tried_again_by_itself_with_growing_pauses() -> None:
    """The last one repeats; and there is an end once it worked."""

    async def scenario(disk: Disk) -> None:
        disk.failing = True
        await disk.change()
        await asyncio.sleep(220)
        assert disk.begun == [0, 2, 8, 39, 100, 161]
        disk.failing = False
        await asyncio.sleep(1000)
        assert disk.begun == [0, 2, 8, 39, 100, 161, 222]

        # And begin anew with the next failure.
        disk.failing = True
        at = await disk.change()
        await asyncio.sleep(1.5)
        assert disk.begun[-1] == at + RETRY_AFTER[0]

    assert RETRY_AFTER == (1, 5, 30, 60)
    play(scenario)


@fails
def test_a_failure_puts_off_the_try_that_was_planned() -> None:
    """Else tries would come in droves."""

    async def scenario(disk: Disk) -> None:
        disk.failing = True
        await disk.change()
        await disk.change()
        assert disk.begun == [0, 1]
        await asyncio.sleep(4.5)
        assert disk.begun == [0, 1]
        await asyncio.sleep(1)
        assert disk.begun == [0, 1, 7]

    play(scenario)


@fails
def test_a_disk_that_fails_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    """And again when it had worked in between."""

    def told() -> int:
        return caplog.messages.count(
            "The outbox cannot be saved. Messages go out all the same, but would be lost "
            "with the power: the disk may be full or damaged"
        )

    async def scenario(disk: Disk) -> None:
        disk.failing = True
        for _ in range(5):
            await disk.change()
        assert told() == 1
        disk.failing = False
        await disk.change()
        disk.failing = True
        await disk.change()
        assert told() == 2

    play(scenario)
    assert PRIVATE not in caplog.text
    assert "in write" in caplog.text
    assert "custom_components.bisms.outbox.commit" in {r.name for r in caplog.records}


def test_after_the_close_nothing_is_written() -> None:
    """And nobody waits for it."""

    async def scenario(disk: Disk) -> None:
        disk.commit.changed()
        disk.commit.close()
        await disk.commit.flush()
        disk.commit.begin()
        assert disk.loop.time() == 0
        await asyncio.sleep(100)
        assert disk.begun == []

    play(scenario)


def test_a_write_under_way_at_the_close_is_the_last_one() -> None:
    """Whoever waits for another one is let go."""

    async def scenario(disk: Disk) -> None:
        first = asyncio.ensure_future(disk.change())
        await asyncio.sleep(0.25)
        second = asyncio.ensure_future(disk.change())
        await asyncio.sleep(0.25)
        disk.commit.close()
        assert [await first, await second] == [1, 1]
        await asyncio.sleep(100)
        assert disk.begun == [0]

    play(scenario)


@fails
def test_no_write_is_tried_again_after_the_close() -> None:
    """The files are another's."""

    async def scenario(disk: Disk) -> None:
        disk.failing = True
        await disk.change()
        disk.commit.close()
        await asyncio.sleep(100)
        assert disk.begun == [0]

    play(scenario)


@fails
def test_a_write_that_fails_after_the_close_is_not_tried_again() -> None:
    """Though it was begun before."""

    async def scenario(disk: Disk) -> None:
        disk.failing = True
        disk.commit.changed()
        disk.commit.begin()
        await asyncio.sleep(0.5)
        disk.commit.close()
        await asyncio.sleep(100)
        assert disk.begun == [0]

    play(scenario)


def test_a_write_that_is_cut_off_keeps_nobody_waiting() -> None:
    """And the next one writes it all."""

    async def scenario(disk: Disk) -> None:
        calls = [asyncio.ensure_future(disk.change()) for _ in range(3)]
        await asyncio.sleep(0.5)
        disk.tasks[0].cancel()
        assert await asyncio.gather(*calls) == [0.5] * 3
        await disk.commit.flush()
        assert disk.loop.time() == 1.5
        assert disk.begun == [0, 0.5]

    play(scenario)


def test_a_write_that_is_under_way_is_waited_for_at_the_end() -> None:
    """Its successor must not read files that are being written."""

    async def scenario(disk: Disk) -> None:
        disk.commit.changed()
        disk.commit.begin()
        await asyncio.sleep(0.25)
        disk.commit.close()
        begun = asyncio.get_running_loop().time()
        await disk.commit.ended()
        assert asyncio.get_running_loop().time() - begun == 0.75
        await disk.commit.ended()

    play(scenario)
