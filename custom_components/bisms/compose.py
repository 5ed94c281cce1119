"""What a user asked for becomes a checked provider message, or an error in words."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from homeassistant.exceptions import ServiceValidationError

from .const import MAX_SEND_AHEAD, ScheduledBy, TooLong, TurkishCharacters
from .errors import invalid
from .names import Names, listed
from .provider.models import Message, Sms
from .provider.numbers import InvalidNumberError, normalize
from .provider.text import (
    MAX_PARTS,
    Measure,
    fold,
    measure,
    replaced,
    simplify,
    split,
    truncate,
)


class Choices(NamedTuple):
    """How the messages of one call are to be sent.

    Attributes
    ----------
    header
        Sender name.
    validity
        Minutes the provider keeps trying, 1-2880; None leaves it to the provider.
    send_at
        Aware time at which it is to be sent; None means at once.
    scheduled_by
        Who keeps it until then.
    """

    header: str
    turkish_characters: TurkishCharacters
    too_long: TooLong
    validity: int | None = None
    send_at: datetime | None = None
    scheduled_by: ScheduledBy = ScheduledBy.PROVIDER


class Preview(NamedTuple):
    """What a text would be on the wire, what it amounts to, and what changed."""

    text: str
    measure: Measure
    replaced: tuple[str, ...]


def same_text(
    recipients: Iterable[str | int],
    text: str,
    choices: Choices,
    book: Names[Sequence[str]],
    now: datetime,
) -> list[Message]:
    """Return the requests that send one text: one, or one for each piece of a split text.

    `book` has the recipients' numbers by their names. Raises `ServiceValidationError`
    for anything that the provider would not send as asked.
    """
    _check_time(choices, now)
    numbers = numbers_of(recipients, book)
    return [
        _message(choices, (Sms(numbers=numbers, text=piece, parts=parts),))
        for piece, parts in _pieces(text, choices)
    ]


def own_texts(
    texts: Iterable[tuple[str | int, str]],
    choices: Choices,
    book: Names[Sequence[str]],
    now: datetime,
) -> Message:
    """Return the one request that sends each recipient a text of its own.

    `book` has the recipients' numbers by their names. Raises `ServiceValidationError`
    for anything that the provider would not send as asked.
    """
    if choices.too_long is TooLong.SPLIT:
        raise invalid("split_not_allowed")
    _check_time(choices, now)
    numbers: dict[str, dict[str, None]] = {}
    sms: list[Sms] = []
    for recipient, text in texts:
        [(piece, parts)] = _pieces(text, choices)
        known = numbers.setdefault(piece, {})
        new = [n for n in numbers_of([recipient], book) if n not in known]
        known.update(dict.fromkeys(new))
        if new:
            sms.append(Sms(numbers=tuple(new), text=piece, parts=parts))
    if not sms:
        raise invalid("no_recipients")
    return _message(choices, tuple(sms), individual=True)


def preview(text: str, how: TurkishCharacters, too_long: TooLong) -> Preview:
    """Return what would be sent of a text; one too long to be sent is measured as it is."""
    folded = fold(text)
    sent = _letters(folded, how)
    changed = replaced(text, simplified=sent != folded)
    if not sent.strip():
        raise invalid("empty_message")
    if too_long is TooLong.TRUNCATE:
        sent = truncate(sent)
    whole = measure(sent)
    if too_long is TooLong.SPLIT:
        pieces = list(map(measure, split(sent)))
        whole = Measure(
            whole.language,
            sum(piece.length for piece in pieces),
            sum(piece.parts for piece in pieces),
        )
    return Preview(sent, whole, changed)


def number_of(written: str | int) -> str:
    """Return a number's 12 digits, or say in words that it is none."""
    try:
        return normalize(written)
    except InvalidNumberError as err:
        raise invalid(err.reason, number=err.number) from None


def numbers_of(
    recipients: Iterable[str | int], book: Names[Sequence[str]]
) -> tuple[str, ...]:
    """Return the numbers behind names and numbers, each once, in the order given."""
    found: dict[str, None] = {}
    for recipient in recipients:
        for number in _numbers_of(str(recipient).strip(), book):
            found[number] = None
    if not found:
        raise invalid("no_recipients")
    return tuple(found)


def _numbers_of(written: str, book: Names[Sequence[str]]) -> Sequence[str]:
    """Return the number that was written, or those of the recipient whose name it is."""
    if not any(map(str.isalpha, written)):
        try:
            return (number_of(written),)
        except ServiceValidationError:
            if not book.find(written):
                raise
    found = book.find(written)
    if not found:
        names = listed(book.likeliest(written))
        raise invalid("unknown_recipient", recipient=written, recipients=names)
    if len(found) > 1:
        names = listed([name for name, _ in found])
        raise invalid("ambiguous_recipient", recipient=written, recipients=names)
    [(_, numbers)] = found
    return numbers


def _pieces(text: str, choices: Choices) -> list[tuple[str, int]]:
    """Return a text as it goes on the wire, and its parts: in pieces where it may be split."""
    sent = _letters(fold(text), choices.turkish_characters)
    if not sent.strip():
        raise invalid("empty_message")
    if (parts := measure(sent).parts) <= MAX_PARTS:
        return [(sent, parts)]
    if choices.too_long is TooLong.SPLIT:
        return [(piece, measure(piece).parts) for piece in split(sent)]
    if choices.too_long is TooLong.TRUNCATE:
        cut = truncate(sent)
        return [(cut, measure(cut).parts)]
    raise invalid("message_too_long", parts=parts, max_parts=MAX_PARTS)


def _letters(folded: str, how: TurkishCharacters) -> str:
    """Return a folded text with its Turkish letters kept or simplified."""
    if how is TurkishCharacters.KEEP:
        return folded
    simple = simplify(folded)
    if how is TurkishCharacters.SIMPLIFY:
        return simple
    return simple if measure(simple).parts < measure(folded).parts else folded


def _check_time(choices: Choices, now: datetime) -> None:
    if choices.scheduled_by is ScheduledBy.HOME_ASSISTANT and choices.send_at is None:
        raise invalid("no_send_time")
    if choices.send_at is not None and choices.send_at > now + MAX_SEND_AHEAD:
        raise invalid("send_time_too_far")


def _message(
    choices: Choices, sms: tuple[Sms, ...], *, individual: bool = False
) -> Message:
    if not choices.header:
        raise invalid("no_header")
    return Message(
        header=choices.header,
        sms=sms,
        individual=individual,
        validity=choices.validity,
        send_at=(
            choices.send_at if choices.scheduled_by is ScheduledBy.PROVIDER else None
        ),
    )
