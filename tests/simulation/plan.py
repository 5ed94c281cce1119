"""The plan of a history: a value that can be shortened to what matters and told in words."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Literal

from .acts import Act, DiskTrouble, Outage
from .knobs import PLAIN, Knobs

type Handset = tuple[float | None, float | None]
"""Seconds after which a phone delivers, or fails; one with neither stays off."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What holds throughout a history; by default nothing out of the ordinary.

    Attributes
    ----------
    accounts
        Accounts that one Home Assistant has at the provider.
    earlier
        Sendings to the same phones that were made before Home Assistant knew the account.
    credit
        Credits of each account.
    hourly_limit
        Parts that may leave in an hour; 0 is no limit.
    fault_rate, disk_fault_rate
        Shares of the requests and of the writes that meet a fault of their own.
    duplicates
        What the provider calls a repetition.
    list_lag
        Share of the longest lag of the list that sendings meet at most.
    first_dlr_id
        Where ids begin; None: they are in no order.
    clock_rate
        Seconds that the machine's clock goes on in one second.
    handsets
        How the first phones behave.
    """

    accounts: int = 1
    earlier: int = 0
    credit: int = 10_000
    hourly_limit: int = 0
    fault_rate: float = 0.0
    disk_fault_rate: float = 0.0
    duplicates: Literal["all", "any"] = "all"
    list_lag: float = 0.0
    first_dlr_id: int | None = 77_300_600
    clock_rate: float = 1.0
    handsets: tuple[Handset, ...] = ()

    def __str__(self) -> str:
        """Tell what is out of the ordinary."""
        return ", ".join(
            f"{name} {value}" for name, value in _differing(self, Circumstances())
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that happens in a history, but for the dice rolled on the way."""

    seed: int = 0
    acts: tuple[Act, ...] = ()
    outages: tuple[Outage, ...] = ()
    disk_troubles: tuple[DiskTrouble, ...] = ()
    knobs: Knobs = PLAIN
    circumstances: Circumstances = Circumstances()

    def __str__(self) -> str:
        """Tell what holds throughout it; what happens is told as it does."""
        knobs = [f"{name} {value}" for name, value in self.knobs]
        return "; ".join(filter(None, (str(self.circumstances), ", ".join(knobs))))

    def shortenings(self) -> Iterator[Plan]:
        """Yield plans in which less happens, those in which much less does first."""
        size = len(self.acts) // 2
        while size > 0:
            for start in range(0, len(self.acts), size):
                yield replace(self, acts=self.acts[:start] + self.acts[start + size :])
            size //= 2
        for outage in self.outages:
            yield replace(self, outages=_without(self.outages, outage))
        for trouble in self.disk_troubles:
            yield replace(self, disk_troubles=_without(self.disk_troubles, trouble))
        for knob in self.knobs:
            yield replace(self, knobs=_without(self.knobs, knob))
        for name, _ in _differing(self.circumstances, Circumstances()):
            usual = {name: getattr(Circumstances(), name)}
            yield replace(self, circumstances=replace(self.circumstances, **usual))


def _without[T](items: tuple[T, ...], item: T) -> tuple[T, ...]:
    return tuple(each for each in items if each is not item)


def _differing(
    circumstances: Circumstances, usual: Circumstances
) -> list[tuple[str, object]]:
    return [
        (field.name, getattr(circumstances, field.name))
        for field in fields(Circumstances)
        if getattr(circumstances, field.name) != getattr(usual, field.name)
    ]
