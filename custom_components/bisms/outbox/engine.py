"""The one way a message goes out: kept on disk first, carried out when due, never twice."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from functools import partial
from itertools import batched
import logging
import random
import time
from uuid import uuid4

from ..provider.client import BismsClient
from ..provider.codes import RefusedError
from ..provider.models import Message
from .clock import Clock
from .commit import GroupCommit, Spawn
from .courier import Courier
from .crash import log_crash
from .events import Event, Restored, Signal
from .journal import Files, Journal, Saved
from .ledger import Ledger
from .lifecycle import advance
from .record import Context, Delivery, State, entered
from .scheduler import SLICE, Scheduler
from .sightings import Sightings
from .tasks import Tasks

_LOGGER = logging.getLogger(__name__)

ANSWER_WITHIN = 10
"""Seconds a caller waits for the provider's answer."""

type Listener = Callable[[Delivery, Delivery], None]


class ClosedError(Exception):
    """The outbox accepts nothing any more."""


class TooLateError(Exception):
    """A message was sent already, may have been, or has ended."""


class Outbox:
    """Keeps deliveries, on disk too, and carries out what the state machine says is due."""

    def __init__(
        self,
        client: BismsClient,
        files: Files,
        *,
        spawn: Spawn,
        spawn_write: Spawn,
        on_refusal: Callable[[RefusedError], None],
        utc: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = partial(random.uniform, 0.8, 1.2),
    ) -> None:
        """Prepare; `load` reads the files and `start` begins.

        Parameters
        ----------
        client
            The account's client.
        files
            Where deliveries survive a restart.
        spawn
            Starts a coroutine as a task that may be cancelled; gets the task's name too.
        spawn_write
            Starts a coroutine as a task that is allowed to end.
        on_refusal
            Told of every refusal, whatever was asked.
        utc
            UTC seconds; may be set back and forth.
        steady
            Seconds that only ever run forward.
        jitter
            Factor for the next pause.
        """
        self._spawn = spawn
        self._jitter = jitter
        self._clock = Clock(utc, steady)
        self._courier = Courier(
            client, self._clock, on_refusal=on_refusal, on_signal=self._on_signal
        )
        self._ledger = Ledger()
        self._journal = Journal(files)
        self._commit = GroupCommit(self._write, spawn_write)
        self._tasks = Tasks(
            self._ledger,
            self._clock,
            self._courier,
            self._commit,
            is_saved=self._journal.holds,
            apply=self._apply,
        )
        self._scheduler = Scheduler(
            self._ledger,
            self._clock,
            spawn=spawn,
            carry_out=self._tasks.carry_out,
            tick=self._tick,
        )
        self._taken_up: list[tuple[Delivery, Delivery]] = []
        self._answers: dict[str, list[asyncio.Future[None]]] = {}
        self._listeners: list[Listener] = []
        self._stopped = False
        self._closed = False

    @property
    def queued(self) -> int:
        """How many messages wait to be sent, their callers answered."""
        return self._ledger.queued

    @property
    def deliveries(self) -> Iterable[Delivery]:
        """Every delivery known, the finished ones first."""
        return self._ledger

    @property
    def planned(self) -> Collection[float]:
        """When each message that is to be sent later will be, in UTC seconds."""
        return self._ledger.planned.values()

    @property
    def credits_used(self) -> int:
        """What all that the provider ever accepted cost: parts, for each number."""
        return self._ledger.credits_used

    def get(self, delivery_id: str) -> Delivery | None:
        """Return a delivery if it is known."""
        return self._ledger.get(delivery_id)

    def utc(self, at: float) -> float:
        """Return what the machine's clock shows at one of a delivery's times."""
        return self._clock.utc(at)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener(before, after)` on every change; return what ends that."""
        self._listeners.append(listener)
        return partial(self._listeners.remove, listener)

    async def load(self) -> None:
        """Read the files, and take up every open delivery where it was.

        Nothing is sent before `start`, and by then nothing is left that was not taken up.

        Raises
        ------
        OSError
            The disk fails.
        UnreadableStoreError
            What is there makes no sense.
        """
        saved = await self._journal.load()
        if saved.utc:
            self._clock.resume(saved.at, saved.utc)
        self._ledger.credits_used = saved.credits_used
        now, sighting = self._clock.now(), saved.sighting
        self._courier.sightings = Sightings(sighting)
        event: Event = Restored(sighting) if saved.restored else Signal.RESTARTED
        for some in batched(saved.deliveries, SLICE, strict=False):
            for before in some:
                after = advance(before, event, now)
                if after == before:
                    self._place(after)
                else:
                    _log(event, before, after)
                    self._taken_up.append((before, after))
                    self._change(after)
            await asyncio.sleep(0)

    async def start(self) -> None:
        """Tell what became of what was taken up, carry out what is due, learn the newest id."""
        for some in batched(self._taken_up, SLICE, strict=False):
            for before, after in some:
                self._tell(before, after)
            await asyncio.sleep(0)
        self._taken_up.clear()
        self._commit.begin()
        if self._stopped:
            return  # Home Assistant stopped while it started
        self._scheduler.running = True
        self._scheduler.pump()
        self._spawn(self._tasks.learn_newest_id(), "bisms newest id")

    async def stop(self) -> None:
        """Let requests under way finish for a moment, then save everything.

        What is sent afterwards is saved and answered `queued`; it goes out after a restart.
        """
        self._stopped = True
        await self._scheduler.stop()
        self._stop_waiting(list(self._answers))
        await self._commit.flush()

    async def close(self) -> None:
        """Stop, and accept nothing any more: a successor is about to read the files."""
        self._closed = True
        await self.stop()
        self._commit.close()
        await self._commit.ended()

    async def send(
        self,
        *messages: Message,
        lifetime: float,
        held_until: float | None = None,
        hourly_limit: int = 0,
        resend_in_doubt: bool = False,
        context: Context | None = None,
    ) -> tuple[Delivery, ...]:
        """Send messages; return what became of each by now, which is then on disk.

        Parameters
        ----------
        messages
            What to send; they enter together, and each is one request.
        lifetime
            Seconds they may wait to be sent.
        held_until
            When they are to be sent, in UTC seconds; None for at once.
        hourly_limit
            Parts that may leave in an hour; 0 is no limit.
        resend_in_doubt
            Whether they are sent once more if their fate stays unknown.
        context
            What caused it.

        Raises
        ------
        HourlyLimitError
            The limit would be passed; nothing was sent.
        ClosedError
            The outbox was closed; nothing was sent.
        """
        if self._closed:
            raise ClosedError
        now = self._clock.now()
        parts = sum(message.credits for message in messages)
        self._ledger.allowance.check(parts, hourly_limit, now.at)
        ids = [uuid4().hex for _ in messages]
        for delivery_id, message in zip(ids, messages, strict=True):
            delivery = entered(
                delivery_id,
                message,
                now.at,
                now.utc,
                lifetime,
                held_until=held_until,
                resend_in_doubt=resend_in_doubt,
                context=context,
            )
            if held_until is not None:
                delivery = advance(delivery, Signal.TICKED, now)
            self._change(delivery)
        await self._answered(ids)
        # What happens while this is written is not told, for it is not on disk yet.
        deliveries = tuple(self._ledger[delivery_id] for delivery_id in ids)
        await self._commit.flush()
        return deliveries

    async def cancel(self, *delivery_ids: str) -> None:
        """Take back messages that have certainly not been sent; return when that is on disk.

        Raises
        ------
        TooLateError
            One of them may have been sent, or has ended; then none is taken back.
        ClosedError
            The outbox was closed.
        """
        if self._closed:
            raise ClosedError
        if not all(self._ledger[each].can_be_cancelled for each in delivery_ids):
            raise TooLateError
        for delivery_id in delivery_ids:
            self._apply(delivery_id, Signal.CANCELLED)
        await self._commit.flush()

    async def send_now(self, delivery_id: str) -> Delivery:
        """Send a message now that is held or waits; return what became of it, then on disk.

        Raises
        ------
        TooLateError
            It was sent already, is being sent, or has ended.
        ClosedError
            The outbox was closed.
        """
        if self._closed:
            raise ClosedError
        before = self._ledger[delivery_id]
        if not before.has_not_left or not before.told:
            raise TooLateError
        self._apply(delivery_id, Signal.HURRIED)
        await self._answered([delivery_id])
        delivery = self._ledger[delivery_id]
        await self._commit.flush()
        return delivery

    async def learn_newest_id(self) -> None:
        """Learn the newest id, if that was long ago: only a later one can be a new message's."""
        await self._tasks.learn_newest_id()

    def secret_works(self) -> None:
        """Let go what a refused secret kept waiting: a call with it was accepted."""
        if self._ledger.parked:
            self._on_signal(Signal.SECRET_WORKS)

    async def hold(self) -> None:
        """Leave the files as they are but for what is appended: they are to be copied."""
        self._journal.hold()
        await self._commit.flush()

    async def release(self) -> None:
        """Go on after a backup; what was copied is older from now on."""
        self._journal.release()
        self._commit.changed()
        await self._commit.flush()

    async def _answered(self, ids: list[str]) -> None:
        """Wait for the provider's answer to each message, but not for long."""
        loop = asyncio.get_running_loop()
        answers: list[asyncio.Future[None]] = [loop.create_future() for _ in ids]
        for delivery_id, answer in zip(ids, answers, strict=True):
            self._answers.setdefault(delivery_id, []).append(answer)
            if self._ledger[delivery_id].state is State.HELD:
                self._stop_waiting([delivery_id])
        self._scheduler.pump()
        patience = 0 if self._stopped else ANSWER_WITHIN
        timer = loop.call_later(patience, self._stop_waiting, ids)
        try:
            for answer in answers:
                await answer
        finally:
            timer.cancel()
            self._stop_waiting(ids)

    def _stop_waiting(self, ids: Iterable[str]) -> None:
        """Tell the callers of messages that nobody answered yet."""
        for delivery_id in ids:
            if delivery_id in self._answers:
                self._apply(delivery_id, Signal.TOLD)
                self._answer(delivery_id)
                self._commit.begin()

    def _answer(self, delivery_id: str) -> None:
        """Let the callers go on who wait for a message."""
        for answer in self._answers.pop(delivery_id, ()):
            if not answer.done():  # a caller who gave up
                answer.set_result(None)

    def _place(self, delivery: Delivery) -> None:
        self._ledger.place(delivery)
        self._scheduler.note(delivery)

    def _change(self, delivery: Delivery) -> None:
        """Put a delivery where it belongs now, and have it saved."""
        self._ledger.change(delivery)
        self._scheduler.note(delivery)
        self._commit.changed()

    def _apply(self, delivery_id: str, event: Event) -> Delivery:
        """Let something happen to a delivery, and tell those who want to know."""
        before = self._ledger[delivery_id]
        after = advance(before, event, self._clock.now(), self._jitter())
        if after == before:
            return before
        _log(event, before, after)
        self._change(after)
        if delivery_id in self._answers and after.told and not after.is_under_way:
            self._answer(delivery_id)
            # The disk does its work while the news is passed on.
            self._commit.begin()
        self._tell(before, after)
        return after

    def _tick(self, delivery_id: str) -> None:
        """Let time go by for a delivery that waited for it."""
        self._apply(delivery_id, Signal.TICKED)
        self._commit.begin()

    def _tell(self, before: Delivery, after: Delivery) -> None:
        """Tell the listeners; what they do wrong must not keep a message from going out."""
        for listener in tuple(self._listeners):
            try:
                listener(before, after)
            except Exception as err:  # noqa: BLE001
                log_crash(_LOGGER, "Telling what happened to a message", err)

    def _on_signal(self, signal: Signal) -> None:
        """Bring forward what a signal lets go."""
        if self._ledger.queued:
            self._spawn(self._tell_all(signal), "bisms release")

    async def _tell_all(self, signal: Signal) -> None:
        """Let something happen to every open delivery, a few at a time."""
        for some in batched(
            [each.id for each in self._ledger.open], SLICE, strict=False
        ):
            for delivery_id in some:
                if self._ledger.get_open(delivery_id) is not None:
                    self._apply(delivery_id, signal)
            self._scheduler.pump()
            await asyncio.sleep(0)
        self._commit.begin()

    async def _write(self) -> None:
        """Write what changed."""
        now = self._clock.now()
        forgotten = self._ledger.forget(now.at)
        changes = Saved(
            self._ledger.take_changed(),
            self._courier.sightings.latest,
            now.at,
            now.utc,
            credits_used=self._ledger.credits_used,
        )
        await self._journal.save(changes, forgotten)


def _log(event: Event, before: Delivery, after: Delivery) -> None:
    """Log what happened to a message: no number, no text."""
    if _LOGGER.isEnabledFor(logging.DEBUG):
        name = event.name if isinstance(event, Signal) else type(event).__name__
        _LOGGER.debug(
            "%s: %s, %s -> %s, next %s",
            before.id,
            name,
            before.state,
            after.state,
            after.doing,
        )
