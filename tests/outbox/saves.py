"""Files after some saves, for tests of what comes back from them."""

import asyncio
from copy import replace
from typing import Any

from custom_components.bisms.outbox.events import Sighting
from custom_components.bisms.outbox.journal import Journal, Saved
from custom_components.bisms.outbox.record import Delivery
from tests.messages import NOW

from .disk import Disk, outcome


def at(number: int, *deliveries: Delivery) -> Saved:
    """Return what is to be saved at a certain time."""
    return Saved(
        deliveries, Sighting(str(number), NOW + number), NOW + number, NOW - number
    )


def after_saves(*saves: Saved) -> Disk:
    """Return files after some saves."""
    disk = Disk()
    journal = Journal(disk)
    for saved in saves:
        outcome(journal.save(saved))
    return disk


def same(found: Saved, saved: Saved) -> bool:
    """Whether two things that were saved say the same."""
    return replace(found, deliveries=[*found.deliveries]) == replace(
        saved, deliveries=[*saved.deliveries]
    )


def loaded(disk: Disk) -> Journal:
    """Return the journal after a restart."""
    journal = Journal(disk)
    outcome(journal.load())
    return journal


class Slow(Disk):
    """Files that do what is asked a moment later, whoever still waits for it."""

    async def append(self, at: int, line: bytes) -> None:
        """Append in a moment."""
        asyncio.get_running_loop().call_soon(outcome, super().append(at, line))
        await asyncio.sleep(0.01)

    async def save(self, snapshot: dict[str, Any]) -> None:
        """Replace the snapshot in a moment."""
        asyncio.get_running_loop().call_soon(outcome, super().save(snapshot))
        await asyncio.sleep(0.01)
