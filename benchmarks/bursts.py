"""Many messages at once: as a burst, after an outage, and in the store."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
import os
from pathlib import Path
from statistics import median
import time

from homeassistant.core import HomeAssistant
from homeassistant.util.file import write_utf8_file_atomic

from custom_components.bisms.files import AccountFiles
from custom_components.bisms.record import Delivery, State, entered
from custom_components.bisms.storage import DeliveryStorage, Saved

from .home import (
    RECIPIENT,
    account,
    ask,
    in_home_assistant,
    message,
    provider,
    store_size,
)
from .measuring import Blocks, peak_memory, reset_peak_memory, timed, watched_loop
from .report import Figure, Part, at_most, number
from .scale import Scale

_LONGEST_BLOCK = 20.0
_AT_A_TIME = 100
_LINEAR = 1.0
_GIVE_UP = 240
_STORE_BYTES, _RECORD_BYTES = 320_000, 640


def measure(scale: Scale) -> Part:
    """Measure the part."""
    return Part(
        "3. Bursts",
        [
            *in_home_assistant(partial(_burst, scale=scale)),
            *in_home_assistant(partial(_outage, scale=scale)),
            *in_home_assistant(partial(_saves, scale=scale)),
        ],
    )


async def _burst(hass: HomeAssistant, *, scale: Scale) -> list[Figure]:
    """Send many at once."""
    async with provider(hass) as simulator:
        await hass.config_entries.async_add(account(simulator.url))
        memory = reset_peak_memory()
        async with watched_loop() as blocks:
            sends = (_send(hass, f"Burst {number}") for number in range(scale.burst))
            seconds = await timed(asyncio.gather(*sends))
        memory = peak_memory() - memory
    what = f"{scale.burst:,} calls at once"
    return [
        Figure(what, f"{number(scale.burst / seconds)} SMS a second"),
        _longest_block(what, blocks),
        Figure(f"{what}: memory on top, at its peak", f"{number(memory)} MB"),
    ]


async def _outage(hass: HomeAssistant, *, scale: Scale) -> list[Figure]:
    """Queue many while nothing listens, then let the provider be back."""
    async with provider(hass) as simulator:
        entry = account(simulator.url)
        await hass.config_entries.async_add(entry)
        outbox = entry.runtime_data.outbox
        await hass.async_add_executor_job(simulator.stop)
        memory = reset_peak_memory()
        async with watched_loop() as queueing:
            queued = await timed(_queue(hass, scale.outage))
        await hass.async_add_executor_job(simulator.start)
        async with watched_loop() as blocks:
            released = await timed(_until(lambda: outbox.queued < scale.outage))
            seconds = await timed(_until(lambda: outbox.queued == 0))
        memory = peak_memory() - memory
        size = await hass.async_add_executor_job(store_size, hass)
    what = f"{scale.outage:,} messages after an outage"
    return [
        Figure(
            f"{scale.outage:,} calls while the provider is down",
            f"{number(scale.outage / queued)} messages queued a second",
        ),
        _longest_block("queueing them", queueing),
        Figure(
            what,
            f"{number(scale.outage / seconds)} SMS a second, the first "
            f"{number(released)} s after the provider was back",
        ),
        _longest_block(what, blocks),
        Figure(f"{what}: memory on top, at its peak", f"{number(memory)} MB"),
        Figure(f"{what}: store", f"{number(size / 1e6)} MB"),
    ]


async def _saves(hass: HomeAssistant, *, scale: Scale) -> list[Figure]:
    """Save one changed delivery among ever more open ones, and with a snapshot of all."""
    times = {}
    figures = []
    for many in scale.open_deliveries:
        deliveries = [_waiting(number) for number in range(many)]
        storage = DeliveryStorage(AccountFiles(hass, "benchmark"))
        await storage.save(Saved(deliveries, "1", 0.0))
        rounds = scale.repeats * 3
        times[many], blocks = await _save_one_by_one(storage, deliveries, rounds)
        storage = _Snapshots(AccountFiles(hass, "benchmark"))
        await storage.save(Saved(deliveries, "1", 0.0))
        whole, whole_blocks = await _save_one_by_one(storage, deliveries, scale.repeats)
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


def _disk(hass: HomeAssistant, repeats: int) -> list[Figure]:
    """Measure what this disk takes to keep something for good, whoever asks."""
    folder = Path(hass.config.path())
    content, record = b"x" * _STORE_BYTES, b"x" * _RECORD_BYTES
    target = str(folder / "replaced")
    with (folder / "appended").open("ab", buffering=0) as file:

        def append() -> None:
            file.write(record)
            os.fdatasync(file.fileno())

        replacing = median(
            _seconds(lambda: write_utf8_file_atomic(target, content, True, "wb"))
            for _ in range(repeats)
        )
        appending = median(_seconds(append) for _ in range(repeats))
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


def _longest_block(what: str, blocks: Blocks) -> Figure:
    return at_most(
        f"{what}: longest block of the event loop",
        blocks.work * 1e3,
        _LONGEST_BLOCK,
        "ms",
        blocks.aside,
    )


async def _send(hass: HomeAssistant, text: str) -> None:
    await ask(hass, "bisms", "send_message", message=text, recipients=[RECIPIENT])


async def _queue(hass: HomeAssistant, many: int) -> None:
    """Send while nothing can go out, some at a time."""
    for first in range(0, many, _AT_A_TIME):
        last = min(first + _AT_A_TIME, many)
        sends = (_send(hass, f"Outage {number}") for number in range(first, last))
        await asyncio.gather(*sends)


async def _until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    give_up = time.monotonic() + _GIVE_UP
    while not condition():
        if time.monotonic() > give_up:
            raise TimeoutError("It takes too long")
        await asyncio.sleep(0.01)


class _Snapshots(DeliveryStorage):
    """A storage that makes a snapshot of everything with each save."""

    async def save(self, changes: Saved, forgotten: Collection[str] = ()) -> None:
        """Save as if there were no journal to append to."""
        self._snapshot = None
        await super().save(changes, forgotten)


async def _save_one_by_one(
    storage: DeliveryStorage, deliveries: list[Delivery], rounds: int
) -> tuple[float, Blocks]:
    """Save one changed delivery at a time; return the median seconds, and the blocks."""
    async with watched_loop() as blocks:
        seconds = [
            await timed(
                storage.save(_changed(deliveries[number % len(deliveries)], number))
            )
            for number in range(rounds)
        ]
    return median(seconds), blocks


def _save(seconds: float, blocks: Blocks) -> str:
    return (
        f"{number(seconds * 1e3)} ms, of it at most "
        f"{number(blocks.work * 1e3)} ms in one piece on the event loop"
    )


def _waiting(number: int) -> Delivery:
    """Return a delivery whose report is not there yet."""
    text = f"Kapı açıldı, saat {number}. Lütfen kontrol edin."
    return replace(
        entered(f"{number:032x}", message(text), 1_790_000_000.0, 3600),
        state=State.WAITING,
        dlr_id=str(77300600 + number),
        accepted_at=1_790_000_001.0,
    )


def _changed(delivery: Delivery, number: int) -> Saved:
    """Return what is to be saved after a delivery changed."""
    return Saved([replace(delivery, tries=number + 1)], "1", 0.0)
