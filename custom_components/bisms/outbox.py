"""The one way a message goes out: kept on disk first, carried out when due, never twice."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from heapq import heappop, heappush
from itertools import chain, count
import random
import time
from typing import Any
from uuid import uuid4

from .compose import cost
from .delivery import DUPLICATE_WINDOW, advance
from .errors import reason
from .provider.client import BismsClient
from .provider.codes import (
    BismsError,
    NotSentError,
    RefusedError,
    ReportNotFoundError,
    UnknownFateError,
)
from .provider.models import Message
from .record import (
    Accepted,
    AskFailed,
    Began,
    Delivery,
    Event,
    NoReport,
    NotSent,
    Reachable,
    Refused,
    Reported,
    Restarted,
    Silent,
    Task,
    Ticked,
    Told,
    entered,
    shifted,
)
from .search import find
from .storage import DeliveryStorage, Saved

MAX_REQUESTS = 4
"""Requests made at a time."""

ANSWER_WITHIN = 10
"""Seconds a caller waits for the provider's answer."""

KEEP_FINISHED = 500
KEEP_SECONDS = 7 * 24 * 3600
"""How many finished deliveries are kept, and for how long after they were made."""

SILENCE = 10
"""Seconds without any answer after which an answer means that the provider is back."""

STOP_WITHIN = 2
"""Seconds that requests under way get to finish when the outbox stops."""

CLOCK_TOLERANCE = 1
"""Seconds by which the clock may be off before it counts as set."""

SLICE = 100
"""Deliveries handled in one go before others get their turn on the event loop."""

type Listener = Callable[[Delivery, Delivery], None]
type Spawn = Callable[[Coroutine[Any, Any, None], str], object]


class HourlyLimitError(Exception):
    """The messages would take the account over the parts it may send in an hour.

    Attributes
    ----------
    parts
        Parts of the messages, all recipients counted.
    """

    def __init__(self, parts: int) -> None:
        """Remember what was asked for."""
        super().__init__(f"{parts} parts are over the hourly limit")
        self.parts = parts


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
        """Prepare; `start` reads the store and begins.

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
        self._client = client
        self._storage = storage
        self._spawn = spawn
        self._on_refusal = on_refusal
        self._clock = clock
        self._steady = steady
        self._jitter = jitter
        self._offset = clock() - steady()
        self._open: dict[str, Delivery] = {}
        self._finished: dict[str, Delivery] = {}
        self._queued = 0
        self._unresolved = 0
        self._spent: dict[int, int] = {}
        self._newest_id: str | None = None
        self._newest_at: float | None = None
        self._answered_at = steady()
        self._answers: dict[str, asyncio.Future[None]] = {}
        self._listeners: list[Listener] = []
        self._sends: list[tuple[float, int, str]] = []
        self._questions: list[tuple[float, int, str]] = []
        self._order = count()
        self._in_hand: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._running = False
        self._changes = 0
        self._written = 0
        self._writing = asyncio.Lock()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def queued(self) -> int:
        """How many messages wait to be sent, after a first attempt or for a caller's time."""
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
        self._newest_id = saved.newest_id
        self._newest_at = saved.newest_at
        self._spent = dict(saved.spent)
        for delivery in saved.deliveries:
            self._place(delivery)

    async def start(self) -> None:
        """Take up every open delivery where it was, and learn the newest id."""
        self._running = True
        for number, delivery_id in enumerate(list(self._open)):
            if number % SLICE == SLICE - 1:
                await asyncio.sleep(0)
            self._apply(delivery_id, Restarted())
        self._pump()
        self._spawn(self._learn_newest_id(), "bisms newest id")

    async def stop(self) -> None:
        """Let requests under way finish for a moment, then save everything."""
        self._running = False
        if self._timer is not None:
            self._timer.cancel()
        try:
            async with asyncio.timeout(STOP_WITHIN):
                await self._idle.wait()
        except TimeoutError:
            pass
        self._changes += 1
        await self._flush()

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
        """
        now = self._now()
        self._spend(sum(map(cost, messages)), hourly_limit, now)
        new = [
            entered(uuid4().hex, message, now, lifetime, context)
            for message in messages
        ]
        loop = asyncio.get_running_loop()
        answers = {delivery.id: loop.create_future() for delivery in new}
        self._answers |= answers
        for delivery in new:
            self._place(delivery)
        self._pump()
        _, unanswered = await asyncio.wait(answers.values(), timeout=ANSWER_WITHIN)
        for delivery_id, answer in answers.items():
            if answer in unanswered:
                self._apply(delivery_id, Told())
        await self._flush()
        return tuple(map(self._delivery, answers))

    def _now(self) -> float:
        """Return the time; when the clock was set, all open times move along."""
        now = self._clock()
        jump = now - self._steady() - self._offset
        if abs(jump) > CLOCK_TOLERANCE:
            self._offset += jump
            if self._newest_at is not None:
                self._newest_at += jump
            for delivery in list(self._open.values()):
                self._place(shifted(delivery, jump))
        return now

    def _delivery(self, delivery_id: str) -> Delivery:
        return self._open.get(delivery_id) or self._finished[delivery_id]

    def _spend(self, parts: int, limit: int, now: float) -> None:
        hour_ago = now // 60 - 60
        self._spent = {
            minute: n for minute, n in self._spent.items() if minute > hour_ago
        }
        if limit and sum(self._spent.values()) + parts > limit:
            raise HourlyLimitError(parts)
        minute = int(now // 60)
        self._spent[minute] = self._spent.get(minute, 0) + parts

    def _place(self, delivery: Delivery) -> None:
        """Put a delivery where it belongs now, and note when it is due."""
        if (before := self._open.pop(delivery.id, None)) is not None:
            self._queued -= before.waits
            self._unresolved -= before.unresolved
        self._queued += delivery.waits
        self._unresolved += delivery.unresolved and not delivery.final
        self._changes += 1
        if delivery.final:
            self._finished[delivery.id] = delivery
            return
        self._open[delivery.id] = delivery
        if (step := delivery.next) is not None:
            heap = self._questions if step.task is Task.REPORT else self._sends
            heappush(heap, (step.at, next(self._order), delivery.id))

    def _apply(self, delivery_id: str, event: Event) -> Delivery:
        """Let something happen to a delivery, and tell those who want to know."""
        now = self._now()
        before = self._delivery(delivery_id)
        after = advance(before, event, now, self._jitter())
        if after == before:
            return before
        self._place(after)
        if after.announced or after.accepted_at is not None or after.final:
            answer = self._answers.pop(delivery_id, None)
            if answer is not None:
                answer.set_result(None)
        for listener in tuple(self._listeners):
            listener(before, after)
        return after

    def _pump(self) -> None:
        """Carry out what is due, a few requests at a time; be back for what is due later."""
        now = self._now()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for _ in range(SLICE):
            if not self._running or len(self._in_hand) >= MAX_REQUESTS:
                return
            if not self._begin_next(now):
                break
        if due := [heap[0][0] for heap in self._served() if heap]:
            delay = max(0.0, min(due) - now)
            self._timer = asyncio.get_running_loop().call_later(delay, self._pump)

    def _served(self) -> tuple[list[tuple[float, int, str]], ...]:
        """Return what may be carried out now: messages first, and questions.

        Questions never take the last free request: a new message must not wait for them.
        """
        if len(self._in_hand) < MAX_REQUESTS - 1:
            return self._sends, self._questions
        return (self._sends,)

    def _begin_next(self, now: float) -> bool:
        """Begin what is due next; tell whether anything was."""
        for heap in self._served():
            if heap and heap[0][0] <= now:
                at, _, delivery_id = heappop(heap)
                delivery = self._open.get(delivery_id)
                if delivery is not None and delivery_id not in self._in_hand:
                    if delivery.next is not None and delivery.next.at == at:
                        self._begin(self._apply(delivery_id, Ticked()), now)
                return True
        return False

    def _begin(self, delivery: Delivery, now: float) -> None:
        step = delivery.next
        if step is None or step.at > now or step.task is Task.WAIT:
            return
        self._in_hand.add(delivery.id)
        self._idle.clear()
        self._spawn(self._carry_out(delivery, step.task), f"bisms {step.task}")

    async def _carry_out(self, delivery: Delivery, task: Task) -> None:
        try:
            match task:
                case Task.SEND:
                    event = await self._attempt(delivery)
                case Task.FIND:
                    event = await self._look(delivery)
                case _:
                    event = await self._ask(delivery)
            after = self._apply(delivery.id, event)
            if after.accepted_at is not None and after.dlr_id is None:
                # Its id is no news to what is sent from now on.
                self._spawn(self._learn_newest_id(), "bisms newest id")
        finally:
            self._in_hand.discard(delivery.id)
            if not self._in_hand:
                self._idle.set()
            self._pump()
        await self._flush()

    async def _attempt(self, delivery: Delivery) -> Event:
        """Send a message.

        That an attempt began is on disk before it does, or a crash could double the message.
        It is written beside the attempt only if no word of the message is on disk and no
        other is in doubt, which could be mistaken for one that a crash made us forget.
        """
        if delivery.announced and self._newest_id is None:
            await self._learn_newest_id()
        beside = self._unresolved == 0 and not self._storage.holds(delivery)
        begun = self._apply(delivery.id, Began(self._newest_id, self._newest_at))
        if beside:
            self._spawn(self._flush(), "bisms save")
        else:
            await self._flush()
        try:
            receipt = await self._client.send(delivery.message)
        except NotSentError as err:
            return NotSent(reason(err))
        except UnknownFateError as err:
            return Silent(reason(err))
        except RefusedError as err:
            self._refused(err)
            return Refused(reason(err), self._repeats_other(begun))
        self._answered()
        self._newest_id, self._newest_at = receipt.dlr_id, begun.attempt_at
        return Accepted(receipt.dlr_id)

    async def _look(self, delivery: Delivery) -> Event:
        """Find out whether an attempt of unknown fate got through, and under which id."""

        def others() -> list[Delivery]:
            return [other for other in self.deliveries if other.id != delivery.id]

        try:
            event = await find(self._client, delivery, others)
        except RefusedError as err:
            self._refused(err)
            return AskFailed()
        except BismsError:
            return AskFailed()
        self._answered()
        return event

    async def _ask(self, delivery: Delivery) -> Event:
        """Ask for the delivery report."""
        try:
            report = await self._client.get_report(delivery.dlr_id or "")
        except ReportNotFoundError:
            self._answered()
            return NoReport()
        except RefusedError as err:
            self._refused(err)
            return AskFailed()
        except BismsError:
            return AskFailed()
        self._answered()
        return Reported(report)

    async def _learn_newest_id(self) -> None:
        """Remember the newest id: only a later one can be a message's that is sent now."""
        asked_at = self._now()
        try:
            ids = await self._client.get_sent_ids()
        except RefusedError as err:
            self._refused(err)
        except BismsError:
            return
        else:
            self._answered()
            self._newest_id, self._newest_at = next(iter(ids), ""), asked_at

    def _repeats_other(self, delivery: Delivery) -> bool:
        """Whether another message of ours is why the provider calls this one a repeat."""
        return any(
            other.accepted_at is not None
            and (delivery.attempt_at or 0) < other.accepted_at + DUPLICATE_WINDOW
            and _overlap(other.message, delivery.message)
            for other in self.deliveries
            if other.id != delivery.id
        )

    def _refused(self, err: RefusedError) -> None:
        self._answered()
        self._on_refusal(err)

    def _answered(self) -> None:
        """Note an answer; the first one after a silence lets everything go that waits."""
        silence = self._steady() - self._answered_at
        self._answered_at = self._steady()
        if silence > SILENCE and self._queued:
            self._spawn(self._release(), "bisms release")

    async def _release(self) -> None:
        for number, delivery_id in enumerate(list(self._open)):
            if number % SLICE == SLICE - 1:
                self._pump()
                await asyncio.sleep(0)
            if delivery_id in self._open:
                self._apply(delivery_id, Reachable())
        self._pump()

    async def _flush(self) -> None:
        """Return when all changes made so far are on disk; calls share a write."""
        wanted = self._changes
        async with self._writing:
            if self._written >= wanted:
                return
            written = self._changes
            self._forget()
            await self._storage.save(
                Saved(
                    list(self.deliveries), self._newest_id, self._newest_at, self._spent
                )
            )
            self._written = written

    def _forget(self) -> None:
        """Drop finished deliveries that are old or too many, unless one may be mixed up."""
        if self._unresolved:
            return
        oldest = self._clock() - KEEP_SECONDS
        kept = [d for d in self._finished.values() if d.created_at > oldest]
        self._finished = {d.id: d for d in kept[-KEEP_FINISHED:]}


def _overlap(one: Message, other: Message) -> bool:
    """Whether the provider would take some SMS of one for a repeat of the other's."""
    return one.header == other.header and any(
        mine.text == theirs.text and not set(mine.numbers).isdisjoint(theirs.numbers)
        for mine in one.sms
        for theirs in other.sms
    )
