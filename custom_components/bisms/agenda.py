"""What is due next, of any number of deliveries."""

from heapq import heappop, heappush
from itertools import count

from .record import Delivery, Task


class Agenda:
    """Orders deliveries by the time they are due; messages come before questions.

    An entry that a change of the delivery has made stale is passed over by whoever takes it:
    it is worth acting upon only while the delivery's next step is due at that very time.
    """

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self._messages: list[tuple[float, int, str]] = []
        self._questions: list[tuple[float, int, str]] = []
        self._order = count()

    def note(self, delivery: Delivery) -> None:
        """Note when a delivery is due next, if it is."""
        if (step := delivery.next) is not None:
            heap = self._questions if step.task is Task.REPORT else self._messages
            heappush(heap, (step.at, next(self._order), delivery.id))

    def take(self, now: float, *, questions: bool) -> tuple[str, float] | None:
        """Return the id of a delivery that is due, and since when; questions if wanted."""
        for heap in self._heaps(questions=questions):
            if heap and heap[0][0] <= now:
                at, _, delivery_id = heappop(heap)
                return delivery_id, at
        return None

    def next_at(self, *, questions: bool) -> float | None:
        """Return when something is due next."""
        heaps = self._heaps(questions=questions)
        return min((heap[0][0] for heap in heaps if heap), default=None)

    def _heaps(self, *, questions: bool) -> tuple[list[tuple[float, int, str]], ...]:
        return (self._messages, self._questions) if questions else (self._messages,)
