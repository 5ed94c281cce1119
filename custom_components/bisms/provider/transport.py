"""One request on the wire per call, and by type what became of it."""

from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
import io
from typing import Final

import aiohttp
from yarl import URL

from .codes import BismsError, NoAnswerError, NotSentError, UnreadableAnswerError

_RESOLVE_AND_CONNECT_TIMEOUT = 10
_CONNECT_TIMEOUT = 5
_LARGEST_ANSWER = 4 * 1024 * 1024
_XML: Final = {"Content-Type": "text/xml; charset=UTF-8"}
_NEVER_BEGAN: Final = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)

type Body = bytes | io.BytesIO


async def exchange(
    session: aiohttp.ClientSession,
    method: str,
    base_url: str,
    target: str,
    *,
    body: Body | None,
    timeout: float,
) -> tuple[int, bytes]:
    """Make one request and return the status and the body of its response (section 1).

    Parameters
    ----------
    session
        Carries the request.
    method
        `GET` or `POST`.
    base_url
        http or https, host, optional port and path prefix.
    target
        Path and query, percent-encoded.
    body
        XML to post.
    timeout
        Seconds until the body of the response must be there.

    Returns
    -------
    tuple[int, bytes]
        HTTP status and body.

    Raises
    ------
    NotSentError
        Nothing was sent: unusable address, no connection, no TLS, closed session.
    NoAnswerError
        The response did not come, or not to its end.
    UnreadableAnswerError
        The body exceeds 4 MiB.
    """
    if session.closed:
        raise NotSentError("The HTTP session is closed")
    try:
        async with session.request(
            method,
            _url(base_url, target),
            data=body,
            headers=None if body is None else _XML,
            allow_redirects=False,
            middlewares=(_send_once,),
            timeout=_limits(timeout),
        ) as response:
            return response.status, await _read(response)
    except _NEVER_BEGAN:
        failure: BismsError = NotSentError("Could not connect to the provider")
    except aiohttp.ClientError, OSError:
        failure = NoAnswerError("The provider's answer did not come")
    # Out here no error of aiohttp, which would show the URL, hangs on ours.
    raise failure


async def server_time(
    session: aiohttp.ClientSession, base_url: str, *, timeout: float
) -> datetime | None:
    """Ask the server for nothing in particular, without credentials.

    Parameters
    ----------
    session
        Carries the request.
    base_url
        http or https, host, optional port and path prefix.
    timeout
        Seconds until the answer must be there.

    Returns
    -------
    datetime | None
        What the server's clock shows, to the second; None if it does not say.

    Raises
    ------
    NotSentError
        No connection.
    NoAnswerError
        No answer.
    """
    try:
        async with session.get(
            _url(base_url, "/"), allow_redirects=False, timeout=_limits(timeout)
        ) as response:
            date = response.headers.get("Date", "")
    except _NEVER_BEGAN:
        failure: BismsError = NotSentError("Could not connect to the provider")
    except aiohttp.ClientError, OSError:
        failure = NoAnswerError("The provider's answer did not come")
    else:
        return _read_date(date)
    raise failure


def _read_date(date: str) -> datetime | None:
    try:
        return parsedate_to_datetime(date)
    except ValueError:
        return None


@lru_cache
def _limits(timeout: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=timeout,
        connect=_RESOLVE_AND_CONNECT_TIMEOUT,
        sock_connect=_CONNECT_TIMEOUT,
    )


def _url(base_url: str, target: str) -> URL:
    """Return where a request goes; its query must not be encoded a second time."""
    return URL(_prefix(base_url) + target, encoded=True)


@lru_cache
def _prefix(base_url: str) -> str:
    try:
        return str(URL(base_url)).rstrip("/")
    except ValueError:
        raise aiohttp.InvalidURL(base_url) from None


async def _send_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating a GET whose connection is lost before the answer.

    It repeats what fails with its own exceptions, and the provider would take the
    repetition for a duplicate; an exception of ours passes.
    """
    try:
        return await handler(request)
    except _NEVER_BEGAN:
        raise
    except aiohttp.ClientOSError, aiohttp.ServerDisconnectedError:
        lost = NoAnswerError("The connection was lost before the answer")
    raise lost


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Read an answer's body, unless it is larger than any answer could be."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _LARGEST_ANSWER:
            raise UnreadableAnswerError("The answer is too large")
    return bytes(body)
