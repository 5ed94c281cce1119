"""Delivery reports: how many questions a message takes, and how soon its end is known."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from random import Random
from statistics import fmean, median
from typing import Any

from aiohttp import ClientSession

from custom_components.bisms.outbox import Delivery, Outbox
from custom_components.bisms.provider.client import BismsClient
from custom_components.bisms.provider.models import Message
from simulator import Simulator
from simulator.clock import LoopClock, ManualClock
from simulator.core import Provider
from simulator.reports import Handset
from simulator.sendings import Account

from .disks import Disk
from .hurry import HurriedLoop
from .ours import NoFiles, message
from .report import Figure, Part, Points, at_most, number
from .scale import Scale

MINUTE, HOUR = 60.0, 3600.0
REPORT_END = 48 * HOUR + 600

_SEED = 20
_PAUSE = 5.0
_CREDIT = 1_000_000
_OURS = "BiSMS"
_POLLS = {"every minute": MINUTE, "every 5 minutes": 5 * MINUTE}
_OFF: list[float | None] = [None]

type Phones = list[float | None]


@dataclass(frozen=True, slots=True)
class Followed:
    """What it took to follow messages: questions, and seconds from sending to knowing."""

    requests: int
    known_after: list[float]

    def delay(self, phones: Phones) -> float:
        """Return the mean seconds from the end of a message's way to that being known."""
        ends = (REPORT_END if after is None else after for after in phones)
        known = zip(self.known_after, ends, strict=True)
        return fmean(at - end for at, end in known)


def measure(scale: Scale, disk: Disk) -> Part:
    """Measure the part."""
    phones = _phones(scale.reports, Random(_SEED))
    followed = {_OURS: _followed_by_us(phones)}
    off = {_OURS: _followed_by_us(_OFF)}
    for name, every in _POLLS.items():
        followed[name] = _polled(phones, every)
        off[name] = _polled(_OFF, every)
    figures = [
        figure
        for name in followed
        for figure in _figures(name, phones, followed[name], off[name])
    ]
    curves = {name: _shares(found.known_after) for name, found in followed.items()}
    requests = {name: found.requests / len(phones) for name, found in followed.items()}
    return Part("5. Delivery reports", figures, [_described(phones)], curves, requests)


def _phones(many: int, random: Random) -> Phones:
    """Return the seconds after which each phone takes its message; None: it stays off."""

    def phone() -> float | None:
        fate = random.random()
        if fate < 0.95:
            return min(50.0, random.lognormvariate(1.8, 0.7))
        if fate < 0.99:
            return random.uniform(5 * MINUTE, 12 * HOUR)
        return None

    return [phone() for _ in range(many)]


def _described(phones: Phones) -> str:
    """Say how the phones behave."""
    soon = [after for after in phones if after is not None and after < MINUTE]
    late = sum(after is not None and after >= MINUTE for after in phones)
    return (
        f"{len(phones):,} messages, each to a phone of its own: {len(soon)} delivered "
        f"within a minute, half of these within {number(median(soon))} s; {late} after 5 "
        f"minutes to 12 hours; {phones.count(None)} never. The provider says nothing "
        "certain in the first 80 s."
    )


def _figures(name: str, phones: Phones, all_: Followed, off: Followed) -> list[Figure]:
    """Return the figures of one way to follow messages."""
    requests = f"{name}: requests a message"
    half = f"{name}: half known within"
    when_off = f"{name}: requests for a phone off for 48 h"
    mean, middle = all_.requests / len(phones), median(all_.known_after)
    delay = Figure(f"{name}: mean delay until known", f"{number(all_.delay(phones))} s")
    if name == _OURS:
        return [
            at_most(requests, mean, 2, ""),
            at_most(half, middle, 95, "s"),
            delay,
            at_most(when_off, off.requests, 60, ""),
        ]
    return [
        Figure(requests, number(mean)),
        Figure(half, f"{number(middle)} s"),
        delay,
        Figure(when_off, number(off.requests)),
    ]


def _shares(known_after: list[float]) -> Points:
    """Return which share of all messages was known after how many seconds."""
    return [
        (at, (i + 1) / len(known_after)) for i, at in enumerate(sorted(known_after))
    ]


def _polled(phones: Phones, every: float) -> Followed:
    """Follow messages by asking on a fixed beat until the report is complete."""
    requests, known_after = 0, []
    account = {"username": "test", "password": "test"}
    for after in phones:
        clock = ManualClock()
        provider = Provider([Account("test", "test")], clock, first_dlr_id=1)
        provider.handsets[_number(0)] = Handset(after)
        provider.foreign_send("test", [_number(0)], "Poll")
        begun = clock.now()
        answer = ""
        while not answer.startswith("23"):
            clock.advance(every)
            requests += 1
            answer = provider.handle("GET", "/api/dlr/v1", account | {"id": "1"}).text
        known_after.append(clock.now() - begun)
    return Followed(requests, known_after)


def _followed_by_us(phones: Phones) -> Followed:
    """Follow messages as the integration does: its outbox and client, over real sockets."""
    with asyncio.Runner(loop_factory=HurriedLoop) as runner:
        return runner.run(_follow(phones))


async def _follow(phones: Phones) -> Followed:
    loop = asyncio.get_running_loop()
    clock = LoopClock(loop)
    simulator = Simulator([Account("test", "test", _CREDIT)], clock=clock)
    for index, after in enumerate(phones):
        simulator.handset(_number(index), delivered_after=after)
    known: dict[str, float] = {}

    def watch(_: Delivery, after: Delivery) -> None:
        if after.final:
            known[after.message.numbers[0]] = clock.now() - (after.sent_utc or 0)

    def spawn(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        return loop.create_task(work, name=name)

    async with simulator.serve() as url, ClientSession() as session:
        outbox = Outbox(
            BismsClient(session, "test", "test", url),
            NoFiles(),
            spawn=spawn,
            spawn_write=spawn,
            on_refusal=lambda _: None,
            utc=clock.now,
            steady=loop.time,
        )
        outbox.subscribe(watch)
        await outbox.start()
        for index in range(len(phones)):
            await outbox.send(_message(index), lifetime=HOUR)
            await asyncio.sleep(_PAUSE)
        await asyncio.sleep(REPORT_END + HOUR)
        await outbox.stop()
    _check_arrived_once(simulator, len(phones))
    requests = sum(request.endpoint == "dlr" for request in simulator.requests)
    return Followed(requests, [known[_number(index)] for index in range(len(phones))])


def _check_arrived_once(simulator: Simulator, many: int) -> None:
    numbers = {sms.number for sms in simulator.inbox}
    if not len(numbers) == len(simulator.inbox) == many:
        raise RuntimeError(f"{len(simulator.inbox)} SMS arrived, not {many}")


def _message(index: int) -> Message:
    text = f"Kapı açıldı {index}"
    return message(text, _number(index))


def _number(index: int) -> str:
    return f"9055{index:08}"
