"""Sending from the tool for actions."""

from playwright.sync_api import Page, expect
import pytest

from scripts.demo import RECIPIENTS

from .frontend import look_for_action, send
from .stage import Stage
from .words import words


@pytest.mark.parametrize("language", ["en", "tr"])
def test_who_looks_for_sms_finds_how_to_send_one(
    page: Page, stage: Stage, language: str
) -> None:
    """Before all else that has SMS in its name."""
    first = look_for_action(page, "sms").first
    expect(first).to_contain_text(words(language, "services", "send_message", "name"))
    expect(first).to_contain_text("bisms.send_message")


def test_a_message_is_answered_for_shown_at_once_and_readable_on_the_phone(
    page: Page, stage: Stage
) -> None:
    """A dashboard that is open elsewhere follows by itself."""
    credit = stage.credit()
    elsewhere = page.context.new_page()
    elsewhere.goto("/bisms-demo")
    summary = elsewhere.locator("hui-markdown-card").first
    expect(summary).to_contain_text(str(credit))

    text = "Şofben & kombi: %100 + 25 °C"
    answer = send(page, RECIPIENTS["en"], text).body.locator(".response")
    expect(answer).to_contain_text("dlr_id")
    expect(answer).to_contain_text("language: turkish")
    expect(summary).to_contain_text(str(credit - 1))

    phone = page.context.new_page()
    phone.goto(stage.simulator.url)
    shown = phone.locator(".bubble", has_text="Şofben &")
    expect(shown).to_have_text("Şofben & kombi: %100 + 25 C")
