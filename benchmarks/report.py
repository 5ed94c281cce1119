"""What a measurement comes to: figures against goals, in Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass, field

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
    result = f"{number(value)} {unit}".strip() + (f" ({extra})" if extra else "")
    return Figure(what, result, f"≤ {number(limit)} {unit}".strip(), value <= limit)


def number(value: float) -> str:
    """Return a number with as many digits as mean anything."""
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def markdown(part: Part) -> str:
    """Return a part as Markdown: a heading, a table, and what there is to say of it."""
    rows = [
        f"| {figure.what} | {figure.result} | {figure.goal} | {MET[figure.met]} |"
        for figure in part.figures
    ]
    notes = [f"- {note}" for note in part.notes]
    return "\n".join(
        [
            f"### {part.title}",
            "",
            "| measured | result | goal | met |",
            "| --- | --- | --- | --- |",
            *rows,
            *(["", *notes] if notes else []),
            "",
        ]
    )
