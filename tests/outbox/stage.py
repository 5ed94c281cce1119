"""A stage for an outbox: virtual seconds, and a provider, a wire and a disk that obey.

A request takes an eighth of a second to the provider and as long back: every moment can be
named, and is exact in binary.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
import math
from typing import Any

from custom_components.bisms.outbox import FINAL, UNKNOWN, Delivery, Outbox, State
from custom_components.bisms.outbox.record import Certainty
from simulator.clock import LoopClock
from simulator.core import Provider
from simulator.reports import Handset
from simulator.sendings import Account
from tests.messages import HOUR, message
from tests.simulation.loop import VirtualLoop

from .disk import Disk
from .wire import Request, Trouble, Wire, anything

P1, P2, P3 = "905550000001", "905550000002", "905550000003"
"""P2's phone stays off; P3's fails after half a minute."""

FIRST_ID = 77300600
"""The provider's id for the first sending of all."""


SECRET = "tops3cret"


class Stage:
    """One account of a user: what runs in Home Assistant, and the world it meets.

    Attributes
    ----------
    clock_is_ahead
        Seconds by which the machine's clock is wrong.
    requests
        Every request that left, the latest one last.
    last
        The outbox that ran last, be it stopped or not.
    known
        Every delivery that was ever heard of, as it was last.
    crashes
        What must not happen: a task that ends with an exception, a step backwards.
    """

    def __init__(self, loop: VirtualLoop, disk: Disk | None = None) -> None:
        """Build everything; nothing happens yet."""
        self.loop = loop
        self.disk = disk or Disk()
        self.account = Account("test", SECRET, credit=10_000)
        self.provider = Provider([self.account], LoopClock(loop), first_dlr_id=FIRST_ID)
        self.provider.handsets = {P2: Handset(None), P3: Handset(None, 30.0)}
        self.secret = SECRET
        self.clock_is_ahead = 0.0
        self.requests: list[Request] = []
        self.troubles: list[Trouble] = []
        self.news: list[tuple[Delivery, Delivery]] = []
        self.known: dict[str, Delivery] = {}
        self.crashes: list[BaseException] = []
        self.on_request: Callable[[Request], None] = lambda request: None
        self.jitter = 1.0
        self._booted_at = 0.0
        self.last: Outbox
        self._outbox: Outbox | None = None
        self._calls: set[asyncio.Task[Delivery]] = set()
        self._background: set[asyncio.Task[None]] = set()
        self._writes: set[asyncio.Task[None]] = set()

    @property
    def outbox(self) -> Outbox:
        """The outbox that runs."""
        assert self._outbox is not None
        return self._outbox

    @property
    def attempts(self) -> list[Request]:
        """The requests that sent something, or tried to."""
        return [each for each in self.requests if each.sends]

    @property
    def inbox(self) -> list[str]:
        """The texts that the provider accepted, once for each number."""
        return [sms.text for sms in self.provider.inbox]

    def departures(self, text: str = "Duman alarmı") -> list[float]:
        """Return when requests left that send a text."""
        return [each.at for each in self.attempts if each.says(text)]

    def utc(self) -> float:
        """Return what the machine's clock shows."""
        return LoopClock.START + self.loop.time() + self.clock_is_ahead

    def steady(self) -> float:
        """Return the seconds since the machine was switched on."""
        return self.loop.time() - self._booted_at

    def meet(
        self,
        fault: str,
        begins: float = 0.0,
        ends: float = math.inf,
        what: Callable[[Request], bool] = anything,
    ) -> None:
        """Let requests of some time meet a fault; the first one that fits counts."""
        self.troubles.append(Trouble(fault, begins, ends, what))

    def foreign(self, *numbers: str, text: str = "From the panel") -> str:
        """Send as the provider's panel does, and return the id."""
        return self.provider.foreign_send("test", numbers, text)

    def build(self) -> Outbox:
        """Build an outbox on this account's files."""
        client = Wire(self.provider, self.secret, self.fault_of)
        self.last = self._outbox = Outbox(
            client,
            self.disk,
            spawn=self._spawn,
            spawn_write=self._spawn_write,
            on_refusal=lambda err: None,
            utc=self.utc,
            steady=self.steady,
            jitter=lambda: self.jitter,
        )
        client.on_accepted = self._outbox.secret_works
        return self._outbox

    async def start(self) -> None:
        """Start Home Assistant, as far as the account is concerned."""
        await self.load()
        await self.outbox.start()

    async def load(self) -> None:
        """Do the first half of a start."""
        outbox = self.build()
        await outbox.load()
        outbox.subscribe(self._on_change)
        for each in outbox.deliveries:
            self.known.setdefault(each.id, each)

    async def kill(self) -> None:
        """Cut the power: nothing of what was under way goes on here."""
        if self._outbox is not None:
            # What is dead has no timers.
            self._outbox._scheduler.running = False
            self._outbox._scheduler.pump()
            self._outbox._commit.close()
            self._outbox._listeners.clear()
        for task in (*self._background, *self._writes, *self._calls):
            task.cancel()
        self._outbox, self._booted_at = None, self.loop.time()
        await asyncio.sleep(0)

    async def stop(self) -> None:
        """Stop Home Assistant: the outbox first, then whatever still runs of it."""
        await self.outbox.stop()
        await self._end()

    async def close(self) -> None:
        """Unload the account."""
        await self.outbox.close()
        await self._end()

    async def restart(self, *, away: float = 1.0, clock_stands: bool = False) -> None:
        """Cut the power for some time, the clock standing still meanwhile or not."""
        await self.kill()
        await asyncio.sleep(away)
        if clock_stands:
            self.clock_is_ahead -= away
        await self.start()

    async def send(
        self,
        *numbers: str,
        lifetime: float = HOUR,
        hourly_limit: int = 0,
        resend_in_doubt: bool = False,
        **fields: Any,
    ) -> Delivery:
        """Send a message, to P1 unless other numbers are given; return the answer."""
        [answer] = await self.outbox.send(
            message(*numbers or (P1,), **fields),
            lifetime=lifetime,
            hourly_limit=hourly_limit,
            resend_in_doubt=resend_in_doubt,
        )
        return answer

    def call(self, *numbers: str, **fields: Any) -> asyncio.Task[Delivery]:
        """Send a message without waiting for the answer."""
        call = self.loop.create_task(self.send(*numbers, **fields))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        return call

    def now(self, delivery: Delivery) -> Delivery:
        """Return a delivery as it is now."""
        return self.outbox._ledger[delivery.id]

    def now_saying(self, text: str) -> Delivery:
        """Return the only delivery with a text, as it is now."""
        [found] = [
            each for each in self.outbox.deliveries if each.message.sms[0].text == text
        ]
        return found

    async def until(self, at: float) -> None:
        """Wait until so many seconds after the beginning."""
        await asyncio.sleep(at - self.loop.time())

    def fault_of(self, request: Request) -> str | None:
        """Note a request that leaves; return the fault that it meets."""
        self.requests.append(request)
        self.on_request(request)
        return next((each.fault for each in self.troubles if each.meets(request)), None)

    async def _end(self) -> None:
        for task in self._background:
            task.cancel()
        self._outbox = None
        await asyncio.sleep(0)

    def _spawn(
        self, coroutine: Coroutine[Any, Any, None], name: str
    ) -> asyncio.Task[None]:
        return self._begin(self._background, coroutine, name)

    def _spawn_write(
        self, coroutine: Coroutine[Any, Any, None], name: str
    ) -> asyncio.Task[None]:
        return self._begin(self._writes, coroutine, name)

    def _begin(
        self,
        tasks: set[asyncio.Task[None]],
        coroutine: Coroutine[Any, Any, None],
        name: str,
    ) -> asyncio.Task[None]:
        task = asyncio.Task(coroutine, loop=self.loop, name=name, eager_start=True)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.crashes.append(error)

    def _on_change(self, before: Delivery, after: Delivery) -> None:
        if before.final or _RANKS[before.state] > _RANKS[after.state]:
            self.crashes.append(AssertionError(f"{before} -> {after}"))
        self.news.append((before, after))
        self.known[after.id] = after

    def check(self) -> None:
        """See that nothing was doubled, and that what is said of each message is true."""
        assert self.crashes == []
        sent = Counter((sms.number, sms.text) for sms in self.provider.inbox)
        may_be_sent: Counter[tuple[str, str]] = Counter()
        must_be_sent: Counter[tuple[str, str]] = Counter()
        for each in self.known.values():
            contents = [(n, sms.text) for sms in each.message.sms for n in sms.numbers]
            may_be_sent.update(contents * _copies(each))
            must_be_sent.update(contents * each.accepted)
        assert must_be_sent <= sent <= may_be_sent
        ids = [each.dlr_id for each in self.known.values() if each.dlr_id is not None]
        assert len(ids) == len(set(ids))


_RANKS = {
    State.HELD: -1,
    State.QUEUED: 0,
    State.SCHEDULED: 1,
    State.WAITING: 2,
    State.PENDING: 3,
    **dict.fromkeys(FINAL, 4),
}


def _copies(delivery: Delivery) -> int:
    """Return how often a message may have been sent, by what is said of it."""
    if delivery.certainty is Certainty.UNKNOWABLE:
        return 2
    return delivery.accepted or not delivery.final or delivery.reason == UNKNOWN


def play(
    scenario: Callable[[Stage], Coroutine[Any, Any, None]], disk: Disk | None = None
) -> Stage:
    """Play a scenario that begins a second after the start."""
    loop = VirtualLoop()
    stage = Stage(loop, disk)

    async def run() -> None:
        await stage.start()
        await asyncio.sleep(1)
        await scenario(stage)

    try:
        loop.run_until_complete(run())
    finally:
        loop.run_until_complete(stage.kill())
        loop.close()
    stage.check()
    return stage
