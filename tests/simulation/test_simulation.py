"""No message is lost and none is sent twice, whatever goes wrong; and a lapse would show."""

import pytest

from .drawing import plan
from .history import play
from .lapses import LAPSES, Lapse
from .many import failures, play_many
from .network import CODES, FAULTS
from .outcome import Answer, Outcome
from .plan import Plan
from .scenarios import SCENARIOS

HISTORIES = 500
PATIENCE = 60
"""Histories within which a lapse must show, after the scenarios."""


def test_in_500_histories_no_message_is_lost_and_none_is_sent_twice() -> None:
    """Nor does any state go back, nor is any request made in vain."""
    tally = play_many(range(HISTORIES), jobs=2)

    assert not tally.failed_seeds, "\n".join([tally.in_words(), *failures(tally)])
    assert tally.histories == HISTORIES
    # They are worth playing: messages meet every fault and every end.
    assert {*tally.faults} == {*FAULTS, *CODES}
    assert {*tally.answers} == {*Answer} - {Answer.NONE}
    ends = {state.partition(" ")[0] for state in tally.states}
    assert ends == {
        "delivered",
        "partially_delivered",
        "failed",
        "expired",
        "cancelled",
    }


def test_a_history_is_the_same_whenever_it_is_played() -> None:
    """Else a seed would not lead back to what went wrong."""
    first, second = play(plan(7)), play(plan(7))

    assert first.told() == second.told()
    assert first.requests == second.requests > 0


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_once_went_wrong_does_so_no_more(name: str) -> None:
    """Each of these lost a message, or sent one twice."""
    outcome = play(SCENARIOS[name])

    assert not outcome.wrong, outcome.told()


@pytest.fixture
def lapse(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the outbox neglect one of its rules."""
    request.param(monkeypatch)


def named(mutate: Lapse) -> str:
    """Name a lapse in the test's id."""
    return mutate.__name__


@pytest.mark.parametrize("lapse", LAPSES, indirect=True, ids=named)
def test_a_lapse_makes_a_history_go_wrong(lapse: None) -> None:
    """Each rule is there for a reason, and the histories know it."""
    assert first_failure().wrong


def first_failure() -> Outcome:
    """Return the first history that goes wrong, or the last one tried."""
    plans: list[Plan] = [*SCENARIOS.values(), *map(plan, range(PATIENCE))]
    for each in plans:
        outcome = play(each)
        if outcome.wrong:
            break
    return outcome
