"""Stop-watches: for calls side by side, the event loop, connections and memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
import gc
from pathlib import Path
from random import Random
from statistics import median
from threading import get_ident
import time

type Way = Callable[[], Awaitable[object]]

_BEAT = 0.002
_PAUSE = 0.003
_SEED = 9
_RESET_PEAK = "5"


async def side_by_side[NameT](
    ways: Mapping[NameT, Way], *, rounds: int, warm_up: int = 1, pause: float = _PAUSE
) -> dict[NameT, float]:
    """Return the median seconds of each way.

    All of them are tried in each round, each time in another order, and none before what
    the one before left over has ended.
    """
    shuffled = Random(_SEED)
    taken: dict[NameT, list[float]] = {name: [] for name in ways}
    for number in range(warm_up + rounds):
        for name in shuffled.sample(list(ways), len(ways)):
            await asyncio.sleep(pause)
            seconds = await timed(ways[name]())
            if number >= warm_up:
                taken[name].append(seconds)
    return {name: median(seconds) for name, seconds in taken.items()}


async def timed(work: Awaitable[object]) -> float:
    """Return how many seconds something takes."""
    begun = time.perf_counter()
    await work
    return time.perf_counter() - begun


@dataclass(slots=True)
class Blocks:
    """How long the event loop was held up, at worst, in seconds.

    `work` is what the processor did in one callback, or one step of a task: nothing else
    could run on the loop meanwhile. `clock` is the same by the clock, whatever else the
    machine did. `collecting` is one garbage collection, which counts as no callback's work:
    it walks all objects of the process. `late` is how much a timer fired too late.
    """

    work: float = 0.0
    clock: float = 0.0
    collecting: float = 0.0
    late: float = 0.0

    @property
    def aside(self) -> str:
        """Say what else kept the loop from its timers."""
        clock, collecting, late = (
            f"{each * 1e3:.3g} ms" for each in (self.clock, self.collecting, self.late)
        )
        return (
            f"{clock} by the clock; longest garbage collection {collecting}; "
            f"a timer up to {late} late"
        )


class _Watch:
    """Looks at everything that runs on an event loop."""

    def __init__(self) -> None:
        """Prepare to watch the running loop."""
        self.blocks = Blocks()
        self._loop = asyncio.get_running_loop()
        self._run = asyncio.Handle._run  # noqa: SLF001 (no other place to look)
        self._thread = get_ident()
        self._collected = self._collecting_since = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Stand between the loop and what it runs."""
        gc.callbacks.append(self._collect)
        asyncio.Handle._run = lambda handle: self._watched(handle)  # type: ignore[assignment, method-assign]  # noqa: PLW0108, SLF001
        self._beat(self._loop.time())

    def end(self) -> None:
        """Step aside."""
        asyncio.Handle._run = self._run  # type: ignore[method-assign]  # noqa: SLF001
        gc.callbacks.remove(self._collect)
        if self._timer is not None:
            self._timer.cancel()

    def _watched(self, handle: asyncio.Handle) -> None:
        self._collected = 0.0
        clock, work = time.perf_counter(), time.thread_time()
        self._run(handle)
        work = time.thread_time() - work - self._collected
        self.blocks.work = max(self.blocks.work, work)
        self.blocks.clock = max(self.blocks.clock, time.perf_counter() - clock)

    def _collect(self, phase: str, _: object) -> None:
        if get_ident() != self._thread:
            return
        if phase == "start":
            self._collecting_since = time.thread_time()
            return
        seconds = time.thread_time() - self._collecting_since
        self._collected += seconds
        self.blocks.collecting = max(self.blocks.collecting, seconds)

    def _beat(self, due: float) -> None:
        now = self._loop.time()
        self.blocks.late = max(self.blocks.late, now - due)
        self._timer = self._loop.call_at(now + _BEAT, self._beat, now + _BEAT)


@asynccontextmanager
async def watched_loop() -> AsyncIterator[Blocks]:
    """Watch the running event loop."""
    watch = _Watch()
    watch.begin()
    try:
        await asyncio.sleep(0)  # the step that is under way began unwatched
        yield watch.blocks
        await asyncio.sleep(0)
    finally:
        watch.end()
    await asyncio.sleep(0)  # the step in which the watch ends is watched to its own end


def connections(port: int) -> set[str]:
    """Return the connections to a port of this machine, those closed a minute ago too."""
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    tail = f":{port:04X}"
    clients = ((row[1], row[2]) for row in rows if row[3] != "0A")
    return {
        mine if theirs.endswith(tail) else theirs
        for mine, theirs in clients
        if mine.endswith(tail) or theirs.endswith(tail)
    }


def reset_peak_memory() -> float:
    """Forget the peak, and return the memory in use now, in MB."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text(_RESET_PEAK)
    return _status("VmRSS")


def peak_memory() -> float:
    """Return the most memory that was in use since the peak was forgotten, in MB."""
    return _status("VmHWM")


def _status(name: str) -> float:
    """Return a size from what the kernel knows of this process, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024
