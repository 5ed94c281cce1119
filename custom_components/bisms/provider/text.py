"""What is sent of a text, in which language, and how many characters and parts it costs (section 8).

The provider blanks every character that it does not know. `fold` puts something legible in
its place beforehand, and leaves nothing for the provider to change: what is previewed is sent.
"""

from bisect import bisect_left, bisect_right
from enum import StrEnum
from itertools import accumulate
from typing import Final, NamedTuple
import unicodedata

from .characters import SENT_AS_IT_IS, Folding
from .neighbours import settle

MAX_PARTS: Final = 6
"""Parts of the longest text; the provider cuts off what is beyond."""

_COUNT_ONE: Final = "üÜöÖÇ"
_COUNT_TWO: Final = frozenset("ğĞşŞıİç")
_SIMPLE: Final = str.maketrans("çÇğĞıİöÖşŞüÜ", "cCgGiIoOsSuU")

_FOLDING: Final = Folding()


class Language(StrEnum):
    """The language that the provider takes a text for; it decides what fits in a part."""

    ENGLISH = "english"
    TURKISH = "turkish"


_LIMITS: Final = {
    Language.ENGLISH: (160, 306, 459, 612, 765, 917),
    Language.TURKISH: (155, 292, 439, 587, 735, 882),
}
_STEP_BEYOND: Final = {Language.ENGLISH: 153, Language.TURKISH: 147}


class Measure(NamedTuple):
    """What a text amounts to.

    Attributes
    ----------
    language
        What the provider takes the text for.
    length
        Characters as the provider counts them: of the Turkish ones seven count two.
    parts
        What one recipient costs, in credits; above 6, what the uncut text would cost.
    """

    language: Language
    length: int
    parts: int


def fold(text: str) -> str:
    """Return a text as it is sent: nothing is left for the provider to change (section 8).

    The provider's own replacements come first. What it would blank becomes something
    legible where that can be: accented Latin letters their base letter, typographic
    quotes and dashes plain ones, `…` three dots, `₺` `TL`, `≥` `>=`, `±` `+-`; `~` and
    `≈` before a number `ca.`, a bullet `*`. `°`, invisible characters and stray combining
    marks vanish. Line breaks and everything else become one space together with the
    spaces beside them, and none at the ends. Turkish letters stay.

    No number changes its value or sign: `2½` becomes `2 1/2` and `10²` `10**2`, and a
    space keeps away from a digit what would seem to belong to it.

    Parameters
    ----------
    text
        Anything that a user or a template wrote.

    Returns
    -------
    str
        Characters of the provider's set only; folding them again changes nothing.
    """
    translated = _composed(text).translate(_FOLDING)
    # Marks are control characters; everything in the provider's set can be printed.
    return translated if translated.isprintable() else settle(translated)


def _composed(text: str) -> str:
    """Return a text with each letter and its marks, and each line break, as one character."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return text.replace("\r\n", "\n")


def measure(text: str) -> Measure:
    """Return what a text amounts to at the provider (section 8).

    Parameters
    ----------
    text
        A folded text: every character outside ASCII is one of the twelve Turkish ones.

    Returns
    -------
    Measure
        Of an empty text 0 parts. Beyond 6 parts, where the provider's table ends, each
        further 153 characters (Turkish: 147) count as one more.
    """
    if text.isascii():
        return _measured(Language.ENGLISH, len(text))
    # In UTF-8 each of the twelve takes two bytes; five of them count one nevertheless.
    length = len(text.encode()) - sum(map(text.count, _COUNT_ONE))
    return _measured(Language.TURKISH, length)


def _measured(language: Language, length: int) -> Measure:
    """Return the measure of a text of known language and length."""
    limits = _LIMITS[language]
    if length == 0:
        parts = 0
    elif length <= limits[-1]:
        parts = 1 + bisect_left(limits, length)
    else:
        parts = MAX_PARTS - (limits[-1] - length) // _STEP_BEYOND[language]
    return Measure(language, length, parts)


def simplify(text: str) -> str:
    """Return a folded text with its Turkish letters made English: cheaper, less pretty.

    Parameters
    ----------
    text
        A folded text.

    Returns
    -------
    str
        As many characters, all of them ASCII.
    """
    return text.translate(_SIMPLE)


def replaced(text: str, *, simplified: bool = False) -> tuple[str, ...]:
    """Return which characters of a text are sent as something else.

    Parameters
    ----------
    text
        The text as given, before folding.
    simplified
        Whether Turkish letters are made English as well.

    Returns
    -------
    tuple[str, ...]
        Each changed character once, in order of first appearance. A letter written as
        base and combining mark is named composed, and only if that does change.
    """
    return tuple(
        character
        for character in dict.fromkeys(_composed(text))
        if character not in SENT_AS_IT_IS or (simplified and ord(character) in _SIMPLE)
    )


def truncate(text: str) -> str:
    """Return as much of the beginning of a text as fits in 6 parts (section 8).

    Parameters
    ----------
    text
        A folded text. The language of the whole decides how much that is: 917
        characters, or 882 when it is Turkish.

    Returns
    -------
    str
        The text itself when it fits.
    """
    return text[: _fitting(text, measure(text).language)]


def split(text: str) -> list[str]:
    """Return a text in pieces of at most 6 parts each, cut between words.

    Parameters
    ----------
    text
        A folded text. The language of the whole decides the size of each piece.

    Returns
    -------
    list[str]
        Pieces that are not blank; a text that fits is one. The spaces at a cut are
        dropped, words never: one that is too long for a piece is cut itself.
    """
    language = measure(text).language
    pieces = []
    while text.strip():
        end = _piece_end(text, language)
        pieces.append(text[:end].rstrip() if end < len(text) else text)
        text = text[end:].lstrip()
    return [piece for piece in pieces if piece]


def _piece_end(text: str, language: Language) -> int:
    """Return where the first piece of a text ends: at a space if one comes in time."""
    fitting = _fitting(text, language)
    if fitting == len(text):
        return fitting
    space = text.rfind(" ", 0, fitting + 1)
    return space if space >= 0 else fitting


def _fitting(text: str, language: Language) -> int:
    """Return how many leading characters of a text 6 parts hold."""
    limit = _LIMITS[language][-1]
    if language is Language.ENGLISH:
        return min(len(text), limit)
    costs = (2 if character in _COUNT_TWO else 1 for character in text[:limit])
    return bisect_right(list(accumulate(costs)), limit)
