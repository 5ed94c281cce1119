"""What the outbox keeps on disk comes back as it was."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, timedelta, timezone
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.bisms.provider.models import Message, NumberState, Sms
from custom_components.bisms.record import Accepted, Began, Delivery, State, Step, Task
from custom_components.bisms.storage import DeliveryStorage, Saved, UnreadableStoreError

from .memory import Memory, outcome, saved_in
from .messages import NOW, after, delivery, having

TIMES = st.floats(0, 1e11, allow_nan=False)
SOME_TIME = st.none() | TIMES
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.from_regex(r"905[0-9]{9}", fullmatch=True)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=3))])
SMS = st.builds(
    Sms,
    numbers=st.lists(NUMBERS, min_size=1).map(tuple),
    text=TEXTS,
    parts=st.integers(1, 6),
)
MESSAGES = st.builds(
    Message,
    header=TEXTS,
    sms=st.lists(SMS, min_size=1, max_size=3).map(tuple),
    individual=st.booleans(),
    validity=st.none() | st.integers(1, 2880),
    send_at=st.none() | st.datetimes(timezones=ZONES),
)
DELIVERIES = st.builds(
    Delivery,
    id=st.uuids().map(lambda uuid: uuid.hex),
    message=MESSAGES,
    created_at=TIMES,
    expires_at=TIMES,
    context=st.none() | st.tuples(TEXTS, st.none() | TEXTS, st.none() | TEXTS),
    state=st.sampled_from(State),
    next=st.none() | st.builds(Step, st.sampled_from(Task), TIMES),
    reason=st.none() | TEXTS,
    tries=st.integers(0, 1000),
    announced=st.booleans(),
    attempt_at=SOME_TIME,
    first_attempt_at=SOME_TIME,
    last_attempt_at=SOME_TIME,
    silent=st.booleans(),
    doubt_since=SOME_TIME,
    doubt_until=TIMES,
    unknowable=st.booleans(),
    baseline=st.none() | TEXTS,
    baseline_at=SOME_TIME,
    dlr_id=st.none() | TEXTS,
    accepted_at=SOME_TIME,
    numbers=st.dictionaries(NUMBERS, st.sampled_from(NumberState)),
    refusal=st.none() | TEXTS,
)
ALL = st.builds(
    Saved,
    st.lists(DELIVERIES, max_size=3, unique_by=lambda d: d.id),
    st.none() | TEXTS,
    SOME_TIME,
    st.dictionaries(st.integers(0, 10**8), st.integers(0, 1000)),
)


def reread(saved: Saved) -> Saved:
    """Save, and load again as after a restart."""
    memory = Memory()
    outcome(DeliveryStorage(memory).save(saved))
    return saved_in(memory)


@given(ALL)
@settings(max_examples=150, deadline=None)
def test_everything_comes_back_as_it_was(saved: Saved) -> None:
    """Every field of every delivery, in their order, whatever the texts hold."""
    assert reread(saved) == saved


def test_every_field_of_a_delivery_is_tried() -> None:
    """A new one must be added to the round trip above."""
    tried = set(DELIVERIES.wrapped_strategy.kwargs)  # type: ignore[attr-defined]

    assert tried == set(Delivery.__dataclass_fields__)


def test_without_a_store_there_is_nothing() -> None:
    """The account is new."""
    assert saved_in(Memory()) == Saved()


def good() -> dict[str, Any]:
    """Return the content of a store with one delivery."""
    memory = Memory()
    outcome(DeliveryStorage(memory).save(Saved([sent()], "101", NOW, {29833333: 2})))
    snapshot: dict[str, Any] = memory.snapshot
    return snapshot


def sent() -> Delivery:
    """Return a delivery with all kinds of fields set."""
    d = after(delivery(send_in=60), (0, Began("100", NOW)), (1, Accepted("101")))
    return having(
        d, context=("c", None, "u"), numbers={"905559998877": NumberState.PENDING}
    )


def damaged(*path: str | int, value: Any) -> Any:
    """Return the content of a store with one value exchanged."""
    content: Any = good()
    part = content
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return content


@pytest.mark.parametrize(
    "content",
    [
        [],
        "text",
        {},
        {"deliveries": []},
        damaged("deliveries", value=None),
        damaged("deliveries", value=[1]),
        damaged("deliveries", value=[{}]),
        damaged("deliveries", 0, "state", value="lost"),
        damaged("deliveries", 0, "colour", value="red"),
        damaged("deliveries", 0, "next", value={"task": "SING", "at": 1}),
        damaged("deliveries", 0, "next", value={}),
        damaged("deliveries", 0, "numbers", value={"905559998877": 7}),
        damaged("messages", value=[]),
        damaged("messages", value={}),
        damaged("messages", "d1", value=None),
        damaged("messages", "d1", "sms", value=[{"numbers": ["1"]}]),
        damaged("messages", "d1", "send_at", value="soon"),
        damaged("spent", value=[]),
        damaged("spent", value={"x": 1}),
    ],
)
def test_what_makes_no_sense_is_called_unreadable(content: Any) -> None:
    """Nothing of it is taken over, and no text of it shows."""
    with pytest.raises(UnreadableStoreError) as error:
        outcome(DeliveryStorage(Memory(content)).load())

    assert "Duman" not in str(error.value)


def test_a_delivery_is_held_once_it_was_saved() -> None:
    """In whatever state; and no longer when it was forgotten."""
    storage = DeliveryStorage(Memory())
    assert not storage.holds(sent())

    outcome(storage.save(Saved([having(sent(), tries=3)])))
    assert storage.holds(sent())

    outcome(storage.save(Saved(), {sent().id}))
    assert not storage.holds(sent())


CHANGES = st.lists(st.tuples(ALL, st.sets(st.integers(0, 4))), min_size=1, max_size=5)


@given(CHANGES, st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_journal_of_any_length_amounts_to_what_was_saved(
    changes: list[tuple[Saved, set[int]]], often: bool
) -> None:
    """Whether snapshots are made in between or not."""
    memory = Memory()
    storage = DeliveryStorage(memory, least_journal=0 if often else 2**20)
    expected: dict[str, Delivery] = {}
    for saved, indexes in changes:
        forgotten = {d for n, d in enumerate(expected) if n in indexes}
        for each in saved.deliveries:
            expected.pop(each.id, None)
            expected[each.id] = each
        for each_id in forgotten:
            expected.pop(each_id, None)
        outcome(storage.save(saved, forgotten))

    found = saved_in(memory)

    assert found == replace(saved, deliveries=list(expected.values()))


def three_saves() -> tuple[Memory, list[Saved]]:
    """Return files after a snapshot and two changes, and what they amounted to each time."""
    memory, states = Memory(), []
    storage = DeliveryStorage(memory)
    for tries in range(3):
        saved = Saved(
            [having(sent(), tries=tries)], str(tries), NOW + tries, {1: tries}
        )
        outcome(storage.save(saved))
        states.append(saved)
    return memory, states


def test_a_last_line_that_is_cut_off_counts_for_nothing() -> None:
    """Wherever the power failed: nobody had been told that it was saved."""
    memory, (first, second, third) = three_saves()
    header, one, two = memory.journal.splitlines(keepends=True)

    for length in range(len(memory.journal)):
        memory.journal, whole = (header + one + two)[:length], memory.journal
        expected = first if length < len(header + one) else second
        assert saved_in(memory) == expected
        memory.journal = whole
    assert saved_in(memory) == third


def test_a_last_line_whose_beginning_never_reached_the_disk_counts_for_nothing() -> (
    None
):
    """A disk may write the end of a line before its beginning."""
    memory, (_, second, _) = three_saves()
    header, one, two = memory.journal.splitlines(keepends=True)
    memory.journal = header + one + bytes(9) + two[9:]

    assert saved_in(memory) == second


def test_a_journal_goes_on_where_it_can_be_read() -> None:
    """What was cut off does not stand between what came before and what comes."""
    memory, (_, second, _) = three_saves()
    memory.journal = memory.journal[:-3]
    storage = DeliveryStorage(memory)
    assert outcome(storage.load()) == second

    changed = replace(second, newest_id="7")
    outcome(storage.save(changed))

    assert saved_in(memory) == changed


@pytest.mark.parametrize(
    "line", [b"{", b"\x00\x00", b"[]", b"{}", b'{"deliveries":[1]}']
)
def test_a_line_that_makes_no_sense_is_called_unreadable(line: bytes) -> None:
    """If others follow it, it had been promised."""
    memory, _ = three_saves()
    header, one, two = memory.journal.splitlines(keepends=True)
    memory.journal = header + one + line + b"\n" + two

    with pytest.raises(UnreadableStoreError):
        saved_in(memory)


def test_the_journal_of_another_snapshot_is_out_of_date() -> None:
    """It was left behind when the power failed, and is written over."""
    memory, (_, _, third) = three_saves()
    stale = memory.journal
    storage = DeliveryStorage(memory, least_journal=0)
    outcome(storage.load())
    outcome(storage.save(replace(third, newest_id="later")))
    memory.journal = stale

    assert saved_in(memory).newest_id == "later"
    storage = DeliveryStorage(memory)
    outcome(storage.load())
    outcome(storage.save(replace(third, newest_id="latest")))
    assert saved_in(memory).newest_id == "latest"
    assert stale not in memory.journal


class Full(Memory):
    """Files on a disk that may have no space."""

    def __init__(self) -> None:
        """Begin with space."""
        super().__init__()
        self.full: set[str] = set()
        self.snapshots = 0

    async def save(self, snapshot: dict[str, Any]) -> bool:
        """Replace the snapshot if there is space."""
        if "snapshot" in self.full:
            return False
        self.snapshots += 1
        return await super().save(snapshot)

    async def append(self, at: int, line: bytes) -> None:
        """Append what there is space for."""
        if "journal" in self.full:
            await super().append(at, line[:-9])
            raise OSError("No space left on device")
        await super().append(at, line)


@pytest.mark.parametrize("full", [set(), {"journal"}, {"snapshot"}])
def test_where_one_file_cannot_be_written_the_other_one_keeps_it(
    full: set[str],
) -> None:
    """And once there is space again, both do what they are for."""
    memory = Full()
    storage = DeliveryStorage(memory, least_journal=2000)
    for tries in range(20):
        memory.full = full if 5 < tries < 15 else set()
        saved = Saved([having(sent(), tries=tries)], str(tries))
        outcome(storage.save(saved))
        assert saved_in(memory) == saved
    assert 3 < memory.snapshots < 15


def test_a_journal_that_lacks_something_does_not_go_on() -> None:
    """What stood on disk before stays readable, until there is space for a snapshot."""
    memory = Full()
    storage = DeliveryStorage(memory)
    first = Saved([sent()])
    outcome(storage.save(first))
    memory.full = {"journal", "snapshot"}
    other = having(sent(), id="d2")
    outcome(storage.save(Saved([other])))
    memory.full = {"snapshot"}
    outcome(storage.save(Saved([having(other, tries=1)])))
    assert saved_in(memory) == first

    memory.full = set()
    outcome(storage.save(Saved([], "7")))
    assert saved_in(memory) == Saved([sent(), having(other, tries=1)], "7")


class Slow(Memory):
    """Files that do what is asked a moment later, whoever still waits for it."""

    async def append(self, at: int, line: bytes) -> None:
        """Append in a moment."""
        asyncio.get_running_loop().call_soon(outcome, super().append(at, line))
        await asyncio.sleep(0.01)

    async def save(self, snapshot: dict[str, Any]) -> bool:
        """Replace the snapshot in a moment."""
        asyncio.get_running_loop().call_soon(outcome, super().save(snapshot))
        await asyncio.sleep(0.01)
        return True


@pytest.mark.parametrize("least_journal", [0, 2**20])
async def test_after_a_save_that_was_cancelled_a_snapshot_is_made(
    least_journal: int,
) -> None:
    """Nobody knows then what of it is on disk."""
    memory = Slow()
    storage = DeliveryStorage(memory, least_journal=least_journal)
    await storage.save(Saved([sent()]))
    for number in range(5):
        saved = Saved([having(sent(), id=str(number))])
        with suppress(TimeoutError):
            await asyncio.wait_for(storage.save(saved), 0.005)

    await storage.save(Saved([], "7"))

    assert saved_in(memory).newest_id == "7"
    assert len(list(saved_in(memory).deliveries)) == 6


def test_a_snapshot_that_could_not_be_made_is_made_with_the_next_save() -> None:
    """Else one that Home Assistant writes at its end could make the journal out of date."""
    memory = Full()
    storage = DeliveryStorage(memory)
    outcome(storage.save(Saved([sent()])))
    memory.full = {"journal", "snapshot"}
    outcome(storage.save(Saved([having(sent(), tries=1)])))
    memory.full = set()

    outcome(storage.save(Saved([], "7")))

    assert memory.snapshots == 2
    assert saved_in(memory) == Saved([having(sent(), tries=1)], "7")


def test_a_message_is_written_once() -> None:
    """What changes is what becomes of it."""
    memory, _ = three_saves()

    assert memory.journal.count(b"Duman") == 0
    assert str(memory.snapshot).count("Duman") == 1


def test_a_snapshot_is_made_when_the_journal_is_twice_as_long() -> None:
    """So that what is written in all stays in proportion to what happens."""
    memory = Full()
    storage = DeliveryStorage(memory, least_journal=0)
    many = [having(sent(), id=str(number)) for number in range(500)]
    outcome(storage.save(Saved(many)))

    for number in range(2000):
        outcome(storage.save(Saved([having(many[number % 500], tries=number)])))

    assert 2 <= memory.snapshots <= 5
