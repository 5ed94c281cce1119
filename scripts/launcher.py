"""Run Home Assistant unchanged, but for three things that no option of its own offers.

    python -m scripts.launcher [--socket NUMBER] [options of Home Assistant]

It listens on this machine only, it serves a port that was taken for it, and it starts
without a C++ compiler, too.
"""

import argparse
from asyncio import BaseEventLoop, Server
from importlib.util import find_spec
import runpy
import socket
import sys
from types import ModuleType
from typing import Any

from zeroconf._utils import net

# Compiled from C++ sources. Home Assistant imports them to describe any action at all, but
# calls them only when somebody speaks to it.
VOICE_MODULES = {"pymicro_vad": "MicroVad", "pyspeex_noise": "AudioProcessor"}


def stay_on_this_machine() -> None:
    """Keep the HTTP client from opening a port for multicast DNS on every interface.

    zeroconf itself knows of having no such port: that is how it sends without listening.
    """
    net.new_listen_socket = lambda *_args, **_kwargs: None


def serve(listening: socket.socket) -> None:
    """Have whoever wants to serve the port of a socket that listens already get that socket."""
    taken, create = listening.getsockname()[1], BaseEventLoop.create_server

    async def create_server(
        loop: BaseEventLoop,
        protocol_factory: Any,
        host: Any = None,
        port: Any = None,
        **options: Any,
    ) -> Server:
        if port == taken and listening.fileno() >= 0:  # not closed, as in a second try
            return await create(loop, protocol_factory, sock=listening, **options)
        return await create(loop, protocol_factory, host, port, **options)

    BaseEventLoop.create_server = create_server  # type: ignore[assignment, method-assign]


def do_without_voice() -> None:
    """Put empty modules in the place of those that could not be compiled."""
    for name, content in VOICE_MODULES.items():
        if not find_spec(name):
            sys.modules[name] = ModuleType(name)
            setattr(sys.modules[name], content, object)


def inherited_socket() -> socket.socket | None:
    """Take the option of our own from the command line."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--socket", type=int)
    options, sys.argv[1:] = parser.parse_known_args()
    return None if options.socket is None else socket.socket(fileno=options.socket)


if __name__ == "__main__":
    if (listening := inherited_socket()) is not None:
        serve(listening)
    stay_on_this_machine()
    do_without_voice()
    runpy.run_module("homeassistant", run_name="__main__", alter_sys=True)
