"""What is due next, of any number of deliveries."""

from heapq import heappop, heappush
from itertools import count

from .record import Delivery, Step, Task

type _Entry = tuple[float, int, str]
"""When a delivery is due, a number that keeps the order, and its id."""


class Agenda:
    """Orders deliveries by the time they are due; messages come first, then lost answers.

    An entry that a change of the delivery has made stale is passed over by whoever takes it:
    it is worth acting upon only while the delivery's next step is due at that very time.
    """

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self._messages: list[_Entry] = []
        self._searches: list[_Entry] = []
        self._reports: list[_Entry] = []
        self._order = count()

    def note(self, delivery: Delivery) -> None:
        """Note when a delivery is due next, if it is."""
        if isinstance(step := delivery.doing, Step):
            heappush(self._heap(step.task), (step.at, next(self._order), delivery.id))

    def take(self, at: float, *, questions: bool) -> tuple[str, float] | None:
        """Return the id of a delivery that is due, and since when; questions if wanted."""
        for heap in self._heaps(questions=questions):
            if heap and heap[0][0] <= at:
                due_at, _, delivery_id = heappop(heap)
                return delivery_id, due_at
        return None

    def next_at(self, *, questions: bool) -> float | None:
        """Return when something is due next."""
        heaps = self._heaps(questions=questions)
        return min((heap[0][0] for heap in heaps if heap), default=None)

    def _heap(self, task: Task) -> list[_Entry]:
        match task:
            case Task.FIND:
                return self._searches
            case Task.REPORT:
                return self._reports
        return self._messages

    def _heaps(self, *, questions: bool) -> tuple[list[_Entry], ...]:
        if not questions:
            return (self._messages,)
        return self._messages, self._searches, self._reports
