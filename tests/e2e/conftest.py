"""Both languages' demos, a browser, and an eye on the log of every test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
import os
from pathlib import Path
import shutil

from playwright.sync_api import Browser, Page, expect, sync_playwright
import pytest

from .frontend import sign_in_with_token
from .log import LogWatch
from .pictures import Camera
from .stage import Stage

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
CHROMIUM_FLAGS = (
    "--no-sandbox",  # root may not run it otherwise
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 30_000
"""Milliseconds: a busy machine is not a failure."""

LOCALES = {"en": "en-GB", "tr": "tr-TR"}

expect.set_options(timeout=PATIENCE)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer to take pictures, and to do without a browser."""
    parser.addoption(
        "--pictures", type=Path, help="a folder for pictures of what the tests see"
    )

    parser.addoption(
        "--without-browser",
        action="store_true",
        help="leave out the tests that need a browser",
    )


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Give every test the time that a busy machine needs, and what it needs else."""
    leave_out = pytest.mark.skip(reason="there is no browser")
    for item in items:
        item.add_marker(pytest.mark.timeout(240))
        if config.getoption("--without-browser") and "browser" in item.fixturenames:  # type: ignore[attr-defined]
            item.add_marker(leave_out)


@pytest.fixture(scope="session")
def stages(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str], Stage]]:
    """Return what gives the stage of a language; each is built once."""
    with ExitStack() as at_the_end:

        @cache
        def stage_in(language: str) -> Stage:
            stage = Stage(tmp_path_factory.mktemp(language), language=language)
            at_the_end.callback(stage.stop)
            stage.start()
            return stage

        yield stage_in


@pytest.fixture
def language() -> str:
    """Return the language that Home Assistant speaks; tests may say another one."""
    return "en"


@pytest.fixture
def stage(stages: Callable[[str], Stage], language: str) -> Iterator[Stage]:
    """Return the stage, whose log must stay clean, and tidy it up afterwards."""
    stage = stages(language)
    watch = LogWatch(stage.home.log)
    yield stage
    seen = watch.seen()
    stage.reset()
    assert seen.trouble("bisms") == []
    assert not any(secret in seen.text for secret in stage.secrets)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser; one for each module, since it holds on to the event loop."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_FLAGS
        )
        yield browser
        browser.close()


@pytest.fixture
def stranger(browser: Browser, stage: Stage) -> Iterator[Page]:
    """Return a page of a browser in which nobody has signed in."""
    context = browser.new_context(
        base_url=stage.home.url,
        viewport={"width": 1000, "height": 760},
        locale=LOCALES[stage.language],
        timezone_id="Europe/Istanbul",
        color_scheme="light",
        reduced_motion="reduce",
        service_workers="block",  # each would fetch the whole front end for itself
    )
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@pytest.fixture
def page(stranger: Page, stage: Stage) -> Page:
    """Return a page of a browser in which the user has signed in before."""
    sign_in_with_token(stranger, stage)
    return stranger


@pytest.fixture(scope="session")
def camera(pytestconfig: pytest.Config) -> Camera:
    """Return what takes pictures, if the command line asks for them."""
    return Camera(pytestconfig.getoption("--pictures"))
