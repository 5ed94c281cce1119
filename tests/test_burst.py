"""Five hundred alerts at once, on a network where a fifth of the requests goes wrong."""

import asyncio
from collections import Counter
from pathlib import Path
import random
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.bisms.outbox import State
from simulator import Fault, Request, Simulator

from .accounts import AYSE, Days, act, sends, settled, state_of

FAULTS = [
    Fault.RESET_BEFORE_READING,
    Fault.ACCEPT_THEN_DROP,
    Fault.ERROR_500,
    Fault.ACCEPT_THEN_500,
    Fault.HTML,
    Fault.ACCEPT_THEN_HTML,
    Fault.GARBAGE,
    Fault.EMPTY,
    Fault.CUT_BODY,
    Fault.CODE_99,
    Fault.ACCEPT_THEN_99,
]
SHARE = 0.2
PAUSES = [2, 5, 10, 20, 40, 80, *[160] * 20]


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Leave Home Assistant's stores on disk, where this test's folder is theirs."""
    return {}


def disturb(simulator: Simulator, seed: int) -> None:
    """Let a fifth of all requests to send go wrong, in one way or another."""
    dice = random.Random(seed)

    def happens(_: Request) -> bool:
        return dice.random() < SHARE / len(FAULTS)

    for fault in FAULTS:
        simulator.fail(fault, endpoint="smsget", times=None, when=happens)


def sockets() -> int:
    """Return how many files and sockets this process has open."""
    return len(list(Path("/dev/fd").iterdir()))


async def test_all_of_them_arrive_exactly_once(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    simulator: Simulator,
) -> None:
    """Each ends as delivered, and sockets and tasks are as before."""
    await days.pass_(60)
    tasks_before, sockets_before = len(asyncio.all_tasks()), sockets()
    disturb(simulator, seed=2026)

    answers = await asyncio.gather(
        *(
            act(hass, "send_message", recipients=[AYSE], message=f"Alarm {number}")
            for number in range(500)
        )
    )
    statuses = Counter(answer["messages"][0]["status"] for answer in answers)
    assert set(statuses) == {"waiting", "queued"}
    assert statuses["queued"] > 50
    for pause in PAUSES:
        await days.pass_(pause)

    assert Counter(sms.text for sms in simulator.inbox) == Counter(
        f"Alarm {number}" for number in range(500)
    )
    outbox = account.runtime_data.outbox
    assert {delivery.state for delivery in outbox.deliveries} == {State.DELIVERED}
    assert state_of(hass, "sensor.bisms_outbox") == "0"
    went_wrong = [request.fault is not None for request in sends(simulator)]
    assert sum(went_wrong) > 0.15 * len(went_wrong)
    await settled(hass)
    assert len(asyncio.all_tasks()) <= tasks_before
    assert sockets() <= sockets_before
