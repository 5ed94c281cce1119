"""One message's life as a pure state machine: no I/O, no clock, no randomness of its own.

`advance(delivery, event, now, jitter)` returns the delivery as it is after the event; its
`next` says what is to be done then, and when. Times are UTC seconds.

| while | event | then | next |
| --- | --- | --- | --- |
| queued | `Began` in time | an attempt is under way, its baseline remembered | nothing |
| queued | `Accepted` | waiting, or scheduled | REPORT after 90 s; WAIT until `send_at` |
| queued | `Refused` | failed, with the code's reason | nothing |
| queued, once silent | `Refused` 77 | waiting: an earlier attempt got through | FIND after 90 s |
| queued, once silent | `Refused` 77, a twin under way or in doubt | queued: either may be meant | SEND or FIND |
| queued, in doubt | `Refused` otherwise | queued: only the doubt is left to settle | FIND |
| queued, announced | `Refused` 87 | queued until a restart brings the new secret | nothing |
| queued | `NotSent` | queued | SEND after a pause |
| queued | `Silent` | queued, in doubt | SEND inside the window, else FIND |
| queued | `Found` | waiting, then as the report says | REPORT |
| queued | `NOTHING_FOUND` | as before the doubt: queued, or the end that had to wait | SEND at once |
| queued | `NO_REFERENCE` | queued; what was in doubt stays unknown for good | SEND at once |
| queued | `UNDECIDED`, `ASK_FAILED` | queued; failed: unknown, once past `doubt_until` | FIND after a pause |
| queued | `TOLD` | queued, announced: the caller no longer waits | as before |
| queued | `REACHABLE` | queued | what was pausing, at once |
| queued | any of these past `expires_at` | expired; in doubt: queued | nothing; FIND |
| scheduled | `TICKED` past `send_at` | waiting | REPORT 90 s later |
| waiting, pending | `Reported` | forward only: pending, or an end | REPORT, ever more rarely |
| waiting, pending | `Found` | as `Reported`, the dlrId now known | REPORT |
| waiting, pending | `NO_REPORT`, `NOTHING_FOUND`, `UNDECIDED`, `ASK_FAILED` | the same | REPORT or FIND |
| waiting, pending | any of these past 48 h + 10 min | an end; what is open counts as failed | nothing |
| not final | `RESTARTED` | an attempt under way becomes doubt | FIND, SEND or as before |

The duplicate window: within 2 minutes of an attempt whose fate is unknown the provider answers
77 to a repeat if that attempt got through, so a repeat is safe as long as it certainly arrives
inside the window of the *earliest* such attempt. Later, and after a restart (whose clock may
have jumped), the provider's list of sendings is asked first.
"""

from dataclasses import replace

from .provider.client import send_timeout
from .provider.models import DeliveryReport, ReportPhase
from .record import (
    FINAL,
    UNKNOWN,
    Accepted,
    Began,
    Delivery,
    Event,
    Found,
    NotSent,
    Refused,
    Reported,
    Signal,
    Silent,
    State,
    Step,
    Task,
    number_states,
    overall,
)

PAUSES = (2, 5, 10, 20, 40, 80, 160, 300)
"""Seconds between attempts, before jitter; the last one repeats."""

DUPLICATE_WINDOW = 120
"""Seconds in which the provider answers 77 to a repeat (section 9)."""

MARGIN = 5
"""Seconds by which a repeat must arrive before the window closes."""

SETTLE = 20
"""Seconds after which an attempt whose connection was lost no longer takes effect."""

DOUBT_LIMIT = 600
"""Seconds after the first attempt for which doubt is worked on even past `expires_at`."""

FIRST_REPORT = 90
"""Seconds from sending to the first question for a report (section 7)."""

REPORT_INTERVAL = 3600
"""The longest pause between two questions for a report, in seconds."""

REPORT_END = 48 * 3600 + 600
"""Seconds after sending at which a report is closed (section 7)."""

DUPLICATE = "duplicate_message"
INVALID_AUTH = "invalid_auth"
NO_ANSWER = "no_answer"
NO_REPORT = "no_report"
NOT_DELIVERED = "not_delivered"
SEND_ERROR = "send_error"


def advance(
    delivery: Delivery, event: Event, now: float, jitter: float = 1.0
) -> Delivery:
    """Return the delivery as it is after an event.

    Parameters
    ----------
    delivery
        The delivery before the event.
    event
        What happened.
    now
        The time at which it happened, in UTC seconds.
    jitter
        Factor for the next pause, 0.8-1.2.
    """
    if delivery.final:
        return delivery
    if delivery.state is State.QUEUED:
        after = _while_queued(delivery, event, now, jitter)
        return _limited(after, now) if after.state is State.QUEUED else after
    return _while_accepted(delivery, event, now)


def _while_queued(d: Delivery, event: Event, now: float, jitter: float) -> Delivery:
    match event:
        case Began() if now < d.expires_at and _may_repeat(d, now):
            return _begun(d, event, now)
        case Accepted(dlr_id):
            return _accepted(d, now, dlr_id=dlr_id)
        case Refused(reason, repeats_other):
            return _refused(d, reason, repeats_other, now, jitter)
        case NotSent(reason):
            return _again(replace(d, attempt_at=None, reason=reason), now, jitter)
        case Silent(reason):
            return _again(_doubted(d, reason), now, jitter)
        case Found(dlr_id, report):
            return _reported(_accepted(d, now, dlr_id=dlr_id), report, now)
        case Signal.NOTHING_FOUND:
            return _undoubted(d, now)
        case Signal.NO_REFERENCE:
            return _undoubted(replace(d, unknowable=True), now)
        case Signal.UNDECIDED | Signal.ASK_FAILED:
            return _still_in_doubt(d, now, jitter)
        case Signal.TOLD:
            return replace(d, announced=True)
        case Signal.REACHABLE if d.next is not None and d.reason != INVALID_AUTH:
            return replace(d, next=_next_request(d, now, now))
        case Signal.RESTARTED:
            return _resumed(d, now)
    return d


def _while_accepted(d: Delivery, event: Event, now: float) -> Delivery:
    match event:
        case Reported(report):
            return _reported(d, report, now)
        case Found(dlr_id, report):
            return _reported(replace(d, dlr_id=dlr_id), report, now)
        case (
            Signal.NO_REPORT
            | Signal.NOTHING_FOUND
            | Signal.NO_REFERENCE
            | Signal.UNDECIDED
            | Signal.ASK_FAILED
        ):
            return _asked(d, now)
        case Signal.TICKED if d.next is not None and d.next.task is Task.WAIT:
            return _asked(d, now) if now >= d.next.at else d
    return d


def _begun(d: Delivery, began: Began, now: float) -> Delivery:
    if d.doubt_since is None:
        d = replace(d, baseline=began.baseline, baseline_at=began.baseline_at)
    return replace(
        d,
        next=None,
        attempt_at=now,
        last_attempt_at=now,
        first_attempt_at=now if d.first_attempt_at is None else d.first_attempt_at,
    )


def _accepted(d: Delivery, now: float, *, dlr_id: str | None) -> Delivery:
    accepted = replace(
        d,
        state=State.WAITING,
        dlr_id=dlr_id,
        accepted_at=now,
        reason=None,
        tries=0,
        attempt_at=None,
        doubt_since=None,
        refusal=None,
    )
    if d.message.send_at is None or d.message.send_at.timestamp() <= now:
        return _asked(accepted, now)
    wake_up = Step(Task.WAIT, d.message.send_at.timestamp())
    return replace(accepted, state=State.SCHEDULED, next=wake_up)


def _refused(
    d: Delivery, reason: str, repeats_other: bool | None, now: float, jitter: float
) -> Delivery:
    answered = replace(d, attempt_at=None)
    if reason == DUPLICATE and repeats_other:
        return _ended(answered, State.FAILED, reason)
    if reason == DUPLICATE and d.silent:
        if repeats_other is None:
            return _again(answered, now, jitter)
        return _accepted(d, now, dlr_id=None)
    if reason == INVALID_AUTH and d.announced:
        return replace(answered, reason=reason, next=None)
    if d.doubt_since is not None:
        return _again(replace(answered, refusal=reason), now, jitter)
    return _ended(answered, State.FAILED, reason)


def _doubted(d: Delivery, reason: str) -> Delivery:
    begun = d.attempt_at if d.doubt_since is None else d.doubt_since
    first = begun if d.first_attempt_at is None else d.first_attempt_at
    return replace(
        d,
        attempt_at=None,
        reason=reason,
        silent=True,
        doubt_since=begun,
        doubt_until=max(d.doubt_until, d.expires_at, (first or 0) + DOUBT_LIMIT),
    )


def _undoubted(d: Delivery, now: float) -> Delivery:
    if d.refusal is not None:
        return _ended(d, State.FAILED, d.refusal)
    return replace(d, doubt_since=None, tries=0, next=Step(Task.SEND, now))


def _still_in_doubt(d: Delivery, now: float, jitter: float) -> Delivery:
    if now >= d.doubt_until:
        return _ended(d, State.FAILED, UNKNOWN)
    return _again(d, now, jitter)


def _again(d: Delivery, now: float, jitter: float) -> Delivery:
    """Plan the next request of a message that is not settled yet."""
    pause = PAUSES[min(d.tries, len(PAUSES) - 1)] * jitter
    step = _next_request(d, now + pause, now)
    return replace(d, announced=True, tries=d.tries + 1, next=step)


def _next_request(d: Delivery, at: float, now: float) -> Step:
    """Send again where that can't double the message; else look for it first."""
    if _may_repeat(d, at):
        return Step(Task.SEND, at)
    return Step(Task.FIND, max(at, _settled(d, now)))


def _may_repeat(d: Delivery, at: float) -> bool:
    """Whether a request begun then cannot double the message."""
    if d.doubt_since is None:
        return True
    arrives_by = at + send_timeout(d.message) + MARGIN
    in_window = d.doubt_since <= at and arrives_by < d.doubt_since + DUPLICATE_WINDOW
    return in_window and at < d.expires_at and d.refusal is None


def _settled(d: Delivery, now: float) -> float:
    """Return when the latest attempt has settled: soon, whatever the clock did."""
    last = now if d.last_attempt_at is None else d.last_attempt_at
    return min(max(now, last + SETTLE), now + SETTLE)


def _limited(d: Delivery, now: float) -> Delivery:
    """Hold a queued message to the time it has."""
    if d.attempt_at is not None:
        return d
    if d.doubt_since is None:
        return _limited_by_expiry(d, now)
    if d.next is None:
        return replace(d, next=Step(Task.WAIT, d.doubt_until))
    if d.next.task is Task.WAIT and now >= d.doubt_until:
        return _ended(d, State.FAILED, UNKNOWN)
    if d.next.task is Task.SEND and not _may_repeat(d, max(now, d.next.at)):
        return replace(d, next=Step(Task.FIND, _settled(d, now)))
    return d


def _limited_by_expiry(d: Delivery, now: float) -> Delivery:
    if now >= d.expires_at:
        return _ended(d, State.EXPIRED, d.reason)
    if d.next is None or d.next.at >= d.expires_at:
        return replace(d, next=Step(Task.WAIT, d.expires_at))
    return d


def _resumed(d: Delivery, now: float) -> Delivery:
    """Take up a message after a restart, when nobody waits for its answer any more."""
    d = replace(d, announced=True, tries=0)
    if d.attempt_at is not None:
        d = _doubted(d, NO_ANSWER)
    if d.doubt_since is None:
        return replace(d, next=Step(Task.SEND, now))
    # Nor can it be told how long ago the latest attempt was.
    d = replace(d, doubt_since=0, last_attempt_at=now)
    until = max(d.doubt_until, now + DOUBT_LIMIT)
    return replace(d, doubt_until=until, next=Step(Task.FIND, _settled(d, now)))


def _ended(d: Delivery, state: State, reason: str | None) -> Delivery:
    """End a message that was not sent, unless that can't be said for certain."""
    if d.unknowable:
        state, reason = State.FAILED, UNKNOWN
    return replace(
        d, state=state, reason=reason, next=None, doubt_since=None, refusal=None
    )


def _asked(d: Delivery, now: float) -> Delivery:
    """Plan the next question for the report, or end what was open for too long."""
    begun = d.sent_at if d.sent_at is not None else now
    if now >= begun + REPORT_END:
        return _closed(d, NO_REPORT)
    elapsed = max(0.0, now - begun)
    pause = min(max(elapsed, FIRST_REPORT), REPORT_INTERVAL)
    at = begun + FIRST_REPORT if elapsed < FIRST_REPORT else now + pause
    task = Task.FIND if d.dlr_id is None else Task.REPORT
    state = State.WAITING if d.state is State.SCHEDULED else d.state
    return replace(d, state=state, next=Step(task, min(at, begun + REPORT_END)))


def _reported(d: Delivery, report: DeliveryReport, now: float) -> Delivery:
    if report.phase is ReportPhase.SEND_ERROR:
        return _finished(d, State.FAILED, SEND_ERROR)
    states = {
        number: max(state, report.numbers.get(number, state))
        for number, state in number_states(d).items()
    }
    d = replace(d, numbers=states)
    now_is = overall(states.values(), closed=report.phase is ReportPhase.FINAL)
    if now_is in FINAL:
        return _closed(d, NOT_DELIVERED)
    if now_is is State.PENDING:
        d = replace(d, state=now_is)
    return _asked(d, now)


def _closed(d: Delivery, reason: str) -> Delivery:
    """End an accepted message: what is not delivered by now counts as failed."""
    state = overall(number_states(d).values(), closed=True)
    return _finished(d, state, None if state is State.DELIVERED else reason)


def _finished(d: Delivery, state: State, reason: str | None) -> Delivery:
    return replace(d, state=state, reason=reason, next=None)
