"""The simulator as tests and the command use it: a steered provider and its server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
import socket

from aiohttp import web

from .control import add_control
from .listener import Listener, bound
from .steered import SteeredProvider
from .web import LARGEST_BODY, add_api


class Simulator(SteeredProvider):
    """The provider on loopback."""

    def app(self) -> web.Application:
        """Return the provider as a web application, with the simulator's page at its root."""
        app = web.Application(client_max_size=LARGEST_BODY)
        add_api(app, self)
        add_control(app, self)
        return app

    @asynccontextmanager
    async def serve(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        listening: socket.socket | None = None,
    ) -> AsyncIterator[str]:
        """Serve on a loopback address, on a free port when none is given; yield the base URL.

        A socket that is `listening` already is served in place of a port. On leaving, every
        connection is cut and the port is free again.
        """
        if listening is not None:
            host, port = listening.getsockname()
        if not ip_address(host).is_loopback:
            raise ValueError("the simulator serves this machine only")
        runner = web.AppRunner(
            self.app(), access_log=None, handler_cancellation=True, shutdown_timeout=1.0
        )
        await runner.setup()
        listener = Listener(runner, listening or bound(host, port))
        self.listeners.append(listener)
        try:
            if not self.is_refusing:
                listener.accept()
                await listener.opened()
            yield f"http://{host}:{listener.port}"
        finally:
            self.listeners.remove(listener)
            if not self.listeners:
                self.forget_reopening()
            await listener.stop()
