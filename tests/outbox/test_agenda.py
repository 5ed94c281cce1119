"""What is due next, of any number of messages."""

from custom_components.bisms.outbox.agenda import Agenda
from custom_components.bisms.outbox.record import Delivery, Step, Task
from tests.messages import delivery, having

from .lives import begun


def due(delivery_id: str, task: Task, at: float) -> Delivery:
    """Return a delivery with something to do."""
    return having(delivery(), id=delivery_id, doing=Step(task, at))


def agenda(*deliveries: Delivery) -> Agenda:
    """Return an agenda with what is due of some deliveries."""
    noted = Agenda()
    for each in deliveries:
        noted.note(each)
    return noted


def taken(noted: Agenda, at: float, *, questions: bool = True) -> list[str]:
    """Take all that is due, and return whose it is."""
    ids = []
    while due := noted.take(at, questions=questions):
        ids.append(due[0])
    return ids


def test_at_first_there_is_nothing_to_do() -> None:
    """Nor with an attempt that is under way: its answer comes by itself."""
    assert Agenda().take(1e9, questions=True) is None
    assert Agenda().next_at(questions=True) is None
    assert agenda(begun()).next_at(questions=True) is None


def test_what_is_due_is_taken_once_and_not_too_early() -> None:
    """Who takes it learns since when it was due."""
    noted = agenda(due("a", Task.SEND, 10))

    assert noted.take(9.5, questions=True) is None
    assert noted.take(10, questions=True) == ("a", 10)
    assert noted.take(10, questions=True) is None


def test_what_was_due_first_comes_first() -> None:
    """In the order in which it was noted, if it is due at the same time."""
    noted = agenda(
        due("c", Task.WAIT, 30),
        due("b", Task.SEND, 20),
        due("a", Task.SEND, 10),
        due("z", Task.SEND, 20),
        due("e", Task.WAIT, 20),
    )

    assert taken(noted, 25) == ["a", "b", "z", "e"]
    assert taken(noted, 30) == ["c"]


def test_messages_come_before_questions() -> None:
    """And lost answers before reports, even if those were due earlier."""
    noted = agenda(
        due("report", Task.REPORT, 1),
        due("doubt", Task.FIND, 5),
        due("alert", Task.SEND, 10),
    )

    assert taken(noted, 10) == ["alert", "doubt", "report"]


def test_questions_are_left_out_where_there_is_no_room_for_them() -> None:
    """They stay due."""
    noted = agenda(
        due("report", Task.REPORT, 1),
        due("doubt", Task.FIND, 2),
        due("alert", Task.SEND, 10),
        due("parked", Task.WAIT, 12),
    )

    assert noted.next_at(questions=False) == 10
    assert noted.next_at(questions=True) == 1
    assert taken(noted, 20, questions=False) == ["alert", "parked"]
    assert noted.next_at(questions=False) is None
    assert taken(noted, 20) == ["doubt", "report"]


def test_the_next_time_is_the_earliest_of_any_kind() -> None:
    """A message's as well as a question's."""
    assert (
        agenda(
            due("a", Task.REPORT, 5), due("b", Task.SEND, 3), due("c", Task.SEND, 2)
        ).next_at(questions=True)
        == 2
    )
