"""Which id was the newest when: what was there before a message, and what came after it."""

import pytest

from custom_components.bisms.outbox.events import Sighting
from custom_components.bisms.outbox.sightings import APART, FRESH, MANY, Sightings
from tests.messages import NOW, after, moment

from .lives import BEGAN, NO_ANSWER, in_doubt


def seen(newest_id: str, seconds: float) -> Sighting:
    """Return a sighting so many seconds after `NOW`."""
    return Sighting(newest_id, NOW + seconds)


def sightings(*noted: Sighting) -> Sightings:
    """Return what is known after some sightings."""
    known = Sightings()
    for each in noted:
        known.note(each)
    return known


def test_nothing_is_known_at_first() -> None:
    """Neither what was there before a message, nor what was there after it."""
    assert Sightings().latest is None
    assert not Sightings().is_fresh(moment())
    assert Sightings().ceiling(in_doubt(), moment(1000)) is None


def test_the_newest_id_survives_a_restart() -> None:
    """It tells what was there before a message, but not what was there after it."""
    known = Sightings(seen("100", 50))

    assert known.latest == seen("100", 50)
    assert known.ceiling(in_doubt(), moment(1000)) is None


def test_the_latest_sighting_is_what_was_known_last() -> None:
    """One that was asked for earlier, but came later, is out of date."""
    known = sightings(seen("100", 0), seen("101", 5), seen("99", 4.5))
    assert known.latest == seen("101", 5)

    known.note(seen("102", 5))
    assert known.latest == seen("102", 5)


@pytest.mark.parametrize(
    ("seconds", "fresh"), [(0, True), (59.5, True), (60, True), (60.5, False)]
)
def test_a_newest_id_is_fresh_for_a_minute(seconds: float, fresh: bool) -> None:
    """Then it is asked for anew."""
    assert FRESH == 60
    assert sightings(seen("100", 0)).is_fresh(moment(seconds)) is fresh


def test_a_newest_id_of_before_the_clock_was_set_is_not_fresh() -> None:
    """Nobody knows how old it is."""
    known = sightings(seen("100", 0))

    assert not known.is_fresh(moment(5, steady_since=0.5))
    assert known.is_fresh(moment(5, steady_since=0))


def test_the_ceiling_is_the_first_sighting_by_which_all_was_listed() -> None:
    """That is 40 s after the last attempt; what is newer can't be the message's."""
    known = sightings(*(seen(str(100 + at), at) for at in (0, 20, 39.5, 50, 70)))

    assert known.ceiling(in_doubt(), moment(80)) == seen("150", 50)
    exact = sightings(seen("140", 40), seen("150", 50))
    assert exact.ceiling(in_doubt(), moment(80)) == seen("140", 40)


def test_the_last_attempt_of_several_counts() -> None:
    """Each may have got through."""
    twice = after(in_doubt(), (30, BEGAN), (31, NO_ANSWER))
    known = sightings(seen("150", 50), seen("170", 70))

    assert known.ceiling(twice, moment(80)) == seen("170", 70)


def test_without_a_late_sighting_there_is_no_ceiling() -> None:
    """Nor when nobody knows how long ago the last attempt was."""
    known = sightings(seen("150", 50))

    late = after(in_doubt(), (20, BEGAN), (21, NO_ANSWER))
    assert known.ceiling(late, moment(80)) is None
    assert known.ceiling(in_doubt(), moment(80, steady_since=30)) is None
    assert known.ceiling(in_doubt(), moment(80, steady_since=10)) == seen("150", 50)


def test_sightings_of_the_same_moment_are_remembered_as_one() -> None:
    """Ten seconds apart is precise enough; a burst of messages would make thousands."""
    assert APART == 10
    known = sightings(
        seen("140", 35), seen("141", 44.5), seen("142", 45), seen("143", 54.5)
    )

    assert known.ceiling(in_doubt(), moment(80)) == seen("142", 45)
    assert known.latest == seen("143", 54.5)


def test_a_thousand_sightings_are_remembered() -> None:
    """Without the oldest a search has more to ask, that is all."""
    known = sightings(*(seen(str(number), 100 + 10 * number) for number in range(MANY)))
    assert MANY == 1000
    assert known.ceiling(in_doubt(), moment(1e6)) == seen("0", 100)

    known.note(seen("new", 1e5))
    assert known.ceiling(in_doubt(), moment(1e6)) == seen("1", 110)
