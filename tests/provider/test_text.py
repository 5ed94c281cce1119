"""What is previewed is what the provider sends, and what it costs."""

import unicodedata

from hypothesis import given, strategies as st
import pytest

from custom_components.bisms.provider.text import (
    _FOLDING,
    MAX_PARTS,
    Language,
    Measure,
    fold,
    measure,
    replaced,
    simplify,
    split,
    truncate,
)

TURKISH = "çÇğĞıİöÖşŞüÜ"
PROVIDER_SET = frozenset(
    "ABCDEFGĞHIİJKLMNOPRSŞTUVYZÖÜQWXÇ"
    "abcçdefgğhıijklmnoprsştuvyzöüqwx"
    "@*:!$_#()+-;,<>=./'?\"%&0123456789 "
)
SENDABLE = st.text(st.sampled_from(sorted(PROVIDER_SET)), max_size=3000)
PROSE = st.lists(
    st.text(st.sampled_from("abcçğışöüİ15.,"), min_size=1, max_size=40), max_size=300
).map(" ".join)
ANYTHING = st.text() | st.text(st.sampled_from("aeısSçC\u0327\u0301\u0307 €|~\r\n°…"))


def provider_transforms(text: str) -> str:
    """Change a text as section 8 says the provider does."""
    for character, substitute in zip("|^€{[}]\\", "I'E(())/", strict=True):
        text = text.replace(character, substitute)
    return "".join(c if c in PROVIDER_SET else " " for c in text)


def provider_length(text: str) -> int:
    """Count as section 8 says the provider does."""
    return sum(2 if c in ("ğ", "Ğ", "ş", "Ş", "ı", "İ", "ç") else 1 for c in text)


@given(ANYTHING)
def test_nothing_is_left_for_the_provider_to_change(text: str) -> None:
    """The wire equals the preview."""
    assert provider_transforms(fold(text)) == fold(text)


@given(ANYTHING)
def test_folding_twice_is_folding_once(text: str) -> None:
    """A folded text is never touched again."""
    assert fold(fold(text)) == fold(text)


@given(SENDABLE)
def test_what_the_provider_knows_is_sent_as_it_is(text: str) -> None:
    """Turkish letters above all."""
    assert fold(text) == text


def test_the_providers_own_replacements_are_used_where_it_has_any() -> None:
    """Section 8, first list."""
    assert fold("|^€{[}]\\") == "I'E(())/"


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("25 °C", "25 C"),
        ("25°C", "25C"),
        ("25 ℃", "25 C"),
        ("1.250 ₺", "1.250 TL"),
        ("€ 5", "E 5"),
        ("“Kapı” ‘açık’ «mı»", '"Kapı" \'açık\' "mı"'),
        ("10–12 — ~5 − 3", "10-12 - ca. 5 - 3"),
        ("Bekleyin…", "Bekleyin..."),
        ("• süt\n• ekmek", "* süt * ekmek"),
        ("bir\r\niki\rüç\ndört\tbeş", "bir iki üç dört beş"),
        ("bir\n\niki", "bir iki"),
        ("bir\u00a0iki\u2009üç\u2028dört", "bir iki üç dört"),
        ("`ls`", "'ls'"),
        ("Café Ñandú àëîõů", "Cafe Nandu aeiou"),
        ("kâğıt hâlâ Îmân", "kağıt hala Iman"),
        (
            "Straße Æsir œuvre Øre đã Łódź Þór ð",
            "Strasse AEsir oeuvre Ore da Lodz Thor d",
        ),
        ("Bakı Əli", "Bakı Eli"),
        ("STRAẞE ŒUVRE", "STRASSE OEUVRE"),
        ("ærø Ðe þú mən", "aero De thu men"),
        ("Ŋaŋi", "Nani"),
        ("10 μm, 2 × 3 ÷ 4", "10 um, 2 x 3 / 4"),
        ("2º", "2"),
        ("ǘ ḉ", "ü ç"),
        ("CO₂ 35 µg/m³", "CO2 35 ug/m3"),
        ("Ｔｅｓｔ ﬁ №", "Test fi No"),
        ("a\u200bb\u200dc\ufeffd\u00ade", "abcde"),
        ("x\u0301\u0302", "x"),
        ("1\u093e", "1"),
        ("i\u0307", "i"),
        ("1\ufe0f\u20e3", "1"),
        ("yangın 🔥!", "yangın !"),
        ("👨\u200d👩", ""),
        ("Привет 火", ""),
        ("a ≠ b ½", "a != b 1/2"),
        ("\x00\x1b\ud800", ""),
        ("", ""),
    ],
)
def test_what_the_provider_would_blank_stays_legible(written: str, sent: str) -> None:
    """Kind where it can be, a space where it cannot."""
    assert fold(written) == sent


@pytest.mark.parametrize("letter", TURKISH)
def test_a_decomposed_turkish_letter_is_the_same_letter(letter: str) -> None:
    """Texts from some devices come that way."""
    assert fold(unicodedata.normalize("NFD", letter)) == letter


def test_every_character_of_unicode_can_be_folded() -> None:
    """More of them than are remembered, and the first is still right afterwards."""
    everything = "".join(map(chr, range(0x110000)))
    assert set(fold(everything)) <= PROVIDER_SET
    assert fold("é°🔥e") == "e e"


def test_what_is_remembered_of_characters_does_not_grow_without_end() -> None:
    """Home Assistant runs for months."""
    fold("".join(map(chr, range(0x100, 0x3000))))
    assert len(_FOLDING) == 4096


LIMITS = {
    Language.ENGLISH: ("x", [160, 306, 459, 612, 765, 917]),
    Language.TURKISH: ("ü", [155, 292, 439, 587, 735, 882]),
}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("parts", range(1, MAX_PARTS + 1))
def test_parts_grow_exactly_where_the_providers_table_says(
    language: Language, parts: int
) -> None:
    """Both sides of every limit."""
    letter, limits = LIMITS[language]
    limit = limits[parts - 1]
    assert measure(letter * limit) == Measure(language, limit, parts)
    assert measure(letter * (limit + 1)) == Measure(language, limit + 1, parts + 1)


@pytest.mark.parametrize(
    ("text", "parts"),
    [("x" * (917 + 153), 7), ("x" * (917 + 154), 8), ("ü" * (882 + 148), 8)],
)
def test_too_long_a_text_is_measured_on(text: str, parts: int) -> None:
    """So that a user can be told how much too long it is."""
    assert measure(text).parts == parts


def test_an_empty_text_costs_nothing() -> None:
    """It cannot be sent either."""
    assert measure("") == Measure(Language.ENGLISH, 0, 0)


@pytest.mark.parametrize("letter", "üÜöÖÇ")
def test_five_turkish_letters_count_one(letter: str) -> None:
    """Section 8."""
    assert measure(letter) == Measure(Language.TURKISH, 1, 1)


@pytest.mark.parametrize("letter", "ğĞşŞıİç")
def test_seven_turkish_letters_count_two(letter: str) -> None:
    """Section 8."""
    assert measure(letter) == Measure(Language.TURKISH, 2, 1)


@given(SENDABLE)
def test_the_length_is_the_providers(text: str) -> None:
    """And one Turkish letter makes a text Turkish."""
    measured = measure(text)
    assert measured.length == provider_length(text)
    turkish = not set(text).isdisjoint(TURKISH)
    assert measured.language is (Language.TURKISH if turkish else Language.ENGLISH)


@given(SENDABLE, st.data())
def test_parts_never_grow_when_a_text_shrinks(text: str, data: st.DataObject) -> None:
    """Whichever stretch is taken out, Turkish letters or not."""
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    assert measure(text[:start] + text[end:]).parts <= measure(text).parts


@given(SENDABLE)
def test_simplifying_leaves_an_english_text_of_as_many_characters(text: str) -> None:
    """Never more expensive, and sent as it is."""
    simple = simplify(text)
    assert simple.isascii()
    assert len(simple) == len(text)
    assert fold(simple) == simple
    assert measure(simple).parts <= measure(text).parts


def test_each_turkish_letter_becomes_its_english_neighbour() -> None:
    """All twelve."""
    assert simplify(TURKISH) == "cCgGiIoOsSuU"


@pytest.mark.parametrize(
    ("text", "simplified", "characters"),
    [
        ("Merhaba", False, ()),
        ("Işık açık", False, ()),
        ("Işık açık", True, ("ş", "ı", "ç")),
        ("é€é…🔥", False, ("é", "€", "…", "🔥")),
        ("s\u0327", False, ()),
        ("s\u0327", True, ("ş",)),
        ("e\u0301", False, ("é",)),
        ("a\r\nb\u200b", False, ("\n", "\u200b")),
    ],
)
def test_users_learn_which_characters_change(
    text: str, simplified: bool, characters: tuple[str, ...]
) -> None:
    """Each once, in order of appearance, as it was written."""
    assert replaced(text, simplified=simplified) == characters


@given(ANYTHING)
def test_a_text_changes_only_in_the_characters_named(text: str) -> None:
    """Without them it is sent as it is."""
    composed = unicodedata.normalize("NFC", text).replace("\r\n", "\n")
    rest = "".join(c for c in composed if c not in replaced(text))
    assert set(rest) <= PROVIDER_SET
    assert not replaced(fold(text))


@given(SENDABLE)
def test_a_truncated_text_is_the_longest_beginning_that_fits(text: str) -> None:
    """By the language of the whole."""
    cut = truncate(text)
    limit = 917 if text.isascii() else 882
    assert text.startswith(cut)
    assert measure(cut).parts <= MAX_PARTS
    assert provider_length(cut) <= limit
    assert cut == text or provider_length(text[: len(cut) + 1]) > limit


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x" * 918, 917),
        ("x" * 917, 917),
        ("x" * 1000 + "ü", 882),
        ("x" * 881 + "şş", 881),
        ("x" * 880 + "şş", 881),
        ("X" * 900 + "ü", 882),
    ],
)
def test_truncation_ends_where_the_provider_would_cut(text: str, kept: int) -> None:
    """A letter that counts two is in or out, never halved."""
    assert truncate(text) == text[:kept]


@pytest.mark.parametrize("letter", "ğĞşŞıİç")
def test_of_letters_that_count_two_half_as_many_fit(letter: str) -> None:
    """Each of the seven."""
    assert truncate(letter * 442) == letter * 441


@given(PROSE)
def test_splitting_loses_no_word_and_each_piece_can_be_sent(text: str) -> None:
    """No word here is too long for a piece, so none is cut."""
    pieces = split(text)
    assert [word for piece in pieces for word in piece.split()] == text.split()
    assert all(piece.strip() for piece in pieces)
    assert all(measure(piece).parts <= MAX_PARTS for piece in pieces)


@given(SENDABLE)
def test_splitting_loses_no_character_but_spaces(text: str) -> None:
    """Words that are too long are cut, not dropped."""
    pieces = split(text)
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")
    assert all(piece.strip() for piece in pieces)
    limit = 917 if text.isascii() else 882
    assert all(provider_length(piece) <= limit for piece in pieces)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("  ", []),
        (" tek parça ", [" tek parça "]),
        ("x" * 917 + " y", ["x" * 917, "y"]),
        ("x" * 918 + " y", ["x" * 917, "x y"]),
        ("a " + "x" * 914 + " yy", ["a " + "x" * 914, "yy"]),
        ("a " + "x" * 915 + " y", ["a " + "x" * 915, "y"]),
        ("a " + "x" * 916 + " y", ["a", "x" * 916, "y"]),
        ("x " * 458 + "yy", ["x " * 457 + "x", "yy"]),
        ("  " + "x" * 918, ["x" * 917, "x"]),
        (" " + "x" * 917 + " y", ["x" * 917, "y"]),
        ("x" * 900 + "   " + "y" * 20, ["x" * 900, "y" * 20]),
    ],
)
def test_pieces_end_between_words(text: str, pieces: list[str]) -> None:
    """The space in between is dropped; a text that fits stays whole."""
    assert split(text) == pieces
