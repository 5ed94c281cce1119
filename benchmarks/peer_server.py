"""`python -m benchmarks.peer_server PORT`: answers as the services of core's platforms do.

Every answer is what the platform's own code takes for a success, and no more. `POST
/latency` with a number of seconds makes every later answer that late; `GET /sends` tells
how many messages were taken at which address.
"""

import asyncio
from collections import Counter
from functools import partial
import sys
from typing import Any

from aiohttp import web

from scripts.ports import LOOPBACK

_SENT_AT = "2026-11-01T09:00:00.000Z"
_BATCH: dict[str, Any] = {
    "id": "Nb8CxSsk3GvB0Cw3",
    "type": "mt_text",
    "to": ["905559998877"],
    "from": "BASLIK1",
    "body": "text",
    "canceled": False,
    "created_at": _SENT_AT,
    "modified_at": _SENT_AT,
}
_NTFY_ACCOUNT: dict[str, Any] = {
    "username": "test",
    "role": "user",
    "stats": {
        "messages": 1,
        "messages_remaining": 249,
        "emails": 0,
        "emails_remaining": 5,
        "calls": 0,
        "calls_remaining": 0,
        "reservations": 0,
        "reservations_remaining": 0,
        "attachment_total_size": 0,
        "attachment_total_size_remaining": 0,
    },
}
_NTFY_RELEASE = {"tag_name": "v2.17.0", "name": "v2.17.0", "html_url": "", "body": ""}

_SENDS = {
    "/v3/sms/send",
    "/2010-04-01/Accounts/{sid}/Messages.json",
    "/xms/v1/{plan}/batches",
    "/messages",
}
_ANSWERS: dict[tuple[str, str], tuple[int, object]] = {
    ("GET", "/v3/account"): (200, {"http_code": 200}),
    ("POST", "/v3/sms/send"): (200, {"http_code": 200, "response_code": "SUCCESS"}),
    ("POST", "/2010-04-01/Accounts/{sid}/Messages.json"): (201, {"sid": "SM1"}),
    ("POST", "/xms/v1/{plan}/batches"): (201, _BATCH),
    ("GET", "/balance"): (200, {"payment": "prepaid", "type": "credits", "amount": 1}),
    ("POST", "/messages"): (201, {"id": "1", "recipients": {"items": []}}),
    ("POST", "/bare"): (201, {"id": "1", "recipients": {"items": []}}),
    ("GET", "/v1/account"): (200, _NTFY_ACCOUNT),
    ("GET", "/v1/version"): (404, {"code": 40401, "http": 404, "error": "not found"}),
    ("GET", "/alerts/auth"): (200, {"success": True}),
    ("GET", "/releases/latest"): (200, _NTFY_RELEASE),
    ("POST", "/api/FetchAdress"): (200, {"dataList": [{"UniqueId": 12345}]}),
    ("POST", "/api/GetCalendar"): (200, {"dataList": []}),
}


def app() -> web.Application:
    """Return the services as one web application."""
    server = web.Application()
    latency = 0.0
    sends: Counter[str] = Counter()

    async def answer(
        incoming: web.Request, *, path: str, status: int, content: object
    ) -> web.Response:
        await incoming.read()
        sends[path] += path in _SENDS
        await asyncio.sleep(latency)
        return web.json_response(content, status=status)

    async def credits_left(_: web.Request) -> web.Response:
        return web.Response(text="100")

    async def count(_: web.Request) -> web.Response:
        return web.json_response(+sends)

    async def be_late(incoming: web.Request) -> web.Response:
        nonlocal latency
        latency = float(await incoming.text())
        return web.Response()

    for (method, path), (status, content) in _ANSWERS.items():
        handler = partial(answer, path=path, status=status, content=content)
        server.router.add_route(method, path, handler)
    server.router.add_get("/credits", credits_left)
    server.router.add_get("/sends", count)
    server.router.add_post("/latency", be_late)
    return server


if __name__ == "__main__":
    web.run_app(
        app(), host=LOOPBACK, port=int(sys.argv[1]), access_log=None, print=None
    )
