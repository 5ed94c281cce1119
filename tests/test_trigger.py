"""The triggers: automations that begin with what happens to a message."""

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.components.automation.config import ValidationStatus
from homeassistant.const import STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import Context, CoreState, HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.trigger import async_get_all_descriptions
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_mock_service,
)

from custom_components.bisms.const import DOMAIN
from simulator import Fault, Simulator

from .accounts import (
    ALI,
    AYSE,
    VELI,
    Days,
    a_moment,
    account_at,
    act,
    do,
    load,
    refused,
    sends,
    settled,
    until,
)
from .messages import message
from .translated import load as texts_in

FAMILY = [ALI, VELI]
KINDS = ("sent", "queued", "delivered", "failed")


class Automations:
    """The automations of a household, and what made each of them run."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Note every run from now on."""
        self._hass = hass
        self.runs: list[ServiceCall] = async_mock_service(hass, "test", "begin")

    async def create(self, *kinds: str, **options: Any) -> str:
        """Create an automation with a trigger for each kind of event; return its state."""
        trigger = {"options": options} if options else {}
        config = {
            "alias": "Ours",
            "mode": "parallel",
            "triggers": [
                {"trigger": f"bisms.message_{kind}", **trigger} for kind in kinds
            ],
            "actions": [
                {
                    "action": "test.begin",
                    "data": {
                        "trigger": "{{ trigger }}",
                        "last": (
                            "{{ state_attr('event.bisms_delivery', 'event_type') }}"
                        ),
                    },
                }
            ],
        }
        assert await async_setup_component(
            self._hass, AUTOMATION_DOMAIN, {AUTOMATION_DOMAIN: config}
        )
        (state,) = self._hass.states.async_all(AUTOMATION_DOMAIN)
        return state.state

    @property
    def told(self) -> list[dict[str, Any]]:
        """What each run found in `trigger`."""
        return [dict(run.data["trigger"]) for run in self.runs]

    @property
    def events(self) -> list[tuple[str, list[str]]]:
        """What happened and to whose message, for each run."""
        return [(told["event_type"], told["recipients"]) for told in self.told]


@pytest.fixture
async def automations(hass: HomeAssistant) -> AsyncIterator[Automations]:
    """Return the household's automations, which are off in the end."""
    yield Automations(hass)
    if hass.states.async_all(AUTOMATION_DOMAIN):
        await do(hass, "turn_off", domain=AUTOMATION_DOMAIN, entity_id="all")


async def send(hass: HomeAssistant, *to: str, text: str = "Alo", **fields: Any) -> None:
    """Send a message."""
    await do(hass, "send_message", recipients=list(to), message=text, **fields)


async def test_an_automation_begins_when_a_message_is_sent_and_delivered(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    automations: Automations,
) -> None:
    """And is told which one, to whom, and through which account."""
    assert await automations.create(*KINDS) == STATE_ON
    answer = await act(hass, "send_message", recipients=["Aile"], message="Alo")
    await days.pass_(90)

    assert automations.events == [("sent", FAMILY), ("delivered", FAMILY)]
    for told in automations.told:
        assert told["message_id"] == answer["messages"][0]["id"]
        assert told["dlr_id"] == "77300600"
        assert told["config_entry_id"] == account.entry_id
        assert "Alo" not in str(told)


async def test_an_automation_begins_when_a_message_has_to_wait(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    automations: Automations,
    simulator: Simulator,
) -> None:
    """Once, and again when it is out."""
    await automations.create(*KINDS)
    simulator.fail(Fault.ERROR_500, endpoint="smsget", times=2)
    await send(hass, "Ayşe")
    await settled(hass)
    assert automations.events == [("queued", [AYSE])]
    assert automations.told[0]["reason"] == "server_error"

    await days.pass_(2)
    await days.pass_(5)
    assert automations.events[1:] == [("sent", [AYSE])]


async def refuse(hass: HomeAssistant, days: Days, simulator: Simulator) -> None:
    """Have a message refused."""
    simulator.answer("83", endpoint="smspost")
    await refused(send(hass, "Aile"), HomeAssistantError)


async def lose_one_number(
    hass: HomeAssistant, days: Days, simulator: Simulator
) -> None:
    """Have a message delivered to one of its numbers only."""
    simulator.handset(VELI, fails_after=1)
    await send(hass, "Aile")
    await days.pass_(90)


async def expire(hass: HomeAssistant, days: Days, simulator: Simulator) -> None:
    """Have a message wait for too long."""
    simulator.fail(Fault.REFUSE)
    await days.pass_(20)
    await send(hass, "Aile", expire_after=1)
    await days.pass_(59)
    await days.pass_(1)


@pytest.mark.parametrize(
    ("happens", "event_type", "reason"),
    [
        (refuse, "failed", "empty_sms"),
        (lose_one_number, "partially_delivered", "not_delivered"),
        (expire, "expired", "cannot_connect"),
    ],
)
async def test_an_automation_begins_when_a_message_does_not_reach_everybody(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    automations: Automations,
    simulator: Simulator,
    happens: Callable[[HomeAssistant, Days, Simulator], Coroutine[Any, Any, None]],
    event_type: str,
    reason: str,
) -> None:
    """Whether it failed, failed in part, or was not sent at all: the trigger is the same."""
    await automations.create("failed")
    await happens(hass, days, simulator)
    await settled(hass)

    (told,) = automations.told
    assert told["platform"] == "bisms.message_failed"
    assert told["event_type"] == event_type
    assert told["reason"] == reason


@pytest.mark.parametrize("kind", KINDS)
async def test_an_automation_begins_with_what_it_waits_for_only(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    automations: Automations,
    simulator: Simulator,
    kind: str,
) -> None:
    """Each of the four happens once; only one of them matters."""
    await automations.create(kind)
    simulator.fail(Fault.ERROR_500, endpoint="smsget", times=1)
    await send(hass, "Ayşe")
    await days.pass_(2)
    await days.pass_(90)
    simulator.answer("83", endpoint="smsget")
    await refused(send(hass, "Ayşe", text="Yine"), HomeAssistantError)
    await settled(hass)
    assert automations.events == [(kind, [AYSE])]


async def test_an_automation_is_told_what_the_event_entity_shows(
    hass: HomeAssistant, account: MockConfigEntry, automations: Automations
) -> None:
    """The same names and values; only the message's `id` has to be called otherwise."""
    await automations.create("sent")
    await send(hass, "Ayşe")
    await settled(hass)

    (told,) = automations.told
    state = hass.states.get("event.bisms_delivery")
    assert state is not None
    shown = dict(state.attributes)
    assert told.pop("message_id") == shown.pop("id")
    assert told.pop("config_entry_id") == account.entry_id
    for key in ("event_types", "friendly_name"):
        shown.pop(key)
    of_every_trigger = {"id", "idx", "alias", "platform", "description"}
    assert {k: v for k, v in told.items() if k not in of_every_trigger} == shown


async def test_entities_show_what_happened_by_the_time_an_automation_begins(
    hass: HomeAssistant, account: MockConfigEntry, automations: Automations
) -> None:
    """Its first condition may look at them."""
    await automations.create("sent")
    await send(hass, "Ayşe")
    await settled(hass)
    assert [run.data["last"] for run in automations.runs] == ["sent"]


async def test_an_automation_knows_what_caused_the_message(
    hass: HomeAssistant, account: MockConfigEntry, automations: Automations
) -> None:
    """The logbook can tell who set off what."""
    cause = Context()
    await automations.create("sent")
    await do(hass, "send_message", recipients=[AYSE], message="a", context=cause)
    await settled(hass)
    (run,) = automations.runs
    assert run.context.parent_id == cause.id


async def test_a_message_of_unknown_cause_begins_an_automation_too(
    hass: HomeAssistant, account: MockConfigEntry, automations: Automations
) -> None:
    """The logbook then has nobody to name."""
    await automations.create("sent")
    await account.runtime_data.outbox.send(message(), lifetime=60)
    await settled(hass)
    (run,) = automations.runs
    assert run.context.parent_id is None


@pytest.mark.parametrize(
    "recipients",
    [
        ["Aile"],
        "aile",
        [" AILE "],
        ["0555 111 22 33"],
        [905551112244],
        ["Ayşe", "Aile"],
        ["notify.aile"],
        ["notify.ayse", "notify.aile"],
    ],
    ids=str,
)
async def test_only_messages_to_the_recipients_that_are_named_count(
    hass: HomeAssistant,
    account: MockConfigEntry,
    automations: Automations,
    recipients: Any,
) -> None:
    """By entity, name or number, written as people do; to one of them is enough."""
    assert await automations.create("sent", recipients=recipients) == STATE_ON
    await send(hass, "0555 999 88 66")
    await settled(hass)
    assert not automations.runs

    await send(hass, "0555 999 88 66", "Aile", text="Herkese")
    await settled(hass)
    assert automations.events == [("sent", ["905559998866", *FAMILY])]


async def test_an_empty_list_of_recipients_leaves_nobody_out(
    hass: HomeAssistant, account: MockConfigEntry, automations: Automations
) -> None:
    """The editor leaves one behind when the last name is taken out."""
    await automations.create("sent", recipients=[])
    await send(hass, "Ayşe")
    await settled(hass)
    assert automations.events == [("sent", [AYSE])]


async def change_ayse(
    hass: HomeAssistant, account: MockConfigEntry, name: str, number: str
) -> None:
    """Give the recipient Ayşe this name and number."""
    (ayse,) = (one for one in account.subentries.values() if one.title == "Ayşe")
    hass.config_entries.async_update_subentry(
        account, ayse, title=name, data={"name": name, "numbers": [number]}
    )
    await settled(hass)


async def test_a_name_stands_for_the_numbers_it_has_by_then(
    hass: HomeAssistant, account: MockConfigEntry, automations: Automations
) -> None:
    """A new phone needs no change of automations."""
    await automations.create("sent", recipients=["Ayşe"])
    new = "905559998800"
    await change_ayse(hass, account, "Ayşe", new)

    await send(hass, AYSE)
    await send(hass, "Ayşe")
    await settled(hass)
    assert automations.events == [("sent", [new])]


async def test_an_entity_stands_for_the_recipient_whatever_that_is_called(
    hass: HomeAssistant, account: MockConfigEntry, automations: Automations
) -> None:
    """It is another one's numbers that do not count."""
    await automations.create("sent", recipients=["notify.ayse"])
    await change_ayse(hass, account, "Annem", AYSE)

    await send(hass, "Aile")
    await send(hass, "Annem")
    await settled(hass)
    assert automations.events == [("sent", [AYSE])]


async def test_a_message_of_any_account_counts(
    hass: HomeAssistant,
    account: MockConfigEntry,
    automations: Automations,
    provider_url: str,
) -> None:
    """The automation is told which account it was."""
    office = await load(hass, account_at(provider_url, title="BiSMS Ofis"))
    await automations.create("sent")
    for entry in (office, account):
        await send(hass, "Ayşe", text=entry.title, config_entry_id=entry.entry_id)
    await settled(hass)
    assert [told["config_entry_id"] for told in automations.told] == [
        office.entry_id,
        account.entry_id,
    ]


async def test_a_name_is_looked_up_in_the_account_that_sends(
    hass: HomeAssistant,
    account: MockConfigEntry,
    automations: Automations,
    provider_url: str,
) -> None:
    """Two accounts may know different people by one name."""
    office = await load(
        hass, account_at(provider_url, {"Ayşe": [ALI]}, title="BiSMS Ofis")
    )
    await automations.create("sent", recipients=["Ayşe"])
    for entry, number in ((office, AYSE), (account, ALI)):
        await send(hass, number, config_entry_id=entry.entry_id)
    await settled(hass)
    assert not automations.runs

    for entry in (office, account):
        await send(hass, "Ayşe", text="Yine", config_entry_id=entry.entry_id)
    await settled(hass)
    assert automations.events == [("sent", [ALI]), ("sent", [AYSE])]


async def test_an_automation_outlives_a_reload_of_the_account(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, automations: Automations
) -> None:
    """What happened before is not told again, and what happens afterwards is told once."""
    await automations.create(*KINDS)
    await send(hass, "Ayşe")
    await hass.config_entries.async_reload(account.entry_id)
    await settled(hass)
    assert automations.events == [("sent", [AYSE])]

    await days.pass_(90)
    await send(hass, "Aile", text="Yine")
    await settled(hass)
    assert automations.events[1:] == [("delivered", [AYSE]), ("sent", FAMILY)]


async def test_an_automation_waits_for_an_account_that_is_not_loaded(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    automations: Automations,
    simulator: Simulator,
) -> None:
    """It can be created meanwhile, too, with the name of a recipient."""
    simulator.handset(AYSE, fails_after=1)
    await send(hass, "Ayşe")
    assert await hass.config_entries.async_unload(account.entry_id)
    assert await automations.create("failed", recipients=["Ayşe"]) == STATE_ON
    await days.pass_(90)
    assert not automations.runs

    await load(hass, account)
    await days.pass_(90)
    assert automations.events == [("failed", [AYSE])]


async def test_what_happens_while_an_account_is_unloaded_is_told(
    hass: HomeAssistant,
    account: MockConfigEntry,
    automations: Automations,
    simulator: Simulator,
) -> None:
    """Its entities are gone by then, but nothing happens without anybody being told."""
    await automations.create(*KINDS)
    simulator.fail(Fault.HANG, endpoint="smsget")
    sending = hass.async_create_task(send(hass, "Ayşe"))
    await until(lambda: sends(simulator))
    await hass.config_entries.async_unload(account.entry_id)
    await sending
    await settled(hass)
    assert automations.events == [("queued", [AYSE])]


async def test_what_happened_while_home_assistant_was_off_is_told_once_it_has_started(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    automations: Automations,
    simulator: Simulator,
) -> None:
    """Accounts are loaded before automations listen, and still none misses a thing."""
    simulator.fail(Fault.REFUSE)
    await days.pass_(20)
    await send(hass, "Ayşe", expire_after=1)
    await hass.config_entries.async_unload(account.entry_id)
    simulator.clear_faults()
    await days.pass_(3600)

    hass.set_state(CoreState.not_running)
    await automations.create("failed")
    await load(hass, account)
    assert not automations.runs
    await hass.async_start()
    await settled(hass)
    assert automations.events == [("expired", [AYSE])]


async def test_an_automation_can_be_there_before_the_first_account(
    hass: HomeAssistant, automations: Automations, provider_url: str
) -> None:
    """With numbers, for names there are none yet."""
    assert await automations.create("sent", recipients=[AYSE]) == STATE_ON
    await load(hass, account_at(provider_url))
    await send(hass, "Ayşe")
    await settled(hass)
    assert automations.events == [("sent", [AYSE])]


async def test_an_automation_that_is_off_does_not_begin(
    hass: HomeAssistant, account: MockConfigEntry, automations: Automations
) -> None:
    """It listens no more."""
    await automations.create("sent")
    await do(hass, "turn_off", domain=AUTOMATION_DOMAIN, entity_id="all")
    await send(hass, "Ayşe")
    await settled(hass)
    assert not automations.runs


async def test_a_script_can_wait_for_a_delivery(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    automations: Automations,
) -> None:
    """What begins an automation can also be waited for in one."""
    sequence = [
        {"action": "bisms.send_message", "data": {"recipients": AYSE, "message": "a"}},
        {"wait_for_trigger": {"trigger": "bisms.message_delivered"}},
        {"action": "test.begin", "data": {"trigger": "{{ wait.trigger }}"}},
    ]
    await async_setup_component(
        hass, "script", {"script": {"send": {"sequence": sequence}}}
    )
    await do(hass, "turn_on", domain="script", entity_id="script.send")
    await a_moment()
    await days.elapse(90)
    await until(lambda: automations.runs)
    assert automations.events == [("delivered", [AYSE])]


@pytest.mark.expects_log("failed to setup triggers")
@pytest.mark.parametrize("language", ["en", "tr"])
@pytest.mark.parametrize("recipient", ["Aişe", "0312 123 45 67", "55", ""])
async def test_a_recipient_that_is_none_is_refused_in_words(
    hass: HomeAssistant,
    account: MockConfigEntry,
    automations: Automations,
    language: str,
    recipient: str,
) -> None:
    """In Home Assistant's language, where a user sees that the automation does not work."""
    hass.config.language = language
    state = await automations.create("sent", recipients=["Ayşe", recipient])
    assert state == STATE_UNAVAILABLE
    (issue,) = (
        issue
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == AUTOMATION_DOMAIN
    )
    assert issue.translation_key == f"validation_{ValidationStatus.FAILED_TRIGGERS}"
    assert issue.translation_placeholders is not None
    words = texts_in(language)["exceptions"]["unknown_trigger_recipient"]["message"]
    assert issue.translation_placeholders["error"] == words.format(recipient=recipient)


@pytest.mark.expects_log("failed to setup triggers")
@pytest.mark.parametrize(
    ("kind", "options"), [("sent", {"recipient": "Ayşe"}), ("lost", {})]
)
async def test_what_does_not_exist_is_refused(
    hass: HomeAssistant,
    account: MockConfigEntry,
    automations: Automations,
    kind: str,
    options: dict[str, Any],
) -> None:
    """An option that is misspelt, or a trigger."""
    assert await automations.create(kind, **options) == STATE_UNAVAILABLE


@pytest.mark.expects_log("Exception in on_news")
async def test_a_mistake_in_an_automation_brings_nothing_private_to_the_log(
    hass: HomeAssistant,
    account: MockConfigEntry,
    automations: Automations,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Home Assistant logs what was passed on; and the other automations begin."""
    action = {"action": "test.begin", "data": {"trigger": "{{ trigger }}"}}
    trigger = {"trigger": "bisms.message_sent"}
    wrong = {**trigger, "variables": {"x": "{{ 1 // 0 }}"}}
    config = [
        {"alias": "Wrong", "triggers": [wrong], "actions": [action]},
        {"alias": "Right", "triggers": [trigger], "actions": [action]},
    ]
    await async_setup_component(hass, AUTOMATION_DOMAIN, {AUTOMATION_DOMAIN: config})
    await send(hass, AYSE, text="Gizli bir metin")
    await settled(hass)

    assert automations.events == [("sent", [AYSE])]
    (error,) = (one for one in caplog.records if one.levelname == "ERROR")
    assert "Gizli" not in error.getMessage()
    assert AYSE not in error.getMessage()


async def test_the_editor_offers_the_triggers(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """With a field in which recipients are chosen by their notify entities."""
    descriptions = {
        key: description
        for key, description in (await async_get_all_descriptions(hass)).items()
        if key.startswith(f"{DOMAIN}.")
    }
    assert set(descriptions) == {f"{DOMAIN}.message_{kind}" for kind in KINDS}
    for description in descriptions.values():
        assert description is not None
        chooser = description["fields"]["recipients"]["selector"]["entity"]
        assert chooser["multiple"]
        assert chooser["filter"] == [{"integration": DOMAIN, "domain": ["notify"]}]
