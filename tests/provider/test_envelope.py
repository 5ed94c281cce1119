"""Whatever is sent, the provider gets XML that it can read."""

from datetime import UTC, datetime, timedelta, timezone
import re
import xml.etree.ElementTree as ET

from hypothesis import given, strategies as st
import pytest

from custom_components.bisms.provider.envelope import elements, estimated_size
from custom_components.bisms.provider.models import Message, Sms
from custom_components.bisms.provider.text import fold

ONE = "905559998877"
OTHER = "905559998866"
NASTY = st.lists(
    st.sampled_from(["]]>", "]", ">", "<![CDATA[", "<", "&", "&amp;", '"', "ş", "🔥"])
    | st.sampled_from([" ", "\r\n", "\x00", "\x0b", "\ufffe", "\ud800"])
).map("".join)


def xml(message: Message, *account: str) -> str:
    """Build a body in one go."""
    return "".join(elements(message, *(account or ("test", "test"))))


def parse(body: str) -> ET.Element:
    """Read a body with a parser of its own."""
    return ET.fromstring(body.encode())  # noqa: S314


def one_text(text: str, *numbers: str) -> Message:
    """Make a message with one text."""
    return Message(
        header="BAŞLIK", sms=(Sms(numbers=numbers or (ONE,), text=text, parts=1),)
    )


def test_one_text_to_several_numbers_looks_as_in_the_document() -> None:
    """Section 5, 1-N."""
    assert xml(one_text("-MESAJ-METNİ-1-", ONE, OTHER)) == (
        "<sms><username>test</username><password>test</password>"
        "<header>BAŞLIK</header>"
        "<message><gsm><no>905559998877</no><no>905559998866</no></gsm>"
        "<msg><![CDATA[-MESAJ-METNİ-1-]]></msg></message></sms>"
    )


def test_a_text_for_each_number_looks_as_in_the_document() -> None:
    """Section 5, N-N; a recipient with two numbers gets the text on both."""
    message = Message(
        header="BAŞLIK",
        sms=(
            Sms(numbers=(ONE, OTHER), text="1", parts=1),
            Sms(numbers=("905550000000",), text="2", parts=1),
        ),
    )
    assert xml(message) == (
        "<sms><username>test</username><password>test</password>"
        "<header>BAŞLIK</header><messages>"
        "<mb><no>905559998877</no><msg><![CDATA[1]]></msg></mb>"
        "<mb><no>905559998866</no><msg><![CDATA[1]]></msg></mb>"
        "<mb><no>905550000000</no><msg><![CDATA[2]]></msg></mb>"
        "</messages></sms>"
    )


def test_a_single_text_goes_out_individually_when_asked() -> None:
    """The shape of the answer then is that of several."""
    message = Message(
        header="X", sms=(Sms(numbers=(ONE,), text="1", parts=1),), individual=True
    )
    assert parse(xml(message)).findtext("messages/mb/no") == ONE


def test_options_come_before_the_message_and_only_when_used() -> None:
    """An empty element would be refused."""
    message = Message(
        header="X",
        sms=(Sms(numbers=(ONE,), text="1", parts=1),),
        validity=2880,
        send_at=datetime(2015, 7, 23, 9, 30, tzinfo=timezone(timedelta(hours=3))),
    )
    assert [element.tag for element in parse(xml(message))] == [
        "username",
        "password",
        "header",
        "validity",
        "sendDateTime",
        "message",
    ]
    assert parse(xml(message)).findtext("validity") == "2880"


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 7, 23, 6, 30, tzinfo=UTC), "2026.7.23.9.30.0"),
        (datetime(2026, 12, 31, 22, 5, 9, 999999, tzinfo=UTC), "2027.1.1.1.5.9"),
        (
            datetime(2026, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=-5))),
            "2026.1.2.11.4.0",
        ),
    ],
)
def test_the_time_is_istanbuls_without_padding(moment: datetime, written: str) -> None:
    """Wherever the user is."""
    message = Message(
        header="X", sms=(Sms(numbers=(ONE,), text="1", parts=1),), send_at=moment
    )
    assert parse(xml(message)).findtext("sendDateTime") == written


@given(st.text() | NASTY)
def test_no_text_breaks_the_xml(text: str) -> None:
    """Not even one that was never folded: what XML cannot hold becomes a space."""
    body = parse(xml(one_text(text)))
    expected = re.sub(
        r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", " ", text
    )
    expected = expected.replace("\r\n", "\n").replace("\r", "\n")
    assert body.findtext("message/msg") == expected
    assert len(body.findall(".//*")) == 7


@given(st.text() | NASTY)
def test_a_folded_text_arrives_exactly_as_previewed(text: str) -> None:
    """In both forms."""
    sent = fold(text)
    one = Sms(numbers=(ONE,), text=sent, parts=1)
    same = parse(xml(Message(header="X", sms=(one,))))
    own = parse(xml(Message(header="X", sms=(one, one))))
    assert same.findtext("message/msg") == sent
    assert own.findtext("messages/mb/msg") == sent


@given(NASTY, NASTY)
def test_no_account_breaks_the_xml(username: str, password: str) -> None:
    """Whatever characters it has."""
    body = parse(xml(one_text("x"), username, password))
    assert [element.tag for element in body] == [
        "username",
        "password",
        "header",
        "message",
    ]


@given(
    st.lists(st.text(st.sampled_from("aş ")), min_size=1, max_size=20),
    st.integers(1, 5),
    st.booleans(),
)
def test_the_estimated_size_is_close(
    texts: list[str], numbers: int, individual: bool
) -> None:
    """Enough to choose a time-out by."""
    message = Message(
        header="X",
        sms=tuple(Sms(numbers=(ONE,) * numbers, text=text, parts=1) for text in texts),
        individual=individual,
    )
    size = len(xml(message).encode())
    assert size - 200 <= estimated_size(message) <= 2 * size
