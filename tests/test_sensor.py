"""The sensors: credit, outbox, blacklist, and what became of the last delivery."""

from datetime import timedelta
from typing import Any

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.history import get_significant_states
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.json import json_bytes
from homeassistant.util import dt as dt_util
from homeassistant.util.json import json_loads
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    mock_restore_cache_with_extra_data,
)
from syrupy.assertion import SnapshotAssertion

from simulator import Fault, Simulator

from .accounts import (
    ALI,
    AYSE,
    VELI,
    Days,
    account_at,
    act,
    attribute_of,
    attributes_of,
    do,
    load,
    refused,
    sends,
    settled,
    state_of,
)

CREDIT = "sensor.bisms_remaining_credit"
LAST = "sensor.bisms_last_delivery_status"
LOW_CREDIT = "binary_sensor.bisms_low_credit"
OUTBOX = "sensor.bisms_outbox"
BLACKLISTED = "sensor.bisms_blacklisted_numbers"
LAST_TO_AYSE = "sensor.ayse_last_delivery_status"
LAST_TO_FAMILY = "sensor.aile_last_delivery_status"


def questions(simulator: Simulator, endpoint: str) -> int:
    """Return how often something was asked for."""
    return sum(request.endpoint == endpoint for request in simulator.requests)


async def send(hass: HomeAssistant, text: str, *recipients: str) -> None:
    """Send a message."""
    await do(hass, "send_message", recipients=list(recipients), message=text)


@pytest.mark.usefixtures("days")
async def test_entities_are_as_they_always_were(
    hass: HomeAssistant,
    account: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
) -> None:
    """Their ids, names, categories and states, of all platforms."""
    entity_registry.async_update_entity(BLACKLISTED, disabled_by=None)
    await hass.config_entries.async_reload(account.entry_id)
    await settled(hass)
    for entity in er.async_entries_for_config_entry(entity_registry, account.entry_id):
        own_id = entity.unique_id.replace(account.entry_id, "account")
        for name, subentry_id in (
            (subentry.title, subentry.subentry_id)
            for subentry in account.subentries.values()
        ):
            own_id = own_id.replace(subentry_id, name)
        state = hass.states.get(entity.entity_id)
        assert state is not None
        assert {
            "unique_id": own_id,
            "translation_key": entity.translation_key,
            "category": entity.entity_category,
            "state": state.state,
            "attributes": json_loads(json_bytes(dict(state.attributes))),
        } == snapshot(name=entity.entity_id)


@pytest.mark.parametrize("language", ["en", "tr"])
async def test_entity_ids_are_the_same_in_every_language(
    hass: HomeAssistant, provider_url: str, language: str
) -> None:
    """Automations that are shared work in a Turkish home too; only names are translated."""
    hass.config.language = language

    await load(hass, account_at(provider_url))

    assert {state.entity_id for state in hass.states.async_all()} == {
        "binary_sensor.bisms_low_credit",
        "event.bisms_delivery",
        "notify.aile",
        "notify.ayse",
        CREDIT,
        LAST,
        OUTBOX,
        "sensor.bisms_scheduled_messages",
        "sensor.bisms_credits_used",
        "sensor.bisms_credit_lasts_until",
        LAST_TO_AYSE,
        LAST_TO_FAMILY,
    }
    name = "BiSMS Remaining credit" if language == "en" else "BiSMS Kalan kredi"
    assert attribute_of(hass, CREDIT, "friendly_name") == name


async def test_a_delivery_moves_forward_until_it_is_delivered(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Waiting, on its way, delivered: as the provider's report has it."""
    simulator.handset(AYSE, delivered_after=150)
    sent_at = dt_util.now()

    await send(hass, "Alo", "Ayşe")
    assert state_of(hass, LAST) == "waiting"
    assert attribute_of(hass, LAST, "dlr_id") == "77300600"
    assert attribute_of(hass, LAST, "recipients") == [AYSE]
    assert attribute_of(hass, LAST, "sent_at") == sent_at.isoformat()
    assert attribute_of(hass, LAST, "parts") == 1

    await days.pass_(60)
    assert state_of(hass, LAST) == "waiting"
    assert questions(simulator, "dlr") == 0
    await days.pass_(30)
    assert state_of(hass, LAST) == "pending"
    assert questions(simulator, "dlr") == 1
    await days.pass_(90)
    assert state_of(hass, LAST) == "delivered"
    assert questions(simulator, "dlr") == 2
    assert attribute_of(hass, LAST, "sent_at") == sent_at.isoformat()
    assert "reason" not in attributes_of(hass, LAST)

    await days.pass_(7 * 24 * 3600)
    assert questions(simulator, "dlr") == 2


async def test_a_delivery_to_a_phone_that_stays_off_fails_in_the_end(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """After 48 hours and 10 minutes, and with no more than 60 questions."""
    simulator.handset(AYSE, delivered_after=None)
    await send(hass, "Alo", "Ayşe")

    for _ in range(48 * 4):
        await days.pass_(900)
    assert state_of(hass, LAST) == "pending"
    await days.pass_(900)

    assert state_of(hass, LAST) == "failed"
    assert questions(simulator, "dlr") <= 60


async def test_each_recipient_sees_what_became_of_its_own_numbers(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """One number that fails is the other recipient's business."""
    simulator.handset(VELI, fails_after=10)
    await send(hass, "Alo", "Ayşe", "Aile")
    assert state_of(hass, LAST_TO_AYSE) == state_of(hass, LAST_TO_FAMILY) == "waiting"

    await days.pass_(90)

    assert state_of(hass, LAST) == "partially_delivered"
    assert attribute_of(hass, LAST, "reason") == "not_delivered"
    assert state_of(hass, LAST_TO_AYSE) == "delivered"
    assert state_of(hass, LAST_TO_FAMILY) == "partially_delivered"

    simulator.handset(AYSE, fails_after=10)
    await send(hass, "Yine", "Ayşe")
    await days.pass_(90)
    assert state_of(hass, LAST) == state_of(hass, LAST_TO_AYSE) == "failed"
    assert state_of(hass, LAST_TO_FAMILY) == "partially_delivered"


async def test_a_recipient_shares_the_status_of_its_number_however_it_was_written(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """A message to the bare number is one to the recipient."""
    await send(hass, "Alo", "0555 111 22 33")

    assert state_of(hass, LAST_TO_FAMILY) == "waiting"
    assert attribute_of(hass, LAST_TO_FAMILY, "recipients") == [ALI]
    assert state_of(hass, LAST_TO_AYSE) == "unknown"


async def test_a_message_expires_when_it_waited_too_long(
    hass: HomeAssistant, days: Days, provider_url: str, simulator: Simulator
) -> None:
    """The account's option says how long that is; it is certain that nothing was sent."""
    await load(hass, account_at(provider_url, expire_after=5))
    simulator.fail(Fault.REFUSE)
    await days.pass_(20)
    await send(hass, "Bayat", "Ayşe")
    assert (state_of(hass, LAST), state_of(hass, OUTBOX)) == ("queued", "1")

    for _ in range(5):
        await days.pass_(59)
    assert state_of(hass, LAST) == "queued"
    await days.pass_(5)

    assert (state_of(hass, LAST), state_of(hass, OUTBOX)) == ("expired", "0")
    assert attribute_of(hass, LAST, "reason") == "cannot_connect"
    assert not {"dlr_id", "sent_at"} & attributes_of(hass, LAST)
    simulator.clear_faults()
    await days.pass_(3600)
    assert not simulator.inbox


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("domain", "action", "data"),
    [
        ("notify", "bisms", {"target": ["Ayşe"]}),
        ("notify", "bisms_ayse", {}),
        ("notify", "send_message", {"entity_id": "notify.ayse"}),
        ("bisms", "send_message", {"recipients": ["Ayşe"]}),
    ],
)
async def test_when_a_call_returns_the_states_are_new(
    hass: HomeAssistant, domain: str, action: str, data: dict[str, Any]
) -> None:
    """An automation may look at them in its next step; not a turn of the loop is between."""
    seen: list[tuple[str | None, ...]] = []

    def look() -> None:
        seen.append(
            (
                state_of(hass, LAST),
                state_of(hass, LAST_TO_AYSE),
                attribute_of(hass, "event.bisms_delivery", "event_type"),
            )
        )

    for text in ("Bir", "İki"):
        call = {"message": text, **data}
        await hass.services.async_call(domain, action, call, blocking=True)
        look()
        dlr_id = attribute_of(hass, LAST, "dlr_id")
        assert attribute_of(hass, "event.bisms_delivery", "dlr_id") == dlr_id
        assert attribute_of(hass, LAST_TO_AYSE, "dlr_id") == dlr_id

    assert seen == [("waiting", "waiting", "sent")] * 2


@pytest.mark.usefixtures("account")
async def test_a_sensor_that_shows_nothing_new_is_not_written(
    hass: HomeAssistant,
) -> None:
    """With many recipients each message would cost more than it has to."""

    def reported(entity_id: str) -> float:
        state = hass.states.get(entity_id)
        assert state is not None
        return state.last_reported_timestamp

    await send(hass, "Bir", "Ayşe", ALI)
    others = [OUTBOX, LAST_TO_AYSE]
    before = {each: reported(each) for each in (LAST, *others)}
    await send(hass, "İki", VELI)

    assert {each: reported(each) for each in others} == {
        each: before[each] for each in others
    }
    assert reported(LAST) > before[LAST]


async def test_the_outbox_counts_the_messages_that_wait(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Not those that were sent, and not those that failed."""
    assert state_of(hass, OUTBOX) == "0"
    simulator.fail(Fault.ERROR_500, times=3, when=lambda r: r.endpoint == "smsget")
    for text in ("Bir", "İki", "Üç", "Dört"):
        await send(hass, text, "Ayşe")
    assert state_of(hass, OUTBOX) == "3"

    await days.pass_(30)
    assert state_of(hass, OUTBOX) == "0"
    assert len(simulator.inbox) == 4


async def test_the_credit_is_looked_up_once_after_a_burst(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Ten messages cause one question, soon after the last of them."""
    before = questions(simulator, "credit")

    for number in range(10):
        await send(hass, f"Alo {number}", "Ayşe", "Aile")
        await days.pass_(0.1)
    assert questions(simulator, "credit") == before
    await days.pass_(3)

    assert questions(simulator, "credit") == before + 1
    assert state_of(hass, CREDIT) == str(15600 - 30)
    await days.pass_(80)
    assert questions(simulator, "credit") == before + 1


async def test_the_credit_is_looked_up_every_hour(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """What other programs spend shows too; a fraction of a credit is one."""
    simulator.account.credit = 14000
    await days.pass_(3599)
    assert state_of(hass, CREDIT) == "15600"
    await days.pass_(2)
    assert state_of(hass, CREDIT) == "14000"

    simulator.answer("00 13999.5", endpoint="credit")
    await days.pass_(3601)
    assert state_of(hass, CREDIT) == "13999.5"


@pytest.mark.expects_log("Error fetching BiSMS account data")
async def test_the_credit_stays_what_it_was_while_nobody_answers(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """It says how old it is, and is asked for every minute until there is an answer."""
    told_at = dt_util.now().isoformat()
    assert attribute_of(hass, CREDIT, "updated_at") == told_at
    simulator.account.credit = 14000
    simulator.fail(Fault.ERROR_500, times=3)
    await days.pass_(3601)
    for _ in range(2):
        assert state_of(hass, CREDIT) == "15600"
        assert attribute_of(hass, CREDIT, "updated_at") == told_at
        await days.pass_(61)
    assert state_of(hass, LAST) == "unknown"
    assert state_of(hass, OUTBOX) == "0"

    assert state_of(hass, CREDIT) == "14000"
    assert attribute_of(hass, CREDIT, "updated_at") == dt_util.now().isoformat()


async def test_the_credit_says_that_it_was_looked_up_though_it_did_not_change(
    hass: HomeAssistant, days: Days, account: MockConfigEntry
) -> None:
    """Its age is that of the last answer."""
    await days.pass_(3601)

    assert state_of(hass, CREDIT) == "15600"
    assert attribute_of(hass, CREDIT, "updated_at") == dt_util.now().isoformat()


@pytest.mark.expects_log("Error fetching BiSMS account data")
async def test_the_credit_is_known_after_a_restart_in_an_outage(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """What was known last is shown, with its age, until the provider answers."""
    simulator.answer("00 13999.5", endpoint="credit")
    await days.pass_(3601)
    told_at = dt_util.now().isoformat()
    simulator.fail(Fault.REFUSE)
    for _ in range(2):
        await days.pass_(600)
        await hass.config_entries.async_reload(account.entry_id)
        await settled(hass)
        assert state_of(hass, CREDIT) == "13999.5"
        assert attribute_of(hass, CREDIT, "updated_at") == told_at
    assert state_of(hass, LOW_CREDIT) == "unavailable"

    simulator.clear_faults()
    await days.pass_(61)
    assert state_of(hass, CREDIT) == "15600"
    assert attribute_of(hass, CREDIT, "updated_at") == dt_util.now().isoformat()


@pytest.mark.expects_log("Error fetching BiSMS account data")
async def test_the_credit_comes_from_what_home_assistant_kept_over_a_restart(
    hass: HomeAssistant, provider_url: str, simulator: Simulator
) -> None:
    """A number that was kept on disk is shown, and its age with it."""
    told_at = "2026-11-03T08:00:00+03:00"
    kept = State(CREDIT, "42", {"updated_at": told_at})
    more = {"native_value": 42, "native_unit_of_measurement": None}
    mock_restore_cache_with_extra_data(hass, [(kept, more)])
    simulator.fail(Fault.REFUSE)

    await load(hass, account_at(provider_url))

    assert state_of(hass, CREDIT) == "42"
    assert attribute_of(hass, CREDIT, "updated_at") == told_at


@pytest.mark.expects_log("Error fetching BiSMS account data")
async def test_the_credit_is_unknown_until_the_first_answer_ever(
    hass: HomeAssistant, provider_url: str, simulator: Simulator
) -> None:
    """Not unavailable: the account is there."""
    simulator.fail(Fault.REFUSE)

    await load(hass, account_at(provider_url))

    assert state_of(hass, CREDIT) == "unknown"
    assert "updated_at" not in attributes_of(hass, CREDIT)


async def test_the_blacklist_is_not_asked_for_unless_its_sensor_is_enabled(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Most users never need it."""
    await do(hass, "add_to_blacklist", number=ALI)
    await days.pass_(2 * 3600)

    assert hass.states.get(BLACKLISTED) is None
    assert questions(simulator, "blacklistexport") == 0


async def test_an_enabled_blacklist_sensor_counts_the_numbers(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    simulator: Simulator,
    entity_registry: er.EntityRegistry,
) -> None:
    """Soon after it is enabled, soon after a number was added, and every hour."""
    simulator.account.blacklist.add(VELI)
    entity_registry.async_update_entity(BLACKLISTED, disabled_by=None)
    await hass.config_entries.async_reload(account.entry_id)
    await days.pass_(3)
    assert state_of(hass, BLACKLISTED) == "1"

    await do(hass, "add_to_blacklist", number=ALI)
    await days.pass_(3)
    assert state_of(hass, BLACKLISTED) == "2"

    simulator.account.blacklist.clear()
    await days.pass_(3601)
    await days.pass_(3)
    assert state_of(hass, BLACKLISTED) == "0"


async def test_the_last_delivery_is_that_of_the_message_sent_last(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """What happens to an earlier one does not hide it."""
    simulator.handset(AYSE, delivered_after=None)
    await send(hass, "Önce", "Ayşe")
    await days.pass_(60)
    await send(hass, "Sonra", "Aile")
    await days.pass_(30)
    assert state_of(hass, LAST_TO_AYSE) == "pending"
    assert state_of(hass, LAST) == "waiting"
    assert attribute_of(hass, LAST, "recipients") == [ALI, VELI]
    await days.pass_(60)
    assert state_of(hass, LAST) == "delivered"


async def test_the_last_delivery_is_the_last_one_whatever_the_clock_does(
    hass: HomeAssistant, days: Days, account: MockConfigEntry
) -> None:
    """A clock that was ahead and is set back must not hold on to an old message."""
    days.clock_is_ahead = 86400
    await send(hass, "Önce", "Ayşe", "Aile")
    shown = dt_util.now() + timedelta(days=1)
    assert attribute_of(hass, LAST, "sent_at") == shown.isoformat()
    days.clock_is_ahead = 0
    await send(hass, "Sonra", "Aile")
    assert attribute_of(hass, LAST, "recipients") == [ALI, VELI]
    assert attribute_of(hass, LAST_TO_FAMILY, "recipients") == [ALI, VELI]
    assert attribute_of(hass, LAST, "sent_at") == dt_util.now().isoformat()

    await hass.config_entries.async_reload(account.entry_id)
    await settled(hass)
    assert attribute_of(hass, LAST, "recipients") == [ALI, VELI]
    await send(hass, "En son", "Ayşe")
    assert attribute_of(hass, LAST, "recipients") == [AYSE]


async def test_a_refused_message_shows_why(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Its reason is an attribute, and it has no id at the provider."""
    simulator.account.headers = ("BASKA",)

    await refused(
        do(hass, "send_message", recipients=["Ayşe"], message="Alo"),
        HomeAssistantError,
    )

    assert state_of(hass, LAST) == "failed"
    assert attribute_of(hass, LAST, "reason") == "wrong_header"
    assert not {"dlr_id", "sent_at"} & attributes_of(hass, LAST)
    assert len(sends(simulator)) == 1


async def test_the_parts_of_individual_messages_are_added_up(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """One for each text."""
    await act(
        hass,
        "send_messages",
        messages=[
            {"recipient": "Ayşe", "message": "a" * 200},
            {"recipient": "Aile", "message": "b"},
        ],
    )

    assert attribute_of(hass, LAST, "parts") == 3
    assert attribute_of(hass, LAST, "recipients") == [AYSE, ALI, VELI]


async def test_a_recipient_whose_numbers_change_shows_the_new_ones(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """A delivery to a number that is no longer its own is not shown."""
    await send(hass, "Alo", "Ayşe")
    assert state_of(hass, LAST_TO_AYSE) == "waiting"
    subentry: ConfigSubentry = next(iter(account.subentries.values()))

    hass.config_entries.async_update_subentry(
        account, subentry, data={"name": "Ayşe", "numbers": ["905550000001"]}
    )
    await settled(hass)

    assert state_of(hass, LAST_TO_AYSE) == "unknown"


async def test_numbers_and_texts_are_not_recorded(
    recorder_mock: object, hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """The history keeps what happened, but not to whom, and texts are nowhere."""
    begun = dt_util.utcnow()
    await send(hass, "Gizli metin", "Ayşe")
    await settled(hass)
    await get_instance(hass).async_block_till_done()

    history = await get_instance(hass).async_add_executor_job(
        get_significant_states,
        hass,
        begun,
        None,
        [LAST, LAST_TO_AYSE, "event.bisms_delivery"],
    )

    assert set(history) == {LAST, LAST_TO_AYSE, "event.bisms_delivery"}
    for states in history.values():
        recorded = states[-1]
        assert isinstance(recorded, State)
        assert not {"names", "recipients"} & set(recorded.attributes)
        assert recorded.attributes["dlr_id"] == "77300600"
    assert AYSE not in str(history)
    assert "Gizli" not in str(history)
    assert "Gizli" not in str([s.as_dict() for s in hass.states.async_all()])
