"""Home Assistant loses its power while alerts are under way."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import URLError

import pytest

from scripts.home_assistant import HomeAssistant
from scripts.processes import wait_until
from scripts.simulator_process import SimulatorProcess

from .log import LogWatch

AYSE = "905559998877"
ALI = "905551112233"
AYSES_STATUS = "sensor.ayse_last_delivery_status"
LATEST_STATUS = "sensor.bisms_last_delivery_status"


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[SimulatorProcess]:
    """Run a provider whose reports come twenty times as fast."""
    process = SimulatorProcess(0, tmp_path / "simulator.log", options=["--speed", "20"])
    try:
        process.start()
        yield process
    finally:
        process.stop()


@pytest.fixture
def home(tmp_path: Path, simulator: SimulatorProcess) -> Iterator[HomeAssistant]:
    """Run a Home Assistant with an account and the recipient Ayşe."""
    folder = tmp_path / "home"
    process = HomeAssistant(folder)
    process.prepare()
    try:
        process.start()
        set_up(process, simulator)
        yield process
    finally:
        process.stop()


def set_up(home: HomeAssistant, simulator: SimulatorProcess) -> None:
    """Add the account, and wait until a power cut can't take it away again."""
    credentials = {"username": "test", "password": "test"}
    home.set_up(
        "bisms",
        {
            "user": {**credentials, "advanced": {"url": simulator.url}},
            "header": {"header": "BASLIK1"},
        },
        following={"user": {"name": "Ayşe", "numbers": [AYSE]}},
    )
    entries = home.folder / ".storage" / "core.config_entries"
    wait_until(
        lambda: entries.exists() and "Ayşe" in entries.read_text(),
        seconds=20,
        what="the account to be on disk",
    )


def test_an_alert_survives_a_power_cut_and_arrives_once(
    home: HomeAssistant, simulator: SimulatorProcess
) -> None:
    """Whether the provider had accepted it by then, or never saw it."""

    def alert(text: str, number: str) -> None:
        home.call("notify", "bisms", {"message": text, "target": [number]})

    with ThreadPoolExecutor() as callers:
        disturb(simulator, "accept_then_hang")
        calls = [callers.submit(alert, "Accepted", AYSE)]
        until_sent(simulator, 1)
        disturb(simulator, "hang")
        calls.append(callers.submit(alert, "Lost", ALI))
        until_sent(simulator, 2)
        home.kill()
        assert all(isinstance(call.exception(), URLError | OSError) for call in calls)
    assert received(simulator) == ["Accepted"]

    log = LogWatch(home.log)
    home.start()

    until_state(home, AYSES_STATUS, "delivered")
    until_state(home, LATEST_STATUS, "waiting")
    assert sorted(received(simulator)) == ["Accepted", "Lost"]
    assert dlr_id(home, AYSES_STATUS) == simulator.state()["inbox"][0]["dlr_id"]
    assert dlr_id(home, LATEST_STATUS) == simulator.state()["inbox"][1]["dlr_id"]
    assert len(sent(simulator)) == 3
    assert log.seen().trouble("bisms") == []


def disturb(simulator: SimulatorProcess, fault: str) -> None:
    """Let the next message meet a fault."""
    simulator.change("fault", {"fault": fault, "endpoint": "smsget"})


def sent(simulator: SimulatorProcess) -> list[object]:
    """Return the requests that were made to send something."""
    requests = simulator.state()["requests"]
    return [each for each in requests if each["endpoint"] == "smsget"]


def received(simulator: SimulatorProcess) -> list[str]:
    """Return the texts that the provider accepted."""
    return [sms["text"] for sms in simulator.state()["inbox"]]


def until_sent(simulator: SimulatorProcess, number: int) -> None:
    """Wait until so many messages have reached the provider."""
    what = f"{number} messages at the provider"
    wait_until(lambda: len(sent(simulator)) == number, seconds=20, what=what)


def until_state(home: HomeAssistant, entity_id: str, state: str) -> None:
    """Wait for an entity's state."""

    def there() -> bool:
        now = home.state(entity_id)
        return now is not None and now["state"] == state

    wait_until(there, seconds=60, what=f"{entity_id} to be {state}")


def dlr_id(home: HomeAssistant, entity_id: str) -> str:
    """Return the id that a status belongs to."""
    state = home.state(entity_id)
    assert state is not None
    found: str = state["attributes"]["dlr_id"]
    return found
