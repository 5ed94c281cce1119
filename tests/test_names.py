"""However a name is written, it means the same person, and never another one."""

import unicodedata

from hypothesis import given, strategies as st
import pytest

from custom_components.bisms.names import Names, spelling

IREM, AYSE, ALI = range(3)


@pytest.mark.parametrize(
    "written",
    [
        "İrem Işık",
        "İREM IŞIK",
        "irem ışık",
        "IREM ISIK",
        "irem isik",
        "ırem ısık",
        unicodedata.normalize("NFD", "İrem Işık"),
        unicodedata.normalize("NFD", "irem ışık"),
        "  İrem \t Işık\n",
        "İrem\u00a0Işık",
        "\u202aİrem Işık\u202c",
        "ＩＲＥＭ ＩＳＩＫ",
    ],
)
def test_every_spelling_means_the_same_person(written: str) -> None:
    """Case, either i, marks, spaces and the form of Unicode do not matter."""
    names = Names([("İrem Işık", IREM), ("Ayşe", AYSE), ("Ali", ALI)])

    assert names.find(written) == [("İrem Işık", IREM)]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Çağrı Öğüt", "cagri ogut"),
        ("Łukasz", "lukasz"),
        ("Søren", "SOREN"),
        ("Groß", "GROSS"),
        ("Ομάδα", "ΟΜΑΔΑ"),
        ("❤\ufe0f Anne", "❤ anne"),
    ],
)
def test_other_letters_have_their_spellings_too(name: str, written: str) -> None:
    """Of names that are not Turkish."""
    assert spelling(name) == spelling(written)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Ali", "Veli"),
        ("Ayşe Teyze", "AyşeTeyze"),
        ("Kat 1", "Kat 2"),
        ("かき", "かぎ"),
        ("\u200b", "\u200d"),
        ("\u200b", ""),
        ("🏠", "🏡"),
    ],
)
def test_another_name_is_another_name(name: str, written: str) -> None:
    """Nothing is overlooked that makes a difference."""
    assert Names([(name, ALI)]).find(written) == ()


def test_exactly_this_name_comes_before_one_that_is_spelled_the_same() -> None:
    """Composed or decomposed; otherwise all are found whom it can mean."""
    names = Names([("Ayşe", AYSE), ("AYSE", ALI)])

    assert names.find("AYSE") == [("AYSE", ALI)]
    assert names.find(unicodedata.normalize("NFD", "Ayşe")) == [("Ayşe", AYSE)]
    assert names.find("ayse") == [("Ayşe", AYSE), ("AYSE", ALI)]
    assert Names([("Ev", AYSE), ("Ev", ALI)]).find("Ev") == [("Ev", AYSE), ("Ev", ALI)]


def test_names_are_listed_by_how_likely_they_are_meant() -> None:
    """Those that are not like it at all come last, as they were added; each comes once."""
    names = Names(
        (name, None) for name in ("Zehra", "Can", "Ayşe Teyze", "AYŞE", "Ayşe", "Can")
    )

    assert names.likeliest("aysee") == ["AYŞE", "Ayşe", "Ayşe Teyze", "Zehra", "Can"]
    assert Names([]).likeliest("ayse") == []


@given(st.text())
def test_a_spelling_is_spelled_as_it_is(name: str) -> None:
    """There is one spelling of a name, whatever the name."""
    assert spelling(spelling(name)) == spelling(name)
    assert spelling(f" {name}  ") == spelling(name) or not name.strip()


@given(
    st.text(
        st.sampled_from("abcçdefgğhıijklmnoöprsştuüvyz ABCÇDEFGĞHIİJKLMNOÖPRSŞTUÜVYZ")
    )
)
def test_a_turkish_name_is_found_in_every_spelling(name: str) -> None:
    """As Turkish and as English speakers shout and whisper it, with and without marks."""
    plain = name.translate(str.maketrans("çÇğĞıİöÖşŞüÜ", "cCgGiIoOsSuU"))
    for written in (
        name.upper(),
        name.lower(),
        name.replace("i", "İ").replace("ı", "I").upper(),
        name.replace("İ", "i").replace("I", "ı").lower(),
        plain,
        plain.upper(),
        unicodedata.normalize("NFD", name),
    ):
        assert spelling(written) == spelling(name) or not name.strip()
