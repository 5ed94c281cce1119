"""What is due is carried out when it is due, a few at a time, messages before questions."""

import asyncio
from collections.abc import Callable, Coroutine
from copy import replace
from itertools import pairwise
from typing import Any

import pytest

from custom_components.bisms.outbox.clock import Clock
from custom_components.bisms.outbox.ledger import Ledger
from custom_components.bisms.outbox.record import Attempt, Delivery, Step, Task, entered
from custom_components.bisms.outbox.scheduler import (
    MAX_IN_HAND,
    MAX_QUESTIONS,
    SLICE,
    STOP_WITHIN,
    Scheduler,
)
from tests.messages import HOUR, message
from tests.simulation.loop import VirtualLoop

MESSAGE = message()


class House:
    """A scheduler whose tasks take some time, or none, and leave nothing to do."""

    def __init__(self) -> None:
        """Begin at 0, with nothing to do."""
        self.loop = asyncio.get_running_loop()
        self.seconds = 1.0
        self.begun: list[tuple[float, str, Task]] = []
        self.ticked: list[tuple[float, str]] = []
        self.ended: list[str] = []
        self.names: list[str] = []
        self.ledger = Ledger()
        self.scheduler = Scheduler(
            self.ledger,
            Clock(self.loop.time, self.loop.time),
            spawn=self._spawn,
            carry_out=self._carry_out,
            tick=self._tick,
        )
        self.scheduler.running = True

    def plan(self, delivery_id: str, task: Task, at: float) -> None:
        """Let something be due of a delivery."""
        self.put(
            replace(entered(delivery_id, MESSAGE, 0.0, 0.0, HOUR), doing=Step(task, at))
        )

    def put(self, delivery: Delivery) -> None:
        """Let a delivery be so."""
        self.ledger.place(delivery)
        self.scheduler.note(delivery)

    def begun_at(self, at: float) -> list[str]:
        """Return what was begun at a moment."""
        return [delivery_id for time, delivery_id, _ in self.begun if time == at]

    async def until(self, at: float) -> None:
        """Wait until a time."""
        await asyncio.sleep(at - self.loop.time())

    async def _carry_out(self, delivery_id: str, task: Task) -> None:
        self.begun.append((self.loop.time(), delivery_id, task))
        if self.seconds:
            await asyncio.sleep(self.seconds)
        self._settle(delivery_id)
        self.ended.append(delivery_id)

    def _tick(self, delivery_id: str) -> None:
        self.ticked.append((self.loop.time(), delivery_id))
        self._settle(delivery_id)

    def _settle(self, delivery_id: str) -> None:
        delivery = self.ledger[delivery_id]
        self.put(replace(delivery, doing=Attempt(self.loop.time())))

    def _spawn(
        self, coroutine: Coroutine[Any, Any, None], name: str
    ) -> asyncio.Task[None]:
        self.names.append(name)
        return asyncio.Task(coroutine, loop=self.loop, name=name, eager_start=True)


def play(scenario: Callable[[House], Coroutine[Any, Any, None]]) -> None:
    """Play a scenario on virtual seconds."""

    async def run() -> None:
        house = House()
        await scenario(house)
        house.seconds = 0
        await house.scheduler.stop()
        await asyncio.sleep(0)

    loop = VirtualLoop()
    try:
        loop.run_until_complete(run())
    finally:
        loop.close()


def test_each_thing_is_carried_out_when_it_is_due() -> None:
    """Once, and not a moment earlier."""

    async def scenario(house: House) -> None:
        house.plan("late", Task.REPORT, 30)
        house.plan("now", Task.SEND, 0)
        house.plan("soon", Task.FIND, 10)
        house.scheduler.pump()
        await house.until(100)
        assert house.begun == [
            (0, "now", Task.SEND),
            (10, "soon", Task.FIND),
            (30, "late", Task.REPORT),
        ]
        assert house.names == ["bisms send", "bisms find", "bisms report"]

    play(scenario)


def test_a_time_that_has_come_is_told() -> None:
    """No request is made for it."""

    async def scenario(house: House) -> None:
        house.plan("a", Task.WAIT, 10)
        house.plan("b", Task.WAIT, 10)
        house.scheduler.pump()
        await house.until(100)
        assert house.ticked == [(10, "a"), (10, "b")]
        assert house.begun == []

    play(scenario)


def test_nothing_is_begun_before_it_runs() -> None:
    """Nor is there any alarm set."""

    async def scenario(house: House) -> None:
        house.scheduler.running = False
        house.plan("a", Task.SEND, 0)
        house.scheduler.pump()
        await house.until(10)
        assert house.begun == []
        house.scheduler.running = True
        house.scheduler.pump()
        assert house.begun_at(10) == ["a"]

    play(scenario)


def test_what_is_due_earlier_than_planned_is_not_waited_for() -> None:
    """The old time is passed over."""

    async def scenario(house: House) -> None:
        house.plan("a", Task.SEND, 100)
        house.scheduler.pump()
        await house.until(20)
        house.plan("a", Task.SEND, 30)
        house.scheduler.pump()
        await house.until(200)
        assert house.begun == [(30, "a", Task.SEND)]

    play(scenario)


def test_what_is_put_off_is_not_begun_at_its_old_time() -> None:
    """Though the agenda still has it."""

    async def scenario(house: House) -> None:
        house.plan("a", Task.SEND, 10)
        house.plan("a", Task.SEND, 50)
        house.scheduler.pump()
        await house.until(49)
        assert house.begun == []
        await house.until(200)
        assert house.begun == [(50, "a", Task.SEND)]

    play(scenario)


def test_what_is_over_or_forgotten_is_passed_over() -> None:
    """As a message that expired while its request was planned."""

    async def scenario(house: House) -> None:
        house.plan("a", Task.SEND, 10)
        house.put(house.ledger["a"]._replace(doing=Attempt(0)))
        house.plan("gone", Task.SEND, 10)
        house.ledger._open.clear()
        house.plan("b", Task.SEND, 10)
        house.scheduler.pump()
        await house.until(20)
        assert house.begun == [(10, "b", Task.SEND)]

    play(scenario)


def test_what_is_in_hand_is_not_begun_a_second_time() -> None:
    """Whatever happens to it meanwhile."""

    async def scenario(house: House) -> None:
        house.plan("a", Task.FIND, 0)
        house.scheduler.pump()
        await house.until(0.5)
        house.plan("a", Task.FIND, 0.5)
        house.scheduler.pump()
        await house.until(20)
        assert house.begun == [(0, "a", Task.FIND)]
        house.plan("a", Task.FIND, 20)
        house.scheduler.pump()
        assert house.begun_at(20) == ["a"]

    play(scenario)


def test_only_so_many_are_worked_on_at_a_time() -> None:
    """The others begin as soon as there is room."""

    async def scenario(house: House) -> None:
        for number in range(MAX_IN_HAND + 5):
            house.plan(f"{number:02}", Task.SEND, 0)
        house.scheduler.pump()
        await house.until(0.5)
        assert len(house.begun_at(0)) == MAX_IN_HAND
        await house.until(1.5)
        assert len(house.begun_at(1)) == 5
        assert [each for _, each, _ in house.begun] == [
            f"{number:02}" for number in range(MAX_IN_HAND + 5)
        ]

    assert MAX_IN_HAND == 16
    play(scenario)


@pytest.mark.parametrize("task", [Task.REPORT, Task.FIND])
def test_only_so_many_questions_are_asked_at_a_time(task: Task) -> None:
    """They leave room for messages, which come first."""

    async def scenario(house: House) -> None:
        for number in range(7):
            house.plan(f"q{number}", task, 0)
        for number in range(4):
            house.plan(f"m{number}", Task.SEND, 0)
        house.scheduler.pump()
        assert house.begun_at(0) == ["m0", "m1", "m2", "m3", "q0", "q1", "q2"]
        await house.until(0.5)
        house.plan("alert", Task.SEND, 0.5)
        house.scheduler.pump()
        assert house.begun_at(0.5) == ["alert"]
        await house.until(10)
        assert house.begun_at(1) == ["q3", "q4", "q5"]
        assert house.begun_at(2) == ["q6"]

    assert MAX_QUESTIONS == 3
    play(scenario)


def test_a_message_due_later_is_begun_in_time_while_questions_wait() -> None:
    """And the questions do not keep the processor busy meanwhile."""

    async def scenario(house: House) -> None:
        house.seconds = 100
        for number in range(5):
            house.plan(f"q{number}", Task.REPORT, 0)
        house.plan("message", Task.SEND, 10)
        pumped, pump = [], house.scheduler._begin_some

        def counted(at: float) -> None:
            pumped.append(at)
            pump(at)

        house.scheduler._begin_some = counted  # type: ignore[method-assign]
        house.scheduler.pump()
        await house.until(50)
        assert house.begun_at(10) == ["message"]
        assert pumped == [0, 10]

    play(scenario)


def test_only_so_many_are_begun_in_one_go() -> None:
    """Others get their turn on the event loop, and then the rest follows at once."""

    async def scenario(house: House) -> None:
        turns = [0]

        def turn() -> None:
            turns.append(len(house.ticked))
            if len(house.ticked) < 50:
                house.loop.call_soon(turn)

        for number in range(50):
            house.plan(str(number), Task.WAIT, 0)
        house.scheduler.pump()
        turn()
        await house.until(1)
        assert len(house.ticked) == 50
        assert {at for at, _ in house.ticked} == {0}
        steps = {after - before for before, after in pairwise(turns) if after > before}
        assert steps == {SLICE, 10}

    assert SLICE == 20
    play(scenario)


def test_requests_that_end_at_once_are_begun_one_after_the_other() -> None:
    """However many there are: one does not begin inside the end of another."""

    async def scenario(house: House) -> None:
        house.seconds = 0
        for number in range(3000):
            house.plan(str(number), Task.SEND, 0)
        house.scheduler.pump()
        assert len(house.ended) == SLICE
        await house.until(1)
        assert len(house.ended) == 3000

    play(scenario)


def test_requests_under_way_get_two_seconds_at_a_stop() -> None:
    """Then they are cut off; and nothing else is begun."""

    async def scenario(house: House) -> None:
        house.plan("quick", Task.SEND, 0)
        house.scheduler.pump()
        house.seconds = 3
        house.plan("slow", Task.SEND, 0)
        house.scheduler.pump()
        house.plan("later", Task.SEND, 1)
        house.scheduler.pump()
        await house.until(0.5)
        await house.scheduler.stop()
        assert house.loop.time() == 0.5 + STOP_WITHIN
        assert house.ended == ["quick"]
        await house.until(10)
        assert house.ended == ["quick"]
        assert len(house.begun) == 2
        house.scheduler.pump()
        assert len(house.begun) == 2

    play(scenario)


def test_a_stop_is_over_as_soon_as_nothing_is_under_way() -> None:
    """It need not use up its time."""

    async def scenario(house: House) -> None:
        await house.scheduler.stop()
        assert house.loop.time() == 0
        house.scheduler.running = True
        house.plan("a", Task.SEND, 0)
        house.scheduler.pump()
        await house.until(0.25)
        await house.scheduler.stop()
        assert house.loop.time() == 1
        assert house.ended == ["a"]
        await house.scheduler.stop()
        assert house.loop.time() == 1

    play(scenario)


def test_no_alarm_is_left_after_a_stop() -> None:
    """What was due later is for the next start."""

    async def scenario(house: House) -> None:
        house.plan("a", Task.SEND, 10)
        house.scheduler.pump()
        await house.scheduler.stop()
        house.scheduler.running = True
        await house.until(20)
        assert house.begun == []

    play(scenario)


def test_there_is_one_alarm_however_often_it_is_set() -> None:
    """Each message that is sent sets it."""

    async def scenario(house: House) -> None:
        pumped, pump = [], house.scheduler._begin_some

        def counted(at: float) -> None:
            pumped.append(at)
            pump(at)

        house.scheduler._begin_some = counted  # type: ignore[method-assign]
        house.plan("a", Task.SEND, 10)
        for _ in range(5):
            house.scheduler.pump()
        await house.until(15)
        assert pumped == [0] * 5 + [10, 11]

    play(scenario)


def test_a_request_that_is_cut_off_makes_room_for_others() -> None:
    """Home Assistant may cancel them."""

    async def scenario(house: House) -> None:
        house.seconds = 100
        for number in range(MAX_IN_HAND + 1):
            house.plan(f"{number:02}", Task.SEND, 0)
        for number in range(MAX_QUESTIONS):
            house.plan(f"q{number}", Task.REPORT, 0)
        house.scheduler.pump()
        await house.until(1)
        for request in list(house.scheduler._requests):
            request.cancel()
        await house.until(2)
        assert house.begun_at(1) == ["16", "q0", "q1", "q2"]
        assert len(house.scheduler._requests) == 4

    play(scenario)
