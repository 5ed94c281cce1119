"""What the provider makes of texts, and what it charges for them."""

from hypothesis import given, strategies as st
import pytest

from simulator.text import ACCEPTED, prepare


@pytest.mark.parametrize(
    ("raw", "sent"),
    [
        ("Merhaba dünya", "Merhaba dünya"),
        ("|^€{[}]\\", "I'E(())/"),
        ("25 °C", "25  C"),
        ("a\nb\tc", "a b c"),
        ("“tamam”…", " tamam  "),
        ("duman 🔥!", "duman  !"),
        ("Â é ~ `", "       "),
    ],
)
def test_text_is_inspected_as_the_document_says(raw: str, sent: str) -> None:
    """Some characters are replaced, the unknown ones become spaces."""
    assert prepare(raw).text == sent


@pytest.mark.parametrize(
    ("text", "language", "length"),
    [
        ("Merhaba", "english", 7),
        ("üÜöÖÇ", "turkish", 5),
        ("ğĞşŞıİç", "turkish", 14),
        ("I i C c", "english", 7),
        ("é", "english", 1),
    ],
)
def test_language_and_length_follow_the_turkish_letters(
    text: str, language: str, length: int
) -> None:
    """One Turkish letter makes a text Turkish, and some count twice."""
    prepared = prepare(text)
    assert (prepared.language, prepared.length) == (language, length)


@pytest.mark.parametrize(
    ("first", "limits"),
    [("a", (160, 306, 459, 612, 765, 917)), ("ü", (155, 292, 439, 587, 735, 882))],
)
def test_parts_change_at_the_limits_of_the_table(
    first: str, limits: tuple[int, ...]
) -> None:
    """Each limit is the last length of its part."""
    for parts, limit in enumerate(limits, start=1):
        assert prepare(first + "a" * (limit - 1)).parts == parts
        assert prepare(first + "a" * limit).parts == min(parts + 1, 6)


def test_what_exceeds_six_parts_is_cut_off() -> None:
    """The end is lost, and a letter that counts twice is not halved."""
    assert prepare("a" * 1000).text == "a" * 917
    assert prepare("ü" * 1000).text == "ü" * 882
    assert prepare("ü" + "a" * 880 + "ğ" + "a").text == "ü" + "a" * 880


@given(st.text())
def test_what_is_sent_would_be_sent_unchanged_again(raw: str) -> None:
    """A prepared text holds accepted characters only and fits."""
    prepared = prepare(raw)
    assert set(prepared.text) <= set(ACCEPTED)
    assert prepare(prepared.text) == prepared
    assert 1 <= prepared.parts <= 6
