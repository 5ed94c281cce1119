"""What must be true of a history at its end: each message's state, and what phones got."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from custom_components.bisms.record import UNKNOWN, Delivery, State

from .outcome import Call, Content, Kind, Wrong, content_of
from .watch import RANKS

if TYPE_CHECKING:
    from .world import World

SAVED_WITHIN = 0.07
"""Seconds after which a message is on disk, as a save takes 0.03 and may wait for one other."""


@dataclass(slots=True)
class Group:
    """All that says the same to the same: calls, their deliveries, and what phones got."""

    calls: list[Call] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    dlr_ids: list[str] = field(default_factory=list)

    @property
    def accepted(self) -> list[Delivery]:
        """The deliveries that are said to have been accepted."""
        return [each for each in self.deliveries if each.accepted_at is not None]


def judge(world: World) -> None:
    """Hold a history that came to its end against what must be true of it."""
    outcome = world.outcome
    judgement = _Judgement(world)
    outcome.wrong += judgement.wrongs()
    outcome.mistaken = judgement.mistaken
    outcome.messages = len(world.calls)
    outcome.requests = world.network.requests
    outcome.faults = world.network.faults
    for delivery in judgement.deliveries.values():
        reason = f" ({delivery.reason})" if delivery.reason else ""
        outcome.states[f"{delivery.state}{reason}"] += 1


class _Judgement:
    """Everything that there is to know at the end."""

    def __init__(self, world: World) -> None:
        assert world.outbox is not None
        self.world = world
        self.mistaken = 0
        self.deliveries = {
            delivery.id: delivery for delivery in world.outbox.deliveries
        }
        self.sendings = _sendings(world)
        self.groups: defaultdict[Content, Group] = defaultdict(Group)
        for call in world.calls:
            self.groups[call.content].calls.append(call)
        for delivery in self.deliveries.values():
            self.groups[content_of(delivery.message)].deliveries.append(delivery)
        for dlr_id, content in self.sendings.items():
            self.groups[content].dlr_ids.append(dlr_id)

    def wrongs(self) -> Iterator[Wrong]:
        """Yield all that is wrong."""
        for call in self.world.calls:
            yield from self._wrong_with_answer(call)
        for group in self.groups.values():
            yield from self._wrong_with_number_of_sendings(group)
        for delivery in self.deliveries.values():
            yield from self._wrong_with_end(delivery)
        ids = Counter(delivery.dlr_id for delivery in self.deliveries.values())
        for dlr_id, times in ids.items():
            if dlr_id is not None and times > 1:
                yield Wrong(Kind.UNTRUE, f"{times} messages claim the id {dlr_id}")

    def _wrong_with_answer(self, call: Call) -> Iterator[Wrong]:
        """Yield where what a caller was told did not stay true."""
        told = call.answer
        if told is None:
            return
        end = self.deliveries.get(told.id)
        if end is None:
            yield Wrong(Kind.LOST, f"{_label(told)} was answered, then forgotten")
        elif RANKS[end.state] < RANKS[told.state] or (
            told.final and (end.state, end.reason) != (told.state, told.reason)
        ):
            yield Wrong(
                Kind.BACKWARDS, f"{_label(told)} was answered, then {_label(end)}"
            )
        elif told.dlr_id not in (None, end.dlr_id):
            yield Wrong(Kind.UNTRUE, f"{_label(end)} was answered with another id")

    def _wrong_with_number_of_sendings(self, group: Group) -> Iterator[Wrong]:
        """Yield where the provider accepted something else than what is said."""
        surplus = len(group.dlr_ids) - len(group.accepted)
        if surplus < 0:
            yield from self._wrong_with_claims(group, -surplus)
        surplus -= sum(each.reason == UNKNOWN for each in group.deliveries)
        surplus -= min(
            len(group.calls) - len(group.deliveries),
            sum(self._may_be_forgotten(group, dlr_id) for dlr_id in group.dlr_ids),
        )
        if surplus <= 0 or any(each.unknowable for each in group.deliveries):
            return
        labels = ", ".join(map(_label, group.deliveries))
        if not group.deliveries:
            text = group.calls[0].send.sms[0].text
            yield Wrong(Kind.LOST, f"{text} was sent, but nobody knows of it")
        elif group.accepted or surplus < len(group.dlr_ids):
            yield Wrong(Kind.DOUBLED, f"{labels}: sent {len(group.dlr_ids)} times")
        else:
            yield Wrong(Kind.UNTRUE, f"{labels}, but it was sent")

    def _wrong_with_claims(self, group: Group, too_many: int) -> Iterator[Wrong]:
        """Yield where a message takes another sending for its own.

        It may, if nothing tells them apart: the other one went to the same numbers, and Home
        Assistant was killed within the first milliseconds of it, before it was on disk.
        """
        for delivery in group.accepted:
            if too_many and delivery.dlr_id not in group.dlr_ids:
                too_many -= 1
                theirs = self.sendings.get(delivery.dlr_id or "", frozenset())
                if theirs and not self.groups[theirs].deliveries:
                    self.mistaken += 1
                else:
                    yield Wrong(Kind.LOST, f"{_label(delivery)}, but never accepted")
        if too_many:
            yield Wrong(Kind.LOST, f"{_label(group.accepted[0])}, but never accepted")

    def _may_be_forgotten(self, group: Group, dlr_id: str) -> bool:
        """Whether Home Assistant was killed before a message was on disk."""
        departed = self.world.network.departed[dlr_id]
        return any(
            call.begun <= crash < departed + SAVED_WITHIN
            for call in group.calls
            if call.answer is None
            for crash in self.world.crashed_at
        )

    def _wrong_with_end(self, delivery: Delivery) -> Iterator[Wrong]:
        """Yield where a message does not end, or not as the provider says."""
        if not delivery.final:
            yield Wrong(Kind.LOST, f"{_label(delivery)}, not final in the end")
        if delivery.reason == UNKNOWN and not self._is_in_doubt(delivery):
            yield Wrong(Kind.UNTRUE, f"{_label(delivery)}, though nothing was in doubt")
        if delivery.dlr_id is None:
            return
        numbers = {number for number, _ in self.sendings.get(delivery.dlr_id, ())}
        if numbers != set(delivery.message.numbers):
            yield Wrong(Kind.UNTRUE, f"{_label(delivery)}, under an id of someone else")
        elif delivery.state is not (said := self._state_by_report(delivery.dlr_id)):
            yield Wrong(Kind.UNTRUE, f"{_label(delivery)}, but by its report {said}")

    def _is_in_doubt(self, delivery: Delivery) -> bool:
        """Whether some attempt's fate could not be known, or not be saved before a crash."""
        text = delivery.message.sms[0].text
        requests = [each for each in self.world.network.sends if each.speaks_of(text)]
        if any(request.settled_at is None for request in requests):
            return True
        saving = [request.settled_at for request in requests]
        saving += self.world.attempts[delivery.id]
        return any(
            since <= crash < since + SAVED_WITHIN
            for since in saving
            if since is not None
            for crash in self.world.crashed_at
        )

    def _state_by_report(self, dlr_id: str) -> State:
        account = self.world.account
        query = {"username": account.username, "password": account.secret, "id": dlr_id}
        answer = self.world.provider.handle("GET", "/api/dlr/v1", query).text
        states = [item.split()[1] for item in answer.split("|")[1:]]
        delivered = states.count("9")
        if delivered == len(states):
            return State.DELIVERED
        return State.PARTIALLY_DELIVERED if delivered else State.FAILED


def _sendings(world: World) -> dict[str, Content]:
    """Return what the provider accepted from this account, but for other programs'."""
    said: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for sms in world.provider.inbox:
        said[sms.dlr_id].add((sms.number, sms.text))
    return {dlr_id: frozenset(content) for dlr_id, content in said.items()}


def _label(delivery: Delivery) -> str:
    reason = f" ({delivery.reason})" if delivery.reason else ""
    return f"“{delivery.message.sms[0].text}”: {delivery.state}{reason}"
