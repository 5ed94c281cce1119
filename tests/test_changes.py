"""What a user changes while an account runs takes effect without the account going down."""

import asyncio
from collections.abc import Awaitable, Callable
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigSubentry
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
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
    issues,
    load,
    refused,
    sends,
    settled,
    state_of,
    until,
)

KOMSU = "905553334455"
LAST_TO_AYSE = "sensor.ayse_last_delivery_status"
LAST_TO_FAMILY = "sensor.aile_last_delivery_status"

type Change = Callable[[HomeAssistant, MockConfigEntry], Awaitable[None]]


def recipient(entry: MockConfigEntry, name: str) -> ConfigSubentry:
    """Return an account's recipient."""
    return next(s for s in entry.subentries.values() if s.title == name)


async def choose(hass: HomeAssistant, entry: MockConfigEntry, **options: Any) -> None:
    """Change options on their screen, as a user does."""
    form = await hass.config_entries.options.async_init(entry.entry_id)
    await hass.config_entries.options.async_configure(
        form["flow_id"], {**entry.options, **options}
    )


async def add(
    hass: HomeAssistant, entry: MockConfigEntry, name: str, *numbers: str
) -> None:
    """Add a recipient on its screen."""
    flows = hass.config_entries.subentries
    form = await flows.async_init(
        (entry.entry_id, "recipient"), context={"source": SOURCE_USER}
    )
    await flows.async_configure(
        form["flow_id"], {"name": name, "numbers": list(numbers)}
    )


async def change(
    hass: HomeAssistant, entry: MockConfigEntry, name: str, to: str, *numbers: str
) -> None:
    """Change a recipient's name and numbers on their screen."""
    form = await entry.start_subentry_reconfigure_flow(
        hass, recipient(entry, name).subentry_id
    )
    await hass.config_entries.subentries.async_configure(
        form["flow_id"], {"name": to, "numbers": list(numbers)}
    )


def delete(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> None:
    """Delete a recipient, as its menu does."""
    hass.config_entries.async_remove_subentry(entry, recipient(entry, name).subentry_id)


async def other_options(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Change options."""
    await choose(hass, entry, header="BASLIK2", low_credit=50, in_doubt="resend")


async def one_more(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Add a recipient."""
    await add(hass, entry, "Komşu", KOMSU)


async def another_name(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Give the recipient a message is under way to another name and number."""
    await change(hass, entry, "Ayşe", "Ayşe Teyze", KOMSU)


async def one_less(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Delete the recipient a message is under way to."""
    delete(hass, entry, "Ayşe")


@pytest.mark.parametrize("making", [other_options, one_more, another_name, one_less])
async def test_a_change_disturbs_nothing(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    making: Change,
) -> None:
    """No entity goes down, the request under way is answered, and nothing is told twice."""
    await act(hass, "send_message", recipients=["Aile"], message="Önceki")
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    data = account.runtime_data
    simulator.fail(Fault.SLOW, endpoint="smsget", seconds=1.0)
    call = hass.async_create_task(
        act(hass, "send_message", recipients=["Ayşe"], message="Yolda")
    )
    await until(lambda: len(sends(simulator)) == 2)

    await making(hass, account)
    await asyncio.sleep(0.1)
    assert not call.done()
    assert account.runtime_data is data
    assert account.state is ConfigEntryState.LOADED

    [message] = (await call)["messages"]
    await settled(hass)
    assert (message["status"], message["recipients"]) == ("waiting", [AYSE])
    assert [sms.text for sms in simulator.inbox] == ["Önceki"] * 2 + ["Yolda"]
    assert states(changes).isdisjoint({"unavailable", None})
    assert account.runtime_data is data
    told = [
        event.data["new_state"].attributes["id"]
        for event in changes
        if event.data["entity_id"] == "event.bisms_delivery" and event.data["new_state"]
    ]
    assert told == [message["id"]]


def states(changes: list[Event[EventStateChangedData]]) -> set[str | None]:
    """Return every state that an entity took on which is still there."""
    deleted = {
        event.data["entity_id"] for event in changes if event.data["new_state"] is None
    }
    assert deleted <= {"notify.ayse", LAST_TO_AYSE}
    return {
        event.data["new_state"].state
        for event in changes
        if event.data["entity_id"] not in deleted and event.data["new_state"]
    }


async def test_options_count_from_the_next_message_on(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """While one waits that was sent under other options."""
    simulator.fail(Fault.ERROR_500, endpoint="smsget")
    [waits] = (
        await act(hass, "send_message", recipients=["Ayşe"], message="Bekleyen")
    )["messages"]

    await choose(hass, account, header="BASLIK2", hourly_limit=2, expire_after=5)

    [sent] = (
        await act(
            hass, "send_message", recipients=["Ayşe"], message="Giden", validity=5
        )
    )["messages"]
    assert (waits["header"], sent["header"]) == ("BASLIK1", "BASLIK2")
    error = await refused(
        act(hass, "send_message", recipients=["Ayşe"], message="Fazla"),
        ServiceValidationError,
    )
    assert error.translation_key == "hourly_limit"
    assert state_of(hass, "sensor.bisms_outbox") == "1"


async def test_a_threshold_counts_at_once(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """The sensor and the repair come and go with it, and nobody is asked."""
    before = len(simulator.requests)
    for threshold, low in ((20000, "on"), (0, "off")):
        hass.config_entries.async_update_entry(
            account, options={**account.options, "low_credit": threshold}
        )
        assert state_of(hass, "binary_sensor.bisms_low_credit") == low
        assert ("low_credit" in issues(hass)) == (low == "on")
    assert len(simulator.requests) == before


async def test_a_recipient_that_is_added_is_there_at_once(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    device_registry: dr.DeviceRegistry,
) -> None:
    """With a device, entities and an action, and with what was sent to its number before."""
    await act(hass, "send_message", recipients=[KOMSU], message="Önceki")
    told = attribute_of(hass, "event.bisms_delivery", "id")
    heard = async_capture_events(hass, EVENT_STATE_CHANGED)

    await add(hass, account, "Komşu", KOMSU)

    assert dt_util.parse_datetime(state_of(hass, "notify.komsu")) is not None
    assert state_of(hass, "sensor.komsu_last_delivery_status") == "waiting"
    assert attribute_of(hass, "event.bisms_delivery", "id") == told
    assert {event.data["entity_id"] for event in heard} == {
        "notify.komsu",
        "sensor.komsu_last_delivery_status",
    }
    subentry = recipient(account, "Komşu")
    [device] = [
        device
        for device in dr.async_entries_for_config_entry(
            device_registry, account.entry_id
        )
        if device.config_subentry_id == subentry.subentry_id
    ]
    assert device.name == "Komşu"
    await do(hass, "bisms_komsu", domain="notify", message="Bir")
    await do(
        hass, "send_message", domain="notify", entity_id="notify.komsu", message="İki"
    )
    assert [sms.number for sms in simulator.inbox] == [KOMSU] * 3


async def test_a_recipient_that_is_renamed_is_called_so_everywhere(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    """Its action has another name; its entities keep their ids, as Home Assistant has it."""
    await change(hass, account, "Ayşe", "Ayşe Teyze", AYSE)

    assert attribute_of(hass, "notify.ayse", "friendly_name") == "Ayşe Teyze"
    assert attribute_of(hass, LAST_TO_AYSE, "friendly_name") == (
        "Ayşe Teyze Last delivery status"
    )
    assert hass.services.has_service("notify", "bisms_ayse_teyze")
    assert not hass.services.has_service("notify", "bisms_ayse")
    await do(hass, "bisms_ayse_teyze", domain="notify", message="Bir")
    await do(hass, "send_message", recipients=["ayşe teyze"], message="İki")
    error = await refused(
        act(hass, "send_message", recipients=["Ayşe"], message="Üç"),
        ServiceValidationError,
    )
    assert error.translation_key == "unknown_recipient"
    assert [sms.number for sms in simulator.inbox] == [AYSE] * 2

    entity_registry.async_update_entity(
        LAST_TO_AYSE, new_entity_id="sensor.teyzem_son_durum"
    )
    await settled(hass)
    names = {
        device.name
        for device in dr.async_entries_for_config_entry(
            device_registry, account.entry_id
        )
    }
    assert names == {"BiSMS", "Ayşe Teyze", "Aile"}


async def test_other_numbers_count_at_once(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Every way of sending goes there, and the sensor tells of messages to them."""
    await act(hass, "send_message", recipients=["Aile"], message="Önceki")
    told = attribute_of(hass, "event.bisms_delivery", "id")
    assert state_of(hass, LAST_TO_AYSE) == "unknown"

    await change(hass, account, "Ayşe", "Ayşe", ALI)
    assert state_of(hass, LAST_TO_AYSE) == "waiting"
    await change(hass, account, "Ayşe", "Ayşe", KOMSU)
    assert state_of(hass, LAST_TO_AYSE) == "unknown"
    assert attribute_of(hass, "event.bisms_delivery", "id") == told

    simulator.inbox.clear()
    await do(hass, "bisms_ayse", domain="notify", message="Bir")
    await do(hass, "bisms", domain="notify", message="İki", target="Ayşe")
    await do(
        hass, "send_message", domain="notify", entity_id="notify.ayse", message="Üç"
    )
    assert [sms.number for sms in simulator.inbox] == [KOMSU] * 3
    assert state_of(hass, LAST_TO_AYSE) == "waiting"


async def test_a_number_less_is_one_that_no_longer_counts(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """What became of a message is told by the numbers that the recipient has now."""
    simulator.handset(VELI, fails_after=10)
    await act(hass, "send_message", recipients=["Aile"], message="Alo")
    await days.pass_(90)
    assert state_of(hass, LAST_TO_FAMILY) == "partially_delivered"

    await change(hass, account, "Aile", "Aile", ALI)

    assert state_of(hass, LAST_TO_FAMILY) == "delivered"
    assert state_of(hass, "sensor.bisms_last_delivery_status") == "partially_delivered"


async def test_a_recipient_that_is_deleted_just_goes(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """Its entities take on no other state before."""
    await act(hass, "send_message", recipients=["Ayşe"], message="Önceki")
    heard = async_capture_events(hass, EVENT_STATE_CHANGED)

    delete(hass, account, "Ayşe")
    await settled(hass)

    ours = [
        (event.data["entity_id"], event.data["new_state"])
        for event in heard
        if "ayse" in event.data["entity_id"]
    ]
    assert sorted(ours) == [("notify.ayse", None), (LAST_TO_AYSE, None)]
    assert not hass.services.has_service("notify", "bisms_ayse")


async def test_a_recipient_comes_back(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """The same one, as it was."""
    ayse = recipient(account, "Ayşe")
    delete(hass, account, "Ayşe")
    await settled(hass)

    hass.config_entries.async_add_subentry(account, ayse)

    assert state_of(hass, "notify.ayse") == "unknown"
    assert hass.services.has_service("notify", "bisms_ayse")


async def test_recipients_of_one_name_are_told_apart_as_after_a_restart(
    hass: HomeAssistant, provider_url: str, simulator: Simulator
) -> None:
    """The second one's action loses its number when the first one goes."""
    entry = await load(hass, account_at(provider_url, {"": [AYSE], " ": [ALI]}))
    assert hass.services.has_service("notify", "bisms_recipient_2")

    delete(hass, entry, "")

    assert not hass.services.has_service("notify", "bisms_recipient_2")
    await do(hass, "bisms_recipient", domain="notify", message="Bir")
    assert [sms.number for sms in simulator.inbox] == [ALI]


@pytest.mark.expects_log(
    "Error fetching BiSMS account data: .* does not accept", "could not authenticate"
)
async def test_a_change_while_the_account_is_set_up_counts(
    hass: HomeAssistant, provider_url: str, simulator: Simulator
) -> None:
    """A recipient is there, and the new API secret is used."""
    for endpoint in ("credit", "originator"):
        simulator.fail(Fault.SLOW, endpoint=endpoint, seconds=0.3)
    entry = account_at(provider_url, secret="old")
    entry.add_to_hass(hass)
    setting_up = hass.async_create_task(hass.config_entries.async_setup(entry.entry_id))
    await until(lambda: simulator.requests)
    hass.config_entries.async_add_subentry(
        entry,
        ConfigSubentry(
            data=MappingProxyType({"name": "Komşu", "numbers": [KOMSU]}),
            subentry_type="recipient",
            title="Komşu",
            unique_id=None,
        ),
    )
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "password": "test"}
    )
    await setting_up
    await settled(hass)

    assert entry.state is ConfigEntryState.LOADED
    await do(hass, "bisms_komsu", domain="notify", message="Bir")
    assert [sms.number for sms in simulator.inbox] == [KOMSU]


async def test_a_change_while_the_account_is_taken_down_waits_for_the_next_start(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Nothing of it appears before."""
    simulator.fail(Fault.SLOW, endpoint="smsget", seconds=0.5)
    call = hass.async_create_task(
        act(hass, "send_message", recipients=["Ayşe"], message="Yolda")
    )
    await until(lambda: sends(simulator))
    going = hass.async_create_task(hass.config_entries.async_unload(account.entry_id))
    await until(lambda: state_of(hass, "notify.ayse") == "unavailable")

    await add(hass, account, "Komşu", KOMSU)
    assert await going
    await call
    assert hass.states.get("notify.komsu") is None
    assert not hass.services.has_service("notify", "bisms_komsu")

    await load(hass, account)
    assert state_of(hass, "notify.komsu") == "unknown"


@pytest.mark.parametrize(
    "changed",
    [{"title": "Ev"}, {"data": {"username": "test", "password": "test", "url": ""}}],
)
async def test_another_title_or_address_makes_the_account_begin_anew(
    hass: HomeAssistant,
    account: MockConfigEntry,
    changed: dict[str, Any],
) -> None:
    """Names and requests are made of them."""
    if "data" in changed:
        changed["data"]["url"] = account.data["url"] + "/"
    before = account.runtime_data

    hass.config_entries.async_update_entry(account, **changed)
    await settled(hass)

    assert account.state is ConfigEntryState.LOADED
    assert account.runtime_data is not before
    assert hass.services.has_service("notify", "ev") == ("title" in changed)
