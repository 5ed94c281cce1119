"""The delivery event: everything that happens to a message, as it happens."""

from typing import Any

from homeassistant.core import Context, Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from simulator import Fault, Simulator

from .accounts import (
    ALI,
    AYSE,
    VELI,
    Days,
    account_at,
    act,
    attribute_of,
    do,
    load,
    refused,
    settled,
    state_of,
)

DELIVERY = "event.bisms_delivery"


class Seen:
    """What an automation that listens to the event sees."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Listen from now on."""
        self._changes: list[Event[Any]] = async_capture_events(hass, "state_changed")

    @property
    def events(self) -> list[dict[str, Any]]:
        """The attributes of all events so far."""
        return [
            dict(change.data["new_state"].attributes)
            for change in self._changes
            if change.data["entity_id"] == DELIVERY
            and change.data["new_state"] is not None
            and change.data["new_state"].attributes.get("event_type") is not None
        ]

    @property
    def contexts(self) -> set[str]:
        """The ids of the contexts of all events so far."""
        return {
            change.data["new_state"].context.id
            for change in self._changes
            if change.data["entity_id"] == DELIVERY
        }

    @property
    def types(self) -> list[str]:
        """The types of all events so far."""
        return [event["event_type"] for event in self.events]


@pytest.fixture
def seen(hass: HomeAssistant, account: MockConfigEntry) -> Seen:
    """Listen to the account's event."""
    return Seen(hass)


async def test_a_message_that_is_sent_and_delivered_says_both(
    hass: HomeAssistant, days: Days, seen: Seen
) -> None:
    """Both events name the message and the numbers."""
    answer = await act(hass, "send_message", recipients=["Aile"], message="Alo")
    await days.pass_(90)

    assert seen.types == ["sent", "delivered"]
    for event in seen.events:
        assert event["id"] == answer["messages"][0]["id"]
        assert event["dlr_id"] == "77300600"
        assert event["recipients"] == [ALI, VELI]
        assert event["names"] == ["Aile", "Aile"]
        assert "reason" not in event
        assert "Alo" not in str(event)


async def test_the_names_of_an_event_go_with_its_numbers(
    hass: HomeAssistant, account: MockConfigEntry, seen: Seen
) -> None:
    """Where a number is nobody's there is none, and where none is anybody's no names at all."""
    stranger = "905550000001"
    await do(hass, "send_message", recipients=[VELI, stranger, "Ayşe"], message="Alo")
    await do(hass, "send_message", recipients=[stranger], message="Yine")

    both, to_a_stranger = seen.events
    assert both["recipients"] == [VELI, stranger, AYSE]
    assert both["names"] == ["Aile", None, "Ayşe"]
    assert to_a_stranger["recipients"] == [stranger]
    assert "names" not in to_a_stranger


async def test_a_message_that_waits_says_so_before_it_is_sent(
    hass: HomeAssistant, days: Days, seen: Seen, simulator: Simulator
) -> None:
    """Once, however often it is tried."""
    simulator.fail(Fault.ERROR_500, endpoint="smsget", times=2)

    await do(hass, "send_message", recipients=["Ayşe"], message="Alo")
    assert seen.types == ["queued"]
    assert "dlr_id" not in seen.events[0]
    assert seen.events[0]["reason"] == "server_error"
    await days.pass_(2)
    await days.pass_(5)
    assert seen.types == ["queued", "sent"]
    await days.pass_(90)
    assert seen.types == ["queued", "sent", "delivered"]


async def test_a_scheduled_message_is_sent_when_its_time_has_come(
    hass: HomeAssistant, days: Days, seen: Seen
) -> None:
    """Until then the provider keeps it."""
    await do(
        hass,
        "send_message",
        recipients=["Ayşe"],
        message="Alo",
        send_at="2026-11-03 12:00:00",
    )
    assert seen.types == ["scheduled"]
    for _ in range(15):
        await days.pass_(3600)
    assert seen.types == ["scheduled", "sent", "delivered"]


async def test_a_message_of_which_one_number_fails_is_partially_delivered(
    hass: HomeAssistant, days: Days, seen: Seen, simulator: Simulator
) -> None:
    """All of them fail, and the message does."""
    simulator.handset(VELI, fails_after=1)
    await do(hass, "send_message", recipients=["Aile"], message="Alo")
    await days.pass_(90)
    assert seen.types == ["sent", "partially_delivered"]
    assert seen.events[-1]["reason"] == "not_delivered"

    simulator.handset(ALI, fails_after=1)
    await do(hass, "send_message", recipients=["Aile"], message="Yine")
    await days.pass_(90)
    assert seen.types[2:] == ["sent", "failed"]
    assert seen.events[-1]["reason"] == "not_delivered"


@pytest.mark.parametrize(
    ("answer", "reason"), [("27", "send_error"), ("23|905559998877 6", "not_delivered")]
)
async def test_a_message_that_the_provider_could_not_deliver_fails(
    hass: HomeAssistant,
    days: Days,
    seen: Seen,
    simulator: Simulator,
    answer: str,
    reason: str,
) -> None:
    """The reason tells whose fault it was."""
    await do(hass, "send_message", recipients=["Ayşe"], message="Alo")
    simulator.answer(answer, endpoint="dlr")
    await days.pass_(90)

    assert seen.types == ["sent", "failed"]
    assert seen.events[-1]["reason"] == reason


async def test_a_refused_message_fails(
    hass: HomeAssistant, seen: Seen, simulator: Simulator
) -> None:
    """Its caller gets the error, everybody else the event."""
    simulator.answer("83", endpoint="smsget")

    await refused(
        do(hass, "send_message", recipients=["Ayşe"], message="Alo"),
        HomeAssistantError,
    )

    assert seen.types == ["failed"]
    assert seen.events[0]["reason"] == "empty_sms"
    assert seen.events[0]["recipients"] == [AYSE]


async def test_a_waiting_message_that_is_refused_later_fails_with_the_reason(
    hass: HomeAssistant, days: Days, seen: Seen, simulator: Simulator
) -> None:
    """Nobody waits for the error any more, so the event says it."""
    simulator.fail(Fault.REFUSE)
    await do(hass, "send_message", recipients=["Ayşe"], message="Alo")
    simulator.clear_faults()
    simulator.answer("81", endpoint="smsget")
    for _ in range(4):
        await days.pass_(30)

    assert seen.types == ["queued", "failed"]
    assert seen.events[-1]["reason"] == "not_enough_credits"


async def test_a_message_that_waited_too_long_expires(
    hass: HomeAssistant, days: Days, seen: Seen, simulator: Simulator
) -> None:
    """The call's own time limit counts, not the account's."""
    simulator.fail(Fault.REFUSE)
    await days.pass_(20)
    await do(hass, "send_message", recipients=["Ayşe"], message="Alo", expire_after=1)
    await days.pass_(59)
    assert seen.types == ["queued"]
    await days.pass_(1)

    assert seen.types == ["queued", "expired"]
    assert seen.events[-1]["reason"] == "cannot_connect"


async def test_every_event_of_a_message_carries_the_context_of_its_cause(
    hass: HomeAssistant, days: Days, seen: Seen, simulator: Simulator
) -> None:
    """Also the ones that come long after the automation has ended."""
    cause = Context()
    simulator.fail(Fault.ERROR_500, endpoint="smsget")

    await do(hass, "send_message", recipients=["Ayşe"], message="Alo", context=cause)
    await days.pass_(5)
    await days.pass_(90)

    assert seen.types == ["queued", "sent", "delivered"]
    assert seen.contexts == {cause.id}


async def test_the_context_of_a_message_survives_a_restart(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    seen: Seen,
) -> None:
    """The delivery is still known to be the automation's doing."""
    cause = Context(parent_id="parent")
    await do(hass, "send_message", recipients=["Ayşe"], message="Alo", context=cause)

    await hass.config_entries.async_reload(account.entry_id)
    await days.pass_(90)

    assert seen.types[-1] == "delivered"
    event = hass.states.get(DELIVERY)
    assert event is not None
    assert (event.context.id, event.context.parent_id) == (cause.id, "parent")


async def test_the_last_event_is_still_there_after_a_reload(
    hass: HomeAssistant, days: Days, account: MockConfigEntry
) -> None:
    """And does not look like a new one."""
    await do(hass, "send_message", recipients=["Ayşe"], message="Alo")
    await days.pass_(90)
    happened_at = state_of(hass, DELIVERY)
    await days.pass_(60)

    await hass.config_entries.async_reload(account.entry_id)
    await settled(hass)

    assert state_of(hass, DELIVERY) == happened_at
    assert attribute_of(hass, DELIVERY, "event_type") == "delivered"


async def test_events_of_two_accounts_are_kept_apart(
    hass: HomeAssistant, account: MockConfigEntry, provider_url: str
) -> None:
    """Each account has its own."""
    office = await load(hass, account_at(provider_url, title="BiSMS Ofis"))

    await do(
        hass,
        "send_message",
        config_entry_id=office.entry_id,
        recipients=["Ayşe"],
        message="Alo",
    )

    assert attribute_of(hass, "event.bisms_ofis_delivery", "event_type") == "sent"
    assert state_of(hass, DELIVERY) == "unknown"
