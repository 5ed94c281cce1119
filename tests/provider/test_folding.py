"""A text keeps its meaning: no number becomes another one, and nothing is lost unsaid."""

from fractions import Fraction
import re
from typing import Final
import unicodedata

from hypothesis import given, strategies as st
import pytest

from custom_components.bisms.provider.text import fold, measure, replaced
from simulator.text import ACCEPTED, REPLACED, prepare

MEANS_MINUS_OR_DASH: Final = frozenset("−➖˗⁒‐‑‒–±∓﹣－︲")
MEANS_POINT_OR_COMMA: Final = frozenset("٫․．﹒，﹐︐")
INVISIBLE: Final = frozenset({"Mn", "Mc", "Cf"})
SEPARATORS: Final = "＃﹟"
"""What becomes `#`, which keeps the characters of one text apart here."""

EVERYTHING: Final = [
    character
    for character in map(chr, range(0x110000))
    if character not in ACCEPTED
    and character not in SEPARATORS
    and unicodedata.category(character) not in {"Cn", "Co"}
]
"""Every character of Unicode that is not sent as it is."""


@pytest.fixture(scope="module", name="beside_sevens")
def beside_sevens_fixture() -> dict[str, str]:
    """Return what each character that is not sent as it is becomes between two sevens."""
    folded = fold("#".join(f"7{character}7" for character in EVERYTHING))
    return dict(zip(EVERYTHING, folded.split("#"), strict=True))


def test_no_character_makes_another_number_of_those_beside_it(
    beside_sevens: dict[str, str],
) -> None:
    """No sign, point, comma or digit next to a digit unless the character means just that."""
    wrong = []
    for character, folded in beside_sevens.items():
        became = folded[1:-1]
        if became == "":
            is_right = unicodedata.category(character) in INVISIBLE
        elif became == str(unicodedata.decimal(character, None)):
            is_right = True
        else:
            meant = ""
            if character in MEANS_MINUS_OR_DASH:
                meant = "-"
            if character in MEANS_POINT_OR_COMMA:
                meant = ".,"
            outermost = {became[0], became[-1]} - set(meant)
            is_right = outermost.isdisjoint("-.,0123456789")
        if not is_right:
            wrong.append((character, folded))
    assert wrong == []


def test_no_character_makes_a_decimal_of_a_point_that_was_none(
    beside_sevens: dict[str, str],
) -> None:
    """A number that ends a sentence, or begins with its point, does not grow."""
    digits = [
        character
        for character, folded in beside_sevens.items()
        if re.search("[0-9]", folded[1:-1]) and not folded[1:-1].isdecimal()
    ]
    assert len(digits) > 200
    for character in digits:
        assert not re.search(r"7[.,][0-9]", fold(f"7.{character} 7,{character}"))
        assert not re.search(r"[0-9][.,]7", fold(f"{character}.7 {character},7"))


def test_every_fraction_keeps_its_value() -> None:
    """After a digit it is still not a part of that number."""
    fractions = [
        character
        for character in EVERYTHING
        if "<fraction>" in unicodedata.decomposition(character)
        and not unicodedata.decomposition(character).endswith("2044")
    ]
    assert len(fractions) >= 19
    for character in fractions:
        folded = fold(character)
        assert float(Fraction(folded)) == pytest.approx(unicodedata.numeric(character))
        assert fold(f"2{character} kg") == f"2 {folded} kg"
        assert fold(f"{character}2") == f"{folded} 2"


def test_a_digit_of_any_script_is_that_digit(beside_sevens: dict[str, str]) -> None:
    """Arabic, fullwidth or mathematical: they make up numbers as ours do."""
    for character, folded in beside_sevens.items():
        if (digit := unicodedata.decimal(character, None)) is not None:
            assert folded == f"7{digit}7"


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("~5", "ca. 5"),
        ("≈5", "ca. 5"),
        ("Süre: ~ 5 dk", "Süre: ca. 5 dk"),
        ("x≈5", "x ca. 5"),
        ("(~5 dk)", "(ca. 5 dk)"),
        ("Oda 3 ~5", "Oda 3 ca. 5"),
        ("~−5 ~½ ~₺5 ~%5 ～5", "ca. -5 ca. 1/2 ca. TL5 ca. %5 ca. 5"),
        ("10~12, 10 ~ 12", "10 - 12, 10 - 12"),
        ("ev ~ iş", "ev - iş"),
        ("~~ 5 ~~", "-- 5 --"),
        ("5~", "5 -"),
        ("•5", "* 5"),
        ("• süt\n• ekmek", "* süt * ekmek"),
        ("⁃5", "* 5"),
        ("2·3 N⋅m", "2*3 N*m"),
        ("—5", "- 5"),
        ("5—3 5―3", "5 - 3 5 - 3"),
        ("yarın — 5", "yarın - 5"),
        ("−5 ➖5 10–12", "-5 -5 10-12"),
        ("20→25", "20 ->25"),
        ("açık → kapalı", "açık -> kapalı"),
        ("5…10", "5 ... 10"),
    ],
)
def test_what_is_no_sign_does_not_look_like_one(written: str, sent: str) -> None:
    """*About* is said, a bullet is a star, and a dash keeps its distance from digits."""
    assert fold(written) == sent


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("2½ kg", "2 1/2 kg"),
        ("2 ½ kg", "2 1/2 kg"),
        ("½ kg, -½.", "1/2 kg, -1/2."),
        ("1,½", "1, 1/2"),
        ("2⅟8", "2 1/8"),
        ("2¹⁄₃ ¹²⁄₁₃", "2 1/3 12/13"),
        ("3⁄4", "3/4"),
        ("≥30 ≤30 ⩾30 ⩽30 ≦3 ≧3", ">=30 <=30 >=30 <=30 <=3 >=3"),
        ("≮3 ≯3 ≰3 ≱3 ≪3 ≫3", ">=3 <=3 >3 <3 <<3 >>3"),
        ("21 ±2 ∓2", "21 +-2 -+2"),
        ("a ≠ b", "a != b"),
        ("=\u0338", "!="),
        ("6÷2 6∕2 2×3 ➕1 1∶2", "6/2 6/2 2x3 +1 1:2"),
        ("10² 10²³ 10⁻³", "10**2 10**23 10**-3"),
        ("(a+b)² 5²3", "(a+b)**2 5**2 3"),
        ("5 m² 5m³3 5㎡ 5㎡3", "5 m2 5m3 3 5m2 5m2 3"),
        ("10.²", "10. 2"),
        ("Ca²⁺ 5⁻ 5⁺", "Ca2+ 5 - 5+"),
        ("H₂O 101₂ x₁₂5", "H2O 101_2 x12 5"),
        ("①②③ 5① ①5", "1 2 3 5 1 1 5"),
        ("①.5", "1 .5"),
        ("①.② ½,½", "1. 2 1/2, 1/2"),
        ("➊➂㊵⓪ 🔟", "1 3 40 0 10"),
        ("⒈5 5⒈", "1. 5 5 1."),
        ("⑴5", "(1)5"),
        ("\u2030\u20e3", "/1000"),
        ("‰.½ ‰ .⅟", "/1000. 1/2 /1000 .1/"),
        ("0² X² X≈", "0**2 X2 X ca."),
        ("1\ufe0f\u20e32\ufe0f\u20e3", "1 2"),
        ("25\ufe0f\u20e3", "2 5"),
        ("\u20e35", "5"),
        ("٢٥٫٥ ５０ 𝟓", "25,5 50 5"),
        ("١٬٠٠٠ ٥٪", "1'000 5%"),
        ("5‰ 3", "5/1000 3"),
        ("‰5 veya ‰2,5 oranında", "5/1000 veya 2,5/1000 oranında"),
        ("5‱ ‱5", "5/10000 5/10000"),
        ("‰", "/1000"),
        ("40°30' 5°", "40 30' 5"),
        ("5 ° 3", "5 3"),
        ("25℃ 25 ℉", "25C 25 F"),
        ("2\u20625", "2 5"),
        ("5₺ £5 50¢", "5TL GBP5 50c"),
        ("5㏂ ㏂5", "5a.m. a.m. 5"),
        ("ŀ Ŀ ª", "l L a"),
    ],
)
def test_a_number_keeps_its_value(written: str, sent: str) -> None:
    """Or the character says what it means in plain ones."""
    assert fold(written) == sent


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("yangın 🔥!", "yangın !"),
        ("yangın 🔥 var", "yangın var"),
        ("yangın🔥var", "yangın var"),
        ("🔥 yangın 🔥", "yangın"),
        ("🔥yangın🔥", "yangın"),
        ("🔥🔥🔥 yangın", "yangın"),
        ("a 🔥 🔥 b", "a b"),
        ("ev 👨\u200d👩\u200d👧 ev", "ev ev"),
        ("tamam 👍🏽 mı", "tamam mı"),
        ("❤\ufe0f seni", "seni"),
        ("🇹🇷 bayrak", "bayrak"),
        ("🏴\U000e0067\U000e0062\U000e007f bayrak", "bayrak"),
        ("a  b", "a  b"),
        ("  a  ", "  a  "),
        ("a   🔥 b", "a   b"),
        ("a🔥   b", "a   b"),
        (" 🔥 a 🔥  ", " a  "),
        ("bir\n\n\niki\n", "bir iki"),
        ("bir \r\n iki", "bir iki"),
        ("\u00a0bir\u2003\u2003iki\u00a0", "bir iki"),
        ("1🔥250", "1 250"),
    ],
)
def test_what_vanishes_leaves_no_run_of_spaces(written: str, sent: str) -> None:
    """Each is paid; those that the user typed stay."""
    assert fold(written) == sent


@given(st.text(st.sampled_from("ab 🔥\u200d\ufe0f🏽\n火…½")))
def test_no_run_of_spaces_is_longer_than_the_longest_that_was_typed(text: str) -> None:
    """And none begins or ends a text that no space began or ended."""
    folded = fold(text)
    text = text.translate(dict.fromkeys(map(ord, "\u200d\ufe0f")))
    longest = max(map(len, re.findall(" +", text)), default=1)
    assert " " * (longest + 1) not in folded
    if folded.strip():
        assert text.startswith(" ") or not folded.startswith(" ")
        assert text.endswith(" ") or not folded.endswith(" ")


MEANINGFUL: Final = st.text(
    st.sampled_from("0157 .,-+()aşK~≈•—½²₂①⒈⅟‰‱°º…→≥±²⁻⁺⁄₺€|^\u20e3\ufe0f🔥\n№㎡㏂٥")
)


@given(MEANINGFUL)
def test_what_is_folded_is_sent_and_charged_as_it_was_previewed(text: str) -> None:
    """The provider changes nothing, and folding again changes nothing."""
    folded = fold(text)
    assert fold(folded) == folded
    if 0 < measure(folded).parts <= 6:
        sent = prepare(folded)
        assert sent.text == folded
        assert (sent.language, sent.length, sent.parts) == measure(folded)


@given(st.text(st.sampled_from(sorted({*ACCEPTED, *REPLACED}))))
def test_what_the_provider_replaces_itself_is_left_to_its_rules(text: str) -> None:
    """Its own document says what becomes of these eight."""
    assert fold(text) == "".join(REPLACED.get(one, one) for one in text)


def test_every_character_that_changes_is_named(beside_sevens: dict[str, str]) -> None:
    """`hâlâ` becomes another word, and whoever previews it learns why."""
    for character in beside_sevens:
        composed = unicodedata.normalize("NFC", character)
        if composed not in ACCEPTED:
            assert replaced(character) == tuple(dict.fromkeys(composed))
    assert replaced("hâlâ ~5 2½ 🔥") == ("â", "~", "½", "🔥")


def test_a_long_text_full_of_marks_is_folded_at_once() -> None:
    """What a template wrote must not hold Home Assistant up."""
    for piece in ("~", "~ ", " 🔥", "²", "½.", "‰5", " ", "\n "):
        assert len(fold(piece * 100_000)) <= 1_000_000
