"""What a user asked for becomes requests: names, numbers, texts and their price."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.exceptions import ServiceValidationError
import pytest

from custom_components.bisms.compose import (
    Choices,
    number_of,
    own_texts,
    preview,
    same_text,
)
from custom_components.bisms.const import TooLong, TurkishCharacters
from custom_components.bisms.names import Names
from custom_components.bisms.provider.text import Language, measure

from .accounts import ALI, AYSE, RECIPIENTS, VELI

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
KEEP, SIMPLIFY, WHEN_CHEAPER = TurkishCharacters
REJECT, TRUNCATE, SPLIT = TooLong
BOOK: Names[Sequence[str]] = Names(RECIPIENTS.items())
TWO_PARTS_IN_TURKISH_ONLY = "ı" * 78


def choices(**changes: Any) -> Choices:
    """Return how to send: as an account without any particular wish does."""
    wishes = {"header": "EV", "turkish_characters": KEEP, "too_long": REJECT}
    return Choices(**{**wishes, **changes})


@pytest.mark.parametrize(
    ("recipients", "numbers"),
    [
        (["Ayşe"], [AYSE]),
        (["AYŞE", "ayşe", " Ayşe ", "ayse"], [AYSE]),
        (["aile", "AİLE", "AILE"], [ALI, VELI]),
        (["Aile", "Ayşe"], [ALI, VELI, AYSE]),
        (["0 (555) 999 88 77"], [AYSE]),
        ([5559998877], [AYSE]),
        (["+905551112233", "Aile", "Ayşe", "5551112244"], [ALI, VELI, AYSE]),
    ],
)
def test_names_and_numbers_become_numbers_each_of_them_once(
    recipients: list[str | int], numbers: list[str]
) -> None:
    """In the order in which they were named."""
    [message] = same_text(recipients, "Alo", choices(), BOOK, NOW)

    assert list(message.numbers) == numbers


@pytest.mark.parametrize(
    ("recipients", "key"),
    [
        (["Fatma"], "unknown_recipient"),
        (["Ayşe Teyze"], "unknown_recipient"),
        (["555"], "invalid_number"),
        (["02125554433"], "landline_number"),
        ([""], "invalid_number"),
        ([], "no_recipients"),
    ],
)
def test_someone_who_cannot_be_reached_is_an_error(
    recipients: list[str | int], key: str
) -> None:
    """A word is taken for a name, anything else for a number."""
    with pytest.raises(ServiceValidationError) as caught:
        same_text([*recipients], "Alo", choices(), BOOK, NOW)

    assert caught.value.translation_key == key


def test_a_name_that_two_recipients_share_texts_neither_of_them() -> None:
    """Unless it is written exactly as one of them; individual texts go by the same rule."""
    book: Names[Sequence[str]] = Names(
        [("Ayşe", [AYSE]), ("AYŞE", [ALI]), ("Ev", [ALI]), ("Ev", [VELI])]
    )
    for written, names in (("ayse", "Ayşe, AYŞE"), ("Ev", "Ev, Ev")):
        with pytest.raises(ServiceValidationError) as caught:
            same_text([written], "Alo", choices(), book, NOW)
        assert caught.value.translation_key == "ambiguous_recipient"
        assert caught.value.translation_placeholders == {
            "recipient": written,
            "recipients": names,
        }
        with pytest.raises(ServiceValidationError) as caught:
            own_texts([(written, "Alo")], choices(), book, NOW)
        assert caught.value.translation_key == "ambiguous_recipient"

    [message] = same_text(["AYŞE"], "Alo", choices(), book, NOW)
    assert list(message.numbers) == [ALI]


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        (["Veli", "Aile", "Ayşe"], "Ayşe, Veli, Aile"),
        (["Veli", "Ali", "Anne", "Baba", "Ayşegül"], "Ayşegül, Veli, Ali, Anne, Baba"),
        (
            ["Veli", "Ali", "Anne", "Baba", "Ev", "Ayşe"],
            "Ayşe, Veli, Ali, Anne, Baba, …",
        ),
        ([], "–"),
    ],
)
def test_who_names_nobody_is_told_the_names_there_are(
    names: list[str], listed: str
) -> None:
    """The likeliest first, and no more than a handful."""
    book: Names[Sequence[str]] = Names((name, [AYSE]) for name in names)

    with pytest.raises(ServiceValidationError) as caught:
        same_text(["AYŞEE"], "Alo", choices(), book, NOW)

    assert caught.value.translation_placeholders == {
        "recipient": "AYŞEE",
        "recipients": listed,
    }


def test_a_number_is_itself_whoever_was_renamed_to_it() -> None:
    """What has no letters and is no number is a name if somebody has it."""
    book: Names[Sequence[str]] = Names([(ALI, [AYSE]), ("🏠", [VELI]), ("112", [VELI])])

    [message] = same_text([ALI, "0555 111 22 33"], "Alo", choices(), book, NOW)
    assert list(message.numbers) == [ALI]
    [message] = same_text([" 🏠 ", "112"], "Alo", choices(), book, NOW)
    assert list(message.numbers) == [VELI]


@pytest.mark.parametrize(
    ("how", "text", "sent"),
    [
        (KEEP, "Işık", "Işık"),
        (SIMPLIFY, "Işık", "Isik"),
        (WHEN_CHEAPER, "Işık", "Işık"),
        (WHEN_CHEAPER, TWO_PARTS_IN_TURKISH_ONLY, "i" * 78),
        (KEEP, TWO_PARTS_IN_TURKISH_ONLY, TWO_PARTS_IN_TURKISH_ONLY),
    ],
)
def test_turkish_letters_are_kept_simplified_or_whatever_is_cheaper(
    how: TurkishCharacters, text: str, sent: str
) -> None:
    """Cheaper means a part less, not a character less."""
    [message] = same_text(["Ayşe"], text, choices(turkish_characters=how), BOOK, NOW)

    assert message.sms[0].text == sent
    assert preview(text, how, REJECT).text == sent


@pytest.mark.parametrize(
    ("length", "parts"), [(160, 1), (161, 2), (917, 6), (918, 7), (5000, 33)]
)
def test_a_text_that_is_too_long_is_refused_with_the_parts_it_needs(
    length: int, parts: int
) -> None:
    """Six parts go."""
    text = "a" * length
    assert preview(text, KEEP, REJECT).measure.parts == parts
    if parts <= 6:
        [message] = same_text(["Aile"], text, choices(), BOOK, NOW)
        assert message.credits == 2 * parts
        return
    with pytest.raises(ServiceValidationError) as caught:
        same_text(["Aile"], text, choices(), BOOK, NOW)
    assert caught.value.translation_placeholders == {
        "parts": str(parts),
        "max_parts": "6",
    }


def test_a_text_that_is_too_long_can_be_cut() -> None:
    """To six parts in the language of the whole, wherever its Turkish letter was."""
    text = "a" * 1000 + "ü"

    [message] = same_text(["Ayşe"], text, choices(too_long=TRUNCATE), BOOK, NOW)

    assert message.sms[0].text == preview(text, KEEP, TRUNCATE).text == "a" * 882


def test_a_text_that_is_too_long_can_be_split() -> None:
    """Into requests of at most six parts that have all of it."""
    text = " ".join(f"kelime{number}" for number in range(300))

    messages = same_text(["Aile"], text, choices(too_long=SPLIT), BOOK, NOW)

    texts = [message.sms[0].text for message in messages]
    assert len(texts) > 1
    assert " ".join(texts).split() == text.split()
    assert all(measure(piece).parts <= 6 for piece in texts)
    total = preview(text, KEEP, SPLIT).measure
    assert sum(each.credits for each in messages) == 2 * total.parts
    assert total.length == sum(measure(piece).length for piece in texts)


def test_a_text_is_simplified_before_it_is_too_long() -> None:
    """What fits once it is simplified is not refused."""
    text = "ş" * 900

    [message] = same_text(
        ["Ayşe"], text, choices(turkish_characters=WHEN_CHEAPER), BOOK, NOW
    )

    assert message.sms[0].text == "s" * 900


@pytest.mark.parametrize("text", ["", " ", "\n\t", "🔥", "\u200b"])
def test_a_text_of_which_nothing_is_left_is_refused(text: str) -> None:
    """By a send and by a preview."""
    with pytest.raises(ServiceValidationError) as caught:
        same_text(["Ayşe"], text, choices(), BOOK, NOW)
    assert caught.value.translation_key == "empty_message"
    with pytest.raises(ServiceValidationError) as caught:
        preview(text, KEEP, REJECT)
    assert caught.value.translation_key == "empty_message"


@pytest.mark.parametrize(
    ("how", "language", "changed"),
    [
        (KEEP, Language.TURKISH, ("€", "{", "°")),
        (SIMPLIFY, Language.ENGLISH, ("ç", "€", "{", "°", "ğ")),
    ],
)
def test_a_preview_names_the_characters_that_change(
    how: TurkishCharacters, language: Language, changed: tuple[str, ...]
) -> None:
    """Each once, simplified letters too."""
    shown = preview("aç €5 {25 °C ğ €", how, REJECT)

    assert shown.measure.language is language
    assert set(shown.replaced) >= set(changed)
    assert len(shown.replaced) == len(set(shown.replaced))


def test_a_message_may_be_scheduled_up_to_a_year_ahead() -> None:
    """To the second; later is refused here already."""
    year = timedelta(days=365)
    [message] = same_text(["Ayşe"], "Alo", choices(send_at=NOW + year), BOOK, NOW)
    assert message.send_at == NOW + year

    too_far = choices(send_at=NOW + year + timedelta(seconds=1))
    with pytest.raises(ServiceValidationError) as caught:
        same_text(["Ayşe"], "Alo", too_far, BOOK, NOW)
    assert caught.value.translation_key == "send_time_too_far"
    with pytest.raises(ServiceValidationError) as caught:
        own_texts([("Ayşe", "Alo")], too_far, BOOK, NOW)
    assert caught.value.translation_key == "send_time_too_far"


def test_individual_texts_are_one_request() -> None:
    """A recipient is one item with all its numbers, and costs accordingly."""
    message = own_texts(
        [("Ayşe", "Bir"), ("Aile", "a" * 200)],
        choices(validity=5),
        BOOK,
        NOW,
    )

    assert message.individual
    assert message.validity == 5
    assert [(sms.numbers, sms.text[:3]) for sms in message.sms] == [
        ((AYSE,), "Bir"),
        ((ALI, VELI), "aaa"),
    ]
    assert message.credits == 1 + 2 * 2


def test_a_number_may_get_two_texts_but_not_the_same_one_twice() -> None:
    """Whoever is named with it a second time."""
    message = own_texts(
        [("Aile", "Bir"), (ALI, "Bir"), (VELI, "İki"), ("Ayşe", "Bir")],
        choices(),
        BOOK,
        NOW,
    )

    assert [(sms.numbers, sms.text) for sms in message.sms] == [
        ((ALI, VELI), "Bir"),
        ((VELI,), "İki"),
        ((AYSE,), "Bir"),
    ]


def test_there_must_be_a_sender_name_and_a_recipient() -> None:
    """For individual texts as for a common one."""
    with pytest.raises(ServiceValidationError) as caught:
        same_text(["Ayşe"], "Alo", choices(header=""), BOOK, NOW)
    assert caught.value.translation_key == "no_header"
    with pytest.raises(ServiceValidationError) as caught:
        own_texts([], choices(), BOOK, NOW)
    assert caught.value.translation_key == "no_recipients"


def test_a_number_is_read_however_it_is_written() -> None:
    """Or refused by name."""
    assert number_of(" +90 555 999 88 77 ") == number_of(5559998877) == AYSE
    for written, key in (
        ("Ayşe", "invalid_number"),
        ("0212 555 44 33", "landline_number"),
    ):
        with pytest.raises(ServiceValidationError) as caught:
            number_of(written)
        assert caught.value.translation_key == key
        assert caught.value.translation_placeholders == {"number": written}
