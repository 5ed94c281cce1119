"""What version 1 of the store holds, as version 2 would have written it.

Version 1 knew no time line: all its times are those of the machine's clock.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from .record import FINAL, Certainty


def header(snapshot: str) -> bytes:
    """Return the first line of the journal that continues a snapshot."""
    return orjson.dumps(snapshot)


def migrated(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a store of version 1 in the form of version 2."""
    records, messages = content["deliveries"], content["messages"]
    newest_id, newest_at = content["newest_id"], content["newest_at"]
    latest = max((_touched_at(each) for each in records.values()), default=0.0)
    latest = max(latest, newest_at or 0.0)
    return {
        "messages": messages,
        "deliveries": {
            key: _delivery(record, messages[key]) for key, record in records.items()
        },
        "sighting": None
        if newest_id is None
        else {"newest_id": newest_id, "at": newest_at or 0.0},
        "at": latest,
        "utc": latest,
    }


def _touched_at(old: Mapping[str, Any]) -> float:
    times = ("created_at", "last_attempt_at", "baseline_at", "accepted_at")
    return max(old[name] or 0.0 for name in times)


def _delivery(old: Mapping[str, Any], message: Mapping[str, Any]) -> dict[str, Any]:
    final = old["state"] in FINAL
    accepted = old["accepted_at"] is not None
    return {
        "id": old["id"],
        "created_at": old["created_at"],
        "created_utc": old["created_at"],
        "expires_at": old["expires_at"],
        "doing": _doing(old, final=final),
        "context": old["context"],
        "resend_in_doubt": False,
        "told": old["announced"] or accepted or final,
        "waits_because": None if final else old["reason"],
        "tries": old["tries"],
        "attempts": _attempts(old),
        "baseline": _baseline(old),
        "doubt": _doubt(old),
        "acceptance": _acceptance(old, message) if accepted else None,
    }


def _doing(old: Mapping[str, Any], *, final: bool) -> dict[str, Any]:
    if final:
        return {"state": old["state"], "reason": old["reason"]}
    if old["attempt_at"] is not None:
        return {"began_at": old["attempt_at"]}
    return dict(old["next"])


def _attempts(old: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the attempts that are over: one under way is not."""
    if old["first_attempt_at"] is None:
        return None
    if old["attempt_at"] == old["first_attempt_at"]:
        return None
    certainty = Certainty.SILENT if old["silent"] else Certainty.ANSWERED
    if old["unknowable"]:
        certainty = Certainty.UNKNOWABLE
    return {
        "first_at": old["first_attempt_at"],
        "last_at": old["last_attempt_at"],
        "certainty": certainty,
    }


def _baseline(old: Mapping[str, Any]) -> dict[str, Any] | None:
    if old["baseline"] is None:
        return None
    return {"newest_id": old["baseline"], "at": old["baseline_at"] or 0.0}


def _doubt(old: Mapping[str, Any]) -> dict[str, Any] | None:
    if old["doubt_since"] is None:
        return None
    return {
        "since": old["doubt_since"],
        "until": old["doubt_until"],
        "refusal": old["refusal"],
    }


def _acceptance(old: Mapping[str, Any], message: Mapping[str, Any]) -> dict[str, Any]:
    send_at = message["send_at"]
    sent_at = old["accepted_at"]
    if send_at is not None:
        sent_at = max(sent_at, datetime.fromisoformat(send_at).timestamp())
    return {
        "at": old["accepted_at"],
        "sent_at": sent_at,
        "sent_utc": sent_at,
        "dlr_id": old["dlr_id"],
        "numbers": old["numbers"],
        "pending": old["state"] == "pending",
    }
