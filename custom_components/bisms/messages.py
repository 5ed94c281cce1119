"""A message as actions show it, and which of the messages kept are meant."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from .outbox import Delivery, Outbox, State, number_states
from .provider.models import NumberState, Sms
from .provider.text import measure
from .sending import isoformat


def respond(
    outbox: Outbox, deliveries: Iterable[Delivery], names: Mapping[str, str]
) -> dict[str, Any]:
    """Return what an action answers: an object for each text, with its recipients' names."""
    return {
        "messages": [
            _object(outbox, delivery, sms, states, names)
            for delivery in deliveries
            for states in [number_states(delivery)]
            for sms in delivery.message.sms
        ]
    }


def chosen(
    outbox: Outbox,
    *,
    numbers: Collection[str] | None,
    states: Collection[str] | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
) -> list[Delivery]:
    """Return the messages kept that fit all that is asked for, the newest first."""
    fitting = [
        delivery
        for delivery in outbox.deliveries
        if (numbers is None or not set(numbers).isdisjoint(delivery.message.numbers))
        and (states is None or delivery.state in states)
        and (since is None or delivery.created_utc >= since.timestamp())
        and (until is None or delivery.created_utc < until.timestamp())
    ]
    fitting.sort(key=lambda delivery: delivery.created_at, reverse=True)
    return fitting[:limit]


def _object(
    outbox: Outbox,
    delivery: Delivery,
    sms: Sms,
    states: Mapping[str, NumberState],
    names: Mapping[str, str],
) -> dict[str, Any]:
    measured = measure(sms.text)
    is_open = not delivery.accepted and not delivery.final
    return {
        "id": delivery.id,
        "status": delivery.state.value,
        "reason": delivery.reason,
        "dlr_id": delivery.dlr_id,
        "recipients": list(sms.numbers),
        "names": [names.get(number) for number in sms.numbers],
        "numbers": {number: states[number].name.lower() for number in sms.numbers},
        "text": sms.text,
        "language": measured.language.value,
        "length": measured.length,
        "parts": sms.parts,
        "credits": sms.parts * len(sms.numbers),
        "header": delivery.message.header,
        "created_at": isoformat(delivery.created_utc),
        "sent_at": _time(_sent_utc(delivery)),
        "send_at": _time(send_utc(delivery)),
        "expires_at": isoformat(outbox.utc(delivery.expires_at)) if is_open else None,
    }


def _time(utc: float | None) -> str | None:
    return None if utc is None else isoformat(utc)


def _sent_utc(delivery: Delivery) -> float | None:
    """Return when a message was sent, not when it will be."""
    return None if delivery.state is State.SCHEDULED else delivery.sent_utc


def send_utc(delivery: Delivery) -> float | None:
    """Return when a message was to be sent, if not at once."""
    if delivery.hold is not None:
        return delivery.hold.until_utc
    send_at = delivery.message.send_at
    return None if send_at is None else send_at.timestamp()
