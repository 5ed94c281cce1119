"""Deliveries as JSON, and the way back from a snapshot and the journal that continues it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from ..provider.models import Message, NumberState, Sms
from . import version1
from .events import Sighting
from .record import (
    Acceptance,
    Attempt,
    Attempts,
    Certainty,
    Delivery,
    Doubt,
    End,
    Hold,
    State,
    Step,
    Task,
)

VERSION = 2


class Content(NamedTuple):
    """What a snapshot and its journal amount to: see `Saved`.

    Its deliveries are decoded while they are taken, and may turn out to make no sense.
    """

    deliveries: Iterable[Delivery]
    sighting: Sighting | None
    at: float
    utc: float
    credits_used: int | None


def encoded(delivery: Delivery) -> bytes:
    """Encode a delivery without its message."""
    record = delivery._asdict()
    del record["message"]
    return orjson.dumps(record, default=_plain)


def encoded_sighting(sighting: Sighting | None) -> dict[str, Any] | None:
    """Return the newest id known as JSON knows it."""
    return None if sighting is None else sighting._asdict()


def _plain(part: Any) -> Any:
    """Return a part of a delivery, or what it maps, as JSON knows it."""
    return dict(part) if isinstance(part, Mapping) else part._asdict()


def header(snapshot: str) -> bytes:
    """Return the first line of the journal that continues a snapshot."""
    return orjson.dumps({"version": VERSION, "snapshot": snapshot})


def decoded(
    version: int, snapshot: Mapping[str, Any], journal: bytes
) -> tuple[Content, int]:
    """Return what the files amount to, and how long the journal is without a torn end.

    Raises `ValueError`, `KeyError`, `TypeError` or `AttributeError` where that makes no sense.
    """
    if version == 1:
        lines = _lines_since(version1.header(snapshot["snapshot"]), journal)
        changes = map(orjson.loads, lines[1:])
        merged = version1.migrated(_merged(snapshot, changes))
    elif version == VERSION:
        lines = _lines_since(header(snapshot["snapshot"]), journal)
        merged = _merged(snapshot, map(_checked, lines[1:]))
    else:
        raise ValueError(f"Version {version} is not known")
    deliveries = (
        _delivery(record, merged["messages"][delivery_id])
        for delivery_id, record in merged["deliveries"].items()
    )
    content = Content(
        deliveries,
        _sighting(merged["sighting"]),
        merged["at"],
        merged["utc"],
        merged.get("credits_used"),
    )
    return content, sum(map(len, lines)) + len(lines)


def _lines_since(first: bytes, journal: bytes) -> list[bytes]:
    """Return a journal's lines, the one that names its snapshot first; none of another's."""
    *lines, _ = journal.split(b"\n")
    if lines[:1] != [first]:
        return []
    return lines if _is_json(lines[-1]) else lines[:-1]


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def _checked(line: bytes) -> Mapping[str, Any]:
    """Return a change, if it is of this version."""
    change: Mapping[str, Any] = orjson.loads(line)
    if change["version"] != VERSION:
        raise ValueError("A line of the journal is of another version")
    return change


def _merged(
    snapshot: Mapping[str, Any], changes: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return a snapshot with the changes since."""
    messages: dict[str, Mapping[str, Any]] = {}
    records: dict[str, Mapping[str, Any]] = {}
    merged: dict[str, Any] = {}
    for saved in (snapshot, *changes):
        merged |= saved
        messages |= saved["messages"]
        for record in saved["deliveries"]:
            records.pop(record["id"], None)
            records[record["id"]] = record
        for delivery_id in saved.get("forgotten", ()):
            records.pop(delivery_id, None)
    return {**merged, "messages": messages, "deliveries": records}


def _delivery(record: Mapping[str, Any], message: Mapping[str, Any]) -> Delivery:
    context, hold = record["context"], record.get("hold")
    return Delivery(
        **{
            **record,
            "message": _message(message),
            "context": None if context is None else tuple(context),
            "doing": _doing(record["doing"]),
            "attempts": _attempts(record["attempts"]),
            "baseline": _sighting(record["baseline"]),
            "doubt": None if record["doubt"] is None else Doubt(**record["doubt"]),
            "acceptance": _acceptance(record["acceptance"]),
            "hold": None if hold is None else Hold(**hold),
        }
    )


def _doing(doing: Mapping[str, Any]) -> Step | Attempt | End:
    """Return what it was doing; what brought a step forward is forgotten over a restart."""
    if "task" in doing:
        return Step(Task(doing["task"]), doing["at"])
    if "began_at" in doing:
        return Attempt(doing["began_at"])
    return End(State(doing["state"]), doing["reason"])


def _attempts(attempts: Mapping[str, Any] | None) -> Attempts | None:
    if attempts is None:
        return None
    return Attempts(**{**attempts, "certainty": Certainty(attempts["certainty"])})


def _sighting(sighting: Mapping[str, Any] | None) -> Sighting | None:
    return None if sighting is None else Sighting(**sighting)


def _acceptance(acceptance: Mapping[str, Any] | None) -> Acceptance | None:
    if acceptance is None:
        return None
    numbers = {
        number: NumberState(state) for number, state in acceptance["numbers"].items()
    }
    return Acceptance(**{**acceptance, "numbers": numbers})


def _message(record: Mapping[str, Any]) -> Message:
    send_at = record["send_at"]
    return Message(
        **{
            **record,
            "sms": tuple(
                Sms(**{**sms, "numbers": tuple(sms["numbers"])})
                for sms in record["sms"]
            ),
            "send_at": None if send_at is None else datetime.fromisoformat(send_at),
        }
    )
