"""One history while it is played: users, Home Assistant, the network and the provider."""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from typing import Any

from custom_components.bisms.outbox import Outbox
from custom_components.bisms.provider.models import Message
from custom_components.bisms.storage import DeliveryStorage
from simulator.clock import LoopClock
from simulator.core import Provider
from simulator.reports import Handset
from simulator.sendings import Account

from .disk import SHORT_JOURNAL, Disk
from .judgement import judge
from .loop import VirtualLoop
from .network import Network, PlayedClient
from .outcome import Call, Kind, Outcome, Wrong
from .plan import (
    FOREIGN,
    HOUR,
    PHONES,
    Act,
    ClockSet,
    Foreign,
    Kill,
    NewSecret,
    Plan,
    Send,
)
from .watch import Watch

GIVE_UP = 60 * HOUR
"""Virtual seconds after which a history must have come to its end."""

QUIET = 5 * HOUR
"""Virtual seconds after its end in which nothing may be asked any more."""


class World:
    """Everything that a history is about."""

    def __init__(self, plan: Plan, loop: VirtualLoop) -> None:
        """Build it; nothing happens yet."""
        self.plan = plan
        self.loop = loop
        self.random = Random(plan.seed + 1)
        self.account = Account("test", "secret", credit=plan.credit)
        self.provider = self._provider()
        self.network = Network(
            self.provider, self.random, plan.fault_rate, list(plan.outages)
        )
        self.disk = Disk(self.random)
        self.outcome = Outcome(plan)
        self.calls: list[Call] = []
        self.crashed_at: list[float] = []
        self.attempts: defaultdict[str, list[float]] = defaultdict(list)
        self.outbox: Outbox | None = None
        self.secret = self.account.secret
        self.clock_off = 0.0
        self._restarting = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._outside: set[asyncio.Task[None]] = set()

    async def play(self) -> Outcome:
        """Let everything happen, to the end, and judge it."""
        await self.start()
        self.outcome.story += [(o.begins, str(o)) for o in self.plan.outages]
        for act in self.plan.acts:
            # What a user meant to do while Home Assistant was away, he does soon after.
            soon = self.random.uniform(0, 2)
            if not (isinstance(act, Kill) and act.in_write is not None):
                await asyncio.sleep(max(act.at - self.loop.time(), soon))
            self.tell(str(act))
            await self._perform(act)
        await asyncio.gather(*self._outside)
        await self._settle()
        judge(self)
        self.outcome.story.sort(key=lambda line: line[0])
        return self.outcome

    def tell(self, words: str) -> None:
        """Add to the story."""
        self.outcome.story.append((self.loop.time(), words))

    def wall(self) -> float:
        """Return the time on Home Assistant's clock."""
        return LoopClock.START + self.loop.time() + self.clock_off

    def _provider(self) -> Provider:
        provider = Provider(
            [self.account],
            LoopClock(self.loop),
            first_dlr_id=77300600,
            duplicates=self.random.choice(("all", "any")),
        )
        provider.handsets = {
            PHONES[1]: Handset(self.random.choice((5.0, 400.0, 20_000.0))),
            PHONES[2]: Handset(None, self.random.choice((None, 30.0))),
        }
        for number in range(self.plan.earlier):
            self._send_elsewhere(provider, PHONES, f"Earlier {number}", ago=HOUR)
        return provider

    def _send_elsewhere(
        self, provider: Provider, phones: tuple[str, ...], text: str, ago: float = 0.0
    ) -> None:
        """Send as another program does, at no cost to the account."""
        self.account.credit += 1
        provider.foreign_send("test", [self.random.choice(phones)], text, ago=ago)

    async def _perform(self, act: Act) -> None:
        match act:
            case Send():
                async with self._restarting:
                    self.spawn(self._call(act), "call")
            case Kill(in_write=writes):
                if writes is not None:
                    await self._until_written(writes)
                await self._restart(act)
            case ClockSet(by=by):
                self.clock_off += by
            case NewSecret(entered_after=seconds):
                self.account.secret = f"secret of {act.at}"
                entering = self.loop.create_task(self._enter_secret(seconds))
                self._outside.add(entering)
            case Foreign():
                self._send_elsewhere(self.provider, FOREIGN, f"Foreign {act.at}")

    async def _until_written(self, writes: int) -> None:
        """Wait until so many more writes have begun, but not for ever."""
        with suppress(TimeoutError):
            for _ in range(writes):
                self.disk.busy.clear()
                await asyncio.wait_for(self.disk.busy.wait(), 20)

    async def _enter_secret(self, seconds: float) -> None:
        """Reload the account with the new secret, some time after it was changed."""
        await asyncio.sleep(seconds)
        self.secret = self.account.secret
        await self._restart(Kill(self.loop.time(), away=0.1, hard=False))

    async def _restart(self, kill: Kill) -> None:
        async with self._restarting:
            await self.stop(hard=kill.hard)
            await asyncio.sleep(kill.away)
            self.clock_off += kill.clock_by
            await self.start()

    async def start(self) -> None:
        """Start Home Assistant, as far as an account is concerned."""
        booted = self.loop.time()
        self.outbox = Outbox(
            PlayedClient(self.network, "test", self.secret),
            DeliveryStorage(self.disk, least_journal=SHORT_JOURNAL),
            spawn=self.spawn,
            on_refusal=lambda err: None,
            clock=self.wall,
            steady=lambda: self.loop.time() - booted,
            jitter=lambda: self.random.uniform(0.8, 1.2),
        )
        await self.outbox.load()
        watch = Watch(self, self.outbox)
        self.outbox.subscribe(watch.on_change)
        self.network.on_request = watch.on_request
        await self.outbox.start()

    async def stop(self, *, hard: bool) -> None:
        """Stop Home Assistant in good order, or cut its power."""
        assert self.outbox is not None
        if not hard:
            await self.outbox.close()
        # A killed process has no timers any more.
        self.outbox._running = False
        self.crashed_at.append(self.loop.time())
        self.outbox = None
        if hard:
            self.disk.crash()
        for task in list(self._tasks):
            # A call that is under way when the account is unloaded still gets its answer.
            if hard or task.get_name() != "call":
                task.cancel()
        await asyncio.sleep(0)

    def spawn(
        self, coroutine: Coroutine[Any, Any, None], name: str
    ) -> asyncio.Task[None]:
        """Start a task that ends with Home Assistant."""
        task = asyncio.Task(coroutine, loop=self.loop, name=name, eager_start=True)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.outcome.wrong.append(Wrong(Kind.CRASHED, repr(error)))

    async def _call(self, send: Send) -> None:
        assert self.outbox is not None
        send_at = None
        if send.send_in is not None:
            now = LoopClock.START + self.loop.time()
            send_at = datetime.fromtimestamp(int(now + send.send_in), UTC)
        message = Message(
            header="BASLIK1",
            sms=send.sms,
            individual=len(send.sms) > 1,
            validity=send.validity,
            send_at=send_at,
        )
        call = Call(send, message, self.loop.time())
        self.calls.append(call)
        [call.answer] = await self.outbox.send(message, lifetime=send.lifetime)
        self.tell(f"“{send.sms[0].text}” is answered {call.answer.state}")

    async def _settle(self) -> None:
        """Let everything come to its end; then nothing must be asked any more."""
        give_up = self.loop.time() + GIVE_UP
        while self.loop.time() < give_up and not self._settled():
            await asyncio.sleep(60)
        requests = self.network.requests
        await asyncio.sleep(QUIET)
        if self.network.requests != requests:
            words = "requests were made although all had come to its end"
            self.outcome.wrong.append(Wrong(Kind.NEEDLESS, words))

    def _settled(self) -> bool:
        assert self.outbox is not None
        calls_done = not any(task.get_name() == "call" for task in self._tasks)
        return calls_done and all(delivery.final for delivery in self.outbox.deliveries)
