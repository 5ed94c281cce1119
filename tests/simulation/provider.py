"""The provider as a history has it: its odd ids, its odd reports, a list that lags behind."""

from collections.abc import Callable
from random import Random
from typing import Literal, override

from simulator.clock import Clock
from simulator.core import Provider, Query
from simulator.sendings import Account, SendOrder


class PlayedProvider(Provider):
    """Draws for each sending its id and how long it is missing from the list.

    Numbers besides are named only by reports on sendings whose ids were told, or that are
    of other programs: a report that says too much of a lost one is not taken for ours.
    """

    def __init__(
        self,
        accounts: list[Account],
        clock: Clock,
        random: Random,
        *,
        first_dlr_id: int | None,
        duplicates: Literal["all", "any"],
        list_lag: float,
        is_lost: Callable[[str], bool],
    ) -> None:
        """Open for business.

        Parameters
        ----------
        accounts
            Its customers.
        clock
            Tells the time.
        random
            Draws.
        first_dlr_id
            Where ids begin; None: they are in no order.
        duplicates
            What counts as a repetition.
        list_lag
            Seconds that a sending may be missing from the list at most.
        is_lost
            Whether a sending's id never reached the one who sent it.
        """
        super().__init__(
            accounts, clock, first_dlr_id=first_dlr_id or 0, duplicates=duplicates
        )
        self._random = random
        self._in_order = first_dlr_id is not None
        self._longest_lag = list_lag
        self._is_lost = is_lost

    @override
    def _accept(self, account: Account, order: SendOrder, now: float) -> str:
        account.list_lag = self._random.uniform(0, self._longest_lag)
        while not self._in_order:
            self._next_dlr_id = self._random.randrange(1, 10**8)
            if str(self._next_dlr_id) not in self._sendings:
                break
        return super()._accept(account, order, now)

    @override
    def _dlr(self, account: Account, query: Query) -> str:
        besides = account.also_reported
        if besides and self._is_lost(query["id"]):
            account.also_reported = ()
        try:
            return super()._dlr(account, query)
        finally:
            account.also_reported = besides
