"""`python -m simulator`: the provider on this machine until it is stopped."""

import argparse
import asyncio
import errno
import signal
import socket
import sys

from .clock import SystemClock
from .sendings import Account
from .simulator import Simulator

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main() -> int:
    """Serve until stopped; return the exit status."""
    options = _options()
    account = Account(options.username, options.secret, options.credit)
    if options.header:
        account.headers = tuple(options.header)
    simulator = Simulator([account], clock=SystemClock(options.speed))
    try:
        asyncio.run(_serve(simulator, options))
    except OSError as error:
        print(_in_words(error, options.host, options.port), file=sys.stderr)
        return 1
    return 0


async def _serve(simulator: Simulator, options: argparse.Namespace) -> None:
    """Serve until a signal asks to stop."""
    listening = None if options.socket is None else socket.socket(fileno=options.socket)
    stopped = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    serving = simulator.serve(options.host, options.port, listening=listening)
    async with serving as url:
        print(f"The provider is simulated at {url}", flush=True)
        print(f"Open {url}/ to see what arrives.", flush=True)
        await stopped.wait()
    print("The simulator has stopped.", flush=True)


def _options() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="Simulate the SMS provider on this machine, with a page that shows what arrives.",
    )
    parser.add_argument("--host", choices=["127.0.0.1"], default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8081, help="0 takes any free one")
    parser.add_argument(
        "--socket",
        type=int,
        metavar="NUMBER",
        help="serve this inherited socket, which listens already, and no other port",
    )
    parser.add_argument(
        "--speed",
        type=_positive,
        default=1.0,
        help="how much faster than time deliveries and reports move (default 1)",
    )
    parser.add_argument("--username", default="test")
    parser.add_argument("--secret", default="test", help="the account's API secret")
    parser.add_argument("--credit", type=int, default=15600)
    parser.add_argument(
        "--header", action="append", help="an approved sender name; may be repeated"
    )
    return parser.parse_args()


def _positive(text: str) -> float:
    """Return a number above zero."""
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _in_words(error: OSError, host: str, port: int) -> str:
    """Return why the simulator could not start."""
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is in use by another program. "
            "Stop that program, or choose another port with --port (0 takes any free one)."
        )
    return f"Cannot listen on {host}, port {port}: {error.strerror}"


if __name__ == "__main__":
    sys.exit(main())
