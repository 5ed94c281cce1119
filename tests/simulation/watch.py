"""What must be true at every moment of a run: steps forward, and no request in vain."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from custom_components.bisms.outbox import FINAL, Attempt, Delivery, State, Step
from custom_components.bisms.outbox.record import Task

from .network import Request
from .outcome import Kind

if TYPE_CHECKING:
    from .run import Run
    from .world import World

SOON = 0.001
"""Seconds by which a time that is due may lie ahead, as the loop rounds."""

RANKS = {
    State.HELD: -1,
    State.QUEUED: 0,
    State.SCHEDULED: 1,
    State.WAITING: 2,
    State.PENDING: 3,
    **dict.fromkeys(FINAL, 4),
}


class Watch:
    """Watches one run of an outbox, from a start of Home Assistant to its stop."""

    def __init__(self, run: Run) -> None:
        """Begin; one look at the list of sendings is due after a start."""
        self._run = run
        self._world: World = run.home.world
        self._looks_due = 1
        self._known: dict[str, Delivery] = {}

    def has_started(self) -> None:
        """Take note of what is there now that all that was taken up has been told."""
        self._known.update((each.id, each) for each in self._run.outbox.deliveries)

    def on_change(self, before: Delivery, after: Delivery) -> None:
        """Look at a delivery that changed."""
        text = after.message.sms[0].text
        if after.state is not before.state:
            self._world.tell(
                f"“{text}” is {after.state}, {after.reason or after.dlr_id}"
            )
        if RANKS[after.state] < RANKS[before.state]:
            words = f"{text} went from {before.state} to {after.state}"
            self._world.wrong(Kind.BACKWARDS, words)
        if before.final:
            self._world.wrong(Kind.BACKWARDS, f"{text} changed after its end")
        if self._known.get(after.id, before) != before:
            self._world.wrong(Kind.UNTRUE, f"{text} changed without a word")
        self._known[after.id] = after
        if after.id_is_lost and not before.id_is_lost:
            self._looks_due += 1
        self._run.home.note_change(before, after)
        if isinstance(after.doing, Attempt) and not isinstance(before.doing, Attempt):
            if not self._is_due(before, Task.SEND):
                words = f"{text} was sent although it was not due"
                self._world.wrong(Kind.NEEDLESS, words)

    def on_request(self, request: Request) -> None:
        """Look at a request that departs."""
        if self._run.closed or self._run.stopped:
            words = f"{request.path} asked by what was stopped"
            self._world.wrong(Kind.NEEDLESS, words)
        if not self._has_cause(request):
            words = f"{request.path} {request.query.get('id')}"
            self._world.wrong(Kind.NEEDLESS, words)
        if request.fault is not None and "/api/credit" not in request.path:
            self._world.tell(f"{request.path} meets “{request.fault}”")

    def _has_cause(self, request: Request) -> bool:
        if "/api/credit" in request.path:
            self._looks_due = max(1, self._looks_due)
            return True
        if request.is_send:
            return any(
                isinstance(delivery.doing, Attempt)
                and all(request.speaks_of(sms.text) for sms in delivery.message.sms)
                for delivery in self._open()
            )
        if any(map(self._is_looked_for, self._open())):
            return True
        if "/api/dlr" in request.path:
            return any(
                self._is_due(delivery, Task.REPORT)
                and delivery.dlr_id == request.query["id"]
                for delivery in self._open()
            )
        return self._look_is_due()

    def _is_looked_for(self, delivery: Delivery) -> bool:
        """Whether a message is to be found, or a search for it is under way."""
        if self._is_due(delivery, Task.FIND):
            return True
        is_lost = delivery.doubt is not None or delivery.id_is_lost
        return is_lost and delivery.id in self._run.outbox._scheduler._in_hand

    def _look_is_due(self) -> bool:
        """Whether the newest id is to be learned: after a start, a 77, or before a retry."""
        if any(
            (delivery.told or delivery.hold is not None)
            and self._is_due(delivery, Task.SEND)
            for delivery in self._open()
        ):
            return True
        self._looks_due -= 1
        return self._looks_due >= 0

    def _is_due(self, delivery: Delivery, task: Task) -> bool:
        step = delivery.doing
        if not isinstance(step, Step) or step.task is not task:
            return False
        return step.at <= self._run.outbox._clock.now().at + SOON

    def _open(self) -> Iterator[Delivery]:
        return (each for each in self._run.outbox.deliveries if not each.final)
