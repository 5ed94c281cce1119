"""The forms of the actions: what they offer, and in which words."""

from datetime import datetime, timedelta
import json
from typing import Any

from homeassistant.components import notify
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EVENT_SERVICE_REGISTERED
from homeassistant.core import HomeAssistant
from homeassistant.helpers import service
from homeassistant.helpers.json import json_bytes
from homeassistant.helpers.selector import selector
from homeassistant.helpers.service import async_get_all_descriptions
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.bisms.const import DOMAIN
from custom_components.bisms.forms import PAUSE, SOON
from custom_components.bisms.offers import MOST
from simulator import Account, Fault, Simulator

from .accounts import ALI, AYSE, VELI, Days, account_at, act, do, load, settled
from .translated import LANGUAGES, load as texts_in

NAMES = ["Ayşe", "Aile"]
HEADERS = ["BASLIK1", "BASLIK2", "BASLIK3"]


@pytest.fixture
def simulator() -> Simulator:
    """Return a provider that has two accounts."""
    return Simulator([Account("test", "test"), Account("ofis", "ofis")])


@pytest.fixture(autouse=True)
def features(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let forms be loaded without the packages that voice assistants and others need.

    To read the form of `notify.send_message`, Home Assistant would load them all.
    """
    monkeypatch.setattr(service, "_base_components", lambda: {"notify": notify})


def filled_in(field: Any, value: Any) -> Any:
    """Return what a field makes of a value, or raise that it takes no such thing."""
    check: Any = selector(field["selector"])
    return check(value)


async def form(hass: HomeAssistant, action: str, domain: str = DOMAIN) -> Any:
    """Return an action's form as a page that is loaded now gets it."""
    descriptions = await async_get_all_descriptions(hass)
    return json.loads(json_bytes(descriptions[domain][action]))


async def offered(hass: HomeAssistant) -> tuple[list[str], list[str]]:
    """Return the recipients and sender names from which a user chooses."""
    fields = (await form(hass, "send_message"))["fields"]
    return (
        fields["recipients"]["selector"]["select"]["options"],
        fields["advanced"]["fields"]["header"]["selector"]["select"]["options"],
    )


def recipient(entry: MockConfigEntry, name: str) -> ConfigSubentry:
    """Return an account's recipient."""
    return next(s for s in entry.subentries.values() if s.title == name)


async def test_without_an_account_there_is_nothing_to_choose(
    hass: HomeAssistant,
) -> None:
    """Names and numbers are typed."""
    assert await async_setup_component(hass, DOMAIN, {})

    fields = (await form(hass, "send_message"))["fields"]
    assert fields["recipients"]["selector"]["text"]["multiple"]
    assert "text" in fields["advanced"]["fields"]["header"]["selector"]


async def test_recipients_and_sender_names_are_chosen_from_those_that_are_known(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Several recipients for one text, one for a text of its own; all else stays as it was."""
    assert await offered(hass) == (NAMES, HEADERS)
    description = await form(hass, "send_message")
    assert description["response"] == {"optional": True}
    fields = description["fields"]
    assert fields["message"]["selector"]["text"]["multiline"]
    assert fields["advanced"]["collapsed"]
    letters = fields["advanced"]["fields"]["turkish_characters"]["selector"]["select"]
    assert letters["translation_key"] == "turkish_characters"
    messages = (await form(hass, "send_messages"))["fields"]["messages"]["selector"]
    one = messages["object"]["fields"]["recipient"]["selector"]["select"]
    assert (one["options"], one["multiple"]) == (NAMES, False)
    assert messages["object"]["label_field"] == "recipient"

    chosen = filled_in(fields["recipients"], ["Ayşe", "0555 111 22 33"])
    await act(hass, "send_message", recipients=chosen, message="Alo")
    assert [sms.number for sms in simulator.inbox] == [AYSE, ALI]
    assert filled_in(fields["advanced"]["fields"]["header"], "{{ states('a.b') }}")


async def test_the_choice_follows_the_recipients(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """Also in the classic action; what is gone is not offered."""
    entries = hass.config_entries

    async def offers(*names: str) -> bool:
        target = (await form(hass, "bisms", "notify"))["fields"]["target"]
        known, _ = await offered(hass)
        chosen: list[str] = target["selector"]["select"]["options"]
        return known == chosen == list(names)

    entries.async_add_subentry(account, subentry_of("Komşu"))
    assert await offers("Ayşe", "Aile", "Komşu")
    entries.async_update_subentry(account, recipient(account, "Ayşe"), title="Anne")
    assert await offers("Anne", "Aile", "Komşu")
    entries.async_remove_subentry(account, recipient(account, "Aile").subentry_id)
    assert await offers("Anne", "Komşu")
    for name in ("Anne", "Komşu"):
        entries.async_remove_subentry(account, recipient(account, name).subentry_id)

    target = (await form(hass, "bisms", "notify"))["fields"]["target"]
    assert target["selector"]["text"]["multiple"]
    fields = (await form(hass, "send_message"))["fields"]
    assert fields["recipients"]["selector"]["text"]["multiple"]


def subentry_of(name: str) -> ConfigSubentry:
    """Return a recipient that was not there before."""
    [added] = account_at("", {name: [VELI]}).subentries.values()
    return added


async def test_the_choice_is_from_all_accounts_that_are_loaded(
    hass: HomeAssistant,
    account: MockConfigEntry,
    provider_url: str,
    simulator: Simulator,
) -> None:
    """Each name once; the classic action of an account knows its own recipients only."""
    simulator.accounts["ofis"].headers = ("BASLIK1", "OFISIM")
    office = await load(
        hass,
        account_at(
            provider_url,
            {"Nöbetçi": [VELI], "Ayşe": [AYSE]},
            title="BiSMS Ofis",
            username="ofis",
            secret="ofis",
        ),
    )
    assert await offered(hass) == ([*NAMES, "Nöbetçi"], [*HEADERS, "OFISIM"])
    target = (await form(hass, "bisms_ofis", "notify"))["fields"]["target"]
    assert target["selector"]["select"]["options"] == ["Nöbetçi", "Ayşe"]

    await hass.config_entries.async_unload(account.entry_id)
    assert await offered(hass) == (["Nöbetçi", "Ayşe"], ["BASLIK1", "OFISIM"])
    await hass.config_entries.async_remove(office.entry_id)
    assert (
        "text" in (await form(hass, "send_message"))["fields"]["recipients"]["selector"]
    )


async def test_a_newly_approved_sender_name_can_be_chosen(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Once the provider was asked; one that was withdrawn is no longer offered."""
    simulator.accounts["test"].headers = ("BASLIK1", "YENI")

    await days.pass_(3601)

    assert await offered(hass) == (NAMES, ["BASLIK1", "YENI"])


@pytest.mark.expects_log("Error fetching BiSMS account data: .* could not be reached")
async def test_while_the_provider_is_down_the_chosen_sender_name_is_known(
    hass: HomeAssistant, days: Days, provider_url: str, simulator: Simulator
) -> None:
    """It follows the options, and the others follow once the provider answers."""
    simulator.fail(Fault.REFUSE)
    entry = await load(hass, account_at(provider_url, header="BASLIK2"))
    assert await offered(hass) == (NAMES, ["BASLIK2"])
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "header": "BASLIK3"}
    )
    assert await offered(hass) == (NAMES, ["BASLIK3"])

    simulator.clear_faults()
    await days.pass_(61)
    assert await offered(hass) == (NAMES, HEADERS)


async def test_open_pages_are_told_of_forms_that_changed(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """And only of those: nothing is told when nothing changed."""
    told = async_capture_events(hass, EVENT_SERVICE_REGISTERED)
    simulator.accounts["test"].credit = 1000
    await days.pass_(3601)
    hass.config_entries.async_update_entry(
        account, options={**account.options, "low_credit": 5}
    )
    assert not told

    hass.config_entries.async_remove_subentry(
        account, recipient(account, "Aile").subentry_id
    )
    await settled(hass)
    assert [event.data["service"] for event in told] == [
        "send_message",
        "send_messages",
        "get_messages",
    ]


async def hold(
    hass: HomeAssistant, send_at: datetime, *recipients: str, text: str = "Gizli"
) -> str:
    """Have a message be held, and return its id."""
    answer = await act(
        hass,
        "send_message",
        recipients=list(recipients),
        message=text,
        send_at=send_at.isoformat(),
        scheduled_by="home_assistant",
    )
    message_id: str = answer["messages"][0]["id"]
    return message_id


async def messages_offered(hass: HomeAssistant, action: str) -> list[tuple[str, str]]:
    """Return what a form calls the messages it offers, and their ids."""
    selector = (await form(hass, action))["fields"]["id"]["selector"]
    options = selector["select"]["options"] if "select" in selector else []
    return [(option["label"], option["value"]) for option in options]


async def test_messages_are_chosen_by_whom_they_are_to_and_when(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """What waits can be stopped or hurried, what was stopped can be sent after all."""
    send_at = dt_util.now() + timedelta(hours=3)
    held = await hold(hass, send_at, "Ayşe", ALI)
    await days.pass_(SOON)

    offer = [(f"Ayşe, Aile, {send_at:%Y-%m-%d %H:%M}", held)]
    assert await messages_offered(hass, "cancel_message") == offer
    assert await messages_offered(hass, "send_now") == offer
    assert not await messages_offered(hass, "resend_message")

    field = (await form(hass, "cancel_message"))["fields"]["id"]
    assert await act(hass, "cancel_message", id=filled_in(field, [held])) == {
        "cancelled": [held]
    }
    await days.pass_(PAUSE - 1)
    assert await messages_offered(hass, "cancel_message") == offer
    await days.pass_(1)
    assert not await messages_offered(hass, "cancel_message")
    assert not await messages_offered(hass, "send_now")
    assert await messages_offered(hass, "resend_message") == offer

    field = (await form(hass, "resend_message"))["fields"]["id"]
    await act(hass, "resend_message", id=filled_in(field, held))
    assert [sms.number for sms in simulator.inbox] == [AYSE, ALI]


async def test_what_waits_is_offered_until_it_went_out(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """To be sent now, that is: what may have gone out already can't be stopped any more."""
    handed_over = dt_util.now()
    simulator.fail(Fault.REFUSE)
    await act(hass, "send_message", recipients=["05321112233"], message="Alo")
    await days.pass_(SOON)
    [(label, _)] = await messages_offered(hass, "send_now")
    assert label == f"905321112233, {handed_over:%Y-%m-%d %H:%M}"

    simulator.clear_faults()
    await days.pass_(PAUSE)
    assert len(simulator.inbox) == 1
    await days.pass_(SOON)
    assert not await messages_offered(hass, "send_now")


async def test_forms_offer_the_newest_messages_and_none_of_their_texts(
    hass: HomeAssistant, days: Days, account: MockConfigEntry
) -> None:
    """Those of an account that is loaded anew too; what happens at once is told once."""
    told = async_capture_events(hass, EVENT_SERVICE_REGISTERED)
    send_at = dt_util.now() + timedelta(hours=3)
    ids = []
    for number in range(MOST + 1):
        ids.append(await hold(hass, send_at, "Ayşe", text=f"Gizli {number}"))
        await days.elapse(0.01)
    await days.pass_(SOON)
    assert [event.data["service"] for event in told] == ["cancel_message", "send_now"]

    await hass.config_entries.async_reload(account.entry_id)
    await settled(hass)
    offer = await messages_offered(hass, "cancel_message")
    assert [message_id for _, message_id in offer] == ids[:0:-1]
    assert "Gizli" not in json.dumps(await form(hass, "cancel_message"))


CLASSIC = {
    "en": {
        "bisms": "Send an SMS through BiSMS",
        "bisms_ayse": "Send an SMS to Ayşe",
        "bisms_aile": "Send an SMS to Aile",
    },
    "tr": {
        "bisms": "BiSMS ile SMS gönder",
        "bisms_ayse": "SMS gönder: Ayşe",
        "bisms_aile": "SMS gönder: Aile",
    },
}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_classic_actions_speak_home_assistants_language(
    hass: HomeAssistant, provider_url: str, language: str
) -> None:
    """Their names, and the fields, of which a recipient's action has no target."""
    hass.config.language = language
    await load(hass, account_at(provider_url))

    texts = texts_in(language)
    ours = texts["services"]["send_message"]["fields"]
    for action, name in CLASSIC[language].items():
        described = await form(hass, action, "notify")
        assert described["name"] == name
        fields = described["fields"]
        assert list(fields) == [
            "message",
            "title",
            *(["target"] if action == "bisms" else []),
            "data",
        ]
        assert fields["message"]["name"] == ours["message"]["name"]
        assert fields["message"]["required"]
        assert fields["title"]["name"] == texts["common"]["notify_title"]
        assert all(field["description"] for field in fields.values())
        assert "{" not in described["description"]
    target = (await form(hass, "bisms", "notify"))["fields"]["target"]
    assert target["name"] == ours["recipients"]["name"]
    assert target["selector"]["select"]["multiple"]


async def test_the_classic_actions_follow_the_language(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """One that is spoken from now on, and a name that is another one."""
    for language in ("tr", "en", "de"):
        await hass.config.async_update(language=language)
        await settled(hass)
        for action, name in CLASSIC.get(language, CLASSIC["en"]).items():
            assert (await form(hass, action, "notify"))["name"] == name

    hass.config_entries.async_update_subentry(
        account, recipient(account, "Ayşe"), title="Anne {x}"
    )
    described = await form(hass, "bisms_anne_x", "notify")
    assert described["name"] == "Send an SMS to Anne {x}"


async def test_what_is_chosen_in_a_classic_action_is_sent(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Its data are typed as before."""
    fields = (await form(hass, "bisms", "notify"))["fields"]
    filled = {
        "message": filled_in(fields["message"], "Su var"),
        "title": filled_in(fields["title"], "Mutfak"),
        "target": filled_in(fields["target"], ["Aile", "05559998877"]),
        "data": filled_in(fields["data"], {"header": "BASLIK2"}),
    }

    await do(hass, "bisms", domain="notify", **filled)

    assert [(sms.number, sms.text, sms.header) for sms in simulator.inbox] == [
        (number, "Mutfak: Su var", "BASLIK2") for number in (ALI, VELI, AYSE)
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_looks_for_sms_finds_how_to_send_one(language: str) -> None:
    """Of all actions, its name says so most shortly, which is what the search goes by."""
    texts = texts_in(language)
    names = {
        **{action: words["name"] for action, words in texts["services"].items()},
        **{
            kind: texts["common"][kind].format(name="Ayşe")
            for kind in ("notify_account", "notify_recipient")
        },
    }
    found = [action for action, name in names.items() if "SMS" in name.split()]
    assert min(found, key=lambda action: len(names[action].split())) == "send_message"
    assert names["send_message"] == {"en": "Send an SMS", "tr": "SMS gönder"}[language]
