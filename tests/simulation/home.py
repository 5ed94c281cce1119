"""One account in Home Assistant: its outbox, its disk, and the users who send with it."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

from custom_components.bisms.outbox import (
    Attempt,
    ClosedError,
    Delivery,
    HourlyLimitError,
    State,
    TooLateError,
)
from custom_components.bisms.provider.models import Message, Sms
from simulator.sendings import Account

from . import knobs
from .acts import HOUR, Backup, Change, Restore, Send, Wish
from .disk import SLOW, Copy, Disk, saved_within
from .outcome import Answer, Call, Excuse, Kind, label
from .run import Run

if TYPE_CHECKING:
    from .world import World

LOAD_AGAIN = 5.0
"""Seconds after which Home Assistant sets up an account again whose disk failed."""

SOON = 0.001
"""Seconds by which a time that is due may lie ahead, as the loop rounds."""

LINGERS = 5.0
"""Seconds for which Home Assistant lives on at most after its accounts have stopped."""


@dataclass(slots=True)
class Life:
    """What is to be known of a message that its end does not tell; times are true ones.

    `created` is when the call was made, `entered` since when it was to be sent.

    `resent` has the times at which it was sent anew although its fate stayed unknown;
    `cut_off` is whether its process ended in the middle of an attempt.
    """

    created: float
    entered: float
    latest: Delivery
    attempts: list[float] = field(default_factory=list)
    resent: list[float] = field(default_factory=list)
    cut_off: bool = False
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which something holds."""

    since: float
    until: float


@dataclass(frozen=True, slots=True)
class Loss(Span):
    """A time of which everything that happened may be forgotten, and why."""

    why: Excuse


class Home:
    """What an account is in Home Assistant, from its first start to the end of the history."""

    def __init__(self, world: World, number: int) -> None:
        """Build it; nothing happens yet."""
        plan = world.plan
        self.world = world
        self.number = number
        self.username = f"account{number + 1}"
        self.secret = "secret"
        self.account = Account(
            self.username, self.secret, credit=plan.circumstances.credit
        )
        self.random = Random(f"{plan.seed} home {number}")
        self.disk = Disk(
            Random(f"{plan.seed} disk {number}"),
            tuple(each for each in plan.disk_troubles if each.account == number),
            plan.circumstances.disk_fault_rate,
        )
        self.calls: list[Call] = []
        self.lives: dict[str, Life] = {}
        self.losses: list[Loss] = []
        self.downtimes: list[Span] = []
        self.wrong_secrets: list[Span] = []
        self.kills: list[float] = []
        self.cancelled: set[str] = set()
        self.hurried: set[str] = set()
        self._copy: Copy | None = None
        self._run: Run | None = None
        self._callers: dict[asyncio.Task[None], Call] = {}
        self._down_since = 0.0

    @property
    def run(self) -> Run:
        """The present run."""
        assert self._run is not None
        return self._run

    @property
    def has_settled(self) -> bool:
        """Whether all callers have their answers, and all messages have ended."""
        return not self._callers and all(
            delivery.final for delivery in self.run.outbox.deliveries
        )

    async def start(self) -> None:
        """Start the account, as soon as its disk lets it."""
        while True:
            self._run = Run(self)
            try:
                await self._run.load()
                break
            except OSError:
                self.world.tell("the disk fails while the account is set up")
                self._run.end()
                await asyncio.sleep(LOAD_AGAIN)
        for delivery in self._run.outbox.deliveries:
            self._compare_with_before(delivery)
        await self._run.start()
        self.downtimes.append(Span(self._down_since, self.world.now))

    def _compare_with_before(self, delivery: Delivery) -> None:
        """Look whether an end is forgotten that was on disk; go on with what is known."""
        life = self.lives[delivery.id]
        if life.ended is not None and not delivery.final:
            saved = life.ended + saved_within(self.world.plan, self.number)
            may_be_lost = any(life.ended < loss.until for loss in self.losses)
            if self._down_since > saved and not may_be_lost:
                words = f"{label(delivery)}, though that was {life.latest.state} before"
                self.world.wrong(Kind.BACKWARDS, words)
            life.ended = None
        life.latest = delivery

    def power_cut(self) -> None:
        """End with the power: lose what was not written."""
        self._down_since = self.world.now
        self._end_process()
        if (reverted := self.disk.cut_power()) is not None:
            self._lose(reverted, Excuse.DISK)
        self.kills.append(self.world.now)

    async def stop_well(self, late: tuple[Send, ...]) -> None:
        """Stop as Home Assistant does: requests end first, callers go on for a while."""
        run = self.run
        self._down_since = self.world.now
        calling = self.world.loop.create_task(self._send_late(late))
        await run.do(run.outbox.stop())
        run.stopped = True
        run.cancel_background()
        await calling
        await asyncio.sleep(self.random.uniform(0, LINGERS))
        await run.writes_end()
        for call in self._callers.values():
            if call.how is Answer.NONE:
                words = f"{call.send} has no answer when Home Assistant has stopped"
                self.world.wrong(Kind.LATE, words)
        self._end_process()

    async def unload(self, late: tuple[Send, ...]) -> None:
        """Unload the account; those who wait for an answer get one."""
        run = self.run
        self._down_since = self.world.now
        calling = self.world.loop.create_task(self._send_late(late))
        await run.do(run.outbox.close())
        run.closed = True
        run.cancel_background()
        await calling
        self._lose_what_was_not_written()

    async def _send_late(self, late: tuple[Send, ...]) -> None:
        """Send while it stops, and just afterwards."""
        for send in late:
            self.send(send)
            await asyncio.sleep(self.random.uniform(0, 3))

    def _end_process(self) -> None:
        """Let nothing go on."""
        self.run.end()
        self._lose_what_was_not_written()
        for task, call in list(self._callers.items()):
            if call.how is Answer.NONE:
                call.how, call.ended = Answer.CUT_OFF, self.world.now
            task.cancel()
        self._callers.clear()

    def _lose_what_was_not_written(self) -> None:
        """Note what is cut off, and since when a disk that failed keeps nothing."""
        for life in self.lives.values():
            life.cut_off |= isinstance(life.latest.doing, Attempt)
        retried = self.disk.failed_at + knobs.longest("RETRY_AFTER") + SLOW[1]
        if self.disk.behind_since is not None and self.world.now < retried:
            self._lose(self.disk.behind_since, Excuse.DISK)

    def _lose(self, since: float, why: Excuse) -> None:
        self.losses.append(Loss(since, self.world.now, why))

    def send(self, send: Send) -> None:
        """Let a user send something."""
        messages = tuple(self._message(send, piece) for piece in send.pieces)
        run = self.run
        call = Call(send, messages, self.world.now, after_stop=run.stopped)
        self.calls.append(call)
        task = run.caller(self._call(run, call))
        if task.done():
            return
        self._callers[task] = call
        task.add_done_callback(lambda task: self._callers.pop(task, None))
        if send.cancelled_after is not None:
            self.world.loop.call_later(send.cancelled_after, self._give_up, task)

    def _message(self, send: Send, piece: tuple[Sms, ...]) -> Message:
        send_at = None
        if send.send_in is not None and abs(self.world.clock.off_by) < 2 * HOUR:
            moment = int(self.world.provider.clock.now() + send.send_in)
            send_at = datetime.fromtimestamp(moment, UTC)
        return Message(
            header="BASLIK1",
            sms=piece,
            individual=len(piece) > 1,
            validity=send.validity,
            send_at=send_at,
        )

    def _give_up(self, task: asyncio.Task[None]) -> None:
        """Let a user give up waiting; the message goes on."""
        if (call := self._callers.pop(task, None)) is not None:
            call.how, call.ended = Answer.GIVEN_UP, self.world.now
            task.cancel()

    async def _call(self, run: Run, call: Call) -> None:
        send, known = call.send, set(self.lives)
        sending = run.caller(
            run.outbox.send(
                *call.messages,
                lifetime=send.lifetime,
                held_until=None
                if send.held_for is None
                else self.world.clock.utc() + send.held_for,
                hourly_limit=self.world.plan.circumstances.hourly_limit,
                resend_in_doubt=send.resend_in_doubt,
            )
        )
        self._note_entered(run, call, known)
        try:
            call.deliveries = await sending
        except HourlyLimitError:
            call.how = Answer.OVER_LIMIT
        except ClosedError:
            call.how = Answer.CLOSED
        except asyncio.CancelledError:
            if call.how is Answer.NONE:
                self.world.wrong(Kind.CRASHED, f"{send}: cancelled, but by nobody")
            raise
        else:
            call.how = Answer.GIVEN
        call.ended = self.world.now
        self.world.tell(f"{send.pieces[0][0].text!r} is {call.in_words()}")

    def _note_entered(self, run: Run, call: Call, known: set[str]) -> None:
        """Note which deliveries a call made."""
        new = [each for each in run.outbox.deliveries if each.id not in known]
        for delivery in new:
            now = self.world.now
            self.lives.setdefault(delivery.id, Life(now, now, delivery))
        call.ids = tuple(each.id for each in new)

    def note_change(self, before: Delivery, after: Delivery) -> None:
        """Keep what is to be known of a message afterwards."""
        if (life := self.lives.get(after.id)) is None:
            now = self.world.now
            life = self.lives[after.id] = Life(now, now, after)
        if before.state is State.HELD and after.state is not State.HELD:
            life.entered = self.world.now
            self._check_time(after)
        life.latest = after
        life.ended = self.world.now if after.final else None
        if isinstance(after.doing, Attempt) and not isinstance(before.doing, Attempt):
            life.attempts.append(self.world.now)
        if before.resend_in_doubt and not after.resend_in_doubt:
            life.resent.append(self.world.now)

    def _check_time(self, released: Delivery) -> None:
        """Look whether a message went that was still to be held."""
        hold = released.hold
        if released.final or hold is None or released.id in self.hurried:
            return
        if self.world.clock.utc() < hold.until_utc - SOON:
            words = f"{label(released)}, though it was to be held"
            self.world.wrong(Kind.UNTRUE, words)

    async def change(self, change: Change) -> None:
        """Let a user cancel, or send at once, some message that has not left."""
        run, outbox = self.run, self.run.outbox
        ids = [each.id for each in outbox.deliveries if each.has_not_left and each.told]
        if not run.alive or not ids:
            return
        delivery_id = self.random.choice(ids)
        with suppress(TooLateError, ClosedError, asyncio.CancelledError):
            if change.wish is Wish.SEND_NOW:
                self.hurried.add(delivery_id)
                await run.do(outbox.send_now(delivery_id))
            else:
                self.cancelled.add(delivery_id)
                await run.do(outbox.cancel(delivery_id))

    async def back_up(self, backup: Backup) -> None:
        """Copy the files as Home Assistant's backup does, one after the other."""
        with suppress(asyncio.CancelledError):  # Home Assistant may be killed meanwhile
            await self._back_up(self.run, backup.copying)

    async def _back_up(self, run: Run, copying: float) -> None:
        disk = self.disk
        failures = disk.failures
        await run.do(run.outbox.hold())
        if not self._is_copied(run):
            return
        snapshot, mark = disk.copy("snapshot"), disk.mark_content
        await asyncio.sleep(copying)
        if not self._is_copied(run):
            return
        at = min(self.world.now, disk.behind_since or self.world.now)
        copy = Copy(snapshot, disk.copy("journal"), mark, at)
        await run.do(run.outbox.release())
        if self._is_copied(run) and disk.failures == failures:
            self._copy = copy
            self.world.tell("the backup is made")

    def _is_copied(self, run: Run) -> bool:
        """Whether a backup is worth going on with."""
        return (
            run is self._run and run.alive and not run.stopped and self.disk.is_written
        )

    def restore(self, restore: Restore) -> None:
        """Put the latest backup back, while Home Assistant is stopped."""
        if self._copy is None:
            self.world.tell("there is no backup")
            return
        self.disk.restore(self._copy, mark_is_gone=restore.mark_is_gone)
        self._lose(self._copy.at, Excuse.BACKUP)
