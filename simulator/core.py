"""The provider itself, without HTTP: a request goes in, an answer comes out.

`Provider.handle` is synchronous and draws its time from a clock that is handed in, so a
test can play days of traffic in memory. Where the document is silent, it decides:

- a query that lacks several things is refused for the first of: method, parameters,
  credentials, sender name, time, emptiness, duplicate, credit;
- text that is nothing but spaces after inspection is empty (83), and so is a sending
  none of whose numbers has a length that can be completed;
- a number that comes twice with the same text in one request is sent to once;
- a blacklisted number, or one of a wrong length beside good ones, is accepted, costs
  nothing and is reported as failed;
- a request is a duplicate when every (sender name, number, text) in it was accepted
  within the last 120 s; `duplicates="any"` makes a single repetition enough;
- a page or a number to blacklist that cannot be read counts as missing (93).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
import math
from types import MappingProxyType
from typing import Literal

from .answers import Answer, Code, Refusal, success
from .body import read_order
from .clock import Clock
from .reports import Handset, report
from .schedule import leaving_time
from .sendings import (
    Account,
    ReceivedSms,
    Sending,
    SendOrder,
    completed,
    minutes_of_validity,
)
from .text import prepare

DUPLICATE_WINDOW = 120.0
PAGE_SIZE = 50
NOTHING: Mapping[str, str] = MappingProxyType({})

type Query = Mapping[str, str]
type DuplicateRule = Literal["all", "any"]
type _Fingerprint = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One of the provider's addresses: its method and what its query must hold."""

    name: str
    path: str
    method: str = "GET"
    parameters: tuple[str, ...] = ()


ENDPOINTS = (
    Endpoint("credit", "/api/credit/v1"),
    Endpoint("originator", "/api/originator/v1"),
    Endpoint("smsget", "/api/smsget/v1", parameters=("header", "gsm", "message")),
    Endpoint("smspost", "/api/smspost/v1", method="POST"),
    Endpoint("dlr", "/api/dlr/v1", parameters=("id",)),
    Endpoint("campaignidlist", "/api/campaignidlist/v1", parameters=("page",)),
    Endpoint("blacklistadd", "/api/blacklistadd/V1", parameters=("gsm",)),
    Endpoint("blacklistexport", "/api/blacklistexport/v1"),
)
ENDPOINT_AT = {endpoint.path: endpoint for endpoint in ENDPOINTS}


class Provider:
    """Accounts, what they sent, and the answers to their requests."""

    def __init__(
        self,
        accounts: Iterable[Account],
        clock: Clock,
        *,
        first_dlr_id: int,
        duplicates: DuplicateRule = "all",
    ) -> None:
        """Open for business with these accounts."""
        self.accounts = {account.username: account for account in accounts}
        self.clock = clock
        self.duplicates = duplicates
        self.handsets: dict[str, Handset] = {}
        self.inbox: list[ReceivedSms] = []
        self._next_dlr_id = first_dlr_id
        self._sendings: dict[str, Sending] = {}
        self._sent_ids: dict[str, list[str]] = {name: [] for name in self.accounts}
        self._accepted: dict[_Fingerprint, float] = {}
        self._queries: dict[str, Callable[[Account, Query], str]] = {
            "credit": self._credit,
            "originator": self._originator,
            "dlr": self._dlr,
            "campaignidlist": self._campaign_ids,
            "blacklistadd": self._blacklist_add,
            "blacklistexport": self._blacklist_export,
        }

    def handle(
        self, method: str, path: str, query: Query = NOTHING, body: bytes = b""
    ) -> Answer:
        """Answer one request; `query` holds decoded values, `path` no query string."""
        endpoint = ENDPOINT_AT.get(path)
        if endpoint is None:
            return Answer("Not Found", status=404)
        try:
            return Answer(self._served(endpoint, method, query, body))
        except Refusal as refusal:
            return Answer(str(refusal.code))

    def foreign_send(
        self, username: str, numbers: Iterable[str], text: str, *, ago: float = 0.0
    ) -> str:
        """Send as another program of the account would, `ago` seconds back; return the dlrId.

        It costs credit, counts for duplicates and has its report like any sending, but
        does not show in `inbox`.
        """
        account = self.accounts[username]
        order = SendOrder(
            username=account.username,
            secret=account.secret,
            header=account.headers[0],
            messages=tuple((number, text) for number in numbers),
            form="panel",
        )
        return self._accept(account, order, self.clock.now() - ago)

    def _served(
        self, endpoint: Endpoint, method: str, query: Query, body: bytes
    ) -> str:
        """Return the text of an answer, or refuse."""
        if method != endpoint.method:
            raise Refusal(Code.USE_GET if endpoint.method == "GET" else Code.USE_POST)
        if endpoint.name == "smspost":
            return self._send(read_order(body))
        if not all(map(query.get, ("username", "password", *endpoint.parameters))):
            raise Refusal(Code.PARAMETER_MISSING)
        if endpoint.name == "smsget":
            return self._send(_order_of_query(query))
        account = self._account(query["username"], query["password"])
        return self._queries[endpoint.name](account, query)

    def _account(self, username: str, secret: str) -> Account:
        """Return the account that these credentials open."""
        account = self.accounts.get(username)
        if account is None or account.secret != secret:
            raise Refusal(Code.BAD_CREDENTIALS)
        return account

    def _credit(self, account: Account, query: Query) -> str:
        """Tell the credit that is left."""
        return success(str(account.credit))

    def _originator(self, account: Account, query: Query) -> str:
        """List the approved sender names."""
        return success("|".join(account.headers))

    def _dlr(self, account: Account, query: Query) -> str:
        """Report on one sending of the account."""
        sending = self._sendings.get(query["id"])
        if sending is None or sending.account != account.username:
            raise Refusal(Code.NO_REPORT)
        return report(sending, account, self.handsets, self.clock)

    def _campaign_ids(self, account: Account, query: Query) -> str:
        """List one page of past sendings, newest first."""
        page = query["page"]
        if not (page.isascii() and page.isdigit()):
            raise Refusal(Code.PARAMETER_MISSING)
        now = self.clock.now()
        ids = [
            dlr_id
            for dlr_id in self._sent_ids[account.username]
            if self._sendings[dlr_id].listed_at <= now
        ]
        end = max(0, len(ids) - int(page) * PAGE_SIZE)
        return success("|".join(reversed(ids[max(0, end - PAGE_SIZE) : end])))

    def _blacklist_add(self, account: Account, query: Query) -> str:
        """Add a number to the blacklist."""
        number = completed(query["gsm"])
        if number is None:
            raise Refusal(Code.PARAMETER_MISSING)
        if number in account.blacklist:
            raise Refusal(Code.BLACKLISTED_ALREADY)
        account.blacklist.add(number)
        return success()

    def _blacklist_export(self, account: Account, query: Query) -> str:
        """List the blacklist, with the space that the document shows before its last item."""
        numbers = sorted(account.blacklist)
        if len(numbers) > 1:
            numbers[-1] = f" {numbers[-1]}"
        return success("|".join(numbers))

    def _send(self, order: SendOrder) -> str:
        """Judge a request to send, and accept it or refuse it."""
        account = self._account(order.username, order.secret)
        if order.header not in account.headers:
            raise Refusal(Code.BAD_HEADER)
        return success(self._accept(account, order, self.clock.now()))

    def _accept(self, account: Account, order: SendOrder, now: float) -> str:
        """Charge and keep a sending, unless it is empty, repeated or unaffordable."""
        sms = _composed(account, order, str(self._next_dlr_id), now)
        self._refuse_repetition(sms, now)
        cost = sum(one.credits for one in sms)
        if cost > account.credit:
            raise Refusal(Code.CREDIT_TOO_LOW)
        account.credit -= cost
        self._keep(sms, now, listed_at=now + account.list_lag)
        return sms[0].dlr_id

    def _keep(
        self, sms: tuple[ReceivedSms, ...], now: float, *, listed_at: float
    ) -> None:
        """Enter a sending in the books."""
        sending = Sending(sms[0].dlr_id, sms[0].account, sms, listed_at)
        self._next_dlr_id += 1
        self._sendings[sending.dlr_id] = sending
        self._sent_ids[sending.account].append(sending.dlr_id)
        self._accepted.update(dict.fromkeys(map(_fingerprint, sms), now))
        if sms[0].form != "panel":
            self.inbox.extend(sms)

    def _refuse_repetition(self, sms: tuple[ReceivedSms, ...], now: float) -> None:
        """Refuse a sending that the account made already within the window."""
        horizon = now - DUPLICATE_WINDOW
        repeated = (
            self._accepted.get(_fingerprint(one), -math.inf) > horizon for one in sms
        )
        if any(repeated) if self.duplicates == "any" else all(repeated):
            raise Refusal(Code.DUPLICATE)


def _order_of_query(query: Query) -> SendOrder:
    """Return what a GET asks to send."""
    return SendOrder(
        username=query["username"],
        secret=query["password"],
        header=query["header"],
        messages=((query["gsm"], query["message"]),),
        form="get",
    )


def _composed(
    account: Account, order: SendOrder, dlr_id: str, now: float
) -> tuple[ReceivedSms, ...]:
    """Return the texts a sending consists of, or refuse it with 84 or 83."""
    send_at = leaving_time(order.send_date_time, now)
    validity = minutes_of_validity(order.validity)
    messages = {
        (completed(number) or number, raw_text): completed(number) is not None
        for number, raw_text in order.messages
    }
    sms = []
    anything_to_send = False
    for (number, raw_text), has_right_length in messages.items():
        prepared = prepare(raw_text)
        complete = has_right_length and not prepared.text.isspace()
        anything_to_send |= complete
        sendable = complete and number not in account.blacklist
        sms.append(
            ReceivedSms(
                dlr_id=dlr_id,
                account=account.username,
                header=order.header,
                number=number,
                text=prepared.text,
                raw_text=raw_text,
                language=prepared.language,
                length=prepared.length,
                parts=prepared.parts,
                credits=prepared.parts if sendable else 0,
                accepted_at=now,
                send_at=send_at,
                validity=validity,
                sendable=sendable,
                form=order.form,
            )
        )
    if not anything_to_send:
        raise Refusal(Code.EMPTY)
    return tuple(sms)


def _fingerprint(sms: ReceivedSms) -> _Fingerprint:
    """Return what makes two texts the same SMS."""
    return (sms.account, sms.header, sms.number, sms.text)
