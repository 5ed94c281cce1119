"""Each code that the provider can answer, and what a user reads of it in either language."""

from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator

from .accounts import (
    ALI,
    AYSE,
    Days,
    act,
    attribute_of,
    do,
    issues,
    reauthentications,
    refused,
    state_of,
    words,
)

KEYS: Final = {
    "97": "use_post_method",
    "95": "use_get_method",
    "93": "missing_get_params",
    "91": "missing_post_data",
    "89": "wrong_xml_format",
    "87": "invalid_auth",
    "85": "wrong_header",
    "84": "wrong_send_time",
    "83": "empty_sms",
    "81": "not_enough_credits",
    "79": "report_not_found",
    "78": "already_blacklisted",
    "77": "duplicate_message",
    "88": "unknown_code",
}
"""What each refusal is called; 88 stands in the provider's document, but in no table of it."""

SEND_ONE: Final = ("send_message", {"recipients": [AYSE], "message": "Alo"})
SEND_MANY: Final = ("send_message", {"recipients": [AYSE, ALI], "message": "Alo"})
SEND_OWN: Final = (
    "send_messages",
    {"messages": [{"recipient": AYSE, "message": "Alo"}]},
)
QUESTIONS: Final[list[tuple[str, str, dict[str, Any]]]] = [
    ("originator", "get_headers", {}),
    ("campaignidlist", "get_sent_ids", {}),
    ("blacklistexport", "get_blacklist", {}),
    ("dlr", "get_delivery_report", {"dlr_id": "77300600"}),
]


def assert_words(error: HomeAssistantError, code: str) -> None:
    """Check that a user of either language reads what the code means, and the code."""
    assert error.translation_key == KEYS[code]
    english, turkish = words(error, "en"), words(error, "tr")
    assert english.removesuffix(".") in str(error)
    assert f"code {code}" in english
    assert f"kod {code}" in turkish or f"{code} kod" in turkish
    assert english != turkish


@pytest.mark.parametrize("action", [SEND_ONE, SEND_MANY, SEND_OWN])
@pytest.mark.parametrize("code", KEYS)
async def test_a_message_that_is_refused_is_an_error_in_words(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    simulator: Simulator,
    action: tuple[str, dict[str, Any]],
    code: str,
) -> None:
    """It is final: the delivery failed for this reason, and nothing is tried again."""
    simulator.answer(code, when=lambda request: request.endpoint.startswith("sms"))
    name, data = action

    error = await refused(do(hass, name, **data), HomeAssistantError)

    assert_words(error, code)
    assert state_of(hass, "sensor.bisms_last_delivery_status") == "failed"
    assert attribute_of(hass, "event.bisms_delivery", "event_type") == "failed"
    for entity_id in ("sensor.bisms_last_delivery_status", "event.bisms_delivery"):
        assert attribute_of(hass, entity_id, "reason").startswith(KEYS[code])
    assert reauthentications(hass) == (code == "87")
    assert ("low_credit_refused" in issues(hass)) == (code == "81")
    assert state_of(hass, "sensor.bisms_outbox") == "0"
    await days.pass_(300)
    assert not simulator.inbox


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question[0])
@pytest.mark.parametrize("code", KEYS)
async def test_a_question_that_is_refused_is_an_error_in_words(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    question: tuple[str, str, dict[str, Any]],
    code: str,
) -> None:
    """Every question can be refused with every code, even with one that makes no sense."""
    endpoint, name, data = question
    simulator.answer(code, endpoint=endpoint)

    error = await refused(act(hass, name, **data), HomeAssistantError)

    assert_words(error, code)
    assert reauthentications(hass) == (code == "87")


@pytest.mark.parametrize("code", KEYS)
async def test_a_number_that_cannot_be_blacklisted_is_an_error_in_words(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    code: str,
) -> None:
    """One that is on the list already (78) is told so kindly."""
    simulator.answer(code, endpoint="blacklistadd")

    error = await refused(do(hass, "add_to_blacklist", number=AYSE), HomeAssistantError)

    assert_words(error, code)
    assert reauthentications(hass) == (code == "87")


async def test_what_the_provider_refuses_by_itself_is_said_in_the_same_words(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """No code is forced here: the simulated provider has its reasons."""
    await do(hass, "add_to_blacklist", number=ALI)
    error = await refused(do(hass, "add_to_blacklist", number=ALI), HomeAssistantError)
    assert_words(error, "78")

    error = await refused(
        act(hass, "get_delivery_report", dlr_id="1"), HomeAssistantError
    )
    assert_words(error, "79")

    await do(hass, "send_message", recipients=[AYSE], message="Alo")
    error = await refused(
        do(hass, "send_message", recipients=[AYSE], message="Alo"), HomeAssistantError
    )
    assert_words(error, "77")

    simulator.account.credit = 0
    error = await refused(
        do(hass, "send_message", recipients=[AYSE], message="Pahalı"),
        HomeAssistantError,
    )
    assert_words(error, "81")

    simulator.account.headers = ("BASLIK2",)
    error = await refused(
        do(hass, "send_message", recipients=[AYSE], message="Adsız"),
        HomeAssistantError,
    )
    assert_words(error, "85")

    simulator.account.secret = "new"
    error = await refused(act(hass, "get_blacklist"), HomeAssistantError)
    assert_words(error, "87")


async def test_an_unknown_error_at_the_provider_is_no_refusal_of_a_message(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """99 tells nothing, so the message is kept and tried again; a question just fails."""
    simulator.answer("99", endpoint="smsget", times=2)
    answer = await act(hass, "send_message", recipients=[AYSE], message="Alo")
    assert answer["messages"][0]["status"] == "queued"
    await days.pass_(2)
    await days.pass_(5)
    assert [sms.text for sms in simulator.inbox] == ["Alo"]

    simulator.answer("99", endpoint="blacklistexport")
    error = await refused(act(hass, "get_blacklist"), HomeAssistantError)
    assert error.translation_key == "unknown_error"
    assert "99" in words(error, "en")
    assert "99" in words(error, "tr")
