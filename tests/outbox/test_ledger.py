"""All messages together: how many wait, which were changed, and which are forgotten."""

from collections.abc import Iterable

import pytest

from custom_components.bisms.outbox.allowance import HourlyLimitError
from custom_components.bisms.outbox.events import Accepted, Signal
from custom_components.bisms.outbox.ledger import KEEP_FINISHED, KEEP_SECONDS, Ledger
from custom_components.bisms.outbox.record import (
    Attempts,
    Certainty,
    Delivery,
    End,
    State,
)
from tests.messages import DAY, HOUR, NOW, after, delivery, having

from .lives import (
    BEGAN,
    NO_ANSWER,
    NO_CONNECTION,
    NO_CREDIT,
    accepted,
    begun,
    id_lost,
    in_doubt,
    parked,
)

MONTH = 31 * DAY


def named(start: Delivery, delivery_id: str) -> Delivery:
    """Return a delivery under another id."""
    return having(start, id=delivery_id)


def finished(delivery_id: str, created_at: float = 0.0) -> Delivery:
    """Return a delivered message, made and sent so many seconds after `NOW`."""
    at = NOW + created_at
    return having(
        accepted(),
        id=delivery_id,
        created_at=at,
        attempts=Attempts(at, at, Certainty.ANSWERED),
        doing=End(State.DELIVERED, None),
    )


def ledger(*deliveries: Delivery) -> Ledger:
    """Return a ledger with deliveries."""
    held = Ledger()
    for each in deliveries:
        held.place(each)
    return held


def ids(deliveries: Iterable[Delivery]) -> list[str]:
    """Return the ids of deliveries."""
    return [each.id for each in deliveries]


def many(number: int, created_at: float = -2 * HOUR) -> list[Delivery]:
    """Return so many finished deliveries, older than the hour that still counts."""
    return [finished(f"f{each}", created_at) for each in range(number)]


def test_a_new_ledger_is_empty() -> None:
    """Nothing waits, nothing is claimed, nothing is to be saved."""
    held = Ledger()

    assert (held.queued, held.parked, held.claims) == (0, 0, 0)
    assert list(held) == []
    assert held.take_changed() == []


def test_a_delivery_is_found_whether_it_is_open_or_finished() -> None:
    """The finished ones come first; only open ones are told what happens."""
    held = ledger(named(begun(), "open"), finished("over"))

    assert ids(held) == ["over", "open"]
    assert ids(held.open) == ["open"]
    assert held["open"].id == "open"
    assert held["over"].id == "over"
    assert held.get_open("open") is not None
    assert held.get_open("over") is None
    with pytest.raises(KeyError):
        held["nobody"]


def test_others_are_all_but_one() -> None:
    """Open or finished."""
    held = ledger(named(begun(), "a"), finished("b"), named(begun(), "c"))

    assert ids(held.others("a")) == ["b", "c"]
    assert ids(held.others("b")) == ["a", "c"]


def test_what_changed_last_comes_last() -> None:
    """In this order it is saved and looked through."""
    held = ledger(named(begun(), "a"), named(begun(), "b"))
    held.place(named(begun(), "a"))

    assert ids(held.open) == ["b", "a"]


def test_messages_that_wait_are_counted() -> None:
    """While their callers wait themselves, they do not count."""
    held = ledger(named(begun(), "a"), named(in_doubt(), "b"), named(parked(), "c"))
    assert (held.queued, held.parked, held.claims) == (2, 1, 2)

    held.place(after(held["a"], (10, Signal.TOLD)))
    assert (held.queued, held.parked, held.claims) == (3, 1, 2)

    held.place(after(held["c"], (60, Signal.SECRET_WORKS)))
    assert (held.queued, held.parked, held.claims) == (3, 0, 2)

    held.place(after(held["b"], (70, Signal.NOTHING_FOUND)))
    assert (held.queued, held.parked, held.claims) == (3, 0, 1)


def test_what_ended_does_not_wait_any_more() -> None:
    """Nor does it claim what it may have sent: it can't be mixed up any more."""
    held = ledger(named(in_doubt(), "a"), named(parked(), "b"), named(id_lost(), "c"))
    assert (held.queued, held.parked, held.claims) == (2, 1, 2)

    for delivery_id in "abc":
        over = having(held[delivery_id], doing=End(State.FAILED, "unknown"))
        held.place(over)

    assert (held.queued, held.parked, held.claims) == (0, 0, 0)
    assert list(held.open) == []
    assert len(list(held)) == 3


def test_each_change_is_saved_once() -> None:
    """As it is when it is taken, in the order of the first change."""
    held = Ledger()
    held.change(named(begun(), "a"))
    held.change(named(begun(), "b"))
    last = after(held["a"], (1, Accepted("101")))
    held.change(last)

    assert held.take_changed() == [last, held["b"]]
    assert held.take_changed() == []


def test_what_was_only_placed_is_not_saved() -> None:
    """It comes from the disk."""
    held = ledger(named(begun(), "a"), finished("b"))

    assert held.take_changed() == []


def test_what_finished_is_saved_too() -> None:
    """Its end is what matters most."""
    held = Ledger()
    held.change(named(begun(), "a"))
    held.change(after(held["a"], (1, NO_CREDIT)))

    assert [each.state for each in held.take_changed()] == [State.FAILED]


def test_what_is_in_the_ledger_counts_for_the_hourly_limit() -> None:
    """From disk or not, and each message once, however often it changes."""
    held = ledger(finished("a"), named(begun(), "b"))
    held.change(after(held["b"], (1, NO_CONNECTION)))
    held.change(after(held["b"], (5, BEGAN), (6, NO_ANSWER)))

    held.allowance.check(1, 3, NOW + 6)
    with pytest.raises(HourlyLimitError):
        held.allowance.check(2, 3, NOW + 6)

    held.change(after(held["b"], (60, Signal.NOTHING_FOUND), (60, BEGAN)))
    held.change(after(held["b"], (61, NO_CREDIT)))
    held.allowance.check(2, 3, NOW + 61)


def test_the_latest_2000_finished_messages_are_kept() -> None:
    """Those that finished first are dropped."""
    assert KEEP_FINISHED == 2000
    held = ledger(*many(2003), named(begun(), "open"))
    held.place(after(held["open"], (1, Accepted("101"))))

    assert held.forget(NOW) == ["f0", "f1", "f2"]
    assert len(list(held)) == 2001
    assert held.forget(NOW) == []
    with pytest.raises(KeyError):
        held["f2"]


def test_2000_finished_messages_are_not_too_many() -> None:
    """One more is."""
    assert ledger(*many(2000)).forget(NOW) == []
    assert ledger(*many(2001)).forget(NOW) == ["f0"]


def test_finished_messages_are_kept_for_31_days() -> None:
    """Counted from when they were last tried, or else were made."""
    assert KEEP_SECONDS == MONTH
    held = ledger(finished("a", -MONTH - 0.5), finished("b", -MONTH), finished("c", 1))

    assert held.forget(NOW - 1) == []
    assert held.forget(NOW - 0.5) == ["a"]
    assert held.forget(NOW) == ["b"]
    assert ids(held) == ["c"]


def test_what_counts_for_the_hourly_limit_is_kept_however_many_there_are() -> None:
    """A restart must not begin a new hour."""
    held = ledger(*many(2002, -HOUR + 1))

    assert held.forget(NOW) == []
    assert held.forget(NOW + 0.5) == []
    assert held.forget(NOW + 1) == ["f0", "f1"]


def test_what_was_sent_in_the_last_hour_is_kept_however_long_it_waited() -> None:
    """A repeat that the provider refuses may be one of it."""
    waited = [
        having(each, attempts=Attempts(NOW, NOW, Certainty.ANSWERED))
        for each in many(2002, -2 * HOUR)
    ]
    held = ledger(*waited)

    assert held.forget(NOW + HOUR - 1) == []
    assert held.forget(NOW + HOUR) == ["f0", "f1"]


def test_nothing_is_forgotten_that_could_be_mixed_up() -> None:
    """While a message is in doubt, the ids of others tell what is not its own."""
    old = finished("old", -2 * MONTH)
    held = ledger(old, named(in_doubt(), "doubt"))

    assert held.forget(NOW) == []
    held.place(after(held["doubt"], (60, Signal.NOTHING_FOUND)))
    assert held.forget(NOW) == ["old"]


def test_what_is_open_is_never_forgotten() -> None:
    """However old it is."""
    held = ledger(having(delivery(), created_at=NOW - 9 * MONTH))

    assert held.forget(NOW) == []
    assert len(list(held)) == 1


def test_what_was_forgotten_is_not_saved() -> None:
    """Even if it changed a moment ago."""
    held = Ledger()
    held.change(finished("old", -2 * MONTH))
    held.change(finished("new"))

    assert held.forget(NOW) == ["old"]
    assert ids(held.take_changed()) == ["new"]
