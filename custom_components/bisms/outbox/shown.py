"""What users see of a message: the state of each number, and what a change means."""

from collections.abc import Collection

from ..provider.models import NumberState
from .record import Delivery, State

_TOLD = frozenset({State.HELD, State.QUEUED})
"""What a caller may be told of a message that has not left."""


def number_states(delivery: Delivery) -> dict[str, NumberState]:
    """Return the state of each of the message's numbers; unreported ones are waiting."""
    reported = {} if delivery.acceptance is None else delivery.acceptance.numbers
    return {
        number: reported.get(number, NumberState.WAITING)
        for number in delivery.message.numbers
    }


def overall(states: Collection[NumberState], *, closed: bool) -> State:
    """Return what the states of some numbers amount to.

    Once the report is closed, what is not delivered counts as failed.
    """
    if closed or all(state >= NumberState.FAILED for state in states):
        delivered = [state is NumberState.DELIVERED for state in states]
        if any(delivered):
            return State.DELIVERED if all(delivered) else State.PARTIALLY_DELIVERED
        return State.FAILED
    return State.PENDING if NumberState.PENDING in states else State.WAITING


def state_for(delivery: Delivery, numbers: Collection[str]) -> State:
    """Return the state of a delivery as far as it concerns some of its numbers."""
    if delivery.acceptance is None or delivery.state is State.SCHEDULED:
        return delivery.state
    states = [s for n, s in number_states(delivery).items() if n in numbers]
    return overall(states, closed=delivery.final)


def happened(before: Delivery, after: Delivery) -> list[str]:
    """Return what a change means to a user: the types of the events to fire, in order."""
    types = []
    if after.told and not before.told and after.state in _TOLD:
        types.append(after.state.value)
    if after.accepted and not before.accepted:
        types.append("scheduled" if after.state is State.SCHEDULED else "sent")
    elif before.state is State.SCHEDULED and after.state is not State.SCHEDULED:
        types.append("sent")
    if after.final and not before.final:
        types.append(after.state.value)
    return types


def seen(delivery: Delivery) -> tuple[object, ...]:
    """Return what a user sees of a delivery; a change of anything else is no news."""
    reported = {} if delivery.acceptance is None else delivery.acceptance.numbers
    return (
        delivery.state,
        delivery.told,
        delivery.dlr_id,
        delivery.reason,
        reported,
    )
