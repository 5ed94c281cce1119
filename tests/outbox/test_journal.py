"""What is saved is there after a restart, whatever the disk and the power did meanwhile."""

import asyncio
from collections.abc import Coroutine
from copy import replace
from typing import Any

from hypothesis import given, settings, strategies as st
import orjson
import pytest

from custom_components.bisms.outbox import journal as journal_module
from custom_components.bisms.outbox.encoding import VERSION, encoded
from custom_components.bisms.outbox.events import Sighting
from custom_components.bisms.outbox.journal import (
    LEAST_JOURNAL,
    Journal,
    Loaded,
    Saved,
    UnreadableStoreError,
)
from custom_components.bisms.outbox.record import Delivery
from tests.messages import NOW, having

from .disk import Disk, outcome, saved_in
from .saved import ALL
from .saves import Slow, after_saves, at, loaded, same
from .test_encoding import sent

NONE_SAVED = Saved()


def test_without_files_there_is_nothing() -> None:
    """The account is new."""
    assert saved_in(Disk()) == Saved((), None, 0.0, 0.0, False)


def test_a_disk_that_fails_is_not_a_store_that_makes_no_sense() -> None:
    """It may be read the next time."""
    disk = after_saves(at(1, sent()))
    disk.failing = {"load"}

    with pytest.raises(OSError, match="Input/output"):
        saved_in(disk)


def test_the_error_of_an_unreadable_store_names_no_content() -> None:
    """It goes to the log."""
    with pytest.raises(UnreadableStoreError, match=r"^KeyError$"):
        saved_in(Disk({"Duman": 1}))


def test_many_changes_are_encoded_and_decoded_a_few_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Thousands would hold up the event loop."""
    turns = [0]

    def counted(delivery: Delivery) -> bytes:
        turns[-1] += 1
        return encoded(delivery)

    async def others_turns(work: Coroutine[Any, Any, Any]) -> int:
        turns[:] = [0]
        task = asyncio.ensure_future(work)
        while not task.done():
            turns.append(0)
            await asyncio.sleep(0)
        await task
        return sum(turns)

    async def scenario() -> None:
        disk = Disk()
        changes = [having(sent(), id=str(number)) for number in range(1234)]
        assert await others_turns(Journal(disk).save(Saved(changes))) == 1234
        assert max(turns) <= 50
        assert await others_turns(Journal(disk).load()) == 1234
        assert max(turns) <= 50

    monkeypatch.setattr(journal_module, "encoded", counted)
    asyncio.run(scenario())


def test_a_delivery_is_held_once_it_was_saved() -> None:
    """In whatever state; and no longer when it was forgotten; and again after a restart."""
    disk = Disk()
    journal = Journal(disk)
    assert not journal.holds(sent())

    outcome(journal.save(Saved([having(sent(), tries=3)])))
    assert journal.holds(sent())
    later = Journal(disk)
    assert not later.holds(sent())
    outcome(later.load())
    assert later.holds(sent())

    outcome(journal.save(Saved(), {sent().id}))
    assert not journal.holds(sent())


def test_a_delivery_counts_as_held_while_it_is_being_saved() -> None:
    """Whoever writes next to it would be late."""
    journal = Journal(Disk())

    class Late(Disk):
        async def save(self, snapshot: dict[str, Any]) -> None:
            """Look at what is held."""
            assert journal.holds(sent())

    journal._files = Late()
    outcome(journal.save(Saved([sent()])))


CHANGES = st.lists(st.tuples(ALL, st.sets(st.integers(0, 4))), min_size=1, max_size=5)


@given(CHANGES, st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_journal_of_any_length_amounts_to_what_was_saved(
    changes: list[tuple[Saved, set[int]]], often: bool
) -> None:
    """Whether snapshots are made in between or not."""
    disk = Disk()
    expected: dict[str, Delivery] = {}
    with pytest.MonkeyPatch.context() as patch:
        if often:
            patch.setattr(journal_module, "LEAST_JOURNAL", 0)
        journal = Journal(disk)
        for saved, indexes in changes:
            forgotten = {d for n, d in enumerate(expected) if n in indexes}
            for each in saved.deliveries:
                expected.pop(each.id, None)
                expected[each.id] = each
            for each_id in forgotten:
                expected.pop(each_id, None)
            outcome(journal.save(saved, forgotten))
            assert same(saved_in(disk), replace(saved, deliveries=[*expected.values()]))


def test_a_message_is_written_once() -> None:
    """What changes is what becomes of it."""
    disk = after_saves(*(at(n, having(sent(), tries=n)) for n in range(3)))

    assert disk.journal.count(b"Duman") == 0
    assert str(disk.snapshot).count("Duman") == 1
    outcome(loaded(disk).save(at(4, having(sent(), tries=4))))
    assert disk.journal.count(b"Duman") == 0


def test_a_message_that_came_with_the_journal_is_in_the_next_snapshot(
    no_room: None,
) -> None:
    """Though it is not written again with what becomes of it."""
    other = having(sent(), id="d2")
    disk = after_saves(at(1, sent()), at(2, other))
    journal = loaded(disk)
    for number in range(30):
        outcome(journal.save(at(3, having(other, tries=number))))

    assert disk.writes.count("save") > 1
    assert [each.message for each in saved_in(disk).deliveries] == [sent().message] * 2


def test_what_was_forgotten_is_not_in_the_next_snapshot(no_room: None) -> None:
    """Nor is its message."""
    journal = Journal(disk := Disk())
    outcome(journal.save(at(1, sent(), having(sent(), id="d2"))))
    outcome(journal.save(at(2), ["d2"]))
    for number in range(30):
        outcome(journal.save(at(3, having(sent(), tries=number))))

    assert disk.writes.count("save") > 1
    assert set(disk.snapshot["data"]["messages"]) == {"d1"}
    assert b'"d2"' not in disk.journal


def three_saves() -> tuple[Disk, list[Saved]]:
    """Return files after a snapshot and two changes, and what they amounted to each time."""
    saves = [at(number, having(sent(), tries=number)) for number in range(3)]
    return after_saves(*saves), saves


def test_a_last_line_that_is_cut_off_counts_for_nothing() -> None:
    """Wherever the power failed: nobody had been told that it was saved."""
    disk, (first, second, third) = three_saves()
    whole = disk.journal
    begin, one, two = whole.splitlines(keepends=True)

    for length in range(len(whole)):
        disk.journal = (begin + one + two)[:length]
        expected = first if length < len(begin + one) else second
        assert same(saved_in(disk), expected)
    disk.journal = whole
    assert same(saved_in(disk), third)


def test_a_last_line_whose_beginning_never_reached_the_disk_counts_for_nothing() -> (
    None
):
    """A disk may write the end of a line before its beginning."""
    disk, (_, second, _) = three_saves()
    begin, one, two = disk.journal.splitlines(keepends=True)
    disk.journal = begin + one + bytes(9) + two[9:]

    assert same(saved_in(disk), second)


def test_a_journal_goes_on_where_it_can_be_read() -> None:
    """What was cut off does not stand between what came before and what comes."""
    disk, (_, second, _) = three_saves()
    length = len(disk.journal)
    disk.journal = disk.journal[:-3]
    journal = Journal(disk)
    assert same(outcome(journal.load()), second)

    changed = at(7, *second.deliveries)
    outcome(journal.save(changed))

    assert same(saved_in(disk), changed)
    assert len(disk.journal) == length
    assert disk.writes[-1] == "append"


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"\x00\x00",
        b"[]",
        b"{}",
        b'{"version":2,"deliveries":[1]}',
        b'{"version":3}',
    ],
)
def test_a_line_that_makes_no_sense_is_called_unreadable(line: bytes) -> None:
    """If others follow it, it had been promised."""
    disk, _ = three_saves()
    begin, one, two = disk.journal.splitlines(keepends=True)
    disk.journal = begin + one + line + b"\n" + two

    with pytest.raises(UnreadableStoreError):
        saved_in(disk)


def test_the_journal_of_another_snapshot_is_out_of_date(no_room: None) -> None:
    """It was left behind when the power failed, and is written over."""
    disk, (_, _, third) = three_saves()
    stale = disk.journal
    journal = loaded(disk)
    journal._limit = 0
    outcome(journal.save(replace(third, sighting=Sighting("later", NOW))))
    assert disk.writes[-1] == "save"
    disk.journal = stale

    assert saved_in(disk).sighting == Sighting("later", NOW)
    latest = replace(third, sighting=Sighting("latest", NOW))
    outcome(loaded(disk).save(latest))
    assert same(saved_in(disk), latest)
    assert not disk.journal.startswith(stale[:40])


def test_every_snapshot_and_every_journal_belong_together() -> None:
    """No two snapshots have the same name."""
    disk, _ = three_saves()
    other, _ = three_saves()

    assert orjson.loads(disk.journal.splitlines()[0]) == {
        "version": VERSION,
        "snapshot": disk.snapshot["data"]["snapshot"],
    }
    assert disk.snapshot["data"]["snapshot"] != other.snapshot["data"]["snapshot"]
    assert disk.marked != other.marked


def test_a_snapshot_looks_like_home_assistants_own() -> None:
    """As version 1 wrote it, so that whoever reads them reads ours too."""
    disk = after_saves(at(1, sent()))

    assert disk.snapshot["version"] == VERSION
    assert disk.snapshot["minor_version"] == 1
    assert disk.snapshot["key"] == "bisms"
    assert set(disk.snapshot) == {"version", "minor_version", "key", "data"}
    assert set(disk.snapshot["data"]) == {
        "snapshot",
        "lineage",
        "messages",
        "deliveries",
        "sighting",
        "at",
        "utc",
        "credits_used",
    }


@pytest.mark.parametrize("failing", [set(), {"append"}, {"mark"}])
def test_where_one_file_cannot_be_written_the_other_one_keeps_it(
    failing: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And once there is space again, both do what they are for."""
    monkeypatch.setattr(journal_module, "LEAST_JOURNAL", 2000)
    disk = Disk()
    journal = Journal(disk)
    for tries in range(40):
        disk.failing = failing if 5 < tries < 30 else set()
        saved = at(tries, having(sent(), tries=tries))
        outcome(journal.save(saved))
        assert same(saved_in(disk), saved)
    snapshots = disk.writes.count("save")
    assert snapshots > 24 if failing == {"append"} else 3 < snapshots < 20


def test_a_save_that_fails_says_so() -> None:
    """Whoever asked for it tries again later."""
    disk = after_saves()
    journal = Journal(disk)
    outcome(journal.save(at(1, sent())))
    disk.failing = {"append", "save"}

    with pytest.raises(OSError, match="Input/output"):
        outcome(journal.save(at(2)))


def test_what_could_not_be_saved_is_saved_with_the_next_changes() -> None:
    """What stood on disk before stays readable, until there is space for a snapshot."""
    journal = Journal(disk := Disk())
    first = at(1, sent())
    outcome(journal.save(first))
    disk.failing = {"append", "save"}
    other = having(sent(), id="d2")
    with pytest.raises(OSError):
        outcome(journal.save(at(2, other)))
    disk.failing = {"save"}
    with pytest.raises(OSError):
        outcome(journal.save(at(3, having(other, tries=1))))
    assert same(saved_in(disk), first)

    disk.failing = ()
    outcome(journal.save(at(7)))
    assert same(saved_in(disk), at(7, sent(), having(other, tries=1)))


@pytest.mark.parametrize("failing", [{"mark"}, {"save"}])
def test_a_first_save_that_fails_is_made_up_for(failing: set[str]) -> None:
    """A new account on a disk that is full."""
    journal = Journal(disk := Disk())
    disk.failing = failing
    with pytest.raises(OSError):
        outcome(journal.save(at(1, sent())))
    assert disk.snapshot is None
    disk.failing = ()

    outcome(journal.save(at(2)))

    assert same(saved_in(disk), at(2, sent()))
    assert disk.writes.count("mark") == (2 if failing == {"mark"} else 1)


@pytest.mark.parametrize("least_journal", [0, LEAST_JOURNAL])
async def test_after_a_save_that_was_cancelled_a_snapshot_is_made(
    least_journal: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows then what of it is on disk."""
    monkeypatch.setattr(journal_module, "LEAST_JOURNAL", least_journal)
    disk = Slow()
    journal = Journal(disk)
    await journal.save(at(1, sent()))
    for number in range(5):
        task = asyncio.ensure_future(
            journal.save(at(2, having(sent(), id=str(number))))
        )
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    await journal.save(at(7))

    assert disk.writes[-1] == "save"
    assert saved_in(disk).sighting == Sighting("7", NOW + 7)
    assert len(list(saved_in(disk).deliveries)) == 6


def test_a_snapshot_is_made_when_the_journal_is_twice_as_long(no_room: None) -> None:
    """So that what is written in all stays in proportion to what happens."""
    journal = Journal(disk := Disk())
    many = [having(sent(), id=str(number)) for number in range(100)]
    outcome(journal.save(at(1, *many)))
    size = len(orjson.dumps(disk.snapshot))

    for number in range(450):
        before, snapshots = len(disk.journal), disk.writes.count("save")
        outcome(journal.save(at(2, having(many[number % 100], tries=number))))
        if disk.writes.count("save") > snapshots:
            assert 1.6 * size < before < 2.4 * size

    assert 2 <= disk.writes.count("save") <= 5


def test_a_journal_may_always_grow_to_a_quarter_of_a_megabyte() -> None:
    """However little there is to keep."""
    journal = Journal(disk := Disk())
    number = 0
    while disk.writes.count("save") < 2:
        before = len(disk.journal)
        outcome(journal.save(at(number, having(sent(), tries=number))))
        number += 1

    line = 800
    assert LEAST_JOURNAL - line < before <= LEAST_JOURNAL == 256 * 1024
    # The journal that the snapshot makes out of date is written over.
    outcome(journal.save(at(number)))
    assert len(disk.journal) < 2 * line


def test_the_journal_is_cut_only_when_it_is_longer_than_it_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To the byte."""
    journal = Journal(disk := Disk())
    outcome(journal.save(at(1, sent())))
    outcome(journal.save(at(2)))
    journal._limit = len(disk.journal)
    line = len(disk.journal.splitlines(keepends=True)[1])
    journal._limit += line
    outcome(journal.save(at(3)))
    assert len(disk.journal) == journal._limit
    assert disk.writes.count("save") == 1
    outcome(journal.save(at(4)))
    assert disk.writes.count("save") == 2


def test_what_is_loaded_has_names() -> None:
    """The door passes it on."""
    loaded = outcome(after_saves(at(1)).load())

    assert isinstance(loaded, Loaded)
    assert loaded.journal == b""


def test_a_disk_with_room_for_lines_but_not_for_a_snapshot_keeps_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The journal goes on; a snapshot is tried again once it has grown by as much again."""
    monkeypatch.setattr(journal_module, "LEAST_JOURNAL", 4000)
    journal = Journal(disk := Disk())
    outcome(journal.save(at(0, sent())))
    disk.failing = {"save"}
    for tries in range(1, 40):
        saved = at(tries, having(sent(), tries=tries))
        outcome(journal.save(saved))
        assert same(saved_in(disk), saved)
    assert 2 < disk.writes.count("save") < 12
    length = len(disk.journal)

    disk.failing = ()
    while disk.writes[-1] != "save":
        outcome(journal.save(at(50)))
    assert len(disk.journal) < length + 5000
    assert [each.tries for each in saved_in(disk).deliveries] == [39]


def test_where_nobody_knows_which_snapshot_is_there_the_journal_does_not_go_on(
    no_room: None,
) -> None:
    """What is appended could belong to neither."""
    journal = Journal(disk := Disk())
    outcome(journal.save(at(0, sent())))
    disk.failing, disk.is_unsure = {"save"}, True
    journal._limit = 0
    with pytest.raises(OSError, match="Input/output"):
        outcome(journal.save(at(1, having(sent(), tries=1))))
    disk.failing = ()

    outcome(journal.save(at(50)))

    assert disk.writes[-2:] == ["save", "save"]


def test_what_was_never_saved_can_be_forgotten() -> None:
    """It came and went between two writes."""
    disk = Disk()

    outcome(Journal(disk).save(Saved(), ["gone"]))

    assert saved_in(disk).deliveries == []
