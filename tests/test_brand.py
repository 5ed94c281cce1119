"""The pictures by which users recognise the integration."""

from pathlib import Path

from homeassistant.components.brands.const import ALLOWED_IMAGES
from PIL import Image
import pytest

BRAND = Path(__file__).parents[1] / "custom_components/bisms/brand"


def test_every_picture_that_home_assistant_asks_for_is_there() -> None:
    """Light and dark, small and large."""
    assert {picture.name for picture in BRAND.iterdir()} == set(ALLOWED_IMAGES)


@pytest.mark.parametrize("name", sorted(ALLOWED_IMAGES))
def test_a_picture_has_its_size_and_no_background(name: str) -> None:
    """An icon is a square; a logo is as high as it may be wide; both are trimmed."""
    scale = 2 if "@2x" in name else 1
    with Image.open(BRAND / name) as picture:
        image = picture.convert("RGBA")
    if "icon" in name:
        assert image.size == (256 * scale, 256 * scale)
    else:
        assert 128 * scale <= min(image.size) <= 256 * scale
    assert image.getpixel((image.width - 1, image.height - 1)) == (0, 0, 0, 0)
    left, top, right, bottom = image.getbbox() or (0, 0, 0, 0)
    assert max(left, image.width - right) <= 2 * scale
    assert max(top, image.height - bottom) <= 5 * scale


@pytest.mark.parametrize("name", sorted(ALLOWED_IMAGES))
def test_a_picture_is_small(name: str) -> None:
    """Nobody waits for it."""
    assert (BRAND / name).stat().st_size < 16_000
