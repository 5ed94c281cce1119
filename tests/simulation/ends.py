"""Whether each message's end is true: by its reports, its lifetime and what was in doubt."""

from collections import Counter
from collections.abc import Iterator

from custom_components.bisms.outbox import UNKNOWN, Delivery, State
from custom_components.bisms.outbox.reports import NO_REPORT, REPORT_END
from custom_components.bisms.provider.codes import REFUSALS

from . import knobs
from .evidence import Evidence
from .outcome import Excuse, Kind, Unlearned, Wrong, label

CODES = {refusal.reason: code for code, refusal in REFUSALS.items()}
"""The code that a reason stands for."""

SLACK = 30.0
"""Seconds by which a message may end before its time, for the time that a restart takes."""


class Ends:
    """Holds the ends of an account's messages against what was known when they ended."""

    def __init__(self, evidence: Evidence) -> None:
        """Judge by evidence."""
        self.evidence = evidence
        self.excuses: Counter[Excuse] = Counter()
        self.unlearned: Counter[Unlearned] = Counter()

    def wrongs(self) -> Iterator[Wrong]:
        """Yield all that is wrong."""
        for delivery in self.evidence.known.values():
            if not delivery.final:
                yield Wrong(Kind.LOST, f"{label(delivery)}, not final in the end")
            elif delivery.dlr_id is not None:
                yield from self._wrong_with_report(delivery)
            elif delivery.reason == UNKNOWN:
                yield from self._wrong_with_unknown(delivery)
            elif delivery.state is State.CANCELLED:
                if delivery.id not in self.evidence.home.cancelled:
                    yield Wrong(Kind.LOST, f"{label(delivery)}, but by nobody")
            elif delivery.state is State.EXPIRED:
                yield from self._wrong_with_expiry(delivery)
            elif not delivery.accepted:
                yield from self._wrong_with_refusal(delivery)

    def _wrong_with_report(self, delivery: Delivery) -> Iterator[Wrong]:
        """Yield where a state is not what the reports said that were answered by then."""
        ended = self.evidence.life(delivery).ended
        states = dict.fromkeys(delivery.message.numbers, 0)
        for request in self.evidence.world.network.reports[delivery.dlr_id or ""]:
            if request.ended_at is None or request.ended_at > (ended or 0.0):
                continue
            code, *items = request.answer.split("|")
            if code not in ("23", "25"):
                continue
            for number, state in (item.split() for item in items):
                if number in states:
                    states[number] = max(states[number], int(state))
        delivered = [state == 9 for state in states.values()]
        said = State.PARTIALLY_DELIVERED if any(delivered) else State.FAILED
        if all(delivered):
            said = State.DELIVERED
        if delivery.state is not said and not self._was_closed_early(delivery):
            words = f"{label(delivery)}, but by its reports {said}"
            yield Wrong(Kind.UNTRUE, words)

    def _was_closed_early(self, delivery: Delivery) -> bool:
        """Whether a clock that was set across a restart made a report end too soon."""
        life = self.evidence.life(delivery)
        lasted = (life.ended or 0.0) - life.entered
        if delivery.reason != NO_REPORT or lasted >= REPORT_END:
            return False
        return self._is_excused_by_clock(delivery)

    def _wrong_with_expiry(self, delivery: Delivery) -> Iterator[Wrong]:
        """Yield where a message ended before its time, or though it could be sent in time."""
        evidence, life = self.evidence, self.evidence.life(delivery)
        call = evidence.call_of(delivery)
        ended = life.ended or evidence.world.now
        begun = life.entered
        if (held_for := call.send.held_for) is not None:
            # Its time may have come while Home Assistant was off, by the machine's clock.
            rate = evidence.world.plan.circumstances.clock_rate
            begun = min(begun, life.created + held_for / rate)
        if ended < begun + call.send.lifetime - SLACK - evidence.drift():
            if not self._is_excused_by_clock(delivery):
                words = f"{label(delivery)} after {ended - life.entered:.0f} s"
                yield Wrong(Kind.UNTRUE, words)
        if evidence.was_in_doubt(delivery):
            return
        clear = evidence.longest_clear_span(life.entered, ended)
        if clear > self._patience(delivery):
            words = (
                f"{label(delivery)}, though nothing was in the way for {clear:.0f} s"
            )
            yield Wrong(Kind.LOST, words)

    def _wrong_with_refusal(self, delivery: Delivery) -> Iterator[Wrong]:
        """Yield where a message failed for a reason that the provider did not give."""
        code, call = CODES.get(delivery.reason or ""), self.evidence.call_of(delivery)
        told = any(
            each.id == delivery.id and each.state is State.QUEUED
            for each in call.deliveries
        )
        if code == "87" and told:
            words = f"{label(delivery)}, though it was to wait for the right secret"
            yield Wrong(Kind.LOST, words)
        answers = [each.answer[:2] for each in self.evidence.attempts_of(delivery)]
        if code not in answers:
            words = f"{label(delivery)}, but the answers were {answers}"
            yield Wrong(Kind.UNTRUE, words)

    def _wrong_with_unknown(self, delivery: Delivery) -> Iterator[Wrong]:
        """Yield where a message's fate stayed unknown that was known, or could be learned."""
        if delivery.accepted:
            return
        evidence, life = self.evidence, self.evidence.life(delivery)
        first = min(life.attempts, default=life.entered)
        if delivery.hold is not None:
            # One of a backup was in doubt before it was ever tried.
            first = min(first, life.entered)
        due = first + knobs.figure("DOUBT_LIMIT") - SLACK
        ended = life.ended or evidence.world.now
        is_early = ended < due and not evidence.was_blind(delivery)
        if is_early and not self._is_excused_by_clock(delivery):
            words = f"{label(delivery)} {ended - first:.0f} s after it was first tried"
            yield Wrong(Kind.UNTRUE, words)
        if not evidence.was_in_doubt(delivery):
            yield Wrong(Kind.UNTRUE, f"{label(delivery)}, though nothing was in doubt")
        elif (why := self._why_unlearned(delivery)) is not None:
            self.unlearned[why] += 1
        elif not self._is_excused_by_clock(delivery):
            yield Wrong(Kind.UNTRUE, f"{label(delivery)}, though it could be learned")

    def _why_unlearned(self, delivery: Delivery) -> Unlearned | None:
        """Return why it could not be found out what became of a message."""
        evidence, life = self.evidence, self.evidence.life(delivery)
        ended = life.ended or evidence.world.now
        if evidence.was_blind(delivery):
            return Unlearned.NO_REFERENCE
        if life.resent:
            return Unlearned.RESENT
        if evidence.has_rivals(delivery):
            return Unlearned.RIVALS
        if evidence.has_foreign(delivery):
            return Unlearned.FOREIGN
        begin = min(evidence.settled(delivery, ended), ended)
        told = evidence.all_reported(ended)
        if told >= ended or evidence.reports_are_odd(begin, ended):
            return Unlearned.REPORTS
        clear = evidence.longest_clear_span(max(begin, told), ended)
        if clear <= self._patience(delivery):
            return Unlearned.UNREACHABLE
        return None

    def _patience(self, delivery: Delivery) -> float:
        """Return the seconds within which it must go on when nothing is in the way."""
        requests = self.evidence.attempts_of(delivery)
        if any(request.answer == "87" for request in requests):
            return self.evidence.patience() + knobs.POLLED_EVERY
        return self.evidence.patience()

    def _is_excused_by_clock(self, delivery: Delivery) -> bool:
        """Whether the time that a message had was cut by a clock set across a restart."""
        evidence, life = self.evidence, self.evidence.life(delivery)
        ended = life.ended or evidence.world.now
        restarted = any(
            life.entered <= each.until <= ended for each in evidence.downtimes
        )
        was_set = any(at <= ended for at in evidence.world.clock_set)
        if restarted and was_set:
            self.excuses[Excuse.CLOCK] += 1
        return restarted and was_set
