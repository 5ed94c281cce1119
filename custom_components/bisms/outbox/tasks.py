"""What is due of a delivery, carried out: an attempt to send it, a search, a question."""

import asyncio
from collections.abc import Callable
from functools import partial
import logging

from .clock import Clock
from .commit import GroupCommit
from .courier import Courier
from .crash import log_crash
from .events import Began, Event, NotSent, Refused, Signal, Silent
from .ledger import Ledger
from .record import Attempt, Delivery, Task
from .twins import explain
from .window import may_repeat

_LOGGER = logging.getLogger(__name__)

MAX_REQUESTS = 4
"""Requests on the wire at a time."""

BESIDE = 0.002
"""Seconds after which an attempt that was not answered yet is written to disk beside it."""

PROMPT = 1
"""Seconds after which a request that has not left yet is an attempt of another time."""

INTERNAL_ERROR = "internal_error"
"""The reason for which a message waits after something that nobody expected."""


class Tasks:
    """Makes the requests that are due, and lets what came of each happen to its delivery."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        courier: Courier,
        commit: GroupCommit,
        *,
        is_saved: Callable[[Delivery], bool],
        apply: Callable[[str, Event], Delivery],
    ) -> None:
        """Prepare.

        Parameters
        ----------
        ledger
            Knows every delivery.
        clock
            Tells the time.
        courier
            Makes the requests.
        commit
            Has what changed written to disk.
        is_saved
            Tells whether some word of a delivery is on disk.
        apply
            Lets something happen to a delivery.
        """
        self._ledger = ledger
        self._clock = clock
        self._courier = courier
        self._commit = commit
        self._is_saved = is_saved
        self._apply = apply
        self._wire = asyncio.Semaphore(MAX_REQUESTS)

    async def carry_out(self, delivery_id: str, task: Task) -> None:
        """Make the request that is due, and let what came of it happen."""
        try:
            event = await self._outcome(self._ledger[delivery_id], task)
        except Exception as err:  # noqa: BLE001 (whatever it is, the message goes on)
            log_crash(_LOGGER, f"The task {task} of a message", err)
            event = Silent(INTERNAL_ERROR) if task is Task.SEND else Signal.ASK_FAILED
        id_was_lost = self._ledger[delivery_id].id_is_lost
        if self._apply(delivery_id, event).id_is_lost and not id_was_lost:
            # Its id is no news to what is sent from now on.
            await self._ask_newest_id()
        self._commit.begin()

    async def learn_newest_id(self) -> None:
        """Learn the newest id, if that was long ago."""
        if self._courier.should_learn_newest_id:
            await self._ask_newest_id()

    async def _ask_newest_id(self) -> None:
        try:
            await self._courier.learn_newest_id()
        except Exception as err:  # noqa: BLE001
            log_crash(_LOGGER, "Learning the newest id", err)
        self._commit.changed()
        self._commit.begin()

    async def _outcome(self, delivery: Delivery, task: Task) -> Event:
        if task is Task.SEND:
            return await self._attempt(delivery)
        async with self._wire:
            if task is Task.REPORT and delivery.dlr_id is not None:
                return await self._courier.ask(delivery.dlr_id)
            others = partial(self._ledger.others, delivery.id)
            return await self._courier.look(delivery, others)

    async def _attempt(self, delivery: Delivery) -> Event:
        """Send a message.

        That an attempt began is on disk before it does, or a crash could double the message.
        It is written beside the attempt only if no word of the message is on disk and no
        other is in doubt, which could be mistaken for one that a crash made us forget; and
        only if the answer is not there in a moment, to be written with it.
        """
        nobody_waits = delivery.told or delivery.hold is not None
        if nobody_waits and delivery.doubt is None:
            await self.learn_newest_id()
        beside = self._ledger.claims == 0 and not self._is_saved(delivery)
        began = Began(self._courier.sightings.latest)
        begun = self._apply(delivery.id, began)
        if not isinstance(begun.doing, Attempt):
            return Signal.TICKED
        if not beside:
            await self._commit.flush()
        timer = asyncio.get_running_loop().call_later(BESIDE, self._commit.begin)
        try:
            async with self._wire:
                return await self._depart(delivery, began)
        finally:
            timer.cancel()

    async def _depart(self, delivery: Delivery, began: Began) -> Event:
        """Make the request, unless the disk or the requests before it took too long."""
        begun, now = self._ledger[delivery.id], self._clock.now()
        since = begun.last_attempt_at or now.at
        if since + PROMPT < now.at or since < now.steady_since:
            too_late = now.at >= delivery.expires_at
            if too_late or not may_repeat(delivery, now, now.at):
                return NotSent(delivery.waits_because)
            begun = self._apply(delivery.id, began)
        event = await self._courier.send(delivery.message)
        if isinstance(event, Refused):
            others = self._ledger.others(delivery.id)
            twin = explain(begun, others, self._clock.now())
            return event._replace(repeats_other=twin)
        return event
