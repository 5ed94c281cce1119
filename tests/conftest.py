"""What every test relies on: our integration is found, logs stay quiet, texts exist."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
import logging
import re
import time

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

import custom_components.bisms  # noqa: F401  (before Home Assistant looks for it)
from custom_components.bisms.outbox import Outbox
from simulator import Simulator

from .accounts import Days, account_at, load
from .translated import watch_translations

WARNINGS_OF_OTHERS = re.compile(
    r"We found a custom integration bisms which has not been tested"
    r"|^Executing <.* took \d"
    r"|^zlib_ng and isal are not available",
)
"""What the loader says of any custom integration, and what others say of this machine."""


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest about our marker, and about two warnings that are not ours to mend.

    One is Home Assistant's own. The other is a false alarm: Hypothesis asks the garbage
    collector who refers to its random generator, and once Home Assistant's plugin has
    frozen the collector, the answer is nobody. It asks where CI is set.
    """
    config.addinivalue_line("filterwarnings", "ignore:It is recommended to use web")
    config.addinivalue_line("filterwarnings", "ignore:It looks like `register_random`")
    config.addinivalue_line(
        "markers",
        "expects_log(*patterns): the test logs warnings or errors, each matched by one "
        "of the patterns, and each pattern matches at least one",
    )


class _Warnings(logging.Handler):
    """Collects every record of level WARNING and above."""

    def __init__(self) -> None:
        """Start with nothing collected."""
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text, unless it speaks of something we cannot help."""
        message = record.getMessage()
        if not WARNINGS_OF_OTHERS.search(message):
            self.messages.append(f"{record.levelname} {record.name}: {message}")


@pytest.fixture(autouse=True)
def no_unexpected_log(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that logs a warning or an error without saying so."""
    marker = request.node.get_closest_marker("expects_log")
    patterns: tuple[str, ...] = marker.args if marker else ()
    warnings = _Warnings()
    logging.getLogger().addHandler(warnings)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(warnings)
    unexpected = [
        message
        for message in warnings.messages
        if not any(re.search(pattern, message) for pattern in patterns)
    ]
    assert not unexpected, "Logged without being expected:\n" + "\n".join(unexpected)
    for pattern in patterns:
        assert any(re.search(pattern, message) for message in warnings.messages), (
            f"Expected in the log but not there: {pattern}"
        )


@pytest.fixture(autouse=True)
def custom_integrations(
    request: pytest.FixtureRequest, no_unexpected_log: None
) -> None:
    """Let Home Assistant find our integration, in tests that use Home Assistant."""
    if "hass" not in request.fixturenames:
        return
    if "recorder_mock" in request.fixturenames:
        request.getfixturevalue("recorder_mock")
    request.getfixturevalue("enable_custom_integrations")


@pytest.fixture(autouse=True)
def no_missing_translation(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    custom_integrations: None,
) -> Iterator[None]:
    """Fail a test that shows a user something for which a language has no words."""
    if "hass" not in request.fixturenames:
        yield
        return
    watch = watch_translations(monkeypatch)
    yield
    assert not watch.missing, "Texts missing:\n" + "\n".join(watch.missing)


@pytest.fixture
def simulator() -> Simulator:
    """Return the provider with its account test, not yet reachable."""
    return Simulator()


@pytest.fixture
async def provider_url(
    simulator: Simulator, socket_enabled: None
) -> AsyncIterator[str]:
    """Serve the simulator and give its address."""
    async with simulator.serve() as url:
        yield url


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Give each test's Home Assistant a configuration folder, and stores, of its own."""
    return hass_tmp_config_dir


@pytest.fixture
async def account(hass: HomeAssistant, provider_url: str) -> MockConfigEntry:
    """Return a loaded account with the recipients Ayşe and Aile."""
    return await load(hass, account_at(provider_url))


@pytest.fixture
def days(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Days:
    """Stop all clocks, the outbox's and the simulator's too; pauses come without jitter."""
    days = Days(hass, freezer)
    defaults = Outbox.__init__.__kwdefaults__ or {}
    monkeypatch.setitem(defaults, "utc", lambda: _read("time") + days.clock_is_ahead)
    monkeypatch.setitem(defaults, "steady", partial(_read, "monotonic"))
    monkeypatch.setitem(defaults, "jitter", lambda: 1.0)
    freezer.move_to("2026-11-03 09:00:00+03:00")
    return days


def _read(clock: str) -> float:
    """Read a clock of the time module as it is now, stopped or not."""
    seconds: float = getattr(time, clock)()
    return seconds
