"""The page that keeps the results: `benchmarks/README.md` and its two pictures."""

from collections.abc import Mapping, Sequence
from datetime import date
import os
from pathlib import Path
import platform
import re

from homeassistant.const import __version__ as home_assistant_version
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from .disks import Disk
from .report import Part, Points, markdown, number

FOLDER = Path(__file__).parent
PAGE = FOLDER / "README.md"
PICTURES = {"2": "many-recipients.png", "5": "delivery-reports.png"}

_RESULTS = re.compile(
    r"(?<=<!-- results -->\n).*(?=<!-- end of results -->)", re.DOTALL
)
_COLOURS = ("#0b6e4f", "#c1440e", "#3d5a80", "#8d6a9f", "#7a7a7a")


def keep(parts: Sequence[Mapping[Disk, Part]], seconds: float) -> None:
    """Write the results to the page, and draw the pictures that belong to them."""
    results = [f"{_machine()} The run took {seconds / 60:.1f} minutes.\n"]
    for taken in parts:
        results.append(markdown(taken))
        part, *_ = taken.values()
        if picture := PICTURES.get(part.title.partition(".")[0]):
            _draw(part, FOLDER / picture)
            results.append(f"![{part.title[3:]}]({picture})\n")
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(
        _RESULTS.sub(lambda _: "\n".join(["", *results, ""]), text), encoding="utf-8"
    )


def _machine() -> str:
    """Say when and where the figures were taken."""
    models = re.findall(r"^model name\s*: (.+)$", _cpus(), re.MULTILINE)
    return (
        f"Taken on {date.today():%d %B %Y}, on {os.cpu_count()} cores "  # noqa: DTZ011 (the reader's day)
        f"({models[0] if models else platform.machine()}), Python "
        f"{platform.python_version()}, Home Assistant {home_assistant_version}."
    )


def _cpus() -> str:
    return Path("/proc/cpuinfo").read_text(encoding="utf-8")


def _draw(part: Part, file: Path) -> None:
    """Draw what a part has to show."""
    picture = Picture(figsize=(9, 4.2), layout="constrained")
    if part.bars:
        curves, bars = picture.subplots(1, 2, width_ratios=(3, 2))
        _draw_shares(curves, part.curves)
        _draw_requests(bars, part.bars)
    else:
        _draw_times(picture.add_subplot(), part.curves)
    picture.savefig(file, dpi=110, metadata={"Software": None})


def _draw_times(axes: Axes, curves: Mapping[str, Points]) -> None:
    """Draw how long a text to so many recipients takes."""
    for (name, points), colour in zip(curves.items(), _COLOURS, strict=False):
        x, y = zip(*points, strict=True)
        milliseconds = [seconds * 1e3 for seconds in y]
        axes.plot(x, milliseconds, marker="o", color=colour, label=name)
    axes.set(
        xscale="log",
        yscale="log",
        title="One text to many recipients",
        xlabel="recipients",
        ylabel="milliseconds until all are on their way",
    )
    axes.yaxis.set_major_formatter("{x:,.0f}")
    _tidy(axes)
    axes.legend(frameon=False)


def _draw_shares(axes: Axes, curves: Mapping[str, Points]) -> None:
    """Draw which share of messages is known to have ended after how long."""
    for (name, points), colour in zip(curves.items(), _COLOURS, strict=False):
        x, y = zip(*points, strict=True)
        percent = [share * 100 for share in y]
        axes.step([x[0], *x], [0, *percent], where="post", color=colour, label=name)
    axes.set(
        xscale="log",
        title="When it is known what became of a message",
        xlabel="seconds since it was sent",
        ylabel="% of messages",
    )
    _tidy(axes)
    axes.legend(frameon=False)


def _draw_requests(axes: Axes, requests: Mapping[str, float]) -> None:
    """Draw how many questions that took."""
    bars = axes.barh(list(requests), list(requests.values()), color=_COLOURS)
    axes.bar_label(bars, [number(value) for value in requests.values()], padding=4)
    axes.set(title="Requests a message", xlim=(0, max(requests.values()) * 1.15))
    axes.invert_yaxis()
    _tidy(axes)


def _tidy(axes: Axes) -> None:
    """Take away what says nothing."""
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_major_formatter("{x:,.0f}")
