"""However people write a Turkish mobile number, the provider gets its 12 digits."""

from hypothesis import given, strategies as st
import pytest

from custom_components.bisms.provider.numbers import (
    InvalidNumberError,
    LandlineNumberError,
    mask,
    normalize,
)

NATIONAL = st.from_regex(r"5[0-9]{9}", fullmatch=True)


@pytest.mark.parametrize(
    "written",
    [
        "5559998877",
        "05559998877",
        "905559998877",
        "+905559998877",
        "00905559998877",
        "+90 (555) 999-88-77",
        "0090 555 999 88 77",
        "(0555) 999 88 77",
        "0 (555) 999.88.77",
        "555/999/88/77",
        " 555\u00a0999\u202f88\u200977\n",
        5559998877,
        905559998877,
    ],
)
def test_every_usual_way_of_writing_means_the_same_number(written: str | int) -> None:
    """Twelve digits come out."""
    assert normalize(written) == "905559998877"


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "555999887",
        "55599988770",
        "9055599988770",
        "0212555998",
        "90212555998",
        "021255599887",
        "+2125559988",
        "002125559988",
        "01125559988",
        "06125559988",
        "08505559988",
        "4441444",
        "+15559998877",
        "+5559998877",
        "005559998877",
        "++905559998877",
        "90+5559998877",
        "555999887a",
        "٥٥٥٩٩٩٨٨٧٧",
        "５５５９９９８８７７",
        "5559998877,5559998866",
        "5559998877;",
        "-5559998877",
        -5559998877,
        True,
        0,
    ],
)
def test_anything_else_is_refused_by_name(written: str | int) -> None:
    """The error says which number it was."""
    with pytest.raises(InvalidNumberError) as caught:
        normalize(written)
    assert str(written).strip() in str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert caught.value.reason == "invalid_number"


@pytest.mark.parametrize(
    "written",
    [
        "0212 123 45 67",
        "+90 (212) 123-45-67",
        "0090 312 123 45 67",
        "90 312 123 45 67",
        "312/123/45/67",
        "4321234567",
        4321234567,
    ],
)
def test_a_landline_is_refused_as_what_it_is(written: str | int) -> None:
    """It is a number all right, but no SMS gets there."""
    with pytest.raises(LandlineNumberError) as caught:
        normalize(written)
    assert caught.value.reason == "landline_number"
    assert caught.value.number == str(written)


def test_a_refused_number_is_shown_short_and_printable() -> None:
    """Neither a novel nor a control character gets into the message."""
    with pytest.raises(InvalidNumberError) as caught:
        normalize("\x1b[31m\n" + "9" * 100)
    assert caught.value.number == "[31m" + "9" * 36
    assert str(caught.value).isprintable()


@given(NATIONAL, st.sampled_from(["", "0", "90", "+90", "0090"]), st.data())
def test_separators_never_change_a_number(
    national: str, prefix: str, data: st.DataObject
) -> None:
    """Separators may stand after any digit."""
    written = prefix + "".join(
        digit + data.draw(st.sampled_from(["", " ", "-", ".", "/", "\u00a0", ") "]))
        for digit in national
    )
    assert normalize(written) == f"90{national}"


@given(st.text() | st.integers())
def test_whatever_is_given_comes_out_as_a_mobile_number_or_an_error(
    written: str | int,
) -> None:
    """There is no third way, and a normal number stays as it is."""
    try:
        number = normalize(written)
    except InvalidNumberError:
        return
    assert number.isascii() and number.isdigit() and len(number) == 12
    assert number.startswith("905")
    assert normalize(number) == number


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("905559998877", "9055******77"),
        ("5559998", "5559*98"),
        ("555999", "******"),
        ("", ""),
    ],
)
def test_a_masked_number_cannot_be_called(number: str, masked: str) -> None:
    """The first four and the last two digits stay when enough others do not."""
    assert mask(number) == masked
