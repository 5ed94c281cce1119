"""Finding what a lost answer was about, among all that the account sent."""

from collections.abc import Collection

import pytest

from custom_components.bisms.outbox.events import Found, Signal
from custom_components.bisms.outbox.record import Delivery
from custom_components.bisms.outbox.search import REUSED
from custom_components.bisms.provider.codes import NoAnswerError
from custom_components.bisms.provider.models import DeliveryReport, ReportPhase
from tests.messages import ALI, AYSE, NOW, having, moment

from .books import Books, Numbers, about, found, in_doubt, known, nowhere, search

FATMA = "905553334455"


async def test_the_one_new_sending_to_the_same_number_is_ours() -> None:
    """Only ids that were not there before are looked at."""
    books = Books({"101": (AYSE,), "100": (AYSE,), "99": (AYSE,)})

    assert await found(books, in_doubt()) == Found("101", about(AYSE))
    assert books.asked == ["page 0", "101"]


async def test_the_newest_id_is_told_with_what_was_found() -> None:
    """Whoever looked need not ask for it."""
    for sendings, newest in (
        ({"102": (ALI,), "101": (AYSE,), "100": ()}, "102"),
        ({"100": ()}, "100"),
    ):
        books = Books(sendings)
        seen: list[str] = []
        await search(books).find(in_doubt(), nowhere, list, moment(), seen.append)
        assert seen == [newest]


@pytest.mark.parametrize("numbers", [(ALI,), (AYSE, ALI)])
async def test_a_sending_to_other_numbers_is_never_ours(
    numbers: tuple[str, ...],
) -> None:
    """Another program uses the same account."""
    books = Books({"101": numbers, "100": ()})

    assert await found(books, in_doubt()) is Signal.NOTHING_FOUND


async def test_all_numbers_must_be_the_same() -> None:
    """In whatever order."""
    books = Books({"102": (ALI, AYSE), "101": (ALI, FATMA), "100": ()})

    event = await found(books, in_doubt(AYSE, ALI))

    assert event == Found("102", about(ALI, AYSE))


@pytest.mark.parametrize("numbers", [(AYSE,), (ALI,)])
async def test_a_report_that_leaves_numbers_out_leaves_the_question_open(
    numbers: tuple[str, ...],
) -> None:
    """Blacklisted ones may not be in it."""
    books = Books({"101": numbers, "100": ()})

    assert await found(books, in_doubt(AYSE, ALI)) is Signal.UNDECIDED


async def test_a_report_without_any_number_leaves_the_question_open() -> None:
    """It says that it began, and nothing else yet."""

    class Bare(Books):
        async def get_report(self, dlr_id: str) -> DeliveryReport:
            """Return a report that names nobody."""
            return DeliveryReport(ReportPhase.UPDATING)

    books = Bare({"101": (), "100": ()})

    assert await found(books, in_doubt()) is Signal.UNDECIDED


async def test_a_report_that_names_others_besides_is_anothers() -> None:
    """However many of ours it names."""
    books = Books({"101": (AYSE, ALI, FATMA), "100": ()})

    assert await found(books, in_doubt(AYSE, ALI)) is Signal.NOTHING_FOUND


async def test_without_new_sendings_nothing_is_found() -> None:
    """It certainly was not sent."""
    assert await found(Books({"100": ()}), in_doubt()) is Signal.NOTHING_FOUND


@pytest.mark.parametrize("numbers", [None, ()])
async def test_a_sending_without_a_report_leaves_the_question_open(
    numbers: Numbers,
) -> None:
    """79 and 29 do not tell to whom it went; sending again could double it."""
    books = Books({"101": numbers, "100": ()})

    assert await found(books, in_doubt()) is Signal.UNDECIDED


async def test_a_match_settles_it_whatever_else_is_open() -> None:
    """One message is one sending."""
    books = Books({"102": None, "101": (AYSE,), "100": ()})

    assert await found(books, in_doubt()) == Found("101", about(AYSE))


async def test_pages_are_read_until_the_remembered_id() -> None:
    """However many sendings other programs made meanwhile; and not one page further."""
    sendings = {str(number): (ALI,) for number in range(400, 50, -1)} | {"105": (AYSE,)}
    books = Books(sendings)

    assert await found(books, in_doubt(baseline="260")) is Signal.NOTHING_FOUND
    assert [each for each in books.asked if "page" in each] == [
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

    assert await found(books, in_doubt()) is Signal.NOTHING_FOUND
    assert sorted(books.asked) == [str(number) for number in range(101, 107)]


async def test_nothing_to_compare_with_leaves_nothing_to_look_for() -> None:
    """The newest id was never learned, or is gone."""
    books = Books({"101": (AYSE,)})
    without = having(in_doubt(), baseline=None)

    assert await found(books, without) is Signal.NO_REFERENCE
    assert books.asked == []
    assert await found(books, in_doubt(baseline="1")) is Signal.NO_REFERENCE
    assert books.asked == ["page 0", "page 1"]


async def test_a_server_that_repeats_its_last_page_does_not_keep_us_forever() -> None:
    """The remembered id is not in it."""

    class Stuck(Books):
        async def get_sent_ids(self, page: int = 0) -> tuple[str, ...]:
            """Return the same page whatever is asked."""
            self.asked.append(f"page {page}")
            return tuple(self.sendings)

    books = Stuck({"101": (AYSE,)})

    assert await found(books, in_doubt()) is Signal.NO_REFERENCE
    assert books.asked == ["page 0", "page 1"]


async def test_in_an_account_that_was_empty_every_sending_is_new() -> None:
    """The first message ever."""
    books = Books({"2": (AYSE,), "1": (ALI,)})

    assert await found(books, in_doubt(baseline="")) == Found("2", about(AYSE))
    assert await found(Books({}), in_doubt(baseline="")) is Signal.NOTHING_FOUND


async def test_an_id_that_another_message_has_is_not_asked_about() -> None:
    """It can't be ours."""
    books = Books({"102": None, "101": (AYSE,), "100": ()})

    event = await found(books, in_doubt(), known("101", AYSE), known("102", ALI))

    assert event is Signal.NOTHING_FOUND
    assert books.asked == ["page 0"]


async def test_an_id_that_another_message_got_meanwhile_is_not_taken_from_it() -> None:
    """The other one is looked for at the same time."""
    books = Books({"101": (AYSE,), "100": ()})
    sights: list[list[Delivery]] = [[in_doubt()], [known("101", AYSE)]]

    def others() -> Collection[Delivery]:
        return sights.pop(0)

    event = await search(books).find(in_doubt(), nowhere, others, moment())

    assert event is Signal.NOTHING_FOUND


async def test_no_answer_is_no_answer() -> None:
    """The caller decides what that means."""
    with pytest.raises(NoAnswerError):
        await found(Books({"101": (AYSE,), "100": ()}, silent=True), in_doubt())


async def test_what_was_not_there_yet_when_all_was_settled_is_anothers() -> None:
    """It is not even asked about."""
    books = Books({"103": (AYSE,), "102": (ALI,), "101": (AYSE,), "100": ()})

    assert await found(books, in_doubt(), ceiling="102") == Found("101", about(AYSE))
    assert books.asked == ["page 0", "101", "102"]
    assert await found(books, in_doubt(), ceiling="103") is Signal.UNDECIDED


async def test_where_nothing_came_until_all_was_settled_there_is_nothing_of_ours() -> (
    None
):
    """Whatever came later."""
    books = Books({"101": (AYSE,), "100": ()})

    assert await found(books, in_doubt(), ceiling="100") is Signal.NOTHING_FOUND
    assert books.asked == ["page 0"]


async def test_an_id_that_an_answer_gave_and_the_list_lacks_is_no_ceiling() -> None:
    """The list may lag behind: what is in it may still be ours."""
    books = Books({"101": (AYSE,), "100": ()})

    assert await found(books, in_doubt(), ceiling="102") == Found("101", about(AYSE))


async def test_a_report_is_not_asked_for_again_within_a_minute() -> None:
    """Many may be in doubt at the same time."""
    books = Books({"101": (AYSE,), "100": ()})
    looking = search(books)

    for seconds in (0, REUSED - 1):
        await looking.find(in_doubt(), nowhere, list, moment(seconds))
    assert books.asked.count("101") == 1
    await looking.find(in_doubt(), nowhere, list, moment(REUSED))
    assert books.asked.count("101") == 2
    await looking.find(in_doubt(), nowhere, list, moment(REUSED + 59))
    assert books.asked.count("101") == 2
    assert REUSED == 60


async def test_a_report_that_is_not_there_yet_is_asked_for_again_later() -> None:
    """It may be there by then."""
    for before in (None, ()):
        sendings: dict[str, Numbers] = {"101": before, "100": ()}
        books = Books(sendings)
        looking = search(books)
        event = await looking.find(in_doubt(), nowhere, list, moment())
        assert event is Signal.UNDECIDED
        sendings["101"] = (AYSE,)
        event = await looking.find(in_doubt(), nowhere, list, moment(59))
        assert event is Signal.UNDECIDED
        event = await looking.find(in_doubt(), nowhere, list, moment(60))
        assert event == Found("101", about(AYSE))


async def test_a_report_that_names_others_is_never_asked_for_again() -> None:
    """Its numbers may become more, but never others."""
    books = Books({"101": (ALI,), "100": ()})
    looking = search(books)

    for seconds in (0, 100, 1000):
        await looking.find(in_doubt(), nowhere, list, moment(seconds))
    assert books.asked.count("101") == 1
    # For Ali it is another matter.
    await looking.find(in_doubt(ALI), nowhere, list, moment(1000))
    assert books.asked.count("101") == 2


async def test_only_so_many_reports_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those that were asked for last."""
    monkeypatch.setattr("custom_components.bisms.outbox.search.MANY", 2)
    books = Books({"102": (AYSE,), "101": (AYSE,), "100": ()})
    looking = search(books)

    await looking.find(in_doubt(baseline="101"), nowhere, list, moment())
    await looking.find(in_doubt(), nowhere, list, moment(REUSED))
    assert list(looking._reports) == ["101", "102"]
    books.sendings = {"103": (AYSE,), **books.sendings}
    await looking.find(in_doubt(baseline="102"), nowhere, list, moment(REUSED))
    assert list(looking._reports) == ["102", "103"]


async def test_a_question_without_an_answer_is_not_remembered_as_one() -> None:
    """It is asked again at once."""
    books = Books({"101": (AYSE,), "100": ()}, silent=True)
    looking = search(books)
    with pytest.raises(NoAnswerError):
        await looking.find(in_doubt(), nowhere, list, moment())
    books.silent = False

    event = await looking.find(in_doubt(), nowhere, list, moment())

    assert event == Found("101", about(AYSE))


async def test_at_the_very_beginning_reports_are_asked_for_too() -> None:
    """A clock may begin at 0."""
    books = Books({"101": (AYSE,), "100": ()})

    event = await search(books).find(in_doubt(), nowhere, list, moment(-NOW))

    assert event == Found("101", about(AYSE))
