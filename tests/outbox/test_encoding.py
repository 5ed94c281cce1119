"""What is written comes back as it was, and what makes no sense is not taken over."""

from typing import Any

from hypothesis import given, settings
import orjson
import pytest

from custom_components.bisms.outbox.encoding import VERSION, decoded, encoded, header
from custom_components.bisms.outbox.events import Accepted, Began, Sighting, Signal
from custom_components.bisms.outbox.journal import Journal, Saved, UnreadableStoreError
from custom_components.bisms.outbox.record import (
    Acceptance,
    Attempts,
    Delivery,
    Doubt,
    Hold,
    Step,
)
from custom_components.bisms.provider.models import Message, NumberState, Sms
from tests.messages import AYSE, NOW, UTC_NOW, after, delivery, having

from . import saved as kinds
from .disk import Disk, outcome, saved_in


def reread(saved: Saved) -> Saved:
    """Save, and load again as after a restart."""
    disk = Disk()
    outcome(Journal(disk).save(saved))
    return saved_in(disk)


@given(kinds.ALL)
@settings(max_examples=60, deadline=None)
def test_everything_comes_back_as_it_was(saved: Saved) -> None:
    """Every field of every delivery, in their order, whatever the texts hold."""
    found = reread(saved)

    assert found == saved
    # States are words, and yet not only words.
    assert repr(found) == repr(saved)


def test_every_field_is_tried() -> None:
    """A new one must be added to the round trip above."""
    assert kinds.fields_tried(kinds.DELIVERIES) == set(Delivery._fields)
    assert kinds.fields_tried(kinds.MESSAGES) == set(Message.__dataclass_fields__)
    assert kinds.fields_tried(kinds.SMS) == set(Sms.__dataclass_fields__)
    assert [
        len(part._fields) for part in (Step, Attempts, Doubt, Acceptance, Hold)
    ] == [
        3,
        3,
        3,
        6,
        2,
    ]


def test_what_brings_a_step_forward_is_forgotten_over_a_restart() -> None:
    """All is due anew then."""
    waiting = having(delivery(), doing=Step("send", NOW, Signal.BACK))  # type: ignore[arg-type]

    [found] = reread(Saved([waiting])).deliveries

    assert found.doing == Step("send", NOW, None)  # type: ignore[arg-type]


def test_a_record_is_written_without_its_message() -> None:
    """That never changes, and is written once."""
    record = orjson.loads(encoded(delivery(text="Duman")))

    assert "message" not in record
    assert "Duman" not in str(record)
    assert set(record) == set(Delivery._fields) - {"message"}


def test_what_is_written_has_names() -> None:
    """So that a later version, or a person, can read it."""
    record = orjson.loads(encoded(sent()))

    assert record["doing"] == {
        "task": "wait",
        "at": NOW + 60,
        "sooner_on": None,
    }
    assert record["acceptance"]["numbers"] == {AYSE: 5}
    assert record["baseline"] == {"newest_id": "100", "at": NOW}
    assert record["attempts"] == {"first_at": NOW, "last_at": NOW, "certainty": 0}
    assert record["context"] == ["c", None, "u"]


def sent() -> Delivery:
    """Return a delivery with all kinds of fields set."""
    d = after(
        delivery(send_in=60), (0, Began(Sighting("100", NOW))), (1, Accepted("101"))
    )
    assert d.acceptance is not None
    reported = d.acceptance._replace(numbers={AYSE: NumberState.PENDING})
    return having(
        d, context=("c", None, "u"), acceptance=reported, doubt=Doubt(NOW, NOW)
    )


def good() -> dict[str, Any]:
    """Return a snapshot with one delivery."""
    disk = Disk()
    saved = Saved([sent()], Sighting("101", NOW), NOW, UTC_NOW)
    outcome(Journal(disk).save(saved))
    snapshot: dict[str, Any] = disk.snapshot
    return snapshot


def damaged(*path: str | int, value: Any) -> Any:
    """Return a snapshot with one value exchanged."""
    content: Any = good()
    part = content
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return content


DATA = ("data",)
RECORD = ("data", "deliveries", 0)
MESSAGE = ("data", "messages", "d1")


@pytest.mark.parametrize(
    "content",
    [
        [],
        "text",
        {},
        {"data": {}},
        {"version": VERSION},
        {"version": VERSION, "data": []},
        {"version": VERSION, "data": {}},
        damaged("version", value="2"),
        damaged(*DATA, "snapshot", value=None) | {"version": 1},
        damaged(*DATA, "sighting", value=[]),
        damaged(*DATA, "sighting", value={"newest_id": "1"}),
        damaged(*DATA, "deliveries", value=None),
        damaged(*DATA, "deliveries", value=[1]),
        damaged(*DATA, "deliveries", value=[{}]),
        damaged(*RECORD, "colour", value="red"),
        damaged(*RECORD, "context", value=1),
        damaged(*RECORD, "doing", value=None),
        damaged(*RECORD, "doing", value={}),
        damaged(*RECORD, "doing", value={"task": "SING", "at": 1}),
        damaged(*RECORD, "doing", value={"state": "lost", "reason": None}),
        damaged(*RECORD, "doing", value={"state": "failed"}),
        damaged(*RECORD, "attempts", value={"first_at": 1, "last_at": 1}),
        damaged(*RECORD, "attempts", "certainty", value=9),
        damaged(*RECORD, "attempts", "other", value=9),
        damaged(*RECORD, "doubt", value={"colour": "red"}),
        damaged(*RECORD, "acceptance", "numbers", value={AYSE: 7}),
        damaged(*RECORD, "acceptance", "colour", value=7),
        damaged(*DATA, "messages", value=[]),
        damaged(*DATA, "messages", value={}),
        damaged(*MESSAGE, value=None),
        damaged(*MESSAGE, "sms", value=[{"numbers": ["1"]}]),
        damaged(*MESSAGE, "send_at", value="soon"),
    ],
)
def test_what_makes_no_sense_is_called_unreadable(content: Any) -> None:
    """Nothing of it is taken over, and no text of it shows."""
    disk = Disk(content, marked=None)
    with pytest.raises(UnreadableStoreError) as error:
        saved_in(disk)

    assert "Duman" not in str(error.value)
    assert AYSE not in str(error.value)


@pytest.mark.parametrize("missing", ["snapshot", "messages", "sighting", "at", "utc"])
def test_a_snapshot_that_lacks_something_is_called_unreadable(missing: str) -> None:
    """It was not written by this version."""
    content = good()
    del content["data"][missing]

    with pytest.raises(UnreadableStoreError):
        saved_in(Disk(content))


@pytest.mark.parametrize("version", [0, 3, 99, -1])
def test_a_version_that_is_not_known_is_refused(version: int) -> None:
    """As after a step back to an older release."""
    content = good()

    with pytest.raises(ValueError, match=f"Version {version} is not known"):
        decoded(version, content["data"], b"")


def test_each_line_of_a_journal_says_its_version() -> None:
    """So that a release that is older than a line does not take half of it."""
    disk = Disk()
    journal = Journal(disk)
    for tries in range(3):
        outcome(journal.save(Saved([having(sent(), tries=tries)])))

    lines = [orjson.loads(line) for line in disk.journal.splitlines()]
    assert [line["version"] for line in lines] == [VERSION] * 3
    assert VERSION == 2


@pytest.mark.parametrize("version", [1, 3, None])
def test_a_line_of_another_version_is_called_unreadable(version: int | None) -> None:
    """Wherever it stands."""
    content = good()
    first = header(content["data"]["snapshot"])
    change = {**_change(), "version": version}

    with pytest.raises(ValueError, match="of another version"):
        decoded(VERSION, content["data"], b"%b\n%b\n" % (first, orjson.dumps(change)))


def test_a_line_without_a_version_is_called_unreadable() -> None:
    """It cannot be of version 2."""
    content = good()
    line = orjson.dumps(_change())

    with pytest.raises(KeyError):
        decoded(
            VERSION,
            content["data"],
            header(content["data"]["snapshot"]) + b"\n" + line + b"\n",
        )


def _change() -> dict[str, Any]:
    return {
        "messages": {},
        "deliveries": [],
        "forgotten": [],
        "sighting": None,
        "at": NOW,
        "utc": NOW,
    }


def test_the_length_of_a_journal_is_without_its_torn_end() -> None:
    """There the next line is written."""
    data = good()["data"]
    first = header(data["snapshot"])
    line = orjson.dumps({**_change(), "version": VERSION})
    whole = first + b"\n" + line + b"\n"

    assert decoded(VERSION, data, b"")[1] == 0
    assert decoded(VERSION, data, first)[1] == 0
    assert decoded(VERSION, data, first + b"\n")[1] == len(first) + 1
    assert decoded(VERSION, data, whole)[1] == len(whole)
    assert decoded(VERSION, data, whole + line)[1] == len(whole)
    assert decoded(VERSION, data, whole + b"\0\0" + line[2:] + b"\n")[1] == len(whole)
    assert decoded(VERSION, data, b'{"another":1}\n' + line + b"\n")[1] == 0


def test_the_latest_word_on_a_delivery_counts_and_comes_last() -> None:
    """In the order of what happened."""
    data = good()["data"]
    record = data["deliveries"][0]
    message = data["messages"]["d1"]
    change = {
        **_change(),
        "version": VERSION,
        "messages": {"d2": message, "d3": message},
        "deliveries": [
            {**record, "id": "d2"},
            {**record, "id": "d3"},
            {**record, "tries": 7},
        ],
        "sighting": {"newest_id": "7", "at": 1.0},
        "at": 5.0,
        "utc": 6.0,
    }
    later = {**_change(), "version": VERSION, "forgotten": ["d3", "d9"]}
    lines = [header(data["snapshot"]), orjson.dumps(change)]

    content, _ = decoded(VERSION, data, b"\n".join((*lines, b"")))
    assert [(each.id, each.tries) for each in content.deliveries] == [
        ("d2", 0),
        ("d3", 0),
        ("d1", 7),
    ]
    assert content[1:] == (Sighting("7", 1.0), 5.0, 6.0, 0)

    content, _ = decoded(VERSION, data, b"\n".join((*lines, orjson.dumps(later), b"")))
    assert [each.id for each in content.deliveries] == ["d2", "d1"]
    assert content[1:] == (None, NOW, NOW, 0)
