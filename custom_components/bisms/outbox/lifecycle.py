"""One message's life as a pure state machine: no I/O, no clock, no randomness of its own.

`advance(delivery, event, now, jitter)` returns the delivery as it is after the event; what it
is `doing` then says what is due, and when.

| while | event | then | next |
| --- | --- | --- | --- |
| held | `TICKED` | queued once its time has come, else the same | SEND at once; HOLD |
| held | `HURRIED` | queued | SEND at once |
| held | `RESTARTED`, `Restored` | as time goes by; restored: in doubt | SEND at once; HOLD |
| held, queued | `CANCELLED` while certainly not sent | cancelled | nothing |
| queued | `HURRIED` | queued | SEND at once; in doubt: FIND |
| queued | `Began` in time | an attempt is under way, its baseline remembered | its answer |
| queued | `Accepted` | waiting, or scheduled | REPORT after 90 s; WAIT until `send_at` |
| queued | `Refused` | failed, with the code's reason | nothing |
| queued, once silent | `Refused` 77 | waiting: an earlier attempt got through | FIND after 90 s |
| queued, once silent | `Refused` 77, a twin under way or in doubt | queued: either may be meant | SEND or FIND |
| queued, in doubt | `Refused` otherwise | queued: only the doubt is left to settle | FIND |
| queued, told | `Refused` 87 | queued until the secret works again | WAIT |
| queued | `NotSent` | queued | SEND after a pause |
| queued | `Silent` | queued, in doubt | SEND inside the window, else FIND |
| queued | `Found` | waiting, then as the report says | REPORT |
| queued | `NOTHING_FOUND` | as before the doubt: queued, or the end that had to wait | SEND at once |
| queued | `NO_REFERENCE`, the first time | queued; what was in doubt stays unknown for good | SEND at once |
| queued | `UNDECIDED`, `ASK_FAILED`, `NO_REFERENCE` again | queued, in doubt | FIND after a pause |
| queued | any of these past the doubt's end | failed: unknown; or sent once more, if wanted | nothing; SEND |
| queued | `TOLD` | queued, its caller told | as before |
| queued | `CONNECTED` | queued | what could not be connected, at once |
| queued | `BACK` | queued | what could not be connected or had no answer, at once |
| queued | `SECRET_WORKS` | queued | what 87 kept waiting, once its pause is over |
| queued | any of these past `expires_at` | expired; in doubt: queued | nothing; FIND |
| scheduled | `TICKED` | waiting past `send_at`, else the same | REPORT 90 s later; WAIT |
| waiting, pending | `Reported` | forward only: pending, or an end | REPORT, ever more rarely |
| waiting, pending | `Found` | as `Reported`, the dlrId now known | REPORT |
| waiting, pending | `NO_REPORT`, `NOTHING_FOUND`, `UNDECIDED`, `ASK_FAILED` | the same | REPORT or FIND |
| waiting, pending | any of these past 48 h + 10 min | an end; what is open counts as failed | nothing |
| queued | `RESTARTED` | told; an attempt under way becomes doubt | SEND; in doubt: FIND |
| queued | `Restored` | told, in doubt, whatever was known | FIND |
"""

from copy import replace

from ..provider.codes import DuplicateMessageError, InvalidAuthError, NoAnswerError
from .clock import Now
from .events import (
    Accepted,
    Began,
    Event,
    Found,
    NotSent,
    Refused,
    Reported,
    Restored,
    Signal,
    Silent,
)
from .record import (
    UNKNOWN,
    Acceptance,
    Attempt,
    Attempts,
    Certainty,
    Delivery,
    Doubt,
    End,
    State,
    Step,
    Task,
)
from .reports import asked, reported, scheduled
from .window import listed_at, may_repeat

PAUSES = (2, 5, 10, 20, 40, 80, 160, 300)
"""Seconds between attempts, before jitter; the last one repeats."""

LOOK_AT_CLOCK = 600
"""Seconds after which a held message looks at the machine's clock again."""

DOUBT_LIMIT = 600
"""Seconds after the first attempt for which doubt is worked on even past `expires_at`."""


def advance(
    delivery: Delivery, event: Event, now: Now, jitter: float = 1.0
) -> Delivery:
    """Return the delivery as it is after an event.

    Parameters
    ----------
    delivery
        The delivery before the event.
    event
        What happened.
    now
        The time at which it happened.
    jitter
        Factor for the next pause, 0.8-1.2.
    """
    if delivery.final:
        return delivery
    if delivery.acceptance is not None:
        return _while_accepted(delivery, event, now)
    return _limited(_while_queued(delivery, event, now, jitter), now)


def _while_queued(d: Delivery, event: Event, now: Now, jitter: float) -> Delivery:
    match event:
        case Began(newest) if now.at < d.expires_at and may_repeat(d, now, now.at):
            baseline = newest if d.doubt is None else d.baseline
            return replace(d, doing=Attempt(now.at), baseline=baseline)
        case Accepted(dlr_id):
            return _accepted(_tried(d), now, dlr_id)
        case Refused(reason, repeats_other):
            return _refused(_tried(d), reason, repeats_other, now, jitter)
        case NotSent(reason):
            d = replace(_tried(d), waits_because=reason)
            return _again(d, now, jitter, Signal.CONNECTED)
        case Silent(reason):
            d = replace(_doubted(d, now), waits_because=reason)
            return _again(d, now, jitter, Signal.BACK)
        case Found(dlr_id, report):
            return _while_accepted(_accepted(d, now, dlr_id), Reported(report), now)
        case Signal.NOTHING_FOUND:
            return _undoubted(d, now)
        case Signal.NO_REFERENCE if d.certainty is not Certainty.UNKNOWABLE:
            d = replace(_tried(d, Certainty.UNKNOWABLE), resend_in_doubt=False)
            return _undoubted(d, now)
        case Signal.UNDECIDED | Signal.NO_REFERENCE:
            return _still_in_doubt(d, now, jitter, None)
        case Signal.ASK_FAILED:
            return _still_in_doubt(d, now, jitter, Signal.CONNECTED)
        case Signal.TOLD:
            return replace(d, told=True)
        case Signal.TICKED if d.state is State.HELD:
            return _held(d, now, missed=False)
        case Signal.HURRIED if d.hold is not None and d.state is State.HELD:
            return _released(d, now, d.hold.lifetime)
        case Signal.HURRIED if d.has_not_left:
            return replace(d, doing=_next_request(d, now.at, now))
        case Signal.CANCELLED if d.can_be_cancelled:
            return _ended(d, State.CANCELLED, None)
        case Signal.CONNECTED | Signal.BACK | Signal.SECRET_WORKS:
            return _sooner(d, event, now)
        case Signal.RESTARTED:
            return _resumed(d, now)
        case Restored(newest):
            in_doubt = d.doubt is not None or isinstance(d.doing, Attempt)
            baseline = d.baseline if in_doubt else newest
            return _resumed(_doubted(replace(d, baseline=baseline), now), now)
    return d


def _while_accepted(d: Delivery, event: Event, now: Now) -> Delivery:
    match event:
        case Reported(report):
            return reported(d, report, now)
        case Found(dlr_id, report):
            return reported(d, report, now, dlr_id)
        case (
            Signal.NO_REPORT
            | Signal.NOTHING_FOUND
            | Signal.NO_REFERENCE
            | Signal.UNDECIDED
            | Signal.ASK_FAILED
        ):
            return asked(d, now)
        case Signal.TICKED if d.state is State.SCHEDULED:
            return scheduled(d, now)
    return d


def _tried(
    d: Delivery,
    certainty: Certainty = Certainty.ANSWERED,
    last_at: float | None = None,
) -> Delivery:
    """Count the attempt under way among those that are over, with what is certain of it."""
    first_at = d.first_attempt_at
    if last_at is None or isinstance(d.doing, Attempt):
        last_at = d.last_attempt_at
    attempts = Attempts(
        d.created_at if first_at is None else first_at,
        d.created_at if last_at is None else last_at,
        max(d.certainty, certainty),
    )
    return replace(d, attempts=attempts)


def _accepted(d: Delivery, now: Now, dlr_id: str | None) -> Delivery:
    send_at = d.message.send_at
    sent_utc = now.utc if send_at is None else max(now.utc, send_at.timestamp())
    acceptance = Acceptance(now.at, now.at, sent_utc, dlr_id)
    d = replace(
        d, told=True, waits_because=None, tries=0, doubt=None, acceptance=acceptance
    )
    return scheduled(d, now)


def _refused(
    d: Delivery, reason: str, repeats_other: bool | None, now: Now, jitter: float
) -> Delivery:
    if reason == DuplicateMessageError.reason:
        if repeats_other or d.certainty is Certainty.ANSWERED:
            return _ended(d, State.FAILED, reason)
        if repeats_other is None:
            return _again(d, now, jitter, None)
        return _accepted(d, now, None)
    if reason == InvalidAuthError.reason and d.told:
        parked = Step(Task.WAIT, _last_moment(d), Signal.SECRET_WORKS)
        return replace(d, doing=parked, waits_because=reason, tries=d.tries + 1)
    if d.doubt is not None:
        d = replace(d, doubt=replace(d.doubt, refusal=reason))
        return _again(d, now, jitter, None)
    return _ended(d, State.FAILED, reason)


def _doubted(d: Delivery, now: Now) -> Delivery:
    """Doubt what became of the attempt under way, or else of whatever is not known of it."""
    since = d.doing.began_at if isinstance(d.doing, Attempt) else d.created_at
    d = _tried(d, Certainty.SILENT, now.at)
    doubt = d.doubt or Doubt(since, d.expires_at)
    until = max(doubt.until, doubt.since + DOUBT_LIMIT)
    return replace(d, doubt=replace(doubt, until=until))


def _undoubted(d: Delivery, now: Now) -> Delivery:
    """Go on as if the attempts in doubt had never been: none of them got through."""
    if d.doubt is not None and d.doubt.refusal is not None:
        return _ended(d, State.FAILED, d.doubt.refusal)
    return replace(d, doubt=None, doing=Step(Task.SEND, now.at))


def _still_in_doubt(
    d: Delivery, now: Now, jitter: float, sooner_on: Signal | None
) -> Delivery:
    if d.doubt is not None and now.at >= d.doubt.until:
        return _given_up(d, now)
    return _again(d, now, jitter, sooner_on)


def _given_up(d: Delivery, now: Now) -> Delivery:
    """Do what is wanted of a message whose fate cannot be learned."""
    if not d.resend_in_doubt:
        return _ended(d, State.FAILED, UNKNOWN)
    return replace(
        _tried(d, Certainty.UNKNOWABLE),
        resend_in_doubt=False,
        expires_at=max(d.expires_at, now.at + DOUBT_LIMIT),
        tries=0,
        doubt=None,
        doing=Step(Task.SEND, now.at),
    )


def _again(d: Delivery, now: Now, jitter: float, sooner_on: Signal | None) -> Delivery:
    """Plan the next request of a message that is not settled yet."""
    at = now.at + _pause(d) * jitter
    step = _next_request(d, at, now, sooner_on)
    return replace(d, told=True, tries=d.tries + 1, doing=step)


def _pause(d: Delivery) -> float:
    return PAUSES[min(d.tries, len(PAUSES) - 1)]


def _next_request(
    d: Delivery, at: float, now: Now, sooner_on: Signal | None = None
) -> Step:
    """Send again where that can't double the message; else look for it first."""
    if may_repeat(d, now, at):
        return Step(Task.SEND, at, sooner_on)
    return Step(Task.FIND, max(at, listed_at(d, now)), sooner_on)


def _sooner(d: Delivery, signal: Signal, now: Now) -> Delivery:
    """Bring forward what was only waiting for this."""
    if not isinstance(d.doing, Step) or d.doing.sooner_on is None:
        return d
    if signal is Signal.SECRET_WORKS and d.doing.sooner_on is signal:
        at = max(now.at, (d.last_attempt_at or now.at) + _pause(d))
        return replace(d, doing=_next_request(d, at, now))
    if d.doing.sooner_on in _BRINGS_FORWARD.get(signal, ()):
        return replace(d, doing=_next_request(d, now.at, now))
    return d


_BRINGS_FORWARD = {
    Signal.CONNECTED: (Signal.CONNECTED,),
    Signal.BACK: (Signal.CONNECTED, Signal.BACK),
}
"""Whatever is back can be connected too."""


def _held(d: Delivery, now: Now, *, missed: bool) -> Delivery:
    """Hold a message until its time by the machine's clock, which may be set meanwhile.

    Only who missed its time, Home Assistant being off, takes that from its lifetime: a clock
    that is fast, or set forward, must not let it expire untried.
    """
    assert d.hold is not None
    later = d.hold.until_utc - now.utc
    lifetime = d.hold.lifetime
    if later <= 0:
        return _released(d, now, later + lifetime if missed else lifetime)
    step = Step(Task.HOLD, now.at + min(later, LOOK_AT_CLOCK))
    return replace(d, doing=step, expires_at=now.at + later + lifetime)


def _released(d: Delivery, now: Now, lifetime: float) -> Delivery:
    """Let a message go that was held: what comes of it is news, as for one just sent."""
    d = _with_time_to_look(replace(d, expires_at=now.at + lifetime), now)
    return replace(d, told=False, doing=_next_request(d, now.at, now))


def _with_time_to_look(d: Delivery, now: Now) -> Delivery:
    """Let what is in doubt be looked into for a while from now on."""
    if d.doubt is None:
        return d
    until = max(d.doubt.until, now.at + DOUBT_LIMIT)
    return replace(d, doubt=replace(d.doubt, until=until))


def _resumed(d: Delivery, now: Now) -> Delivery:
    """Take up a message after a restart, when nobody waits for its answer any more."""
    d = replace(d, told=True, tries=0)
    if d.state is State.HELD:
        return _held(d, now, missed=True)
    if isinstance(d.doing, Attempt):
        d = replace(_doubted(d, now), waits_because=NoAnswerError.reason)
    if d.doubt is None:
        return replace(d, doing=Step(Task.SEND, now.at))
    d = _with_time_to_look(d, now)
    return replace(d, doing=_next_request(d, now.at, now))


def _limited(d: Delivery, now: Now) -> Delivery:
    """Hold a queued message to the time it has."""
    if d.acceptance is not None or not isinstance(d.doing, Step):
        return d
    step, last_moment = d.doing, _last_moment(d)
    if d.doubt is None:
        if now.at >= last_moment:
            return _ended(d, State.EXPIRED, d.waits_because)
        if step.at >= last_moment:
            return replace(d, doing=replace(step, task=Task.WAIT, at=last_moment))
        return d
    if step.task is Task.WAIT and now.at >= last_moment:
        return _given_up(d, now)
    if step.task is Task.SEND and not may_repeat(d, now, max(now.at, step.at)):
        find = _next_request(d, max(now.at, step.at), now, step.sooner_on)
        return replace(d, doing=find)
    return d


def _last_moment(d: Delivery) -> float:
    """Return up to when it may be sent, or what is in doubt is looked into."""
    return d.expires_at if d.doubt is None else d.doubt.until


def _ended(d: Delivery, state: State, reason: str | None) -> Delivery:
    """End a message that was not sent, unless that can't be said for certain."""
    if d.certainty is Certainty.UNKNOWABLE:
        state, reason = State.FAILED, UNKNOWN
    return replace(d, doing=End(state, reason), told=True, doubt=None)
