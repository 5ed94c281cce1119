"""The simulator's own addresses: its page, and JSON for programs that drive it.

- `GET /` the page; `?lang=tr` or `?lang=en` overrides the browser's language.
- `GET /sim/state` everything there is to see: `now`, `credit` (of the first account),
  `accounts` (`username`, `credit`, `headers`, `blacklist`), `inbox` (the fields of
  `ReceivedSms`, and `state`: scheduled, waiting, pending, delivered or failed), `faults`
  in force, and the last 100 `requests` as they were on the wire, API secret masked.
- `POST /sim/fault` `{"fault": "hang", "endpoint": "smsget", "times": 2, "seconds": 5}` or
  `{"answer": "81", ...}`; only the first is required, `times: null` means always.
  `refuse` without `seconds` lasts 10 seconds, since nobody could ask a closed port to open.
- `DELETE /sim/fault` takes all of them back.
- `POST /sim/account` `{"username": "test", "secret": ..., "credit": ..., "headers": [...],
  "blacklist": [...], "list_lag": 20, "unreported": [...], "also_reported": [...]}` changes
  what is given of one account.
- `POST /sim/handset` `{"number": ..., "delivered_after": 5, "fails_after": null}`.

What is posted must be `application/json`, which no other site's page can send here.
A wrong request answers 400 with `{"error": ...}`; success answers 204.
"""

from collections.abc import Mapping
from dataclasses import asdict
import json
import re
from types import UnionType
from typing import Any

from aiohttp import web

from .core import ENDPOINTS
from .faults import Fault, Request, Rule
from .page import add_page
from .reports import age_of, number_state
from .sendings import Account, ReceivedSms
from .steered import SteeredProvider

SHOWN_REQUESTS = 100
REFUSAL_SECONDS = 10.0
MASK = "•••"
SECRET = re.compile(r"(?<=password=)[^&]+|(?<=<password>).+?(?=</password>)", re.DOTALL)

type Fields = Mapping[str, type | UnionType]

FAULT_FIELDS: Fields = {
    "fault": str,
    "answer": str,
    "endpoint": str | None,
    "times": int | None,
    "seconds": int | float | None,
}
ACCOUNT_FIELDS: Fields = {
    "username": str,
    "secret": str,
    "credit": int,
    "headers": list,
    "blacklist": list,
    "list_lag": int | float,
    "unreported": list,
    "also_reported": list,
}
HANDSET_FIELDS: Fields = {
    "number": str,
    "delivered_after": int | float | None,
    "fails_after": int | float | None,
}


def add_control(app: web.Application, simulator: SteeredProvider) -> None:
    """Serve the page and the addresses that drive a simulator."""
    add_page(app)
    control = _Control(simulator)
    app.router.add_get("/sim/state", control.state)
    app.router.add_post("/sim/fault", control.fail)
    app.router.add_delete("/sim/fault", control.clear_faults)
    app.router.add_post("/sim/account", control.change_account)
    app.router.add_post("/sim/handset", control.change_handset)


class _Control:
    """Shows and changes one simulator."""

    def __init__(self, simulator: SteeredProvider) -> None:
        """Keep the simulator at hand."""
        self._simulator = simulator

    async def state(self, incoming: web.Request) -> web.Response:
        """Show everything."""
        simulator = self._simulator
        return web.json_response(
            {
                "now": simulator.clock.now(),
                "credit": simulator.account.credit,
                "accounts": [
                    _shown_account(one) for one in simulator.accounts.values()
                ],
                "inbox": [self._shown_sms(one) for one in simulator.inbox],
                "faults": [_shown_rule(one) for one in simulator.rules.active],
                "requests": [
                    _shown_request(one) for one in simulator.requests[-SHOWN_REQUESTS:]
                ],
            },
            headers={"Cache-Control": "no-store"},
        )

    async def fail(self, incoming: web.Request) -> web.StreamResponse:
        """Add a fault or a forced answer."""
        given = await _fields(incoming, FAULT_FIELDS)
        if ("fault" in given) == ("answer" in given):
            raise _bad_request("give either a fault or an answer")
        if given.get("endpoint") not in (None, *(one.name for one in ENDPOINTS)):
            raise _bad_request("no such endpoint")
        if given.get("fault", Fault.HANG) not in list(Fault):
            raise _bad_request("no such fault")
        response = web.Response(status=204)
        await response.prepare(incoming)
        await response.write_eof()
        self._add_rule(given)
        return response

    async def clear_faults(self, incoming: web.Request) -> web.Response:
        """Take every fault back."""
        self._simulator.clear_faults()
        return web.Response(status=204)

    async def change_account(self, incoming: web.Request) -> web.Response:
        """Change what is given of an account."""
        given = await _fields(incoming, ACCOUNT_FIELDS)
        account = self._simulator.accounts.get(given.get("username", ""))
        if account is None:
            raise _bad_request("no such account")
        account.secret = given.get("secret", account.secret)
        account.credit = given.get("credit", account.credit)
        account.headers = tuple(given.get("headers", account.headers))
        account.blacklist = set(given.get("blacklist", account.blacklist))
        account.list_lag = given.get("list_lag", account.list_lag)
        account.unreported = set(given.get("unreported", account.unreported))
        account.also_reported = tuple(given.get("also_reported", account.also_reported))
        return web.Response(status=204)

    async def change_handset(self, incoming: web.Request) -> web.Response:
        """Change how a phone behaves."""
        given = await _fields(incoming, HANDSET_FIELDS)
        if "number" not in given:
            raise _bad_request("give a number")
        self._simulator.handset(**given)
        return web.Response(status=204)

    def _add_rule(self, given: Mapping[str, Any]) -> None:
        """Add what was posted, which may cut every connection there is."""
        narrowed = {
            name: given[name] for name in ("endpoint", "times") if name in given
        }
        seconds = given.get("seconds")
        if "answer" in given:
            self._simulator.answer(given["answer"], **narrowed)
        elif given["fault"] == Fault.REFUSE:
            self._simulator.fail(Fault.REFUSE, seconds=seconds or REFUSAL_SECONDS)
        else:
            self._simulator.fail(Fault(given["fault"]), seconds=seconds, **narrowed)

    def _shown_sms(self, sms: ReceivedSms) -> dict[str, Any]:
        """Return a text, and how far it has come."""
        core = self._simulator.core
        state = number_state(sms, core.handsets, core.clock).name.lower()
        if age_of(sms, core.clock) < 0:
            state = "scheduled"
        return asdict(sms) | {"state": state}


def _shown_account(account: Account) -> dict[str, Any]:
    """Return what may be seen of an account: everything but its secret."""
    return {
        "username": account.username,
        "credit": account.credit,
        "headers": account.headers,
        "blacklist": sorted(account.blacklist),
    }


def _shown_rule(rule: Rule) -> dict[str, Any]:
    """Return a rule in force."""
    return {
        "fault": rule.fault,
        "answer": rule.answer,
        "endpoint": rule.endpoint,
        "times": rule.times,
        "seconds": rule.seconds,
    }


def _shown_request(request: Request) -> dict[str, Any]:
    """Return a request with its secret masked."""
    return asdict(request) | {
        "target": SECRET.sub(MASK, request.target),
        "body": SECRET.sub(MASK, request.body.decode(errors="replace")),
    }


async def _fields(incoming: web.Request, allowed: Fields) -> dict[str, Any]:
    """Return the posted fields, or refuse what is not among those allowed."""
    if incoming.content_type != "application/json":
        raise _bad_request("post application/json")
    try:
        given = json.loads(await incoming.read())
    except ValueError:
        raise _bad_request("this is not JSON") from None
    if not isinstance(given, dict):
        raise _bad_request("post a JSON object")
    for name, value in given.items():
        if name not in allowed or not isinstance(value, allowed[name]):
            raise _bad_request(f"wrong field: {name}")
    return given


def _bad_request(reason: str) -> web.HTTPBadRequest:
    """Return the refusal of a post, with the reason in words."""
    return web.HTTPBadRequest(
        text=json.dumps({"error": reason}), content_type="application/json"
    )
