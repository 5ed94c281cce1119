"""Messages, and deliveries of them, as tests of the outbox need them."""

from copy import replace
from datetime import UTC, datetime
from typing import Any, Final

from custom_components.bisms.outbox.clock import Now
from custom_components.bisms.outbox.events import Event, Restored, Signal
from custom_components.bisms.outbox.lifecycle import advance
from custom_components.bisms.outbox.record import Delivery, entered
from custom_components.bisms.provider.models import (
    DeliveryReport,
    Message,
    NumberState,
    ReportPhase,
    Sms,
)
from custom_components.bisms.provider.text import measure

NOW: Final = 1_790_000_000.0
"""A moment on the time line."""

UTC_NOW: Final = NOW + 5000.0
"""What the machine's clock shows then: the time line is not the clock's."""

AYSE: Final = "905559998877"
ALI: Final = "905551112233"
HOUR: Final = 3600.0
DAY: Final = 24 * HOUR

RUNS_SINCE: Final = -DAY
"""Home Assistant was started a day before `NOW`, and nothing disturbed the clock since."""


def moment(seconds: float = 0.0, *, steady_since: float = RUNS_SINCE) -> Now:
    """Return the moment so many seconds after `NOW`; `steady_since` counts from it too."""
    return Now(NOW + seconds, UTC_NOW + seconds, NOW + steady_since)


def message(
    *numbers: str,
    text: str = "Duman alarmı",
    send_in: float | None = None,
    **fields: Any,
) -> Message:
    """Return a message, to Ayşe unless other numbers are given."""
    send_at = (
        None if send_in is None else datetime.fromtimestamp(UTC_NOW + send_in, UTC)
    )
    sms = (Sms(numbers=numbers or (AYSE,), text=text, parts=measure(text).parts),)
    return Message(header="BASLIK1", sms=sms, send_at=send_at, **fields)


def delivery(
    *numbers: str,
    lifetime: float = HOUR,
    held_for: float | None = None,
    resend_in_doubt: bool = False,
    **fields: Any,
) -> Delivery:
    """Return a delivery that entered just now."""
    return entered(
        "d1",
        message(*numbers, **fields),
        NOW,
        UTC_NOW,
        lifetime,
        held_until=None if held_for is None else UTC_NOW + held_for,
        resend_in_doubt=resend_in_doubt,
    )


def after(
    start: Delivery,
    *happenings: tuple[float, Event],
    jitter: float = 1.0,
    steady_since: float = RUNS_SINCE,
) -> Delivery:
    """Return a delivery after events, each so many seconds after `NOW`.

    From a restart on, durations count as known only since then.
    """
    for seconds, event in happenings:
        if event is Signal.RESTARTED or isinstance(event, Restored):
            steady_since = seconds
        now = moment(seconds, steady_since=steady_since)
        start = advance(start, event, now, jitter)
    return start


def report(phase: ReportPhase, **states: NumberState) -> DeliveryReport:
    """Return a report: states of the numbers of `ayse` and `ali`."""
    numbers = {"ayse": AYSE, "ali": ALI}
    return DeliveryReport(
        phase, {numbers[name]: state for name, state in states.items()}
    )


def having(start: Delivery, **fields: Any) -> Delivery:
    """Return a delivery with some of its fields set."""
    return replace(start, **fields)
