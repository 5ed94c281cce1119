"""A port that is taken first and served later, so that no other program can come in between.

    port = Port(8123)  # this one, or any free one if another program has it
    Child("The server", command, log, port=port).start()

The program is handed a socket that listens already, by the option `--socket`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
import socket

LOOPBACK = "127.0.0.1"

_BACKLOG = 128


class Port:
    """A port of this machine for a program that may end and come back."""

    def __init__(self, preferred: int = 0) -> None:
        """Take the preferred port, or any free one if it has an owner or is 0."""
        try:
            self._socket: socket.socket | None = _listening(preferred)
        except OSError:
            self._socket = _listening(0)
        self.number: int = self._socket.getsockname()[1]

    @contextmanager
    def handed_over(self) -> Iterator[socket.socket]:
        """Give the listening socket away: on leaving, only who inherited it still has it."""
        listening, self._socket = self._socket or _listening(self.number), None
        with listening:
            yield listening

    def close(self) -> None:
        """Give the port back if nobody was handed it."""
        if self._socket is not None:
            self._socket.close()


def free_port() -> int:
    """Return the number of a port that is free now."""
    with _listening(0) as probe:
        port: int = probe.getsockname()[1]
    return port


def _listening(port: int) -> socket.socket:
    """Return a socket that listens on a port; raise OSError if another program has it."""
    taken = socket.socket()
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((LOOPBACK, port))
        taken.listen(_BACKLOG)
    except OSError:
        taken.close()
        raise
    return taken
