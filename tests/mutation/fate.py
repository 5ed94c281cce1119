"""What can come of a mutant."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
import json
from signal import SIGXCPU
from typing import Self


class Killed(Enum):
    """How it was noticed that something had changed."""

    BY_A_TEST = auto()
    BY_THE_CLOCK = auto()


@dataclass(frozen=True)
class Survivor:
    """A change that no test noticed: what a place in a file said, and what it said then.

    Attributes
    ----------
    file
        The file that was changed.
    place
        The function or class that the change is in; empty for the module itself.
    was, now
        The lines that the change touches, without their indentation.
    """

    file: str
    place: str
    was: str
    now: str

    @classmethod
    def of(cls, file: str, place: str, diff: Iterable[str]) -> Self:
        """Take it from what a unified difference says."""
        changed = [
            line
            for line in diff
            if line.startswith(("-", "+")) and not line.startswith(("---", "+++"))
        ]
        was, now = (
            "\n".join(line[1:].strip() for line in changed if line[0] == sign)
            for sign in "-+"
        )
        return cls(file, place, was, now)

    def __str__(self) -> str:
        """Show it as one would write it into the file of accepted ones."""
        values = {"file": self.file, "in": self.place, "was": self.was, "now": self.now}
        lines = [f"{key} = {_quoted(value)}" for key, value in values.items()]
        return "\n".join(["[[survivor]]", *lines])


def _quoted(text: str) -> str:
    """Write a text as TOML would have it, without escapes where that can be."""
    if "'" in text:
        return json.dumps(text, ensure_ascii=False)
    return f"'''\n{text}'''" if "\n" in text else f"'{text}'"


type Fate = Killed | Survivor


def is_too_long(status: int | None) -> bool:
    """Return whether a run ended because it used too much time."""
    return status == -SIGXCPU
