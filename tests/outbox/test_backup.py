"""A backup that is restored sends nothing again that was accepted since it was made."""

import asyncio

import pytest

from custom_components.bisms.outbox import State, journal
from tests.messages import HOUR, message

from .disk import Disk
from .stage import FIRST_ID, P1, P2, Stage, play
from .wire import attempts


async def backup(stage: Stage) -> Disk:
    """Make a backup as Home Assistant does: the snapshot is copied first, the journal later."""
    await stage.outbox.hold()
    snapshot = stage.disk.snapshot
    await asyncio.sleep(1)
    copy = Disk(snapshot, stage.disk.journal)
    await stage.outbox.release()
    return copy


async def restore(stage: Stage, copy: Disk, *, marked: str | None) -> None:
    """Start Home Assistant on the files of a backup, with whatever mark there is."""
    await stage.kill()
    stage.disk = Disk(copy.snapshot, copy.journal, marked)
    await stage.start()


@pytest.mark.parametrize("mark_is_there", [True, False])
def test_what_was_sent_since_a_backup_is_not_sent_again(mark_is_there: bool) -> None:
    """Whether it is restored where it was made, or on a new machine."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", 0, 10)
        await stage.send()
        await stage.until(5)
        copy = await backup(stage)
        await stage.until(200)
        assert stage.inbox == ["Duman alarmı"]

        await restore(stage, copy, marked=stage.disk.marked if mark_is_there else None)
        [open_one] = stage.outbox.deliveries
        assert open_one.state is State.QUEUED
        await stage.until(400)
        [found] = stage.outbox.deliveries
        assert (found.state, found.dlr_id) == (State.DELIVERED, str(FIRST_ID))
        assert len(stage.departures()) == 4

    play(scenario)


def test_what_was_not_sent_since_a_backup_is_sent_after_a_look() -> None:
    """It is not lost by having been restored."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", 0, 10)
        await stage.send()
        await stage.until(5)
        copy = await backup(stage)
        await restore(stage, copy, marked=None)
        started = stage.loop.time()
        await stage.until(started + 39)
        assert stage.inbox == []
        await stage.until(started + 45)
        assert stage.inbox == ["Duman alarmı"]

    play(scenario)


def test_a_restored_backup_is_known_for_one_only_until_it_is_written_anew() -> None:
    """The next start is an ordinary one."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", 0, 30, attempts)
        waiting = await stage.send()
        copy = await backup(stage)
        await restore(stage, copy, marked="another")
        assert stage.now(waiting).doubt is not None
        await stage.send(text="Another", lifetime=60)
        lineage = stage.disk.marked
        assert lineage != "another"
        assert stage.disk.snapshot["data"]["lineage"] == lineage
        await stage.until(100)
        await stage.restart()
        assert stage.disk.marked == lineage
        assert stage.now(waiting).doubt is None

    play(scenario)


def test_each_backup_begins_a_new_lineage() -> None:
    """The mark says which, and so does the snapshot."""

    async def scenario(stage: Stage) -> None:
        await stage.send()
        lineages = {stage.disk.marked}
        for number in range(3):
            await backup(stage)
            lineages.add(stage.disk.marked)
            assert len(lineages) == number + 2
            assert stage.disk.snapshot["data"]["lineage"] == stage.disk.marked

    play(scenario)


def test_a_backup_holds_all_that_happened_by_then() -> None:
    """Also what no write had been begun for."""

    async def scenario(stage: Stage) -> None:
        stage.disk.seconds = 0.5
        stage.meet("refused", 0, 10)
        await stage.send()
        waiting = asyncio.ensure_future(stage.send(text="Another"))
        await asyncio.sleep(0.2)
        await stage.outbox.hold()
        held = {each.message.sms[0].text for each in stage.disk.deliveries}
        assert held == {"Duman alarmı", "Another"}
        await waiting

    play(scenario)


def test_while_a_backup_is_made_nothing_is_taken_from_the_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are copied one after the other, and must fit each other."""
    monkeypatch.setattr(journal, "LEAST_JOURNAL", 0)

    async def scenario(stage: Stage) -> None:
        await stage.send()
        await stage.outbox.hold()
        snapshot, begin = stage.disk.snapshot, stage.disk.journal
        for number in range(50):
            await stage.send(text=f"Nr {number}")
            assert stage.disk.snapshot == snapshot
            assert stage.disk.journal.startswith(begin)
        await stage.outbox.release()
        assert stage.disk.snapshot != snapshot
        await stage.restart()
        assert len(list(stage.outbox.deliveries)) == 51

    play(scenario)


@pytest.mark.parametrize("seconds", [0.25, 0.5, 1])
def test_a_backup_that_ends_during_a_write_begins_a_new_lineage_too(
    seconds: float,
) -> None:
    """Whatever is being written then."""

    async def scenario(stage: Stage) -> None:
        await stage.send(text="Before")
        stage.disk.seconds = seconds
        lineage = stage.disk.marked
        await stage.outbox.hold()
        call = stage.call()
        await asyncio.sleep(0.1)
        await stage.outbox.release()
        await call
        await asyncio.sleep(3)
        assert stage.disk.marked != lineage
        assert stage.disk.snapshot["data"]["lineage"] == stage.disk.marked

    play(scenario)


@pytest.mark.expects_log("The outbox cannot be saved", "Saving the outbox failed")
def test_a_power_cut_while_the_new_lineage_begins_is_taken_for_a_restored_backup() -> (
    None
):
    """Better look once too often."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", 0, 30)
        waiting = await stage.send()
        await stage.outbox.hold()
        stage.disk.failing = {"save"}
        await stage.outbox.release()
        await stage.kill()
        stage.disk.failing = ()
        await stage.start()
        assert stage.now(waiting).doubt is not None
        await stage.until(100)
        assert stage.now(waiting).state is State.WAITING

    play(scenario)


def test_a_sms_that_was_accepted_before_the_backup_is_followed_up_after_it() -> None:
    """Only what was open is in doubt."""

    async def scenario(stage: Stage) -> None:
        sent = await stage.send(P1)
        pending = await stage.send(P2, text="Pending")
        await stage.until(200)
        copy = await backup(stage)
        await restore(stage, copy, marked=None)
        assert stage.now(sent).state is State.DELIVERED
        assert stage.now(pending).state is State.PENDING
        await stage.until(50 * HOUR)
        assert stage.now(pending).state is State.FAILED
        assert len(stage.attempts) == 2

    play(scenario)


def test_many_messages_of_a_restored_backup_are_each_looked_for() -> None:
    """What went out since is not sent again, and what did not, is."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", 0, 20)
        many = [message(f"90556{n:07}", text=f"Nr {n}") for n in range(30)]
        await stage.outbox.send(*many, lifetime=2 * HOUR)
        await stage.until(3)
        copy = await backup(stage)
        stage.meet("refused", 20, 800, lambda request: _number(request.query) % 3 == 0)
        await stage.until(800)
        assert len(stage.inbox) == 20
        await restore(stage, copy, marked=stage.disk.marked)
        await stage.until(2000)
        assert sorted(stage.inbox) == sorted(f"Nr {number}" for number in range(30))
        assert {each.state for each in stage.outbox.deliveries} == {State.DELIVERED}

    play(scenario)


def _number(query: dict[str, str]) -> int:
    return int(query.get("message", "Nr 1").removeprefix("Nr "))
