"""What each character of a text becomes, as far as that does not hang on its neighbours.

Where it does, a mark stands for what is still to be decided; `neighbours` decides it. Marks are
control characters: none of them is in the provider's set, and none is left of what a user writes.
"""

import re
from typing import Final
import unicodedata

GAP: Final = "\x00"
"""A space, unless there is one already or the text begins or ends here."""

SEAM: Final = "\x01"
"""Keeps two numbers apart that were not one."""

GUARD: Final = "\x02"
"""Keeps what looks like a sign or a decimal point, and is none, away from a digit."""

RAISED: Final = "\x03"
"""The next character is a superscript."""

LOWERED: Final = "\x04"
"""The next character is a subscript."""

BOXED: Final = "\x05"
"""The character before is in a circle, a square or a key."""

TILDE: Final = "\x06"
"""Stands for *about* before a number, else for a dash."""

ABOUT: Final = "\x07"
"""Stands for *about*."""

PER: Final = "\x08"
"""Before and after what a number is to be divided by."""

SENT_AS_IT_IS: Final = frozenset(
    " ABCDEFGĞHIİJKLMNOPRSŞTUVYZÖÜQWXÇabcçdefgğhıijklmnoprsştuvyzöüqwx"
    "@*:!$_#()+-;,<>=./'?\"%&0123456789"
)
"""The provider's set: what it does not change."""

_PROVIDER: Final = {
    "|": "I",
    "^": "'",
    "€": "E",
    "{": "(",
    "[": "(",
    "}": ")",
    "]": ")",
    "\\": "/",
}
_PUNCTUATION: Final = {
    **dict.fromkeys("`´‘’‚‛′ʹʻʼʽ‹›٬", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–", "-"),
    **dict.fromkeys("—―⸺⸻", f"{GUARD}-{GUARD}"),
    **dict.fromkeys("~∼〜⁓˜", TILDE),
    **dict.fromkeys("•‣◦●▪⁃", f"*{GAP}"),
    **dict.fromkeys("·∙⋅", "*"),
    **dict.fromkeys("→⟶➔➜➡⇒", f"{GUARD}->"),
}
_MATHEMATICS: Final = {
    **dict.fromkeys("−➖˗⁒", "-"),
    **dict.fromkeys("×✕✖⨯", "x"),
    **dict.fromkeys("÷➗⁄∕", "/"),
    **dict.fromkeys("≤≦⩽≯", "<="),
    **dict.fromkeys("≥≧⩾≮", ">="),
    **dict.fromkeys("≈≃≅≊", ABOUT),
    **dict.fromkeys("°º\u2061\u2062\u2063\u2064", SEAM),
    **dict.fromkeys("‰؉", f"{PER}1000{PER}"),
    **dict.fromkeys("‱؊", f"{PER}10000{PER}"),
    "➕": "+",
    "±": "+-",
    "∓": "-+",
    "≠": "!=",
    "≰": ">",
    "≱": "<",
    "≪": "<<",
    "≫": ">>",
    "∶": ":",
    "٪": "%",
    "٫": ",",
    "μ": "u",
    "🔟": f"{SEAM}10{SEAM}",
}
_CURRENCIES: Final = {
    "₺": "TL",
    "£": "GBP",
    "¥": "Y",
    "¢": "c",
    "₽": "RUB",
    "₴": "UAH",
    "₼": "AZN",
    "₾": "GEL",
    "₸": "KZT",
    "₹": "INR",
    "₩": "KRW",
    "₪": "ILS",
    "₿": "BTC",
}
_LETTERS: Final = {
    "ª": "a",
    "ß": "ss",
    "ẞ": "SS",
    "æ": "ae",
    "Æ": "AE",
    "œ": "oe",
    "Œ": "OE",
    "þ": "th",
    "Þ": "Th",
    "ð": "d",
    "Ð": "D",
    "ə": "e",
    "Ə": "E",
    "ŋ": "n",
    "Ŋ": "N",
    "ŀ": "l",
    "Ŀ": "L",
}
_MODIFIED_LETTER: Final = re.compile(
    r"LATIN (?P<case>SMALL|CAPITAL) LETTER (?P<letter>[A-Z]) WITH .+"
)
_NEGATING_STROKE: Final = "0338"
_HEIGHTS: Final = {"<super>": RAISED, "<sub>": LOWERED}
_IN_A_SHAPE: Final = frozenset({"<circle>", "<square>"})


class Folding(dict[int, str]):
    """What each character becomes, worked out when the character is first met."""

    _ROOM = 4096

    def __init__(self) -> None:
        """Begin with the provider's characters, and those that we name."""
        ours = _PUNCTUATION | _MATHEMATICS | _CURRENCIES | _LETTERS
        super().__init__({ord(character): character for character in SENT_AS_IT_IS})
        self.update((ord(one), folded) for one, folded in (ours | _PROVIDER).items())

    def __missing__(self, codepoint: int) -> str:
        """Fold a character, and remember it while there is room."""
        folded = self._folded(chr(codepoint))
        if len(self) < self._ROOM:
            self[codepoint] = folded
        return folded

    def _folded(self, character: str) -> str:
        """Return what stands for a character that neither the provider nor we name."""
        category = unicodedata.category(character)
        if category == "Me":
            return BOXED
        if category in {"Mn", "Mc", "Cf"}:
            return ""
        if category == "Nd":
            return str(unicodedata.decimal(character))
        return (
            self._components(character)
            or _base_letter(character)
            or _circled_number(character)
            or GAP
        )

    def _components(self, character: str) -> str:
        """Return what Unicode composes a character of, or nothing if any of it is illegible."""
        kind, *codes = ["", *unicodedata.decomposition(character).split()]
        if codes and codes[0].startswith("<"):
            kind, *codes = codes
        if _NEGATING_STROKE in codes:
            return ""
        folded = [self[int(code, 16)] for code in codes]
        if not {" ", GAP}.isdisjoint(folded):
            return ""
        whole = "".join(folded)
        if kind in _HEIGHTS and len(whole) == 1 and whole in "0123456789+-":
            return _HEIGHTS[kind] + whole
        if len(codes) > 1 or kind in _IN_A_SHAPE:
            return apart(whole)
        return whole


def apart(folded: str) -> str:
    """Return what a character became, kept from being read as part of a number beside it."""
    return edge(folded[:1]) + folded + edge(folded[-1:])


def edge(outermost: str) -> str:
    """Return what has to stand between a character that ends a folding and its neighbour."""
    if outermost in set("0123456789"):
        return SEAM
    return GUARD if outermost in set(".,-") else ""


def _base_letter(character: str) -> str:
    """Return the Latin letter under a stroke or a hook, which Unicode does not decompose."""
    match = _MODIFIED_LETTER.fullmatch(unicodedata.name(character, ""))
    if match is None:
        return ""
    return match["letter"] if match["case"] == "CAPITAL" else match["letter"].lower()


def _circled_number(character: str) -> str:
    """Return the number in a circle, which Unicode does not always decompose."""
    if "CIRCLED" not in unicodedata.name(character, ""):
        return ""
    number = unicodedata.numeric(character, None)
    return "" if number is None else apart(f"{number:.0f}")
