"""The actions of the domain: what they send, and what they answer."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from xml.etree import ElementTree as ET

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from simulator import Account, Request, Simulator

from .accounts import (
    ALI,
    AYSE,
    VELI,
    Days,
    account_at,
    act,
    do,
    load,
    refused,
    sends,
    state_of,
)

FLOOD = "Su baskını: şofben & kombi %100 + 25 °C"
FLOOD_AS_SENT = "Su baskını: şofben & kombi %100 + 25 C"
WORD = "kelime "


@pytest.fixture
def simulator() -> Simulator:
    """Return a provider that has two accounts."""
    return Simulator(
        [Account("test", "test"), Account("ofis", "s3cret", headers=("OFIS",))]
    )


def office_at(url: str) -> MockConfigEntry:
    """Return the second account, not yet loaded."""
    return account_at(
        url,
        {"Nöbetçi": [VELI]},
        title="BiSMS Ofis",
        username="ofis",
        secret="s3cret",
        header="OFIS",
    )


def query_of(request: Request) -> dict[str, list[str]]:
    """Return what a GET carries."""
    return parse_qs(urlsplit(request.target).query)


def element_of(request: Request) -> ET.Element:
    """Return what a POST carries."""
    return ET.fromstring(request.body)  # noqa: S314  (our own request)


async def test_one_text_to_one_number_is_one_get(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """The answer has every field of the contract, and its text is what was on the wire."""
    answer = await act(hass, "send_message", recipients="0555 999 88 77", message=FLOOD)

    [sent] = answer["messages"]
    assert len(sent.pop("id")) == 32
    assert sent == {
        "status": "waiting",
        "dlr_id": "77300600",
        "recipients": [AYSE],
        "text": FLOOD_AS_SENT,
        "language": "turkish",
        "length": 41,
        "parts": 1,
        "credits": 1,
        "header": "BASLIK1",
        "reason": None,
        "names": ["Ayşe"],
        "numbers": {AYSE: "waiting"},
        "created_at": dt_util.now().isoformat(),
        "sent_at": dt_util.now().isoformat(),
        "send_at": None,
        "expires_at": None,
    }
    [request] = sends(simulator)
    assert request.method == "GET"
    assert request.target.endswith(f"&message={quote(FLOOD_AS_SENT, safe='')}")
    assert query_of(request)["gsm"] == [AYSE]
    [received] = simulator.inbox
    assert received.raw_text == received.text == FLOOD_AS_SENT
    assert (received.length, received.parts) == (sent["length"], sent["parts"])


async def test_several_numbers_and_names_are_one_post(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """However many recipients there are, and however they are written."""
    answer = await act(
        hass,
        "send_message",
        recipients=["ayşe", 5551112233, "+90 555 111 22 44", "AILE"],
        message="Kapı açık",
    )

    [sent] = answer["messages"]
    assert sent["recipients"] == [AYSE, ALI, VELI]
    assert sent["credits"] == 3
    [request] = sends(simulator)
    assert request.method == "POST"
    assert {sms.form for sms in simulator.inbox} == {"1-N"}
    assert [sms.number for sms in simulator.inbox] == [AYSE, ALI, VELI]


async def test_the_same_number_twice_is_sent_to_once(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """As a name and as a number it is still one phone, and the request is the simple one."""
    answer = await act(
        hass,
        "send_message",
        recipients=["Ayşe", "05559998877", AYSE],
        message="Merhaba",
    )

    assert answer["messages"][0]["recipients"] == [AYSE]
    assert [request.endpoint for request in sends(simulator)] == ["smsget"]
    assert len(simulator.inbox) == 1


@pytest.mark.parametrize(
    ("send_at", "on_the_wire"),
    [
        ("2026-11-04 08:00:00", "2026.11.4.19.0.0"),
        ("2026-11-04T08:00:00+01:00", "2026.11.4.10.0.0"),
        ("2026-07-01 08:00:00", "2026.7.1.18.0.0"),
    ],
)
async def test_a_message_can_be_scheduled(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    simulator: Simulator,
    send_at: str,
    on_the_wire: str,
) -> None:
    """A time without a zone is Home Assistant's (here US/Pacific), the provider's is Istanbul's."""
    answer = await act(
        hass, "send_message", recipients=[AYSE], message="Sabah", send_at=send_at
    )

    [request] = sends(simulator)
    assert request.method == "POST"
    assert element_of(request).findtext("sendDateTime") == on_the_wire
    assert element_of(request).find("validity") is None
    future = dt_util.parse_datetime(send_at, raise_on_error=True).month == 11
    assert answer["messages"][0]["status"] == ("scheduled" if future else "waiting")


async def test_a_scheduled_message_is_followed_up_after_its_time(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """It is scheduled until then, and no report is asked for before it can exist."""
    tomorrow = dt_util.now() + timedelta(days=1)
    await do(
        hass,
        "send_message",
        recipients=[AYSE],
        message="Sabah",
        send_at=tomorrow.isoformat(),
    )

    await days.pass_(12 * 3600)
    assert state_of(hass, "sensor.bisms_last_delivery_status") == "scheduled"
    await days.pass_(12 * 3600)
    assert state_of(hass, "sensor.bisms_last_delivery_status") == "waiting"
    assert not [r for r in simulator.requests if r.endpoint == "dlr"]
    await days.pass_(90)
    assert state_of(hass, "sensor.bisms_last_delivery_status") == "delivered"
    assert len([r for r in simulator.requests if r.endpoint == "dlr"]) == 1


async def test_individual_messages_may_be_sent_once_more_when_in_doubt(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """Each call says so for itself; a choice that there is not is refused."""
    for how, resent in (("resend", True), ("stop", False)):
        await do(
            hass,
            "send_messages",
            messages=[{"recipient": "Ayşe", "message": f"Alo {how}"}],
            in_doubt=how,
        )
        *_, delivery = account.runtime_data.outbox.deliveries
        assert delivery.resend_in_doubt is resent
    with pytest.raises(vol.Invalid):
        await do(
            hass, "send_message", recipients=[AYSE], message="Alo", in_doubt="maybe"
        )


async def test_a_message_may_have_a_validity_a_sender_name_and_a_time_to_wait(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Each applies to this call only."""
    answer = await act(
        hass,
        "send_message",
        recipients=[AYSE],
        message="Toplantı",
        validity=30,
        header="BASLIK2",
        expire_after=5,
    )

    [sent] = answer["messages"]
    assert sent["header"] == "BASLIK2"
    [delivery] = account.runtime_data.outbox.deliveries
    assert delivery.expires_at == delivery.created_at + 300
    assert sent["expires_at"] is None
    [request] = sends(simulator)
    assert request.method == "POST"
    assert element_of(request).findtext("validity") == "30"
    assert element_of(request).find("sendDateTime") is None
    assert element_of(request).findtext("header") == "BASLIK2"

    answer = await act(hass, "send_message", recipients=[AYSE], message="Akşam")
    assert answer["messages"][0]["header"] == "BASLIK1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"validity": 0},
        {"validity": 2881},
        {"expire_after": 0},
        {"expire_after": 2881},
        {"send_at": "soon"},
        {"turkish_characters": "never"},
        {"too_long": "shrink"},
        {"recipients": [["Ayşe"]]},
    ],
)
async def test_a_value_that_a_field_does_not_take_is_refused(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    wrong: dict[str, Any],
) -> None:
    """Nothing is sent."""
    before = len(simulator.requests)

    with pytest.raises(vol.Invalid, match=next(iter(wrong))):
        await do(
            hass, "send_message", **{"recipients": [AYSE], "message": "Alo", **wrong}
        )

    assert len(simulator.requests) == before


async def test_a_long_text_is_split_into_messages_that_enter_together(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Each piece is a request and an object of the answer; no word is lost."""
    text = (WORD * 200).strip()

    answer = await act(
        hass, "send_message", recipients=[AYSE], message=text, too_long="split"
    )

    pieces = answer["messages"]
    assert len(pieces) == len(sends(simulator)) == 2
    assert [piece["status"] for piece in pieces] == ["waiting", "waiting"]
    assert len({piece["id"] for piece in pieces}) == 2
    assert len({piece["dlr_id"] for piece in pieces}) == 2
    assert len({piece["expires_at"] for piece in pieces}) == 1
    assert " ".join(piece["text"] for piece in pieces).split() == text.split()
    assert all(piece["parts"] <= 6 for piece in pieces)


async def test_a_split_text_fails_only_if_nothing_of_it_went_out(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """One refused piece shows in the answer, two are an error."""
    simulator.answer("81", endpoint="smsget", times=1)
    answer = await act(
        hass,
        "send_message",
        recipients=[AYSE],
        message=WORD * 200,
        too_long="split",
    )
    assert {piece["status"] for piece in answer["messages"]} == {"failed", "waiting"}

    simulator.answer("85", endpoint="smsget", times=2)
    error = await refused(
        do(
            hass,
            "send_message",
            recipients=[ALI],
            message=WORD * 200,
            too_long="split",
        ),
        HomeAssistantError,
    )
    assert error.translation_key == "wrong_header"


async def test_each_recipient_gets_a_text_of_its_own_in_one_request(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """The objects share id and dlrId; a recipient with two numbers is one of them."""
    answer = await act(
        hass,
        "send_messages",
        messages=[
            {"recipient": "Ayşe", "message": "Günaydın Ayşe"},
            {"recipient": "Aile", "message": "Good morning"},
        ],
    )

    first, second = answer["messages"]
    assert first["id"] == second["id"]
    assert first["dlr_id"] == second["dlr_id"] == "77300600"
    assert first["recipients"] == [AYSE]
    assert first["language"] == "turkish"
    assert second["recipients"] == [ALI, VELI]
    assert second["credits"] == 2
    assert set(first) == set(second)
    [request] = sends(simulator)
    assert request.method == "POST"
    assert {sms.form for sms in simulator.inbox} == {"N-N"}
    assert [(sms.number, sms.text) for sms in simulator.inbox] == [
        (AYSE, "Günaydın Ayşe"),
        (ALI, "Good morning"),
        (VELI, "Good morning"),
    ]


@pytest.mark.parametrize(
    "messages",
    [
        [{"recipient": "Ayşe"}],
        [{"message": "Alo"}],
        [{"recipient": "Ayşe", "message": "Alo", "header": "BASLIK1"}],
        [{"recipient": ["Ayşe"], "message": "Alo"}],
        [{"recipient": "Ayşe", "message": "Alo"}, "Alo"],
        "Alo",
    ],
)
async def test_an_individual_message_that_lacks_something_is_refused(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    messages: Any,
) -> None:
    """In the words of Home Assistant's own check, and nothing is sent."""
    before = len(simulator.requests)

    with pytest.raises(vol.Invalid, match="messages"):
        await do(hass, "send_messages", messages=messages)

    assert len(simulator.requests) == before


async def test_hundreds_of_individual_messages_are_one_request_too(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """They are composed in a thread, and arrive each as they were meant."""
    texts = {f"90555000{number:04}": f"Message {number}" for number in range(150)}

    answer = await act(
        hass,
        "send_messages",
        messages=[{"recipient": n, "message": text} for n, text in texts.items()],
    )

    assert len(answer["messages"]) == 150
    assert len(sends(simulator)) == 1
    assert {sms.number: sms.text for sms in simulator.inbox} == texts


async def test_individual_messages_take_the_same_options(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Even one of them goes out in the form for individual texts."""
    answer = await act(
        hass,
        "send_messages",
        messages={"recipient": "Ayşe", "message": "Işık " * 300},
        turkish_characters="simplify",
        too_long="truncate",
        validity=60,
        header="BASLIK3",
    )

    [sent] = answer["messages"]
    assert (sent["language"], sent["parts"], sent["length"]) == ("english", 6, 917)
    [received] = simulator.inbox
    assert (received.form, received.validity, received.header) == (
        "N-N",
        60,
        "BASLIK3",
    )
    assert received.raw_text == sent["text"]


async def test_an_action_need_not_be_asked_for_its_answer(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """An automation that does not look at the answer leaves it out."""
    await do(hass, "send_message", recipients=[AYSE], message="Merhaba")
    await do(
        hass, "send_messages", messages=[{"recipient": "Ayşe", "message": "Selam"}]
    )

    assert [sms.text for sms in simulator.inbox] == ["Merhaba", "Selam"]


async def test_a_preview_tells_what_would_be_sent_and_sends_nothing(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """It agrees with what is then sent, and names the characters that changed."""
    before = len(simulator.requests)

    shown = await act(hass, "preview_message", message=FLOOD + " {€}")

    assert len(simulator.requests) == before
    assert shown == {
        "text": FLOOD_AS_SENT + " (E)",
        "language": "turkish",
        "length": 45,
        "parts": 1,
        "replaced": ["°", "{", "€", "}"],
    }
    answer = await act(hass, "send_message", recipients=[AYSE], message=FLOOD + " {€}")
    sent = answer["messages"][0]
    assert {key: sent[key] for key in ("text", "language", "length", "parts")} == {
        key: shown[key] for key in ("text", "language", "length", "parts")
    }
    assert simulator.inbox[0].raw_text == shown["text"]


async def test_numbers_and_signs_reach_the_phone_as_they_were_meant(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """The preview, the answer and the wire agree, and what changed is named."""
    message = "🔥 Isı ≥30°, ~5 dk, 2½ m² • hâlâ ±2\n"

    shown = await act(hass, "preview_message", message=message)
    answer = await act(hass, "send_message", recipients=[AYSE], message=message)

    assert shown["text"] == "Isı >=30, ca. 5 dk, 2 1/2 m2 * hala +-2"
    assert shown["replaced"] == list("🔥≥°~½²•â±\n")
    assert answer["messages"][0]["text"] == shown["text"]
    assert simulator.inbox[0].raw_text == simulator.inbox[0].text == shown["text"]


@pytest.mark.parametrize(
    ("options", "parts", "language"),
    [
        ({}, 10, "turkish"),
        ({"too_long": "reject"}, 10, "turkish"),
        ({"too_long": "truncate"}, 6, "turkish"),
        ({"too_long": "split"}, 10, "turkish"),
        ({"turkish_characters": "simplify"}, 8, "english"),
        ({"turkish_characters": "when_cheaper", "too_long": "truncate"}, 6, "english"),
    ],
)
async def test_a_preview_of_a_long_text_says_how_many_parts_it_would_need(
    hass: HomeAssistant,
    account: MockConfigEntry,
    options: dict[str, Any],
    parts: int,
    language: str,
) -> None:
    """It does not fail, whatever would happen to the text when it is sent."""
    shown = await act(hass, "preview_message", message="Işıklar " * 140, **options)

    assert (shown["parts"], shown["language"]) == (parts, language)


async def test_the_delivery_report_of_a_sending_can_be_asked_for(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """The id may be text or a number, and need not be of a message of ours."""
    simulator.handset(ALI, delivered_after=None)
    simulator.handset(VELI, fails_after=20)
    dlr_id = simulator.foreign_send("test", [AYSE, ALI, VELI], "Başka yerden")

    async def report() -> dict[str, Any]:
        return await act(hass, "get_delivery_report", dlr_id=int(dlr_id))

    await days.pass_(10)
    assert await report() == {
        "dlr_id": dlr_id,
        "status": "waiting",
        "final": False,
        "recipients": {},
    }
    await days.pass_(55)
    assert (await report())["recipients"] == dict.fromkeys((AYSE, ALI, VELI), "waiting")
    await days.pass_(10)
    assert (await report())["status"] == "pending"
    await days.pass_(15)
    assert await report() == {
        "dlr_id": dlr_id,
        "status": "pending",
        "final": False,
        "recipients": {AYSE: "delivered", ALI: "pending", VELI: "failed"},
    }
    await days.pass_(49 * 3600)
    assert await report() == {
        "dlr_id": dlr_id,
        "status": "partially_delivered",
        "final": True,
        "recipients": {AYSE: "delivered", ALI: "failed", VELI: "failed"},
    }


async def test_an_error_at_the_provider_while_sending_is_a_failed_delivery(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """27 is information about the sending, not a refusal of the question."""
    simulator.answer("27", endpoint="dlr")

    assert await act(hass, "get_delivery_report", dlr_id=" 77300600 ") == {
        "dlr_id": "77300600",
        "status": "failed",
        "final": True,
        "recipients": {},
    }


async def test_the_ids_of_past_sendings_come_in_pages(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Newest first, fifty to a page, the first one without asking for it."""
    ids = [simulator.foreign_send("test", [AYSE], f"{n}") for n in range(51)]

    assert await act(hass, "get_sent_ids") == {"page": 0, "ids": ids[:0:-1]}
    assert await act(hass, "get_sent_ids", page=1) == {"page": 1, "ids": ids[:1]}
    assert await act(hass, "get_sent_ids", page="2") == {"page": 2, "ids": []}


async def test_the_approved_sender_names_can_be_asked_for(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """They are asked for anew each time."""
    simulator.account.headers = ("ŞİRKET", "Ev")

    assert await act(hass, "get_headers") == {"headers": ["ŞİRKET", "Ev"]}


async def test_numbers_can_be_blacklisted(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """As text in any form, or as a number."""
    await do(hass, "add_to_blacklist", number="0555 999 88 77")
    await do(hass, "add_to_blacklist", number=5551112233)

    assert simulator.account.blacklist == {AYSE, ALI}
    assert await act(hass, "get_blacklist") == {"numbers": [ALI, AYSE]}


async def test_with_several_accounts_the_one_that_is_meant_must_be_named(
    hass: HomeAssistant, account: MockConfigEntry, provider_url: str
) -> None:
    """Home Assistant's own words say so."""
    await load(hass, office_at(provider_url))

    error = await refused(
        do(hass, "send_message", recipients=[AYSE], message="Alo"),
        ServiceValidationError,
    )

    assert error.translation_key == "service_found_multiple_config_entry_for_domain"


async def test_an_account_can_be_named(
    hass: HomeAssistant,
    account: MockConfigEntry,
    provider_url: str,
    simulator: Simulator,
) -> None:
    """Each account has its own sender names, recipients and credit."""
    office = await load(hass, office_at(provider_url))

    answer = await act(
        hass,
        "send_message",
        config_entry_id=office.entry_id,
        recipients="Nöbetçi",
        message="Alarm",
    )

    assert answer["messages"][0]["recipients"] == [VELI]
    assert [(sms.account, sms.header) for sms in simulator.inbox] == [("ofis", "OFIS")]


async def test_an_account_that_is_not_loaded_cannot_send(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """The actions stay, so that automations remain valid, and say what is wrong."""
    await hass.config_entries.async_unload(account.entry_id)

    error = await refused(
        do(hass, "send_message", recipients=[AYSE], message="Alo"),
        ServiceValidationError,
    )

    assert error.translation_key == "service_config_entry_not_loaded"
