"""What a measurement comes to: figures against goals, in Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .disks import Disk

MET = {True: "yes", False: "**no**", None: ""}

type Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: what was measured, how it came out and what was wanted."""

    what: str
    result: str
    goal: str = ""
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The figures of one part of the benchmark, and what its picture shows."""

    title: str
    figures: Sequence[Figure]
    notes: Sequence[str] = ()
    curves: dict[str, Points] = field(default_factory=dict)
    bars: dict[str, float] = field(default_factory=dict)


def at_most(
    what: str, value: float, limit: float, unit: str, extra: str = ""
) -> Figure:
    """Return a figure that is to stay below a limit."""
    goal = f"≤ {number(limit)} {unit}".strip()
    return Figure(what, _result(value, unit, extra), goal, value <= limit)


def at_least(
    what: str, value: float, limit: float, unit: str, extra: str = ""
) -> Figure:
    """Return a figure that is to stay above a limit."""
    goal = f"≥ {number(limit)} {unit}".strip()
    return Figure(what, _result(value, unit, extra), goal, value >= limit)


def _result(value: float, unit: str, extra: str) -> str:
    return f"{number(value)} {unit}".strip() + (f" ({extra})" if extra else "")


def number(value: float) -> str:
    """Return a number with as many digits as mean anything."""
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def markdown(taken: Mapping[Disk, Part]) -> str:
    """Return a part as Markdown: a heading, a table with a column for each disk, and notes."""
    part, *_ = taken.values()
    columns = ["result"] if len(taken) == 1 else [str(disk) for disk in taken]
    lines = zip(*(each.figures for each in taken.values()), strict=True)
    notes = dict.fromkeys(f"- {note}" for each in taken.values() for note in each.notes)
    return "\n".join(
        [
            f"### {part.title}",
            "",
            _row("measured", *columns, "goal", "met"),
            _row(*["---"] * (len(columns) + 3)),
            *map(_line, lines),
            *(["", *notes] if notes else []),
            "",
        ]
    )


def _line(figures: Sequence[Figure]) -> str:
    """Return a line of the table: the same thing, measured on each disk."""
    [what] = {figure.what for figure in figures}
    results = (figure.result for figure in figures)
    goals = _joined(figure.goal for figure in figures)
    return _row(what, *results, goals, _joined(MET[figure.met] for figure in figures))


def _joined(words: Iterable[str]) -> str:
    """Return what holds for each disk, said once where it is the same."""
    return " / ".join(dict.fromkeys(words))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
