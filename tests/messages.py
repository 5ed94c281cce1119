"""Messages, and deliveries of them, as tests of the outbox need them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from custom_components.bisms.delivery import advance
from custom_components.bisms.provider.models import (
    DeliveryReport,
    Message,
    NumberState,
    ReportPhase,
    Sms,
)
from custom_components.bisms.provider.text import measure
from custom_components.bisms.record import Delivery, Event, entered

NOW: Final = 1_790_000_000.0
AYSE: Final = "905559998877"
ALI: Final = "905551112233"
HOUR: Final = 3600.0


def message(
    *numbers: str,
    text: str = "Duman alarmı",
    send_in: float | None = None,
    **fields: Any,
) -> Message:
    """Return a message, to Ayşe unless other numbers are given."""
    send_at = None if send_in is None else datetime.fromtimestamp(NOW + send_in, UTC)
    sms = (Sms(numbers=numbers or (AYSE,), text=text, parts=measure(text).parts),)
    return Message(header="BASLIK1", sms=sms, send_at=send_at, **fields)


def delivery(*numbers: str, lifetime: float = HOUR, **fields: Any) -> Delivery:
    """Return a delivery that has just begun."""
    return entered("d1", message(*numbers, **fields), NOW, lifetime)


def after(
    start: Delivery, *happenings: tuple[float, Event], jitter: float = 1.0
) -> Delivery:
    """Return a delivery after events, each so many seconds after `NOW`."""
    for seconds, event in happenings:
        start = advance(start, event, NOW + seconds, jitter)
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
