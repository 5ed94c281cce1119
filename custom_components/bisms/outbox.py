"""The one way a message goes out: kept on disk first, carried out when due, never twice."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from itertools import batched, chain
import random
import time
from uuid import uuid4

from .agenda import Agenda
from .allowance import Allowance
from .commit import GroupCommit, Spawn
from .courier import Courier
from .delivery import advance
from .provider.client import BismsClient
from .provider.codes import RefusedError
from .provider.models import Message
from .record import (
    Accepted,
    Began,
    Delivery,
    Event,
    Refused,
    Signal,
    Task,
    entered,
    shifted,
)
from .storage import DeliveryStorage, Saved
from .twins import Twins

MAX_REQUESTS = 4
"""Requests made at a time; the last one is kept free for messages."""

ANSWER_WITHIN = 10
"""Seconds a caller waits for the provider's answer."""

KEEP_FINISHED = 500
KEEP_SECONDS = 7 * 24 * 3600
"""How many finished deliveries are kept, and for how long after they were made."""

STOP_WITHIN = 2
"""Seconds that requests under way get to finish when the outbox stops."""

CLOCK_TOLERANCE = 1
"""Seconds by which the clock may be off before it counts as set."""

SLICE = 20
"""Deliveries handled in one go before others get their turn on the event loop."""

type Listener = Callable[[Delivery, Delivery], None]


class ClosedError(Exception):
    """The outbox accepts nothing any more."""


def _jitter() -> float:
    return random.uniform(0.8, 1.2)


class Outbox:
    """Keeps deliveries, on disk too, and carries out what the state machine says is due."""

    def __init__(
        self,
        client: BismsClient,
        storage: DeliveryStorage,
        *,
        spawn: Spawn,
        on_refusal: Callable[[RefusedError], None],
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = _jitter,
    ) -> None:
        """Prepare; `load` reads the store and `start` begins.

        Parameters
        ----------
        client
            The account's client.
        storage
            Where deliveries survive a restart.
        spawn
            Starts a coroutine as a task of the account; gets the task's name too.
        on_refusal
            Told of every refusal, whatever was asked.
        clock
            UTC seconds; may be set back and forth.
        steady
            Seconds that only ever run forward.
        jitter
            Factor for the next pause.
        """
        self._courier = Courier(
            client, on_refusal=on_refusal, on_return=self._on_return, steady=steady
        )
        self._storage = storage
        self._spawn = spawn
        self._clock = clock
        self._steady = steady
        self._jitter = jitter
        self._offset = clock() - steady()
        self._open: dict[str, Delivery] = {}
        self._finished: dict[str, Delivery] = {}
        self._queued = 0
        self._unresolved = 0
        self._allowance = Allowance({})
        self._newest_id: str | None = None
        self._newest_at: float | None = None
        self._twins = Twins(steady)
        self._answers: dict[str, asyncio.Future[None]] = {}
        self._listeners: list[Listener] = []
        self._agenda = Agenda()
        self._in_hand: set[str] = set()
        self._requests: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._running = False
        self._closed = False
        self._changed: dict[str, None] = {}
        self._commit = GroupCommit(self._write, spawn)

    @property
    def queued(self) -> int:
        """How many messages wait to be sent, their callers answered."""
        return self._queued

    @property
    def deliveries(self) -> Iterable[Delivery]:
        """Every delivery known, the finished ones first."""
        return chain(self._finished.values(), self._open.values())

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener(before, after)` on every change; return what ends that."""
        self._listeners.append(listener)
        return partial(self._listeners.remove, listener)

    async def load(self) -> None:
        """Read the store; raise `UnreadableStoreError` when it makes no sense."""
        saved = await self._storage.load()
        self._newest_id, self._newest_at = saved.newest_id, saved.newest_at
        self._allowance = Allowance(saved.spent)
        for delivery in saved.deliveries:
            self._place(delivery)
        # What happened lies in the past, or else the clock was set back since then.
        latest = max((each.touched_at for each in self.deliveries), default=0.0)
        if (ahead := max(latest, saved.newest_at or 0.0) - self._clock()) > 0:
            self._shift(-ahead)

    async def start(self) -> None:
        """Take up every open delivery where it was, and learn the newest id."""
        self._running = True
        await self._tell_all(Signal.RESTARTED)
        self._spawn(self._learn_newest_id(), "bisms newest id")

    async def close(self) -> None:
        """Stop, and accept nothing any more: a successor is about to read the files."""
        self._closed = True
        await self.stop()

    async def stop(self) -> None:
        """Let requests under way finish for a moment, then save everything."""
        self._running = False
        if self._timer is not None:
            self._timer.cancel()
        if self._requests:
            await asyncio.wait(self._requests, timeout=STOP_WITHIN)
        for request in self._requests:
            request.cancel()
        # A caller who waits on would write to the files of this outbox's successor.
        for delivery_id in list(self._answers):
            self._apply(delivery_id, Signal.TOLD)
        await self._commit.flush()

    async def send(
        self,
        *messages: Message,
        lifetime: float,
        hourly_limit: int = 0,
        context: tuple[str, str | None, str | None] | None = None,
    ) -> tuple[Delivery, ...]:
        """Send messages; return what became of each by now, which is then on disk.

        Parameters
        ----------
        messages
            What to send; they enter together, and each is one request.
        lifetime
            Seconds they may wait to be sent.
        hourly_limit
            Parts that may enter in an hour; 0 is no limit.
        context
            What caused it: Home Assistant's context id, parent id and user id.

        Raises
        ------
        HourlyLimitError
            The limit would be passed; nothing was sent.
        ClosedError
            The outbox was closed; nothing was sent.
        """
        if self._closed:
            raise ClosedError
        now = self._now()
        parts = sum(message.credits for message in messages)
        self._allowance.spend(parts, hourly_limit, now)
        loop = asyncio.get_running_loop()
        answers: dict[str, asyncio.Future[None]] = {}
        for message in messages:
            delivery = entered(uuid4().hex, message, now, lifetime, context)
            answers[delivery.id] = self._answers[delivery.id] = loop.create_future()
            self._change(delivery)
        self._pump()
        _, unanswered = await asyncio.wait(answers.values(), timeout=ANSWER_WITHIN)
        for delivery_id, answer in answers.items():
            if answer in unanswered:
                self._apply(delivery_id, Signal.TOLD)
        await self._commit.flush()
        return tuple(map(self._delivery, answers))

    def _now(self) -> float:
        """Return the time; when the clock was set, the times known move along."""
        now = self._clock()
        jump = now - self._steady() - self._offset
        if abs(jump) > CLOCK_TOLERANCE:
            self._offset += jump
            self._shift(jump)
        return now

    def _shift(self, seconds: float) -> None:
        """Move the times that matter with the clock, so that what came first stays first."""
        if self._newest_at is not None:
            self._newest_at += seconds
        for delivery in list(self.deliveries):
            if delivery.unresolved or not delivery.final:
                self._change(shifted(delivery, seconds))

    def _delivery(self, delivery_id: str) -> Delivery:
        return self._open.get(delivery_id) or self._finished[delivery_id]

    def _place(self, delivery: Delivery) -> None:
        """Put a delivery where it belongs now, and note when it is due."""
        if (before := self._open.pop(delivery.id, None)) is not None:
            self._queued -= before.waits
            self._unresolved -= before.unresolved
        if delivery.final:
            self._finished[delivery.id] = delivery
            return
        self._queued += delivery.waits
        self._unresolved += delivery.unresolved
        self._open[delivery.id] = delivery
        self._agenda.note(delivery)

    def _change(self, delivery: Delivery) -> None:
        """Put a delivery where it belongs now, and have it saved."""
        self._place(delivery)
        self._changed[delivery.id] = None
        self._commit.changed()

    def _apply(self, delivery_id: str, event: Event) -> Delivery:
        """Let something happen to a delivery, and tell those who want to know."""
        now = self._now()
        before = self._delivery(delivery_id)
        after = advance(before, event, now, self._jitter())
        if after == before:
            return before
        self._change(after)
        if after.answered and (answer := self._answers.pop(delivery_id, None)):
            answer.set_result(None)
            # The disk does its work while the news is passed on.
            self._spawn(self._commit.flush(), "bisms flush")
        for listener in tuple(self._listeners):
            listener(before, after)
        return after

    async def _tell_all(self, event: Event) -> None:
        """Let something happen to every open delivery, a few at a time."""
        for some in batched(list(self._open), SLICE, strict=False):
            for delivery_id in some:
                if delivery_id in self._open:
                    self._apply(delivery_id, event)
            self._pump()
            await asyncio.sleep(0)

    def _on_return(self) -> None:
        """Let everything go that waits, now that the provider answers again."""
        if self._queued:
            self._spawn(self._tell_all(Signal.REACHABLE), "bisms release")

    def _pump(self) -> None:
        """Carry out what is due, a few requests at a time; be back for what is due later."""
        now = self._now()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for _ in range(SLICE):
            free = MAX_REQUESTS - len(self._in_hand)
            if not self._running or free == 0:
                return
            if (due := self._agenda.take(now, questions=free > 1)) is None:
                break
            self._begin(*due, now)
        next_at = self._agenda.next_at(questions=free > 1)
        if next_at is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, next_at - now), self._pump)

    def _begin(self, delivery_id: str, due_at: float, now: float) -> None:
        """Begin what is due of a delivery, unless its entry on the agenda is stale."""
        delivery = self._open.get(delivery_id)
        if delivery is None or delivery_id in self._in_hand:
            return
        if delivery.next is None or delivery.next.at != due_at:
            return
        step = self._apply(delivery_id, Signal.TICKED).next
        if step is None or step.at > now or step.task is Task.WAIT:
            return
        self._in_hand.add(delivery_id)
        request = self._spawn(
            self._carry_out(delivery_id, step.task), f"bisms {step.task}"
        )
        self._requests.add(request)
        request.add_done_callback(self._requests.discard)

    async def _carry_out(self, delivery_id: str, task: Task) -> None:
        try:
            was_lost = self._delivery(delivery_id).lost
            after = self._apply(delivery_id, await self._outcome(delivery_id, task))
            if after.lost and not was_lost:
                # Its id is no news to what is sent from now on.
                self._spawn(self._learn_newest_id(), "bisms newest id")
        finally:
            self._in_hand.discard(delivery_id)
            self._pump()
        await self._commit.flush()

    async def _outcome(self, delivery_id: str, task: Task) -> Event:
        """Make the request that is due, and return what came of it."""
        delivery = self._delivery(delivery_id)
        if task is Task.SEND:
            return await self._attempt(delivery)
        if task is Task.REPORT and delivery.dlr_id is not None:
            return await self._courier.ask(delivery.dlr_id)
        return await self._courier.look(delivery, partial(self._others, delivery_id))

    def _others(self, delivery_id: str) -> list[Delivery]:
        return [other for other in self.deliveries if other.id != delivery_id]

    async def _attempt(self, delivery: Delivery) -> Event:
        """Send a message.

        That an attempt began is on disk before it does, or a crash could double the message.
        It is written beside the attempt only if no word of the message is on disk and no
        other is in doubt, which could be mistaken for one that a crash made us forget.
        """
        in_doubt = delivery.doubt_since is not None
        if delivery.announced and self._newest_id is None and not in_doubt:
            await self._learn_newest_id()
        beside = self._unresolved == 0 and not self._storage.holds(delivery)
        begun = self._apply(delivery.id, Began(self._newest_id, self._newest_at))
        if begun.attempt_at is None:
            return Signal.TICKED
        self._twins.note_attempt(delivery)
        if beside:
            # Once the request has left: a message of thousands of texts takes time to encode.
            loop = asyncio.get_running_loop()
            loop.call_soon(lambda: self._spawn(self._commit.flush(), "bisms flush"))
        else:
            await self._commit.flush()
        event = await self._courier.send(delivery.message)
        if isinstance(event, Accepted):
            self._newest_id, self._newest_at = event.dlr_id, begun.attempt_at
        if isinstance(event, Refused):
            others = self._others(delivery.id)
            return event._replace(repeats_other=self._twins.explain(delivery, others))
        return event

    async def _learn_newest_id(self) -> None:
        """Remember the newest id: only a later one can be a message's that is sent now."""
        asked_at = self._now()
        if (newest_id := await self._courier.newest_id()) is not None:
            self._newest_id, self._newest_at = newest_id, asked_at
            self._commit.changed()

    async def _write(self) -> None:
        """Write what changed."""
        forgotten = self._forget()
        changed = [
            self._delivery(delivery_id)
            for delivery_id in self._changed
            if delivery_id not in forgotten
        ]
        self._changed.clear()
        await self._storage.save(
            Saved(changed, self._newest_id, self._newest_at, self._allowance.spent),
            forgotten,
        )

    def _forget(self) -> set[str]:
        """Drop finished deliveries that are old or too many, unless one may be mixed up."""
        if self._unresolved:
            return set()
        oldest = self._clock() - KEEP_SECONDS
        recent = [d.id for d in self._finished.values() if d.created_at > oldest]
        forgotten = self._finished.keys() - recent[-KEEP_FINISHED:]
        for delivery_id in forgotten:
            del self._finished[delivery_id]
        return forgotten
