"""Messages that users look at, hold, cancel, send early and send again."""

from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.bisms.outbox import State
from simulator import Simulator

from .accounts import (
    ALI,
    VELI,
    Days,
    act,
    attribute_of,
    do,
    refused,
    sends,
    settled,
    state_of,
)

DAY = 24 * 3600
SCHEDULED = "sensor.bisms_scheduled_messages"
USED = "sensor.bisms_credits_used"
LASTS = "sensor.bisms_credit_lasts_until"


async def messages(hass: HomeAssistant, **asked: Any) -> list[dict[str, Any]]:
    """Return the messages that are kept."""
    answer = await act(hass, "get_messages", **asked)
    shown: list[dict[str, Any]] = answer["messages"]
    return shown


async def send(hass: HomeAssistant, text: str, *to: str, **more: Any) -> dict[str, Any]:
    """Send a message and return what the action says of it."""
    answer = await act(
        hass, "send_message", recipients=list(to or ["Ayşe"]), message=text, **more
    )
    [sent] = answer["messages"]
    return dict(sent)


async def held(hass: HomeAssistant, text: str, seconds: float) -> dict[str, Any]:
    """Send a message that Home Assistant is to hold for some time."""
    at = (dt_util.now() + timedelta(seconds=seconds)).isoformat()
    return await send(hass, text, send_at=at, scheduled_by="home_assistant")


async def test_a_message_is_shown_with_all_that_is_known_of_it(
    hass: HomeAssistant, days: Days, account: MockConfigEntry
) -> None:
    """Names beside numbers, the state of each, what it cost, and when it was what."""
    began = dt_util.now()
    await send(hass, "Su bastı", "Aile", "0555 123 45 67")
    await days.pass_(91)

    [shown] = await messages(hass)
    assert len(shown.pop("id")) == 32
    assert shown == {
        "status": "delivered",
        "reason": None,
        "dlr_id": "77300600",
        "recipients": [ALI, VELI, "905551234567"],
        "names": ["Aile", "Aile", None],
        "numbers": dict.fromkeys([ALI, VELI, "905551234567"], "delivered"),
        "text": "Su bastı",
        "language": "turkish",
        "length": 9,
        "parts": 1,
        "credits": 3,
        "header": "BASLIK1",
        "created_at": began.isoformat(),
        "sent_at": began.isoformat(),
        "send_at": None,
        "expires_at": None,
    }


async def test_messages_are_chosen_by_recipient_state_and_time(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """The newest first, and no more than are wanted."""
    for number in range(3):
        await send(hass, f"Nr {number}")
        await days.pass_(3600)
    await send(hass, "To Ali", "0555 111 22 33")

    async def texts(**asked: Any) -> list[str]:
        return [each["text"] for each in await messages(hass, **asked)]

    assert await texts() == ["To Ali", "Nr 2", "Nr 1", "Nr 0"]
    assert await texts(limit=2) == ["To Ali", "Nr 2"]
    assert await texts(recipients="Ayşe") == ["Nr 2", "Nr 1", "Nr 0"]
    assert await texts(recipients=["Aile"]) == ["To Ali"]
    assert await texts(states="waiting") == ["To Ali"]
    assert await texts(states=["failed", "expired"]) == []
    ago = dt_util.now() - timedelta(hours=2)
    assert await texts(since=ago.isoformat()) == ["To Ali", "Nr 2", "Nr 1"]
    assert await texts(until=ago.isoformat()) == ["Nr 0"]
    local = ago.replace(tzinfo=None).isoformat(sep=" ")
    assert await texts(until=local) == ["Nr 0"]
    with pytest.raises(ServiceValidationError):
        await messages(hass, recipients="Nobody")
    for wrong in ({"states": ["lost"]}, {"limit": 0}, {"limit": 2001}):
        with pytest.raises(vol.Invalid):
            await messages(hass, **wrong)


async def test_home_assistant_holds_a_message_until_its_time(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """It goes by the same GET as if it were sent then."""
    at = dt_util.now() + timedelta(hours=2)
    sent = await held(hass, "Yarın toplantı", 7200)
    assert sent["status"] == "held"
    assert sent["send_at"] == at.isoformat()
    assert sent["sent_at"] is None
    assert sent["expires_at"] == (at + timedelta(hours=1)).isoformat()
    assert state_of(hass, SCHEDULED) == "1"
    assert attribute_of(hass, SCHEDULED, "next_at") == at.isoformat()
    assert state_of(hass, USED) == "0"
    assert state_of(hass, "sensor.ayse_last_delivery_status") == "held"
    assert attribute_of(hass, "event.bisms_delivery", "event_type") == "held"
    assert sends(simulator) == []

    for _ in range(13):
        await days.pass_(600)
    [request] = sends(simulator)
    assert request.method == "GET"
    [shown] = await messages(hass)
    assert shown["status"] == "delivered"
    assert shown["send_at"] == at.isoformat()
    assert state_of(hass, SCHEDULED) == "0"
    assert state_of(hass, USED) == "1"


async def test_a_message_that_the_provider_keeps_is_scheduled(
    hass: HomeAssistant, days: Days, account: MockConfigEntry
) -> None:
    """It was not sent yet; it cannot be taken back here."""
    at = dt_util.now() + timedelta(hours=2)
    sent = await send(hass, "Toplantı", send_at=at.isoformat())
    assert (sent["status"], sent["sent_at"]) == ("scheduled", None)
    assert sent["send_at"] == at.isoformat()
    assert attribute_of(hass, SCHEDULED, "next_at") == at.isoformat()
    assert attribute_of(hass, "event.bisms_delivery", "event_type") == "scheduled"
    error = await refused(
        do(hass, "cancel_message", id=sent["id"]), ServiceValidationError
    )
    assert error.translation_key == "too_late"


@pytest.mark.usefixtures("days", "account")
async def test_to_hold_a_message_needs_a_time(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """It says so, and sends nothing."""
    call = do(
        hass,
        "send_message",
        recipients=["Ayşe"],
        message="Ne zaman?",
        scheduled_by="home_assistant",
    )
    error = await refused(call, ServiceValidationError)
    assert error.translation_key == "no_send_time"
    assert sends(simulator) == []


@pytest.mark.usefixtures("days", "account")
async def test_what_is_held_can_be_cancelled_or_sent_early(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """Several at once, too; and an id may be copied with a space."""
    first, second, third = [await held(hass, f"Nr {n}", 3600) for n in range(3)]
    answer = await act(hass, "cancel_message", id=[first["id"], f" {second['id']} "])
    assert answer == {"cancelled": [first["id"], second["id"]]}
    assert attribute_of(hass, "event.bisms_delivery", "event_type") == "cancelled"
    assert sends(simulator) == []

    answer = await act(hass, "send_now", id=third["id"])
    [sent] = answer["messages"]
    assert (sent["status"], sent["text"]) == ("waiting", "Nr 2")
    assert len(sends(simulator)) == 1
    for action in ("send_now", "cancel_message"):
        error = await refused(do(hass, action, id=third["id"]), ServiceValidationError)
        assert error.translation_key == "too_late"


@pytest.mark.usefixtures("days", "account")
async def test_a_refusal_of_what_is_sent_early_is_said_in_words(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """As when it had been sent at once."""
    late = await held(hass, "Pahalı", 3600)
    simulator.account.credit = 0
    error = await refused(do(hass, "send_now", id=late["id"]), HomeAssistantError)
    assert error.translation_key == "not_enough_credits"


async def test_what_did_not_arrive_can_be_sent_again(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """As a new message with the same content."""
    late = await held(hass, "Bir daha", 3600)
    await do(hass, "cancel_message", id=late["id"])
    answer = await act(hass, "resend_message", id=late["id"], expire_after=5)
    [sent] = answer["messages"]
    assert sent["id"] != late["id"]
    assert (sent["status"], sent["text"]) == ("waiting", "Bir daha")
    assert [each.raw_text for each in simulator.inbox] == ["Bir daha"]
    assert {each["status"] for each in await messages(hass)} == {"waiting", "cancelled"}

    error = await refused(
        do(hass, "resend_message", id=sent["id"]), ServiceValidationError
    )
    assert error.translation_key == "not_resendable"


@pytest.mark.usefixtures("days", "account")
@pytest.mark.parametrize("action", ["cancel_message", "send_now", "resend_message"])
async def test_a_message_that_nobody_knows_is_named(
    hass: HomeAssistant, action: str
) -> None:
    """It says where ids can be seen."""
    error = await refused(do(hass, action, id="0123"), ServiceValidationError)
    assert error.translation_key == "unknown_message"
    assert error.translation_placeholders == {"id": "0123"}


async def test_what_was_used_is_counted_and_tells_how_long_credit_lasts(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Unknown before three days of use; a reload does not begin anew."""
    for number in range(5):
        await send(hass, f"Nr {number}", "Aile")
        assert (state_of(hass, LASTS) == "unknown") is (number < 3)
        await days.pass_(DAY)
    assert state_of(hass, USED) == "10"
    until = dt_util.parse_datetime(state_of(hass, LASTS))
    assert until is not None
    credit = float(state_of(hass, "sensor.bisms_remaining_credit"))
    expected = dt_util.utcnow() + timedelta(days=credit / (10 / 5))
    assert abs(until - expected) < timedelta(days=1)
    await hass.config_entries.async_reload(account.entry_id)
    await settled(hass)
    assert state_of(hass, USED) == "10"


def test_every_state_can_be_asked_for() -> None:
    """The form's list is the engine's."""
    assert {each.value for each in State} >= {"held", "cancelled"}
