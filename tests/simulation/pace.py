"""Whether everything went at the right pace: callers answered, tries not too many or too late."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from custom_components.bisms.outbox import UNKNOWN, Delivery

from . import knobs
from .acts import HOUR, Calls, Outage
from .evidence import Evidence
from .outcome import Answer, Call, Kind, Wrong, label

MINUTE = 60.0

MOST_TRIES = 60
MOST_QUESTIONS = 300
"""What there may be for a message in two hours in which only the sending call fails."""

TOLD_WITHIN = 2.0
"""Seconds by which an answer may be late, for what else happens at that moment."""

BACK_WITHIN = 10.0
"""Seconds after the first answer within which what waits must go, and one for each message."""


def wrongs(evidence: Evidence) -> Iterator[Wrong]:
    """Yield all that is wrong."""
    for call in evidence.home.calls:
        yield from _wrong_with_time_to_answer(evidence, call)
        yield from _wrong_with_limit(evidence, call)
    for outage in evidence.world.plan.outages:
        if outage.calls is Calls.SENDS:
            yield from _wrong_with_tries(evidence, outage)
        if outage.calls is Calls.ALL:
            yield from _wrong_with_return(evidence, outage)


def _wrong_with_time_to_answer(evidence: Evidence, call: Call) -> Iterator[Wrong]:
    """Yield where a caller had to wait too long."""
    allowed = TOLD_WITHIN + evidence.saved_within
    if not call.after_stop:
        allowed += knobs.figure("ANSWER_WITHIN")
    if call.how is Answer.GIVEN and call.ended - call.begun > allowed:
        seconds = call.ended - call.begun
        yield Wrong(Kind.LATE, f"{call.send} was answered after {seconds:.0f} s")


def _wrong_with_limit(evidence: Evidence, call: Call) -> Iterator[Wrong]:
    """Yield where the hourly limit stopped too little, or too much."""
    circumstances, restarts = evidence.world.plan.circumstances, evidence.downtimes[1:]
    is_odd = evidence.world.clock_set or circumstances.clock_rate != 1
    if circumstances.hourly_limit == 0 or (is_odd and restarts):
        return
    room = circumstances.hourly_limit - sum(each.credits for each in call.messages)
    if call.how is Answer.OVER_LIMIT:
        parts = _spent(evidence, call, HOUR + MINUTE)
        if parts <= room:
            words = f"{call.send} was over the limit after {parts} parts"
            yield Wrong(Kind.UNTRUE, words)
    elif call.ids and not evidence.home.losses and not evidence.ghosts:
        parts = _spent(evidence, call, HOUR - 2 * MINUTE)
        if parts > room:
            words = f"{call.send} was let through after {parts} parts"
            yield Wrong(Kind.UNTRUE, words)


def _spent(evidence: Evidence, call: Call, seconds: float) -> int:
    """Return the parts that entered in some time before a call, but for those given back."""
    parts = 0
    for delivery_id, life in evidence.home.lives.items():
        is_before = call.begun - seconds < life.created <= call.begun
        if not is_before or delivery_id in call.ids:
            continue
        end = life.latest
        has_ended = life.ended is not None and life.ended <= call.begun
        if not has_ended or end.accepted or end.reason == UNKNOWN:
            parts += end.message.credits
    return parts


def _wrong_with_tries(evidence: Evidence, outage: Outage) -> Iterator[Wrong]:
    """Yield where too much was tried or asked while only the sending call failed."""
    begin, end = outage.begins, min(outage.ends, outage.begins + 2 * HOUR)
    starts = 1 + sum(begin <= each.until <= end for each in evidence.downtimes)
    usual = 300.0 * 1.2 / knobs.longest_pause()
    several = starts * max(1.0, usual)
    for delivery in evidence.known.values():
        times = [each.departed for each in evidence.attempts_of(delivery)]
        tries = _count(sorted(times), begin, end)
        if tries > several * MOST_TRIES * _same(evidence, delivery):
            words = f"{label(delivery)} was tried {tries} times in two hours"
            yield Wrong(Kind.NEEDLESS, words)
    asked = [each.departed for each in evidence.requests if not each.is_send]
    questions = _count(sorted(asked), begin, end)
    messages = sum(
        life.entered <= end and (life.ended is None or life.ended >= begin)
        for life in evidence.home.lives.values()
    )
    if questions > several * MOST_QUESTIONS * max(1, messages):
        words = f"{questions} questions for {messages} messages in two hours"
        yield Wrong(Kind.NEEDLESS, words)


def _same(evidence: Evidence, delivery: Delivery) -> int:
    """Return how many messages have the same text."""
    text = delivery.message.sms[0].text
    return sum(
        each.message.sms[0].text == text
        for each in (*evidence.known.values(), *evidence.ghosts.values())
    )


def _count(times: Sequence[float], begin: float, end: float) -> int:
    return bisect_right(times, end) - bisect_left(times, begin)


def _wrong_with_return(evidence: Evidence, outage: Outage) -> Iterator[Wrong]:
    """Yield where what waited was not sent as soon as the provider answered again."""
    if outage.ends - outage.begins < 4 * knobs.figure("SILENCE") + 60:
        return
    answered = (each.ended_at for each in evidence.requests if each.answer)
    after = [ended for ended in answered if ended is not None and ended >= outage.ends]
    if not after:
        return
    back = min(after)
    soon = back + BACK_WITHIN + len(evidence.home.lives)
    spans = evidence.clear_spans
    if not any(begin + 20 < back and soon < end for begin, end in spans):
        return
    if any(each.meets(back, sending=True) for each in evidence.world.plan.outages):
        return  # only questions are answered again
    for delivery in evidence.known.values():
        life = evidence.life(delivery)
        requests = evidence.attempts_of(delivery)
        earlier = [each for each in requests if each.departed < back]
        if evidence.was_in_doubt(delivery) or any(each.answer for each in earlier):
            continue
        waited = life.entered < outage.ends and (
            life.ended is None or soon < life.ended
        )
        if waited and not any(outage.ends <= r.departed <= soon for r in requests):
            words = f"{label(delivery)} was not sent when the provider was back"
            yield Wrong(Kind.LATE, words)
