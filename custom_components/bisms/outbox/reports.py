"""From acceptance to the end: when to ask for a report, and what it says (section 7)."""

from copy import replace

from ..provider.models import DeliveryReport, NumberState, ReportPhase
from .clock import Now
from .record import FINAL, Acceptance, Delivery, End, State, Step, Task
from .shown import number_states, overall

FIRST_REPORT = 90
"""Seconds from sending to the first question for a report (section 7)."""

REPORT_INTERVAL = 3600
"""The longest pause between two questions for a report, in seconds."""

REPORT_END = 48 * 3600 + 600
"""Seconds after sending at which a report is closed (section 7)."""

LOOK_AT_CLOCK = 3600
"""Seconds after which a scheduled message looks at the machine's clock again."""

NO_REPORT = "no_report"
NOT_DELIVERED = "not_delivered"
SEND_ERROR = "send_error"


def scheduled(delivery: Delivery, now: Now) -> Delivery:
    """Wait until the provider sends it, by the machine's clock, which may be set meanwhile."""
    acceptance = _acceptance(delivery)
    later = max(0.0, acceptance.sent_utc - now.utc)
    acceptance = replace(acceptance, sent_at=now.at + later)
    delivery = replace(delivery, acceptance=acceptance)
    if later == 0:
        return asked(delivery, now)
    return replace(delivery, doing=Step(Task.WAIT, now.at + min(later, LOOK_AT_CLOCK)))


def asked(delivery: Delivery, now: Now) -> Delivery:
    """Plan the next question for the report, or end what was open for too long."""
    acceptance = _acceptance(delivery)
    begun = acceptance.sent_at
    if now.at >= begun + REPORT_END:
        return _closed(delivery, NO_REPORT)
    elapsed = now.at - begun
    at = now.at + min(elapsed, REPORT_INTERVAL)
    if elapsed < FIRST_REPORT:
        at = begun + FIRST_REPORT
    task = Task.FIND if acceptance.dlr_id is None else Task.REPORT
    return replace(delivery, doing=Step(task, min(at, begun + REPORT_END)))


def reported(
    delivery: Delivery, report: DeliveryReport, now: Now, dlr_id: str | None = None
) -> Delivery:
    """Take over what a report says, and its id if that was lost; numbers only move forward."""
    acceptance = _acceptance(delivery)
    states = {
        number: max(state, report.numbers.get(number, state))
        for number, state in number_states(delivery).items()
    }
    acceptance = replace(
        acceptance,
        dlr_id=dlr_id or acceptance.dlr_id,
        numbers=states,
        pending=acceptance.pending or NumberState.PENDING in states.values(),
    )
    delivery = replace(delivery, acceptance=acceptance)
    if report.phase is ReportPhase.SEND_ERROR:
        return replace(delivery, doing=End(State.FAILED, SEND_ERROR))
    if overall(states.values(), closed=report.phase is ReportPhase.FINAL) in FINAL:
        return _closed(delivery, NOT_DELIVERED)
    return asked(delivery, now)


def _closed(delivery: Delivery, reason: str) -> Delivery:
    """End an accepted message: what is not delivered by now counts as failed."""
    state = overall(number_states(delivery).values(), closed=True)
    why = None if state is State.DELIVERED else reason
    return replace(delivery, doing=End(state, why))


def _acceptance(delivery: Delivery) -> Acceptance:
    assert delivery.acceptance is not None
    return delivery.acceptance
