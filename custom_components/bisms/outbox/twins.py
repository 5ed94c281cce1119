"""Messages that say the same to the same, which the provider takes for repeats of each other."""

from collections.abc import Iterable

from .clock import Now
from .record import Certainty, Delivery
from .window import blocks_from, blocks_until


def explain(delivery: Delivery, others: Iterable[Delivery], now: Now) -> bool | None:
    """Return whether another message is why a delivery's attempt was called a repeat (77).

    None: it may be. Nobody can tell while the other one waits for its answer or is in
    doubt, when it is not known which of its attempts got through, or how long it was
    before a restart.
    """
    began_at = delivery.last_attempt_at or now.at
    twins = [
        other
        for other in others
        if (other.acceptance is not None or other.claims)
        and _latest(other, now) > blocks_from(other.message, began_at)
        and delivery.message.repeats(other.message)
    ]
    if any(_certainly_blocks(twin, now) for twin in twins):
        return True
    return None if twins else False


def _latest(twin: Delivery, now: Now) -> float:
    """Return when a message was last tried, at the latest."""
    return max(twin.last_attempt_at or twin.created_at, now.steady_since)


def _certainly_blocks(twin: Delivery, now: Now) -> bool:
    """Whether a message was accepted so recently that its repeat is refused now."""
    if twin.acceptance is None or twin.certainty is not Certainty.ANSWERED:
        return False
    began_at = twin.last_attempt_at
    if began_at is None or began_at < now.steady_since:
        return False
    return now.at < blocks_until(began_at)
