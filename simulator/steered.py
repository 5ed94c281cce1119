"""What tests and the page steer: a provider, its phones and its faults."""

import asyncio
from collections.abc import Callable, Iterable

from .clock import Clock, SystemClock
from .core import DuplicateRule, Provider
from .faults import Fault, Request, Rule, Rules
from .listener import Listener
from .reports import Handset
from .sendings import Account, ReceivedSms, completed

FIRST_DLR_ID = 77300600


class SteeredProvider:
    """The provider as its clients meet it.

    `core.handle` answers without HTTP. `inbox` has one entry for each number of an
    accepted request, in order of acceptance; `requests` has every request that arrived
    over HTTP, in order of arrival.
    """

    def __init__(
        self,
        accounts: Iterable[Account] | None = None,
        *,
        clock: Clock | None = None,
        first_dlr_id: int = FIRST_DLR_ID,
        duplicates: DuplicateRule = "all",
    ) -> None:
        """Open with these accounts, or with test/test of the provider's document."""
        self.core = Provider(
            [Account("test", "test")] if accounts is None else accounts,
            SystemClock() if clock is None else clock,
            first_dlr_id=first_dlr_id,
            duplicates=duplicates,
        )
        self.requests: list[Request] = []
        self.rules = Rules()
        self.listeners: list[Listener] = []
        self._reopening: asyncio.TimerHandle | None = None

    @property
    def clock(self) -> Clock:
        """The time the provider lives in."""
        return self.core.clock

    @property
    def accounts(self) -> dict[str, Account]:
        """The accounts, by username."""
        return self.core.accounts

    @property
    def account(self) -> Account:
        """The first account."""
        return next(iter(self.core.accounts.values()))

    @property
    def inbox(self) -> list[ReceivedSms]:
        """Every text accepted, one entry for each number."""
        return self.core.inbox

    def handset(
        self,
        number: str,
        *,
        delivered_after: float | None = 5.0,
        fails_after: float | None = None,
    ) -> None:
        """Say how a phone behaves, in seconds after a message left; None and None: it is off."""
        self.core.handsets[completed(number) or number] = Handset(
            delivered_after, fails_after
        )

    def foreign_send(
        self,
        account: str | Account,
        numbers: Iterable[str],
        text: str,
        *,
        ago: float = 0.0,
    ) -> str:
        """Send as another program of the account would, and return the dlrId."""
        username = account.username if isinstance(account, Account) else account
        return self.core.foreign_send(username, numbers, text, ago=ago)

    def fail(
        self,
        fault: Fault,
        *,
        endpoint: str | None = None,
        times: int | None = 1,
        when: Callable[[Request], bool] | None = None,
        seconds: float | None = None,
    ) -> None:
        """Let the next requests fail: so many times, or always with None.

        Of several rules the first that fits a request decides. `seconds` is the pause of
        SLOW (5 by default). REFUSE is a state of the whole server and not of a request: it
        closes the port and every connection at once, until `clear_faults`, or for `seconds`
        when given; the other arguments do not narrow it down, `times` least of all, since
        a closed port cannot count.
        """
        if fault is Fault.REFUSE and (endpoint is not None or when is not None):
            raise ValueError("a closed port cannot tell one request from another")
        self.rules.active.append(
            Rule(
                fault=fault, endpoint=endpoint, times=times, when=when, seconds=seconds
            )
        )
        if fault is Fault.REFUSE:
            self._refuse(seconds)

    def answer(
        self,
        text: str,
        *,
        endpoint: str | None = None,
        times: int | None = 1,
        when: Callable[[Request], bool] | None = None,
    ) -> None:
        """Let the next requests be answered with this code, or any text, and not carried out."""
        self.rules.active.append(
            Rule(fault=None, answer=text, endpoint=endpoint, times=times, when=when)
        )

    def clear_faults(self) -> None:
        """Take back every fault and forced answer; a closed port opens at once."""
        self.rules.active.clear()
        self._accept()

    @property
    def is_refusing(self) -> bool:
        """Whether a rule keeps the port closed."""
        return any(rule.fault is Fault.REFUSE for rule in self.rules.active)

    def _refuse(self, seconds: float | None) -> None:
        """Close every port, for so many seconds or until told otherwise."""
        for listener in self.listeners:
            listener.refuse()
        self.forget_reopening()
        if seconds is not None:
            loop = asyncio.get_running_loop()
            self._reopening = loop.call_later(seconds, self._accept)

    def _accept(self) -> None:
        """Open every port again."""
        self.forget_reopening()
        self.rules.active[:] = [
            rule for rule in self.rules.active if rule.fault is not Fault.REFUSE
        ]
        for listener in self.listeners:
            listener.accept()

    def forget_reopening(self) -> None:
        """Cancel the end of an outage that is to be ended otherwise."""
        if self._reopening is not None:
            self._reopening.cancel()
            self._reopening = None
