"""What is kept of messages that are over, what counts for the hour, and what the log tells."""

import asyncio
import logging

import pytest

from custom_components.bisms.outbox import Delivery, HourlyLimitError, State
from custom_components.bisms.outbox.events import Signal
from custom_components.bisms.outbox.ledger import KEEP_FINISHED
from simulator.clock import LoopClock
from tests.messages import DAY, HOUR, message

from .stage import P1, P2, Stage, play


def test_no_more_is_sent_in_an_hour_than_allowed() -> None:
    """Parts count for every number; nothing of a call that is too much is sent."""

    async def scenario(stage: Stage) -> None:
        async def limited(*numbers: str, text: str = "x") -> Delivery:
            return await stage.send(*numbers, text=text, hourly_limit=5)

        await limited(P1, P2, text="a" * 161)
        with pytest.raises(HourlyLimitError) as error:
            await limited(P1, P2)
        assert error.value.parts == 2
        assert len(list(stage.outbox.deliveries)) == 1
        await limited(P1, text="b")

        await stage.close()
        await stage.start()
        with pytest.raises(HourlyLimitError):
            await limited(P1, text="c")
        await stage.send(text="Without a limit")
        await stage.until(HOUR + 90)
        await limited(P1, text="d")

    play(scenario)


def test_what_the_provider_refused_gives_its_parts_back() -> None:
    """It did not leave."""

    async def scenario(stage: Stage) -> None:
        stage.account.credit = 0
        for number in range(5):
            answer = await stage.send(text=f"Nr {number}", hourly_limit=1)
            assert answer.reason == "not_enough_credits"
        stage.account.credit = 10
        assert (await stage.send(hourly_limit=1)).state is State.WAITING
        with pytest.raises(HourlyLimitError):
            await stage.send(hourly_limit=1, text="One too many")

    play(scenario)


def test_the_latest_2000_finished_messages_are_kept_for_31_days() -> None:
    """Older ones are forgotten with the next save, on disk too."""

    async def scenario(stage: Stage) -> None:
        many = [message(P1, text=f"Nr {number}") for number in range(KEEP_FINISHED + 5)]
        await stage.outbox.send(*many, lifetime=HOUR)
        await stage.until(HOUR + 200)
        await stage.send(text="Later")
        kept = [each.message.sms[0].text for each in stage.outbox.deliveries]
        assert len(kept) == KEEP_FINISHED + 1
        assert not {"Nr 0", "Nr 1", "Nr 2", "Nr 3"} & set(kept)
        assert kept[-2:] == [f"Nr {KEEP_FINISHED + 4}", "Later"]

        await asyncio.sleep(31 * DAY)
        await stage.send(text="New")
        assert [d.message.sms[0].text for d in stage.outbox.deliveries] == ["New"]
        assert [d.message.sms[0].text for d in stage.disk.deliveries] == ["New"]

    play(scenario)


def test_nothing_is_forgotten_that_could_be_mixed_up() -> None:
    """While a message is in doubt, the ids of others tell what is not its own."""

    async def scenario(stage: Stage) -> None:
        first = await stage.send(text="First")
        await stage.until(8 * DAY)
        stage.meet("reset", 8 * DAY, 8 * DAY + 600)
        await stage.send(text="In doubt")
        assert stage.now(first).final

    play(scenario)


def test_each_thing_that_happens_to_a_message_has_a_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Id, event, states and what is next; no number, no text."""

    async def scenario(stage: Stage) -> None:
        stage.meet("dropped", 0, 1.5)
        answer = await stage.send(text="Geheim")
        await stage.until(200)
        assert stage.now(answer).state is State.DELIVERED

    name = "custom_components.bisms.outbox.engine"
    with caplog.at_level(logging.DEBUG, name):
        stage = play(scenario)
    lines = [record.getMessage() for record in caplog.records if record.name == name]
    delivery_id = stage.news[0][0].id
    assert [line.partition(", next ")[0] for line in lines] == [
        f"{delivery_id}: Began, queued -> queued",
        f"{delivery_id}: Silent, queued -> queued",
        f"{delivery_id}: Began, queued -> queued",
        f"{delivery_id}: Refused, queued -> waiting",
        f"{delivery_id}: Found, waiting -> delivered",
    ]
    assert lines[1].endswith(f", next send at {LoopClock.START + 3.25:.1f}")
    assert lines[-1].endswith(", next nothing")
    assert P1 not in caplog.text
    assert "Geheim" not in caplog.text


def test_what_a_restart_does_to_a_message_has_a_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is what a reader of the log looks for."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", 0, 100)
        await stage.send()
        await stage.until(20)
        caplog.clear()
        await stage.restart()

    with caplog.at_level(logging.DEBUG, "custom_components.bisms.outbox.engine"):
        stage = play(scenario)
    delivery_id = stage.news[0][0].id
    assert caplog.messages[0].startswith(f"{delivery_id}: RESTARTED, queued -> queued")


def test_what_has_nothing_to_tell_has_no_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A signal that changes nothing did not happen to the message."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused")
        await stage.send()
        caplog.clear()
        await stage.outbox._tell_all(Signal.SECRET_WORKS)

    with caplog.at_level(logging.DEBUG):
        play(scenario)
    assert [r for r in caplog.records if r.name.startswith("custom_components")] == []
