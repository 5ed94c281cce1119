"""Names are found however they are written: what of a spelling matters, and what does not."""

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from functools import cached_property
from typing import Final
import unicodedata

_MARKS: Final = "".join(map(chr, range(0x300, 0x370)))
"""The marks of European letters, where Unicode tells them from the letter."""

_UNSEEN: Final = (
    "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2066\u2067\u2068\u2069\ufe0e\ufe0f\ufeff"
)
"""What is copied along with a name without being seen."""

_PLAIN: Final = str.maketrans("ıđħłøŧ", "idhlot", _MARKS + _UNSEEN)
"""What becomes of small letters: marks go, and those too that are a part of the letter."""

_HANDFUL: Final = 5
"""How many names an error lists."""

_ALIKE: Final = 0.5
"""From which likeness on, of 0 to 1, a name may be meant."""

_FIRST: Final = 10
"""How many names are put in order of likeness."""


def spelling(name: str) -> str:
    """Return what of a name matters: two names of one spelling are the same name.

    Upper and lower case, dotted and dotless i, marks on letters, the number of spaces and
    how Unicode composes all that do not matter.
    """
    if name.isascii():
        plain = name.casefold()
    else:
        plain = unicodedata.normalize("NFKD", name).casefold().translate(_PLAIN)
    return " ".join(plain.split()) or name.strip()


class Names[ValueT]:
    """What names stand for. More than one may have the same name."""

    def __init__(self, named: Iterable[tuple[str, ValueT]]) -> None:
        """Take names and what they stand for; how they are spelled is seen when asked."""
        self._named = tuple(named)

    def find(self, written: str) -> Sequence[tuple[str, ValueT]]:
        """Return whom a name means, with their names: nobody, one, or several.

        Whoever has exactly this name comes before those whose name is spelled the same.
        """
        if exact := self._as_written.get(written):
            return exact
        alike = self._as_spelled.get(spelling(written), ())
        same = [each for each in alike if _composed(each[0]) == _composed(written)]
        return same or alike

    def likeliest(self, written: str) -> list[str]:
        """Return all names, each once, those first that are most like what was written."""
        alike = get_close_matches(
            spelling(written), list(self._as_spelled), _FIRST, _ALIKE
        )
        ordered = [
            *(named for spelled in alike for named in self._as_spelled[spelled]),
            *self._named,
        ]
        return list(dict.fromkeys(name for name, _ in ordered))

    @cached_property
    def _as_written(self) -> dict[str, list[tuple[str, ValueT]]]:
        return self._by(str)

    @cached_property
    def _as_spelled(self) -> dict[str, list[tuple[str, ValueT]]]:
        return self._by(spelling)

    def _by(self, key: Callable[[str], str]) -> dict[str, list[tuple[str, ValueT]]]:
        found: dict[str, list[tuple[str, ValueT]]] = {}
        for each in self._named:
            found.setdefault(key(each[0]), []).append(each)
        return found


def listed(names: Sequence[str], most: int = _HANDFUL) -> str:
    """Return the first names of a list, as a sentence shows them; a dash if there are none."""
    shown = ", ".join(names[:most])
    return f"{shown}, …" if len(names) > most else shown or "–"


def _composed(name: str) -> str:
    """Return a name with each letter and its marks as one character."""
    return unicodedata.normalize("NFC", name)
