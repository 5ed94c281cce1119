"""Whatever happens to a message, in whatever order: what always holds."""

from dataclasses import replace
from typing import override

from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from custom_components.bisms.delivery import (
    DUPLICATE_WINDOW,
    MARGIN,
    REPORT_END,
    REPORT_INTERVAL,
    advance,
)
from custom_components.bisms.provider.client import REQUEST_TIMEOUT
from custom_components.bisms.provider.models import (
    DeliveryReport,
    NumberState,
    ReportPhase,
)
from custom_components.bisms.record import (
    FINAL,
    UNKNOWN,
    Accepted,
    Began,
    Delivery,
    Event,
    Found,
    NotSent,
    Refused,
    Reported,
    Signal,
    Silent,
    State,
    Task,
)

from .messages import ALI, AYSE, HOUR, NOW, delivery, having

RANKS = {
    State.QUEUED: 0,
    State.SCHEDULED: 1,
    State.WAITING: 2,
    State.PENDING: 3,
    **dict.fromkeys(FINAL, 4),
}
REASONS = st.sampled_from(["duplicate_message", "invalid_auth", "not_enough_credits"])
REPORTS = st.builds(
    DeliveryReport,
    st.sampled_from(ReportPhase),
    st.dictionaries(st.sampled_from([AYSE, ALI, "1"]), st.sampled_from(NumberState)),
)


class Life(RuleBasedStateMachine):
    """The life of one message; events that only requests bring come while one is made."""

    @initialize(
        lifetime=st.sampled_from([60.0, HOUR, 48 * HOUR]),
        send_in=st.sampled_from([None, None, 1800.0, 30 * HOUR]),
    )
    def begin(self, lifetime: float, send_in: float | None) -> None:
        """Let a user send it."""
        self.now = NOW
        self.d = delivery(AYSE, ALI, lifetime=lifetime, send_in=send_in)
        self.doubted = False

    def happen(self, event: Event, jitter: float = 1.0) -> None:
        """Let something happen, and look at what it changed."""
        before, self.d = self.d, advance(self.d, event, self.now, jitter)
        assert RANKS[self.d.state] >= RANKS[before.state]
        assert set(self.d.numbers) <= {AYSE, ALI}
        for number, state in before.numbers.items():
            assert self.d.numbers[number] >= state
        if before.final:
            assert self.d == before
        elif self.d.state is State.EXPIRED:
            assert self.now >= self.d.expires_at
        self.doubted |= self.d.doubt_since is not None

    @property
    def task(self) -> Task | None:
        """What is due now."""
        step = self.d.next
        return step.task if step is not None and step.at <= self.now else None

    @rule(seconds=st.floats(0, 4000))
    def wait(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds
        self.happen(Signal.TICKED)

    @precondition(lambda self: self.d.next is not None)
    @rule(late=st.floats(0, 2))
    def wait_for_what_is_due(self, late: float) -> None:
        """Let time go by until something is due."""
        assert self.d.next is not None
        self.now = max(self.now, self.d.next.at) + late
        self.happen(Signal.TICKED)

    @precondition(lambda self: self.task is Task.SEND)
    @rule(newest=st.sampled_from([None, "", "100"]))
    def attempt(self, newest: str | None) -> None:
        """Send it."""
        since = self.d.doubt_since
        self.happen(Began(newest, None if newest is None else self.now))
        if self.d.attempt_at is not None and since is not None:
            arrives_by = self.now + REQUEST_TIMEOUT + MARGIN
            assert since <= self.now < arrives_by < since + DUPLICATE_WINDOW
        if self.d.attempt_at is not None:
            assert self.now < self.d.expires_at

    @precondition(lambda self: self.d.attempt_at is not None)
    @rule(
        event=st.one_of(
            st.builds(Accepted, st.just("101")),
            st.builds(Refused, REASONS, st.sampled_from([True, False, None])),
            st.builds(NotSent, st.just("cannot_connect")),
            st.builds(Silent, st.just("no_answer")),
        ),
        takes=st.floats(0, REQUEST_TIMEOUT),
        jitter=st.floats(0.8, 1.2),
    )
    def end_of_attempt(self, event: Event, takes: float, jitter: float) -> None:
        """Let the attempt end in some way."""
        self.now += takes
        self.happen(event, jitter)

    @precondition(lambda self: self.task is Task.FIND)
    @rule(
        event=st.one_of(
            st.builds(Found, st.just("101"), REPORTS),
            st.sampled_from(
                [
                    Signal.NOTHING_FOUND,
                    Signal.NO_REFERENCE,
                    Signal.UNDECIDED,
                    Signal.ASK_FAILED,
                ]
            ),
        )
    )
    def look(self, event: Event) -> None:
        """Look for it."""
        self.happen(event)

    @precondition(lambda self: self.task is Task.REPORT)
    @rule(
        event=st.one_of(
            st.builds(Reported, REPORTS),
            st.sampled_from([Signal.NO_REPORT, Signal.ASK_FAILED]),
        )
    )
    def ask(self, event: Event) -> None:
        """Ask for its report."""
        self.happen(event)

    @rule()
    def return_of_the_provider(self) -> None:
        """Let the provider answer again."""
        self.happen(Signal.REACHABLE)

    @precondition(lambda self: not self.d.answered)
    @rule()
    def answer_to_the_caller(self) -> None:
        """Tell the caller that it is queued."""
        self.happen(Signal.TOLD)

    @rule(away=st.floats(0, 100_000), clock=st.floats(-7200, 7200))
    def restart(self, away: float, clock: float) -> None:
        """Start Home Assistant again, its clock set meanwhile."""
        self.now = max(NOW, self.now + away + clock)
        self.happen(Signal.RESTARTED)

    @invariant()
    def something_is_due_until_the_end(self) -> None:
        """Nothing is forgotten: a step, or an attempt under way."""
        if self.d.final:
            assert self.d.next is None
        else:
            assert (self.d.next is None) is (self.d.attempt_at is not None)

    @invariant()
    def nothing_is_due_much_later_than_it_can_be(self) -> None:
        """Pause for five minutes at most, or an hour between reports."""
        if self.d.next is None:
            return
        task, at = self.d.next.task, self.d.next.at
        if task in (Task.SEND, Task.FIND) and self.d.state is State.QUEUED:
            assert at <= self.now + 7200 + 1.2 * 300
        if task is Task.REPORT or self.d.lost:
            assert self.d.sent_at is not None
            assert self.d.sent_at + 90 <= at <= self.d.sent_at + REPORT_END
            assert at <= max(self.now, self.d.sent_at) + 7200 + REPORT_INTERVAL

    @invariant()
    def expired_is_only_what_was_certainly_not_sent(self) -> None:
        """Call unknown what could not be told."""
        if self.d.state is State.EXPIRED:
            assert not self.d.unknowable
            assert self.d.accepted_at is None
        if self.d.state is State.FAILED and self.d.reason == UNKNOWN:
            assert self.doubted
            assert self.d.accepted_at is None

    @invariant()
    def an_id_is_that_of_an_accepted_message(self) -> None:
        """And an accepted message is never queued."""
        assert self.d.dlr_id is None or self.d.accepted_at is not None
        assert (self.d.state is State.QUEUED) <= (self.d.accepted_at is None)
        assert not (self.d.lost and self.d.unresolved is False)

    @override
    def teardown(self) -> None:
        """In the end it comes to an end: by silence alone, if nothing else happens."""
        if not hasattr(self, "d"):
            return
        for _ in range(2000):
            if self.d.final:
                return
            self.happen(_silence(self.d))
            if self.d.next is not None:
                self.now = max(self.now, self.d.next.at)
                self.happen(Signal.TICKED)
                if self.task is Task.SEND:
                    self.happen(Began("100", self.now))
        raise AssertionError(f"It never ends: {having(self.d)}")


def _silence(d: Delivery) -> Event:
    """Return what becomes of whatever is under way when nobody answers."""
    return Signal.ASK_FAILED if d.attempt_at is None else Silent("no_answer")


Life.TestCase.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None
)
TestLife = Life.TestCase


def test_an_unchanged_message_is_the_same_object() -> None:
    """That is how it is told that nothing happened."""
    d = delivery()

    assert advance(d, Signal.TICKED, NOW) is d
    assert replace(d) == d
