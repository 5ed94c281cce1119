"""Draws the plan of a history from its seed."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from custom_components.bisms.provider.models import Sms

from . import knobs
from .acts import (
    HOUR,
    PHONES,
    STRANGERS,
    Act,
    Backup,
    Calls,
    Change,
    ClockSet,
    DiskFault,
    DiskTrouble,
    Foreign,
    Manner,
    NewSecret,
    OddReports,
    Outage,
    Restore,
    Send,
    Sleep,
    Stop,
    Wish,
)
from .network import CODES, FAULTS, LOST, SILENT
from .plan import Circumstances, Plan

SPANS = (60.0, 600.0, HOUR, 6 * HOUR)

_FEW = (1, 2, 3, 4, 5, 6, 7, 8)


def plan(seed: int) -> Plan:
    """Make a plan from a seed."""
    return _Drawing(seed).plan()


class _Drawing:
    """Draws what happens, within a span of time and among a number of phones."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = random = Random(seed)
        self.minds = Random(f"{seed} minds")
        self.span = random.choice(SPANS)
        self.many = random.random() < 0.015
        self.phones = PHONES if self.many else PHONES[: random.choice((1, 2, 3, 3, 6))]
        self.accounts = random.choice((1, 1, 1, 1, 2))

    def plan(self) -> Plan:
        """Draw everything."""
        random = self.random
        sends = list(self.sends())
        stops, clock = list(self.stops(sends)), list(self.clock(sends))
        set_by = [each.clock_by for each in stops]
        set_by += [each.by for each in clock if isinstance(each, ClockSet)]
        if any(abs(seconds) > HOUR for seconds in set_by):
            # To send at some time makes sense only to whom the clock shows the time.
            sends = [replace(send, send_in=None) for send in sends]
        else:
            sends = list(map(self.perhaps_held, sends))
        others, backups = self.others(sends), self.backups()
        changes = self.changes(sends)
        acts: list[Act] = [*sends, *changes, *stops, *clock, *others, *backups]
        return Plan(
            self.seed,
            tuple(sorted(acts, key=lambda act: act.at)),
            tuple(self.outages(sends)),
            tuple(self.disk_troubles()),
            knobs.drawn(random),
            self.circumstances(),
        )

    def circumstances(self) -> Circumstances:
        """Draw what holds throughout."""
        choice = self.random.choice
        handsets = ((5.0, None), (5.0, None), (400.0, None), (20_000.0, None))
        return Circumstances(
            accounts=self.accounts,
            earlier=choice((0, 0, 3, 3, 120)),
            credit=choice((10_000,) * 9 + (3,)),
            hourly_limit=choice((0, 0, 0, 0, 6, 20)),
            fault_rate=choice((0.0, 0.0, 0.05, 0.2, 0.5)),
            disk_fault_rate=choice((0.0, 0.0, 0.0, 0.02, 0.2)),
            duplicates=choice(("all", "any")),
            list_lag=choice((0.0, 0.5, 1.0)),
            first_dlr_id=choice((77_300_600, 99_999_950, 1, None)),
            clock_rate=choice((1.0, 1.0, 1.0, 1.001, 0.999, 0.9, 1.1)),
            handsets=tuple(
                choice((*handsets, (None, 30.0), (None, None))) for _ in range(3)
            ),
        )

    def sends(self) -> Iterator[Send]:
        """Draw the calls; now and then very many, soon after each other."""
        random = self.random
        if not self.many:
            for number in range(random.choice(_FEW)):
                send = self.send(number, random.uniform(0, self.span))
                yield send
                if random.random() < 0.1:
                    yield self.repeat(send)
            return
        begins = random.uniform(0, self.span)
        for number in range(random.choice((20, 20, 40, 80, 200))):
            at = begins + random.uniform(0, random.choice((1, 60)))
            yield replace(self.send(number, at), send_in=None, cancelled_after=None)

    def send(self, number: int, at: float) -> Send:
        """Draw a call."""
        random, choice = self.random, self.random.choice
        pieces = [self.piece(f"Message {number}") for _ in range(1)]
        if random.random() < 0.05:
            pieces = [self.piece(f"Message {number}, piece {n}") for n in range(3)]
        return Send(
            at=at,
            pieces=tuple(pieces),
            lifetime=choice((60, 300, HOUR, 10 * HOUR)),
            account=random.randrange(self.accounts),
            send_in=choice((None,) * 9 + (1800.0,)),
            validity=choice((None, None, None, 60)),
            resend_in_doubt=random.random() < 0.2,
            cancelled_after=random.uniform(0, 3) if random.random() < 0.05 else None,
        )

    def perhaps_held(self, send: Send) -> Send:
        """Draw whether a call is to be held here for some time."""
        if send.send_in is not None or self.minds.random() > 0.15:
            return send
        return replace(send, held_for=self.minds.choice((-10, 5, 100, 1000, 2 * HOUR)))

    def changes(self, sends: list[Send]) -> Iterator[Change]:
        """Draw what users want of what has not left, most of it soon after a call."""
        random = self.minds
        for send in random.sample(
            sends, min(len(sends), random.choice((0, 0, 0, 1, 3)))
        ):
            later = random.choice((1, 20, 300, HOUR)) * random.random()
            yield Change(send.at + later, random.choice(list(Wish)), send.account)

    def piece(self, text: str) -> tuple[Sms, ...]:
        """Draw whom a text goes to; in some requests each gets a text of his own."""
        random = self.random
        most = min(len(self.phones), random.choice((1, 1, 1, 2, 3)))
        numbers = tuple(random.sample(self.phones, most))
        parts = random.choice((1, 1, 1, 2))
        if random.random() < 0.15:
            return tuple(
                Sms(numbers=(phone,), text=f"{text}, copy {copy}.", parts=parts)
                for copy, phone in enumerate(numbers)
            )
        return (Sms(numbers=numbers, text=f"{text}.", parts=parts),)

    def repeat(self, send: Send) -> Send:
        """Return the same call made once more, as an automation makes that runs again."""
        gap = self.random.choice((1, 30, 110, 130, 1000))
        return replace(send, at=send.at + gap * self.random.uniform(0.5, 1.5))

    def stops(self, sends: list[Send]) -> Iterator[Stop]:
        """Draw ends of all kinds, and some soon after a call or while it is being saved."""
        random = self.random
        for _ in range(random.choice((0, 0, 0, 1, 1, 2, 3))):
            yield self.stop(random.uniform(0, self.span))
        for send in sends[:8]:
            dice = random.random()
            if dice < 0.1:
                yield self.stop(send.at + random.uniform(0, 0.6))
            elif dice < 0.15:
                yield self.stop(send.at + random.choice((3, 16, 30, 100, 130)))
            elif dice < 0.22:
                writes = random.choice((0, 1, 1, 1, 2, 3))
                away = random.uniform(1, 300)
                clock_by = self.clock_after(away)
                yield Stop(send.at, away, clock_by=clock_by, in_write=writes)

    def stop(self, at: float) -> Stop:
        """Draw how Home Assistant ends, and how it is back."""
        random = self.random
        manner = random.choice(
            (Manner.KILLED, Manner.KILLED, Manner.STOPPED, Manner.RELOADED)
        )
        away = random.choice((1, 5, 30, 200, HOUR, 5 * HOUR)) * random.uniform(0.5, 1.5)
        if manner is Manner.RELOADED:
            away = random.uniform(0, 2)
        late: tuple[Send, ...] = ()
        if manner is not Manner.KILLED and random.random() < 0.4:
            late = tuple(
                replace(
                    self.send(n, at),
                    pieces=(self.piece(f"Late {n} at {at:.3f}"),),
                    send_in=None,
                )
                for n in range(random.choice((1, 3)))
            )
        return Stop(
            at,
            away,
            manner,
            clock_by=0.0 if manner is Manner.RELOADED else self.clock_after(away),
            account=random.randrange(self.accounts),
            late=late,
        )

    def clock_after(self, away: float) -> float:
        """Return by how much a clock is off that stood still meanwhile, or was set, or neither."""
        return self.random.choice((0.0, 0.0, 0.0, -away, -away, self.off_by()))

    def off_by(self) -> float:
        """Return by how much a clock is set."""
        amount = self.random.choice((1.5, 5, 100, 1000, 2 * HOUR, 30 * 24 * HOUR))
        return amount * self.random.choice((-1, 1))

    def clock(self, sends: list[Send]) -> Iterator[ClockSet | Sleep]:
        """Draw when the clock is set: at any time, in a request, by sleep, or back and forth."""
        random = self.random
        for _ in range(random.choice((0, 0, 0, 0, 1, 2))):
            yield ClockSet(random.uniform(0, self.span), self.off_by())
        if random.random() < 0.1:
            at = random.choice(sends).at
            yield ClockSet(at, self.off_by(), in_request=True)
        if random.random() < 0.05:
            at, seconds = random.choice(sends).at, random.choice((50, 150, HOUR))
            yield Sleep(at + random.uniform(0, 60), seconds)
        if random.random() < 0.05:
            times, every = random.choice((3, 10, 40)), random.choice((0.05, 1, 10))
            at = random.choice(sends).at + random.uniform(-1, 30)
            yield ClockSet(max(0.0, at), self.off_by(), times, every)

    def others(self, sends: list[Send]) -> Iterator[Act]:
        """Draw what others do with the accounts: programs, the panel, and the provider."""
        random = self.random
        for _ in range(random.choice((0, 0, 1, 2))):
            yield self.foreign(random.uniform(0, self.span), STRANGERS[:1])
        if random.random() < 0.1:
            times, every = random.choice((60, 10)), random.choice((0.1, 60))
            foreign = self.foreign(random.uniform(0, self.span), STRANGERS)
            yield replace(foreign, times=times, every=every)
        for send in sends[:8]:
            if random.random() < 0.1:
                # Whoever has the panel often writes to the same people as Home Assistant.
                numbers = tuple(sms.numbers for sms in random.choice(send.pieces))
                at = send.at + random.choice((-30, 1, 10, 60, 300)) * random.random()
                foreign = self.foreign(max(0.0, at), sum(numbers, ()))
                yield replace(foreign, times=random.choice((1, 1, 2)))
        if random.random() < 0.1:
            changed, entered = random.uniform(0, self.span), (10, 300, HOUR)
            account = random.randrange(self.accounts)
            yield NewSecret(changed, random.choice(entered), account)
        if random.random() < 0.1:
            at, until = sorted(random.uniform(0, 2 * self.span) for _ in range(2))
            left_out = random.sample(self.phones, random.choice((0, 1)))
            besides = random.choice(((), STRANGERS[1:]))
            account = random.randrange(self.accounts)
            yield OddReports(at, until, tuple(left_out), besides, account)

    def foreign(self, at: float, numbers: tuple[str, ...]) -> Foreign:
        """Draw a sending of another program."""
        return Foreign(at, numbers, self.random.randrange(self.accounts))

    def backups(self) -> Iterator[Backup | Restore]:
        """Draw backups, few of which are restored."""
        random = self.random
        if random.random() < 0.85:
            return
        account = random.randrange(self.accounts)
        at = random.uniform(0, self.span)
        for _ in range(random.choice((1, 1, 3))):
            yield Backup(at, random.choice((0.1, 5, 60)), account)
            if random.random() < 0.5:
                later = at + random.choice((20, 200, HOUR)) * random.uniform(0.5, 1.5)
                gone = random.random() < 0.5
                yield Restore(later, random.uniform(1, 60), gone, account)
            at += random.uniform(0, self.span)

    def outages(self, sends: list[Send]) -> Iterator[Outage]:
        """Draw times in which every request, or every one of a kind, goes wrong."""
        random = self.random
        calls = (Calls.ALL, Calls.ALL, Calls.SENDS, Calls.QUESTIONS)
        for _ in range(random.choice((0, 0, 1, 1, 2, 3))):
            begins = random.uniform(0, self.span)
            length = random.choice((3, 30, 150, 1000, HOUR, 4 * HOUR))
            fault = random.choice((*FAULTS, *CODES, "refused", "refused", "hung"))
            ends = begins + length * random.uniform(0.5, 1.5)
            yield Outage(begins, ends, fault, random.choice(calls))
        if self.many or random.random() < 0.1:
            # All that is sent in these seconds is in doubt.
            begins = min(send.at for send in sends) - 1
            fault = random.choice((*sorted(LOST), *sorted(SILENT)))
            ends = begins + random.choice((20, 70, 150))
            yield Outage(begins, ends, fault, random.choice(calls))
        if random.random() < 0.04:
            begins = random.choice(sends).at - 1
            fault = random.choice(("error_500", "code_99", "html", "hung", "reset"))
            yield Outage(begins, begins + 2 * HOUR, fault, Calls.SENDS)

    def disk_troubles(self) -> Iterator[DiskTrouble]:
        """Draw times in which a disk fails or is slow."""
        random = self.random
        for _ in range(random.choice((0, 0, 0, 0, 0, 1, 2))):
            begins = random.uniform(0, self.span)
            ends = begins + random.choice((0.5, 10, 100, 1000)) * random.random()
            fault = random.choice(list(DiskFault))
            account = random.randrange(self.accounts)
            yield DiskTrouble(begins, ends, fault, account)
