"""What a household asks, each answered in three clicks at most, in both languages.

Clicks are counted from the page on which the question is answered: the READMEs link to it,
or it is the page of the account's device.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
import re
import time
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect
import pytest

from scripts.demo import RECIPIENTS
from scripts.processes import wait_until

from .frontend import action_form, follow_link, open_device
from .hand import Hand
from .past import let_pass
from .stage import Stage
from .words import words

AYSE, AYSES_NUMBER = "Ayşe", "05559998877"
NEIGHBOUR, NEIGHBOURS_NUMBER = "Komşu", "05551112244"
DAY = 24 * 3600
REPORTS_COME_AFTER = 9
"""Seconds after which the provider knows what became of an SMS."""

METER = {"en": "Credits used this month", "tr": "Bu ay kullanılan kredi"}

pytestmark = pytest.mark.parametrize("language", ["en", "tr"])


@pytest.fixture
def hand(page: Page) -> Hand:
    """Return a hand that has not clicked yet."""
    return Hand(page)


@pytest.fixture
def ayse(stage: Stage) -> str:
    """Return a recipient's name."""
    stage.add_recipient(AYSE, AYSES_NUMBER)
    return AYSE


@pytest.fixture
def meter(stage: Stage) -> Iterator[str]:
    """Return the name of a meter of the credits used in a month, as a user adds it once."""
    name = METER[stage.language]
    entry_id = stage.home.set_up(
        "utility_meter",
        {
            "user": {
                "name": name,
                "source": "sensor.bisms_credits_used",
                "cycle": "monthly",
                "offset": 0,
                "tariffs": [],
                "net_consumption": False,
                "delta_values": False,
                "periodically_resetting": True,
                "always_available": False,
            }
        },
    )
    yield name
    stage.home.request("DELETE", f"/api/config/config_entries/entry/{entry_id}")


def send(stage: Stage, *recipients: str, text: str, **options: str) -> dict[str, Any]:
    """Send an SMS, and return what is answered."""
    data = {"recipients": recipients, "message": text, **options}
    answer = stage.home.call("bisms", "send_message", data, want_response=True)
    [message] = answer["messages"]
    return dict(message)


def schedule(stage: Stage, recipient: str, text: str) -> dict[str, Any]:
    """Have Home Assistant keep an SMS until half past nine in the evening."""
    tomorrow = datetime.now(ZoneInfo("Europe/Istanbul")) + timedelta(days=1)
    send_at = f"{tomorrow:%Y-%m-%d} 21:30:00"
    return send(
        stage, recipient, text=text, send_at=send_at, scheduled_by="home_assistant"
    )


def messages(stage: Stage) -> list[dict[str, Any]]:
    """Return all messages that are kept."""
    answer = stage.home.call("bisms", "get_messages", {}, want_response=True)
    return list(answer["messages"])


def id_selector(stage: Stage) -> dict[str, Any]:
    """Return how the form of `bisms.cancel_message` asks for the message."""
    domains = stage.home.request("GET", "/api/services")
    [actions] = [each["services"] for each in domains if each["domain"] == "bisms"]
    return dict(actions["cancel_message"]["fields"]["id"]["selector"])


def test_which_sms_went_out_this_week_to_whom_did_they_arrive_what_did_they_cost(
    page: Page, stage: Stage, hand: Hand, ayse: str
) -> None:
    """All of it is in one answer, the newest first."""
    stage.add_recipient(NEIGHBOUR, NEIGHBOURS_NUMBER)
    switched_off = {"number": NEIGHBOURS_NUMBER, "delivered_after": None}
    stage.simulator.change("handset", {**switched_off, "fails_after": 5})
    send(stage, ayse, text="Kombi bakımı yapıldı.")
    let_pass(page, stage, 8 * DAY)
    send(stage, ayse, NEIGHBOUR, text="Su kesintisi var.")
    time.sleep(REPORTS_COME_AFTER)
    let_pass(page, stage, 120)
    wait_until(
        lambda: all(each["status"] != "waiting" for each in messages(stage)),
        seconds=20,
        what="the reports",
    )

    follow_link(page, stage, "developer_call_service/?service=bisms.get_messages")
    form = action_form(page)
    hand.click(form.perform)

    expect(form.response).to_contain_text("partially_delivered")
    shown = form.response.evaluate("editor => editor.value")["messages"]
    new, old, *_ = shown
    assert (new["text"], new["names"]) == ("Su kesintisi var.", [ayse, NEIGHBOUR])
    assert list(new["numbers"].values()) == ["delivered", "failed"]
    assert new["credits"] == 2
    assert old["names"] == [ayse]
    age = datetime.fromisoformat(new["created_at"]) - datetime.fromisoformat(
        old["created_at"]
    )
    assert age > timedelta(days=7)


def test_the_one_that_waits_is_stopped(
    page: Page, stage: Stage, hand: Hand, ayse: str
) -> None:
    """It is chosen by whom it is to and when; nobody looks for its id."""
    text = "Akşam yemeğe gelin."
    waiting = schedule(stage, ayse, text)
    wait_until(
        lambda: "select" in id_selector(stage), seconds=20, what="the form to offer it"
    )

    follow_link(page, stage, "developer_call_service/?service=bisms.cancel_message")
    form = action_form(page)
    hand.click(form.chooser)
    hand.click(form.option(re.compile(rf"{ayse}, \d{{4}}-\d\d-\d\d 21:30")))
    hand.click(form.perform)

    expect(form.response).to_contain_text(waiting["id"])
    [now] = [each for each in messages(stage) if each["id"] == waiting["id"]]
    assert now["status"] == "cancelled"
    assert not stage.received(text)


def test_it_is_seen_whether_tonights_is_still_scheduled(
    page: Page, stage: Stage, hand: Hand, ayse: str
) -> None:
    """And for when, in the words and with the time of the language."""
    schedule(stage, ayse, "İyi geceler.")
    sensor = words(stage.language, "entity", "sensor", "scheduled_messages")

    open_device(page, stage)
    entities = page.locator("ha-device-entities-card")
    hand.click(entities.get_by_text(sensor["name"], exact=True))
    dialog = page.locator("ha-more-info-dialog")
    expect(dialog).to_contain_text(f"1 {sensor['unit_of_measurement']}")
    hand.click(dialog.locator("ha-dropdown ha-icon-button"))
    hand.click(dialog.locator("ha-dropdown-item[value=details]"))

    next_one = dialog.locator("ha-more-info-details ha-list-item-value").filter(
        has_text=sensor["state_attributes"]["next_at"]["name"]
    )
    expect(next_one).to_contain_text({"en": "9:30", "tr": "21:30"}[stage.language])


def test_it_is_seen_how_much_was_used_this_month(
    page: Page, stage: Stage, hand: Hand, ayse: str, meter: str
) -> None:
    """A meter that was added once stands on the page of the device, without a click."""
    send(stage, ayse, text="Bahçe sulandı.")
    send(stage, ayse, RECIPIENTS[stage.language], text="Sera havalandırıldı.")
    used = words(stage.language, "entity", "sensor", "credits_used")

    open_device(page, stage)
    entities = page.locator("ha-device-entities-card")
    row = entities.locator("hui-sensor-entity-row", has_text=meter)
    # Home Assistant hands units on in English, and translates only those it knows are ours.
    expect(row).to_contain_text("3 credits")

    hand.click(entities.get_by_text(used["name"], exact=True))
    expect(page.locator("ha-more-info-history")).to_be_visible()


def test_ayse_is_texted_from_the_form(
    page: Page, stage: Stage, hand: Hand, ayse: str
) -> None:
    """Her name is chosen with its first letters."""
    text = "Anahtar paspasın altında."

    follow_link(page, stage, "developer_call_service/?service=bisms.send_message")
    form = action_form(page)
    hand.click(form.chooser)
    expect(form.body.locator("ha-picker-combo-box input")).to_be_focused()
    hand.type("ay")
    hand.press("Enter")
    expect(form.body.locator("ha-input-chip")).to_contain_text(ayse)
    hand.click(form.body.locator("textarea"))
    hand.type(text)
    hand.click(form.perform)

    expect(form.response).to_contain_text(ayse)
    [sms] = stage.received(text)
    assert sms["number"].endswith(AYSES_NUMBER.removeprefix("0"))


def test_an_automation_begins_when_an_sms_to_ayse_was_delivered(
    page: Page, stage: Stage, ayse: str
) -> None:
    """The trigger is found by the word SMS, and asks to whom."""
    trigger = words(stage.language, "triggers", "message_delivered")
    page.goto("/config/automation/edit/new")

    to_find_it = Hand(page)
    to_find_it.click(page.locator("ha-automation-trigger .buttons ha-button"))
    expect(
        page.locator("add-automation-element-dialog ha-input-search input")
    ).to_be_focused()
    to_find_it.type("sms")
    found = page.locator("ha-automation-add-search ha-list-item-button")
    to_find_it.click(found.filter(has_text=trigger["name"]))
    row = page.locator("ha-automation-trigger-row")
    recipients = trigger["fields"]["recipients"]
    expect(page.get_by_text(recipients["description"])).to_be_visible()
    expect(row).to_contain_text(trigger["name"])

    to_say_to_whom = Hand(page)
    field = page.locator("ha-settings-row", has_text=recipients["description"])
    to_say_to_whom.click(field.locator("ha-checkbox"))
    to_say_to_whom.click(field.locator("ha-picker-field"))
    expect(field.locator("ha-picker-combo-box input")).to_be_focused()
    to_say_to_whom.type(ayse)
    to_say_to_whom.press("Enter")
    expect(field.locator("ha-picker-field").first).to_contain_text(ayse)
