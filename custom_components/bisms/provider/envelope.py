"""The XML body that asks the provider to send (section 5)."""

from collections.abc import Iterator
from html import escape
import re
from typing import Final
from zoneinfo import ZoneInfo

from .models import Message

_PROVIDER_ZONE: Final = ZoneInfo("Europe/Istanbul")
_NOT_XML: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NUMBER_SIZE: Final = len("<no>905559998877</no>")
_TEXT_SIZE: Final = len("<mb><msg><![CDATA[]]></msg></mb>")


def elements(message: Message, username: str, password: str) -> Iterator[str]:
    """Yield the body of a sending in small pieces, so that a large one need not be built at once.

    Parameters
    ----------
    message
        What to send: one text to its numbers (1-N) or, when it is `individual` or has
        several texts, each number with its text (N-N).
    username, password
        The account.

    Yields
    ------
    str
        Well-formed XML when joined, whatever the texts.
    """
    yield "<sms>"
    yield _element("username", username)
    yield _element("password", password)
    yield _element("header", message.header)
    yield from _options(message)
    if _is_individual(message):
        yield from _each_its_own(message)
    else:
        yield from _same_for_all(message)
    yield "</sms>"


def estimated_size(message: Message) -> int:
    """Return roughly how many bytes the body of a sending has.

    Parameters
    ----------
    message
        What to send.

    Returns
    -------
    int
        Bytes, each character taken for two; never far below the truth.
    """
    individual = _is_individual(message)
    return sum(
        len(sms.numbers) * _NUMBER_SIZE
        + (len(sms.numbers) if individual else 1) * (_TEXT_SIZE + 2 * len(sms.text))
        for sms in message.sms
    )


def _is_individual(message: Message) -> bool:
    """Tell whether the N-N form is needed."""
    return message.individual or len(message.sms) > 1


def _options(message: Message) -> Iterator[str]:
    """Yield the optional elements that are used; an unused one must not be there."""
    if message.validity is not None:
        yield _element("validity", str(message.validity))
    if message.send_at is not None:
        at = message.send_at.astimezone(_PROVIDER_ZONE)
        moment = (at.year, at.month, at.day, at.hour, at.minute, at.second)
        yield _element("sendDateTime", ".".join(map(str, moment)))


def _same_for_all(message: Message) -> Iterator[str]:
    """Yield the 1-N form."""
    [sms] = message.sms
    yield "<message><gsm>"
    for number in sms.numbers:
        yield _number(number)
    yield f"</gsm>{_text(sms.text)}</message>"


def _each_its_own(message: Message) -> Iterator[str]:
    """Yield the N-N form."""
    yield "<messages>"
    for sms in message.sms:
        text = _text(sms.text)
        for number in sms.numbers:
            yield f"<mb>{_number(number)}{text}</mb>"
    yield "</messages>"


def _number(digits: str) -> str:
    """Return a number's element: digits need no escape."""
    return f"<no>{digits}</no>"


def _element(name: str, content: str) -> str:
    """Return an element with escaped content."""
    return f"<{name}>{escape(_NOT_XML.sub(' ', content), quote=False)}</{name}>"


def _text(text: str) -> str:
    """Return the text's element: in CDATA, closed and opened again where the text would end it."""
    content = _NOT_XML.sub(" ", text).replace("]]>", "]]]]><![CDATA[>")
    return f"<msg><![CDATA[{content}]]></msg>"
