"""Everything again in Turkish, where there is something to read."""

from playwright.sync_api import Page, expect
import pytest

from scripts.demo import RECIPIENTS, USERNAME

from .frontend import finish, open_options, open_set_up, send
from .pictures import Camera
from .stage import Stage
from .words import words


@pytest.fixture
def language() -> str:
    """Have all of this in Turkish."""
    return "tr"


def test_the_dialogs_of_the_set_up_speak_turkish(
    page: Page, stage: Stage, camera: Camera
) -> None:
    """Headlines, fields, help and what is wrong."""
    stage.remove_account()
    dialog = open_set_up(page)
    screen = words("tr", "config", "step", "user")
    expect(dialog.title).to_have_text(screen["title"])
    for key in ("username", "password"):
        expect(dialog.body.get_by_text(screen["data"][key]).first).to_be_visible()
        expect(dialog.body.get_by_text(screen["data_description"][key])).to_be_visible()
    dialog.text("username").fill(USERNAME)
    dialog.text("password").fill(stage.wrong_secret())
    camera.take(page, "setup", stage.language)
    dialog.unfold()
    dialog.text("url").fill(stage.simulator.url)
    dialog.go_on()
    expect(dialog.error).to_contain_text(words("tr", "config", "error", "invalid_auth"))

    dialog.text("password").fill(stage.secret)
    dialog.go_on()
    expect(dialog.title).to_have_text(words("tr", "config", "step", "header", "title"))
    dialog.go_on()
    recipient = words("tr", "config_subentries", "recipient")
    expect(dialog.title).to_have_text(recipient["step"]["user"]["title"])
    dialog.text("name").fill("Ayşe")
    dialog.add_to_list("123")
    dialog.go_on()
    wrong = recipient["error"]["invalid_number"].format(number="123")
    expect(dialog.body.get_by_text(wrong)).to_be_visible()
    dialog.body.locator("ha-input-multi input").fill("0555 999 88 77")
    dialog.go_on()
    finish(dialog)


def test_the_options_speak_turkish(page: Page, stage: Stage) -> None:
    """Each with its name and its help."""
    dialog = open_options(page)
    screen = words("tr", "options", "step", "init")
    expect(dialog.title).to_have_text(screen["title"])
    for text in (*screen["data"].values(), *screen["data_description"].values()):
        expect(dialog.body.get_by_text(text).first).to_be_attached()


def test_errors_of_actions_speak_turkish(page: Page, stage: Stage) -> None:
    """As for a name that nobody has."""
    action = send(page, "Komşu", "Merhaba")
    error = words("tr", "exceptions", "unknown_recipient", "message")
    expect(action.error).to_contain_text(
        error.format(recipient="Komşu", recipients=RECIPIENTS["tr"])
    )
    message = send(page, RECIPIENTS["tr"], "Merhaba komşu")
    expect(message.body.locator(".response")).to_contain_text("dlr_id")
