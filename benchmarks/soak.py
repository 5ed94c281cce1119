"""A soak: a day of traffic with faults, in which nothing may grow."""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
import gc
from pathlib import Path
from random import Random
import tracemalloc

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from custom_components.bisms.outbox import Delivery, Outbox
from simulator import Fault, Simulator
from simulator.sendings import Account

from .disks import Disk
from .home import account, act, in_home_assistant, store_size
from .hurry import HurriedLoop
from .ours import let_outboxes_follow, outbox_of
from .report import Figure, Part, at_most, number
from .scale import Scale

HOUR = 3600.0
AN_HOUR = 200

_SEED = 7
_CREDIT = 1_000_000
_PHONES = 50
_FAULTY = 0.05
_OUTAGE_EVERY, _OUTAGE = 4, 900.0
_ENDED = 49
_STEADY = 13
_FLAT = 1.1
_MORE = 4
_FAULTS = [fault for fault in Fault if fault is not Fault.REFUSE]
_COUNTED = (
    "*/custom_components/*",
    "*/homeassistant/*",
    "*/aiohttp/*",
    "*/dataclasses.py",
)
"""Whose memory is counted; the simulator, which lives in this process too, keeps more."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What is in use at some hour."""

    hour: int
    memory: float
    tasks: int
    handles: int
    store: float
    open: int


def measure(scale: Scale, disk: Disk) -> Part:
    """Measure the part."""
    return in_home_assistant(partial(_soak, scale=scale), loop_factory=HurriedLoop)


async def _soak(hass: HomeAssistant, *, scale: Scale) -> Part:
    clock = let_outboxes_follow(asyncio.get_running_loop())
    random = Random(_SEED)
    simulator = Simulator([Account("test", "test", _CREDIT)], clock=clock)
    _set_phones(simulator, random)
    ended: Counter[str] = Counter()
    arrived: Counter[str] = Counter()

    def watch(before: Delivery, after: Delivery) -> None:
        ended[after.state] += after.final and not before.final

    samples = []
    async with simulator.serve() as url:
        entry = account(url)
        await hass.config_entries.async_add(entry)
        outbox = outbox_of(entry)
        outbox.subscribe(watch)
        tracemalloc.start()
        for hour in range(1, scale.hours + 1):
            await _an_hour(hass, simulator, random, hour)
            samples.append(_sample(hass, outbox, hour))
            arrived.update(sms.text for sms in simulator.inbox)
            _forget(simulator)
        await asyncio.sleep(_ENDED * HOUR)
        samples.append(_sample(hass, outbox, scale.hours + _ENDED))
        tracemalloc.stop()
        arrived.update(sms.text for sms in simulator.inbox)
    return _part(samples, ended, arrived)


def _set_phones(simulator: Simulator, random: Random) -> None:
    """Give each phone its ways: most are quick, some off for hours, one out of order."""
    for index in range(_PHONES):
        slow = index < _PHONES // 10
        after = random.uniform(HOUR, 12 * HOUR) if slow else random.uniform(2, 20)
        simulator.handset(_phone(index), delivered_after=after)
    simulator.handset(_phone(0), delivered_after=None, fails_after=6 * HOUR)


async def _an_hour(
    hass: HomeAssistant, simulator: Simulator, random: Random, hour: int
) -> None:
    """Let people send for an hour, while the network fails now and then."""
    if hour % _OUTAGE_EVERY == 0:
        simulator.fail(Fault.REFUSE, seconds=_OUTAGE)
    async with asyncio.TaskGroup() as sends:
        for index in range(AN_HOUR):
            if random.random() < _FAULTY:
                simulator.fail(random.choice(_FAULTS))
            text = f"Saat {hour}, mesaj {index}: her şey yolunda."
            sends.create_task(_send(hass, _phone(random.randrange(_PHONES)), text))
            await asyncio.sleep(HOUR / AN_HOUR)


async def _send(hass: HomeAssistant, phone: str, text: str) -> None:
    """Send; a refusal, which some faults are, is an end like any other."""
    with suppress(HomeAssistantError):
        await act(hass, "bisms", "send_message", message=text, recipients=[phone])


def _phone(index: int) -> str:
    return f"90555{index:07}"


def _forget(simulator: Simulator) -> None:
    """Let the simulator forget what it showed, which is no part of the product."""
    simulator.requests.clear()
    simulator.inbox.clear()


def _sample(hass: HomeAssistant, outbox: Outbox, hour: int) -> Sample:
    """Return what is in use now."""
    gc.collect()
    snapshot = tracemalloc.take_snapshot().filter_traces(
        [tracemalloc.Filter(True, name) for name in _COUNTED]
    )
    memory = sum(trace.size for trace in snapshot.traces)
    return Sample(
        hour,
        memory / 1e6,
        len(asyncio.all_tasks()),
        len(list(Path("/proc/self/fd").iterdir())),
        store_size(hass) / 1e3,
        sum(not delivery.final for delivery in outbox.deliveries),
    )


def _part(samples: list[Sample], ended: Counter[str], arrived: Counter[str]) -> Part:
    """Return the part: what was in use at some hours, and how much more at the last."""
    steady = samples[min(_STEADY, len(samples) - 2) - 1]
    last = samples[-2]
    every = max(1, len(samples) // 6)
    shown = [*samples[:-2:every], *samples[-2:]]
    ends = ", ".join(
        f"{many:,} {state}" for state, many in sorted(ended.items()) if many
    )
    return Part(
        "7. Soak",
        [*map(_at, shown), *_growth(steady, last), *_ends(samples, ended, arrived)],
        [f"All messages came to an end: {ends}."],
    )


def _ends(
    samples: list[Sample], ended: Counter[str], arrived: Counter[str]
) -> list[Figure]:
    """Return whether all came to an end, and the right one."""
    twice = sum(many > 1 for many in arrived.values())
    sent = (len(samples) - 1) * AN_HOUR
    return [
        Figure("messages without an end", *_none(sent - ended.total())),
        Figure("SMS that arrived twice", *_none(twice)),
        Figure(
            "SMS more that were called delivered than arrived",
            *_none(max(0, ended["delivered"] - len(arrived))),
        ),
    ]


def _none(many: int) -> tuple[str, str, bool]:
    return str(many), "0", many == 0


def _at(sample: Sample) -> Figure:
    return Figure(
        f"hour {sample.hour}",
        f"{number(sample.memory)} MB, {sample.tasks} tasks, {sample.handles} file "
        f"handles, store {number(sample.store)} kB, {sample.open} open deliveries",
    )


def _growth(steady: Sample, last: Sample) -> list[Figure]:
    """Return how much more is in use at the end than once all had settled."""
    since = f"hour {last.hour} against hour {steady.hour}"
    more = max(last.tasks - steady.tasks, last.handles - steady.handles)
    return [
        at_most(f"memory, {since}", last.memory / steady.memory, _FLAT, "×"),
        at_most(f"store, {since}", last.store / steady.store, _FLAT, "×"),
        at_most(f"tasks or file handles more, {since}", more, _MORE, ""),
    ]
