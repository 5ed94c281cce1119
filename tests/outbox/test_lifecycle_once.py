"""A message and an honest provider, at the worst of times: never lost and never twice.

The provider takes a repeat for one within two minutes, may carry out a request up to 20
seconds after it began, and shows it in its list up to 20 seconds later. Home Assistant's
requests get no answer, its machine sleeps, its clock is set, it is killed, and backups are
restored. The time line is the outbox's; what really goes by is told apart from it.
"""

from dataclasses import dataclass
from typing import NamedTuple

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
    Restored,
    Sighting,
    Signal,
    Silent,
)
from custom_components.bisms.outbox.lifecycle import advance
from custom_components.bisms.outbox.record import (
    UNKNOWN,
    Attempt,
    Delivery,
    State,
    Step,
    Task,
)
from custom_components.bisms.provider.models import DeliveryReport, ReportPhase
from tests.messages import HOUR, NOW, UTC_NOW, delivery

NO_STATES = DeliveryReport(ReportPhase.UPDATING)


@dataclass
class Request:
    """An attempt to send on its way; it arrives, and is then taken or called a repeat."""

    arrives_at: float
    lag: float
    taken: bool | None = None


@dataclass
class Sending:
    """What the provider took: when, and from when on it is in the list."""

    taken_at: float
    listed_at: float


class Backup(NamedTuple):
    """What a copy of the files holds."""

    delivery: Delivery
    at: float
    sighting: Sighting | None


class Once(RuleBasedStateMachine):
    """One message; times called real are the provider's."""

    @initialize(lifetime=st.sampled_from([60.0, 300.0, HOUR]), known=st.booleans())
    def begin(self, lifetime: float, known: bool) -> None:
        """Let a user send it, in an account whose newest id is known or not."""
        self.real, self.at, self.steady_since = 0.0, NOW, NOW
        self.sendings: list[Sending] = []
        self.on_the_way: list[Request] = []
        self.request: Request | None = None
        self.sighting = Sighting("0", NOW) if known else None
        self.sent_blindly = 0
        self.d = delivery(lifetime=lifetime)
        self.backups = [Backup(self.d, self.at, self.sighting)]

    def happen(self, event: Event) -> None:
        """Let something happen to the message."""
        now = Now(self.at, self.at + UTC_NOW - NOW, self.steady_since)
        self.d = advance(self.d, event, now)

    def passes(self, seconds: float, *, steady: bool = True) -> None:
        """Let real time go by, and what is on the way arrive meanwhile."""
        self.real += seconds
        self.at += seconds if steady else 0.0
        for request in sorted(self.on_the_way, key=lambda each: each.arrives_at):
            if request.arrives_at <= self.real:
                self.on_the_way.remove(request)
                self.take(request)

    def take(self, request: Request) -> None:
        """Let the provider take a request, unless it repeats one."""
        at = request.arrives_at
        request.taken = all(at >= each.taken_at + 120 for each in self.sendings)
        if request.taken:
            self.sendings.append(Sending(at, at + request.lag))

    @property
    def listed(self) -> int:
        """How many sendings are in the list."""
        return sum(each.listed_at <= self.real for each in self.sendings)

    @property
    def task(self) -> Task | None:
        """What is due now."""
        step = self.d.doing
        return step.task if isinstance(step, Step) and step.at <= self.at else None

    @rule(seconds=st.floats(0, 150))
    def wait(self, seconds: float) -> None:
        """Let time go by."""
        self.passes(seconds)
        self.happen(Signal.TICKED)

    @precondition(lambda self: isinstance(self.d.doing, Step))
    @rule()
    def wait_for_what_is_due(self) -> None:
        """Let time go by until something is due."""
        assert isinstance(self.d.doing, Step)
        self.passes(max(0.0, self.d.doing.at - self.at))
        self.happen(Signal.TICKED)

    @rule(seconds=st.floats(2, HOUR))
    def sleep(self, seconds: float) -> None:
        """Suspend the machine: the time line stands still."""
        self.passes(seconds, steady=False)
        self.steady_since = self.at

    @precondition(lambda self: self.task is Task.SEND)
    @rule(arrives_in=st.none() | st.floats(0, 20), lag=st.floats(0, 20))
    def attempt(self, arrives_in: float | None, lag: float) -> None:
        """Begin to send it; the request is lost, or arrives within 20 s."""
        self.happen(Began(self.sighting))
        self.request = None
        if isinstance(self.d.doing, Attempt) and arrives_in is not None:
            self.request = Request(self.real + arrives_in, lag)
            self.on_the_way.append(self.request)

    @precondition(lambda self: isinstance(self.d.doing, Attempt))
    @rule(takes=st.floats(0, 15), is_heard=st.booleans())
    def answer(self, takes: float, *, is_heard: bool) -> None:
        """Let the provider answer, if the request arrived."""
        self.passes(takes)
        if self.request is None and not is_heard:
            self.happen(NotSent("cannot_connect"))
        elif self.request is None or self.request.taken is None or not is_heard:
            self.happen(Silent("no_answer"))
        elif self.request.taken:
            self.happen(Accepted(str(len(self.sendings))))
        else:
            self.happen(Refused("duplicate_message"))

    @precondition(lambda self: isinstance(self.d.doing, Attempt))
    @precondition(lambda self: self.request in self.on_the_way)
    @rule(code=st.sampled_from(["not_enough_credits", "invalid_auth"]))
    def refusal(self, code: str) -> None:
        """Let the provider refuse it when it arrives."""
        assert self.request is not None
        self.on_the_way.remove(self.request)
        self.passes(max(0.0, self.request.arrives_at - self.real))
        self.happen(Refused(code))

    @precondition(lambda self: self.task is Task.FIND)
    @rule(answers=st.booleans(), has_report=st.booleans())
    def look(self, *, answers: bool, has_report: bool) -> None:
        """Look for it in the list."""
        if not answers:
            self.happen(Signal.ASK_FAILED)
        elif self.d.baseline is None:
            self.happen(Signal.NO_REFERENCE)
            self.sent_blindly += self.task is Task.SEND
        elif (newer := int(self.d.baseline.newest_id)) >= self.listed:
            self.happen(Signal.NOTHING_FOUND)
        elif has_report:
            self.happen(Found(str(newer + 1), NO_STATES))
        else:
            self.happen(Signal.UNDECIDED)

    @rule()
    def learn_the_newest_id(self) -> None:
        """Ask for the list, as is done now and then."""
        self.sighting = Sighting(str(self.listed), self.at)

    @rule(
        signal=st.sampled_from(
            [Signal.CONNECTED, Signal.BACK, Signal.SECRET_WORKS, Signal.TOLD]
        )
    )
    def signal(self, signal: Signal) -> None:
        """Let what happened to others concern it, or its caller be told."""
        self.happen(signal)

    @rule(off=st.floats(0, HOUR), line=st.floats(1, HOUR))
    def kill(self, off: float, line: float) -> None:
        """Cut the power; what the clock says afterwards has nothing to do with it."""
        self.passes(off, steady=False)
        self.at += line
        self.steady_since = self.at
        self.happen(Signal.RESTARTED)

    @rule()
    def back_up(self) -> None:
        """Copy the files."""
        self.backups.append(Backup(self.d, self.at, self.sighting))

    @rule(data=st.data(), off=st.floats(0, HOUR), line=st.floats(1, HOUR))
    def restore(self, data: st.DataObject, off: float, line: float) -> None:
        """Bring back files of an earlier time."""
        backup = data.draw(st.sampled_from(self.backups))
        self.passes(off, steady=False)
        self.d, self.at, self.sighting = backup
        self.at += line
        self.steady_since = self.at
        self.happen(Restored(self.sighting))

    @invariant()
    def it_is_never_sent_twice(self) -> None:
        """Unless nothing was known to compare with."""
        assert len(self.sendings) <= 1 + self.sent_blindly

    @invariant()
    def what_is_said_of_it_is_true(self) -> None:
        """Expired and refused were not sent; accepted was."""
        was_sent = bool(self.sendings or self.on_the_way)
        if self.d.accepted:
            assert self.sendings
        elif self.d.final and self.d.reason != UNKNOWN:
            assert not was_sent
        if self.d.state is State.EXPIRED:
            assert not was_sent


Once.TestCase.settings = settings(
    max_examples=200, stateful_step_count=40, deadline=None
)
TestOnce = Once.TestCase
