"""What must be true of a history at its end: each message's state, and what phones got."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from custom_components.bisms.outbox import UNKNOWN, Delivery

from . import pace
from .ends import Ends
from .evidence import Evidence, Group, Numbers
from .outcome import Answer, Call, Content, Excuse, Kind, Wrong, label
from .watch import RANKS

if TYPE_CHECKING:
    from .world import World


def judge(world: World) -> None:
    """Hold a history that came to its end against what must be true of it."""
    outcome = world.outcome
    for home in world.homes:
        evidence = Evidence(world, home)
        judgement = _Judgement(evidence)
        for wrong in judgement.wrongs():
            world.wrong(wrong.kind, wrong.words)
        ends = Ends(evidence)
        for wrong in (*ends.wrongs(), *pace.wrongs(evidence)):
            world.wrong(wrong.kind, wrong.words)
        outcome.undecidable += judgement.excuses + ends.excuses
        outcome.unlearned += ends.unlearned
        outcome.messages += sum(len(call.messages) for call in home.calls)
        outcome.answers += Counter(call.how for call in home.calls)
        for delivery in evidence.known.values():
            reason = f" ({delivery.reason})" if delivery.reason else ""
            outcome.states[f"{delivery.state}{reason}"] += 1
    outcome.requests = world.network.requests
    outcome.faults = world.network.faults


class _Judgement:
    """Says what is wrong with one account, and what nobody could have known."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.excuses: Counter[Excuse] = Counter()
        self.pools: defaultdict[Numbers, dict[Content, Group]] = defaultdict(dict)
        for content, group in evidence.groups.items():
            numbers = frozenset(number for number, _ in content)
            self.pools[numbers][content] = group

    def wrongs(self) -> Iterator[Wrong]:
        """Yield all that is wrong."""
        for call in self.evidence.home.calls:
            yield from self._wrong_with_answer(call)
        for ghost in self.evidence.ghosts.values():
            yield from self._wrong_with_ghost(ghost)
        yield from self._wrong_with_claims()
        for numbers, pool in self.pools.items():
            yield from self._wrong_with_pool(numbers, pool)

    def _wrong_with_answer(self, call: Call) -> Iterator[Wrong]:
        """Yield where what a caller was told did not stay true."""
        if call.how is Answer.NONE:
            yield Wrong(Kind.LATE, f"{call.send} never got an answer")
        for told in call.deliveries:
            end = self.evidence.known.get(told.id)
            if end is None or self.evidence.loss_of(told) is not None:
                continue
            if RANKS[end.state] < RANKS[told.state] or (
                told.final and (end.state, end.reason) != (told.state, told.reason)
            ):
                words = f"{label(told)} was answered, then {label(end)}"
                yield Wrong(Kind.BACKWARDS, words)
            elif told.dlr_id not in (None, end.dlr_id):
                yield Wrong(Kind.UNTRUE, f"{label(end)} was answered with another id")

    def _wrong_with_ghost(self, ghost: Delivery) -> Iterator[Wrong]:
        """Yield where a message is forgotten that must not be."""
        if self._why_forgotten(ghost) is None:
            yield Wrong(Kind.LOST, f"{label(ghost)} was answered, then forgotten")

    def _why_forgotten(self, ghost: Delivery) -> Excuse | None:
        """Return why a message may be forgotten."""
        evidence = self.evidence
        if (loss := evidence.loss_of(ghost)) is not None:
            return loss.why
        call = evidence.call_of(ghost)
        if call.how is Answer.CUT_OFF:
            return Excuse.KILLED
        if call.how is Answer.GIVEN_UP and evidence.was_killed_unsaved(call.ended):
            return Excuse.KILLED
        return None

    def _wrong_with_claims(self) -> Iterator[Wrong]:
        """Yield where an id is claimed that is nobody's, somebody else's, or twice."""
        known = self.evidence.known.values()
        ids = Counter(each.dlr_id for each in known if each.dlr_id is not None)
        for dlr_id, times in ids.items():
            if times > 1:
                yield Wrong(Kind.UNTRUE, f"{times} messages claim the id {dlr_id}")
        for delivery in known:
            if delivery.dlr_id is None:
                continue
            theirs = self.evidence.numbers_of(delivery.dlr_id)
            ours = frozenset(delivery.message.numbers)
            if theirs is not None and theirs > ours and self.evidence.has_odd_reports:
                self.excuses[Excuse.REPORTS] += 1
            elif theirs != ours:
                words = f"{label(delivery)}, under an id of someone else"
                yield Wrong(Kind.UNTRUE, words)

    def _wrong_with_pool(
        self, numbers: Numbers, pool: dict[Content, Group]
    ) -> Iterator[Wrong]:
        """Yield where the provider accepted something else than is said, for some numbers.

        Between messages to the same numbers ids may be interchanged, as nothing tells them
        apart. What was taken for one's own although it was not must be beyond telling.
        """
        beyond_telling = list(self._confusing(numbers, pool))
        for group in pool.values():
            missing = len(group.accepted) - len(group.dlr_ids)
            for delivery in group.accepted[: max(0, missing)]:
                if beyond_telling:
                    self.excuses[beyond_telling.pop()] += 1
                else:
                    words = f"{label(delivery)}, but it was never sent"
                    yield Wrong(Kind.LOST, words)
            if missing < 0:
                yield from self._wrong_with_surplus(group, -missing)

    def _confusing(
        self, numbers: Numbers, pool: dict[Content, Group]
    ) -> Iterator[Excuse]:
        """Yield what may be mistaken for one of some messages: of others, or forgotten."""
        evidence = self.evidence
        for dlr_id in evidence.world.foreign:
            if evidence.numbers_of(dlr_id) == numbers and any(
                evidence.is_in_bracket(delivery, dlr_id)
                for group in pool.values()
                for delivery in group.deliveries
            ):
                yield Excuse.FOREIGN
        for group in pool.values():
            for ghost in group.deliveries:
                if group.dlr_ids and ghost.id in evidence.ghosts:
                    yield self._why_forgotten(ghost) or Excuse.KILLED

    def _wrong_with_surplus(self, group: Group, surplus: int) -> Iterator[Wrong]:
        """Yield where more was sent than is said to have been accepted."""
        evidence = self.evidence
        for delivery in group.deliveries:
            if delivery.id in evidence.ghosts and not delivery.accepted:
                if surplus and (why := self._why_forgotten(delivery)) is not None:
                    self.excuses[why] += 1
                    surplus -= 1
        surplus -= sum(
            (each.reason == UNKNOWN) + len(evidence.life(each).resent)
            for each in group.deliveries
        )
        for delivery in group.deliveries:
            for excuse in self._excuses(delivery)[: max(0, surplus)]:
                self.excuses[excuse] += 1
                surplus -= 1
        if surplus <= 0:
            return
        labels = ", ".join(map(label, group.deliveries))
        if not group.deliveries:
            text = next(iter(evidence.sendings[group.dlr_ids[0]]))[1]
            yield Wrong(Kind.LOST, f"{text} was sent, but nobody knows of it")
        elif group.accepted or surplus < len(group.dlr_ids):
            yield Wrong(Kind.DOUBLED, f"{labels}: sent {len(group.dlr_ids)} times")
        else:
            yield Wrong(Kind.UNTRUE, f"{labels}, but it was sent")

    def _excuses(self, delivery: Delivery) -> list[Excuse]:
        """Return why a message may have been sent again without anybody's knowing."""
        evidence = self.evidence
        excuses = [loss.why for loss in evidence.losses_of(delivery)]
        if evidence.was_blind(delivery) and not evidence.life(delivery).resent:
            excuses += [Excuse.NO_REFERENCE] * (1 + excuses.count(Excuse.BACKUP))
        return [each for each in excuses if each is not Excuse.BACKUP]
