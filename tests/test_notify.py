"""Sending through notify: the classic actions and the recipients' entities."""

from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import Context, HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
    mock_restore_cache,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from simulator import Account, Fault, Simulator

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
    sends,
    settled,
    state_of,
)

OWN_ACTIONS = {"persistent_notification", "send_message"}


@pytest.fixture
def simulator() -> Simulator:
    """Return a provider that has two accounts."""
    return Simulator([Account("test", "test"), Account("ofis", "ofis")])


def office_at(
    url: str, recipients: dict[str, list[str]], title: str = "BiSMS Ofis"
) -> MockConfigEntry:
    """Return the second account, not yet loaded."""
    return account_at(url, recipients, title=title, username="ofis", secret="ofis")


async def notify(
    hass: HomeAssistant, action: str, *, context: Context | None = None, **data: Any
) -> None:
    """Carry out an action of notify."""
    await hass.services.async_call(
        "notify", action, data, blocking=True, context=context
    )


def actions(hass: HomeAssistant) -> set[str]:
    """Return the classic notify actions that there are."""
    return set(hass.services.async_services_for_domain("notify")) - OWN_ACTIONS


def recipient(entry: MockConfigEntry, name: str) -> ConfigSubentry:
    """Return an account's recipient."""
    return next(s for s in entry.subentries.values() if s.title == name)


async def test_an_automation_notifies_numbers_and_names(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """The classic action takes a title, targets and the options of a message as data."""
    await notify(
        hass,
        "bisms",
        title="Bodrum",
        message="Su baskını",
        target=["Ayşe", "0555 111 22 33"],
        data={"header": "BASLIK2", "turkish_characters": "simplify", "validity": 10},
    )

    assert len(sends(simulator)) == 1
    assert [(s.number, s.text, s.header) for s in simulator.inbox] == [
        (AYSE, "Bodrum: Su baskini", "BASLIK2"),
        (ALI, "Bodrum: Su baskini", "BASLIK2"),
    ]
    assert simulator.inbox[0].validity == 10


async def test_a_single_target_need_not_be_a_list(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """One number with no options takes the simple way."""
    await notify(hass, "bisms", message="Alo", target="05559998877")

    assert [(s.number, s.text, s.form) for s in simulator.inbox] == [
        (AYSE, "Alo", "get")
    ]


async def test_each_recipient_has_an_action_of_its_own(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A recipient with two numbers is notified at both; a target beside it changes nothing."""
    assert actions(hass) == {"bisms", "bisms_ayse", "bisms_aile"}

    await notify(hass, "bisms_aile", message="Kapı açık", title="Ev")
    await notify(hass, "bisms_ayse", message="Kapı açık", target=[VELI])

    assert [(s.number, s.text) for s in simulator.inbox] == [
        (ALI, "Ev: Kapı açık"),
        (VELI, "Ev: Kapı açık"),
        (AYSE, "Kapı açık"),
    ]


@pytest.mark.usefixtures("days")
async def test_an_account_without_a_title_is_called_what_it_would_be_called(
    hass: HomeAssistant, provider_url: str, simulator: Simulator
) -> None:
    """Home Assistant lets a user empty any title."""
    await load(hass, account_at(provider_url, title=" "))

    assert actions(hass) == {"bisms", "bisms_ayse", "bisms_aile"}
    assert state_of(hass, "sensor.bisms_outbox") == "0"
    assert attribute_of(hass, "sensor.bisms_outbox", "friendly_name") == "BiSMS Outbox"
    await notify(hass, "bisms", message="Alo", target=["Ayşe"])
    assert [s.number for s in simulator.inbox] == [AYSE]


async def test_a_recipient_without_a_title_keeps_the_name_it_was_stored_under(
    hass: HomeAssistant, provider_url: str, simulator: Simulator
) -> None:
    """It can be notified in every way, and its name stays what it was."""
    entry = account_at(provider_url)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_subentry(entry, recipient(entry, "Ayşe"), title="")
    await load(hass, entry)

    assert actions(hass) == {"bisms", "bisms_ayse", "bisms_aile"}
    assert state_of(hass, "sensor.ayse_last_delivery_status") == "unknown"
    await notify(hass, "send_message", entity_id="notify.ayse", message="Bir")
    await notify(hass, "bisms_ayse", message="İki")
    await notify(hass, "bisms", message="Üç", target=["ayşe"])
    assert [s.number for s in simulator.inbox] == [AYSE] * 3


async def test_a_recipient_of_whom_no_name_is_left_can_be_notified(
    hass: HomeAssistant, provider_url: str, simulator: Simulator
) -> None:
    """Two of them are told apart by their ids, and a message goes to the right one."""
    entry = account_at(provider_url, {"": [AYSE], " ": [ALI]})
    await load(hass, entry)

    assert actions(hass) == {"bisms", "bisms_recipient", "bisms_recipient_2"}
    await notify(hass, "bisms_recipient", message="Bir")
    await notify(hass, "bisms_recipient_2", message="İki")
    await notify(hass, "send_message", entity_id="notify.recipient", message="Üç")
    await notify(hass, "send_message", entity_id="notify.recipient_2", message="Dört")
    assert [s.number for s in simulator.inbox] == [AYSE, ALI, AYSE, ALI]


async def test_titles_can_be_emptied_where_home_assistant_lets_one(
    hass: HomeAssistant,
    provider_url: str,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """On the page of the integration, while the account is loaded."""
    assert await async_setup_component(hass, "config", {})
    entry = await load(hass, account_at(provider_url))
    client = await hass_ws_client(hass)
    ours = {"entry_id": entry.entry_id, "title": ""}
    ayse = recipient(entry, "Ayşe").subentry_id
    for command in (
        {"type": "config_entries/update", **ours},
        {"type": "config_entries/subentries/update", "subentry_id": ayse, **ours},
    ):
        await client.send_json_auto_id(command)
        assert (await client.receive_json())["success"]
        await settled(hass)

    assert (entry.title, entry.subentries[ayse].title) == ("", "")
    assert entry.state is ConfigEntryState.LOADED
    assert actions(hass) == {"bisms", "bisms_ayse", "bisms_aile"}
    assert state_of(hass, "notify.ayse") == "unknown"


async def test_each_recipient_has_a_notify_entity(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Sending to several entities at once is a message to each."""
    await notify(
        hass,
        "send_message",
        entity_id=["notify.ayse", "notify.aile"],
        message="Elektrik kesik",
        title="Ev",
    )

    assert sorted(s.number for s in simulator.inbox) == sorted([AYSE, ALI, VELI])
    assert {s.text for s in simulator.inbox} == {"Ev: Elektrik kesik"}
    assert state_of(hass, "notify.ayse") != "unknown"


@pytest.mark.parametrize(
    ("domain", "action", "data"),
    [
        ("notify", "bisms", {"target": ["ayşe"]}),
        ("notify", "bisms", {"target": ["0555 999 88 77", VELI]}),
        ("notify", "bisms_ayse", {}),
        ("notify", "send_message", {"entity_id": "notify.ayse"}),
        ("bisms", "send_message", {"recipients": ["Ayşe"]}),
    ],
)
async def test_the_entity_shows_when_the_recipient_last_got_a_message(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    domain: str,
    action: str,
    data: dict[str, Any],
) -> None:
    """Whichever way it was sent, by name or number; once for each message."""
    changes = async_capture_events(hass, "state_changed")
    times = []
    for text in ("Bir", "İki"):
        await days.pass_(100)
        times.append(dt_util.utcnow().isoformat())
        await do(hass, action, domain=domain, message=text, **data)
        assert state_of(hass, "notify.ayse") == times[-1]
        await days.pass_(100)

    assert [
        change.data["new_state"].state
        for change in changes
        if change.data["entity_id"] == "notify.ayse"
    ] == times


async def test_the_entity_of_another_recipient_stays_as_it_was(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """A message to one is none to the other."""
    await notify(hass, "bisms", message="Alo", target=[VELI])

    assert state_of(hass, "notify.ayse") == "unknown"
    assert state_of(hass, "notify.aile") != "unknown"


async def test_the_entity_counts_the_individual_texts_too(
    hass: HomeAssistant, days: Days, account: MockConfigEntry
) -> None:
    """One request for all of them, and each recipient has got a message."""
    each = [{"recipient": "Ayşe", "message": "A"}, {"recipient": ALI, "message": "B"}]
    await act(hass, "send_messages", messages=each)

    now = dt_util.utcnow().isoformat()
    assert state_of(hass, "notify.ayse") == state_of(hass, "notify.aile") == now


async def test_the_entity_does_not_count_what_was_refused(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """The recipient got nothing, and after a reload it is the same."""
    await notify(hass, "bisms_ayse", message="Bir")
    sent_at = dt_util.utcnow().isoformat()
    await days.pass_(100)
    simulator.account.credit = 0
    for call in (
        notify(hass, "bisms_ayse", message="İki"),
        notify(hass, "send_message", message="Üç", entity_id="notify.ayse"),
    ):
        await refused(call, HomeAssistantError)
        assert state_of(hass, "notify.ayse") == sent_at

    await hass.config_entries.async_reload(account.entry_id)
    await settled(hass)
    assert state_of(hass, "notify.ayse") == sent_at


async def test_the_entity_counts_what_waits_unless_it_expires(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """From the moment it was handed over; what was never sent was no message."""
    await notify(hass, "bisms_ayse", message="Bir")
    sent_at = dt_util.utcnow().isoformat()
    await days.pass_(100)
    simulator.fail(Fault.REFUSE)
    await days.pass_(20)
    handed_over_at = dt_util.utcnow().isoformat()
    await do(hass, "send_message", recipients=[AYSE], message="İki", expire_after=1)
    assert state_of(hass, "notify.ayse") == handed_over_at
    await days.pass_(50)
    assert state_of(hass, "notify.ayse") == handed_over_at

    await days.pass_(15)
    assert state_of(hass, "sensor.ayse_last_delivery_status") == "expired"
    assert state_of(hass, "notify.ayse") == sent_at
    simulator.clear_faults()


async def test_the_entity_goes_by_what_the_outbox_knows_after_a_restart(
    hass: HomeAssistant, days: Days, account: MockConfigEntry
) -> None:
    """What Home Assistant itself kept may be older: it writes that down now and then."""
    await notify(hass, "bisms", message="Alo", target=["Ayşe"])
    sent_at = dt_util.utcnow().isoformat()
    await days.pass_(100)
    await hass.config_entries.async_unload(account.entry_id)
    older = "2026-11-01T08:00:00+00:00"
    kept = [State("notify.ayse", older), State("notify.aile", older)]
    mock_restore_cache(hass, kept)

    await load(hass, account)

    assert state_of(hass, "notify.ayse") == sent_at
    assert state_of(hass, "notify.aile") == older


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({}, "no_recipients"),
        ({"target": ["Fatma"]}, "unknown_recipient"),
        ({"target": ["12345"]}, "invalid_number"),
        ({"target": ["0212 555 44 33"]}, "landline_number"),
        ({"target": [AYSE], "data": {"validity": 0}}, "invalid_data"),
        ({"target": [AYSE], "data": {"prio": "high"}}, "invalid_data"),
        ({"target": [AYSE], "data": {"header": "YOK"}}, "header_not_approved"),
        ({"target": [AYSE], "message": "🔥"}, "empty_message"),
        ({"target": [AYSE], "message": "ab " * 400}, "message_too_long"),
    ],
)
async def test_what_is_wrong_with_a_notification_is_said(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    data: dict[str, Any],
    key: str,
) -> None:
    """The classic action raises like any other, before anything is sent."""
    error = await refused(
        notify(hass, "bisms", **{"message": "Alo", **data}), ServiceValidationError
    )

    assert error.translation_key == key
    assert not sends(simulator)


async def test_a_refused_notification_fails_the_automation(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Whichever way it is sent."""
    simulator.account.credit = 0

    ways: list[tuple[str, dict[str, Any]]] = [
        ("bisms", {"target": AYSE}),
        ("bisms_ayse", {}),
        ("send_message", {"entity_id": "notify.ayse"}),
    ]
    for action, data in ways:
        error = await refused(
            notify(hass, action, message="Alo", **data), HomeAssistantError
        )
        assert error.translation_key == "not_enough_credits"


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("bisms", {"target": [AYSE]}),
        ("bisms_ayse", {}),
        ("send_message", {"entity_id": "notify.ayse"}),
    ],
)
async def test_what_happens_to_a_notification_is_traced_to_who_caused_it(
    hass: HomeAssistant,
    account: MockConfigEntry,
    hass_admin_user: MockUser,
    action: str,
    data: dict[str, Any],
) -> None:
    """The logbook can say that an automation caused the delivery."""
    cause = Context(user_id=hass_admin_user.id, parent_id="an automation")

    await notify(hass, action, message="Alo", context=cause, **data)

    event = hass.states.get("event.bisms_delivery")
    assert event is not None
    assert event.attributes["event_type"] == "sent"
    assert (event.context.id, event.context.parent_id, event.context.user_id) == (
        cause.id,
        "an automation",
        hass_admin_user.id,
    )


async def test_the_actions_go_when_the_account_is_unloaded(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """And come back with it."""
    await hass.config_entries.async_unload(account.entry_id)
    assert actions(hass) == set()

    await load(hass, account)
    assert actions(hass) == {"bisms", "bisms_ayse", "bisms_aile"}


async def test_the_actions_send_with_the_present_options(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """No action keeps answering for an account as it was before."""
    hass.config_entries.async_update_entry(
        account, options={**account.options, "header": "BASLIK3"}
    )
    await settled(hass)

    await notify(hass, "bisms", message="Bir", target=[AYSE])
    await notify(hass, "bisms_ayse", message="İki")
    await notify(hass, "send_message", message="Üç", entity_id="notify.ayse")

    assert [s.header for s in simulator.inbox] == ["BASLIK3"] * 3


async def test_two_accounts_have_actions_of_their_own(
    hass: HomeAssistant,
    account: MockConfigEntry,
    provider_url: str,
    simulator: Simulator,
) -> None:
    """Each sends from its own account to its own recipients, and goes by itself."""
    office = await load(hass, office_at(provider_url, {"Nöbetçi": [VELI]}))
    assert actions(hass) == {
        "bisms",
        "bisms_ayse",
        "bisms_aile",
        "bisms_ofis",
        "bisms_ofis_nobetci",
    }

    await notify(hass, "bisms_ofis_nobetci", message="Alarm")
    await notify(hass, "bisms_ofis", message="Yangın", target="Nöbetçi")
    await notify(hass, "bisms", message="Ev", target="Ayşe")
    assert [(s.account, s.number) for s in simulator.inbox] == [
        ("ofis", VELI),
        ("ofis", VELI),
        ("test", AYSE),
    ]
    error = await refused(
        notify(hass, "bisms", message="Ev", target="Nöbetçi"), ServiceValidationError
    )
    assert error.translation_key == "unknown_recipient"

    await hass.config_entries.async_unload(office.entry_id)
    assert actions(hass) == {"bisms", "bisms_ayse", "bisms_aile"}
    await notify(hass, "bisms_ayse", message="Hâlâ burada")
    assert simulator.inbox[-1].number == AYSE


async def test_accounts_of_the_same_title_do_not_take_each_others_action(
    hass: HomeAssistant,
    account: MockConfigEntry,
    provider_url: str,
    simulator: Simulator,
) -> None:
    """The second one gets a number; unloading either leaves the other's."""
    second = await load(hass, office_at(provider_url, {}, title="BiSMS!"))
    assert actions(hass) == {"bisms", "bisms_ayse", "bisms_aile", "bisms_2"}

    await notify(hass, "bisms_2", message="Ofis", target=[AYSE])
    await notify(hass, "bisms", message="Ev", target=[AYSE])
    assert [s.account for s in simulator.inbox] == ["ofis", "test"]

    await hass.config_entries.async_unload(account.entry_id)
    assert actions(hass) == {"bisms_2"}
    await hass.config_entries.async_unload(second.entry_id)
    assert actions(hass) == set()


@pytest.mark.parametrize("home_first", [True, False])
async def test_a_recipient_does_not_take_the_action_of_another_account(
    hass: HomeAssistant, provider_url: str, simulator: Simulator, home_first: bool
) -> None:
    """`notify.bisms_ofis` always reaches someone it names, whichever account loads first."""
    home = account_at(provider_url, {"Ofis": [AYSE]})
    office = office_at(provider_url, {"Nöbetçi": [VELI]})
    for entry in (home, office) if home_first else (office, home):
        await load(hass, entry)

    await notify(hass, "bisms_ofis", message="Alo", target=[ALI])
    [received] = simulator.inbox
    sender = ("test", AYSE) if home_first else ("ofis", ALI)
    assert (received.account, received.number) == sender

    for entry in (home, office):
        await hass.config_entries.async_unload(entry.entry_id)
    assert actions(hass) == set()


async def test_other_services_of_the_same_name_are_left_alone(
    hass: HomeAssistant, provider_url: str, simulator: Simulator
) -> None:
    """A notify group that a user called `bisms` stays what it is."""
    calls: list[Any] = []
    hass.services.async_register("notify", "bisms", calls.append)

    account = await load(hass, account_at(provider_url))
    assert actions(hass) >= {"bisms", "bisms_2"}
    await notify(hass, "bisms", message="Alo")
    assert len(calls) == 1
    assert not sends(simulator)

    await hass.config_entries.async_unload(account.entry_id)
    assert actions(hass) == {"bisms"}


async def test_the_device_of_a_recipient_hangs_on_that_of_the_account(
    hass: HomeAssistant,
    account: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    """And the account's leads to the provider's panel."""
    devices = {
        device.name: device
        for device in dr.async_entries_for_config_entry(
            device_registry, account.entry_id
        )
    }

    assert set(devices) == {"BiSMS", "Ayşe", "Aile"}
    own = devices.pop("BiSMS")
    assert own.via_device_id is None
    assert own.configuration_url == "http://sms.bisms.net"
    for device in devices.values():
        assert device.via_device_id == own.id
        assert device.configuration_url is None


async def test_nothing_is_left_of_a_recipient_that_is_removed(
    hass: HomeAssistant,
    account: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    """Its device, its entities and its action go; the others stay."""
    before = {
        e.entity_id
        for e in er.async_entries_for_config_entry(entity_registry, account.entry_id)
    }
    assert {"notify.ayse", "sensor.ayse_last_delivery_status"} <= before

    hass.config_entries.async_remove_subentry(
        account, recipient(account, "Ayşe").subentry_id
    )
    await settled(hass)

    assert actions(hass) == {"bisms", "bisms_aile"}
    after = {
        e.entity_id
        for e in er.async_entries_for_config_entry(entity_registry, account.entry_id)
    }
    assert before - after == {"notify.ayse", "sensor.ayse_last_delivery_status"}
    assert hass.states.get("notify.ayse") is None
    names = {
        device.name
        for device in dr.async_entries_for_config_entry(
            device_registry, account.entry_id
        )
    }
    assert names == {"BiSMS", "Aile"}


async def test_a_recipient_that_is_added_can_be_notified_at_once(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """The account goes on by itself."""
    hass.config_entries.async_add_subentry(
        account,
        ConfigSubentry(
            data=MappingProxyType({"name": "Komşu", "numbers": ["905553334455"]}),
            subentry_type="recipient",
            title="Komşu",
            unique_id=None,
        ),
    )
    await settled(hass)

    assert account.state is ConfigEntryState.LOADED
    await notify(hass, "bisms_komsu", message="Paket geldi")
    assert simulator.inbox[0].number == "905553334455"
    assert attribute_of(hass, "notify.komsu", "friendly_name") == "Komşu"
