"""Finding what a lost answer was about, among all that the account sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import pytest

from custom_components.bisms.provider.client import BismsClient
from custom_components.bisms.provider.codes import NoAnswerError, ReportNotFoundError
from custom_components.bisms.provider.models import (
    DeliveryReport,
    NumberState,
    ReportPhase,
)
from custom_components.bisms.record import (
    UNKNOWN,
    Delivery,
    Event,
    Found,
    Signal,
    State,
)
from custom_components.bisms.search import find

from .messages import ALI, AYSE, NOW, delivery, having

PAGE = 50


@dataclass
class Books:
    """What the provider has: ids, newest first, and to whom each went.

    None is an id without a report, empty one whose report says that it is about to be sent.
    """

    sendings: Mapping[str, tuple[str, ...] | None]
    silent: bool = False
    asked: list[str] = field(default_factory=list)

    async def get_sent_ids(self, page: int = 0) -> tuple[str, ...]:
        """Return a page of ids."""
        self.asked.append(f"page {page}")
        return tuple(self.sendings)[page * PAGE : (page + 1) * PAGE]

    async def get_report(self, dlr_id: str) -> DeliveryReport:
        """Return the report on a sending."""
        self.asked.append(dlr_id)
        if self.silent:
            raise NoAnswerError("lost")
        numbers = self.sendings[dlr_id]
        if numbers is None:
            raise ReportNotFoundError("79")
        if not numbers:
            return DeliveryReport(ReportPhase.NOT_SENT_YET)
        return about(*numbers)


def about(*numbers: str) -> DeliveryReport:
    """Return a report on these numbers."""
    return DeliveryReport(
        ReportPhase.UPDATING, dict.fromkeys(numbers, NumberState.PENDING)
    )


async def found(books: Books, sought: Delivery, *others: Delivery) -> Event:
    """Look for a delivery."""
    return await find(cast(BismsClient, books), sought, lambda: others)


def in_doubt(*numbers: str, baseline: str | None = "100", since: float = 0) -> Delivery:
    """Return a message whose only attempt got no answer."""
    return having(
        delivery(*numbers),
        baseline=baseline,
        baseline_at=NOW + since,
        first_attempt_at=NOW + since,
        last_attempt_at=NOW + since,
        doubt_since=NOW + since,
    )


def lost(*numbers: str, since: float = 0) -> Delivery:
    """Return a message that was accepted under an id that was lost."""
    d = in_doubt(*numbers, since=since)
    return having(d, doubt_since=None, accepted_at=NOW + since + 3, state=State.WAITING)


def known(dlr_id: str, *numbers: str) -> Delivery:
    """Return a message that was accepted under an id that is known."""
    return having(delivery(*numbers), dlr_id=dlr_id, accepted_at=NOW)


async def test_the_one_new_sending_to_the_same_number_is_ours() -> None:
    """Only ids that were not there before are looked at."""
    books = Books({"101": (AYSE,), "100": (AYSE,), "99": (AYSE,)})

    assert await found(books, in_doubt()) == Found("101", about(AYSE))
    assert books.asked == ["page 0", "101"]


@pytest.mark.parametrize("numbers", [(ALI,), (AYSE, ALI)])
async def test_a_sending_to_other_numbers_is_never_ours(
    numbers: tuple[str, ...],
) -> None:
    """Another program uses the same account."""
    assert (
        await found(Books({"101": numbers, "100": ()}), in_doubt())
        == Signal.NOTHING_FOUND
    )


async def test_all_numbers_must_be_the_same() -> None:
    """In whatever order."""
    books = Books({"102": (ALI, AYSE), "101": (AYSE,), "100": ()})

    event = await found(books, in_doubt(AYSE, ALI))

    assert event == Found("102", about(ALI, AYSE))


async def test_without_new_sendings_nothing_is_found() -> None:
    """It certainly was not sent."""
    assert await found(Books({"100": ()}), in_doubt()) == Signal.NOTHING_FOUND


@pytest.mark.parametrize("numbers", [None, ()])
async def test_a_sending_without_a_report_leaves_the_question_open(
    numbers: tuple[str, ...] | None,
) -> None:
    """79 and 29 do not tell to whom it went; sending again could double it."""
    assert (
        await found(Books({"101": numbers, "100": ()}), in_doubt()) == Signal.UNDECIDED
    )


async def test_a_match_settles_it_whatever_else_is_open() -> None:
    """One message is one sending."""
    books = Books({"102": None, "101": (AYSE,), "100": ()})

    assert await found(books, in_doubt()) == Found("101", about(AYSE))


async def test_pages_are_read_until_the_remembered_id() -> None:
    """However many sendings other programs made meanwhile."""
    sendings = {str(number): (ALI,) for number in range(220, 99, -1)} | {"105": (AYSE,)}
    books = Books(sendings)

    assert await found(books, in_doubt()) == Found("105", about(AYSE))
    assert [asked for asked in books.asked if "page" in asked] == [
        "page 0",
        "page 1",
        "page 2",
    ]


async def test_ids_that_move_to_the_next_page_meanwhile_are_asked_about_once() -> None:
    """As when somebody sends between two questions."""

    class Moving(Books):
        async def get_sent_ids(self, page: int = 0) -> tuple[str, ...]:
            """Return pages that overlap."""
            ids = tuple(self.sendings)
            return ids[page * 2 : page * 2 + 3]

    books = Moving({str(number): (ALI,) for number in range(106, 99, -1)})

    assert await found(books, in_doubt()) == Signal.NOTHING_FOUND
    assert sorted(books.asked) == [str(number) for number in range(101, 107)]


async def test_nothing_to_compare_with_leaves_nothing_to_look_for() -> None:
    """The newest id was never learned, or is gone."""
    books = Books({"101": (AYSE,)})

    assert await found(books, in_doubt(baseline=None)) == Signal.NO_REFERENCE
    assert await found(books, in_doubt(baseline="1")) == Signal.NO_REFERENCE
    assert books.asked.count("101") == 0


async def test_a_server_that_repeats_its_last_page_does_not_keep_us_forever() -> None:
    """The remembered id is not in it."""

    class Stuck(Books):
        async def get_sent_ids(self, page: int = 0) -> tuple[str, ...]:
            """Return the same page whatever is asked."""
            self.asked.append(f"page {page}")
            return tuple(self.sendings)

    books = Stuck({"101": (AYSE,)})

    assert await found(books, in_doubt()) == Signal.NO_REFERENCE
    assert books.asked == ["page 0", "page 1"]


async def test_in_an_account_that_was_empty_every_sending_is_new() -> None:
    """The first message ever."""
    books = Books({"2": (AYSE,), "1": (ALI,)})

    assert await found(books, in_doubt(baseline="")) == Found("2", about(AYSE))
    assert await found(Books({}), in_doubt(baseline="")) == Signal.NOTHING_FOUND


async def test_an_id_that_another_message_has_is_not_asked_about() -> None:
    """It can't be ours."""
    books = Books({"101": (AYSE,), "100": ()})

    assert await found(books, in_doubt(), known("101", AYSE)) == Signal.NOTHING_FOUND
    assert books.asked == ["page 0"]


async def test_an_id_that_another_message_got_meanwhile_is_not_taken_from_it() -> None:
    """The other one is looked for at the same time."""
    books = Books({"101": (AYSE,), "100": ()})
    sights = iter([[in_doubt()], [known("101", AYSE)]])

    event = await find(cast(BismsClient, books), in_doubt(), lambda: next(sights))

    assert event == Signal.NOTHING_FOUND


async def test_no_answer_is_no_answer() -> None:
    """The caller decides what that means."""
    with pytest.raises(NoAnswerError):
        await found(Books({"101": (AYSE,), "100": ()}, silent=True), in_doubt())


RIVALS = {
    "a rival in doubt may have the only match": (
        [in_doubt(since=5)],
        1,
        Signal.UNDECIDED,
    ),
    "a rival that is accepted has it": ([lost(since=5)], 1, Signal.NOTHING_FOUND),
    "with a match for each, the older is ours": (
        [in_doubt(since=5)],
        2,
        Found("101", about(AYSE)),
    ),
    "two rivals, one of which has a match for certain": (
        [lost(since=5), in_doubt(since=5)],
        2,
        Signal.UNDECIDED,
    ),
    "a rival to other numbers does not count": (
        [in_doubt(ALI, since=5)],
        1,
        Found("101", about(AYSE)),
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
        [
            having(
                in_doubt(since=5), state=State.FAILED, reason=UNKNOWN, doubt_since=None
            )
        ],
        1,
        Signal.UNDECIDED,
    ),
    "a rival that was sent again without knowing may have several": (
        [having(known("103", AYSE), accepted_at=NOW + 9, unknowable=True)],
        2,
        Signal.UNDECIDED,
    ),
    "a message that was not sent is no rival": (
        [delivery(AYSE)],
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


async def test_an_accepted_message_takes_the_oldest_match() -> None:
    """It has one for certain, so nobody is asked first."""
    books = Books({"102": (AYSE,), "101": (AYSE,), "100": ()})

    assert await found(books, lost(), in_doubt()) == Found("101", about(AYSE))
    assert await found(Books({"100": ()}), lost()) == Signal.NOTHING_FOUND
    assert await found(Books({"101": None, "100": ()}), lost()) == Signal.UNDECIDED
