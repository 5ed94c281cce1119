"""Has what is due carried out, a few deliveries at a time."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from .agenda import Agenda
from .clock import Clock
from .commit import Spawn
from .ledger import Ledger
from .record import Delivery, Step, Task

MAX_IN_HAND = 16
"""Deliveries worked on at a time: more than are on the wire, for some wait for the disk."""

MAX_QUESTIONS = 3
"""Of these, how many may ask questions, so that they leave the wire free for messages."""

QUESTIONS = frozenset({Task.FIND, Task.REPORT})

TIMES = frozenset({Task.WAIT, Task.HOLD})
"""What is due of a delivery that only waits for a time."""

SLICE = 20
"""Deliveries handled in one go before others get their turn on the event loop."""

STOP_WITHIN = 2
"""Seconds that requests under way get to finish when the outbox stops."""


class Scheduler:
    """Keeps the agenda, and begins each request when it is due and there is room for it."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        *,
        spawn: Spawn,
        carry_out: Callable[[str, Task], Coroutine[Any, Any, None]],
        tick: Callable[[str], object],
    ) -> None:
        """Prepare.

        Parameters
        ----------
        ledger
            Knows what each delivery is doing now.
        clock
            Tells the time.
        spawn
            Starts a coroutine as a task; gets the task's name too.
        carry_out
            Makes the request that is due of a delivery.
        tick
            Told of a delivery that waited for a time that has come.
        """
        self.running = False
        self._ledger = ledger
        self._clock = clock
        self._spawn = spawn
        self._carry_out = carry_out
        self._tick = tick
        self._agenda = Agenda()
        self._in_hand: set[str] = set()
        self._questions = 0
        self._requests: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._pumping = False

    def note(self, delivery: Delivery) -> None:
        """Note when a delivery is due next."""
        self._agenda.note(delivery)

    def pump(self) -> None:
        """Begin what is due; be back for what is due later."""
        if self._pumping:
            return  # a request that ended at once: the round that began it goes on
        self._cancel_timer()
        if not self.running:
            return
        self._pumping = True
        try:
            self._begin_some(self._clock.now().at)
        finally:
            self._pumping = False

    def _begin_some(self, at: float) -> None:
        for _ in range(SLICE):
            if len(self._in_hand) >= MAX_IN_HAND:
                return
            if (due := self._agenda.take(at, questions=self._may_ask)) is None:
                break
            self._begin(*due)
        if (next_at := self._agenda.next_at(questions=self._may_ask)) is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, next_at - at), self.pump)

    @property
    def _may_ask(self) -> bool:
        return self._questions < MAX_QUESTIONS

    async def stop(self) -> None:
        """Begin nothing more; let requests under way finish for a moment."""
        self.running = False
        self._cancel_timer()
        if self._requests:
            await asyncio.wait(self._requests, timeout=STOP_WITHIN)
        for request in self._requests:
            request.cancel()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self, delivery_id: str, due_at: float) -> None:
        """Begin what is due of a delivery, unless its entry on the agenda is stale."""
        delivery = self._ledger.get_open(delivery_id)
        if delivery is None or delivery_id in self._in_hand:
            return
        if not isinstance(step := delivery.doing, Step) or step.at != due_at:
            return
        if step.task in TIMES:
            self._tick(delivery_id)
            return
        self._in_hand.add(delivery_id)
        self._questions += step.task in QUESTIONS
        request = self._spawn(
            self._request(delivery_id, step.task), f"bisms {step.task}"
        )
        self._requests.add(request)
        request.add_done_callback(self._requests.discard)

    async def _request(self, delivery_id: str, task: Task) -> None:
        try:
            await self._carry_out(delivery_id, task)
        finally:
            self._in_hand.discard(delivery_id)
            self._questions -= task in QUESTIONS
            self.pump()
