"""What happens to an account over the years."""

from playwright.sync_api import Page, expect

from scripts.demo import HEADER, RECIPIENTS

from .frontend import finish, flow_dialog, open_options, send
from .stage import CREDIT, Stage
from .words import words

FAMILY = RECIPIENTS["en"]


def test_a_new_secret_is_asked_for_and_then_the_account_works_again(
    page: Page, stage: Stage
) -> None:
    """The error of the message that failed says where to go."""
    secret = stage.change_secret()
    action = send(page, FAMILY, "Su borusu patladı.")
    refusal = words("en", "exceptions", "invalid_auth", "message")
    expect(action.error).to_contain_text(refusal)

    page.goto("/config/integrations/dashboard")
    page.locator("ha-config-flow-card ha-button[variant=danger]").click()
    dialog = flow_dialog(page)
    dialog.text("password").fill(secret)
    dialog.go_on()
    finish(dialog)

    text = "Su borusu onarıldı."
    answer = send(page, FAMILY, text)
    expect(answer.body.locator(".response")).to_contain_text("dlr_id")
    assert len(stage.received(text)) == 1


def test_the_limit_for_low_credit_can_be_changed_and_takes_effect(
    page: Page, stage: Stage
) -> None:
    """The sensor turns on, and a notice appears under repairs."""
    page.goto("/bisms-demo")
    sensor = page.locator("ha-tile-icon[data-domain=binary_sensor]")
    expect(sensor).to_have_attribute("data-state", "off")

    dialog = open_options(page)
    dialog.number(0).fill(str(CREDIT + 1))
    dialog.go_on()
    finish(dialog)

    page.goto("/bisms-demo")
    expect(sensor).to_have_attribute("data-state", "on")
    page.goto("/config/repairs")
    title = words("en", "issues", "low_credit", "title").format(account="BiSMS")
    expect(page.get_by_text(title)).to_be_visible()


def test_a_withdrawn_sender_name_is_replaced_under_repairs(
    page: Page, stage: Stage
) -> None:
    """By one of those that are still approved, and messages go out under it."""
    stage.change_account(headers=["BAHCE", "YAZLIK"])
    stage.update("sensor.bisms_remaining_credit")
    page.goto("/config/repairs")
    title = words("en", "issues", "header_withdrawn", "title")
    notice = page.get_by_text(title.format(account="BiSMS", header=HEADER))
    notice.click()
    dialog = flow_dialog(page)
    dialog.tick("YAZLIK")
    dialog.go_on()
    finish(dialog)
    expect(notice).to_have_count(0)

    text = "Bahçe sulandı."
    answer = send(page, FAMILY, text)
    expect(answer.body.locator(".response")).to_contain_text("YAZLIK")
    assert [sms["header"] for sms in stage.received(text)] == ["YAZLIK"]
