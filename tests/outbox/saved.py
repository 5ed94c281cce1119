"""Deliveries of every kind, as files may hold them."""

from datetime import UTC, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from custom_components.bisms.outbox.events import Sighting
from custom_components.bisms.outbox.journal import Saved
from custom_components.bisms.outbox.record import (
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
from custom_components.bisms.provider.models import Message, NumberState, Sms

TIMES = st.floats(0, 1e11, allow_nan=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.from_regex(r"905[0-9]{9}", fullmatch=True)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=3))])
SMS = st.builds(
    Sms,
    numbers=st.lists(NUMBERS, min_size=1).map(tuple),
    text=TEXTS,
    parts=st.integers(1, 6),
)
MESSAGES = st.builds(
    Message,
    header=TEXTS,
    sms=st.lists(SMS, min_size=1, max_size=3).map(tuple),
    individual=st.booleans(),
    validity=st.none() | st.integers(1, 2880),
    send_at=st.none()
    | st.datetimes(timezones=ZONES).map(lambda at: at.replace(fold=0)),
)
SIGHTINGS = st.builds(Sighting, newest_id=TEXTS, at=TIMES)
DELIVERIES = st.builds(
    Delivery,
    id=st.uuids().map(lambda uuid: uuid.hex),
    message=MESSAGES,
    created_at=TIMES,
    created_utc=TIMES,
    expires_at=TIMES,
    doing=st.one_of(
        # What brings a step forward is not kept: after a restart all is due anew.
        st.builds(Step, st.sampled_from(Task), TIMES, st.none()),
        st.builds(Attempt, TIMES),
        st.builds(End, st.sampled_from(State), st.none() | TEXTS),
    ),
    context=st.none() | st.tuples(TEXTS, st.none() | TEXTS, st.none() | TEXTS),
    resend_in_doubt=st.booleans(),
    told=st.booleans(),
    waits_because=st.none() | TEXTS,
    tries=st.integers(0, 1000),
    attempts=st.none() | st.builds(Attempts, TIMES, TIMES, st.sampled_from(Certainty)),
    baseline=st.none() | SIGHTINGS,
    doubt=st.none() | st.builds(Doubt, TIMES, TIMES, st.none() | TEXTS),
    acceptance=st.none()
    | st.builds(
        Acceptance,
        at=TIMES,
        sent_at=TIMES,
        sent_utc=TIMES,
        dlr_id=st.none() | TEXTS,
        numbers=st.dictionaries(NUMBERS, st.sampled_from(NumberState)),
        pending=st.booleans(),
    ),
    hold=st.none() | st.builds(Hold, TIMES, TIMES),
)
ALL = st.builds(
    Saved,
    st.lists(DELIVERIES, max_size=3, unique_by=lambda d: d.id),
    st.none() | SIGHTINGS,
    TIMES,
    TIMES,
    st.just(value=False),
    st.integers(0, 10**9),
)


def fields_tried(strategy: Any) -> set[str]:
    """Return the fields that a strategy of `st.builds` gives."""
    return set(strategy.wrapped_strategy.kwargs)
