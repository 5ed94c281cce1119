"""What happens in a history: made from a seed, shortened to what matters, told in words."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from custom_components.bisms.provider.models import Sms

from .network import FAULTS, Outage

HOUR = 3600.0

PHONES = ("905550000001", "905550000002", "905550000003")
FOREIGN = ("905559999991", "905559999992")


@dataclass(frozen=True, slots=True)
class Send:
    """A user's call: what is sent when, and how long it may wait."""

    at: float
    sms: tuple[Sms, ...]
    lifetime: float
    send_in: float | None = None
    validity: int | None = None

    def __str__(self) -> str:
        """Tell it in words."""
        what = " and ".join(f"“{sms.text}” to {_phones(sms)}" for sms in self.sms)
        later = (
            "" if self.send_in is None else f", to go out {self.send_in:.0f} s later"
        )
        return f"a user sends {what}, may wait {self.lifetime:.0f} s{later}"


@dataclass(frozen=True, slots=True)
class Kill:
    """Home Assistant stops, hard or in good order, and is back later, its clock set or not.

    It may wait until something is being written: the first thing from then on, the second...
    """

    at: float
    away: float
    hard: bool
    clock_by: float = 0.0
    in_write: int | None = None

    def __str__(self) -> str:
        """Tell it in words."""
        how = "is killed" if self.hard else "stops"
        if self.in_write is not None:
            how += f" while it writes, {self.in_write} writes later"
        clock = f", its clock off by {self.clock_by:+.0f} s" if self.clock_by else ""
        return f"Home Assistant {how}, and is back after {self.away:.0f} s{clock}"


@dataclass(frozen=True, slots=True)
class ClockSet:
    """Home Assistant's clock is set by some seconds, back or forth."""

    at: float
    by: float

    def __str__(self) -> str:
        """Tell it in words."""
        return f"the clock is set by {self.by:+.0f} s"


@dataclass(frozen=True, slots=True)
class NewSecret:
    """The API secret is changed in the provider's panel, and in Home Assistant later."""

    at: float
    entered_after: float

    def __str__(self) -> str:
        """Tell it in words."""
        return f"the API secret changes; it is entered {self.entered_after:.0f} s later"


@dataclass(frozen=True, slots=True)
class Foreign:
    """Another program sends with the same account, to numbers of its own."""

    at: float

    def __str__(self) -> str:
        """Tell it in words."""
        return "another program sends something"


type Act = Send | Kill | ClockSet | NewSecret | Foreign


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that happens in a history, but for the dice rolled on the way.

    `earlier` sendings to the same phones were made before Home Assistant knew the account.
    """

    seed: int
    fault_rate: float
    outages: tuple[Outage, ...]
    acts: tuple[Act, ...]
    earlier: int
    credit: int

    def shortenings(self) -> Iterator[Plan]:
        """Yield the plans without one of the things that happen in it."""
        for act in self.acts:
            yield replace(self, acts=tuple(a for a in self.acts if a is not act))
        for outage in self.outages:
            yield replace(
                self, outages=tuple(o for o in self.outages if o is not outage)
            )
        if self.fault_rate:
            yield replace(self, fault_rate=0.0)


def plan(seed: int) -> Plan:
    """Make a plan from a seed."""
    random = Random(seed)
    span = random.choice((60.0, 600.0, HOUR, 6 * HOUR))
    sends = [_send(random, span, number) for number in range(random.randint(1, 8))]
    sends += [_repeat(random, send) for send in sends if random.random() < 0.1]
    acts: list[Act] = [*sends, *_kills(random, span, sends)]
    acts += [
        ClockSet(random.uniform(0, span), _off_by(random))
        for _ in range(random.choice((0, 0, 0, 1, 2)))
    ]
    if random.random() < 0.1:
        acts.append(NewSecret(random.uniform(0, span), random.choice((10, 300, HOUR))))
    acts += [Foreign(random.uniform(0, span)) for _ in range(random.choice((0, 1, 70)))]
    return Plan(
        seed,
        random.choice((0.0, 0.05, 0.2, 0.5)),
        tuple(_outages(random, span)),
        tuple(sorted(acts, key=lambda act: act.at)),
        earlier=random.choice((0, 3, 120)),
        credit=random.choice((10_000, 10_000, 10_000, 3)),
    )


def _send(random: Random, span: float, number: int) -> Send:
    numbers = tuple(random.sample(PHONES, random.choice((1, 1, 1, 2, 3))))
    sms: tuple[Sms, ...] = (Sms(numbers=numbers, text=f"Message {number}.", parts=1),)
    if random.random() < 0.15:
        sms = tuple(
            Sms(numbers=(phone,), text=f"Message {number}, copy {copy}.", parts=1)
            for copy, phone in enumerate(numbers)
        )
    return Send(
        at=random.uniform(0, span),
        sms=sms,
        lifetime=random.choice((60, 300, HOUR, 10 * HOUR)),
        send_in=random.choice((None, None, None, None, 1800.0)),
        validity=random.choice((None, None, None, 60)),
    )


def _repeat(random: Random, send: Send) -> Send:
    """Return the same call made once more, as an automation makes that runs again."""
    gap = random.choice((1, 30, 110, 130, 1000)) * random.uniform(0.5, 1.5)
    return replace(send, at=send.at + gap)


def _kills(random: Random, span: float, sends: list[Send]) -> Iterator[Kill]:
    """Yield stops at any time, and some soon after a call or while it is being saved."""
    for _ in range(random.choice((0, 0, 1, 1, 2, 3))):
        away = random.choice((1, 5, 30, 200, HOUR, 5 * HOUR)) * random.uniform(0.5, 1.5)
        at, hard = random.uniform(0, span), random.random() < 0.7
        yield Kill(at, away, hard, _clock_after(random, away))
    for send in sends:
        if random.random() < 0.15:
            at, away = send.at + random.uniform(0, 0.6), random.uniform(1, 300)
            yield Kill(at, away, True, _clock_after(random, away))
        elif random.random() < 0.1:
            away, write = random.uniform(1, 300), random.choice((0, 1, 1, 1, 2, 3))
            yield Kill(send.at, away, True, _clock_after(random, away), write)


def _clock_after(random: Random, away: float) -> float:
    """Return by how much a clock is off that stood still meanwhile, or was set, or neither."""
    return random.choice((0.0, 0.0, 0.0, -away, _off_by(random)))


def _outages(random: Random, span: float) -> Iterator[Outage]:
    for _ in range(random.choice((0, 0, 1, 1, 2, 3))):
        begins = random.uniform(0, span)
        length = random.choice((3, 30, 150, 1000, HOUR, 4 * HOUR))
        fault = random.choice((*FAULTS, "refused", "refused", "hung"))
        yield Outage(begins, begins + length * random.uniform(0.5, 1.5), fault)


def _off_by(random: Random) -> float:
    return random.choice((-1, 1)) * random.choice((5, 100, 1000, 2 * HOUR))


def _phones(sms: Sms) -> str:
    return ", ".join(f"phone {PHONES.index(number) + 1}" for number in sms.numbers)
