"""Many messages at once: as a burst, after an outage of an hour, and in the store."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from copy import replace
from functools import partial
from itertools import batched
import os
from pathlib import Path
from statistics import median
import time

from aiohttp import ClientSession
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util.file import write_utf8_file_atomic

from custom_components.bisms.files import AccountFiles
from custom_components.bisms.outbox import Delivery
from custom_components.bisms.outbox.journal import Journal, Saved
from scripts.simulator_process import SimulatorProcess

from .disks import Disk
from .home import (
    OPTIONS,
    RECIPIENT,
    account,
    ask,
    in_home_assistant,
    provider,
    store_size,
)
from .hurry import HurriedLoop
from .measuring import (
    Blocks,
    Way,
    peak_memory,
    reset_peak_memory,
    side_by_side,
    timed,
    watched_loop,
)
from .ours import Texts, accepted, bare_get, check, let_outboxes_follow, outbox_of
from .report import Figure, Part, at_least, at_most, number
from .scale import Scale

_BURST, _QUEUEING, _RELEASE = 2800.0, 2500.0, 3500.0
_LONGEST_BLOCK = 20.0
_HOUR, _LAST_MINUTES, _SHORT = 3600.0, 120.0, 15.0
_PATIENT = {**OPTIONS, "expire_after": 24 * 60}
_AT_A_TIME, _ON_THE_WIRE = 100, 4
_PAUSE = 0.2
_LINEAR = 1.0
_GIVE_UP = 240
_TEXT = "Kapı açıldı. Lütfen kontrol edin."
_STORE_BYTES, _RECORD_BYTES = 320_000, 640


def measure(scale: Scale, disk: Disk) -> Part:
    """Measure the part."""
    return Part(
        "3. Bursts",
        [
            *in_home_assistant(partial(_burst, scale=scale)),
            *in_home_assistant(partial(_outage, scale=scale), loop_factory=HurriedLoop),
            *in_home_assistant(partial(_blocks, scale=scale), loop_factory=HurriedLoop),
            *in_home_assistant(partial(_saves, scale=scale)),
        ],
        [
            "Each message of a burst and of an outage arrived once, and is on disk as sent."
        ],
    )


async def _burst(hass: HomeAssistant, *, scale: Scale) -> list[Figure]:
    """Send many at once, and as many bare requests as few at a time as ours."""
    texts, bare = Texts(), Texts()
    async with provider(hass) as simulator:
        entry = account(simulator.url)
        await hass.config_entries.async_add(entry)
        session = async_get_clientsession(hass)
        memory = reset_peak_memory()
        await _at_once(hass, texts, scale.burst)
        memory = peak_memory() - memory
        ways: dict[str, Way] = {
            "ours": partial(_at_once, hass, texts, scale.burst),
            "bare": partial(_bare_at_once, session, simulator.url, bare, scale.burst),
        }
        taken = await side_by_side(ways, rounds=scale.repeats, warm_up=0, pause=_PAUSE)
        async with watched_loop() as blocks:
            await _at_once(hass, texts, scale.burst)
        await check(hass, simulator, texts.sent | bare.sent, {entry: texts.sent})
    what = f"{scale.burst:,} calls at once"
    return [
        Figure(
            f"{scale.burst:,} bare GETs, {_ON_THE_WIRE} on the wire",
            f"{number(scale.burst / taken['bare'])}/s",
        ),
        at_least(what, scale.burst / taken["ours"], _BURST, "SMS/s"),
        _longest_block(what, blocks),
        Figure(f"{what}: memory on top, at its peak", f"{number(memory)} MB"),
    ]


async def _outage(hass: HomeAssistant, *, scale: Scale) -> list[Figure]:
    """Queue many in the last minutes of an hour in which nothing listens.

    The hour passes on the loop's clock in some seconds; all else is in real time.
    """
    texts = Texts()
    async with _down(hass) as (simulator, entry):
        memory = reset_peak_memory()
        await _queue(hass, texts, 1)
        await _let_pass(_HOUR - _LAST_MINUTES)
        queued = await timed(_queue(hass, texts, scale.outage - 1))
        passing = await timed(_let_pass(_LAST_MINUTES))
        rate = await _released(hass, entry, simulator, scale.outage)
        memory = peak_memory() - memory
        await check(hass, simulator, texts.sent, {entry: texts.sent})
        size = await hass.async_add_executor_job(store_size, hass)
    what = f"{scale.outage:,} messages after an outage of an hour"
    return [
        at_least(
            f"{scale.outage:,} calls while the provider is down",
            (scale.outage - 1) / queued,
            _QUEUEING,
            "messages/s",
        ),
        at_least(what, rate, _RELEASE, "SMS/s"),
        Figure(
            f"{what}: what two minutes of retries took",
            f"{number(passing)} s of one core",
        ),
        Figure(f"{what}: memory on top, at its peak", f"{number(memory)} MB"),
        Figure(f"{what}: store", f"{number(size / 1e6)} MB"),
    ]


async def _blocks(hass: HomeAssistant, *, scale: Scale) -> list[Figure]:
    """Measure how long the loop is held up by that; to look makes it slower."""
    texts = Texts()
    async with _down(hass) as (simulator, entry):
        async with watched_loop() as queueing:
            await _queue(hass, texts, scale.outage)
        await _let_pass(_SHORT)
        async with watched_loop() as release:
            await _released(hass, entry, simulator, scale.outage)
    return [
        _longest_block("queueing them", queueing),
        _longest_block("sending them afterwards", release),
    ]


@asynccontextmanager
async def _down(
    hass: HomeAssistant,
) -> AsyncIterator[tuple[SimulatorProcess, ConfigEntry]]:
    """Set up an account whose provider is down by now."""
    loop = _loop()
    loop.hurry(False)
    let_outboxes_follow(loop)
    async with provider(hass) as simulator:
        entry = account(simulator.url, options=_PATIENT)
        await hass.config_entries.async_add(entry)
        await hass.async_add_executor_job(simulator.stop)
        yield simulator, entry


def _loop() -> HurriedLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, HurriedLoop)
    return loop


async def _queue(hass: HomeAssistant, texts: Texts, many: int) -> None:
    """Send while nothing can go out, some at a time."""
    for some in batched(range(many), _AT_A_TIME, strict=False):
        await _at_once(hass, texts, len(some))


async def _let_pass(seconds: float) -> None:
    """Let time pass as fast as what happens in it allows."""
    _loop().hurry(True)
    await asyncio.sleep(seconds)
    _loop().hurry(False)


async def _released(
    hass: HomeAssistant, entry: ConfigEntry, simulator: SimulatorProcess, many: int
) -> float:
    """Let the provider be back; return how many SMS a second it accepts from then on."""
    accepted: list[float] = []
    all_are = asyncio.Event()

    def watch(before: Delivery, after: Delivery) -> None:
        if after.accepted and not before.accepted:
            accepted.append(time.perf_counter())
            if len(accepted) == many:
                all_are.set()

    outbox_of(entry).subscribe(watch)
    await hass.async_add_executor_job(simulator.start)
    try:
        async with asyncio.timeout(_GIVE_UP):
            await all_are.wait()
    except TimeoutError:
        raise RuntimeError(f"Only {len(accepted)} of {many} have left") from None
    await hass.async_block_till_done()  # saved, too
    return (many - 1) / (accepted[-1] - accepted[0])


async def _at_once(hass: HomeAssistant, texts: Texts, many: int) -> None:
    """Send many messages, all of them at the same time."""
    await asyncio.gather(
        *(
            ask(
                hass,
                "bisms",
                "send_message",
                message=texts.new(),
                recipients=[RECIPIENT],
            )
            for _ in range(many)
        )
    )


async def _bare_at_once(
    session: ClientSession, url: str, texts: Texts, many: int
) -> None:
    """Make many requests, as many at a time as the outbox does."""
    wire = asyncio.Semaphore(_ON_THE_WIRE)

    async def get() -> None:
        async with wire:
            await bare_get(session, url, texts.new())

    await asyncio.gather(*(get() for _ in range(many)))


def _longest_block(what: str, blocks: Blocks) -> Figure:
    return at_most(
        f"{what}: longest block of the event loop",
        blocks.work * 1e3,
        _LONGEST_BLOCK,
        "ms",
        blocks.aside,
    )


async def _saves(hass: HomeAssistant, *, scale: Scale) -> list[Figure]:
    """Save one changed delivery among ever more open ones, and with a snapshot of all."""
    times = {}
    figures = []
    for many in scale.open_deliveries:
        deliveries = [accepted(_TEXT, number) for number in range(many)]
        journal = Journal(AccountFiles(hass, "benchmark"))
        rounds = scale.repeats * 3
        times[many], blocks = await _save_one_by_one(journal, deliveries, rounds)
        journal = _Snapshots(AccountFiles(hass, "benchmark"))
        whole, whole_blocks = await _save_one_by_one(journal, deliveries, rounds)
        size = await hass.async_add_executor_job(store_size, hass)
        figures += [
            Figure(f"a save with {many:,} open deliveries", _save(times[many], blocks)),
            Figure(
                f"a save with a new snapshot of {many:,} open deliveries",
                f"{_save(whole, whole_blocks)}; {number(size / 1e3)} kB",
            ),
        ]
    figures += await hass.async_add_executor_job(_disk, hass, scale.repeats * 3)
    least, most = min(times), max(times)
    growth = times[most] / times[least]
    figures.append(
        at_most(
            f"a save's time, {least:,} to {most:,} open deliveries, against their number",
            growth / (most / least),
            _LINEAR,
            "×",
            f"{number(growth)} × the time",
        )
    )
    return figures


class _Snapshots(Journal):
    """A journal that is never gone on with: each save makes a snapshot of everything."""

    async def save(self, changes: Saved, forgotten: Collection[str] = ()) -> None:
        """Save as if there were no journal to append to."""
        self._snapshot = None
        await super().save(changes, forgotten)


async def _save_one_by_one(
    journal: Journal, deliveries: list[Delivery], rounds: int
) -> tuple[float, Blocks]:
    """Save one changed delivery at a time; return the median seconds, and the blocks."""
    await journal.save(Saved(deliveries))

    async def save(number: int) -> float:
        changed = replace(deliveries[number % len(deliveries)], tries=number + 1)
        return await timed(journal.save(Saved([changed])))

    seconds = [await save(number) for number in range(rounds)]
    async with watched_loop() as blocks:
        for number in range(rounds):
            await save(number)
    return median(seconds), blocks


def _save(seconds: float, blocks: Blocks) -> str:
    return (
        f"{number(seconds * 1e3)} ms, of it at most "
        f"{number(blocks.work * 1e3)} ms in one piece on the event loop"
    )


def _disk(hass: HomeAssistant, repeats: int) -> list[Figure]:
    """Measure what this disk takes to keep something for good, whoever asks."""
    folder = Path(hass.config.path())
    content, record = b"x" * _STORE_BYTES, b"x" * _RECORD_BYTES
    target = str(folder / "replaced")
    appended = os.open(folder / "appended", os.O_WRONLY | os.O_CREAT | os.O_DSYNC)

    def replace_file() -> None:
        write_utf8_file_atomic(target, content, True, "wb")

    replacing = median(_seconds(replace_file) for _ in range(repeats))
    appending = median(
        _seconds(partial(os.write, appended, record)) for _ in range(repeats)
    )
    os.close(appended)
    return [
        Figure(
            f"the disk alone: replacing a file of {_STORE_BYTES // 1000} kB, for good",
            f"{number(replacing * 1e3)} ms",
        ),
        Figure(
            f"the disk alone: appending {_RECORD_BYTES} bytes to a file, for good",
            f"{number(appending * 1e3)} ms",
        ),
    ]


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
