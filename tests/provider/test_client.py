"""Each of the provider's calls, over real sockets, with every answer it can get."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
import io
from urllib.parse import parse_qsl, urlsplit
import xml.etree.ElementTree as ET

import aiohttp
import pytest

from custom_components.bisms.provider import codes
from custom_components.bisms.provider.client import (
    DEFAULT_URL,
    REQUEST_TIMEOUT,
    BismsClient,
    send_timeout,
)
from custom_components.bisms.provider.codes import (
    BismsError,
    Code,
    RefusedError,
    ServerError,
    UnknownCodeError,
    UnknownError,
    UnknownFateError,
    UnreadableAnswerError,
)
from custom_components.bisms.provider.models import (
    DeliveryReport,
    Message,
    NumberState,
    Receipt,
    ReportPhase,
    Sms,
)
from custom_components.bisms.provider.text import fold

from .conftest import SECRET, ClientFactory, Request, ScriptedProvider

ONE = "905559998877"
OTHER = "905559998866"
MESSAGE = Message(
    header="BAŞLIK", sms=(Sms(numbers=(ONE, OTHER), text="Merhaba", parts=1),)
)

type Call = Callable[[BismsClient], Awaitable[object]]

CALLS: dict[str, Call] = {
    "get_credit": lambda client: client.get_credit(),
    "get_headers": lambda client: client.get_headers(),
    "send_one": lambda client: client.send_one("BAŞLIK", ONE, "Merhaba"),
    "send_many": lambda client: client.send_many(MESSAGE),
    "get_report": lambda client: client.get_report("77300600"),
    "get_sent_ids": lambda client: client.get_sent_ids(),
    "add_to_blacklist": lambda client: client.add_to_blacklist(ONE),
    "get_blacklist": lambda client: client.get_blacklist(),
}
SENDING = ("send_one", "send_many")
REFUSALS = {
    "97": codes.UsePostMethodError,
    "95": codes.UseGetMethodError,
    "93": codes.MissingGetParamsError,
    "91": codes.MissingPostDataError,
    "89": codes.WrongXmlFormatError,
    "87": codes.InvalidAuthError,
    "85": codes.WrongHeaderError,
    "84": codes.WrongSendTimeError,
    "83": codes.EmptySmsError,
    "81": codes.NotEnoughCreditsError,
    "79": codes.ReportNotFoundError,
    "78": codes.AlreadyBlacklistedError,
    "77": codes.DuplicateMessageError,
}
every_call = pytest.mark.parametrize("name", CALLS)


def asked(request: Request) -> dict[str, str]:
    """Return a request's parameters, none of them twice."""
    pairs = parse_qsl(urlsplit(request.target).query, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


# What is asked


@pytest.mark.parametrize(
    ("name", "path", "answer", "parameters"),
    [
        ("get_credit", "/api/credit/v1", b"00 1", {}),
        ("get_headers", "/api/originator/v1", b"00 A", {}),
        (
            "send_one",
            "/api/smsget/v1",
            b"00 1",
            {"header": "BAŞLIK", "gsm": ONE, "message": "Merhaba"},
        ),
        ("get_report", "/api/dlr/v1", b"29", {"id": "77300600"}),
        ("get_sent_ids", "/api/campaignidlist/v1", b"00 1", {"page": "0"}),
        ("add_to_blacklist", "/api/blacklistadd/V1", b"00", {"gsm": ONE}),
        ("get_blacklist", "/api/blacklistexport/v1", b"00 1", {}),
    ],
)
async def test_each_get_asks_what_the_document_says(
    provider: ScriptedProvider,
    client: BismsClient,
    name: str,
    path: str,
    answer: bytes,
    parameters: dict[str, str],
) -> None:
    """One request, with the account and the call's own parameters."""
    provider.answer = answer
    await CALLS[name](client)
    [request] = provider.requests
    assert request.method == "GET"
    assert urlsplit(request.target).path == path
    account = {"username": "ev", "password": SECRET}
    assert asked(request) == account | parameters


async def test_what_is_previewed_is_what_is_on_the_wire(
    provider: ScriptedProvider, client: BismsClient
) -> None:
    """Percent-encoded UTF-8, a space as %20, in one GET."""
    provider.answer = b"00 77300600"
    text = fold("Su baskını: şofben & kombi %100 + 25 °C")
    assert text == "Su baskını: şofben & kombi %100 + 25 C"
    assert await client.send_one("BAŞLIK", ONE, text) == Receipt("77300600")
    [request] = provider.requests
    assert request.method == "GET"
    assert request.target == (
        "/api/smsget/v1?username=ev"
        "&password=5up3r-s3cr3t%2FApI%2Bkey%26of%3D32%25chars"
        "&header=BA%C5%9ELIK&gsm=905559998877"
        "&message=Su%20bask%C4%B1n%C4%B1%3A%20%C5%9Fofben%20%26%20kombi"
        "%20%25100%20%2B%2025%20C"
    )


async def test_one_post_carries_all_numbers(
    provider: ScriptedProvider, client: BismsClient
) -> None:
    """As XML in UTF-8, of known length, with the secret in the body only."""
    provider.answer = b"00 77300600"
    assert await client.send_many(MESSAGE) == Receipt("77300600")
    [request] = provider.requests
    assert (request.method, request.target) == ("POST", "/api/smspost/v1")
    assert request.headers["Content-Type"] == "text/xml; charset=UTF-8"
    assert request.headers["Content-Length"] == str(len(request.body))
    body = ET.fromstring(request.body)  # noqa: S314
    assert body.findtext("password") == SECRET
    assert [no.text for no in body.findall("message/gsm/no")] == [ONE, OTHER]


@pytest.mark.parametrize(
    ("message", "method"),
    [
        (Message(header="X", sms=(Sms(numbers=(ONE,), text="a", parts=1),)), "GET"),
        (
            Message(header="X", sms=(Sms(numbers=(ONE, OTHER), text="a", parts=1),)),
            "POST",
        ),
        (
            Message(
                header="X",
                sms=(
                    Sms(numbers=(ONE,), text="a", parts=1),
                    Sms(numbers=(OTHER,), text="b", parts=1),
                ),
            ),
            "POST",
        ),
        (
            Message(
                header="X",
                sms=(Sms(numbers=(ONE,), text="a", parts=1),),
                individual=True,
            ),
            "POST",
        ),
        (
            Message(
                header="X", sms=(Sms(numbers=(ONE,), text="a", parts=1),), validity=5
            ),
            "POST",
        ),
        (
            Message(
                header="X",
                sms=(Sms(numbers=(ONE,), text="a", parts=1),),
                send_at=datetime(2030, 1, 1, tzinfo=UTC),
            ),
            "POST",
        ),
    ],
)
async def test_only_the_plainest_message_goes_by_get(
    provider: ScriptedProvider, client: BismsClient, message: Message, method: str
) -> None:
    """And every message in one request."""
    provider.answer = b"00 5"
    assert await client.send(message) == Receipt("5")
    assert [request.method for request in provider.requests] == [method]


@pytest.mark.parametrize("prefix", ["/sms", "/sms/", "/a%20b/ç", "/"])
async def test_the_address_may_have_a_path_prefix(
    provider: ScriptedProvider, client_for: ClientFactory, prefix: str
) -> None:
    """With or without a slash at its end."""
    provider.answer = b"00 5"
    await client_for(provider.url + prefix).get_credit()
    expected = prefix.replace("ç", "%C3%A7").rstrip("/") + "/api/credit/v1"
    assert urlsplit(provider.requests[0].target).path == expected


def test_the_providers_own_address_is_the_default() -> None:
    """As the document says."""
    assert DEFAULT_URL == "http://sms.bisms.net:8080"


async def test_a_later_page_of_ids_can_be_asked_for(
    provider: ScriptedProvider, client: BismsClient
) -> None:
    """Page numbers start at 0."""
    provider.answer = b"00"
    assert await client.get_sent_ids(3) == ()
    assert asked(provider.requests[0])["page"] == "3"


# What is answered


@pytest.mark.parametrize(
    ("name", "answer", "result"),
    [
        ("get_credit", "00 15600", 15600),
        ("get_credit", "00 15600.5", 15600.5),
        ("get_credit", "00 15600.0", 15600),
        ("get_credit", "00 0", 0),
        ("get_credit", "\ufeff00 15600\r\n", 15600),
        ("get_credit", "  00\t15600\n\n", 15600),
        (
            "get_headers",
            "00 BASLIK1|BASLIK2|BASLIK3",
            ("BASLIK1", "BASLIK2", "BASLIK3"),
        ),
        ("get_headers", "00 EV ALARM", ("EV ALARM",)),
        ("get_headers", "00 Ş|ş", ("Ş", "ş")),
        ("get_headers", "00", ()),
        ("get_headers", "00 ", ()),
        ("get_headers", "\n00 \r\n", ()),
        ("get_sent_ids", "00 123|456|789", ("123", "456", "789")),
        ("get_sent_ids", "00 123", ("123",)),
        ("get_sent_ids", "00", ()),
        (
            "get_blacklist",
            "00 905559998877|905559998866| 905559998855",
            (ONE, OTHER, "905559998855"),
        ),
        ("get_blacklist", "00 905559998877|", (ONE,)),
        ("get_blacklist", "00 ", ()),
        ("add_to_blacklist", "00", None),
        ("add_to_blacklist", "00 \n", None),
        ("send_one", "00 77300600", Receipt("77300600")),
        ("send_many", "00 77300600\n", Receipt("77300600")),
        ("get_report", "29", DeliveryReport(ReportPhase.NOT_SENT_YET)),
        ("get_report", "27\n", DeliveryReport(ReportPhase.SEND_ERROR)),
        ("get_report", "25", DeliveryReport(ReportPhase.UPDATING)),
        (
            "get_report",
            "25|905559998877 0|905559998866 5|905559998855 6|905559998844 9",
            DeliveryReport(
                ReportPhase.UPDATING,
                {
                    ONE: NumberState.WAITING,
                    OTHER: NumberState.PENDING,
                    "905559998855": NumberState.FAILED,
                    "905559998844": NumberState.DELIVERED,
                },
            ),
        ),
        (
            "get_report",
            "23| 905559998877 9 | 12345 6\n",
            DeliveryReport(
                ReportPhase.FINAL,
                {ONE: NumberState.DELIVERED, "12345": NumberState.FAILED},
            ),
        ),
        (
            "get_report",
            "23 905559998877 9",
            DeliveryReport(ReportPhase.FINAL, {ONE: NumberState.DELIVERED}),
        ),
    ],
)
async def test_a_success_is_understood_in_any_dress(
    provider: ScriptedProvider,
    client: BismsClient,
    name: str,
    answer: str,
    result: object,
) -> None:
    """White space and a byte-order mark do not matter."""
    provider.answer = answer.encode()
    assert await CALLS[name](client) == result


async def test_a_whole_credit_is_an_int(
    provider: ScriptedProvider, client: BismsClient
) -> None:
    """So that it is shown without a decimal point."""
    provider.answer = b"00 15600.0"
    assert isinstance(await client.get_credit(), int)


@every_call
@pytest.mark.parametrize("code", REFUSALS)
@pytest.mark.parametrize("dress", ["{}", "\ufeff{}\r\n", "{} "])
async def test_every_refusal_is_an_exception_of_its_own(
    provider: ScriptedProvider, client: BismsClient, name: str, code: str, dress: str
) -> None:
    """From whichever call it comes."""
    provider.answer = dress.format(code).encode()
    with pytest.raises(REFUSALS[code]) as caught:
        await CALLS[name](client)
    assert caught.value.code == code
    assert f"{code} ({Code(code).name})" in str(caught.value)
    assert not isinstance(caught.value, UnknownFateError)


def test_no_code_is_forgotten() -> None:
    """Success, doubt and the report's four aside, every code refuses."""
    assert set(Code) - set(REFUSALS) == {"00", "99", "29", "27", "25", "23"}


@every_call
async def test_99_leaves_the_fate_open(
    provider: ScriptedProvider, client: BismsClient, name: str
) -> None:
    """It may have been sent or not."""
    provider.answer = b"99"
    with pytest.raises(UnknownError):
        await CALLS[name](client)


@every_call
@pytest.mark.parametrize("code", ["88", "01", "42"])
async def test_an_undocumented_code_is_named(
    provider: ScriptedProvider, client: BismsClient, name: str, code: str
) -> None:
    """It is an answer, so it is final."""
    provider.answer = code.encode()
    with pytest.raises(UnknownCodeError, match=code) as caught:
        await CALLS[name](client)
    assert isinstance(caught.value, RefusedError)


@pytest.mark.parametrize("name", [name for name in CALLS if name != "get_report"])
@pytest.mark.parametrize("code", ["29", "27", "25", "23"])
async def test_a_reports_code_is_out_of_place_elsewhere(
    provider: ScriptedProvider, client: BismsClient, name: str, code: str
) -> None:
    """It does not mean success there."""
    provider.answer = code.encode()
    with pytest.raises(UnknownCodeError):
        await CALLS[name](client)


@every_call
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b" \r\n",
        b"\xef\xbb\xbf",
        b"<html><body>00 77300600</body></html>",
        b"OK",
        b"0",
        b"000 77300600",
        b"00x",
        b"-00",
        b"\xff\xfe0\x000\x00",
        b"00 \xe7\xfe",
        "٠٠ ٧٧".encode(),
        b"20 Nov 2026",
    ],
)
async def test_what_is_no_answer_is_never_a_success(
    provider: ScriptedProvider, client: BismsClient, name: str, answer: bytes
) -> None:
    """Nor is it a refusal: the fate is open."""
    provider.answer = answer
    with pytest.raises(UnreadableAnswerError) as caught:
        await CALLS[name](client)
    assert isinstance(caught.value, UnknownFateError)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("get_credit", "00"),
        ("get_credit", "00 many"),
        ("get_credit", "00 nan"),
        ("get_credit", "00 1|2"),
        ("get_credit", "00 " + "9" * 5000),
        ("get_headers", "00 <html>"),
        ("get_sent_ids", "00 1|two|3"),
        ("get_blacklist", "00 <p>no number here</p>"),
        ("send_one", "00"),
        ("send_many", "00 "),
        ("send_one", "00 accepted"),
        ("send_many", "00 1|2"),
        ("get_report", "00"),
        ("get_report", "00 25"),
        ("get_report", "23"),
        ("get_report", "23|"),
        ("get_report", "25|905559998877"),
        ("get_report", "25|905559998877 7"),
        ("get_report", "25|905559998877 9|90555999"),
        ("get_report", "25|905559998877 9 9"),
    ],
)
async def test_a_payload_of_the_wrong_kind_is_unreadable(
    provider: ScriptedProvider, client: BismsClient, name: str, answer: str
) -> None:
    """A success code alone does not make an answer."""
    provider.answer = answer.encode()
    with pytest.raises(UnreadableAnswerError):
        await CALLS[name](client)


async def test_an_answer_larger_than_any_real_one_is_not_kept(
    provider: ScriptedProvider, client: BismsClient
) -> None:
    """4 MiB hold 300,000 numbers."""
    provider.answer = b"00 " + b"905559998877|" * 330_000
    with pytest.raises(UnreadableAnswerError, match="too large"):
        await client.get_blacklist()


async def test_a_long_blacklist_is_read(
    provider: ScriptedProvider, client: BismsClient
) -> None:
    """It comes in many pieces."""
    provider.answer = b"00 " + b"|".join([ONE.encode()] * 100_000)
    assert len(await client.get_blacklist()) == 100_000


@every_call
@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_failing_server_leaves_the_fate_open(
    provider: ScriptedProvider, client: BismsClient, name: str, status: int
) -> None:
    """Even if its page looks like a success."""
    provider.status, provider.answer = status, b"00 77300600"
    with pytest.raises(ServerError, match=str(status)) as caught:
        await CALLS[name](client)
    assert isinstance(caught.value, UnknownFateError)


@every_call
async def test_a_redirect_is_not_followed(
    provider: ScriptedProvider, client: BismsClient, name: str
) -> None:
    """It would carry the secret elsewhere, and send twice."""
    provider.status, provider.answer = 302, b"00 77300600"
    provider.headers = {"Location": "/elsewhere"}
    with pytest.raises(UnreadableAnswerError):
        await CALLS[name](client)
    assert len(provider.requests) == 1


async def test_a_code_counts_whatever_the_http_status_below_500(
    provider: ScriptedProvider, client: BismsClient
) -> None:
    """The provider speaks in codes."""
    provider.status, provider.answer = 401, b"87"
    with pytest.raises(codes.InvalidAuthError):
        await client.get_credit()


# Time and size


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        (MESSAGE, REQUEST_TIMEOUT),
        (
            Message(
                header="X",
                sms=(Sms(numbers=tuple(map(str, range(10_000))), text="a", parts=1),),
            ),
            REQUEST_TIMEOUT + 4,
        ),
        (
            Message(
                header="X",
                sms=tuple(
                    Sms(numbers=(ONE,), text="ş" * 160, parts=1) for _ in range(10_000)
                ),
            ),
            60,
        ),
    ],
)
def test_a_large_message_may_take_longer(message: Message, seconds: float) -> None:
    """A second for each 50 kB, up to a minute in all."""
    assert send_timeout(message) == seconds


async def test_ten_thousand_texts_go_out_in_one_request_without_a_long_block(
    provider: ScriptedProvider, client: BismsClient
) -> None:
    """The event loop gets its turn all the while the body is built."""
    sms = tuple(
        Sms(
            numbers=(f"9055{number:08}",),
            text=f"Sayın üye {number}, " + "ş" * 150,
            parts=1,
        )
        for number in range(10_000)
    )
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count_turns())
    body = await client._body(Message(header="X", sms=sms))
    counting.cancel()
    assert turns >= 20
    provider.answer = b"00 9"
    assert await client.send_many(Message(header="X", sms=sms)) == Receipt("9")
    [request] = provider.requests
    assert isinstance(body, io.BytesIO)
    assert request.body == body.getvalue()
    assert len(request.body) > 2_000_000


async def test_a_short_body_leaves_in_one_piece_with_its_headers(
    provider: ScriptedProvider, client: BismsClient
) -> None:
    """A file, which aiohttp sends bit by bit, is for what is long."""
    provider.answer = b"00 9"
    await client.send_many(MESSAGE)

    assert isinstance(await client._body(MESSAGE), bytes)
    [request] = provider.requests
    assert request.body == await client._body(MESSAGE)


def test_a_client_shows_no_secret(client: BismsClient) -> None:
    """Wherever it is printed."""
    assert SECRET not in repr(client)
    assert "ev" in repr(client)


async def test_a_closed_session_certainly_sends_nothing(
    provider: ScriptedProvider, client: BismsClient, session: aiohttp.ClientSession
) -> None:
    """Say Home Assistant is stopping."""
    await session.close()
    with pytest.raises(BismsError) as caught:
        await client.get_credit()
    assert isinstance(caught.value, codes.NotSentError)
    assert not provider.requests
