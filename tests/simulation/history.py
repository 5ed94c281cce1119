"""A history: played from its plan, and shortened to what makes it go wrong."""

from .loop import VirtualLoop
from .outcome import Kind, Outcome, Wrong
from .plan import Plan
from .world import World


def play(plan: Plan) -> Outcome:
    """Play a history, and hold it against what must be true of it."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(World(plan, loop).play())
    except Exception as error:  # noqa: BLE001 (whatever it is, it is reported with its seed)
        return Outcome(plan, wrong=[Wrong(Kind.CRASHED, repr(error))])
    finally:
        loop.close()


def shortened(outcome: Outcome) -> Outcome:
    """Return the least of a history that still goes wrong in the same way."""
    for less in outcome.plan.shortenings():
        shorter = play(less)
        if shorter.wrong and shorter.wrong[0].kind is outcome.wrong[0].kind:
            return shortened(shorter)
    return outcome
