"""The XML body of a POST that sends (section 5)."""

from collections.abc import Iterator
from typing import NoReturn
from xml.etree import ElementTree as ET

from .answers import Code, Refusal
from .sendings import Form, SendOrder

REQUIRED = {"username", "password", "header"}
OPTIONAL = {"validity", "sendDateTime"}


def read_order(body: bytes) -> SendOrder:
    """Return what a body asks for, or refuse it with 91 or 89."""
    root = _parsed(body)
    children = {child.tag: child for child in root}
    form: Form = "N-N" if "messages" in children else "1-N"
    content = "messages" if form == "N-N" else "message"
    if root.tag != "sms" or len(children) != len(root):
        _refuse()
    if not REQUIRED | {content} <= children.keys() <= REQUIRED | OPTIONAL | {content}:
        _refuse()
    fields = {tag: _value(child) for tag, child in children.items() if tag != content}
    read = _individual_texts if form == "N-N" else _shared_text
    return SendOrder(
        username=fields["username"],
        secret=fields["password"],
        header=fields["header"],
        messages=tuple(read(children[content])),
        form=form,
        validity=fields.get("validity"),
        send_date_time=fields.get("sendDateTime"),
    )


def _parsed(body: bytes) -> ET.Element:
    """Return the root element of a body that is there and well-formed."""
    try:
        document = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal(Code.BODY_MISSING) from None
    if not document.strip():
        raise Refusal(Code.BODY_MISSING)
    try:
        return ET.fromstring(document)  # noqa: S314 (expat itself bounds entity expansion)
    except ET.ParseError:
        _refuse()


def _shared_text(message: ET.Element) -> Iterator[tuple[str, str]]:
    """Yield each number of a 1-N request with the one text."""
    members = _members(message, "gsm", "msg")
    text = _text(members["msg"])
    if len(members["gsm"]) == 0:
        _refuse()
    for number in members["gsm"]:
        if number.tag != "no":
            _refuse()
        yield _value(number), text


def _individual_texts(messages: ET.Element) -> Iterator[tuple[str, str]]:
    """Yield each number of an N-N request with its own text."""
    if len(messages) == 0:
        _refuse()
    for pair in messages:
        if pair.tag != "mb":
            _refuse()
        members = _members(pair, "no", "msg")
        yield _value(members["no"]), _text(members["msg"])


def _members(parent: ET.Element, *tags: str) -> dict[str, ET.Element]:
    """Return an element's children by name, which must be exactly these."""
    members = {child.tag: child for child in parent}
    if len(members) != len(parent) or members.keys() != set(tags):
        _refuse()
    return members


def _value(element: ET.Element) -> str:
    """Return what an element holds, without the white space around it."""
    value = _text(element).strip()
    if not value:
        _refuse()
    return value


def _text(element: ET.Element) -> str:
    """Return what an element holds, to the letter; an empty element is refused."""
    if not element.text or len(element):
        _refuse()
    return element.text


def _refuse() -> NoReturn:
    """Refuse a body that is not the XML of the document."""
    raise Refusal(Code.BAD_XML)
