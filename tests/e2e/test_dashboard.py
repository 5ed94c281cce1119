"""What a newcomer to the demo looks at first."""

from playwright.sync_api import Page, expect
import pytest

from scripts.demo import NUMBER

from .frontend import open_device
from .pictures import Camera
from .stage import Stage
from .words import words


@pytest.mark.parametrize("language", ["en", "tr"])
def test_the_button_of_the_dashboard_sends_an_sms_that_is_seen_and_paid_for(
    page: Page, stage: Stage, camera: Camera
) -> None:
    """The dashboard shows it while it is open, and the phone receives it."""
    credit = stage.credit()
    page.goto("/bisms-demo")
    summary = page.locator("hui-markdown-card").first
    expect(summary).to_contain_text(str(credit))

    page.locator("hui-button-card").click()
    expect(summary).to_contain_text(str(credit - 1))
    camera.take(page, "dashboard", stage.language)

    page.goto(stage.simulator.url)
    expect(page.locator(".bubble").last).to_contain_text("Su baskını! Şofben")
    expect(page.locator(".state").last).to_have_class("state delivered")
    camera.take(page, "inbox", stage.language)


@pytest.mark.parametrize("language", ["en", "tr"])
def test_the_device_page_names_every_entity(
    page: Page, stage: Stage, camera: Camera
) -> None:
    """In the language of Home Assistant."""
    message = {"message": "Merhaba", "target": [NUMBER]}
    stage.home.call("notify", "bisms", message)
    open_device(page, stage)
    entities = words(stage.language, "entity")
    for platform, key in (
        ("sensor", "remaining_credit"),
        ("sensor", "last_delivery_status"),
        ("sensor", "outbox"),
        ("binary_sensor", "low_credit"),
        ("event", "delivery"),
    ):
        name = entities[platform][key]["name"]
        cards = page.locator("ha-device-entities-card")
        expect(cards.get_by_text(name, exact=True)).to_be_visible()
    camera.take(page, "device", stage.language)
