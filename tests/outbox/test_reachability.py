"""When what waits may go early: at the end of an outage, and not all the time."""

from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from custom_components.bisms.outbox.events import Signal
from custom_components.bisms.outbox.reachability import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    SILENCE,
    Reachability,
)
from tests.messages import HOUR


@dataclass
class Provider:
    """What becomes of requests to a provider, seconds after the start."""

    reachability: Reachability = field(default_factory=Reachability)

    def fails(self, *seconds: float, sending: bool) -> None:
        """Leave requests without an answer."""
        for at in seconds:
            self.reachability.failed(at, sending=sending)

    def takes(self, at: float) -> Signal | None:
        """Answer an attempt to send."""
        return self.reachability.answered(at, sending=True)

    def tells(self, at: float) -> Signal | None:
        """Answer a question."""
        return self.reachability.answered(at, sending=False)


def test_as_long_as_everything_is_answered_nothing_has_to_go_early() -> None:
    """Nothing waits."""
    provider = Provider()

    for at in (0, 1, HOUR, 24 * HOUR):
        assert provider.takes(at) is None
        assert provider.tells(at) is None


def test_silence_is_what_lasts_for_more_than_ten_seconds() -> None:
    """A single request without an answer is none."""
    assert SILENCE == 10
    provider = Provider()
    provider.fails(100, sending=True)
    assert provider.takes(110) is None

    provider.fails(200, sending=True)
    assert provider.takes(210.25) is Signal.BACK


def test_the_silence_begins_with_the_first_request_that_failed() -> None:
    """Further ones do not make it begin anew."""
    provider = Provider()
    provider.fails(0, 5, 9, sending=True)
    assert provider.takes(11) is Signal.BACK

    provider.fails(20, 25, 29, sending=False)
    assert provider.tells(31) is Signal.BACK


@pytest.mark.parametrize("sending", [True, False])
def test_when_anything_is_taken_again_everything_goes(sending: bool) -> None:
    """Whatever failed before."""
    provider = Provider()
    provider.fails(0, sending=sending)

    assert provider.takes(20) is Signal.BACK
    assert provider.takes(40) is None
    assert provider.tells(40) is None


def test_after_a_whole_outage_the_first_answer_lets_everything_go() -> None:
    """Be it that to a question, or that to an attempt to send."""
    for at in (20, HOUR, 48 * HOUR):
        asked, tried = Provider(), Provider()
        for provider in (asked, tried):
            provider.fails(0, at - 1, sending=True)
            provider.fails(0, at - 1, sending=False)

        assert asked.tells(at) is Signal.BACK
        assert tried.takes(at) is Signal.BACK


def test_while_only_sending_fails_an_answered_question_connects() -> None:
    """What had no answer must not be let go by it: it would have none again."""
    provider = Provider()
    provider.fails(0, sending=True)

    assert provider.tells(10) is None
    assert provider.tells(10.25) is Signal.CONNECTED


def test_while_only_sending_fails_answered_questions_let_go_ever_more_rarely() -> None:
    """After one minute, two, four, eight, and then every sixteen."""
    provider = Provider()
    provider.fails(0, sending=True)

    let_go = [at for at in range(2 * 3600) if provider.tells(at)]

    assert (FIRST_PAUSE, LONGEST_PAUSE) == (60, 960)
    assert let_go[0] == 11
    pauses = [later - sooner for sooner, later in pairwise(let_go)]
    assert pauses == [60, 120, 240, 480] + 6 * [960]


def test_two_hours_in_which_only_sending_fails_let_go_at_most_a_dozen_times() -> None:
    """However many questions are answered, and whatever of them fails in between."""
    provider, let_go = Provider(), 0
    for at in range(2 * 3600):
        if at % 30 < 15:
            provider.fails(at, sending=False)
        else:
            let_go += provider.tells(at) is not None
        provider.fails(at, sending=True)

    assert let_go <= 12


def test_an_attempt_that_is_answered_makes_pauses_short_again() -> None:
    """The next outage is another one."""
    provider = Provider()
    for outage in (0, 10_000):
        provider.fails(outage, sending=True)
        assert provider.tells(outage + 11) is Signal.CONNECTED
        assert provider.tells(outage + 70) is None
        assert provider.tells(outage + 71) is Signal.CONNECTED
        assert provider.tells(outage + 190) is None
        assert provider.tells(outage + 191) is Signal.CONNECTED
        assert provider.takes(outage + 200) is Signal.BACK


def test_an_answered_attempt_lets_a_question_release_at_once_again() -> None:
    """No pause is left of the outage before."""
    provider = Provider()
    provider.fails(0, sending=True)
    assert provider.tells(11) is Signal.CONNECTED
    assert provider.takes(12) is Signal.BACK
    provider.fails(13, sending=True)

    assert provider.tells(24) is Signal.CONNECTED


def test_no_pause_is_left_from_before_the_first_outage() -> None:
    """Nor from before an attempt was answered, wherever the time line begins."""
    provider = Provider()
    provider.fails(-20, sending=False)
    assert provider.tells(0.5) is Signal.BACK

    other = Provider()
    other.fails(-20, sending=False)
    assert other.takes(-5) is Signal.BACK
    other.fails(-20, sending=False)
    assert other.tells(0.5) is Signal.BACK


def test_a_question_that_fails_in_between_is_no_outage_of_sending() -> None:
    """Each kind has its own silence."""
    provider = Provider()
    provider.fails(0, sending=False)
    provider.fails(15, sending=True)
    assert provider.tells(16) is Signal.BACK

    assert provider.tells(20) is None
    assert provider.takes(21) is None


def test_questions_that_fail_time_and_again_let_go_ever_more_rarely_too() -> None:
    """As long as no attempt is answered."""
    provider = Provider()
    signals = []
    for at in (0, 20, 40, 60, 80):
        provider.fails(at, sending=False)
        signals.append(provider.tells(at + 11))

    assert signals == [Signal.BACK, None, None, Signal.BACK, None]
