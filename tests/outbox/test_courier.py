"""Each answer, or that there was none, comes back as an event, and is known to mean something."""

from collections.abc import Collection
from typing import Any, cast

import pytest

from custom_components.bisms.outbox.clock import Clock
from custom_components.bisms.outbox.courier import Courier
from custom_components.bisms.outbox.events import (
    Accepted,
    Event,
    Found,
    NotSent,
    Refused,
    Reported,
    Sighting,
    Signal,
    Silent,
)
from custom_components.bisms.outbox.record import Delivery
from custom_components.bisms.provider.client import BismsClient
from custom_components.bisms.provider.codes import (
    BismsError,
    DuplicateMessageError,
    InvalidAuthError,
    NoAnswerError,
    NotSentError,
    RefusedError,
    ReportNotFoundError,
    ServerError,
    UnknownCodeError,
    UnknownError,
    UnreadableAnswerError,
    WrongHeaderError,
)
from custom_components.bisms.provider.models import (
    DeliveryReport,
    NumberState,
    Receipt,
    ReportPhase,
)
from tests.messages import AYSE, NOW, message

from .lives import in_doubt

REPORT = DeliveryReport(ReportPhase.UPDATING, {AYSE: NumberState.PENDING})


class Provider:
    """Answers what it is told, or fails with it, a while after it was asked."""

    def __init__(self) -> None:
        """Begin with an account that has sent one message, to Ayşe."""
        self.at = NOW
        self.takes = 0.0
        self.failure: BismsError | None = None
        self.ids: tuple[str, ...] = ("101",)

    async def send(self, sent: object) -> Receipt:
        """Accept a message."""
        return Receipt(self._answer("101"))

    async def get_report(self, dlr_id: str) -> DeliveryReport:
        """Return a report."""
        return self._answer(REPORT)

    async def get_sent_ids(self, page: int = 0) -> tuple[str, ...]:
        """Return the ids."""
        return self._answer(() if page else self.ids)

    def _answer[AnswerT](self, answer: AnswerT) -> AnswerT:
        self.at += self.takes
        if self.failure is not None:
            raise self.failure
        return answer


class Office:
    """A courier, and what it told to whom."""

    def __init__(self) -> None:
        """Begin with a provider that answers."""
        self.provider = Provider()
        self.refusals: list[RefusedError] = []
        self.signals: list[Signal] = []
        clock = Clock(lambda: self.provider.at, lambda: self.provider.at)
        self.courier = Courier(
            cast(BismsClient, self.provider),
            clock,
            on_refusal=self.refusals.append,
            on_signal=self.signals.append,
        )

    def others(self) -> Collection[Delivery]:
        """Return all other deliveries."""
        return ()

    async def each(self) -> list[Event | None]:
        """Do everything that it can do, but send; return what came of it."""
        await self.courier.learn_newest_id()
        return [
            await self.courier.ask("101"),
            await self.courier.look(in_doubt(), self.others),
        ]


@pytest.fixture
def office() -> Office:
    """Return a courier's office."""
    return Office()


NO_ANSWERS = [
    NoAnswerError(""),
    ServerError(""),
    UnknownError(""),
    UnreadableAnswerError(""),
]
REFUSALS = [
    InvalidAuthError("87"),
    WrongHeaderError("85"),
    DuplicateMessageError("77"),
    UnknownCodeError("42"),
]


async def test_an_accepted_message_has_an_id(office: Office) -> None:
    """It is the newest in the account since the request began."""
    office.provider.takes = 5

    assert await office.courier.send(message()) == Accepted("101")
    assert office.courier.sightings.latest == Sighting("101", NOW)
    assert office.refusals == []
    assert office.signals == []


async def test_without_a_connection_it_was_certainly_not_sent(office: Office) -> None:
    """So that it may be sent again whenever that is possible."""
    office.provider.failure = NotSentError("")

    assert await office.courier.send(message()) == NotSent("cannot_connect")
    assert office.courier.sightings.latest is None


@pytest.mark.parametrize("failure", NO_ANSWERS, ids=lambda each: each.reason)
async def test_without_an_answer_nobody_knows_whether_it_was_sent(
    office: Office, failure: BismsError
) -> None:
    """99 is no answer either."""
    office.provider.failure = failure

    assert await office.courier.send(message()) == Silent(failure.reason)
    assert office.refusals == []


@pytest.mark.parametrize("failure", REFUSALS, ids=lambda each: each.reason)
async def test_a_refusal_is_told_with_its_reason(
    office: Office, failure: RefusedError
) -> None:
    """To the message and to the account."""
    office.provider.failure = failure

    assert await office.courier.send(message()) == Refused(failure.reason)
    assert office.refusals == [failure]
    assert office.courier.sightings.latest is None


async def test_a_report_is_passed_on(office: Office) -> None:
    """As it is."""
    assert await office.courier.ask("101") == Reported(REPORT)


async def test_a_report_that_is_not_there_yet_is_no_refusal(office: Office) -> None:
    """There may be one later."""
    office.provider.failure = ReportNotFoundError("79")

    assert await office.courier.ask("101") is Signal.NO_REPORT
    assert office.refusals == []


async def test_a_search_finds_what_is_there(office: Office) -> None:
    """And shows the newest id, as of when it began."""
    office.provider.takes = 3
    office.provider.ids = ("103", "102", "101", "100")
    event = await office.courier.look(in_doubt(), office.others)

    assert event is Signal.UNDECIDED  # three went to her
    assert office.courier.sightings.latest == Sighting("103", NOW)
    office.provider.ids = ("101", "100")
    assert await office.courier.look(in_doubt(), office.others) == Found("101", REPORT)


async def test_a_search_looks_only_at_what_was_there_when_all_was_settled(
    office: Office,
) -> None:
    """What came into the list later is another's."""
    office.provider.ids = ("100",)
    office.provider.at = NOW + 40
    await office.courier.learn_newest_id()
    office.provider.ids = ("101", "100")
    office.provider.at = NOW + 100

    event = await office.courier.look(in_doubt(), office.others)

    assert event is Signal.NOTHING_FOUND


async def test_a_search_without_a_reference_shows_no_newest_id(office: Office) -> None:
    """It did not see one."""
    without = in_doubt()._replace(baseline=None)

    event = await office.courier.look(without, office.others)

    assert event is Signal.NO_REFERENCE
    assert office.courier.sightings.latest is None


@pytest.mark.parametrize(
    "failure", [NotSentError(""), *NO_ANSWERS], ids=lambda each: each.reason
)
async def test_a_question_without_an_answer_is_only_that(
    office: Office, failure: BismsError
) -> None:
    """It is asked again later."""
    office.provider.failure = failure

    assert await office.each() == [Signal.ASK_FAILED] * 2
    assert office.refusals == []
    assert office.courier.sightings.latest is None


@pytest.mark.parametrize("failure", REFUSALS, ids=lambda each: each.reason)
async def test_a_question_that_is_refused_is_told_to_the_account(
    office: Office, failure: RefusedError
) -> None:
    """It asks for a new secret, say; for the message it is a question without an answer."""
    office.provider.failure = failure

    assert await office.each() == [Signal.ASK_FAILED] * 2
    assert office.refusals == [failure] * 3


async def test_the_newest_id_is_that_of_when_it_was_asked_for(office: Office) -> None:
    """What was sent meanwhile may be newer."""
    office.provider.takes = 10

    await office.courier.learn_newest_id()

    assert office.courier.sightings.latest == Sighting("101", NOW)


async def test_an_account_that_has_sent_nothing_has_no_newest_id(
    office: Office,
) -> None:
    """Which is something to compare with all the same."""
    office.provider.ids = ()

    await office.courier.learn_newest_id()

    assert office.courier.sightings.latest == Sighting("", NOW)


def _asks(office: Office) -> list[Any]:
    """Return every way to ask something."""
    return [
        office.courier.learn_newest_id,
        lambda: office.courier.ask("101"),
        lambda: office.courier.look(in_doubt(), office.others),
    ]


ALL_QUESTIONS = pytest.mark.parametrize("way", range(3))


@ALL_QUESTIONS
@pytest.mark.parametrize(
    ("answer", "signals"),
    [
        (None, [Signal.BACK]),
        (InvalidAuthError("87"), [Signal.BACK]),
        (NoAnswerError(""), []),
    ],
)
async def test_an_answered_question_after_silence_says_that_the_provider_is_back(
    office: Office, way: int, answer: BismsError | None, signals: list[Signal]
) -> None:
    """A refusal is an answer too."""
    ask = _asks(office)[way]
    office.provider.failure = NoAnswerError("")
    await ask()
    office.provider.at += 11
    office.provider.failure = answer

    await ask()

    assert office.signals == signals


async def test_a_report_that_is_not_there_is_an_answer_too(office: Office) -> None:
    """The provider is back."""
    office.provider.failure = NoAnswerError("")
    await office.courier.ask("101")
    office.provider.at += 11
    office.provider.failure = ReportNotFoundError("79")
    await office.courier.ask("101")

    assert office.signals == [Signal.BACK]


@pytest.mark.parametrize("failure", [NotSentError(""), NoAnswerError("")])
@pytest.mark.parametrize("answer", [None, WrongHeaderError("85")])
async def test_an_answered_attempt_after_silence_says_so_too(
    office: Office, failure: BismsError, answer: BismsError | None
) -> None:
    """Accepted or refused."""
    office.provider.failure = failure
    await office.courier.send(message())
    office.provider.at += 11
    office.provider.failure = answer

    await office.courier.send(message())

    assert office.signals == [Signal.BACK]


@ALL_QUESTIONS
@pytest.mark.parametrize("failure", [NotSentError(""), NoAnswerError("")])
@pytest.mark.parametrize("answer", [None, InvalidAuthError("87")])
async def test_while_only_attempts_fail_an_answered_question_says_less(
    office: Office, way: int, failure: BismsError, answer: BismsError | None
) -> None:
    """What could not be connected can be now; more is not known."""
    office.provider.failure = failure
    await office.courier.send(message())
    office.provider.at += 11
    office.provider.failure = answer

    await _asks(office)[way]()

    assert office.signals == [Signal.CONNECTED]


async def test_the_silence_ends_when_the_answer_comes(office: Office) -> None:
    """Not when it was asked for."""
    office.provider.failure = NoAnswerError("")
    office.provider.takes = 6
    await office.courier.ask("101")
    office.provider.failure = None
    await office.courier.ask("101")
    assert office.signals == []

    office.provider.failure = NoAnswerError("")
    await office.courier.ask("101")
    office.provider.takes = 11
    office.provider.failure = None
    await office.courier.ask("101")
    assert office.signals == [Signal.BACK]
