"""Sharing out places in the list among those who claim them."""

from hypothesis import given, strategies as st
import pytest

from custom_components.bisms.outbox.shares import Claim, shared_out


def claim(newest: int, end: int, since: float = 0, owner: str = "d") -> Claim:
    """Return a claim of some of the places."""
    return Claim(newest, end, since, owner)


@pytest.mark.parametrize(
    ("place", "covered"), [(1, False), (2, True), (4, True), (5, False)]
)
def test_a_claim_is_of_the_places_between_its_ends(place: int, covered: bool) -> None:
    """The newest is in it, the end is not."""
    assert claim(2, 5).covers(place) is covered


def test_an_older_place_is_for_who_cannot_have_a_newer_one() -> None:
    """However late it was tried."""
    assert shared_out({0, 1}, [claim(0, 2, since=1), claim(1, 2, since=2)]) == {
        0: 0,
        1: 1,
    }


def test_a_newer_place_is_for_who_cannot_have_an_older_one() -> None:
    """However early it was tried."""
    assert shared_out({0, 1}, [claim(0, 1, since=1), claim(0, 2, since=2)]) == {
        0: 0,
        1: 1,
    }


def test_where_both_may_have_both_the_first_that_was_tried_has_the_older() -> None:
    """Or else the one whose name comes first, so that all who ask are told the same."""
    first, second = claim(0, 2, since=1, owner="b"), claim(0, 2, since=2, owner="a")
    assert shared_out({0, 1}, [first, second]) == {0: 1, 1: 0}
    assert shared_out({0, 1}, [second, first]) == {0: 0, 1: 1}
    same = claim(0, 2, since=2, owner="b")
    assert shared_out({0, 1}, [same, second]) == {0: 0, 1: 1}


def test_an_older_place_is_for_who_cannot_have_one_before_it() -> None:
    """The other one may be older than all that is to be shared out."""
    assert shared_out({0, 1}, [claim(0, 3, since=1), claim(0, 2, since=2)]) == {
        0: 0,
        1: 1,
    }


def test_what_nobody_claims_stays_and_who_finds_nothing_has_none() -> None:
    """There may be more places than claims, or fewer."""
    assert shared_out({0, 3}, [claim(0, 2), claim(0, 1)]) == {1: 0}
    assert shared_out(set(), [claim(0, 2)]) == {}
    assert shared_out({0, 3}, []) == {}


def _most(places: list[int], claims: list[Claim]) -> int:
    """Return how many claims can be met at most, by trying all ways."""
    if not places:
        return 0
    place, *rest = places
    best = _most(rest, claims)
    for number, each in enumerate(claims):
        if each.covers(place):
            best = max(best, 1 + _most(rest, claims[:number] + claims[number + 1 :]))
    return best


_SPANS = st.tuples(st.integers(0, 5), st.integers(0, 5)).map(sorted)


@given(
    st.sets(st.integers(0, 4), max_size=5),
    st.lists(_SPANS.map(lambda span: claim(span[0], span[1])), max_size=5),
)
def test_as_many_as_can_be_are_met(places: set[int], claims: list[Claim]) -> None:
    """None gets what it does not claim, and none gets what another has."""
    shares = shared_out(places, claims)

    assert all(claims[number].covers(place) for number, place in shares.items())
    assert len(set(shares.values())) == len(shares)
    assert set(shares.values()) <= places
    assert len(shares) == _most(sorted(places), claims)
