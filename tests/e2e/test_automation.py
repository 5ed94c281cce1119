"""Writing an automation."""

from playwright.sync_api import Page, expect
import pytest

from scripts.demo import RECIPIENTS

from .pictures import Camera
from .stage import Stage
from .words import words

AUTOMATION = """\
alias: {alias}
triggers:
  - trigger: state
    entity_id: binary_sensor.kitchen_leak
    to: "on"
actions:
  - action: bisms.send_message
    data:
      recipients:
        - {recipient}
      message: {message}
"""

TEXTS = {
    "en": {
        "leak": "Kitchen leak",
        "alias": "Water in the kitchen",
        "message": "Water was detected in the kitchen.",
    },
    "tr": {
        "leak": "Mutfakta su kaçağı",
        "alias": "Mutfakta su var",
        "message": "Mutfakta su algılandı.",
    },
}

ANSWER = """\
alias: The family knows
triggers:
  - trigger: bisms.message_delivered
    options:
      recipients:
        - notify.family
actions:
  - action: persistent_notification.create
    data:
      message: The family knows.
"""


@pytest.mark.parametrize("language", ["en", "tr"])
def test_an_automation_that_was_pasted_as_yaml_can_be_edited_on_screen(
    page: Page, stage: Stage, camera: Camera
) -> None:
    """The editor shows our action with its names, its help and its fields."""
    texts, recipient = TEXTS[stage.language], RECIPIENTS[stage.language]
    leak = {
        "state": "off",
        "attributes": {"friendly_name": texts["leak"], "device_class": "moisture"},
    }
    stage.home.request("POST", "/api/states/binary_sensor.kitchen_leak", leak)
    page.goto("/config/automation/edit/new")
    switch_view(page)
    automation = AUTOMATION.format(**texts, recipient=recipient)
    page.locator("ha-yaml-editor .cm-content").fill(automation)
    switch_view(page)

    action = words(stage.language, "services", "send_message")
    page.get_by_text(f"BiSMS: {action['name']}").click()
    editor = page.locator("ha-service-control")
    expect(editor.locator("textarea")).to_have_value(texts["message"])
    expect(editor.locator("ha-input-chip")).to_contain_text(recipient)
    for field in ("recipients", "message"):
        help_text = action["fields"][field]["description"]
        expect(editor.get_by_text(help_text)).to_be_visible()
    camera.take(page, "automation", stage.language)


def test_a_trigger_can_be_edited_on_screen(page: Page, stage: Stage) -> None:
    """The editor shows it with its name, its help, and the recipients that were chosen."""
    page.goto("/config/automation/edit/new")
    switch_view(page)
    page.locator("ha-yaml-editor .cm-content").fill(ANSWER)
    switch_view(page)

    trigger = words("en", "triggers", "message_delivered")
    page.locator("ha-automation-trigger-row").get_by_text(trigger["name"]).click()
    recipients = trigger["fields"]["recipients"]
    expect(page.get_by_text(recipients["description"])).to_be_visible()
    expect(page.locator("ha-selector-entity ha-picker-field").first).to_contain_text(
        RECIPIENTS["en"]
    )


def switch_view(page: Page) -> None:
    """Change between the editor's fields and YAML."""
    page.locator("ha-automation-editor ha-dropdown ha-icon-button").first.click()
    page.locator("ha-dropdown-item[value=toggle_yaml_mode]").click()
