"""The time line: it only runs forward, whatever happens to the machine's clock."""

from dataclasses import dataclass, field

import pytest

from custom_components.bisms.outbox.clock import RESTART, TOLERANCE, Clock
from tests.messages import DAY, HOUR

START = 1_790_000_000.0


@dataclass
class Machine:
    """A machine whose clock may be set, and which has just been started."""

    utc: float = START
    steady: float = 500.0
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        """Start Home Assistant on it."""
        self.clock = Clock(lambda: self.utc, lambda: self.steady)

    def run(self, seconds: float) -> None:
        """Let time go by."""
        self.utc += seconds
        self.steady += seconds

    def sleep(self, seconds: float) -> None:
        """Suspend it: only its clock goes on."""
        self.utc += seconds

    def at(self) -> float:
        """Return the time, in seconds since the first start."""
        return self.clock.now().at - START

    def steady_since(self) -> float:
        """Return since when durations can be trusted, in seconds since the first start."""
        return self.clock.now().steady_since - START


def test_the_time_line_begins_with_what_the_clock_shows() -> None:
    """Durations can be trusted from then on."""
    machine = Machine()

    assert machine.clock.now() == (START, START, START)


def test_time_goes_by_as_the_clock_does() -> None:
    """Both show the same while nobody sets the clock."""
    machine = Machine()
    machine.run(HOUR)

    assert machine.clock.now() == (START + HOUR, START + HOUR, START)


@pytest.mark.parametrize("jump", [-DAY, -HOUR, -1.25, 1.25, HOUR, 1000 * DAY])
def test_a_clock_that_is_set_moves_no_time(jump: float) -> None:
    """Only what it shows; and what was before counts as of unknown age."""
    machine = Machine()
    machine.run(60)
    machine.utc += jump
    machine.run(5)

    assert machine.clock.now() == (START + 65, START + 65 + jump, START + 65)
    machine.run(10)
    assert machine.at() == 75
    assert machine.steady_since() == 65


@pytest.mark.parametrize("stray", [-1.0, -0.5, 0.5, 1.0])
def test_a_clock_that_strays_by_a_second_was_not_set(stray: float) -> None:
    """Clocks are corrected by a little all the time."""
    machine = Machine()
    machine.run(60)
    machine.utc += stray

    assert TOLERANCE == 1
    assert machine.at() == 60
    assert machine.steady_since() == 0


def test_a_clock_that_strays_on_and_on_was_set() -> None:
    """What counts is how far it is from where it was."""
    machine = Machine()
    machine.utc += 0.75
    assert machine.steady_since() == 0
    machine.run(1)
    machine.utc += 0.75

    assert machine.steady_since() == 1
    machine.utc -= 0.75
    assert machine.steady_since() == 1


def test_a_clock_that_is_set_twice_is_noticed_twice() -> None:
    """Even if it is set back to where it was."""
    machine = Machine()
    machine.run(60)
    machine.utc += HOUR
    assert machine.steady_since() == 60
    machine.run(60)
    machine.utc -= HOUR

    assert machine.steady_since() == 120


def test_a_machine_that_slept_knows_nothing_of_the_time_before() -> None:
    """It looks as if its clock had been set."""
    machine = Machine()
    machine.run(10)
    machine.sleep(HOUR)
    machine.run(1)

    assert machine.at() == 11
    assert machine.steady_since() == 11


@pytest.mark.parametrize(
    ("off", "went_by"),
    [(0.0, 0.0), (10.0, 10.0), (DAY, DAY), (-HOUR, 0.0), (-9000 * DAY, 0.0)],
)
def test_after_a_restart_the_time_line_goes_on_as_far_as_the_clock_went(
    off: float, went_by: float
) -> None:
    """Never back, even if the clock stood still, or shows the year 2000."""
    last_at = START + 12 * HOUR
    restarted = Machine(utc=START + off, steady=3.0)
    restarted.clock.resume(last_at, START)

    assert RESTART == 1
    begun = last_at + went_by + 1
    assert restarted.clock.now() == (begun, START + off, begun)
    restarted.run(5)
    assert restarted.clock.now() == (begun + 5, START + off + 5, begun)


def test_a_clock_that_differs_from_the_time_line_was_not_set() -> None:
    """It may show whatever it likes, as long as it runs steadily from then on."""
    restarted = Machine(utc=5.0)
    restarted.clock.resume(START, START)
    restarted.run(HOUR)

    assert restarted.clock.now().steady_since == START + 1
    restarted.utc += 2
    assert restarted.clock.now().steady_since == START + 1 + HOUR


def test_times_can_be_shown_on_the_clock() -> None:
    """As it goes now, whatever it was when they were taken."""
    machine = Machine()
    machine.run(60)
    assert machine.clock.utc(START + 90) == START + 90

    machine.utc += HOUR
    assert machine.clock.utc(START + 90) == START + HOUR + 90
