"""Setting an account up and taking it down again, whatever the provider does."""

import asyncio
from datetime import timedelta
import errno
import time

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import (
    EVENT_HOMEASSISTANT_FINAL_WRITE,
    EVENT_HOMEASSISTANT_STOP,
)
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.bisms.const import DOMAIN
from custom_components.bisms.files import AccountFiles
from custom_components.bisms.outbox import Loaded, Outbox
from custom_components.bisms.provider.client import BismsClient
from simulator import Fault, Simulator

from .accounts import (
    AYSE,
    VIRTUAL,
    Days,
    account_at,
    act,
    issues,
    load,
    reauthentications,
    sends,
    settled,
    state_of,
    until,
)

CREDIT = "sensor.bisms_remaining_credit"
ACTIONS = {
    "add_to_blacklist",
    "cancel_message",
    "get_blacklist",
    "get_delivery_report",
    "get_headers",
    "get_messages",
    "get_sent_ids",
    "preview_message",
    "resend_message",
    "send_message",
    "send_messages",
    "send_now",
}


async def send(hass: HomeAssistant, text: str) -> str:
    """Send a message to Ayşe, and return its status."""
    answer = await act(hass, "send_message", recipients=["Ayşe"], message=text)
    status: str = answer["messages"][0]["status"]
    return status


async def states_on_disk(hass: HomeAssistant, entry: MockConfigEntry) -> list[str]:
    """Return the states of the messages that a restart would find."""
    client = BismsClient(async_get_clientsession(hass), VIRTUAL, VIRTUAL)
    successor = Outbox(
        client,
        AccountFiles(hass, entry.entry_id),
        spawn=hass.async_create_task,
        spawn_write=hass.async_create_task,
        on_refusal=lambda _: None,
    )
    await successor.load()
    return [delivery.state.value for delivery in successor.deliveries]


async def test_an_account_is_ready_with_its_credit_once_it_is_loaded(
    hass: HomeAssistant, provider_url: str, simulator: Simulator
) -> None:
    """It asks for credit, sender names and the newest id, each once."""
    entry = await load(hass, account_at(provider_url))

    assert entry.state is ConfigEntryState.LOADED
    assert state_of(hass, "sensor.bisms_remaining_credit") == "15600"
    assert sorted(request.endpoint for request in simulator.requests) == [
        "campaignidlist",
        "credit",
        "originator",
    ]


async def test_the_actions_are_there_before_any_account(hass: HomeAssistant) -> None:
    """An automation is valid whatever state the accounts are in."""
    assert await async_setup_component(hass, DOMAIN, {})

    assert set(hass.services.async_services_for_domain(DOMAIN)) == ACTIONS


@pytest.mark.expects_log("Error fetching BiSMS account data: .* could not be reached")
async def test_a_message_is_accepted_while_the_provider_is_down(
    hass: HomeAssistant, days: Days, provider_url: str, simulator: Simulator
) -> None:
    """It is sent once as soon as the provider is back."""
    simulator.fail(Fault.REFUSE)

    entry = await load(hass, account_at(provider_url))
    assert entry.state is ConfigEntryState.LOADED
    assert state_of(hass, "notify.ayse") == "unknown"
    assert state_of(hass, "sensor.bisms_remaining_credit") == "unknown"
    assert await send(hass, "Duman") == "queued"
    assert state_of(hass, "sensor.bisms_last_delivery_status") == "queued"
    assert state_of(hass, "sensor.bisms_outbox") == "1"

    simulator.clear_faults()
    await days.pass_(3)
    assert [(s.number, s.text) for s in simulator.inbox] == [(AYSE, "Duman")]
    await days.pass_(60)
    assert state_of(hass, "sensor.bisms_remaining_credit") == "15599"
    await days.pass_(300)
    assert len(sends(simulator)) == 1
    assert state_of(hass, "sensor.bisms_last_delivery_status") == "delivered"


async def test_set_up_does_not_wait_for_a_provider_that_hangs(
    hass: HomeAssistant, provider_url: str, simulator: Simulator
) -> None:
    """Within a second everything is there and takes messages."""
    simulator.fail(Fault.HANG, times=None)
    entry = account_at(provider_url)
    entry.add_to_hass(hass)

    begun = time.monotonic()
    await hass.config_entries.async_setup(entry.entry_id)
    assert time.monotonic() - begun < 1.5

    assert entry.state is ConfigEntryState.LOADED
    assert state_of(hass, "notify.ayse") == "unknown"
    assert state_of(hass, "sensor.bisms_outbox") == "0"
    assert hass.services.has_service("notify", "bisms_ayse")
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.expects_log("Error fetching BiSMS account data: .* did not answer")
async def test_a_message_that_met_a_hanging_provider_is_sent_once(
    hass: HomeAssistant, days: Days, provider_url: str, simulator: Simulator
) -> None:
    """Its caller hears of it after ten seconds, and the provider gets it when it is back."""
    simulator.fail(Fault.HANG, times=None)
    entry = account_at(provider_url)
    entry.add_to_hass(hass)
    setting_up = hass.async_create_task(hass.config_entries.async_setup(entry.entry_id))
    await until(lambda: simulator.requests)
    await days.elapse(0.5)
    await setting_up
    call = hass.async_create_task(send(hass, "Duman"))
    await until(lambda: sends(simulator))

    await days.elapse(10)
    assert await call == "queued"
    simulator.clear_faults()
    await days.pass_(6)
    await days.pass_(5)
    assert [(s.number, s.text) for s in simulator.inbox] == [(AYSE, "Duman")]
    await days.pass_(300)
    assert len(simulator.inbox) == 1
    assert state_of(hass, "sensor.bisms_last_delivery_status") == "delivered"


@pytest.mark.expects_log(
    "Error fetching BiSMS account data: .* does not accept", "could not authenticate"
)
async def test_a_refused_api_secret_stops_set_up_and_asks_for_a_new_one(
    hass: HomeAssistant, provider_url: str, simulator: Simulator
) -> None:
    """With the right one the account works."""
    entry = await load(hass, account_at(provider_url, secret="old"))
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert reauthentications(hass) == 1
    assert hass.states.get("notify.ayse") is None

    [flow] = hass.config_entries.flow.async_progress()
    await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"password": "test"}
    )
    await settled(hass)
    assert await send(hass, "Yeniden") == "waiting"


@pytest.mark.expects_log("Error fetching BiSMS account data: .* does not accept")
async def test_an_api_secret_refused_on_a_poll_is_asked_for(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """The account stays loaded, so that messages are still taken."""
    simulator.account.secret = "new"

    await days.pass_(3600)

    assert reauthentications(hass) == 1
    assert account.state is ConfigEntryState.LOADED
    assert state_of(hass, CREDIT) == "15600"
    assert state_of(hass, "notify.ayse") == "unknown"


@pytest.mark.expects_log("Error fetching BiSMS account data: .* does not accept")
async def test_an_account_goes_on_asking_after_its_api_secret_was_refused(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A refusal may pass: it asks again after five minutes, then every hour as before."""
    simulator.answer("87", times=2)
    simulator.account.credit = 14000
    await days.pass_(3601)
    assert reauthentications(hass) == 1
    assert state_of(hass, CREDIT) == "15600"

    await days.pass_(298)
    assert state_of(hass, CREDIT) == "15600"
    await days.pass_(3)
    assert state_of(hass, CREDIT) == "14000"

    simulator.account.credit = 15000
    await days.pass_(3601)
    assert state_of(hass, CREDIT) == "15000"


@pytest.mark.expects_log("Error fetching BiSMS account data: .* does not accept")
async def test_an_api_secret_refused_after_set_up_has_ended_is_asked_for_too(
    hass: HomeAssistant, provider_url: str, simulator: Simulator
) -> None:
    """An answer that took its time does not take down what is loaded by then."""
    simulator.account.secret = "new"
    simulator.fail(Fault.SLOW, endpoint="credit", seconds=0.8)
    simulator.fail(Fault.SLOW, endpoint="originator", seconds=0.8)

    entry = await load(hass, account_at(provider_url))

    assert entry.state is ConfigEntryState.LOADED
    assert reauthentications(hass) == 1


async def test_a_message_held_up_by_a_passing_refusal_goes_with_the_next_good_answer(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Any call that is accepted shows that the secret is right after all."""
    simulator.fail(Fault.ERROR_500, endpoint="smsget")
    assert await send(hass, "Duman") == "queued"
    simulator.answer("87", endpoint="smsget")
    await days.pass_(3)
    assert len(sends(simulator)) == 2
    await days.pass_(10)
    assert len(sends(simulator)) == 2

    await act(hass, "get_headers")
    await days.pass_(10)

    assert [s.text for s in simulator.inbox] == ["Duman"]
    assert state_of(hass, "sensor.bisms_outbox") == "0"


@pytest.mark.expects_log("Error fetching BiSMS account data: .* unknown error")
async def test_an_account_knows_what_was_sent_last_whenever_it_looks(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """So that an SMS of another program is not taken for one of ours that got lost."""

    def looks() -> int:
        return sum(r.endpoint == "campaignidlist" for r in simulator.requests)

    before = looks()
    await days.pass_(3601)
    assert looks() == before + 1
    simulator.answer("99", endpoint="credit")
    await days.pass_(3601)
    assert looks() == before + 1
    await days.pass_(61)
    assert looks() == before + 2


async def test_a_waiting_message_is_sent_once_the_new_api_secret_is_known(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """87 does not end a message whose caller was told that it waits."""
    simulator.fail(Fault.ERROR_500, endpoint="smsget")
    assert await send(hass, "Duman") == "queued"
    simulator.account.secret = "new"

    await days.pass_(3)
    await days.pass_(60)
    assert reauthentications(hass) == 1
    assert account.state is ConfigEntryState.LOADED
    assert state_of(hass, "sensor.bisms_outbox") == "1"
    assert len(sends(simulator)) == 2

    [flow] = hass.config_entries.flow.async_progress()
    await hass.config_entries.flow.async_configure(flow["flow_id"], {"password": "new"})
    await settled(hass)
    await days.pass_(41)
    assert [s.text for s in simulator.inbox] == ["Duman"]
    assert reauthentications(hass) == 0


async def test_an_unloaded_account_makes_no_request(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Nothing of it goes on in the background."""
    await send(hass, "Alo")
    await hass.config_entries.async_unload(account.entry_id)
    before = len(simulator.requests)

    await days.pass_(7200)

    assert account.state is ConfigEntryState.NOT_LOADED
    assert len(simulator.requests) == before


async def test_what_is_open_goes_on_after_a_reload(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A message that waits is sent, one that was sent is followed up."""
    await send(hass, "Gitti")
    simulator.fail(Fault.ERROR_500, endpoint="smsget")
    assert await send(hass, "Bekliyor") == "queued"

    await hass.config_entries.async_reload(account.entry_id)
    await settled(hass)
    assert [s.text for s in simulator.inbox] == ["Gitti"]
    await days.pass_(41)
    assert [s.text for s in simulator.inbox] == ["Gitti", "Bekliyor"]
    assert state_of(hass, "sensor.bisms_last_delivery_status") == "waiting"

    await days.pass_(120)
    await days.pass_(120)
    assert state_of(hass, "sensor.bisms_last_delivery_status") == "delivered"
    assert len(sends(simulator)) == 3


async def test_a_request_under_way_gets_to_finish_when_home_assistant_stops(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Its caller is answered, and what the provider said is on disk."""
    outbox = account.runtime_data.outbox
    simulator.fail(Fault.SLOW, endpoint="smsget", seconds=0.5)
    call = asyncio.create_task(send(hass, "Son"))
    await until(lambda: sends(simulator))

    await hass.async_stop(force=True)

    assert await call == "waiting"
    [delivery] = outbox.deliveries
    assert delivery.dlr_id == "77300600"
    assert await states_on_disk(hass, account) == ["waiting"]


async def test_a_caller_is_answered_though_home_assistant_stops(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """After two seconds it is told that the message waits, which it does, on disk."""
    simulator.fail(Fault.HANG, endpoint="smsget")
    call = asyncio.create_task(send(hass, "Son"))
    await until(lambda: sends(simulator))

    begun = time.monotonic()
    await hass.async_stop(force=True)

    assert await call == "queued"
    assert 1.9 < time.monotonic() - begun < 4
    assert await states_on_disk(hass, account) == ["queued"]


async def test_a_message_sent_while_home_assistant_stops_is_kept_for_the_next_start(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """The automation that says so when Home Assistant stops is answered at once."""
    answers: list[str] = []
    seconds: list[float] = []

    async def say_so(_: Event) -> None:
        begun = time.monotonic()
        answers.append(await send(hass, "Kapanıyor"))
        seconds.append(time.monotonic() - begun)

    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, say_so)
    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_FINAL_WRITE, say_so)
    await hass.async_stop(force=True)

    assert answers == ["queued", "queued"]
    assert max(seconds) < 1
    assert not sends(simulator)
    assert await states_on_disk(hass, account) == ["queued", "queued"]


async def test_an_account_that_was_unloaded_has_no_part_in_a_stop(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """Nothing of it is left to be told."""
    jobs = len(hass._shutdown_jobs)

    await hass.config_entries.async_unload(account.entry_id)

    assert len(hass._shutdown_jobs) == jobs - 1


async def test_a_disk_that_cannot_be_read_is_tried_again(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is put aside, and what waits is sent once the disk is well again."""
    simulator.fail(Fault.REFUSE)
    assert await send(hass, "Duman") == "queued"
    await hass.config_entries.async_unload(account.entry_id)
    simulator.clear_faults()

    async def fail(_: AccountFiles) -> Loaded:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(AccountFiles, "load", fail)
        await load(hass, account)
        assert account.state.value == "setup_retry"
        assert account.error_reason_translation_key == "disk_error"
        assert issues(hass) == {}
    await days.pass_(60)

    assert account.state is ConfigEntryState.LOADED
    await days.pass_(60)
    assert [s.text for s in simulator.inbox] == ["Duman"]
    assert issues(hass) == {}


async def test_nothing_of_an_account_is_left_once_it_is_removed(
    hass: HomeAssistant,
    account: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    """Its devices, entities and actions go with it."""
    await hass.config_entries.async_remove(account.entry_id)
    await settled(hass)

    assert not er.async_entries_for_config_entry(entity_registry, account.entry_id)
    assert not dr.async_entries_for_config_entry(device_registry, account.entry_id)
    assert not hass.services.has_service("notify", "bisms")
    assert hass.states.async_all() == []


@pytest.mark.expects_log(
    "BiSMS was removed, and with it 3 messages, of which 2 had not been sent"
)
async def test_a_removed_account_says_what_goes_with_it(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """What waits and what is held will not be sent."""
    assert await send(hass, "Duman") == "waiting"
    at = (dt_util.now() + timedelta(hours=1)).isoformat()
    await act(
        hass,
        "send_message",
        recipients=["Ayşe"],
        message="Sonra",
        send_at=at,
        scheduled_by="home_assistant",
    )
    simulator.fail(Fault.REFUSE)
    assert await send(hass, "Su") == "queued"

    await hass.config_entries.async_remove(account.entry_id)
    await settled(hass)


async def test_an_account_can_be_disabled_and_enabled(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A disabled one sends nothing; later it works as before."""
    await hass.config_entries.async_set_disabled_by(
        account.entry_id, ConfigEntryDisabler.USER
    )
    assert account.state is ConfigEntryState.NOT_LOADED
    assert not hass.services.has_service("notify", "bisms")

    await hass.config_entries.async_set_disabled_by(account.entry_id, None)
    await settled(hass)
    assert await send(hass, "Alo") == "waiting"


async def test_reloading_over_and_over_leaves_no_task_behind(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """As many tasks run after ten reloads as before them."""
    before = len(asyncio.all_tasks())

    for _ in range(10):
        await hass.config_entries.async_reload(account.entry_id)
    await settled(hass)

    assert account.state is ConfigEntryState.LOADED
    assert len(asyncio.all_tasks()) == before
