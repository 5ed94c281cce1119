"""A history: made from a seed, played, and held against what must be true of it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
import itertools
from random import Random
from typing import Any

from custom_components.bisms.outbox import Outbox
from custom_components.bisms.provider.models import Message, Sms
from custom_components.bisms.record import Delivery, State
from custom_components.bisms.storage import DeliveryStorage
from simulator.core import Provider
from simulator.reports import Handset
from simulator.sendings import Account

from .loop import LoopClock, VirtualLoop
from .network import FAULTS, Disk, Network, Outage, PlayedClient, PlayedStore

HOUR = 3600.0
GIVE_UP = 60 * HOUR
"""Virtual seconds after which a history must have come to its end."""

PHONES = ("905550000001", "905550000002", "905550000003")
FOREIGN = ("905559999991", "905559999992")

RANKS = {
    State.QUEUED: 0,
    State.SCHEDULED: 1,
    State.WAITING: 2,
    State.PENDING: 3,
    State.DELIVERED: 4,
    State.PARTIALLY_DELIVERED: 4,
    State.FAILED: 4,
    State.EXPIRED: 4,
}


@dataclass(frozen=True, slots=True)
class Send:
    """A user's call: at a time, to phones, with a text of its own."""

    at: float
    numbers: tuple[str, ...]
    text: str
    lifetime: float
    send_in: float | None = None


@dataclass(frozen=True, slots=True)
class Kill:
    """Home Assistant stops, hard or in good order, and is away for some seconds."""

    at: float
    away: float
    hard: bool


@dataclass(frozen=True, slots=True)
class ClockSet:
    """Home Assistant's clock is set by some seconds, back or forth."""

    at: float
    by: float


@dataclass(frozen=True, slots=True)
class Foreign:
    """Another program sends with the same account, to numbers of its own."""

    at: float


type Act = Send | Kill | ClockSet | Foreign


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that happens in a history, but for the dice rolled on the way."""

    seed: int
    fault_rate: float
    outages: tuple[Outage, ...]
    acts: tuple[Act, ...]
    credit: int = 10_000

    def without(self, act: Act | Outage) -> Plan:
        """Return the plan without something that happens in it."""
        return replace(
            self,
            acts=tuple(a for a in self.acts if a is not act),
            outages=tuple(o for o in self.outages if o is not act),
        )


def plan(seed: int) -> Plan:
    """Make a plan from a seed."""
    random = Random(seed)
    span = random.choice((60.0, 600.0, HOUR, 6 * HOUR))
    acts: list[Act] = [
        _send(random, span, number) for number in range(random.randint(1, 8))
    ]
    acts += [
        Kill(
            random.uniform(0, span),
            random.choice((1, 5, 30, 200, HOUR, 5 * HOUR)) * random.uniform(0.5, 1.5),
            random.random() < 0.7,
        )
        for _ in range(random.choice((0, 0, 1, 1, 2, 3)))
    ]
    # Half of them right after a call, when most is at stake.
    acts += [
        Kill(act.at + random.uniform(0, 0.6), random.uniform(1, 300), True)
        for act in list(acts)
        if isinstance(act, Send) and random.random() < 0.15
    ]
    acts += [
        ClockSet(
            random.uniform(0, span),
            random.choice((-1, 1)) * random.choice((5, 100, 1000, 2 * HOUR)),
        )
        for _ in range(random.choice((0, 0, 0, 1, 2)))
    ]
    acts += [Foreign(random.uniform(0, span)) for _ in range(random.choice((0, 1, 70)))]
    outages = []
    for _ in range(random.choice((0, 0, 1, 1, 2, 3))):
        begins = random.uniform(0, span)
        length = random.choice((3, 30, 150, 1000, HOUR, 4 * HOUR))
        fault = random.choice((*FAULTS, "refused", "refused", "hung"))
        outages.append(Outage(begins, begins + length * random.uniform(0.5, 1.5), fault))
    return Plan(
        seed,
        random.choice((0.0, 0.05, 0.2, 0.5)),
        tuple(outages),
        tuple(sorted(acts, key=lambda act: act.at)),
        credit=random.choice((10_000, 10_000, 10_000, 3)),
    )


def _send(random: Random, span: float, number: int) -> Send:
    many = random.choice((1, 1, 1, 2, 3))
    return Send(
        at=random.uniform(0, span),
        numbers=tuple(random.sample(PHONES, many)),
        text=f"Message {number}",
        lifetime=random.choice((60, 300, HOUR, 10 * HOUR)),
        send_in=random.choice((None, None, None, None, 1800.0)),
    )


@dataclass(slots=True)
class Call:
    """What became of a user's call: the delivery it was answered with, if it was answered."""

    send: Send
    text: str
    begun: float
    delivery_id: str | None = None


@dataclass(slots=True)
class Outcome:
    """What a history came to, and what was wrong with it."""

    plan: Plan
    messages: int = 0
    requests: int = 0
    lost: int = 0
    doubled: int = 0
    mistaken: int = 0
    states: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def play(the_plan: Plan) -> Outcome:
    """Play a history, and hold it against what must be true of it."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(_World(the_plan, loop).play())
    finally:
        loop.close()


def shortened(the_plan: Plan) -> Plan:
    """Return the least of a plan that still goes wrong."""
    for part in itertools.chain(the_plan.acts, the_plan.outages):
        less = the_plan.without(part)
        if play(less).wrong:
            return shortened(less)
    return the_plan


class _World:
    """One history while it is played."""

    def __init__(self, the_plan: Plan, loop: VirtualLoop) -> None:
        self.plan = the_plan
        self.loop = loop
        self.random = Random(the_plan.seed + 1)
        clock = LoopClock(loop)
        self.account = Account("test", "secret", credit=the_plan.credit)
        self.provider = Provider(
            [self.account],
            clock,
            first_dlr_id=77300600,
            duplicates=self.random.choice(("all", "any")),
        )
        self.provider.handsets = {
            PHONES[1]: Handset(self.random.choice((5.0, 400.0, 20_000.0))),
            PHONES[2]: Handset(None, self.random.choice((None, 30.0))),
        }
        self.network = Network(
            self.provider, self.random, the_plan.fault_rate, list(the_plan.outages)
        )
        self.disk = Disk(self.random)
        self.clock_off = 0.0
        self.calls: list[Call] = []
        self.outcome = Outcome(the_plan)
        self.tasks: set[asyncio.Task[None]] = set()
        self.outbox: Outbox | None = None
        self.known: dict[str, Delivery] = {}
        self.crashed_at: list[float] = []

    async def play(self) -> Outcome:
        await self.start()
        for act in self.plan.acts:
            # What a user meant to do while Home Assistant was away, he does soon after.
            soon = self.random.uniform(0, 2)
            await asyncio.sleep(max(act.at - self.loop.time(), soon))
            await self.perform(act)
        await self.settle()
        self.judge()
        return self.outcome

    async def perform(self, act: Act) -> None:
        match act:
            case Send():
                self.spawn(self.call(act), "call")
            case Kill(away=away, hard=hard):
                await self.stop(hard=hard)
                await asyncio.sleep(away)
                await self.start()
            case ClockSet(by=by):
                self.clock_off += by
            case Foreign(at=at):
                text = f"Foreign {at}"
                self.account.credit += 1
                self.provider.foreign_send("test", [self.random.choice(FOREIGN)], text)

    def wall(self) -> float:
        return LoopClock.START + self.loop.time() + self.clock_off

    def spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> object:
        if self.outbox is None:
            coroutine.close()
            return None
        task = asyncio.Task(coroutine, loop=self.loop, name=name, eager_start=True)
        if not task.done():
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        elif not task.cancelled():
            task.result()
        return task

    async def start(self) -> None:
        booted = self.loop.time()
        self.outbox = Outbox(
            PlayedClient(self.network, "test", "secret"),
            DeliveryStorage(PlayedStore(self.disk, self.random)),
            spawn=self.spawn,
            on_refusal=lambda err: None,
            clock=self.wall,
            steady=lambda: self.loop.time() - booted,
            jitter=lambda: self.random.uniform(0.8, 1.2),
        )
        await self.outbox.load()
        self.outbox.subscribe(self.watch)
        await self.outbox.start()

    async def stop(self, *, hard: bool) -> None:
        assert self.outbox is not None
        if not hard:
            await self.outbox.stop()
        # A killed process has no timers any more.
        self.outbox._running = False  # noqa: SLF001
        self.crashed_at.append(self.loop.time())
        self.outbox = None
        self.disk.crash()
        for task in list(self.tasks):
            task.cancel()
        await asyncio.sleep(0)

    async def call(self, send: Send) -> None:
        assert self.outbox is not None
        send_at = None
        if send.send_in is not None:
            now = LoopClock.START + self.loop.time()
            send_at = datetime.fromtimestamp(int(now + send.send_in), UTC)
        call = Call(send, send.text, self.loop.time())
        self.calls.append(call)
        message = Message(
            header="BASLIK1",
            sms=(Sms(numbers=send.numbers, text=send.text),),
            send_at=send_at,
        )
        [delivery] = await self.outbox.send(message, lifetime=send.lifetime)
        call.delivery_id = delivery.id

    def watch(self, before: Delivery, after: Delivery) -> None:
        if RANKS[after.state] < RANKS[before.state]:
            self.outcome.wrong.append(f"{before.state} went back to {after.state}")

    async def settle(self) -> None:
        """Let everything come to its end; then nothing must be asked any more."""
        assert self.outbox is not None
        give_up = self.loop.time() + GIVE_UP
        while self.loop.time() < give_up and not self.settled():
            await asyncio.sleep(60)
        requests = self.network.requests
        await asyncio.sleep(5 * HOUR)
        if self.network.requests != requests:
            self.outcome.wrong.append("Requests although nothing was due")

    def settled(self) -> bool:
        assert self.outbox is not None
        calls_done = not any(task.get_name() == "call" for task in self.tasks)
        return calls_done and all(delivery.final for delivery in self.outbox.deliveries)

    def judge(self) -> None:
        assert self.outbox is not None
        self.known = {delivery.id: delivery for delivery in self.outbox.deliveries}
        texts: dict[str, list[Delivery]] = {}
        for delivery in self.known.values():
            texts.setdefault(delivery.message.sms[0].text, []).append(delivery)
        for call in self.calls:
            mine = texts.get(call.text, [])
            if call.delivery_id is not None and call.delivery_id not in self.known:
                self.outcome.wrong.append(f"{call.text}: answered, then forgotten")
                self.outcome.lost += 1
            if not mine:
                self.judge_forgotten(call)
            for delivery in mine:
                self.judge_delivery(delivery)
        self.outcome.messages = len(self.calls)
        self.outcome.requests = self.network.requests
        self.outcome.faults = self.network.faults

    def judge_forgotten(self, call: Call) -> None:
        """Forgotten may be only what was killed before its first save was through."""
        sent = [sms for sms in self.provider.inbox if sms.text == call.text]
        if not sent:
            return
        accepted = sent[0].accepted_at - LoopClock.START
        if not any(call.begun <= at < accepted + 0.05 for at in self.crashed_at):
            self.outcome.wrong.append(f"{call.text}: sent, but nobody knows of it")
            self.outcome.lost += 1

    def judge_delivery(self, delivery: Delivery) -> None:
        wrong = self.outcome.wrong.append
        text = delivery.message.sms[0].text
        label = f"{text}: {delivery.state} ({delivery.reason})"
        self.outcome.states[delivery.state] += 1
        sent = Counter(sms.number for sms in self.provider.inbox if sms.text == text)
        if not delivery.final:
            wrong(f"{label}, not final after {GIVE_UP / HOUR:.0f} h")
        if sent and max(sent.values()) > 1 and not delivery.unknowable:
            wrong(f"{label}, sent {max(sent.values())} times")
            self.outcome.doubled += 1
        if delivery.reason == "unknown":
            return
        if delivery.accepted_at is not None and not sent:
            self.judge_mistaken(delivery, label)
        if delivery.accepted_at is None and sent:
            wrong(f"{label}, but it was sent")
        if delivery.dlr_id is not None:
            self.judge_report(delivery, label)

    def judge_mistaken(self, delivery: Delivery, label: str) -> None:
        """Hold against it that it took another sending for its own.

        Nothing could tell them apart if that one went to the same numbers and Home Assistant
        was killed within the first milliseconds of it, before it was on disk.
        """
        known = {each.message.sms[0].text for each in self.known.values()}
        theirs = [sms for sms in self.provider.inbox if sms.dlr_id == delivery.dlr_id]
        if theirs and all(sms.text not in known for sms in theirs):
            self.outcome.mistaken += 1
            return
        self.outcome.wrong.append(f"{label}, but never accepted")
        self.outcome.lost += 1

    def judge_report(self, delivery: Delivery, label: str) -> None:
        theirs = [sms for sms in self.provider.inbox if sms.dlr_id == delivery.dlr_id]
        numbers = {sms.number for sms in theirs}
        if numbers != set(delivery.message.numbers):
            self.outcome.wrong.append(f"{label}, under an id of someone else")
        self.judge_fate(delivery, label)

    def judge_fate(self, delivery: Delivery, label: str) -> None:
        answer = self.provider.handle(
            "GET",
            "/api/dlr/v1",
            {"username": "test", "password": "secret", "id": delivery.dlr_id or ""},
        ).text
        states = [item.split()[1] for item in answer.split("|")[1:]]
        delivered = states.count("9")
        expected = {
            0: State.FAILED,
            len(states): State.DELIVERED,
        }.get(delivered, State.PARTIALLY_DELIVERED)
        if delivery.state is not expected:
            self.outcome.wrong.append(f"{label}, but the report says {answer}")


type Player = Callable[[Plan], Outcome]
