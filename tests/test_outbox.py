"""The outbox by itself: what it promises a caller, whatever network, clock and disk do.

Most of it is played on virtual seconds; what concerns HTTP goes over real sockets.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import aiohttp
import orjson
import pytest

from custom_components.bisms import outbox as outbox_module
from custom_components.bisms.allowance import HourlyLimitError
from custom_components.bisms.delivery import advance
from custom_components.bisms.outbox import (
    KEEP_FINISHED,
    MAX_REQUESTS,
    SLICE,
    ClosedError,
    Outbox,
)
from custom_components.bisms.provider.client import BismsClient
from custom_components.bisms.provider.codes import RefusedError
from custom_components.bisms.record import Delivery, State, Step, Task
from custom_components.bisms.storage import DeliveryStorage, Saved
from simulator import Fault, Simulator

from .accounts import sends
from .memory import Memory, outcome
from .messages import ALI, AYSE, HOUR, delivery, having, message
from .simulation.loop import VirtualLoop
from .simulation.network import Outage, Request
from .simulation.plan import PHONES, Plan
from .simulation.world import World

P1, P2, _ = PHONES

type Scenario = Callable[[World], Coroutine[Any, Any, None]]


def play(scenario: Scenario, *outages: Outage, credit: int = 10_000) -> World:
    """Play a scenario on virtual seconds; what always holds is watched meanwhile."""
    loop = VirtualLoop()
    world = World(Plan(0, 0.0, outages, (), earlier=0, credit=credit), loop)

    async def run() -> None:
        await world.start()
        await asyncio.sleep(1)
        await scenario(world)

    try:
        loop.run_until_complete(run())
    finally:
        loop.run_until_complete(world.stop(hard=True))
        loop.close()
    assert world.outcome.wrong == []
    return world


def box(world: World) -> Outbox:
    """Return the outbox of a world whose Home Assistant runs."""
    assert world.outbox is not None
    return world.outbox


async def send(
    world: World, *numbers: str, lifetime: float = HOUR, **fields: Any
) -> str:
    """Send a message and return its id."""
    sent = message(*numbers or (P1,), **fields)
    [answer] = await box(world).send(sent, lifetime=lifetime)
    return answer.id


def now(world: World, delivery_id: str) -> Delivery:
    """Return a delivery as it is now."""
    return box(world)._delivery(delivery_id)


def departures(world: World, text: str = "Duman alarmı") -> list[float]:
    """Return when requests departed that send a text."""
    return [each.departed for each in world.network.sends if each.speaks_of(text)]


def test_a_caller_is_told_the_providers_answer() -> None:
    """The message is on disk by then."""

    async def scenario(world: World) -> None:
        [answer] = await box(world).send(
            message(P1), lifetime=HOUR, context=("c", None, "u")
        )
        assert (answer.state, answer.dlr_id) == (State.WAITING, "77300600")
        assert answer.context == ("c", None, "u")
        assert world.disk.saved == [answer]
        assert world.disk.writes == 2
        assert box(world).queued == 0

        await asyncio.sleep(91)
        assert now(world, answer.id).state is State.DELIVERED

    play(scenario)


def test_a_caller_waits_ten_seconds_and_no_longer() -> None:
    """He is told that the message is queued; it goes on without him."""

    async def scenario(world: World) -> None:
        begun = world.loop.time()
        [answer] = await box(world).send(message(P1), lifetime=HOUR)
        assert 10 <= world.loop.time() - begun < 10.1
        assert (answer.state, answer.announced) == (State.QUEUED, True)
        assert answer.attempt_at is not None
        assert box(world).queued == 1

        await asyncio.sleep(40)
        assert now(world, answer.id).state is State.WAITING
        assert len(world.provider.inbox) == 1

    play(scenario, Outage(1, 12, "hung"))


def test_a_first_failure_answers_the_caller_at_once() -> None:
    """Why wait: it is queued, and on disk."""

    async def scenario(world: World) -> None:
        begun = world.loop.time()
        [answer] = await box(world).send(message(P1), lifetime=HOUR)
        assert world.loop.time() - begun < 1
        assert (answer.state, answer.reason) == (State.QUEUED, "cannot_connect")

    play(scenario, Outage(1, 12, "refused"))


def test_pieces_of_a_text_enter_together_and_each_is_a_request() -> None:
    """The answers come in their order."""

    async def scenario(world: World) -> None:
        pieces = [message(P1, text=f"Part {number}") for number in range(6)]
        answers = await box(world).send(*pieces, lifetime=HOUR)
        assert [a.message for a in answers] == pieces
        assert all(answer.state is State.WAITING for answer in answers)

    assert len(play(scenario).network.sends) == 6


def watch_requests(world: World) -> list[int]:
    """Return a list that grows by how many requests are under way, at each one's start."""
    exchange, under_way, counts = world.network.exchange, [0], []

    async def counted(*request: Any) -> tuple[int, bytes]:
        under_way[0] += 1
        counts.append(under_way[0])
        try:
            return await exchange(*request)
        finally:
            under_way[0] -= 1

    world.network.exchange = counted  # type: ignore[assignment, method-assign]
    return counts


def test_at_most_four_requests_are_made_at_a_time() -> None:
    """However many messages there are."""

    async def scenario(world: World) -> None:
        counts = watch_requests(world)
        messages = [message(P1, text=f"Nr {number}") for number in range(50)]
        await box(world).send(*messages, lifetime=HOUR)
        assert len(world.provider.inbox) == 50
        assert max(counts) == MAX_REQUESTS

    play(scenario)


def test_a_message_never_waits_for_questions() -> None:
    """They leave one request free for it, even while none of them is answered."""

    async def scenario(world: World) -> None:
        await box(world).send(
            *(message(P2, text=f"Nr {number}") for number in range(9)), lifetime=HOUR
        )
        counts = watch_requests(world)
        await asyncio.sleep(130)
        assert max(counts) == MAX_REQUESTS - 1
        counts.clear()
        at = world.loop.time()
        await send(world)
        assert departures(world)[0] == at
        assert counts[0] == MAX_REQUESTS

    play(scenario, Outage(80, 300, "hung"))


def test_when_the_provider_is_back_everything_goes_out() -> None:
    """Nobody waits for the rest of a pause of minutes."""

    async def scenario(world: World) -> None:
        ids = [await send(world, text=f"Nr {number}.") for number in range(20)]
        await asyncio.sleep(2000 - world.loop.time())
        assert box(world).queued == 20
        while not world.provider.inbox:
            await asyncio.sleep(1)
        await asyncio.sleep(10)
        assert box(world).queued == 0
        assert all(now(world, each).state is State.WAITING for each in ids)

    play(scenario, Outage(1, 2000, "refused"))


def test_a_long_search_is_no_silence() -> None:
    """An answered question after many others does not call everything up again."""

    async def scenario(world: World) -> None:
        await send(world, lifetime=10 * HOUR)
        await send(world, text="Another", lifetime=10 * HOUR)
        for number in range(120):
            world.provider.foreign_send("test", ["905559999991"], f"Foreign {number}")
        pages = 0

        def watch(request: Request) -> None:
            nonlocal pages
            pages += request.query.get("page") == "0"

        await asyncio.sleep(1000)
        world.network.on_request = watch
        await asyncio.sleep(5 * HOUR)
        # Two messages that can't be told apart, each asked about every 5 minutes.
        assert 2 * 60 * 0.8 <= pages <= 2 * 60 * 1.25

    play(scenario, Outage(1, 1.001, "dropped"), Outage(1, 200, "reset"))


@pytest.mark.parametrize("jump", [7200, -7200, 60, -60])
def test_a_clock_that_is_set_changes_nothing(jump: float) -> None:
    """A message neither expires by it nor waits longer."""

    async def scenario(world: World) -> None:
        waiting = await send(world, lifetime=600)
        await asyncio.sleep(200)
        world.clock_off += jump
        await asyncio.sleep(350)
        assert now(world, waiting).state is State.QUEUED
        await asyncio.sleep(100)
        assert now(world, waiting).state is State.EXPIRED

        delivered = await send(world, text="Later")
        world.clock_off += jump
        await asyncio.sleep(95)
        assert now(world, delivered).state is State.DELIVERED

    play(scenario, Outage(1, 600, "refused"))


def test_a_clock_that_is_set_keeps_the_order_of_things() -> None:
    """What is unresolved is compared by its times, even after its end."""

    async def scenario(world: World) -> None:
        unknown = await send(world, lifetime=60)
        await asyncio.sleep(1000)
        before = now(world, unknown)
        assert before.reason == "unknown"

        world.clock_off -= 5000
        later = await send(world, text="Later")

        moved = now(world, unknown).last_attempt_at
        assert moved is not None
        assert before.last_attempt_at is not None
        assert moved == pytest.approx(before.last_attempt_at - 5000)
        assert moved < now(world, later).created_at

    play(scenario, Outage(1, 1000, "hung"))


def test_a_clock_that_was_set_back_meanwhile_keeps_the_order_of_things_too() -> None:
    """As on a machine without a clock of its own, after a power cut."""

    async def scenario(world: World) -> None:
        waiting = await send(world)
        await world.stop(hard=True)
        world.clock_off -= 5000
        await world.start()

        assert now(world, waiting).touched_at <= world.wall()
        assert now(world, waiting).expires_at <= world.wall() + HOUR

    play(scenario, Outage(1, 9, "hung"))


def test_the_latest_500_finished_messages_are_kept_for_a_week() -> None:
    """Older ones are forgotten with the next save."""

    async def scenario(world: World) -> None:
        many = [message(P1, text=f"Nr {number}") for number in range(KEEP_FINISHED + 5)]
        await box(world).send(*many, lifetime=HOUR)
        await asyncio.sleep(200)
        kept = [each.message.sms[0].text for each in box(world).deliveries]
        assert len(kept) == KEEP_FINISHED
        assert "Nr 0" not in kept
        assert f"Nr {KEEP_FINISHED + 4}" in kept

        await asyncio.sleep(7 * 24 * HOUR)
        await send(world, text="New")
        assert [d.message.sms[0].text for d in box(world).deliveries] == ["New"]

    play(scenario)


def test_nothing_is_forgotten_that_could_be_mixed_up() -> None:
    """While a message is in doubt, the ids of others tell what is not its own."""

    async def scenario(world: World) -> None:
        first = await send(world, text="First")
        await asyncio.sleep(8 * 24 * HOUR)
        await send(world, text="In doubt", lifetime=HOUR)
        assert now(world, first).final

    play(scenario, Outage(8 * 24 * HOUR, 8 * 24 * HOUR + 600, "reset"))


def test_callers_share_the_writes_to_disk() -> None:
    """500 calls at once don't write 500 times what they all change."""

    async def scenario(world: World) -> None:
        await asyncio.gather(*(send(world, text=f"Nr {n}") for n in range(500)))
        assert len(world.provider.inbox) <= 500
        assert world.disk.writes < 500

    play(scenario)


def test_a_message_is_on_disk_before_it_is_sent_again() -> None:
    """And at the latest beside its first attempt, which it does not delay."""

    async def scenario(world: World) -> None:
        saved: list[float | None] = []

        def watch(request: Request) -> None:
            if "/api/sms" in request.path:
                saved.extend(each.attempt_at for each in world.disk.saved)

        world.network.on_request = watch
        begun = world.loop.time()
        delivery_id = await send(world)
        await asyncio.sleep(30)
        assert departures(world)[0] == begun
        assert len(saved) > 1
        assert saved == [departure(world, at) for at in departures(world)[1:]]
        assert now(world, delivery_id).state is State.WAITING

    def departure(world: World, at: float) -> Any:
        return pytest.approx(at + world.wall() - world.loop.time(), abs=0.05)

    play(scenario, Outage(1, 12, "reset"))


def test_a_stop_lets_requests_finish_and_answers_callers() -> None:
    """Whoever still waits then is told that his message is queued, and it is."""

    async def scenario(world: World) -> None:
        outbox, begun = box(world), world.loop.time()
        call = asyncio.ensure_future(outbox.send(message(P1), lifetime=HOUR))
        await asyncio.sleep(0.1)
        await world.stop(hard=False)
        [answer] = await call
        assert world.loop.time() - begun < 2.2
        assert answer.state is State.QUEUED
        writes = world.disk.writes

        await world.start()
        await asyncio.sleep(200)
        assert now(world, answer.id).state is State.DELIVERED
        assert len(world.provider.inbox) == 1
        # Nobody writes an outbox that was stopped over the one that followed it.
        assert world.disk.writes > writes
        assert world.disk.saved[0].dlr_id

    play(scenario, Outage(1, 3, "hung_accepted"))


def test_a_call_that_is_cancelled_takes_no_write_of_others_with_it() -> None:
    """As a script in mode restart does with what it waits for."""

    async def scenario(world: World) -> None:
        calls = [
            asyncio.ensure_future(send(world, text=f"Nr {number}"))
            for number in range(3)
        ]
        while not world.provider.inbox:
            await asyncio.sleep(0.001)
        calls[0].cancel()
        await asyncio.gather(*calls, return_exceptions=True)

        assert calls[0].cancelled()
        assert world.disk.saved == list(box(world).deliveries)

    play(scenario)


def test_what_a_full_disk_did_not_take_is_saved_with_the_next_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Meanwhile messages go out all the same; Home Assistant's store logs what it can't do."""

    async def no_space(*_: object) -> None:
        raise OSError("No space left on device")

    async def not_saved(*_: object) -> bool:
        return False

    async def scenario(world: World) -> None:
        with monkeypatch.context() as full:
            full.setattr(world.disk, "append", no_space)
            full.setattr(world.disk, "save", not_saved)
            await send(world, text="Bir")
            assert world.disk.saved == []
        await send(world, text="İki")

        assert world.disk.saved == list(box(world).deliveries)
        assert len(world.provider.inbox) == 2

    play(scenario)


def test_a_closed_outbox_takes_nothing() -> None:
    """It could not be saved: the files are its successor's."""

    async def scenario(world: World) -> None:
        outbox = box(world)
        await world.stop(hard=False)
        writes = world.disk.writes
        with pytest.raises(ClosedError):
            await outbox.send(message(P1), lifetime=HOUR)
        assert world.disk.writes == writes
        await world.start()

    play(scenario)


def test_a_request_that_does_not_end_is_given_up_at_a_stop() -> None:
    """Its answer would be written to the files of the outbox that follows."""

    async def scenario(world: World) -> None:
        outbox = box(world)
        call = asyncio.ensure_future(outbox.send(message(P1), lifetime=HOUR))
        await asyncio.sleep(0.5)
        await outbox.close()
        await call
        saved = world.disk.saved
        await asyncio.sleep(60)

        assert outbox._delivery(call.result()[0].id).attempt_at is not None
        assert world.disk.saved == saved
        await world.stop(hard=True)
        await world.start()

    play(scenario, Outage(1, 3, "hung"))


def test_what_was_under_way_at_a_power_cut_goes_on_where_it_was() -> None:
    """One SMS, whether the provider had accepted it or not."""

    async def scenario(world: World) -> None:
        calls = [
            asyncio.ensure_future(send(world, text=f"Nr {number}"))
            for number in range(3)
        ]
        await asyncio.sleep(1)
        await world.stop(hard=True)
        await asyncio.sleep(200)
        await world.start()
        await asyncio.sleep(400)
        assert len(world.provider.inbox) == 3
        assert {each.state for each in box(world).deliveries} == {State.DELIVERED}
        for call in calls:
            call.cancel()

    for fault in ("hung", "hung_accepted"):
        play(scenario, Outage(1.5, 8, fault), Outage(1, 1.5, fault))


def test_with_a_secret_that_is_wrong_messages_wait_for_the_new_one() -> None:
    """A direct answer raises; what is queued goes out after the restart that brings it."""

    async def scenario(world: World) -> None:
        queued = await send(world)
        world.account.secret = "new"
        await asyncio.sleep(60)
        assert now(world, queued).reason == "invalid_auth"
        requests = len(world.network.sends)
        refused = await send(world, text="Direct")
        assert now(world, refused).state is State.FAILED
        await asyncio.sleep(600)
        assert len(world.network.sends) == requests + 1

        world.secret = "new"
        await world.stop(hard=False)
        await world.start()
        await asyncio.sleep(1)
        assert now(world, queued).state is State.WAITING

    play(scenario, Outage(1, 10, "refused"))


def test_the_same_message_twice_is_refused_the_second_time() -> None:
    """77 is the provider's answer to a repeat, even where the first answer was lost."""

    async def scenario(world: World) -> None:
        first = await send(world)
        await asyncio.sleep(5)
        second = await send(world)
        assert now(world, first).state is State.WAITING
        assert now(world, second).state is State.FAILED
        assert now(world, second).reason == "duplicate_message"
        assert len(world.provider.inbox) == 1

    play(scenario)
    play(scenario, Outage(1, 1.001, "dropped"))


def test_a_77_is_not_taken_for_ones_own_while_a_twin_is_in_doubt() -> None:
    """The twin got through before a restart, whose message this one only repeats."""

    async def scenario(world: World) -> None:
        twin = await send(world)
        await world.stop(hard=True)
        await asyncio.sleep(1)
        await world.start()
        await asyncio.sleep(1)
        second = await send(world)
        await asyncio.sleep(1000)

        ids = [now(world, each).dlr_id for each in (twin, second)]
        assert ids == ["77300600", "77300601"]
        assert len(world.provider.inbox) == 2

    play(scenario, Outage(1, 2, "accepted_html"), Outage(3, 4, "reset"))


def test_a_77_is_not_taken_for_ones_own_while_a_twin_waits_for_its_answer() -> None:
    """The twin was accepted, this message never."""

    async def scenario(world: World) -> None:
        first = await send(world)
        twin = asyncio.ensure_future(send(world))
        await asyncio.sleep(60)
        assert now(world, await twin).state is State.WAITING
        assert now(world, await twin).dlr_id == "77300600"
        assert now(world, first).state is State.FAILED
        assert now(world, first).reason == "duplicate_message"

    play(scenario, Outage(1, 1.001, "reset"), Outage(1.001, 2, "slow"))


def test_two_messages_that_can_not_be_told_apart_are_not_doubled() -> None:
    """Both to the same number, both in doubt, one of them accepted."""

    async def scenario(world: World) -> None:
        one, two = await asyncio.gather(
            send(world, text="One"), send(world, text="Two", lifetime=60)
        )
        await asyncio.sleep(2 * HOUR)
        texts = [sms.text for sms in world.provider.inbox]
        assert len(texts) == len(set(texts))
        for each, text in ((one, "One"), (two, "Two")):
            state, reason = now(world, each).state, now(world, each).reason
            assert reason == "unknown" or (state is State.DELIVERED) is (text in texts)

    for end in (1.01, 1.1, 3, 300):
        play(scenario, Outage(1, end, "dropped"), Outage(end, 300, "reset"))


def test_a_message_that_expires_while_the_newest_id_is_asked_for_is_not_sent() -> None:
    """It would come too late."""

    async def scenario(world: World) -> None:
        late = await send(world, lifetime=10)
        await asyncio.sleep(60)
        assert now(world, late).state is State.EXPIRED
        assert departures(world) == [1]

    play(scenario, Outage(0, 2, "refused"), Outage(2, 10, "hung"))


def test_a_repeat_inside_the_window_is_not_delayed_by_a_question() -> None:
    """The newest id is of no use to it: the message may be the newest itself."""

    async def scenario(world: World) -> None:
        asked: list[str] = []
        world.network.on_request = lambda request: asked.append(request.path)
        await send(world)
        await asyncio.sleep(90)
        assert len(asked) > 4
        assert not any("campaignidlist" in path for path in asked)

    play(scenario, Outage(0, 0.5, "refused"), Outage(0.5, 95, "reset"))


def test_the_newest_id_is_learned_once_when_an_id_is_lost() -> None:
    """However often the lost one is looked for without success."""

    async def scenario(world: World) -> None:
        asked: list[Request] = []
        lost = await send(world)
        world.network.on_request = asked.append
        await asyncio.sleep(85)
        assert now(world, lost).lost
        assert [request.path for request in asked] == [
            "/api/smsget/v1",
            "/api/campaignidlist/v1",
        ]
        asked.clear()
        await asyncio.sleep(600)
        assert now(world, lost).lost
        assert len(asked) == 3

    play(scenario, Outage(1, 2, "dropped"), Outage(80, 900, "error_500"))


def test_no_more_is_sent_in_an_hour_than_allowed() -> None:
    """Parts count for every number; nothing of a call that is too much is sent."""

    async def scenario(world: World) -> None:
        async def limited(*numbers: str, text: str = "x") -> None:
            await box(world).send(
                message(*numbers, text=text), lifetime=HOUR, hourly_limit=5
            )

        await limited(P1, P2, text="a" * 161)
        with pytest.raises(HourlyLimitError) as error:
            await limited(P1, P2)
        assert error.value.parts == 2
        assert len(world.provider.inbox) == 2
        await limited(P1, text="b")

        await world.stop(hard=False)
        await world.start()
        with pytest.raises(HourlyLimitError):
            await limited(P1)
        await send(world, text="Without a limit")

        await asyncio.sleep(HOUR + 60)
        await limited(P1)

    play(scenario)


def snapshot(number: int, world: World) -> bytes:
    """Return a snapshot with so many queued messages."""
    memory = Memory()
    waiting = Step(Task.SEND, world.wall())
    first = having(delivery(P1, lifetime=24 * HOUR), announced=True, next=waiting)
    many = [having(first, id=str(each)) for each in range(number)]
    outcome(DeliveryStorage(memory).save(Saved(many)))
    return orjson.dumps(memory.snapshot)


def test_a_start_with_5000_messages_lets_others_have_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only a hundred are handled in one go."""
    handled = 0

    def counted(*what: Any) -> Delivery:
        nonlocal handled
        handled += 1
        return advance(*what)

    async def scenario(world: World) -> None:
        nonlocal handled
        await world.stop(hard=True)
        world.disk.snapshot, world.disk.journal = snapshot(5000, world), b""
        start, turns = asyncio.create_task(world.start()), []
        while not start.done():
            await asyncio.sleep(0)
            turns.append(handled)
            handled = 0
        assert sum(turns) >= 5000
        assert max(turns) < SLICE + 4 * MAX_REQUESTS
        assert box(world).queued == 5000

    monkeypatch.setattr(outbox_module, "advance", counted)
    play(scenario, Outage(0, HOUR, "hung"))


@pytest.fixture
async def real(provider_url: str) -> AsyncIterator[tuple[Outbox, list[RefusedError]]]:
    """Return an outbox that talks HTTP to the simulator, and the refusals it met.

    Its pauses are a hundredth of what they are for users.
    """
    refusals: list[RefusedError] = []
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        outbox = Outbox(
            BismsClient(session, "test", "test", provider_url),
            DeliveryStorage(Memory()),
            spawn=lambda coroutine, name: group.create_task(coroutine, name=name),
            on_refusal=refusals.append,
            jitter=lambda: 0.01,
        )
        await outbox.load()
        await outbox.start()
        yield outbox, refusals
        await outbox.stop()


type Real = tuple[Outbox, list[RefusedError]]


async def settled(outbox: Outbox, delivery_id: str) -> Delivery:
    """Return a delivery once it is no longer queued."""
    changed = asyncio.Event()
    stop = outbox.subscribe(lambda before, after: changed.set())
    async with asyncio.timeout(20):
        while outbox._delivery(delivery_id).state is State.QUEUED:
            await changed.wait()
            changed.clear()
    stop()
    return outbox._delivery(delivery_id)


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


@pytest.mark.parametrize(
    "fault",
    [
        fault
        for fault in Fault
        if fault not in (Fault.REFUSE, Fault.HANG, Fault.ACCEPT_THEN_HANG, Fault.SLOW)
    ],
)
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
    assert end.lost is fault.accepts


async def test_a_message_waits_while_nothing_listens(
    real: Real, simulator: Simulator
) -> None:
    """It is certain that it was not sent."""
    outbox, _ = real
    simulator.fail(Fault.REFUSE)

    [answer] = await outbox.send(message(AYSE), lifetime=60)
    assert (answer.state, answer.reason) == (State.QUEUED, "cannot_connect")
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

    monkeypatch.setattr(outbox_module, "ANSWER_WITHIN", 0.05)
    simulator.fail(Fault.SLOW, endpoint="smsget", seconds=0.2)
    [answer] = await outbox.send(message(ALI), lifetime=60)
    assert answer.state is State.QUEUED
    assert (await settled(outbox, answer.id)).dlr_id == simulator.inbox[1].dlr_id
