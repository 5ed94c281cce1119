"""The provider's addresses over HTTP, and each fault as a client meets it."""

import asyncio
import socket
import struct
from typing import Protocol
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.typedefs import Handler

from .answers import Answer, Code
from .core import ENDPOINTS, Endpoint, Provider
from .faults import Fault, Request, Rule, Rules

LARGEST_BODY = 16 * 1024 * 1024
DEFAULT_PAUSE = 5.0
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
UNKNOWN_ADDRESS = Endpoint("", "")

HTML_PAGE = "<!DOCTYPE html><html><body><h1>503 Service Unavailable</h1></body></html>"
GARBAGE_BYTES = b"\x00\xff\xfe?0 77300600\x1b\x80"
MISSING_BYTES = 512


class Service(Protocol):
    """What the addresses need to answer: the provider, the rules and the log."""

    core: Provider
    rules: Rules
    requests: list[Request]


def add_api(app: web.Application, service: Service) -> None:
    """Serve the provider's endpoints, and record whatever else arrives under /api."""
    for endpoint in ENDPOINTS:
        app.router.add_route("*", endpoint.path, _handler(service, endpoint))
    app.router.add_route("*", "/api/{other:.*}", _handler(service, UNKNOWN_ADDRESS))


def _handler(service: Service, endpoint: Endpoint) -> Handler:
    """Return what serves one endpoint."""

    async def serve(incoming: web.Request) -> web.StreamResponse:
        """Record a request, let the rules decide, and answer."""
        request = Request(
            at=service.core.clock.now(),
            method=incoming.method,
            target=incoming.raw_path,
            body=await incoming.read(),
            endpoint=endpoint.name,
        )
        service.requests.append(request)
        rule = service.rules.take(request)
        if rule is None:
            return _plain(_carry_out(service.core, endpoint, request))
        request.fault = rule.fault
        if rule.fault is None:
            request.answer = rule.answer
            return _plain(Answer(rule.answer))
        answer = Answer("")
        if rule.fault.accepts:
            answer = _carry_out(service.core, endpoint, request)
        return await _fail(incoming, rule, rule.fault, answer)

    return serve


def _carry_out(core: Provider, endpoint: Endpoint, request: Request) -> Answer:
    """Hand a request to the provider, and note its answer."""
    _, _, query_string = request.target.partition("?")
    pairs = parse_qsl(query_string, keep_blank_values=True, errors="replace")
    answer = core.handle(request.method, endpoint.path, dict(pairs), request.body)
    request.answer = answer.text
    return answer


async def _fail(
    incoming: web.Request, rule: Rule, fault: Fault, answer: Answer
) -> web.StreamResponse:
    """Answer as the fault has it, or not at all."""
    match fault:
        case Fault.RESET_BEFORE_READING:
            return _lost(incoming, reset=True)
        case Fault.ACCEPT_THEN_DROP:
            return _lost(incoming, reset=False)
        case Fault.HANG | Fault.ACCEPT_THEN_HANG:
            return await _never()
        case Fault.SLOW:
            await asyncio.sleep(DEFAULT_PAUSE if rule.seconds is None else rule.seconds)
            return _plain(answer)
        case Fault.ERROR_500 | Fault.ACCEPT_THEN_500:
            return web.Response(status=500, text="Internal Server Error")
        case Fault.HTML | Fault.ACCEPT_THEN_HTML:
            return web.Response(text=HTML_PAGE, content_type="text/html")
        case Fault.GARBAGE:
            return web.Response(body=GARBAGE_BYTES, content_type="text/plain")
        case Fault.CUT_BODY:
            return await _cut(incoming, answer)
        case Fault.CODE_99 | Fault.ACCEPT_THEN_99:
            return _plain(Answer(str(Code.UNKNOWN)))
        case Fault.EMPTY:
            return _plain(Answer(""))
        case Fault.REFUSE:
            raise ValueError("a refused connection brings no request")


def _plain(answer: Answer) -> web.Response:
    """Return an answer as the provider sends it: plain text in UTF-8."""
    return web.Response(text=answer.text, status=answer.status, charset="utf-8")


def _lost(incoming: web.Request, *, reset: bool) -> web.Response:
    """Close the connection without a word; the response that is returned goes nowhere."""
    transport = incoming.transport
    if transport is not None:
        if reset:
            connection: socket.socket = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            transport.abort()
        transport.close()
    return web.Response()


async def _never() -> web.Response:
    """Wait until the client gives up or the server stops, which cancels this."""
    answer: asyncio.Future[web.Response] = asyncio.get_running_loop().create_future()
    return await answer


async def _cut(incoming: web.Request, answer: Answer) -> web.StreamResponse:
    """Send less of an answer than was announced, then close."""
    sent = answer.text.encode()
    response = web.StreamResponse()
    response.content_type = "text/plain"
    response.content_length = len(sent) + MISSING_BYTES
    await response.prepare(incoming)
    await response.write(sent)
    if incoming.transport is not None:
        incoming.transport.close()
    return response
