"""Pictures for the documents, taken on the way when they are asked for."""

from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

COLOURS = 128
ENDINGS = {"en": "", "tr": "-tr"}


class Camera:
    """Takes pictures into a folder; without one it takes none."""

    def __init__(self, folder: Path | None) -> None:
        """Prepare the folder."""
        self._folder = folder
        if folder:
            folder.mkdir(parents=True, exist_ok=True)

    def take(self, page: Page, name: str, language: str) -> None:
        """Save what a page shows in a language, in few colours so that the file is small."""
        if self._folder is None:
            return
        page.mouse.move(0, 0)  # nothing shall look pressed or pointed at
        shown = Image.open(BytesIO(page.screenshot(animations="disabled")))
        few_colours = shown.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        file = f"{name}{ENDINGS[language]}.png"
        few_colours.save(self._folder / file, optimize=True)
