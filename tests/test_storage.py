"""What the outbox keeps on disk comes back as it was."""

from datetime import UTC, timedelta, timezone
import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from hypothesis import given, settings, strategies as st
import orjson
import pytest

from custom_components.bisms.provider.models import Message, NumberState, Sms
from custom_components.bisms.record import Accepted, Began, Delivery, State, Step, Task
from custom_components.bisms.storage import DeliveryStorage, Saved, UnreadableStoreError

from .messages import NOW, after, delivery, having

TIMES = st.floats(0, 1e11, allow_nan=False)
SOME_TIME = st.none() | TIMES
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.from_regex(r"905[0-9]{9}", fullmatch=True)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=3))])
SMS = st.builds(Sms, numbers=st.lists(NUMBERS, min_size=1).map(tuple), text=TEXTS)
MESSAGES = st.builds(
    Message,
    header=TEXTS,
    sms=st.lists(SMS, min_size=1, max_size=3).map(tuple),
    individual=st.booleans(),
    validity=st.none() | st.integers(1, 2880),
    send_at=st.none() | st.datetimes(timezones=ZONES),
)
DELIVERIES = st.builds(
    Delivery,
    id=st.uuids().map(lambda uuid: uuid.hex),
    message=MESSAGES,
    created_at=TIMES,
    expires_at=TIMES,
    context=st.none() | st.tuples(TEXTS, st.none() | TEXTS, st.none() | TEXTS),
    state=st.sampled_from(State),
    next=st.none() | st.builds(Step, st.sampled_from(Task), TIMES),
    reason=st.none() | TEXTS,
    tries=st.integers(0, 1000),
    announced=st.booleans(),
    attempt_at=SOME_TIME,
    first_attempt_at=SOME_TIME,
    last_attempt_at=SOME_TIME,
    silent=st.booleans(),
    doubt_since=SOME_TIME,
    doubt_until=TIMES,
    unknowable=st.booleans(),
    baseline=st.none() | TEXTS,
    baseline_at=SOME_TIME,
    dlr_id=st.none() | TEXTS,
    accepted_at=SOME_TIME,
    numbers=st.dictionaries(NUMBERS, st.sampled_from(NumberState)),
    refusal=st.none() | TEXTS,
)
ALL = st.builds(
    Saved,
    st.lists(DELIVERIES, max_size=3, unique_by=lambda d: d.id),
    st.none() | TEXTS,
    SOME_TIME,
    st.dictionaries(st.integers(0, 10**8), st.integers(0, 1000)),
)


class Memory:
    """A store whose content has been through JSON, and nothing but JSON."""

    def __init__(self, content: Any = None) -> None:
        """Begin with some content."""
        self.content = content

    async def async_load(self) -> Any:
        """Return what was saved last."""
        return self.content

    async def async_save(self, data: dict[str, Any]) -> None:
        """Save."""
        self.content = json.loads(orjson.dumps(data))


def outcome(coroutine: Any) -> Any:
    """Return what a coroutine returns that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("It waits")


def reread(saved: Saved) -> Saved:
    """Save, and load again as after a restart."""
    memory = Memory()
    outcome(DeliveryStorage(memory).save(saved))
    loaded: Saved = outcome(DeliveryStorage(memory).load())
    return loaded


@given(ALL)
@settings(max_examples=150, deadline=None)
def test_everything_comes_back_as_it_was(saved: Saved) -> None:
    """Every field of every delivery, in their order, whatever the texts hold."""
    assert reread(saved) == saved


def test_every_field_of_a_delivery_is_tried() -> None:
    """A new one must be added to the round trip above."""
    tried = set(DELIVERIES.wrapped_strategy.kwargs)  # type: ignore[attr-defined]

    assert tried == set(Delivery.__dataclass_fields__)


def test_without_a_store_there_is_nothing() -> None:
    """The account is new."""
    assert outcome(DeliveryStorage(Memory()).load()) == Saved()


def good() -> dict[str, Any]:
    """Return the content of a store with one delivery."""
    memory = Memory()
    outcome(DeliveryStorage(memory).save(Saved([sent()], "101", NOW, {29833333: 2})))
    content: dict[str, Any] = memory.content
    return content


def sent() -> Delivery:
    """Return a delivery with all kinds of fields set."""
    d = after(delivery(send_in=60), (0, Began("100", NOW)), (1, Accepted("101")))
    return having(
        d, context=("c", None, "u"), numbers={"905559998877": NumberState.PENDING}
    )


def damaged(*path: str | int, value: Any) -> Any:
    """Return the content of a store with one value exchanged."""
    content: Any = good()
    part = content
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return content


@pytest.mark.parametrize(
    "content",
    [
        [],
        "text",
        {},
        {"deliveries": []},
        damaged("deliveries", value=None),
        damaged("deliveries", value=[1]),
        damaged("deliveries", value=[{}]),
        damaged("deliveries", 0, "state", value="lost"),
        damaged("deliveries", 0, "colour", value="red"),
        damaged("deliveries", 0, "next", value={"task": "SING", "at": 1}),
        damaged("deliveries", 0, "next", value={}),
        damaged("deliveries", 0, "numbers", value={"905559998877": 7}),
        damaged("deliveries", 0, "message", value=None),
        damaged("deliveries", 0, "message", "sms", value=[{"numbers": ["1"]}]),
        damaged("deliveries", 0, "message", "send_at", value="soon"),
        damaged("spent", value=[]),
        damaged("spent", value={"x": 1}),
    ],
)
def test_what_makes_no_sense_is_called_unreadable(content: Any) -> None:
    """Nothing of it is taken over, and no text of it shows."""
    with pytest.raises(UnreadableStoreError) as error:
        outcome(DeliveryStorage(Memory(content)).load())

    assert "Duman" not in str(error.value)


def test_a_delivery_is_held_once_it_was_saved() -> None:
    """In whatever state; and no longer when it is saved no more."""
    storage = DeliveryStorage(Memory())
    assert not storage.holds(sent())

    outcome(storage.save(Saved([having(sent(), tries=3)])))
    assert storage.holds(sent())

    outcome(storage.save(Saved()))
    assert not storage.holds(sent())


def test_only_what_changed_is_encoded_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A save costs little however many finished deliveries are kept."""
    encoded: list[object] = []
    dumps = orjson.dumps

    def watched(value: object) -> bytes:
        encoded.append(value)
        return dumps(value)

    monkeypatch.setattr("custom_components.bisms.storage.orjson.dumps", watched)
    storage = DeliveryStorage(Silent())
    many = [having(sent(), id=str(number)) for number in range(500)]
    outcome(storage.save(Saved(many)))
    assert len(encoded) == 500
    encoded.clear()

    many[7] = having(many[7], tries=1)
    outcome(storage.save(Saved(many)))

    assert encoded == [many[7]]


class Silent(Memory):
    """A store that drops what it gets."""

    async def async_save(self, data: dict[str, Any]) -> None:
        """Do nothing."""


async def test_home_assistants_own_store_keeps_it(
    hass: HomeAssistant, hass_config_dir: str
) -> None:
    """It knows what is encoded already, and writes it as it is."""
    path = Path(hass_config_dir) / ".storage" / "bisms.test"
    saved = Saved([sent()], "101", NOW, {29833333: 2})

    def store() -> Store[dict[str, Any]]:
        return Store(hass, 1, "bisms.test", serialize_in_event_loop=False)

    await DeliveryStorage(store()).save(saved)

    assert json.loads(path.read_text())["data"] == good()
    assert await DeliveryStorage(store()).load() == saved


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Leave Home Assistant's stores on disk, where this test's folder is theirs."""
    return {}
