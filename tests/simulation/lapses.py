"""Rules that the engine can be made to neglect, one at a time: a history must show each lapse."""

from collections.abc import Callable, Collection, Mapping
from contextvars import ContextVar
from copy import replace
from typing import Any

import pytest

from custom_components.bisms.outbox import (
    Outbox,
    allowance,
    courier,
    encoding,
    engine,
    lifecycle,
    search,
    sightings,
    tasks,
)
from custom_components.bisms.outbox.clock import Clock, Now
from custom_components.bisms.outbox.commit import GroupCommit
from custom_components.bisms.outbox.events import (
    Began,
    Event,
    Found,
    NotSent,
    Refused,
    Sighting,
    Signal,
    Silent,
)
from custom_components.bisms.outbox.journal import Journal, Saved
from custom_components.bisms.outbox.ledger import Ledger
from custom_components.bisms.outbox.reachability import Reachability
from custom_components.bisms.outbox.record import Delivery, End, State, Step, Task
from custom_components.bisms.outbox.search import Report, Search
from custom_components.bisms.outbox.sightings import Sightings
from custom_components.bisms.outbox.tasks import Tasks
from custom_components.bisms.provider.models import NumberState

type Lapse = Callable[[pytest.MonkeyPatch], None]


def refuse_every_77(patch: pytest.MonkeyPatch) -> None:
    """Take 77 after a silence for the provider's refusal."""
    refused = lifecycle._refused

    def refuse(
        d: Delivery, reason: str, repeats_other: bool | None, now: Now, jitter: float
    ) -> Delivery:
        if reason == "duplicate_message":
            repeats_other = True
        return refused(d, reason, repeats_other, now, jitter)

    patch.setattr(lifecycle, "_refused", refuse)


def save_after_the_attempt(patch: pytest.MonkeyPatch) -> None:
    """Write that an attempt began only when it is over."""
    attempting: ContextVar[bool] = ContextVar("attempting", default=False)
    attempt, flush, begin = Tasks._attempt, GroupCommit.flush, GroupCommit.begin

    async def unsaved_attempt(self: Tasks, delivery: Delivery) -> Event:
        token = attempting.set(True)
        try:
            return await attempt(self, delivery)
        finally:
            attempting.reset(token)

    async def late_flush(self: GroupCommit) -> None:
        if not attempting.get():
            await flush(self)

    def late_begin(self: GroupCommit) -> None:
        if not attempting.get():
            begin(self)

    patch.setattr(Tasks, "_attempt", unsaved_attempt)
    patch.setattr(GroupCommit, "flush", late_flush)
    patch.setattr(GroupCommit, "begin", late_begin)


def repeat_after_the_window(patch: pytest.MonkeyPatch) -> None:
    """Send again at any time, without a look for what got through."""
    for module in (lifecycle, tasks):
        patch.setattr(module, "may_repeat", lambda delivery, now, at: True)


def trust_durations_over_a_restart(patch: pytest.MonkeyPatch) -> None:
    """Believe that the clock tells how long it was, whatever happened to it."""
    now = Clock.now
    patch.setattr(Clock, "now", lambda self: now(self)._replace(steady_since=0.0))


def overlook_that_the_clock_was_set(patch: pytest.MonkeyPatch) -> None:
    """Trust the window although the machine may have slept."""
    patch.setattr("custom_components.bisms.outbox.clock.TOLERANCE", float("inf"))


def reckon_with_the_machines_clock(patch: pytest.MonkeyPatch) -> None:
    """Let times jump as the machine's clock does."""
    now = Clock.now
    patch.setattr(Clock, "now", lambda self: now(self)._replace(at=self._utc()))


def let_time_run_back_over_a_restart(patch: pytest.MonkeyPatch) -> None:
    """Begin every run at what the machine's clock shows."""
    patch.setattr(Clock, "resume", lambda self, last_at, last_utc: None)


def take_silence_for_not_sent(patch: pytest.MonkeyPatch) -> None:
    """Believe that what was not answered did not arrive."""
    patch.setattr(courier, "Silent", NotSent)


def take_not_sent_for_silence(patch: pytest.MonkeyPatch) -> None:
    """Doubt even what certainly did not leave."""
    patch.setattr(courier, "NotSent", Silent)


def leave_what_was_under_way(patch: pytest.MonkeyPatch) -> None:
    """Take up nothing of what a restart cut off."""
    advance = lifecycle.advance

    def forgetful(
        delivery: Delivery, event: Event, now: Now, jitter: float = 1.0
    ) -> Delivery:
        if event is Signal.RESTARTED:
            return delivery
        return advance(delivery, event, now, jitter)

    patch.setattr(engine, "advance", forgetful)


def take_what_was_cut_off_for_not_sent(patch: pytest.MonkeyPatch) -> None:
    """Send at once after a restart what was on its way before."""

    def resumed(d: Delivery, now: Now) -> Delivery:
        return replace(d, told=True, tries=0, doubt=None, doing=Step(Task.SEND, now.at))

    patch.setattr(lifecycle, "_resumed", resumed)


def forget_the_baseline(patch: pytest.MonkeyPatch) -> None:
    """Look at all ids that there ever were."""
    patch.setattr(tasks, "Began", lambda newest: Began(Sighting("", 0.0)))


def look_above_no_ceiling(patch: pytest.MonkeyPatch) -> None:
    """Look even at ids that came when all attempts had settled."""
    patch.setattr(Sightings, "ceiling", lambda self, delivery, now: None)


def look_at_once(patch: pytest.MonkeyPatch) -> None:
    """Do not wait until an attempt has settled and the list has caught up."""
    for module in (lifecycle, sightings):
        patch.setattr(module, "listed_at", lambda delivery, now: now.at)


def _deciding(patch: pytest.MonkeyPatch, reports_of: Callable[..., Any]) -> None:
    decide = search._decide

    def decided(
        delivery: Delivery,
        reports: Mapping[str, Report],
        *more: Any,
    ) -> Event:
        return decide(delivery, reports_of(delivery, reports), *more)

    patch.setattr(search, "_decide", decided)


def find_without_numbers(patch: pytest.MonkeyPatch) -> None:
    """Take any new sending for one's own, whomever it went to."""

    def ours(delivery: Delivery, reports: Mapping[str, Report]) -> dict[str, Report]:
        return {
            dlr_id: report
            and replace(
                report,
                numbers=dict.fromkeys(
                    delivery.message.numbers,
                    next(iter(report.numbers.values()), NumberState.WAITING),
                ),
            )
            for dlr_id, report in reports.items()
        }

    _deciding(patch, ours)


def take_a_partial_report_for_anothers(patch: pytest.MonkeyPatch) -> None:
    """Send again although a sending to some of the numbers may be the message."""

    def complete(
        delivery: Delivery, reports: Mapping[str, Report]
    ) -> dict[str, Report]:
        numbers = set(delivery.message.numbers)
        return {
            dlr_id: report
            for dlr_id, report in reports.items()
            if report is None or not set(report.numbers) < numbers
        }

    _deciding(patch, complete)


def take_no_report_for_none_of_ours(patch: pytest.MonkeyPatch) -> None:
    """Send again although a sending whose report is not there yet may be the message."""

    def there(delivery: Delivery, reports: Mapping[str, Report]) -> dict[str, Report]:
        return {dlr_id: report for dlr_id, report in reports.items() if report}

    _deciding(patch, there)


def take_any_match(patch: pytest.MonkeyPatch) -> None:
    """Take the first match, however many others may be meant."""
    decide = search._decide

    def decided(
        delivery: Delivery,
        reports: Mapping[str, Report],
        *more: Any,
    ) -> Event:
        numbers = set(delivery.message.numbers)
        for dlr_id, report in reports.items():
            if report is not None and set(report.numbers) == numbers:
                return Found(dlr_id, report)
        return decide(delivery, reports, *more)

    patch.setattr(search, "_decide", decided)


def overlook_rivals(patch: pytest.MonkeyPatch) -> None:
    """Forget that another message may own a sending as well."""
    patch.setattr(search, "_may_be_among_them", lambda other, delivery, span: False)


def take_what_was_before_a_restart_for_old(patch: pytest.MonkeyPatch) -> None:
    """Believe the clock how long before a restart something was."""
    patch.setattr(search._Span, "latest", lambda span, at: at)


def take_what_another_has(patch: pytest.MonkeyPatch) -> None:
    """Look even at ids that are known to be another message's."""
    patch.setattr(search, "_taken", lambda deliveries: set())


def overlook_twins(patch: pytest.MonkeyPatch) -> None:
    """Take every 77 for the message's own."""
    patch.setattr(tasks, "explain", lambda delivery, others, now: False)


def read_one_page(patch: pytest.MonkeyPatch) -> None:
    """Look no further than the first page of the list."""

    async def first_page(self: Search, baseline: str) -> list[str]:
        ids = list(await self._client.get_sent_ids())
        return ids[: ids.index(baseline)] if baseline in ids else ids

    patch.setattr(Search, "_ids_since", first_page)


def release_on_every_answer(patch: pytest.MonkeyPatch) -> None:
    """Let everything go whenever a question is answered."""
    patch.setattr(Reachability, "answered", lambda self, at, sending: Signal.BACK)


def never_release(patch: pytest.MonkeyPatch) -> None:
    """Let everything wait for the end of its pause, though the provider is back."""
    patch.setattr(Reachability, "answered", lambda self, at, sending: None)


def begin_pauses_anew(patch: pytest.MonkeyPatch) -> None:
    """Make short pauses again after each search."""
    undoubted = lifecycle._undoubted
    patch.setattr(
        lifecycle, "_undoubted", lambda d, now: undoubted(replace(d, tries=0), now)
    )


def park_for_good(patch: pytest.MonkeyPatch) -> None:
    """Let what 87 kept waiting wait until a restart."""
    patch.setattr(Outbox, "secret_works", lambda self: None)


def end_on_87(patch: pytest.MonkeyPatch) -> None:
    """Take a passing 87 for an end."""
    refused = lifecycle._refused

    def refuse(
        d: Delivery, reason: str, repeats_other: bool | None, now: Now, jitter: float
    ) -> Delivery:
        return refused(replace(d, told=False), reason, repeats_other, now, jitter)

    patch.setattr(lifecycle, "_refused", refuse)


def expire_in_doubt(patch: pytest.MonkeyPatch) -> None:
    """Say of a message in doubt that it was not sent."""
    limited = lifecycle._limited

    def expired(d: Delivery, now: Now) -> Delivery:
        if isinstance(d.doing, Step) and d.acceptance is None:
            if now.at >= d.expires_at:
                return replace(d, doing=End(State.EXPIRED, None), doubt=None)
        return limited(d, now)

    patch.setattr(lifecycle, "_limited", expired)


def resend_whatever_is_unknown(patch: pytest.MonkeyPatch) -> None:
    """Send once more what nobody asked to send once more."""
    given_up = lifecycle._given_up
    patch.setattr(
        lifecycle,
        "_given_up",
        lambda d, now: given_up(replace(d, resend_in_doubt=True), now),
    )


def believe_in_every_write(patch: pytest.MonkeyPatch) -> None:
    """Go on as if the journal had taken what it did not."""
    append = Journal._append

    async def believed(self: Journal, snapshot: str, change: dict[str, Any]) -> None:
        await append(self, snapshot, change)
        self._snapshot = snapshot

    patch.setattr(Journal, "_append", believed)


def forget_what_could_not_be_saved(patch: pytest.MonkeyPatch) -> None:
    """Take a write that failed for done."""
    save = Journal.save

    async def saved(
        self: Journal, changes: Saved, forgotten: Collection[str] = ()
    ) -> None:
        try:
            await save(self, changes, forgotten)
        except OSError:
            return

    patch.setattr(Journal, "save", saved)


def take_up_any_journal(patch: pytest.MonkeyPatch) -> None:
    """Read even the changes that led to a snapshot, as if they came after it."""
    lines_since = encoding._lines_since

    def lines(first: bytes, journal: bytes) -> list[bytes]:
        return lines_since(journal.split(b"\n")[0] or first, journal)

    patch.setattr(encoding, "_lines_since", lines)


def give_up_at_a_line_cut_off(patch: pytest.MonkeyPatch) -> None:
    """Take what a power failure left for a damage."""
    patch.setattr(encoding, "_is_json", lambda line: True)


def overlook_that_a_backup_was_restored(patch: pytest.MonkeyPatch) -> None:
    """Believe that nothing happened since the files were written."""
    load = Journal.load

    async def loaded(self: Journal) -> Saved:
        return replace(await load(self), restored=False)

    patch.setattr(Journal, "load", loaded)


def stay_in_the_lineage(patch: pytest.MonkeyPatch) -> None:
    """Let a backup look like what ran on after it."""
    patch.setattr(Journal, "release", lambda self: None)


def forget_finished_messages(patch: pytest.MonkeyPatch) -> None:
    """Forget whose an id is while another message is looked for."""

    def forget(self: Ledger, at: float) -> list[str]:
        forgotten = list(self._finished)
        for delivery_id in forgotten:
            del self._finished[delivery_id]
            self._changed.pop(delivery_id, None)
        return forgotten

    patch.setattr(Ledger, "forget", forget)


def keep_what_did_not_leave(patch: pytest.MonkeyPatch) -> None:
    """Never give parts back to the hour."""
    patch.setattr(allowance, "_spent", lambda delivery: delivery.message.credits)


def let_everything_leave(patch: pytest.MonkeyPatch) -> None:
    """Count nothing towards the hourly limit."""
    patch.setattr(allowance, "_spent", lambda delivery: 0)


def leave_callers_waiting_at_a_stop(patch: pytest.MonkeyPatch) -> None:
    """Let a stop answer nobody."""

    async def stop(self: Outbox) -> None:
        self._stopped = True
        await self._scheduler.stop()
        self._answers.clear()
        await self._commit.flush()

    patch.setattr(Outbox, "stop", stop)


def give_a_cancelled_message_up(patch: pytest.MonkeyPatch) -> None:
    """Take a caller who went away for one who does not want his message sent."""
    answered = Outbox._answered

    async def given_up(self: Outbox, ids: list[str]) -> None:
        try:
            await answered(self, ids)
        except BaseException:
            for delivery_id in ids:
                self._apply(delivery_id, Refused("cancelled"))
            raise

    patch.setattr(Outbox, "_answered", given_up)


def cancel_what_may_have_been_sent(patch: pytest.MonkeyPatch) -> None:
    """Take back whatever was not accepted, as far as is known."""
    patch.setattr(Delivery, "can_be_cancelled", Delivery.has_not_left)


def take_a_fast_clock_from_the_lifetime(patch: pytest.MonkeyPatch) -> None:
    """Let a held message expire whose time the clock shows too late."""
    held = lifecycle._held

    def hold(d: Delivery, now: Now, *, missed: bool) -> Delivery:
        return held(d, now, missed=True)

    patch.setattr(lifecycle, "_held", hold)


def hold_until_the_first_look(patch: pytest.MonkeyPatch) -> None:
    """Let a held message go when it looks at the clock, whatever that shows."""
    held = lifecycle._held

    def hold(d: Delivery, now: Now, *, missed: bool) -> Delivery:
        return held(d, now._replace(utc=now.utc + 5400), missed=missed)

    patch.setattr(lifecycle, "_held", hold)


LAPSES: list[Lapse] = [
    refuse_every_77,
    save_after_the_attempt,
    repeat_after_the_window,
    trust_durations_over_a_restart,
    overlook_that_the_clock_was_set,
    reckon_with_the_machines_clock,
    let_time_run_back_over_a_restart,
    take_silence_for_not_sent,
    take_not_sent_for_silence,
    leave_what_was_under_way,
    take_what_was_cut_off_for_not_sent,
    forget_the_baseline,
    look_above_no_ceiling,
    look_at_once,
    find_without_numbers,
    take_a_partial_report_for_anothers,
    take_no_report_for_none_of_ours,
    take_any_match,
    overlook_rivals,
    take_what_was_before_a_restart_for_old,
    take_what_another_has,
    overlook_twins,
    read_one_page,
    release_on_every_answer,
    never_release,
    begin_pauses_anew,
    park_for_good,
    end_on_87,
    expire_in_doubt,
    resend_whatever_is_unknown,
    believe_in_every_write,
    forget_what_could_not_be_saved,
    take_up_any_journal,
    give_up_at_a_line_cut_off,
    overlook_that_a_backup_was_restored,
    stay_in_the_lineage,
    forget_finished_messages,
    keep_what_did_not_leave,
    let_everything_leave,
    leave_callers_waiting_at_a_stop,
    give_a_cancelled_message_up,
    cancel_what_may_have_been_sent,
    take_a_fast_clock_from_the_lifetime,
    hold_until_the_first_look,
]
