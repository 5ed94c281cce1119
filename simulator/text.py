"""What the provider makes of a text before it sends it, and what that costs (section 8)."""

from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache

ENGLISH_LIMITS = (160, 306, 459, 612, 765, 917)
TURKISH_LIMITS = (155, 292, 439, 587, 735, 882)
TURKISH_COST = dict.fromkeys("üÜöÖÇ", 1) | dict.fromkeys("ğĞşŞıİç", 2)
ACCEPTED = (
    "ABCDEFGĞHIİJKLMNOPRSŞTUVYZÖÜQWXÇ"
    "abcçdefgğhıijklmnoprsştuvyzöüqwx"
    "@*:!$_#()+-;,<>=./'?\"%&0123456789 "
)
REPLACED = dict(zip("|^€{[}]\\", "I'E(())/", strict=True))


@dataclass(frozen=True, slots=True)
class PreparedText:
    """A text as a phone will show it, and how it is billed."""

    text: str
    language: str
    length: int
    parts: int


class _Inspection(dict[int, str]):
    """A translation table in which whatever has no entry becomes a space."""

    def __missing__(self, character: int) -> str:
        """Blank a character that is not in the provider's set."""
        return " "


_INSPECTION = _Inspection(
    {ord(character): character for character in ACCEPTED}
    | {ord(character): substitute for character, substitute in REPLACED.items()}
)


@lru_cache(maxsize=1024)
def prepare(raw: str) -> PreparedText:
    """Replace, blank and cut a text as the provider does, and count it."""
    text = raw.translate(_INSPECTION)
    turkish = not TURKISH_COST.keys().isdisjoint(text)
    limits = TURKISH_LIMITS if turkish else ENGLISH_LIMITS
    text, length = _cut(text, limits[-1])
    return PreparedText(
        text=text,
        language="turkish" if turkish else "english",
        length=length,
        parts=bisect_left(limits, length) + 1,
    )


def _cut(text: str, limit: int) -> tuple[str, int]:
    """Return the longest beginning that fits, and its length as it is billed."""
    length = 0
    for position, character in enumerate(text):
        cost = TURKISH_COST.get(character, 1)
        if length + cost > limit:
            return text[:position], length
        length += cost
    return text, length
