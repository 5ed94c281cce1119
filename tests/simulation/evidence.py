"""All that there is to know of an account when a history is over."""

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
import math
import re
from typing import TYPE_CHECKING

from custom_components.bisms.outbox import Delivery
from custom_components.bisms.outbox.window import settle

from . import knobs
from .acts import OddReports
from .disk import saved_within
from .home import Home, Life, Loss, Span
from .network import Request
from .outcome import Call, Content, content_of

if TYPE_CHECKING:
    from .world import World

_TEXT = re.compile(r"<!\[CDATA\[(.*?)\]\]>")

type Numbers = frozenset[str]


@dataclass(slots=True)
class Group:
    """All that says the same to the same: deliveries, and the ids of what phones got."""

    deliveries: list[Delivery] = field(default_factory=list)
    dlr_ids: list[str] = field(default_factory=list)

    @property
    def accepted(self) -> list[Delivery]:
        """The deliveries that are said to have been accepted."""
        return [each for each in self.deliveries if each.accepted]


class Evidence:
    """What an account's outbox says, what the provider did, and what was in the way.

    `known` has the deliveries that the outbox knows in the end, and those that it dropped
    since they were over; `ghosts` those that it has forgotten otherwise.
    """

    def __init__(self, world: World, home: Home) -> None:
        """Gather it."""
        self.world = world
        self.home = home
        self.known = {each.id: each for each in home.run.outbox.deliveries}
        self.ghosts: dict[str, Delivery] = {}
        for delivery_id, life in home.lives.items():
            if delivery_id not in self.known:
                dropped = self._may_be_dropped(life)
                (self.known if dropped else self.ghosts)[delivery_id] = life.latest

    @cached_property
    def saved_within(self) -> float:
        """Seconds after which what happened is on disk, unless that fails."""
        return saved_within(self.world.plan, self.home.number)

    @cached_property
    def requests(self) -> list[Request]:
        """All that the account sent and asked, but for its credit."""
        network = self.world.network
        everything = (*network.looks.values(), *network.reports.values(), network.sends)
        return [
            request
            for requests in everything
            for request in requests
            if request.account == self.home.username
        ]

    @cached_property
    def sendings(self) -> dict[str, Content]:
        """What the provider accepted from the outbox: ids, each with its content."""
        said: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        for sms in self.world.provider.inbox:
            if sms.account == self.home.username:
                said[sms.dlr_id].add((sms.number, sms.text))
        return {dlr_id: frozenset(content) for dlr_id, content in said.items()}

    @cached_property
    def groups(self) -> dict[Content, Group]:
        """Deliveries and sendings by what they say to whom."""
        groups: defaultdict[Content, Group] = defaultdict(Group)
        for delivery in (*self.known.values(), *self.ghosts.values()):
            groups[content_of(delivery.message)].deliveries.append(delivery)
        for dlr_id, content in self.sendings.items():
            groups[content].dlr_ids.append(dlr_id)
        return dict(groups)

    @cached_property
    def attempts(self) -> dict[str, list[Request]]:
        """The requests that sent a text, by the text."""
        requests: defaultdict[str, list[Request]] = defaultdict(list)
        for request in self.world.network.sends:
            if request.account != self.home.username:
                continue
            message = request.query.get("message")
            for text in _TEXT.findall(request.body) if message is None else [message]:
                requests[text].append(request)
        return requests

    def attempts_of(self, delivery: Delivery) -> list[Request]:
        """Return the requests that sent a message, or others with the same text."""
        return self.attempts.get(delivery.message.sms[0].text, [])

    def call_of(self, delivery: Delivery) -> Call:
        """Return the call that made a message."""
        return next(each for each in self.home.calls if delivery.id in each.ids)

    def life(self, delivery: Delivery) -> Life:
        """Return what happened to a message, in true time."""
        return self.home.lives[delivery.id]

    def numbers_of(self, dlr_id: str) -> Numbers | None:
        """Return whom a sending went to; None if the account has none of this id."""
        if (content := self.sendings.get(dlr_id)) is not None:
            return frozenset(number for number, _ in content)
        sending = self.world.provider._sendings.get(dlr_id)
        if sending is None or sending.account != self.home.username:
            return None
        return frozenset(sms.number for sms in sending.sms)

    def losses_of(self, delivery: Delivery) -> list[Loss]:
        """Return the times in which it was open and of which all may be forgotten."""
        life = self.life(delivery)
        ended = self.world.now if life.ended is None else life.ended
        return [
            loss
            for loss in self.home.losses
            if life.created <= loss.until and loss.since - self.saved_within <= ended
        ]

    def loss_of(self, delivery: Delivery) -> Loss | None:
        """Return the first of these times."""
        return next(iter(self.losses_of(delivery)), None)

    def was_killed_unsaved(self, since: float) -> bool:
        """Whether the power was cut so soon after a time that it may not be on disk."""
        unsaved = self.saved_within
        return any(since <= kill <= since + unsaved for kill in self.home.kills)

    @cached_property
    def looks(self) -> list[Request]:
        """The requests whose answers told the newest id, in the order they were answered."""
        lists = self.world.network.looks[self.home.username]
        sends = [r for r in self.world.network.sends if r.account == self.home.username]
        answered = [
            request
            for request in (*lists, *sends)
            if request.ended_at is not None and request.answer.startswith("00")
        ]
        return sorted(answered, key=lambda request: request.ended_at or 0.0)

    def looked_before(self, at: float) -> float | None:
        """Return since when at the latest the newest id was known at a time."""
        times = [request.ended_at or 0.0 for request in self.looks]
        for request in reversed(self.looks[: bisect_left(times, at)]):
            ended = request.ended_at or 0.0
            is_lost = any(
                loss.since - self.saved_within <= ended <= loss.until < at
                for loss in self.home.losses
            )
            if not is_lost and not self.was_killed_unsaved(ended):
                return request.departed
        return None

    def looked_after(self, at: float) -> float | None:
        """Return when the newest id was first told to who asked or sent after a time."""
        after = [request.ended_at for request in self.looks if request.departed >= at]
        return min((ended for ended in after if ended is not None), default=None)

    def settled(self, delivery: Delivery, by: float) -> float:
        """Return from when on all that its attempts did up to then was certainly listed.

        By a clock that runs fast or slow nobody knows: it looks as if it was set all the time.
        """
        if self.world.plan.circumstances.clock_rate != 1:
            return math.inf
        life = self.life(delivery)
        unsure = [*self.world.clock_set, *(each.until for each in self.home.downtimes)]
        last = max([life.entered, *(at for at in life.attempts if at <= by)])
        latest = max([last, *(at for at in unsure if last <= at <= by)])
        seconds = settle(delivery.message) + knobs.figure("LIST_LAG")
        return latest + seconds + knobs.figure("APART")

    @cached_property
    def clear_spans(self) -> list[tuple[float, float]]:
        """The times in which nothing was in the way: neither faults, nor stops, nor clocks."""
        home, begin, clear = self.home, 0.0, []
        faults = self.world.network.disturbed_at[home.username]
        points = [(at, at) for at in (*faults, *self.world.clock_set)]
        disks = [(each.begins, each.ends) for each in self.world.plan.disk_troubles]
        spans = [*home.downtimes, *home.wrong_secrets]
        away = [(each.since, each.until) for each in spans]
        for since, until in sorted([*points, *disks, *away]):
            if since > begin:
                clear.append((begin, since))
            begin = max(begin, until)
        return [*clear, (begin, self.world.now)]

    def longest_clear_span(self, since: float, until: float) -> float:
        """Return for how long at most nothing was in the way in some time."""
        return max(
            (min(until, end) - max(since, begin) for begin, end in self.clear_spans),
            default=0.0,
        )

    @property
    def downtimes(self) -> list[Span]:
        """The times in which the account was down."""
        return self.home.downtimes

    def drift(self) -> float:
        """Return by how many seconds the clock strayed while the account was down."""
        rate = self.world.plan.circumstances.clock_rate
        return abs(rate - 1) * sum(each.until - each.since for each in self.downtimes)

    def patience(self) -> float:
        """Return the seconds within which what waits must go when nothing is in the way."""
        return knobs.longest_pause() + 60 + 2 * len(self.home.lives)

    def was_in_doubt(self, delivery: Delivery) -> bool:
        """Whether some attempt's fate could not be known, or not be saved before a crash."""
        life, requests = self.life(delivery), self.attempts_of(delivery)
        if life.cut_off or self.loss_of(delivery) is not None:
            return True
        if not all(request.is_definite for request in requests):
            return True
        moments = [*life.attempts, *(request.ended_at or 0.0 for request in requests)]
        return any(map(self.was_killed_unsaved, moments))

    def has_rivals(self, delivery: Delivery) -> bool:
        """Whether sendings of other messages may be a message's, for all that is known.

        Those to the same numbers can be told apart where none of them was sent, or each
        of them once.
        """
        numbers = frozenset(delivery.message.numbers)
        rivals = [
            other
            for other in (*self.known.values(), *self.ghosts.values())
            if other.id != delivery.id
            and _are_comparable(numbers, frozenset(other.message.numbers))
            and (other.id in self.ghosts or self.was_in_doubt(other))
        ]
        if any(set(other.message.numbers) != numbers for other in rivals):
            return True
        if any(other.id in self.ghosts for other in rivals):
            return True
        if any(self.life(other).resent or self.was_blind(other) for other in rivals):
            return True
        if any(self._has_another_time(other, delivery) for other in rivals):
            return True
        groups = {content_of(other.message) for other in (*rivals, delivery)}
        sent = sum(
            len(self.groups[content].dlr_ids)
            - sum(not self.was_in_doubt(each) for each in self.groups[content].accepted)
            for content in groups
        )
        return bool(rivals) and sent not in {0, len(rivals) + 1}

    def _has_another_time(self, other: Delivery, delivery: Delivery) -> bool:
        """Whether a rival was tried at another time, so that only one may have a sending."""
        theirs, ours = self.life(other).attempts, self.life(delivery).attempts
        if not theirs or not ours:
            return True
        listed = settle(delivery.message) + knobs.figure("LIST_LAG")
        return theirs[-1] > ours[-1] + listed or theirs[0] < ours[0]

    def was_blind(self, delivery: Delivery) -> bool:
        """Whether no newest id was known when a message was first tried."""
        attempts = self.life(delivery).attempts
        return bool(attempts) and self.looked_before(attempts[0]) is None

    def has_foreign(self, delivery: Delivery) -> bool:
        """Whether a sending of another program may be a message's, for all that is known."""
        numbers = frozenset(delivery.message.numbers)
        return any(
            (theirs := self.numbers_of(dlr_id)) is not None
            and theirs <= numbers
            and self.is_in_bracket(delivery, dlr_id)
            for dlr_id in self.world.foreign
        )

    def is_in_bracket(self, delivery: Delivery, dlr_id: str) -> bool:
        """Whether another program's sending may be this message, as far as time tells."""
        life = self.life(delivery)
        if dlr_id not in self.world.foreign or not life.attempts:
            return False
        accepted, listed = self.world.foreign[dlr_id]
        looked = self.looked_before(life.attempts[0])
        if looked is not None and listed < looked:
            return False
        ended = self.world.now if life.ended is None else life.ended
        ceiling = self.looked_after(self.settled(delivery, ended))
        return ceiling is None or accepted <= ceiling

    @property
    def has_odd_reports(self) -> bool:
        """Whether reports left numbers out at some time."""
        return self.reports_are_odd(0.0, self.world.now)

    def reports_are_odd(self, since: float, until: float) -> bool:
        """Whether reports left numbers out in a time."""
        return any(
            isinstance(act, OddReports) and act.at <= until and since <= act.until
            for act in self.world.plan.acts
        )

    def all_reported(self, by: float) -> float:
        """Return from when on every sending that was accepted by then had a report."""
        epoch = self.world.provider.clock.now() - self.world.now
        left = [
            sending.sms[0].send_at - epoch
            for sending in self.world.provider._sendings.values()
            if sending.account == self.home.username
            and sending.sms[0].accepted_at - epoch <= by
        ]
        return (
            max(left, default=0.0)
            + knobs.figure("STARTS_AFTER")
            + knobs.figure("REUSED")
        )

    def _may_be_dropped(self, life: Life) -> bool:
        """Whether a message was over and need not be kept any longer."""
        if not life.latest.final or self.loss_of(life.latest) is not None:
            return False
        few, short = knobs.figure("KEEP_FINISHED"), knobs.figure("KEEP_SECONDS")
        is_old = self.world.now - life.entered > short or self.world.clock_set
        return few < len(self.home.lives) or bool(is_old)


def _are_comparable(some: Numbers, others: Numbers) -> bool:
    """Whether a report that leaves numbers out may be of either."""
    return some <= others or others <= some
