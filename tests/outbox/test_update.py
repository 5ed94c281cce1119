"""After the update from version 1.0.0 all goes on: nothing is lost, nothing doubled."""

import pytest

from custom_components.bisms.outbox import HourlyLimitError, State
from tests.messages import HOUR

from .disk import saved_in
from .stage import P1, SECRET, Stage, play
from .test_version1 import EVERY_STATE, KILLED_AT, UNCERTAIN, disk, facts, texts
from .wire import Wire


async def provided(stage: Stage) -> None:
    """Let the provider have what version 1 had sent, when it did, and then be killed."""
    await stage.kill()
    client = Wire(stage.provider, SECRET, stage.fault_of)
    for number in range(3):
        stage.foreign(P1, text=f"Earlier {number}")
    saved = texts(saved_in(disk()))
    for at, text in (
        (1, "Partially"),
        (1, "Each one, Ayşe"),
        (1, "Delivered"),
        (101, "Scheduled"),
        (915, "Pending"),
        (1000, "Waiting"),
        (1001, "Accepted, id lost"),
        (1040, "Under way, its caller told"),
        (1052.5, "Under way"),
    ):
        await stage.until(max(at, stage.loop.time()))
        await client.send(saved[text].message)
    assert list(stage.provider._sendings)[-1] == "77300611"
    stage.requests.clear()
    stage.disk = disk()


@pytest.mark.parametrize("away", [1, 90, 1000])
@pytest.mark.parametrize("clock_by", [0, -5000, 1000])
def test_it_goes_on_where_version_1_stopped(away: float, clock_by: float) -> None:
    """What was under way or in doubt is looked for before anything of it is sent."""

    async def scenario(stage: Stage) -> None:
        await provided(stage)
        await stage.until(KILLED_AT + away)
        stage.clock_is_ahead += clock_by
        await stage.start()
        assert len(list(stage.outbox.deliveries)) == len(EVERY_STATE)
        await stage.until(KILLED_AT + away + 30)
        for text in UNCERTAIN:
            assert stage.departures(text) == []
            assert stage.now_saying(text).state is State.QUEUED
        # What certainly was not sent need not wait.
        assert len(stage.departures("Refused for its secret")) == 1
        assert len(stage.departures("Refused connection")) == 1

        await stage.until(KILLED_AT + away + 2 * HOUR)
        first_list = next(each.at for each in stage.requests if each.asks_for_list)
        for text in UNCERTAIN:
            assert all(at > first_list + 40 for at in stage.departures(text))
        for text, (state, *_) in EVERY_STATE.items():
            now = stage.now_saying(text)
            if state in {State.DELIVERED, State.FAILED, State.EXPIRED}:
                assert facts(now) == EVERY_STATE[text]
        assert stage.departures("Under way") == []
        assert stage.departures("Under way, its caller told") == []
        assert stage.now_saying("Accepted, id lost").dlr_id is not None
        dear = stage.now_saying("In doubt, then too dear")
        assert dear.reason == "not_enough_credits"
        for text in (*UNCERTAIN - {"In doubt, then too dear"}, "No reference"):
            assert stage.now_saying(text).dlr_id is not None

    play(scenario)


def test_what_counted_for_the_hour_counts_on() -> None:
    """Also after the update."""

    async def scenario(stage: Stage) -> None:
        await provided(stage)
        await stage.until(1060)
        await stage.start()
        with pytest.raises(HourlyLimitError):
            await stage.send(text="One too many", hourly_limit=20)

    play(scenario)


def test_without_anything_to_compare_with_it_is_sent() -> None:
    """An alert is rather sent twice than dropped."""

    async def scenario(stage: Stage) -> None:
        await stage.kill()
        stage.disk = disk("never_connected")
        await stage.until(10)
        await stage.start()
        await stage.until(200)
        assert sorted(stage.inbox) == ["In doubt", "Refused connection", "Under way"]

    play(scenario)
