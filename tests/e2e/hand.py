"""The hand of somebody at a screen: it clicks and types as a person does, and counts."""

from playwright.sync_api import Locator, Page

MOST_CLICKS = 3


class Hand:
    """Answers one question with few clicks; nothing else may touch the page meanwhile.

    What is typed goes where the cursor is, so a field that does not have it costs a click.
    """

    def __init__(self, page: Page) -> None:
        """Begin to count."""
        self._keyboard = page.keyboard
        self._clicks = 0

    def click(self, target: Locator) -> None:
        """Click, unless that is one click too many."""
        self._clicks += 1
        assert self._clicks <= MOST_CLICKS, f"{self._clicks} clicks for one question"
        target.click()

    def type(self, text: str) -> None:
        """Type, key by key."""
        self._keyboard.type(text)

    def press(self, key: str) -> None:
        """Press a key."""
        self._keyboard.press(key)
