"""A backup that was restored is known by its mark, and its files fit each other."""

import asyncio

import pytest

from custom_components.bisms.outbox.journal import Journal
from tests.messages import having

from .disk import Disk, outcome, saved_in
from .saves import Slow, after_saves, at, loaded, same
from .test_encoding import sent


def test_a_mark_that_is_the_snapshots_says_that_nothing_was_restored() -> None:
    """And the journal goes on."""
    disk = after_saves(at(1, sent()))
    assert disk.writes == ["mark", "save"]
    assert disk.marked == disk.snapshot["data"]["lineage"]
    assert saved_in(disk).restored is False

    outcome(loaded(disk).save(at(2)))
    assert disk.writes == ["mark", "save", "append"]


@pytest.mark.parametrize("marked", [None, "", "another"])
def test_a_mark_that_differs_says_that_a_backup_was_restored(
    marked: str | None,
) -> None:
    """Until it is written anew, with a lineage of its own."""
    disk = after_saves(at(1, sent()), at(2))
    lineage = disk.marked
    disk.marked = marked
    assert saved_in(disk).restored is True
    assert saved_in(disk).restored is True

    outcome(loaded(disk).save(at(3)))

    assert disk.writes[-2:] == ["mark", "save"]
    assert disk.marked not in {marked, lineage}
    assert same(saved_in(disk), at(3, sent()))


def test_a_release_begins_a_new_lineage_with_the_next_save() -> None:
    """What was copied is older from then on."""
    disk = after_saves(at(1, sent()), at(2))
    journal = loaded(disk)
    copy = Disk(disk.snapshot, disk.journal)
    journal.hold()
    journal.release()
    outcome(journal.save(at(3)))

    assert disk.writes[-2:] == ["mark", "save"]
    copy.marked = disk.marked
    assert saved_in(copy).restored is True
    assert same(saved_in(disk), at(3, sent()))


def test_a_journal_that_is_held_is_not_cut(no_room: None) -> None:
    """It may grow as long as it likes until it is let go."""
    journal = Journal(disk := Disk())
    outcome(journal.save(at(1, sent())))
    journal.hold()
    for number in range(100):
        outcome(journal.save(at(2, having(sent(), tries=number))))
    assert disk.writes.count("save") == 1
    journal.release()
    outcome(journal.save(at(3)))
    assert disk.writes.count("save") == 2
    for number in range(100):
        outcome(journal.save(at(4, having(sent(), tries=number))))
    assert disk.writes.count("save") > 5


def test_a_journal_that_is_held_and_fails_is_given_up(no_room: None) -> None:
    """What is on disk is worth more than a backup."""
    journal = Journal(disk := Disk())
    outcome(journal.save(at(1, sent())))
    journal.hold()
    disk.failing = {"append"}
    outcome(journal.save(at(2)))
    assert disk.writes[-1] == "save"
    assert same(saved_in(disk), at(2, sent()))


async def test_a_release_during_a_write_begins_a_new_lineage_too() -> None:
    """Whichever file is being written then."""
    for first in (True, False):
        disk = Slow()
        journal = Journal(disk)
        if not first:
            await journal.save(at(1, sent()))
        lineage = disk.marked
        write = asyncio.ensure_future(journal.save(at(2, sent())))
        await asyncio.sleep(0)
        journal.release()
        await write
        await journal.save(at(3))

        assert disk.marked not in {None, lineage}
        assert disk.marked == disk.snapshot["data"]["lineage"]
        assert saved_in(disk).restored is False
