"""The engine's figures, drawn anew for every history: what holds for one must hold for all."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from random import Random
import sys
from types import ModuleType

from custom_components.bisms import outbox
from custom_components.bisms.provider import client
from simulator import core as provider, reports as provider_reports

type Figure = float | tuple[float, ...]

type Knobs = tuple[tuple[str, Figure], ...]
"""The figures of a history that differ from those of every day."""

POLLED_EVERY = 3600.0
"""Seconds between two questions for the credit, which say whether the secret works."""

SHORT_JOURNAL = 3000
"""Bytes up to which the journal grows: few, so that snapshots are made often."""

DRAWN: Mapping[str, tuple[Figure, ...]] = {
    "ANSWER_WITHIN": (1, 30),
    "APART": (0, 60),
    "DOUBT_LIMIT": (300, 2000),
    "DUPLICATE_WINDOW": (40, 60, 300),
    "FIRST_REPORT": (30, 200),
    "FRESH": (0, 600),
    "KEEP_FINISHED": (0, 2, 20),
    "KEEP_SECONDS": (7200,),
    "LEAST_JOURNAL": (SHORT_JOURNAL, SHORT_JOURNAL, 0),
    "LIST_LAG": (1, 60),
    "MANY": (1, 5),
    "MARGIN": (1, 15),
    "MAX_REQUESTS": (2, 3, 10),
    "PAUSES": (
        (0.5, 1, 2, 5, 10, 20, 40, 75),
        (6, 15, 30, 60, 120, 240, 480, 900),
        (1, 30, 200),
    ),
    "REPORT_INTERVAL": (900, 7200),
    "RETRY_AFTER": ((0.2, 3), (20, 200)),
    "REUSED": (0, 600),
    "SILENCE": (1, 100),
    "SLICE": (1, 2, 3, 100),
    "STARTS_AFTER": (20, 300),
    "STOP_WITHIN": (0.1, 15),
    "TOLERANCE": (0.1, 5),
    "_BYTES_PER_SECOND": (5, 20),
}
"""What each figure may be in a history; two of them are the provider's own."""

PLAIN: Knobs = (("LEAST_JOURNAL", SHORT_JOURNAL),)
"""The figures of every day, but for the journal."""


def drawn(random: Random) -> Knobs:
    """Draw figures: in half of the histories those of every day."""
    share = random.choice((0.0, 0.0, 0.1, 0.4))
    names = [name for name in DRAWN if random.random() < share]
    return (*PLAIN, *((name, random.choice(DRAWN[name])) for name in names))


def figure(name: str) -> float:
    """Return a figure that is a single number, as it is at present."""
    value = next(
        getattr(module, name) for module in _modules() if hasattr(module, name)
    )
    assert isinstance(value, int | float)
    return value


def longest(name: str) -> float:
    """Return the greatest of several figures, as they are at present."""
    values = next(
        getattr(module, name) for module in _modules() if hasattr(module, name)
    )
    return float(max(values))


def longest_pause() -> float:
    """Return the longest pause between two attempts, jitter included."""
    return 1.2 * longest("PAUSES")


@contextmanager
def turned(knobs: Knobs) -> Iterator[None]:
    """Let the figures be these; the provider's window is always the engine's."""
    before = [
        (module, name, getattr(module, name))
        for module in _modules()
        for name, _ in knobs
        if hasattr(module, name)
    ]
    try:
        for module, name, _ in before:
            setattr(module, name, dict(knobs)[name])
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


@cache
def _modules() -> tuple[ModuleType, ...]:
    """Return the modules that may hold a figure, each under the name it has there."""
    engine = [
        module
        for name, module in sys.modules.items()
        if name.startswith(f"{outbox.__name__}.")
    ]
    return (*engine, client, provider, provider_reports)


_UNKNOWN = [name for name in DRAWN if not any(hasattr(m, name) for m in _modules())]
assert not _UNKNOWN, f"The engine has no figures of these names any more: {_UNKNOWN}"
