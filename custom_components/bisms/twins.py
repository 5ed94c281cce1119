"""Messages that say the same to the same, which the provider takes for repeats of each other."""

from collections.abc import Callable, Iterable

from .delivery import DUPLICATE_WINDOW, SETTLE
from .record import Delivery


class Twins:
    """Tells whose the SMS is that a 77 speaks of: a message's own, or its twin's."""

    def __init__(self, steady: Callable[[], float]) -> None:
        """Begin to remember attempts; `steady` gives seconds that only ever run forward."""
        self._steady = steady
        self._started_at = steady()
        self._attempts: dict[str, float] = {}

    def note_attempt(self, delivery: Delivery) -> None:
        """Note that an attempt begins, and forget those that can't matter any more."""
        now = self._steady()
        self._attempts.pop(delivery.id, None)
        self._attempts[delivery.id] = now
        while (oldest := next(iter(self._attempts))) != delivery.id:
            if self._attempts[oldest] > now - SETTLE - DUPLICATE_WINDOW:
                break
            del self._attempts[oldest]

    def explain(self, delivery: Delivery, others: Iterable[Delivery]) -> bool | None:
        """Return whether another message is why a delivery's attempt was called a repeat.

        None: it may be. Nobody can tell while the other one waits for its answer or is in
        doubt, when it is not known which of its attempts got through, or how long it was
        before a restart.
        """
        earliest = self._attempts[delivery.id] - SETTLE - DUPLICATE_WINDOW
        twins = [
            other
            for other in others
            if _may_have_been_accepted(other)
            and self._attempts.get(other.id, self._started_at) > earliest
            and delivery.message.repeats(other.message)
        ]
        if any(self._certainly_blocks(twin) for twin in twins):
            return True
        return None if twins else False

    def _certainly_blocks(self, twin: Delivery) -> bool:
        """Whether a message was accepted so recently that its repeat is refused now."""
        if twin.accepted_at is None or twin.silent or twin.id not in self._attempts:
            return False
        return self._steady() < self._attempts[twin.id] + DUPLICATE_WINDOW


def _may_have_been_accepted(delivery: Delivery) -> bool:
    return delivery.accepted_at is not None or delivery.unresolved
