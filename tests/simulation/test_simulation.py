"""No message is lost and none is sent twice, whatever goes wrong; and a lapse would show."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from itertools import cycle

import orjson
import pytest

from custom_components.bisms import commit, courier, delivery, outbox, search, storage
from custom_components.bisms.provider.models import DeliveryReport
from custom_components.bisms.record import (
    Began,
    Delivery,
    Event,
    NotSent,
    Silent,
    State,
    Step,
    Task,
)

from .history import play
from .many import failures, play_many
from .network import FAULTS
from .outcome import Outcome
from .plan import plan

HISTORIES = 500
PATIENCE = 400
"""Histories within which a lapse must show."""


def test_in_500_histories_no_message_is_lost_and_none_is_sent_twice() -> None:
    """Nor does any state go back, nor is any request made in vain."""
    tally = play_many(range(HISTORIES), jobs=2)

    assert not tally.failed_seeds, "\n".join([tally.in_words(), *failures(tally)])
    assert tally.histories == HISTORIES
    # They are worth playing: messages meet every fault and every end.
    assert set(tally.faults) == set(FAULTS)
    ends = {state.partition(" ")[0] for state in tally.states}
    assert ends == {"delivered", "partially_delivered", "failed", "expired"}


def test_a_history_is_the_same_whenever_it_is_played() -> None:
    """Else a seed would not lead back to what went wrong."""
    first, second = play(plan(7)), play(plan(7))

    assert first.told() == second.told()
    assert first.requests == second.requests > 0


@pytest.fixture
def lapse(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the outbox neglect one of its rules."""
    request.param(monkeypatch)


def refuse_every_77(patch: pytest.MonkeyPatch) -> None:
    """Take 77 after a silence for the provider's refusal."""

    def refused(
        d: Delivery, reason: str, repeats_other: object, now: float, jitter: float
    ) -> Delivery:
        return delivery._ended(replace(d, attempt_at=None), State.FAILED, reason)

    patch.setattr(delivery, "_refused", refused)


def save_after_the_attempt(patch: pytest.MonkeyPatch) -> None:
    """Write that an attempt began only when it is over."""
    attempting: ContextVar[bool] = ContextVar("attempting", default=False)
    attempt, flush = outbox.Outbox._attempt, commit.GroupCommit.flush

    async def unsaved_attempt(self: outbox.Outbox, message: Delivery) -> Event:
        token = attempting.set(True)
        try:
            return await attempt(self, message)
        finally:
            attempting.reset(token)

    async def late_flush(self: commit.GroupCommit) -> None:
        if not attempting.get():
            await flush(self)

    patch.setattr(outbox.Outbox, "_attempt", unsaved_attempt)
    patch.setattr(commit.GroupCommit, "flush", late_flush)


def repeat_after_the_window(patch: pytest.MonkeyPatch) -> None:
    """Send again at any time, without a look for what got through."""
    patch.setattr(delivery, "_may_repeat", lambda d, at: True)


def find_without_numbers(patch: pytest.MonkeyPatch) -> None:
    """Take any new sending for one's own, whomever it went to."""
    report_of = search._report

    async def report(*asked: object) -> DeliveryReport | None:
        found = await report_of(*asked)  # type: ignore[arg-type]
        numbers = cycle(found.numbers.values()) if found else ()
        return found and replace(found, numbers=dict(zip(ours, numbers, strict=False)))

    ours: tuple[str, ...] = ()
    find = search.find

    async def find_any(client: object, sought: Delivery, others: object) -> Event:
        nonlocal ours
        ours = sought.message.numbers
        return await find(client, sought, others)  # type: ignore[arg-type]

    patch.setattr(search, "_report", report)
    patch.setattr(courier, "find", find_any)


def trust_the_window_after_a_restart(patch: pytest.MonkeyPatch) -> None:
    """Send again at once after a restart, as if the clock could be trusted."""
    resumed = delivery._resumed

    def trusting(d: Delivery, now: float) -> Delivery:
        after, since = resumed(d, now), d.doubt_since or d.attempt_at
        if after.doubt_since is None or since is None:
            return after
        return replace(after, doubt_since=since, next=Step(Task.SEND, now))

    patch.setattr(delivery, "_resumed", trusting)


def take_silence_for_not_sent(patch: pytest.MonkeyPatch) -> None:
    """Believe that what was not answered did not arrive."""
    patch.setattr(courier, "Silent", NotSent)


def take_not_sent_for_silence(patch: pytest.MonkeyPatch) -> None:
    """Doubt even what certainly did not leave."""
    patch.setattr(courier, "NotSent", Silent)


def forget_the_baseline(patch: pytest.MonkeyPatch) -> None:
    """Look at none of the ids that were there before."""
    patch.setattr(outbox, "Began", lambda newest_id, newest_at: Began("", newest_at))


def believe_in_every_write(patch: pytest.MonkeyPatch) -> None:
    """Go on as if the journal had taken what it did not."""
    append = storage.DeliveryStorage._append

    async def believed(
        self: storage.DeliveryStorage, change: dict[str, object]
    ) -> bool:
        snapshot = self._snapshot
        appended = await append(self, change)
        self._snapshot = snapshot
        return appended or snapshot is not None

    patch.setattr(storage.DeliveryStorage, "_append", believed)


def take_up_any_journal(patch: pytest.MonkeyPatch) -> None:
    """Read even the changes that led to a snapshot, as if they came after it."""

    def lines(snapshot: str, journal: bytes) -> list[bytes]:
        header = journal.split(b"\n")[0]
        return since(orjson.loads(header) if header else snapshot, journal)

    since = storage._lines_since
    patch.setattr(storage, "_lines_since", lines)


def give_up_at_a_line_cut_off(patch: pytest.MonkeyPatch) -> None:
    """Take what a power failure left for a damage."""
    patch.setattr(storage, "_is_json", lambda line: True)


LAPSES = [
    refuse_every_77,
    save_after_the_attempt,
    repeat_after_the_window,
    find_without_numbers,
    trust_the_window_after_a_restart,
    take_silence_for_not_sent,
    take_not_sent_for_silence,
    forget_the_baseline,
    believe_in_every_write,
    take_up_any_journal,
    give_up_at_a_line_cut_off,
]


def named(mutate: Callable[[pytest.MonkeyPatch], None]) -> str:
    """Name a lapse in the test's id."""
    return mutate.__name__


@pytest.mark.parametrize("lapse", LAPSES, indirect=True, ids=named)
def test_a_lapse_makes_a_history_go_wrong(lapse: None) -> None:
    """Each rule is there for a reason, and the histories know it."""
    assert first_failure().wrong


def first_failure() -> Outcome:
    """Return the first history that goes wrong, or the last one tried."""
    for seed in range(PATIENCE):
        outcome = play(plan(seed))
        if outcome.wrong:
            break
    return outcome
