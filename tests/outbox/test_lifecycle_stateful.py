"""Whatever happens to a message, in whatever order: what always holds."""

from typing import override

from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from custom_components.bisms.outbox.clock import Now
from custom_components.bisms.outbox.events import (
    Accepted,
    Began,
    Event,
    Found,
    NotSent,
    Refused,
    Reported,
    Restored,
    Sighting,
    Signal,
    Silent,
)
from custom_components.bisms.outbox.lifecycle import DOUBT_LIMIT, advance
from custom_components.bisms.outbox.record import (
    FINAL,
    UNKNOWN,
    Attempt,
    Certainty,
    Delivery,
    State,
    Step,
    Task,
)
from custom_components.bisms.outbox.reports import (
    LOOK_AT_CLOCK,
    REPORT_END,
    REPORT_INTERVAL,
)
from custom_components.bisms.provider.client import REQUEST_TIMEOUT
from custom_components.bisms.provider.models import (
    DeliveryReport,
    NumberState,
    ReportPhase,
)
from tests.messages import ALI, AYSE, HOUR, NOW, UTC_NOW, delivery

RANKS = {
    State.HELD: -1,
    State.QUEUED: 0,
    State.SCHEDULED: 1,
    State.WAITING: 2,
    State.PENDING: 3,
    **dict.fromkeys(FINAL, 4),
}
REASONS = ["duplicate_message", "invalid_auth", "not_enough_credits"]
REPORTS = st.builds(
    DeliveryReport,
    st.sampled_from(ReportPhase),
    st.dictionaries(st.sampled_from([AYSE, ALI, "1"]), st.sampled_from(NumberState)),
)
ENDS_OF_ATTEMPTS = st.one_of(
    st.builds(Accepted, st.just("101")),
    st.builds(Refused, st.sampled_from(REASONS), st.sampled_from([True, False, None])),
    st.builds(NotSent, st.just("cannot_connect")),
    st.builds(Silent, st.just("no_answer")),
)
SIGHTINGS = st.sampled_from([None, Sighting("", NOW), Sighting("100", NOW)])
QUESTIONS = [Signal.NO_REFERENCE, Signal.UNDECIDED, Signal.ASK_FAILED]
SIGNALS = [
    Signal.CONNECTED,
    Signal.BACK,
    Signal.SECRET_WORKS,
    Signal.TOLD,
    Signal.HURRIED,
    Signal.CANCELLED,
]


def may_be_sent(before: Delivery, now: Now) -> bool:
    """Whether an attempt may begin, told once more in other words than the engine's."""
    if now.at >= before.expires_at:
        return False
    if (doubt := before.doubt) is None:
        return True
    arrives_by = now.at + REQUEST_TIMEOUT + 5
    inside = (
        now.steady_since <= doubt.since <= now.at and arrives_by < doubt.since + 120
    )
    return inside and doubt.refusal is None


class Life(RuleBasedStateMachine):
    """The life of one message; events that only requests bring come while one is made."""

    @initialize(
        lifetime=st.sampled_from([60.0, HOUR, 48 * HOUR]),
        send_in=st.sampled_from([None, None, 1800.0, 30 * HOUR]),
        held_for=st.sampled_from([None, None, -60.0, 300.0, 30 * HOUR]),
        resend=st.booleans(),
    )
    def begin(
        self,
        lifetime: float,
        send_in: float | None,
        held_for: float | None,
        resend: bool,
    ) -> None:
        """Let a user send it."""
        self.at, self.steady_since, self.clock_is_ahead = NOW, NOW, UTC_NOW - NOW
        self.resent = 0
        self.doubted = False
        self.d = delivery(
            AYSE,
            ALI,
            lifetime=lifetime,
            send_in=send_in,
            held_for=held_for,
            resend_in_doubt=resend,
        )
        if held_for is not None:
            self.d = advance(self.d, Signal.TICKED, self.now())
            assert (self.d.state is State.HELD) is (held_for > 0)
        self.backups = [(self.d, self.at, self.doubted, self.resent)]

    def now(self) -> Now:
        """Return this moment."""
        return Now(self.at, self.at + self.clock_is_ahead, self.steady_since)

    def happen(self, event: Event, jitter: float = 1.0) -> None:
        """Let something happen, and look at what it changed."""
        before, self.d = self.d, advance(self.d, event, self.now(), jitter)
        assert RANKS[self.d.state] >= RANKS[before.state]
        if before.final:
            assert self.d is before
        if before.acceptance is not None:
            assert self.d.acceptance is not None
            for number, state in before.acceptance.numbers.items():
                assert self.d.acceptance.numbers[number] >= state
        assert self.d.told or not before.told or before.state is State.HELD
        if before.state is State.HELD and self.d.state is State.QUEUED:
            assert before.hold is not None
            is_time = self.now().utc >= before.hold.until_utc
            assert is_time or event is Signal.HURRIED
        if event is Signal.CANCELLED and self.d is not before:
            assert before.doubt is None
            assert before.acceptance is None
            assert not isinstance(before.doing, Attempt)
            assert before.certainty is not Certainty.UNKNOWABLE
        assert self.d.certainty >= before.certainty
        if self.d.state is State.EXPIRED and not before.final:
            assert self.at >= self.d.expires_at
        if isinstance(self.d.doing, Attempt) and self.d.doing != before.doing:
            assert isinstance(event, Began)
            assert may_be_sent(before, self.now())
        self.doubted |= self.d.doubt is not None
        self.resent += before.resend_in_doubt and not self.d.resend_in_doubt

    @property
    def task(self) -> Task | None:
        """What is due now."""
        step = self.d.doing
        due = isinstance(step, Step) and step.at <= self.at
        return step.task if isinstance(step, Step) and due else None

    @rule(seconds=st.floats(0, 4000))
    def wait(self, seconds: float) -> None:
        """Let time go by."""
        self.at += seconds
        self.happen(Signal.TICKED)

    @precondition(lambda self: isinstance(self.d.doing, Step))
    @rule(late=st.floats(0, 2))
    def wait_for_what_is_due(self, late: float) -> None:
        """Let time go by until something is due."""
        assert isinstance(self.d.doing, Step)
        self.at = max(self.at, self.d.doing.at) + late
        self.happen(Signal.TICKED)

    @rule(jump=st.floats(-1e6, 1e6))
    def set_the_clock(self, jump: float) -> None:
        """Set the machine's clock, or let it sleep."""
        self.clock_is_ahead += jump
        self.steady_since = self.at

    @precondition(lambda self: self.task is Task.SEND)
    @rule(newest=SIGHTINGS)
    def attempt(self, newest: Sighting | None) -> None:
        """Send it, if it may be sent."""
        before = self.d
        self.happen(Began(newest))
        assert isinstance(self.d.doing, Attempt) is may_be_sent(before, self.now())

    @precondition(
        lambda self: self.task is not Task.SEND and self.d.state is not State.HELD
    )
    @rule(newest=SIGHTINGS)
    def attempt_out_of_turn(self, newest: Sighting | None) -> None:
        """Let a request begin late, of which nobody knows that it is not due any more."""
        self.happen(Began(newest))

    @precondition(lambda self: isinstance(self.d.doing, Attempt))
    @rule(
        event=ENDS_OF_ATTEMPTS,
        takes=st.floats(0, REQUEST_TIMEOUT),
        jitter=st.floats(0.8, 1.2),
    )
    def end_of_attempt(self, event: Event, takes: float, jitter: float) -> None:
        """Let the attempt end in some way."""
        self.at += takes
        self.happen(event, jitter)

    @precondition(lambda self: self.task is Task.FIND)
    @rule(
        event=st.one_of(
            st.builds(Found, st.just("101"), REPORTS),
            st.sampled_from([Signal.NOTHING_FOUND, *QUESTIONS]),
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

    @rule(signal=st.sampled_from(SIGNALS))
    def signal(self, signal: Signal) -> None:
        """Let what happened to others concern it, or its caller be told."""
        self.happen(signal)

    @rule(away=st.floats(1, 100_000), jump=st.floats(-7200, 7200))
    def restart(self, away: float, jump: float) -> None:
        """Start Home Assistant again, its clock set meanwhile."""
        self.at += away
        self.clock_is_ahead += jump
        self.steady_since = self.at
        self.happen(Signal.RESTARTED)

    @rule()
    def back_up(self) -> None:
        """Copy the files."""
        self.backups.append((self.d, self.at, self.doubted, self.resent))

    @rule(data=st.data(), away=st.floats(1, 100_000), newest=SIGHTINGS)
    def restore(
        self, data: st.DataObject, away: float, newest: Sighting | None
    ) -> None:
        """Bring back files of an earlier time."""
        backup = data.draw(st.sampled_from(self.backups))
        self.d, self.at, self.doubted, self.resent = backup
        self.at += away
        self.steady_since = self.at
        self.happen(Restored(newest))
        if not self.d.final and self.d.acceptance is None:
            assert self.d.doubt is not None
            assert not may_be_sent(self.d, self.now())

    @invariant()
    def something_is_due_until_the_end(self) -> None:
        """Pause for five minutes at most, or an hour between reports."""
        if not isinstance(step := self.d.doing, Step):
            assert self.d.final or isinstance(step, Attempt)
            return
        if self.d.acceptance is None:
            assert step.task is not Task.REPORT
            last_moment = self.d.expires_at
            if self.d.doubt is not None:
                last_moment = max(last_moment, self.d.doubt.until)
            limit = self.at + (600 if step.task is Task.HOLD else 1.2 * 300)
            assert step.at <= (last_moment if step.task is Task.WAIT else limit)
            return
        sent_at = self.d.acceptance.sent_at
        if self.d.state is State.SCHEDULED:
            assert step.at <= min(sent_at, self.at + LOOK_AT_CLOCK)
            return
        assert step.task is not Task.SEND
        assert sent_at <= step.at <= sent_at + REPORT_END
        assert step.at <= max(self.at, sent_at) + REPORT_INTERVAL

    @invariant()
    def what_is_looked_for_is_in_doubt_or_without_its_id(self) -> None:
        """And nothing is sent that is in doubt, but inside the window."""
        step = self.d.doing
        if isinstance(step, Step) and step.task is Task.FIND:
            assert self.d.doubt is not None or self.d.id_is_lost
        if isinstance(step, Step) and step.task is Task.SEND and self.d.doubt:
            assert self.d.doubt.refusal is None
            assert step.at + REQUEST_TIMEOUT + 5 < self.d.doubt.since + 120

    @invariant()
    def a_doubt_is_looked_into_for_long_enough(self) -> None:
        """And only while the message is queued."""
        if (doubt := self.d.doubt) is None:
            return
        assert self.d.state in {State.HELD, State.QUEUED}
        assert self.d.acceptance is None
        assert self.d.told or self.d.hold is not None
        assert self.d.attempts is not None
        assert self.d.certainty is not Certainty.ANSWERED
        assert doubt.until >= self.d.attempts.first_at + DOUBT_LIMIT
        assert doubt.until >= self.d.expires_at or self.d.hold is not None

    @invariant()
    def expired_is_only_what_was_certainly_not_sent(self) -> None:
        """Call unknown what could not be told."""
        if self.d.state is State.EXPIRED:
            assert self.d.certainty is not Certainty.UNKNOWABLE
            assert not self.d.accepted
        if self.d.state is State.FAILED and self.d.reason == UNKNOWN:
            assert self.doubted
            assert not self.d.accepted
        if self.d.final:
            assert self.d.doubt is None
            assert self.d.told

    @invariant()
    def it_is_sent_once_more_at_most_once(self) -> None:
        """Nor is it ever forgotten that it was."""
        assert self.resent <= 1
        if self.resent:
            assert self.d.certainty is Certainty.UNKNOWABLE

    @invariant()
    def an_id_is_that_of_an_accepted_message(self) -> None:
        """And an accepted message is never queued."""
        assert self.d.dlr_id is None or self.d.accepted
        assert (self.d.state is State.QUEUED) <= (not self.d.accepted)
        assert self.d.id_is_lost <= self.d.claims
        assert self.d.waits <= (self.d.told and not self.d.accepted)

    @override
    def teardown(self) -> None:
        """In the end it comes to an end: by silence alone, if nothing else happens."""
        if not hasattr(self, "d"):
            return
        for _ in range(2000):
            if self.d.final:
                return
            if isinstance(self.d.doing, Attempt):
                self.happen(Silent("no_answer"))
                continue
            assert isinstance(self.d.doing, Step)
            self.at = max(self.at, self.d.doing.at)
            if self.d.state is State.HELD and self.d.hold is not None:
                self.at = max(self.at, self.d.hold.until_utc - self.clock_is_ahead)
            match self.task:
                case Task.SEND:
                    self.happen(Began(None))
                case Task.WAIT | Task.HOLD:
                    self.happen(Signal.TICKED)
                case _:
                    self.happen(Signal.ASK_FAILED)
        raise AssertionError(f"It never ends: {self.d}")


Life.TestCase.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None
)
TestLife = Life.TestCase
