"""The port of a program that scripts start: taken at once, served later, never shared."""

from collections.abc import Callable
from pathlib import Path
import socket
import time

import pytest

from scripts.ports import LOOPBACK, Port
from scripts.simulator_process import SimulatorProcess
from simulator.listener import bound

pytestmark = pytest.mark.usefixtures("socket_enabled")

EVERYWHERE = ""


def listening(host: str) -> socket.socket:
    """Return a program's socket that listens."""
    server = socket.create_server((host, 0))
    server.setblocking(False)
    return server


def listening_and_full() -> socket.socket:
    """Return one whose program takes no connection any more."""
    server = socket.create_server((LOOPBACK, 0), backlog=0)
    address = server.getsockname()
    for _ in range(4):
        waiting = socket.socket()
        waiting.setblocking(False)
        waiting.connect_ex(address)
        waiting.close()
    return server


@pytest.mark.parametrize(
    "holder",
    [
        lambda: listening(LOOPBACK),
        lambda: listening(EVERYWHERE),
        listening_and_full,
        lambda: bound(LOOPBACK, 0),
    ],
    ids=["here", "everywhere", "full", "refusing"],
)
def test_a_port_that_another_program_holds_is_passed_over_at_once(
    holder: Callable[[], socket.socket],
) -> None:
    """However it is held."""
    with holder() as other:
        held = other.getsockname()[1]
        began = time.monotonic()
        port = Port(held)
        assert time.monotonic() - began < 2
        assert port.number not in (held, 0)
        port.close()


def test_two_that_want_the_same_port_never_both_get_it() -> None:
    """Though neither program has been started yet."""
    first = Port()
    second = Port(first.number)
    assert second.number != first.number
    first.close()
    second.close()


def test_a_port_that_was_given_back_can_be_taken_again() -> None:
    """By a program that had it prepared and was never started."""
    first = Port()
    first.close()
    second = Port(first.number)
    assert second.number == first.number
    second.close()


def test_who_comes_too_early_is_answered_as_soon_as_the_program_serves(
    tmp_path: Path,
) -> None:
    """And a program that comes back has its port again."""
    program = SimulatorProcess(0, tmp_path / "log")
    address = (LOOPBACK, program.port)
    with socket.create_connection(address) as early:
        early.sendall(b"GET /sim/state HTTP/1.0\r\n\r\n")
        for _ in range(2):
            program.start()
            assert program.state()["inbox"] == []
            program.stop()
        assert early.recv(15).startswith(b"HTTP/1.0 200 OK")


def test_a_program_that_was_never_started_leaves_no_port_behind(tmp_path: Path) -> None:
    """As when something else fails before it."""
    program = SimulatorProcess(0, tmp_path / "log")
    program.stop()
    port = Port(program.port)
    assert port.number == program.port
    port.close()
