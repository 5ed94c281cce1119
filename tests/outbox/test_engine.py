"""What an outbox promises to whoever sends, while all goes well or nearly so."""

import asyncio
import re
from typing import Any

import pytest

from custom_components.bisms.outbox import Attempt, State, engine, happened
from custom_components.bisms.outbox.engine import ANSWER_WITHIN
from custom_components.bisms.outbox.scheduler import MAX_QUESTIONS
from custom_components.bisms.outbox.tasks import MAX_REQUESTS
from simulator.clock import LoopClock
from tests.messages import HOUR, UTC_NOW, message

from .disk import as_saved
from .stage import FIRST_ID, P1, P2, P3, Stage, play
from .wire import attempts, questions


def under_way(stage: Stage) -> list[int]:
    """Return a list that grows by how many requests are on the wire, at each one's start."""
    client = stage.outbox._courier._client
    exchange, on_the_wire, counts = client._request, [0], []

    async def counted(*what: Any, **more: Any) -> Any:
        on_the_wire[0] += 1
        counts.append(on_the_wire[0])
        try:
            return await exchange(*what, **more)
        finally:
            on_the_wire[0] -= 1

    client._request = counted  # type: ignore[method-assign]
    return counts


def test_a_caller_is_told_the_providers_answer() -> None:
    """The message is on disk by then, with the attempt and what came of it in one write."""

    async def scenario(stage: Stage) -> None:
        [answer] = await stage.outbox.send(
            message(P1), lifetime=HOUR, context=("c", None, "u")
        )
        assert stage.loop.time() == 1.25
        assert (answer.state, answer.dlr_id) == (State.WAITING, str(FIRST_ID))
        assert answer.context == ("c", None, "u")
        assert answer.created_utc == LoopClock.START + 1
        assert answer.expires_at == answer.created_at + HOUR
        assert stage.disk.deliveries == [as_saved(answer)]
        assert stage.outbox.queued == 0

        await stage.until(91.4)
        assert stage.now(answer).state is State.WAITING
        await stage.until(91.6)
        assert stage.now(answer).state is State.DELIVERED
        assert [sum(each.asks_for_report for each in stage.requests)] == [1]

    play(scenario)


def test_two_messages_have_two_ids() -> None:
    """Even if they say the same."""

    async def scenario(stage: Stage) -> None:
        one, two = await stage.outbox.send(
            message(P1, text="One"), message(P1, text="Two"), lifetime=60
        )
        assert one.id != two.id
        assert not one.resend_in_doubt
        assert re.fullmatch("[0-9a-f]{32}", one.id)

    play(scenario)


def test_a_message_for_later_is_sent_by_the_provider_when_its_time_has_come() -> None:
    """It is asked about then, not before."""

    async def scenario(stage: Stage) -> None:
        answer = await stage.send(send_in=3 * HOUR)
        assert answer.state is State.SCHEDULED
        due = UTC_NOW + 3 * HOUR - LoopClock.START
        await stage.until(due - 1)
        assert stage.now(answer).state is State.SCHEDULED
        await stage.until(due + 1)
        assert stage.now(answer).state is State.WAITING
        await stage.until(due + 200)
        assert stage.now(answer).state is State.DELIVERED

    play(scenario)


def test_what_is_sent_before_the_start_waits_for_it() -> None:
    """Nothing leaves while what was open may not be taken up yet."""

    async def scenario(stage: Stage) -> None:
        await stage.close()
        await stage.load()
        stage.requests.clear()
        call = stage.call()
        await asyncio.sleep(5)
        assert stage.requests == []
        await stage.outbox.start()
        assert (await call).state is State.WAITING

    play(scenario)


def test_a_caller_waits_ten_seconds_and_no_longer() -> None:
    """He is told that the message is queued; it goes on without him."""

    async def scenario(stage: Stage) -> None:
        stage.meet("hung", 0, 12, attempts)
        answer = await stage.send()
        assert stage.loop.time() == 1 + ANSWER_WITHIN
        assert ANSWER_WITHIN == 10
        assert (answer.state, answer.told) == (State.QUEUED, True)
        assert isinstance(answer.doing, Attempt)
        assert stage.outbox.queued == 1

        await stage.until(60)
        assert stage.now(answer).state is State.WAITING
        assert stage.inbox == ["Duman alarmı"]

    play(scenario)


def test_what_a_caller_is_told_is_on_disk_by_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Even if more happens while it is written: he is not told that yet."""
    monkeypatch.setattr(engine, "ANSWER_WITHIN", 3)

    async def scenario(stage: Stage) -> None:
        stage.meet("slow")
        stage.disk.seconds = 5
        answer = await stage.send()
        assert [as_saved(answer)] == stage.disk.deliveries
        assert stage.now(answer).dlr_id is not None
        assert answer.dlr_id is None

    play(scenario)


def test_an_answer_that_takes_six_seconds_is_waited_for() -> None:
    """The provider may be slow."""

    async def scenario(stage: Stage) -> None:
        stage.meet("slow")
        answer = await stage.send()
        assert answer.state is State.WAITING

    play(scenario)


def test_a_first_failure_answers_the_caller_at_once() -> None:
    """Why wait: it is queued, and on disk."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", 0, 12)
        answer = await stage.send()
        assert stage.loop.time() == 1.125
        assert (answer.state, answer.reason) == (State.QUEUED, "cannot_connect")
        assert stage.disk.deliveries == [as_saved(answer)]

    play(scenario)


def test_pieces_of_a_text_enter_together_and_each_is_a_request() -> None:
    """The answers come in their order, and when the last one is there."""

    async def scenario(stage: Stage) -> None:
        stage.meet("slow", what=lambda request: request.says("Part 3"))
        pieces = [message(P1, text=f"Part {number}") for number in range(6)]
        answers = await stage.outbox.send(*pieces, lifetime=HOUR)
        assert [each.message for each in answers] == pieces
        assert all(answer.state is State.WAITING for answer in answers)
        assert len(stage.attempts) == 6

    play(scenario)


def test_at_most_four_requests_are_on_the_wire_at_a_time() -> None:
    """However many messages there are; and four are, when there are."""

    async def scenario(stage: Stage) -> None:
        counts = under_way(stage)
        many = [message(P1, text=f"Nr {number}") for number in range(50)]
        await stage.outbox.send(*many, lifetime=HOUR)
        assert len(stage.inbox) == 50
        assert max(counts) == MAX_REQUESTS == 4

    play(scenario)


def test_a_message_never_waits_for_questions() -> None:
    """They leave one request free for it, even while none of them is answered."""

    async def scenario(stage: Stage) -> None:
        await stage.outbox.send(
            *(message(P2, text=f"Nr {number}") for number in range(9)), lifetime=HOUR
        )
        stage.meet("hung", 80, 300, questions)
        counts = under_way(stage)
        await stage.until(130)
        assert max(counts) == MAX_QUESTIONS == 3
        await stage.send()
        assert stage.departures() == [130]
        assert counts[-1] == 4
        await stage.until(2000)
        assert all(each.dlr_id for each in stage.outbox.deliveries)
        asked = {each.query["id"] for each in stage.requests if each.asks_for_report}
        assert len(asked) == 10

    play(scenario)


def test_messages_leave_in_the_order_in_which_they_came() -> None:
    """An alert before a status report that came later."""

    async def scenario(stage: Stage) -> None:
        texts = [f"Nr {number}" for number in range(40)]
        await stage.outbox.send(*(message(P1, text=t) for t in texts), lifetime=HOUR)
        assert [each.query["message"] for each in stage.attempts] == texts

    play(scenario)


def test_callers_share_the_writes_to_disk() -> None:
    """500 calls at once don't write 500 times what they all change."""

    async def scenario(stage: Stage) -> None:
        stage.disk.seconds = 0.01
        await asyncio.gather(*(stage.send(text=f"Nr {n}") for n in range(500)))
        assert len(stage.inbox) == 4 * 40
        # A write or two for each four that are sent; and one for all others, told at once.
        assert len(stage.disk.writes) < 2 + 4 * 40 + 10

    play(scenario)


@pytest.mark.parametrize("faults", [("dropped",), ("reset",), ("refused",), ()])
def test_what_happens_is_told_once_and_in_order(faults: tuple[str, ...]) -> None:
    """From the first words to the last, whatever is in between."""

    async def scenario(stage: Stage) -> None:
        for fault in faults:
            stage.meet(fault, 0, 2)
        await stage.send()
        await stage.until(300)

    stage = play(scenario)
    told = [word for change in stage.news for word in happened(*change)]
    assert told == [*(["queued"] if faults else []), "sent", "delivered"]


def test_a_listener_that_went_is_told_nothing_more() -> None:
    """As an entity that was removed."""

    async def scenario(stage: Stage) -> None:
        told: list[State] = []
        stop = stage.outbox.subscribe(lambda before, after: told.append(after.state))
        await stage.send()
        stop()
        await stage.until(100)
        assert told == [State.QUEUED, State.WAITING]

    play(scenario)


def test_the_same_message_twice_is_refused_the_second_time() -> None:
    """77 is the provider's answer to a repeat, even where the first answer was lost."""

    async def scenario(stage: Stage) -> None:
        stage.meet("dropped", 5, 6)
        for at, ids in ((2, 1), (5, 2), (200, 3)):
            await stage.until(at)
            first = await stage.send(text=f"At {at}")
            await asyncio.sleep(10)
            second = await stage.send(text=f"At {at}")
            assert stage.now(first).state is State.WAITING
            assert second.state is State.FAILED
            assert second.reason == "duplicate_message"
            assert len(stage.inbox) == ids

    play(scenario)


def test_the_newest_id_is_learned_once_when_an_id_is_lost() -> None:
    """What is sent from then on is compared with it; the lost one is looked for later."""

    async def scenario(stage: Stage) -> None:
        stage.meet("dropped", 0, 2)
        lost = await stage.send()
        stage.requests.clear()
        await stage.until(85)
        assert stage.now(lost).id_is_lost
        assert [each.path for each in stage.requests] == [
            "/api/smsget/v1",
            "/api/campaignidlist/v1",
        ]
        later = await stage.send(text="Later")
        assert later.baseline is not None
        assert later.baseline.newest_id == str(FIRST_ID)
        await stage.until(100)
        assert stage.now(lost).dlr_id == str(FIRST_ID)
        await stage.until(300)
        assert stage.now(lost).state is State.DELIVERED

    play(scenario)


def test_the_newest_id_is_not_asked_for_while_it_is_known() -> None:
    """An hourly look costs a question a hour, a burst of looks no more."""

    async def scenario(stage: Stage) -> None:
        lists = [each for each in stage.requests if each.asks_for_list]
        assert [each.at for each in lists] == [0]
        for _ in range(5):
            await stage.outbox.learn_newest_id()
        await stage.until(60)
        await stage.outbox.learn_newest_id()
        await stage.until(61)
        await stage.outbox.learn_newest_id()
        lists = [each for each in stage.requests if each.asks_for_list]
        assert [each.at for each in lists] == [0, 61]

    play(scenario)


def test_a_message_that_expires_while_the_newest_id_is_asked_for_is_not_sent() -> None:
    """It would come too late."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused", 0, 102)
        stage.meet("hung", 102, 200, questions)
        await stage.until(100)
        late = await stage.send(lifetime=10)
        await stage.until(160)
        assert stage.now(late).state is State.EXPIRED
        assert stage.departures() == [100]

    play(scenario)


def test_a_repeat_inside_the_window_is_not_delayed_by_a_question() -> None:
    """The newest id is of no use to it: the message may be the newest itself."""

    async def scenario(stage: Stage) -> None:
        stage.meet("reset", 0, 195)
        await stage.until(100)
        stage.requests.clear()
        await stage.send()
        await stage.until(190)
        assert len(stage.requests) > 4
        assert all(each.sends for each in stage.requests)

    play(scenario)


def test_a_message_for_many_leaves_in_one_request() -> None:
    """Never one for each number."""

    async def scenario(stage: Stage) -> None:
        answer = await stage.send(P1, P2, P3)
        assert len(stage.attempts) == 1
        await stage.until(200)
        assert stage.now(answer).state is State.PENDING
        await stage.until(49 * HOUR)
        assert stage.now(answer).state is State.PARTIALLY_DELIVERED

    play(scenario)


def test_the_clock_of_the_machine_is_what_users_see() -> None:
    """Also where it was set since."""

    async def scenario(stage: Stage) -> None:
        stage.meet("refused")
        waiting = await stage.send()
        assert stage.outbox.utc(waiting.expires_at) == LoopClock.START + 1 + HOUR
        stage.clock_is_ahead = -5000
        assert stage.outbox.utc(waiting.expires_at) == LoopClock.START + HOUR - 4999

    play(scenario)
