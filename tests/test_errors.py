"""What goes wrong is said in words, and wrong input is found before anything is sent."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Fault, Simulator

from .accounts import (
    AYSE,
    Days,
    account_at,
    act,
    do,
    load,
    refused,
    sends,
    settled,
    state_of,
    until,
    words,
)
from .translated import LANGUAGES

LONG = "kelime " * 200
WRONG_MESSAGES: list[tuple[dict[str, Any], str, dict[str, str]]] = [
    (
        {"recipients": ["0212 555 44 33"]},
        "landline_number",
        {"number": "0212 555 44 33"},
    ),
    ({"recipients": ["112"]}, "invalid_number", {"number": "112"}),
    ({"recipients": [AYSE, "🏠"]}, "invalid_number", {"number": "🏠"}),
    (
        {"recipients": ["Ail"]},
        "unknown_recipient",
        {"recipient": "Ail", "recipients": "Aile, Ayşe"},
    ),
    ({"recipients": []}, "no_recipients", {}),
    ({"message": ""}, "empty_message", {}),
    ({"message": " \n🔥 "}, "empty_message", {}),
    ({"message": LONG}, "message_too_long", {"parts": "10", "max_parts": "6"}),
    (
        {"header": "baslik1"},
        "header_not_approved",
        {"header": "baslik1", "headers": "BASLIK1, BASLIK2, BASLIK3"},
    ),
    ({"send_at": "2030-01-01 00:00:00"}, "send_time_too_far", {}),
]


def assert_told(
    error: HomeAssistantError, key: str, placeholders: dict[str, str]
) -> None:
    """Check what a user is told, in every language."""
    assert error.translation_key == key
    assert (error.translation_placeholders or {}) == placeholders
    assert words(error, "en").removesuffix(".") in str(error)
    for language in LANGUAGES:
        text = words(error, language)
        assert all(value in text for value in placeholders.values())
        assert text.endswith(".")


@pytest.mark.parametrize(("wrong", "key", "placeholders"), WRONG_MESSAGES)
async def test_wrong_input_is_found_before_anything_is_sent(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    wrong: dict[str, Any],
    key: str,
    placeholders: dict[str, str],
) -> None:
    """Each mistake has a message of its own, and no trace is left of the message."""
    before = len(simulator.requests)
    message = {"recipients": ["Ayşe"], "message": "Alo", **wrong}

    error = await refused(do(hass, "send_message", **message), ServiceValidationError)

    assert_told(error, key, placeholders)
    new = simulator.requests[before:]
    assert {request.endpoint for request in new} <= {"credit", "originator"}
    assert state_of(hass, "sensor.bisms_last_delivery_status") == "unknown"


@pytest.mark.parametrize(("wrong", "key", "placeholders"), WRONG_MESSAGES)
async def test_wrong_input_of_individual_messages_is_found_too(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    wrong: dict[str, Any],
    key: str,
    placeholders: dict[str, str],
) -> None:
    """One wrong message keeps all of them from being sent."""
    recipients = wrong.pop("recipients", ["Ayşe"])
    text = wrong.pop("message", "Alo")
    messages = [{"recipient": to, "message": text} for to in recipients]
    if messages:
        messages.insert(0, {"recipient": "Aile", "message": "Merhaba"})

    error = await refused(
        do(hass, "send_messages", messages=messages, **wrong), ServiceValidationError
    )

    assert_told(error, key, placeholders)
    assert not sends(simulator)


async def test_recipients_renamed_to_one_name_are_not_mixed_up(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Home Assistant lets them be renamed so; each is still reached by its exact name."""
    _, family = account.subentries.values()
    hass.config_entries.async_update_subentry(account, family, title="AYSE")
    await settled(hass)
    for action, data in (
        ("send_message", {"recipients": ["ayşe"], "message": "Alo"}),
        ("send_messages", {"messages": [{"recipient": "ayşe", "message": "Alo"}]}),
    ):
        error = await refused(do(hass, action, **data), ServiceValidationError)
        assert_told(
            error,
            "ambiguous_recipient",
            {"recipient": "ayşe", "recipients": "Ayşe, AYSE"},
        )
    assert not sends(simulator)

    await do(hass, "send_message", recipients=["Ayşe"], message="Alo")
    assert [sms.number for sms in simulator.inbox] == [AYSE]


async def test_individual_messages_cannot_be_split(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """However short the text is."""
    messages = [{"recipient": "Ayşe", "message": "Alo"}]

    error = await refused(
        do(hass, "send_messages", messages=messages, too_long="split"),
        ServiceValidationError,
    )

    assert_told(error, "split_not_allowed", {})
    assert not sends(simulator)


async def test_an_account_that_splits_refuses_individual_messages_that_are_too_long(
    hass: HomeAssistant, provider_url: str, simulator: Simulator
) -> None:
    """Short ones go, without a word about splitting."""
    await load(hass, account_at(provider_url, too_long="split"))

    error = await refused(
        do(hass, "send_messages", messages=[{"recipient": "Ayşe", "message": LONG}]),
        ServiceValidationError,
    )
    assert error.translation_key == "message_too_long"
    assert not sends(simulator)
    await do(hass, "send_messages", messages=[{"recipient": "Ayşe", "message": "Alo"}])
    assert len(simulator.inbox) == 1


async def test_a_number_that_is_none_cannot_be_blacklisted(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A recipient's name is no number here."""
    before = len(simulator.requests)

    for number, key in (("Ayşe", "invalid_number"), ("03125554433", "landline_number")):
        error = await refused(
            do(hass, "add_to_blacklist", number=number), ServiceValidationError
        )
        assert_told(error, key, {"number": number})
    assert len(simulator.requests) == before


async def test_a_preview_needs_a_text(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """Nothing would be left of it to send."""
    error = await refused(
        act(hass, "preview_message", message="🔥"), ServiceValidationError
    )

    assert_told(error, "empty_message", {})


async def test_an_account_without_a_sender_name_cannot_send(
    hass: HomeAssistant, provider_url: str, simulator: Simulator
) -> None:
    """It is told to choose one."""
    await load(hass, account_at(provider_url, header=""))

    error = await refused(
        do(hass, "send_message", recipients=["Ayşe"], message="Alo"),
        ServiceValidationError,
    )

    assert_told(error, "no_header", {})
    assert not sends(simulator)


async def test_a_sender_name_approved_a_moment_ago_can_be_used(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """The names known from the last look are not the last word."""
    simulator.account.headers = ("BASLIK1", "YENI")

    await do(hass, "send_message", recipients=["Ayşe"], message="Alo", header="YENI")

    assert simulator.inbox[0].header == "YENI"


@pytest.mark.expects_log("Error fetching BiSMS account data")
async def test_a_sender_name_that_cannot_be_checked_is_left_to_the_provider(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """An alert under a new name waits for the provider like any other."""
    simulator.account.headers = ("BASLIK1", "YENI")
    simulator.fail(Fault.REFUSE)

    answer = await act(
        hass, "send_message", recipients=["Ayşe"], message="Alo", header="YENI"
    )
    assert answer["messages"][0]["status"] == "queued"

    simulator.clear_faults()
    await days.pass_(5)
    assert simulator.inbox[0].header == "YENI"


async def test_the_hourly_limit_refuses_before_anything_is_sent(
    hass: HomeAssistant, days: Days, provider_url: str, simulator: Simulator
) -> None:
    """All recipients and parts count; an hour later there is room again."""
    entry = await load(hass, account_at(provider_url, hourly_limit=3))
    await do(hass, "send_message", recipients=["Aile"], message="Bir")

    async def two_more() -> None:
        await do(hass, "send_message", recipients=["Aile"], message="İki")

    error = await refused(two_more(), ServiceValidationError)
    assert_told(error, "hourly_limit", {"limit": "3", "parts": "2"})
    assert len(sends(simulator)) == 1

    await hass.config_entries.async_reload(entry.entry_id)
    error = await refused(two_more(), ServiceValidationError)
    assert_told(error, "hourly_limit", {"limit": "3", "parts": "2"})
    await do(hass, "send_message", recipients=["Ayşe"], message="Üç")
    assert len(sends(simulator)) == 2

    await days.pass_(3600)
    await two_more()
    assert len(sends(simulator)) == 3


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        (Fault.RESET_BEFORE_READING, "no_answer"),
        (Fault.ACCEPT_THEN_DROP, "no_answer"),
        (Fault.CUT_BODY, "no_answer"),
        (Fault.ERROR_500, "server_error"),
        (Fault.HTML, "unreadable_answer"),
        (Fault.GARBAGE, "unreadable_answer"),
        (Fault.EMPTY, "unreadable_answer"),
        (Fault.CODE_99, "unknown_error"),
    ],
)
async def test_a_question_without_an_answer_says_why(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    fault: Fault,
    key: str,
) -> None:
    """Questions are not kept and repeated like messages."""
    simulator.fail(fault, times=None)

    for question in ("get_headers", "get_blacklist", "get_sent_ids"):
        error = await refused(act(hass, question), HomeAssistantError)
        assert_told(error, key, {})


async def test_a_question_to_a_provider_that_is_down_says_so(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Once the connection that was open is found to be gone."""
    simulator.fail(Fault.REFUSE)

    await refused(act(hass, "get_headers"), HomeAssistantError)
    for question in ("get_headers", "get_blacklist", "get_sent_ids"):
        error = await refused(act(hass, question), HomeAssistantError)
        assert_told(error, "cannot_connect", {})


async def test_a_question_that_is_never_answered_ends_after_15_seconds(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """The user is told that the provider did not answer in time."""
    simulator.fail(Fault.HANG, endpoint="blacklistexport")
    question = hass.async_create_task(act(hass, "get_blacklist"))
    await until(lambda: simulator.requests[-1].endpoint == "blacklistexport")

    await days.elapse(16)

    error = await refused(question, HomeAssistantError)
    assert_told(error, "no_answer", {})


async def test_a_message_is_kept_where_a_question_fails(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """No answer is not a failure: the caller is told that the message waits."""
    simulator.fail(Fault.ERROR_500, times=None)

    answer = await act(hass, "send_message", recipients=["Ayşe"], message="Duman")
    assert answer["messages"][0]["status"] == "queued"
    assert answer["messages"][0]["dlr_id"] is None
    assert state_of(hass, "sensor.bisms_outbox") == "1"

    simulator.clear_faults()
    await days.pass_(5)
    assert [sms.text for sms in simulator.inbox] == ["Duman"]
    assert state_of(hass, "sensor.bisms_outbox") == "0"


async def test_a_caller_waits_ten_seconds_at_most(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A slow answer that comes after that still counts, and nothing is sent twice."""
    simulator.fail(Fault.HANG, endpoint="smsget")
    call = hass.async_create_task(
        act(hass, "send_message", recipients=["Ayşe"], message="Duman")
    )
    await until(lambda: sends(simulator))

    await days.elapse(9)
    assert not call.done()
    await days.elapse(1)
    answer = await call
    assert answer["messages"][0]["status"] == "queued"
    await days.pass_(5)
    await days.pass_(2)
    assert [sms.text for sms in simulator.inbox] == ["Duman"]
    assert state_of(hass, "sensor.bisms_last_delivery_status") == "waiting"


async def test_a_call_whose_account_is_unloaded_meanwhile_says_so(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """It still asked whether its sender name is approved: nothing goes out without a word."""
    simulator.account.headers += ("YENI",)
    simulator.fail(Fault.SLOW, endpoint="originator", seconds=0.3)
    before = len(simulator.requests)
    call = hass.async_create_task(
        act(hass, "send_message", recipients=["Ayşe"], message="Duman", header="YENI")
    )
    await until(lambda: len(simulator.requests) > before)
    await hass.config_entries.async_unload(account.entry_id)

    error = await refused(call, ServiceValidationError)

    assert_told(error, "account_reloading", {"account": "BiSMS"})
    assert not sends(simulator)
