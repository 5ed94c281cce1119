"""What must be true at every moment of a history: steps forward, and no request in vain."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from custom_components.bisms.outbox import CLOCK_TOLERANCE, Outbox
from custom_components.bisms.record import FINAL, Delivery, State, Task

from .network import Request
from .outcome import Kind, Wrong

if TYPE_CHECKING:
    from .world import World

SOON = 0.001
"""Seconds by which a time that is due may lie ahead, as the loop rounds."""

RANKS = {
    State.QUEUED: 0,
    State.SCHEDULED: 1,
    State.WAITING: 2,
    State.PENDING: 3,
    **dict.fromkeys(FINAL, 4),
}


class Watch:
    """Watches one run of an outbox, from a start of Home Assistant to its stop."""

    def __init__(self, world: World, outbox: Outbox) -> None:
        """Begin; one look at the list of sendings is due after a start."""
        self._world = world
        self._outbox = outbox
        self._looks_due = 1
        self._ended: set[str] = set()

    def on_change(self, before: Delivery, after: Delivery) -> None:
        """Look at a delivery that changed."""
        text = after.message.sms[0].text
        if after.state is not before.state:
            self._world.tell(
                f"“{text}” is {after.state}, {after.reason or after.dlr_id}"
            )
        if RANKS[after.state] < RANKS[before.state]:
            self._wrong(
                Kind.BACKWARDS, f"{text} went from {before.state} to {after.state}"
            )
        if after.id in self._ended:
            self._wrong(Kind.BACKWARDS, f"{text} changed after its end")
        if after.final:
            self._ended.add(after.id)
        if after.accepted_at is not None and before.accepted_at is None:
            self._looks_due += after.dlr_id is None
        if after.attempt_at is not None and before.attempt_at is None:
            self._world.attempts[after.id].append(self._world.loop.time())
            if not self._is_due(before, Task.SEND):
                self._wrong(Kind.NEEDLESS, f"{text} was sent although it was not due")

    def on_request(self, request: Request) -> None:
        """Look at a request that departs."""
        if self._world.outbox is not self._outbox:
            self._wrong(Kind.NEEDLESS, f"{request.path} asked by what was stopped")
        if not self._has_cause(request):
            self._wrong(Kind.NEEDLESS, f"{request.path} {request.query.get('id')}")
        if request.fault is not None:
            self._world.tell(f"{request.path} meets “{request.fault}”")

    def _has_cause(self, request: Request) -> bool:
        if self._clock_was_set_just_now():
            return True
        if "/api/sms" in request.path:
            return any(
                delivery.attempt_at is not None
                and all(request.speaks_of(sms.text) for sms in delivery.message.sms)
                for delivery in self._open()
            )
        if any(self._is_due(delivery, Task.FIND) for delivery in self._open()):
            return True
        if "/api/dlr" in request.path:
            return any(
                self._is_due(delivery, Task.REPORT)
                and delivery.dlr_id == request.query["id"]
                for delivery in self._open()
            )
        return self._look_is_due()

    def _look_is_due(self) -> bool:
        """Whether the newest id is to be learned: after a start, a 77, or before a retry."""
        if any(
            delivery.announced and self._is_due(delivery, Task.SEND)
            for delivery in self._open()
        ):
            return True
        self._looks_due -= 1
        return self._looks_due >= 0

    def _is_due(self, delivery: Delivery, task: Task) -> bool:
        step = delivery.next
        due_at = self._world.wall() + SOON
        return step is not None and step.task is task and step.at <= due_at

    def _open(self) -> Iterator[Delivery]:
        return (each for each in self._outbox.deliveries if not each.final)

    def _clock_was_set_just_now(self) -> bool:
        """Whether the clock was set and the outbox has had no occasion yet to see it."""
        jump = self._world.wall() - self._outbox._steady() - self._outbox._offset
        return abs(jump) > CLOCK_TOLERANCE

    def _wrong(self, kind: Kind, words: str) -> None:
        self._world.outcome.wrong.append(Wrong(kind, words))
