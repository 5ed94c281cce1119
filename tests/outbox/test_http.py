"""The outbox over real sockets: whatever HTTP may do, each message arrives once.

Its pauses are a hundredth of what they are for users.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import aiohttp
import pytest

from custom_components.bisms.outbox import Delivery, Outbox, State, engine
from custom_components.bisms.provider.client import BismsClient
from custom_components.bisms.provider.codes import RefusedError
from simulator import Fault, Simulator
from tests.accounts import sends
from tests.messages import ALI, AYSE, message

from .disk import Disk

type Real = tuple[Outbox, list[RefusedError]]

NOT_AT_ONCE = {Fault.REFUSE, Fault.HANG, Fault.ACCEPT_THEN_HANG, Fault.SLOW}


@pytest.fixture
async def real(provider_url: str) -> AsyncIterator[Real]:
    """Return an outbox that talks HTTP to the simulator, and the refusals it met."""
    refusals: list[RefusedError] = []
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:

        def spawn(
            coroutine: Coroutine[Any, Any, None], name: str
        ) -> asyncio.Task[None]:
            return group.create_task(coroutine, name=name)

        outbox = Outbox(
            BismsClient(session, "test", "test", provider_url),
            Disk(),
            spawn=spawn,
            spawn_write=spawn,
            on_refusal=refusals.append,
            jitter=lambda: 0.01,
        )
        await outbox.load()
        await outbox.start()
        yield outbox, refusals
        await outbox.close()


async def settled(outbox: Outbox, delivery_id: str) -> Delivery:
    """Return a delivery once it is no longer queued."""
    changed = asyncio.Event()
    stop = outbox.subscribe(lambda before, after: changed.set())
    async with asyncio.timeout(20):
        while outbox._ledger[delivery_id].state is State.QUEUED:
            await changed.wait()
            changed.clear()
    stop()
    return outbox._ledger[delivery_id]


async def test_one_number_goes_by_get_and_several_by_one_post(
    real: Real, simulator: Simulator
) -> None:
    """Never a request for each number."""
    outbox, _ = real

    await outbox.send(message(AYSE), message(AYSE, ALI), lifetime=60)

    assert sorted(request.method for request in sends(simulator)) == ["GET", "POST"]
    assert [sms.number for sms in simulator.inbox].count(ALI) == 1


async def test_a_refusal_is_told_to_the_account(
    real: Real, simulator: Simulator
) -> None:
    """It asks for a new secret, or says that credit is short."""
    outbox, refusals = real
    simulator.account.credit = 0

    [answer] = await outbox.send(message(AYSE), lifetime=60)

    assert (answer.state, answer.reason) == (State.FAILED, "not_enough_credits")
    assert [refusal.code for refusal in refusals] == ["81"]


@pytest.mark.parametrize("fault", sorted({*Fault} - NOT_AT_ONCE))
async def test_a_message_survives_any_fault_and_arrives_once(
    real: Real, simulator: Simulator, fault: Fault
) -> None:
    """Whether the provider had carried the request out or not."""
    outbox, _ = real
    simulator.fail(fault, endpoint="smsget", times=2)

    [answer] = await outbox.send(message(AYSE), lifetime=60)
    assert answer.state is State.QUEUED
    end = await settled(outbox, answer.id)

    assert end.state is State.WAITING
    assert len(simulator.inbox) == 1
    assert len(sends(simulator)) == 3
    assert end.id_is_lost is fault.accepts


async def test_a_message_waits_while_nothing_listens(
    real: Real, simulator: Simulator
) -> None:
    """It is certain that it was not sent."""
    outbox, _ = real
    simulator.fail(Fault.REFUSE)

    [answer] = await outbox.send(message(AYSE), lifetime=60)
    assert (answer.state, answer.reason) == (State.QUEUED, "cannot_connect")
    assert answer.doubt is None
    simulator.clear_faults()
    end = await settled(outbox, answer.id)

    assert end.dlr_id == simulator.inbox[0].dlr_id


async def test_a_slow_answer_is_waited_for(
    real: Real, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as the caller waits at all."""
    outbox, _ = real
    simulator.fail(Fault.SLOW, endpoint="smsget", seconds=0.2)

    [answer] = await outbox.send(message(AYSE), lifetime=60)
    assert answer.state is State.WAITING

    monkeypatch.setattr(engine, "ANSWER_WITHIN", 0.05)
    simulator.fail(Fault.SLOW, endpoint="smsget", seconds=0.2)
    [answer] = await outbox.send(message(ALI), lifetime=60)
    assert answer.state is State.QUEUED
    assert (await settled(outbox, answer.id)).dlr_id == simulator.inbox[1].dlr_id


async def test_a_request_that_hangs_is_given_up_at_a_stop(
    real: Real, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its caller is told that the message is queued."""
    outbox, _ = real
    monkeypatch.setattr("custom_components.bisms.outbox.scheduler.STOP_WITHIN", 0.05)
    simulator.fail(Fault.HANG, endpoint="smsget")
    call = asyncio.create_task(outbox.send(message(AYSE), lifetime=60))
    while not sends(simulator):
        await asyncio.sleep(0)

    await outbox.stop()

    [answer] = await call
    assert (answer.state, answer.told) == (State.QUEUED, True)
    assert simulator.inbox == []
