"""Home Assistant's pages as users find their way through them.

What is ours is found by keys and positions, which are the same in every language.
"""

from collections.abc import Mapping
import json
import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from scripts.processes import ROOT

from .stage import Stage

NEVER = 4_102_444_800_000
READMES = {"en": "README.md", "tr": "README.tr.md"}


def sign_in_with_token(page: Page, stage: Stage) -> None:
    """Have the pages that are opened from now on find a user who has signed in before."""
    tokens = {
        "access_token": stage.home.token,
        "token_type": "Bearer",
        "refresh_token": "",
        "expires_in": NEVER,
        "expires": NEVER,
        "hassUrl": stage.home.url,
        "clientId": f"{stage.home.url}/",
    }
    stored = json.dumps(json.dumps(tokens))
    page.context.add_init_script(f"localStorage.setItem('hassTokens', {stored})")


def log_in(page: Page, name: str, password: str) -> None:
    """Open Home Assistant, log in with its form and wait for the first page."""
    page.goto("/")
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password]").fill(password)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("ha-sidebar")).to_be_visible()


def ask_home(page: Page, question: Mapping[str, object]) -> Any:
    """Ask Home Assistant as its pages do."""
    if page.url == "about:blank":
        page.goto("/config")
    page.wait_for_function("document.querySelector('home-assistant')?.hass?.connected")
    return page.evaluate(
        "question => document.querySelector('home-assistant').hass.callWS(question)",
        question,
    )


def follow_link(page: Page, stage: Stage, target: str) -> None:
    """Open what a link in the README of the language leads to."""
    readme = (ROOT / READMES[stage.language]).read_text(encoding="utf-8")
    assert f"https://my.home-assistant.io/redirect/{target})" in readme
    page.goto(f"/_my_redirect/{target.replace('/?', '?')}")


class Form:
    """Fields of an integration: those of a flow's dialog, or of an action."""

    def __init__(self, body: Locator) -> None:
        """Look at this part of a page."""
        self.body = body

    @property
    def title(self) -> Locator:
        """Return the headline of a dialog."""
        return self.body.locator(".dialog-title")

    @property
    def error(self) -> Locator:
        """Return what is said to be wrong."""
        return self.body.locator("ha-alert[alert-type=error]")

    @property
    def perform(self) -> Locator:
        """Return the button that carries an action out."""
        return self.body.locator(".card-actions ha-progress-button")

    @property
    def response(self) -> Locator:
        """Return what an action answers."""
        return self.body.locator(".response ha-yaml-editor")

    @property
    def chooser(self) -> Locator:
        """Return the first button that opens a list of which several may be chosen."""
        return self.body.locator("ha-selector-select ha-chip-set ha-button").first

    def option(self, text: str | re.Pattern[str]) -> Locator:
        """Return what such a list offers and calls so."""
        return self.body.locator("ha-list-item-option", has_text=text)

    def text(self, key: str) -> Locator:
        """Return where a text is typed."""
        return self.body.locator(f"input[name={key}]")

    def number(self, position: int) -> Locator:
        """Return where one of the numbers is typed."""
        return self.body.locator("ha-selector-number input").nth(position)

    def unfold(self) -> None:
        """Open the section with the fields that hardly anybody needs."""
        self.body.locator("ha-expansion-panel #summary").click()

    def choose(self, option: str) -> None:
        """Choose from the one drop-down list there is."""
        dropdown = self.body.locator("ha-selector-select")
        dropdown.click()
        dropdown.locator("ha-dropdown-item", has_text=option).click()
        expect(dropdown.locator("ha-picker-field")).to_contain_text(option)

    def tick(self, option: str) -> None:
        """Choose from the options that are all shown at once."""
        self.body.locator("ha-radio-option", has_text=option).click()

    def add_to_list(self, text: str) -> None:
        """Add a first line to the list of texts."""
        texts = self.body.locator("ha-input-multi")
        texts.locator("ha-button").last.click()
        texts.locator("input").fill(text)

    def choose_or_type(self, text: str) -> None:
        """Add one of those that the first such list offers, or another one, which is typed."""
        several = self.body.locator("ha-selector-select").first
        several.locator("ha-chip-set ha-button").click()
        several.locator("ha-picker-combo-box input").fill(text)
        several.locator("ha-list-item-option", has_text=text).first.click()
        expect(several.locator("ha-input-chip")).to_contain_text(text)

    def go_on(self) -> None:
        """Press the button that leads on: submit, finish or close."""
        self.body.locator("ha-dialog-footer ha-button").last.click()


def flow_dialog(page: Page) -> Form:
    """Return the dialog in which flows are shown, whichever it is."""
    return Form(page.locator("dialog-data-entry-flow"))


def finish(dialog: Form) -> None:
    """Take note of the end of a flow."""
    expect(
        dialog.body.locator("step-flow-create-entry, step-flow-abort")
    ).to_be_visible()
    dialog.go_on()
    expect(dialog.body.locator("ha-dialog-footer")).to_have_count(0)


def open_set_up(page: Page) -> Form:
    """Find the integration among all there are, and return its first screen."""
    page.goto("/config/integrations/dashboard")
    page.locator("ha-button[slot=fab]").click()
    brands = page.locator("dialog-add-integration")
    brands.locator("input").first.fill("bisms")
    brands.get_by_text("BiSMS", exact=True).click()
    return flow_dialog(page)


def open_action(page: Page, action: str) -> Form:
    """Open the tool with which an action is tried out."""
    page.goto(f"/config/tools/action?service={action}")
    return action_form(page)


def action_form(page: Page) -> Form:
    """Return the tool with which an action is tried out."""
    return Form(page.locator("tools-action"))


def look_for_action(page: Page, text: str) -> Locator:
    """Search all actions, and return those that are found, in their order."""
    picker = open_action(page, "bisms.get_headers").body.locator("ha-service-picker")
    picker.locator("ha-picker-field").click()
    picker.locator("ha-picker-combo-box input").fill(text)
    return picker.locator("ha-list-item-option")


def send(page: Page, recipient: str, text: str) -> Form:
    """Send a message with that tool."""
    action = open_action(page, "bisms.send_message")
    action.choose_or_type(recipient)
    action.body.locator("textarea").fill(text)
    action.perform.click()
    return action


def open_device(page: Page, stage: Stage) -> None:
    """Open the page of the account's device."""
    page.goto(f"/config/devices/device/{stage.device_id()}")


def open_options(page: Page) -> Form:
    """Open the options on the page of the integration."""
    page.goto("/config/integrations/integration/bisms")
    page.locator("ha-config-entry-row ha-icon-button[slot=end]").first.click()
    return flow_dialog(page)
