"""Who a sending belongs to that may be one message's or another's."""

from copy import replace

import pytest

from custom_components.bisms.outbox.events import Event, Found, Sighting, Signal
from custom_components.bisms.outbox.record import (
    UNKNOWN,
    Attempt,
    Attempts,
    Certainty,
    Delivery,
    End,
    State,
)
from custom_components.bisms.outbox.window import LIST_LAG, settle
from tests.messages import ALI, AYSE, NOW, delivery, having, message

from .books import Books, about, found, in_doubt, known, lost


def unknowable(delivery: Delivery) -> Delivery:
    """Return a message of which an attempt can never be found out."""
    attempts = Attempts(NOW, NOW, Certainty.UNKNOWABLE)
    return having(delivery, doubt=None, attempts=attempts)


FATMA = "905553334455"


RIVALS: dict[str, tuple[list[Delivery], int, Event]] = {
    "a rival in doubt may have the only match": (
        [in_doubt(since=5)],
        1,
        Signal.UNDECIDED,
    ),
    "a rival under way may have it": (
        [having(delivery(), doing=Attempt(NOW + 5))],
        1,
        Signal.UNDECIDED,
    ),
    "a rival whose baseline is older than what is looked at may have it": (
        [in_doubt(since=-5, baseline="90")],
        1,
        Signal.UNDECIDED,
    ),
    "a rival that is accepted has it": ([lost(since=5)], 1, Signal.NOTHING_FOUND),
    "a rival of the same moment has it": ([lost()], 1, Signal.NOTHING_FOUND),
    "with a match for each, the older is ours": (
        [in_doubt(since=5)],
        2,
        Found("101", about(AYSE)),
    ),
    "an accepted rival and one's own": ([lost(since=5)], 2, Found("101", about(AYSE))),
    "two rivals, one of which has a match for certain": (
        [lost(since=5), in_doubt(since=5)],
        2,
        Signal.UNDECIDED,
    ),
    "two rivals, both of which have one for certain": (
        [lost(since=5), lost(since=6)],
        2,
        Signal.NOTHING_FOUND,
    ),
    "a match for each of three": (
        [lost(since=5), in_doubt(since=5)],
        3,
        Found("101", about(AYSE)),
    ),
    "more matches than messages": ([in_doubt(since=5)], 3, Signal.UNDECIDED),
    "a rival to other numbers does not count": (
        [in_doubt(ALI, since=5)],
        1,
        Found("101", about(AYSE)),
    ),
    "a rival to more numbers may have it, its report being short": (
        [in_doubt(AYSE, ALI, since=5)],
        1,
        Signal.UNDECIDED,
    ),
    "a rival to more numbers does not certainly have it": (
        [lost(AYSE, ALI, since=5)],
        1,
        Signal.UNDECIDED,
    ),
    "a rival that was over before does not count": (
        [in_doubt(since=-60)],
        1,
        Found("101", about(AYSE)),
    ),
    "a rival accepted around that time may have it": (
        [lost(since=-2)],
        1,
        Signal.UNDECIDED,
    ),
    "a rival that is unknown for good may have it": (
        [having(in_doubt(since=5), doing=End(State.FAILED, UNKNOWN), doubt=None)],
        1,
        Signal.UNDECIDED,
    ),
    "a rival that was sent again without knowing may have several": (
        [unknowable(known("103", AYSE))],
        2,
        Signal.UNDECIDED,
    ),
    "a message that was not sent is no rival": (
        [delivery(AYSE), having(delivery(AYSE), doing=End(State.EXPIRED, None))],
        1,
        Found("101", about(AYSE)),
    ),
    "a message whose id is known is no rival": (
        [known("99", AYSE)],
        1,
        Found("101", about(AYSE)),
    ),
}


@pytest.mark.parametrize(("rivals", "matches", "event"), RIVALS.values(), ids=RIVALS)
async def test_a_match_is_shared_out_among_those_it_may_belong_to(
    rivals: list[Delivery], matches: int, event: Event
) -> None:
    """In doubt it is asked again, and nothing is sent."""
    ids = {str(101 + number): (AYSE,) for number in reversed(range(matches))}

    assert await found(Books({**ids, "100": ()}), in_doubt(), *rivals) == event


@pytest.mark.parametrize(
    ("seconds", "is_rival"),
    [(settle(message()) + LIST_LAG, False), (settle(message()) + LIST_LAG - 1, True)],
)
async def test_a_rival_counts_as_long_as_it_may_have_come_into_the_list_later(
    seconds: float, is_rival: bool
) -> None:
    """Its attempt takes effect until 20 s later, and the list lags by as long."""
    books = Books({"101": (AYSE,), "100": ()})

    event = await found(books, in_doubt(), in_doubt(since=-seconds))

    assert event == (Signal.UNDECIDED if is_rival else Found("101", about(AYSE)))


@pytest.mark.parametrize(("seconds", "is_rival"), [(LIST_LAG, False), (19, True)])
async def test_an_accepted_rival_counts_as_long_as_the_list_may_lack_it(
    seconds: float, is_rival: bool
) -> None:
    """From when it was accepted."""
    books = Books({"101": (AYSE,), "100": ()})

    event = await found(books, in_doubt(), lost(since=-seconds - 3))

    assert event == (Signal.UNDECIDED if is_rival else Found("101", about(AYSE)))


async def test_a_rival_without_an_attempt_counts_from_when_it_was_made() -> None:
    """As one that came back from a backup."""
    restored = having(in_doubt(), attempts=None)
    books = Books({"101": (AYSE,), "100": ()})

    assert await found(books, in_doubt(), restored) is Signal.UNDECIDED
    early = having(restored, created_at=NOW - 60)
    assert await found(books, in_doubt(), early) == Found("101", about(AYSE))
    accepted = having(lost(), attempts=None)
    assert await found(books, in_doubt(), accepted) is Signal.NOTHING_FOUND


@pytest.mark.parametrize("ceiling", [None, "101"])
@pytest.mark.parametrize(("seconds", "was_seen"), [(LIST_LAG, True), (19, False)])
async def test_an_accepted_rival_has_a_match_only_if_it_was_in_the_list_by_then(
    seconds: float, was_seen: bool, ceiling: str | None
) -> None:
    """Else the match may be ours, and ours would be sent again."""
    books = Books({"101": (AYSE,), "100": ()})
    rival = lost(since=5)  # accepted 3 s later
    after = 8 + seconds

    event = await found(books, in_doubt(), rival, ceiling=ceiling, after=after)

    assert event is (Signal.NOTHING_FOUND if was_seen else Signal.UNDECIDED)


async def test_an_accepted_message_that_was_sent_without_a_baseline_owns_no_match() -> (
    None
):
    """Its id may be older than the baseline that it got later."""
    books = Books({"101": (AYSE,), "100": ()})
    astray = having(lost(), attempts=Attempts(NOW, NOW, Certainty.UNKNOWABLE))

    assert await found(books, astray, in_doubt(since=5)) is Signal.UNDECIDED
    assert await found(books, in_doubt(since=5), astray) is Signal.UNDECIDED


async def test_a_rival_that_was_not_tried_by_then_is_none() -> None:
    """What came into the list later is not looked at."""
    books = Books({"101": (AYSE,), "100": ()})
    later = in_doubt(since=111)

    event = await found(books, in_doubt(), later, ceiling="101", after=50)
    assert event == Found("101", about(AYSE))
    event = await found(books, in_doubt(), later, ceiling="101", after=51)
    assert event is Signal.UNDECIDED  # a request takes up to 60 s


async def test_a_rival_of_before_a_restart_may_be_of_just_before() -> None:
    """A clock that was set while the power was off makes seconds look like hours."""
    books = Books({"101": (AYSE,), "100": ()})
    rival = in_doubt(since=-7200)
    reach = settle(message()) + LIST_LAG

    event = await found(books, in_doubt(), rival, steady_since=1 - reach)
    assert event is Signal.UNDECIDED
    event = await found(books, in_doubt(), rival, steady_since=-reach)
    assert event == Found("101", about(AYSE))


async def test_what_was_accepted_before_a_restart_may_be_on_no_list_after_it() -> None:
    """The seconds that the list lags may not be over, whatever the clock says."""
    books = Books({"101": (AYSE,), "100": ()})
    rival = lost(since=5)

    for steady_since, event in (
        (81 - 1, Signal.NOTHING_FOUND),
        (81, Signal.UNDECIDED),
    ):
        assert await found(books, in_doubt(), rival, steady_since=steady_since) is event


async def test_an_accepted_message_takes_the_oldest_match() -> None:
    """It has one for certain, so nobody is asked first."""
    books = Books({"102": (AYSE,), "101": (AYSE,), "100": ()})

    assert await found(books, lost(), in_doubt()) == Found("101", about(AYSE))
    assert await found(Books({"100": ()}), lost()) is Signal.NOTHING_FOUND
    assert await found(Books({"101": None, "100": ()}), lost()) is Signal.UNDECIDED
    subset = Books({"101": (AYSE,), "100": ()})
    assert await found(subset, lost(AYSE, ALI)) is Signal.UNDECIDED


async def test_an_accepted_message_takes_no_match_that_one_in_doubt_might_miss() -> (
    None
):
    """That one would find nothing, and be sent again."""
    books = Books({"102": (AYSE,), "101": (AYSE,), "100": ()})
    before, after = in_doubt(since=-5), in_doubt(since=5)
    ours = lost()

    assert await found(books, ours, before, after) is Signal.UNDECIDED
    # It no longer matters where none of them is sent again; the older is the first one's.
    ended = End(State.FAILED, UNKNOWN)
    before, after = (having(each, doing=ended, doubt=None) for each in (before, after))
    assert await found(books, ours, before, after) == Found("102", about(AYSE))


async def test_an_accepted_message_has_the_only_match() -> None:
    """Whoever else is in doubt, it has one for certain."""
    books = Books({"101": (AYSE,), "100": ()})
    rivals = in_doubt(since=-5), in_doubt(since=5)

    assert await found(books, lost(), *rivals) == Found("101", about(AYSE))


async def test_what_was_in_the_list_before_a_message_was_tried_is_anothers() -> None:
    """Though that message was tried first, and a long time ago: what counts is since when."""
    books = Books({"102": (AYSE,), "101": (AYSE,), "100": ()})
    tried_again = having(in_doubt(), baseline=Sighting("101", NOW + 5))

    event = await found(books, lost(since=5), tried_again)
    assert event == Found("101", about(AYSE))
    only = Books({"101": (AYSE,), "100": ()})
    assert await found(only, in_doubt(since=5), tried_again) == event


async def test_an_accepted_message_whose_id_may_not_be_in_the_list_yet_waits() -> None:
    """The only match may be another's."""
    books = Books({"101": (AYSE,), "100": ()})

    event = await found(books, lost(), in_doubt(since=5), after=3 + LIST_LAG - 1)
    assert event is Signal.UNDECIDED
    event = await found(books, lost(), in_doubt(since=5), after=3 + LIST_LAG)
    assert event == Found("101", about(AYSE))


async def test_the_oldest_match_is_taken_where_there_is_one_for_each() -> None:
    """A rival that began later could not take that one."""
    books = Books({"102": (AYSE,), "101": (AYSE,), "100": ()})

    event = await found(books, in_doubt(), in_doubt(since=5, baseline="101"))

    assert event == Found("101", about(AYSE))


async def test_what_was_tried_later_takes_the_younger_match() -> None:
    """The other one could not: what is younger came when its attempts had settled."""
    books = Books({"102": (AYSE,), "101": (AYSE,), "100": ()})

    event = await found(books, in_doubt(since=5), in_doubt())
    assert event == Found("102", about(AYSE))
    assert await found(books, lost(since=5), in_doubt()) == Found("102", about(AYSE))


async def test_messages_of_the_same_moment_each_take_another_match() -> None:
    """Whoever looks first."""
    books = Books({"102": (AYSE,), "101": (AYSE,), "100": ()})
    one, two = (having(in_doubt(), id=each) for each in ("one", "two"))

    assert await found(books, one, two) == Found("101", about(AYSE))
    assert await found(books, two, one) == Found("102", about(AYSE))


async def test_a_message_with_numbers_in_common_only_is_no_rival() -> None:
    """A report of its sending names somebody who is not among ours."""
    books = Books({"101": (AYSE, ALI), "100": ()})
    other = replace(in_doubt(AYSE, FATMA, since=5), id="d2")

    event = await found(books, in_doubt(AYSE, ALI), other)

    assert event == Found("101", about(AYSE, ALI))


@pytest.mark.parametrize("matches", [2, 3])
async def test_more_matches_than_messages_are_another_programs_too(
    matches: int,
) -> None:
    """Nobody knows which: neither taken nor sent again."""
    ids = {str(100 + n): (AYSE,) for n in range(matches, 0, -1)}

    assert await found(Books({**ids, "100": ()}), in_doubt()) is Signal.UNDECIDED
