"""A listening socket that can stop listening and come back on the same port."""

import asyncio
import socket

from aiohttp import web

BACKLOG = 512


class Listener:
    """Accepts connections for an application, or refuses them as a provider that is down.

    While it refuses, its port stays bound without listening: the system answers every
    attempt with a refusal, and no other program can take the port, not even one that would
    share it with those who do not listen.
    """

    def __init__(self, runner: web.AppRunner, listening: socket.socket) -> None:
        """Take over a socket that is bound, and may listen already."""
        self._runner = runner
        self._socket = listening
        self._server: asyncio.Server | None = None
        self._opening: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port that was taken."""
        port: int = self._socket.getsockname()[1]
        return port

    def accept(self) -> None:
        """Listen: connections succeed from this very moment."""
        if self._opening is None:
            _share(self._socket, True)  # with connections that are not quite over
            self._socket.listen(BACKLOG)
            self._opening = asyncio.get_running_loop().create_task(self._open())

    async def opened(self) -> None:
        """Wait until connections are served."""
        if self._opening is not None:
            await self._opening

    def refuse(self) -> None:
        """Stop listening, and cut the connections that are open."""
        host, port = self._socket.getsockname()
        self._close()
        self._socket = bound(host, port)

    async def stop(self) -> None:
        """Cut every connection and give the port back."""
        self._close()
        await self._runner.cleanup()

    async def _open(self) -> None:
        """Let the event loop serve the listening socket."""
        web_server = self._runner.server
        assert web_server is not None
        self._server = await asyncio.get_running_loop().create_server(
            web_server, sock=self._socket, backlog=BACKLOG, start_serving=False
        )
        await self._server.start_serving()

    def _close(self) -> None:
        """Close the socket and what came in through it."""
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        if self._server is not None:
            self._server.close()
            self._server.abort_clients()
            self._server = None
        self._socket.close()


def bound(host: str, port: int) -> socket.socket:
    """Return a socket that holds a port, 0 for any free one, without listening."""
    holding = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        _share(holding, True)
        holding.setblocking(False)
        holding.bind((host, port))
        _share(holding, False)
    except OSError:
        holding.close()
        raise
    return holding


def _share(holding: socket.socket, sharing: bool) -> None:
    """Have a socket share its port, or no longer, with others that do not listen."""
    holding.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, sharing)
