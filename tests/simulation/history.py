"""A history: played from its plan, and shortened to what makes it go wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
import logging

from custom_components.bisms.outbox import crash

from . import knobs
from .loop import VirtualLoop
from .outcome import Kind, Outcome, Wrong
from .plan import Plan
from .world import World


def play(plan: Plan) -> Outcome:
    """Play a history, and hold it against what must be true of it."""
    loop = VirtualLoop()
    try:
        with _quiet(), knobs.turned(plan.knobs):
            return loop.run_until_complete(World(plan, loop).play())
    except Exception as error:  # noqa: BLE001 (whatever it is, it is reported with its seed)
        return Outcome(plan, wrong=[Wrong(Kind.CRASHED, repr(error))])
    finally:
        loop.close()


@contextmanager
def _quiet() -> Iterator[None]:
    """Log nothing, and spend no time on where an exception came from."""
    format_tb = vars(crash)["format_tb"]
    vars(crash)["format_tb"] = lambda traceback: []
    logging.disable()
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        vars(crash)["format_tb"] = format_tb


def shortened(outcome: Outcome) -> Outcome:
    """Return the least of a history that still goes wrong in the same way."""
    if not outcome.wrong:
        return outcome
    for less in outcome.plan.shortenings():
        shorter = play(less)
        if shorter.wrong and shorter.wrong[0].kind is outcome.wrong[0].kind:
            return shortened(shorter)
    return outcome
