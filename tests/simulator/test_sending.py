"""Sending: what is accepted, what it costs, and every way to be refused."""

from datetime import UTC, datetime

import pytest

from simulator import ManualClock, Simulator

from .conftest import NOON, Customer, individual_order, order

NUMBERS = ("905559998877", "905559998866")


async def test_a_get_sends_one_sms_to_one_number(
    customer: Customer, simulator: Simulator
) -> None:
    """The phone shows the inspected text; the request stays on record as it was."""
    raw = "Su baskını: şofben & kombi %100 + 25 °C"
    assert await customer.send(raw, "05559998877") == "00 77300600"
    [sms] = simulator.inbox
    assert (sms.dlr_id, sms.account, sms.header) == ("77300600", "test", "BASLIK1")
    assert (sms.number, sms.form) == ("905559998877", "get")
    assert (sms.raw_text, sms.text) == (raw, raw.replace("°", " "))
    assert (sms.language, sms.length, sms.parts, sms.credits) == ("turkish", 42, 1, 1)
    assert (sms.accepted_at, sms.send_at) == (NOON, NOON)
    [request] = simulator.requests
    assert request.endpoint == "smsget"
    assert request.target.endswith(
        "&message=Su%20bask%C4%B1n%C4%B1%3A%20%C5%9Fofben%20%26%20kombi"
        "%20%25100%20%2B%2025%20%C2%B0C"
    )
    assert (request.answer, request.fault) == ("00 77300600", None)


async def test_one_text_goes_to_several_numbers(
    customer: Customer, simulator: Simulator
) -> None:
    """They share a dlrId; each costs every part."""
    assert await customer.post(order(*NUMBERS, text="a" * 161)) == "00 77300600"
    assert [sms.number for sms in simulator.inbox] == list(NUMBERS)
    assert {(sms.dlr_id, sms.form) for sms in simulator.inbox} == {("77300600", "1-N")}
    assert await customer.ask("credit") == "00 15596"


async def test_each_number_gets_a_text_of_its_own(
    customer: Customer, simulator: Simulator
) -> None:
    """They share a dlrId too."""
    body = individual_order((NUMBERS[0], "Birinci"), (NUMBERS[1], "İkinci ]] > &amp;"))
    assert await customer.post(body) == "00 77300600"
    assert [(sms.number, sms.raw_text, sms.form) for sms in simulator.inbox] == [
        (NUMBERS[0], "Birinci", "N-N"),
        (NUMBERS[1], "İkinci ]] > &amp;", "N-N"),
    ]


async def test_text_may_be_escaped_instead_of_cdata(
    customer: Customer, simulator: Simulator
) -> None:
    """The document only recommends CDATA."""
    body = order(NUMBERS[0], text="X").replace("<![CDATA[X]]>", "a &lt; b &amp; c")
    await customer.post(body)
    assert simulator.inbox[0].text == "a < b & c"


async def test_a_number_that_comes_twice_is_sent_to_once(
    customer: Customer, simulator: Simulator
) -> None:
    """However it is written."""
    await customer.post(order("5559998877", "905559998877"))
    assert [sms.number for sms in simulator.inbox] == ["905559998877"]
    assert await customer.ask("credit") == "00 15599"


@pytest.mark.parametrize("body", [b"", b"  \r\n", b"\xff\xfe<sms/>"])
async def test_a_body_missing_or_unreadable_answers_91(
    customer: Customer, body: bytes
) -> None:
    """There is nothing that could be XML."""
    assert await customer.post(body) == "91"


GOOD = order(*NUMBERS)


@pytest.mark.parametrize(
    "body",
    [
        "merhaba",
        GOOD.removesuffix("</sms>"),
        GOOD.replace("sms>", "mms>"),
        GOOD.replace("<username>test</username>", ""),
        GOOD.replace("<username>test</username>", "<username> </username>"),
        GOOD.replace("<header>BASLIK1</header>", "<header/>"),
        GOOD.replace("<header>", "<header>EVIM</header><header>"),
        GOOD.replace("<message>", "<colour>red</colour><message>"),
        GOOD.replace("<![CDATA[Merhaba]]>", ""),
        GOOD.replace("<![CDATA[Merhaba]]>", "<b>Merhaba</b>"),
        GOOD.replace(f"<no>{NUMBERS[0]}</no>", "<no></no>"),
        GOOD.replace("no>", "number>"),
        GOOD.replace("<message>", "<message><to>x</to>"),
        order(),
        order(*NUMBERS, options="<validity></validity>"),
        order(*NUMBERS, options="<sendDateTime/>"),
        individual_order(),
        individual_order((NUMBERS[0], "a")).replace("mb>", "mp>"),
        individual_order((NUMBERS[0], "a")).replace("<msg><![CDATA[a]]></msg>", ""),
    ],
)
async def test_a_body_that_is_not_the_documents_xml_answers_89(
    customer: Customer, simulator: Simulator, body: str
) -> None:
    """Not well-formed, an element missing, unknown, repeated or empty."""
    assert await customer.post(body) == "89"
    assert simulator.inbox == []


async def test_wrong_credentials_in_a_body_answer_87(customer: Customer) -> None:
    """A POST carries them in its XML."""
    body = GOOD.replace(">test</password>", ">wrong</password>")
    assert await customer.post(body) == "87"


async def test_a_sender_name_that_is_not_approved_answers_85(
    customer: Customer,
) -> None:
    """Small and capital letters differ."""
    assert await customer.post(order(*NUMBERS, header="baslik1")) == "85"
    refused = await customer.ask("smsget", header="X", gsm=NUMBERS[0], message="a")
    assert refused == "85"


@pytest.mark.parametrize("text", ["   ", "°~é", "\n"])
async def test_text_of_which_nothing_is_left_answers_83(
    customer: Customer, text: str
) -> None:
    """Spaces alone are no text."""
    assert await customer.send(text) == "83"
    assert await customer.post(order(*NUMBERS, text=text)) == "83"


async def test_a_sending_without_any_right_number_answers_83(
    customer: Customer,
) -> None:
    """Neither length nor letters can be completed."""
    assert await customer.send("Merhaba", "123") == "83"
    assert await customer.post(order("1234567890123", "abcdefghij")) == "83"


async def test_credit_that_does_not_cover_every_number_answers_81(
    customer: Customer, simulator: Simulator
) -> None:
    """All or nothing is sent, and nothing is charged for a refusal."""
    simulator.account.credit = 3
    assert await customer.post(order(*NUMBERS, text="a" * 161)) == "81"
    assert simulator.account.credit == 3
    simulator.account.credit = 4
    assert await customer.post(order(*NUMBERS, text="a" * 161)) == "00 77300600"
    assert simulator.account.credit == 0


async def test_the_same_sms_within_two_minutes_answers_77(
    customer: Customer, simulator: Simulator, clock: ManualClock
) -> None:
    """A refused repetition does not prolong the window, nor cost anything."""
    await customer.send("Merhaba")
    clock.advance(119.9)
    assert await customer.send("Merhaba") == "77"
    assert simulator.account.credit == 15599
    clock.advance(0.1)
    assert await customer.send("Merhaba") == "00 77300601"


async def test_a_repetition_is_known_by_sender_number_and_sent_text(
    customer: Customer,
) -> None:
    """Whatever differs in one of them is another SMS."""
    await customer.send("25 °C")
    assert await customer.send("25 €C") == "00 77300601"
    assert await customer.send("25 °C", NUMBERS[1]) == "00 77300602"
    other = await customer.ask(
        "smsget", header="BASLIK2", gsm=NUMBERS[0], message="25 °C"
    )
    assert other == "00 77300603"
    assert await customer.send("25 ~C", "5559998877") == "77"


async def test_a_request_repeats_when_everything_in_it_does(
    customer: Customer,
) -> None:
    """One new number makes it a new request."""
    await customer.post(order(*NUMBERS))
    assert await customer.send("Merhaba", NUMBERS[1]) == "77"
    assert await customer.post(order(*NUMBERS, "905551112233")) == "00 77300601"


def test_a_strict_provider_refuses_any_repetition() -> None:
    """One repeated number is enough there."""
    simulator = Simulator(clock=ManualClock(NOON), duplicates="any")
    post = simulator.core.handle
    assert post("POST", "/api/smspost/v1", body=order(NUMBERS[0]).encode()).code == "00"
    assert post("POST", "/api/smspost/v1", body=order(*NUMBERS).encode()).code == "77"


def at(moment: datetime) -> str:
    """Return the option that schedules a sending, with Istanbul's wall clock."""
    return (
        f"<sendDateTime>{moment.year}.{moment.month}.{moment.day}."
        f"{moment.hour}.{moment.minute}.{moment.second}</sendDateTime>"
    )


async def test_a_sending_can_be_scheduled_in_the_providers_zone(
    customer: Customer, simulator: Simulator
) -> None:
    """Istanbul is three hours ahead of UTC."""
    now = datetime.fromtimestamp(NOON, UTC)
    in_an_hour = at(now.replace(hour=now.hour + 4))
    await customer.post(order(*NUMBERS, options=in_an_hour))
    assert {sms.send_at for sms in simulator.inbox} == {NOON + 3600}


async def test_a_past_time_sends_at_once(
    customer: Customer, simulator: Simulator
) -> None:
    """The document's own example is long past."""
    past = "<sendDateTime>2015.7.23.9.30.0</sendDateTime>"
    await customer.post(order(*NUMBERS, options=past))
    assert simulator.inbox[0].send_at == NOON


@pytest.mark.parametrize(
    "time",
    [
        "tomorrow",
        "2026.12.1.9.30",
        "2026-12-01.9.30.0",
        "2026.13.1.9.30.0",
        "2026.2.30.9.30.0",
        "2026.12.1.24.0.0",
        "2028.1.1.0.0.0",
    ],
)
async def test_a_wrong_time_or_one_over_a_year_ahead_answers_84(
    customer: Customer, time: str
) -> None:
    """It is never taken for now."""
    options = f"<sendDateTime>{time}</sendDateTime>"
    assert await customer.post(order(*NUMBERS, options=options)) == "84"


async def test_a_year_after_29_february_ends_on_1_march(
    customer: Customer, clock: ManualClock
) -> None:
    """The calendar has no such day in the next year."""
    leap_day = datetime(2028, 2, 29, 12, tzinfo=UTC)
    clock.advance(leap_day.timestamp() - NOON)
    march_1 = at(datetime(2029, 3, 1, 15))
    assert await customer.post(order(*NUMBERS, options=march_1)) == "00 77300600"
    march_2 = at(datetime(2029, 3, 2))
    assert await customer.post(order(*NUMBERS, options=march_2)) == "84"


@pytest.mark.parametrize(
    ("given", "minutes"),
    [("1", 1), ("60", 60), ("2880", 2880), ("0", 2880), ("2881", 2880), ("x", 2880)],
)
async def test_a_wrong_validity_is_taken_as_48_hours(
    customer: Customer, simulator: Simulator, given: str, minutes: int
) -> None:
    """It is never an error."""
    await customer.post(order(*NUMBERS, options=f"<validity>{given}</validity>"))
    assert simulator.inbox[0].validity == minutes
