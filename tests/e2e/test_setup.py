"""Adding an account and a first recipient in the dialogs."""

from playwright.sync_api import Page, expect

from scripts.demo import USERNAME

from .frontend import finish, log_in, open_set_up
from .pictures import Camera
from .stage import Stage
from .words import words


def test_a_user_logs_in_and_adds_an_account_that_can_send(
    stranger: Page, stage: Stage, camera: Camera
) -> None:
    """With a wrong secret at first, one of two sender names, and a recipient."""
    page = stranger
    stage.remove_account()
    log_in(page, "demo", "demo")

    dialog = open_set_up(page)
    dialog.text("username").fill(USERNAME)
    dialog.text("password").fill(stage.wrong_secret())
    camera.take(page, "setup", stage.language)
    dialog.unfold()
    dialog.text("url").fill(stage.simulator.url)
    dialog.go_on()
    expect(dialog.error).to_contain_text(words("en", "config", "error", "invalid_auth"))

    dialog.text("password").fill(stage.secret)
    dialog.go_on()
    dialog.choose("BAHCE")
    dialog.go_on()

    dialog.text("name").fill("Ayşe")
    dialog.add_to_list("0555 999 88 77")
    dialog.go_on()
    finish(dialog)

    text = "Kapı açık kaldı."
    stage.home.call("notify", "bisms_ayse", {"message": text})
    (sms,) = stage.received(text)
    assert (sms["header"], sms["number"]) == ("BAHCE", "905559998877")
