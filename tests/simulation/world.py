"""One history while it is played: Home Assistant, its users, the network and the provider."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from random import Random
from typing import Any

from simulator.reports import Handset

from . import knobs
from .acts import (
    HOUR,
    PHONES,
    Act,
    Backup,
    Change,
    ClockSet,
    Foreign,
    Manner,
    NewSecret,
    OddReports,
    Restore,
    Send,
    Sleep,
    Stop,
)
from .clock import MachineClock, ProviderClock
from .home import Home, Span
from .judgement import judge
from .loop import VirtualLoop
from .network import Network
from .outcome import Kind, Outcome, Wrong
from .plan import Plan
from .provider import PlayedProvider

GIVE_UP = 75 * HOUR
"""Virtual seconds after which a history must have come to its end."""

SETTLING = 600
"""Virtual seconds after which it is looked again whether all has come to its end."""

QUIET = 5 * HOUR
"""Virtual seconds after its end in which nothing may be asked any more."""

PATIENCE = 20
"""Seconds for which a stop or a set clock waits for what it is to disturb."""


class World:
    """Everything that a history is about."""

    def __init__(self, plan: Plan, loop: VirtualLoop) -> None:
        """Build it; nothing happens yet."""
        self.plan = plan
        self.loop = loop
        self.random = Random(f"{plan.seed} world")
        self.clock = MachineClock(loop, plan.circumstances.clock_rate)
        self.provider_clock = ProviderClock(loop)
        self.homes = [Home(self, n) for n in range(plan.circumstances.accounts)]
        self.provider = self._provider()
        self.network = Network(
            self.provider,
            Random(f"{plan.seed} network"),
            fault_rate=plan.circumstances.fault_rate,
            outages=plan.outages,
            grace=knobs.figure("MARGIN") - 0.5,
        )
        self.outcome = Outcome(plan)
        self.clock_set: list[float] = []
        self.foreign: dict[str, tuple[float, float]] = {}
        self.is_quiet = False
        self._restarting = asyncio.Lock()
        self._backing_up = asyncio.Lock()
        self._beside: set[asyncio.Task[None]] = set()

    @property
    def now(self) -> float:
        """The true time, in seconds since the history began."""
        return self.loop.time()

    async def play(self) -> Outcome:
        """Let everything happen, to the end, and judge it."""
        await self._start()
        self.outcome.story += [(each.begins, str(each)) for each in self.plan.outages]
        self.outcome.story += [
            (each.begins, str(each)) for each in self.plan.disk_troubles
        ]
        for act in self.plan.acts:
            # What a user meant to do while Home Assistant was away, he does soon after.
            soon = self.random.uniform(0, 2)
            if not (isinstance(act, Stop) and act.in_write is not None):
                await asyncio.sleep(max(act.at - self.now, soon))
            self.tell(str(act))
            await self._perform(act)
        await asyncio.gather(*self._beside)
        await self._settle()
        judge(self)
        for home in self.homes:
            home.run.end()
        await asyncio.sleep(0)
        self.outcome.story.sort(key=lambda line: line[0])
        return self.outcome

    def tell(self, words: str) -> None:
        """Add to the story."""
        self.outcome.story.append((self.now, words))

    def wrong(self, kind: Kind, words: str) -> None:
        """Note what must not happen."""
        self.tell(f"WRONG: {kind}: {words}")
        self.outcome.wrong.append(Wrong(kind, words))

    def _provider(self) -> PlayedProvider:
        circumstances = self.plan.circumstances
        provider = PlayedProvider(
            [home.account for home in self.homes],
            self.provider_clock,
            self.random,
            first_dlr_id=circumstances.first_dlr_id,
            duplicates=circumstances.duplicates,
            list_lag=circumstances.list_lag * knobs.figure("LIST_LAG"),
            is_lost=self._is_lost,
        )
        provider.handsets = {
            phone: Handset(*handset)
            for phone, handset in zip(PHONES, circumstances.handsets, strict=False)
        }
        for home in self.homes:
            for number in range(circumstances.earlier):
                phone = self.random.choice(PHONES[:3])
                home.account.credit += 1
                provider.foreign_send(
                    home.username, [phone], f"Earlier {number}", ago=HOUR
                )
        return provider

    def _is_lost(self, dlr_id: str) -> bool:
        """Whether one of ours was accepted under an id that no outbox knows."""
        return dlr_id in self.network.accepted and not any(
            delivery.dlr_id == dlr_id
            for home in self.homes
            for delivery in home.run.outbox.deliveries
        )

    async def _perform(self, act: Act) -> None:
        match act:
            case Send():
                async with self._restarting:
                    self.homes[act.account].send(act)
            case Change():
                self._beside_it(self.homes[act.account].change(act))
            case Stop():
                if act.in_write is not None:
                    await self._until_written(act.in_write)
                await self._restart(act)
            case ClockSet():
                await self._set_clock(act)
            case Sleep():
                self.network.arrive_now()
                self.provider_clock.pass_by(act.seconds)
                self._clock_is_set(act.seconds)
            case NewSecret():
                self._beside_it(self._change_secret(act))
            case Foreign():
                self._beside_it(self._send_elsewhere(act))
            case OddReports():
                self._beside_it(self._report_oddly(act))
            case Backup():
                self._beside_it(self._back_up(act))
            case Restore():
                await self._restore(act)

    def _beside_it(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Let something happen while the history goes on."""
        task = self.loop.create_task(coroutine)
        self._beside.add(task)

    async def _start(self) -> None:
        await asyncio.gather(*(home.start() for home in self.homes))

    async def _until_written(self, writes: int) -> None:
        """Wait until so many more writes have begun, but not for ever."""
        disk = self.homes[0].disk
        with suppress(TimeoutError):
            for _ in range(writes):
                disk.busy.clear()
                await asyncio.wait_for(disk.busy.wait(), PATIENCE)

    async def _restart(self, stop: Stop) -> None:
        async with self._restarting:
            match stop.manner:
                case Manner.RELOADED:
                    home = self.homes[stop.account]
                    await home.unload(stop.late)
                    await asyncio.sleep(stop.away)
                    await home.start()
                    return
                case Manner.KILLED:
                    for home in self.homes:
                        home.power_cut()
                case Manner.STOPPED:
                    await asyncio.gather(
                        *(home.stop_well(late) for home, late in self._late(stop))
                    )
            await asyncio.sleep(stop.away)
            if stop.manner is Manner.KILLED:
                self.clock.boot()
            self._clock_is_set(stop.clock_by)
            await self._start()

    def _late(self, stop: Stop) -> list[tuple[Home, tuple[Send, ...]]]:
        """Return for each account what is sent with it while Home Assistant stops."""
        return [
            (home, tuple(send for send in stop.late if send.account == home.number))
            for home in self.homes
        ]

    async def _set_clock(self, act: ClockSet) -> None:
        if act.in_request:
            self.network.on_send.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.network.on_send.wait(), PATIENCE)
            await asyncio.sleep(self.random.uniform(0, 0.1))
        for number in range(act.times):
            self._clock_is_set(act.by if number % 2 == 0 else -act.by)
            await asyncio.sleep(act.every)

    def _clock_is_set(self, by: float) -> None:
        if by:
            self.clock.set(by)
            self.clock_set.append(self.now)

    async def _change_secret(self, act: NewSecret) -> None:
        """Change a secret, and reload the account with it some time later."""
        home = self.homes[act.account]
        home.account.secret = f"secret of {act.at}"
        changed = self.now
        await asyncio.sleep(act.entered_after)
        home.secret = home.account.secret
        await self._restart(Stop(self.now, 0.1, Manner.RELOADED, account=act.account))
        home.wrong_secrets.append(Span(changed, self.now))

    async def _send_elsewhere(self, act: Foreign) -> None:
        """Send as another program does, at no cost to the account."""
        home = self.homes[act.account]
        for _ in range(act.times):
            home.account.credit += len(act.numbers)
            text = f"Foreign {len(self.foreign)}"
            dlr_id = self.provider.foreign_send(home.username, act.numbers, text)
            self.foreign[dlr_id] = self.now, self.now + home.account.list_lag
            await asyncio.sleep(act.every)

    async def _report_oddly(self, act: OddReports) -> None:
        account = self.homes[act.account].account
        account.unreported = set(act.unreported)
        account.also_reported = act.also_reported
        await asyncio.sleep(max(0.0, act.until - self.now))
        account.unreported, account.also_reported = set(), ()

    async def _back_up(self, act: Backup) -> None:
        """Make one backup after the other, but none while Home Assistant starts or stops."""
        async with self._backing_up:
            async with self._restarting:
                pass
            await self.homes[act.account].back_up(act)

    async def _restore(self, act: Restore) -> None:
        """Put a backup back: Home Assistant stops, its files are replaced, and it is back."""
        async with self._restarting:
            await asyncio.gather(*(home.stop_well(()) for home in self.homes))
            self.homes[act.account].restore(act)
            await asyncio.sleep(act.away)
            await self._start()

    async def _settle(self) -> None:
        """Let everything come to its end; then nothing must be asked any more."""
        give_up = self.now + GIVE_UP
        while self.now < give_up and not all(home.has_settled for home in self.homes):
            await asyncio.sleep(SETTLING)
        self.is_quiet = True
        await asyncio.sleep(HOUR)
        requests = self.network.requests
        await asyncio.sleep(QUIET)
        if self.network.requests != requests:
            words = "requests were made although all had come to its end"
            self.wrong(Kind.NEEDLESS, words)
