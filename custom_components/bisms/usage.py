"""How fast credit is used up, as far as the messages kept tell."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from .outbox import Delivery

DAYS = 30
"""Days of the past that tell the pace, or since the first message if that is less."""

LEAST_DAYS = 3
"""Days of use before which nothing can be told."""

_DAY = 24 * 3600


def lasts_until(
    credit: float, deliveries: Iterable[Delivery], now: datetime
) -> datetime | None:
    """Return when credit runs out at the pace of the last days, to the hour; None if unknown.

    Parameters
    ----------
    credit
        Credits that are left.
    deliveries
        The messages kept.
    now
        The time, aware.
    """
    utc = now.timestamp()
    used: list[tuple[float, int]] = [
        (delivery.sent_utc, delivery.message.credits)
        for delivery in deliveries
        if delivery.sent_utc is not None
        and utc - DAYS * _DAY < delivery.sent_utc <= utc
    ]
    days = (utc - min((at for at, _ in used), default=utc)) / _DAY
    if days < LEAST_DAYS:
        return None
    pace = sum(credits_used for _, credits_used in used) / days
    try:
        until = now + timedelta(days=credit / pace)
    except OverflowError:
        return None
    return until.replace(minute=0, second=0, microsecond=0)
