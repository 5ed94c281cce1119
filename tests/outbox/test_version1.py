"""Files that version 1.0.0 wrote, read by this version: nothing is lost, nothing doubled.

`version1/` holds what it left behind when it was killed with messages in every state. The
first folder is of an account whose messages met all kinds of faults, over a restart, until
1053 s after the beginning; the second of one that never reached the provider, until 4 s.
"""

from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from custom_components.bisms.outbox import (
    Attempt,
    Delivery,
    End,
    State,
    Step,
    UnreadableStoreError,
)
from custom_components.bisms.outbox.encoding import VERSION
from custom_components.bisms.outbox.events import Sighting
from custom_components.bisms.outbox.journal import Journal, Saved
from custom_components.bisms.outbox.record import (
    Acceptance,
    Attempts,
    Certainty,
    Doubt,
    Task,
)
from custom_components.bisms.provider.models import Message, NumberState, Sms
from simulator.clock import LoopClock
from tests.messages import HOUR, message

from .disk import Disk, outcome, saved_in
from .stage import P1, P2, P3

START = LoopClock.START
KILLED_AT = 1053.0
FILES = Path(__file__).parent / "version1"
NAME = "bisms.01JFIRSTVERSION"

type Facts = tuple[State, str | None, str | None]

NEWEST = Sighting("77300609", 1790001002.5884373)

EVERY_STATE: dict[str, Facts] = {
    "Partially": (State.PARTIALLY_DELIVERED, "not_delivered", "77300603"),
    "Each one, Ayşe": (State.PARTIALLY_DELIVERED, "not_delivered", "77300604"),
    "Delivered": (State.DELIVERED, None, "77300605"),
    "Too dear": (State.FAILED, "not_enough_credits", None),
    "Scheduled": (State.SCHEDULED, None, "77300606"),
    "Expired": (State.EXPIRED, "cannot_connect", None),
    "Unknown": (State.FAILED, "unknown", None),
    "Waiting": (State.WAITING, None, "77300608"),
    "Accepted, id lost": (State.WAITING, None, None),
    "Pending": (State.PENDING, None, "77300607"),
    "Refused for its secret": (State.QUEUED, "invalid_auth", None),
    "In doubt, then refused for its secret": (State.QUEUED, "invalid_auth", None),
    "In doubt, then too dear": (State.QUEUED, "no_answer", None),
    "No reference": (State.QUEUED, "cannot_connect", None),
    "In doubt over two restarts": (State.QUEUED, "no_answer", None),
    "Refused connection": (State.QUEUED, "cannot_connect", None),
    "In doubt": (State.QUEUED, "no_answer", None),
    "Under way, its caller told": (State.QUEUED, None, None),
    "Under way again": (State.QUEUED, "no_answer", None),
    "Under way": (State.QUEUED, None, None),
}
"""Every message of the first folder, in the order of its last change."""

UNCERTAIN = {
    "In doubt, then refused for its secret",
    "In doubt, then too dear",
    "In doubt over two restarts",
    "In doubt",
    "Under way, its caller told",
    "Under way again",
    "Under way",
}
"""Those of which the provider may have accepted one without our knowing."""


def disk(folder: str = "every_state") -> Disk:
    """Return the files of a folder."""
    path = FILES / folder / NAME
    return Disk(
        json.loads(path.read_text()), path.with_name(f"{NAME}.journal").read_bytes()
    )


def texts(saved: Saved) -> dict[str, Delivery]:
    """Return deliveries by what they say."""
    return {each.message.sms[0].text: each for each in saved.deliveries}


def facts(delivery: Delivery) -> Facts:
    """Return what a user sees of a delivery."""
    return delivery.state, delivery.reason, delivery.dlr_id


def test_the_files_are_of_version_1() -> None:
    """In the snapshot and in the journal there are messages."""
    for folder in ("every_state", "never_connected"):
        files = disk(folder)
        assert files.snapshot["version"] == 1
        assert files.snapshot["data"]["deliveries"]
        assert files.journal.count(b"\n") > 3


def test_nothing_of_it_is_lost_and_all_is_as_it_was() -> None:
    """Each message in its state, with its reason and its dlrId, in the same order."""
    saved = saved_in(disk())

    assert {text: facts(each) for text, each in texts(saved).items()} == EVERY_STATE
    assert list(texts(saved)) == list(EVERY_STATE)
    assert saved.sighting == NEWEST
    assert saved.at == saved.utc == START + 1052.5
    assert saved.restored is False


def test_messages_come_over_as_they_were() -> None:
    """With several texts, numbers and a time."""
    found = texts(saved_in(disk()))

    assert found["Each one, Ayşe"].message == Message(
        header="BASLIK1",
        sms=(
            Sms(numbers=(P1,), text="Each one, Ayşe", parts=1),
            Sms(numbers=(P3,), text="Each one, Ali", parts=2),
        ),
        individual=True,
    )
    assert found["Scheduled"].message == Message(
        header="BASLIK1",
        sms=(Sms(numbers=(P1,), text="Scheduled", parts=1),),
        validity=60,
        send_at=datetime.fromtimestamp(START + 7301, UTC),
    )


def test_what_was_over_is_over() -> None:
    """With what the report said, and what caused it."""
    found = texts(saved_in(disk()))

    delivered, accepted_at = found["Delivered"], 1790000001.2135804
    assert delivered == Delivery(
        id=delivered.id,
        message=message(P1, text="Delivered"),
        created_at=START + 1,
        created_utc=START + 1,
        expires_at=START + 1 + HOUR,
        doing=End(State.DELIVERED, None),
        context=("01CONTEXT", None, "01USER"),
        told=True,
        attempts=Attempts(START + 1, START + 1, Certainty.ANSWERED),
        baseline=Sighting("77300602", START),
        acceptance=Acceptance(
            at=accepted_at,
            sent_at=accepted_at,
            sent_utc=accepted_at,
            dlr_id="77300605",
            numbers={P1: NumberState.DELIVERED},
        ),
    )
    partially = found["Partially"].acceptance
    assert partially is not None
    assert partially.numbers == {P1: NumberState.DELIVERED, P3: NumberState.FAILED}
    for text in ("Too dear", "Expired", "Unknown"):
        assert found[text].acceptance is None
        assert found[text].waits_because is None
        assert found[text].doubt is None
        assert found[text].told
    assert found["Unknown"].certainty is Certainty.SILENT
    assert found["Unknown"].claims


def test_what_is_followed_up_is_followed_up_from_where_it_was() -> None:
    """At the time it was due, and with what was known."""
    found = texts(saved_in(disk()))

    scheduled = found["Scheduled"]
    assert scheduled.doing == Step(Task.WAIT, START + 7301)
    assert scheduled.acceptance is not None
    assert scheduled.acceptance.sent_at == START + 7301
    assert scheduled.sent_utc == START + 7301
    assert scheduled.acceptance.at < START + 102

    pending = found["Pending"].acceptance
    assert pending is not None
    assert pending.pending
    assert pending.numbers == {P2: NumberState.PENDING}
    waiting = found["Waiting"].acceptance
    assert waiting is not None
    assert not waiting.pending
    assert waiting.numbers == {}
    assert found["Waiting"].doing == Step(Task.REPORT, 1790001090.1271503)

    lost = found["Accepted, id lost"]
    assert lost.doing == Step(Task.FIND, 1790001092.5884373)
    assert lost.id_is_lost
    assert lost.told
    assert lost.doubt is None
    assert lost.certainty is Certainty.SILENT


def test_what_waited_waits_and_what_was_in_doubt_is() -> None:
    """With all that tells whether it may be repeated."""
    found = texts(saved_in(disk()))

    assert found["Under way"] == Delivery(
        id=found["Under way"].id,
        message=message("905550000108", text="Under way"),
        created_at=START + 1052.5,
        created_utc=START + 1052.5,
        expires_at=START + 1052.5 + HOUR,
        doing=Attempt(START + 1052.5),
        baseline=NEWEST,
    )
    again = found["Under way again"]
    assert again == Delivery(
        id=again.id,
        message=message("905550000107", text="Under way again"),
        created_at=START + 1049.5,
        created_utc=START + 1049.5,
        expires_at=START + 1049.5 + HOUR,
        doing=Attempt(1790001051.663706),
        told=True,
        waits_because="no_answer",
        tries=1,
        attempts=Attempts(START + 1049.5, 1790001051.663706, Certainty.SILENT),
        baseline=NEWEST,
        doubt=Doubt(START + 1049.5, START + 1049.5 + HOUR),
    )
    told = found["Under way, its caller told"]
    assert told.told
    assert told.attempts is None
    assert told.doing == Attempt(START + 1040)

    refused = found["Refused for its secret"]
    assert refused.doing == Step(Task.WAIT, START + 1030 + HOUR)
    assert refused.doubt is None
    assert refused.certainty is Certainty.ANSWERED
    assert refused.tries == 1
    dear = found["In doubt, then too dear"]
    assert dear.doubt == Doubt(START + 1035, START + 1035 + HOUR, "not_enough_credits")
    restarted = found["In doubt over two restarts"]
    assert restarted.doubt == Doubt(0, START + 1020 + HOUR)
    assert restarted.attempts == Attempts(START + 1020, START + 1026, Certainty.SILENT)
    assert found["No reference"].certainty is Certainty.UNKNOWABLE
    connection = found["Refused connection"]
    assert connection.doing == Step(Task.SEND, 1790001054.1848717)
    assert connection.certainty is Certainty.ANSWERED
    assert connection.doubt is None
    assert connection.tries == 2


def test_an_account_that_never_reached_the_provider_is_read_too() -> None:
    """There is nothing to compare with."""
    saved = saved_in(disk("never_connected"))

    assert saved.sighting is None
    assert list(texts(saved)) == ["Under way", "Refused connection", "In doubt"]
    assert {each.state for each in saved.deliveries} == {State.QUEUED}
    assert {each.baseline for each in saved.deliveries} == {None}
    assert saved.at == 1790000003.2936602


def test_a_torn_end_of_the_journal_takes_nothing_with_it() -> None:
    """What was torn had been promised to nobody."""
    whole = disk()
    *lines, last = whole.journal.splitlines(keepends=True)
    before = b"".join(lines)
    assert b"Under way" in last

    for length in range(0, len(last), 7):
        for torn in (last[:length], bytes(length) + last[length:]):
            if torn == last:
                continue
            saved = saved_in(Disk(whole.snapshot, before + torn))
            assert list(texts(saved)) == list(EVERY_STATE)[:-1]


def test_a_journal_of_another_snapshot_is_not_taken() -> None:
    """It was left behind by a power cut."""
    files = disk()
    files.journal = files.journal.replace(files.journal[1:9], b"00000000", 1)

    saved = saved_in(files)

    with_snapshot = set(texts(saved))
    assert {"Delivered", "Unknown", "Pending"} <= with_snapshot
    assert with_snapshot < set(EVERY_STATE) - UNCERTAIN


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"deliveries":[]}', b'{"version":2}'])
def test_a_line_that_makes_no_sense_is_called_unreadable(line: bytes) -> None:
    """Others follow it: it had been promised."""
    files = disk()
    first, rest = files.journal.split(b"\n", 1)
    files.journal = first + b"\n" + line + b"\n" + rest

    with pytest.raises(UnreadableStoreError):
        saved_in(files)


def test_a_mark_beside_files_of_version_1_says_that_they_are_from_a_backup() -> None:
    """Version 2 wrote here since."""
    files = disk()
    files.marked = "a lineage"

    assert saved_in(files).restored is True


def test_the_next_save_writes_version_2() -> None:
    """All of it, and the old journal counts no more."""
    files = disk()
    saved = saved_in(files)
    journal = Journal(files)
    outcome(journal.load())

    outcome(journal.save(Saved((), saved.sighting, saved.at, saved.utc)))

    assert files.writes == ["mark", "save"]
    assert files.snapshot["version"] == VERSION
    assert files.marked == files.snapshot["data"]["lineage"]
    again = saved_in(files)
    assert list(again.deliveries) == list(saved.deliveries)
    assert again.sighting == saved.sighting
    assert (again.at, again.utc, again.restored) == (saved.at, saved.utc, False)

    outcome(journal.save(Saved((), None, saved.at + 1, saved.utc + 1)))
    assert files.journal.splitlines()[0] == orjson.dumps(
        {"version": VERSION, "snapshot": files.snapshot["data"]["snapshot"]}
    )


def empty(newest_id: str | None, newest_at: float | None) -> Disk:
    """Return the files of an account that has sent nothing yet."""
    data: dict[str, Any] = {
        "snapshot": "0",
        "messages": {},
        "deliveries": [],
        "newest_id": newest_id,
        "newest_at": newest_at,
        "spent": {},
    }
    return Disk({"version": 1, "minor_version": 1, "key": NAME, "data": data})


def test_an_account_that_has_sent_nothing_is_read() -> None:
    """With what the list of sendings began with."""
    assert saved_in(empty(None, None)) == Saved([], None, 0.0, 0.0)
    assert saved_in(empty("7", START)) == Saved([], Sighting("7", START), START, START)
    assert saved_in(empty("", START)).sighting == Sighting("", START)
