"""Programs that run beside us, and never longer than us."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
import ctypes
import os
from pathlib import Path
import signal
import socket
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from .ports import LOOPBACK, Port

ROOT = Path(__file__).resolve().parent.parent
DIRECT = build_opener(ProxyHandler({}))
"""Opens addresses of this machine, which no proxy could."""

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
_UNWANTED = {
    # Home Assistant starts four seconds later each time when it may not keep byte code.
    "PYTHONDONTWRITEBYTECODE",
    # What an outer pytest or supervisor tells its own children is none of theirs.
    "PYTEST_CURRENT_TEST",
    "SUPERVISOR",
}


class ChildFailedError(Exception):
    """A program did not come up, or ended before its time."""


class Child:
    """A program in the background whose output goes to a file."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        port: Port | None = None,
    ) -> None:
        """Prepare; `name` is what messages call the program, which may be handed a port."""
        self.name = name
        self.command = command
        self.log = log
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def exit_code(self) -> int | None:
        """Return how the program ended; None while it runs or before it was started."""
        return self._process.poll() if self._process else None

    @property
    def running(self) -> bool:
        """Return whether the program was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Run the program, in a session of its own so that Ctrl-C reaches only us."""
        handed_over: AbstractContextManager[socket.socket | None]
        handed_over = self._port.handed_over() if self._port else nullcontext()
        with self.log.open("ab") as output, handed_over as listening:
            inherited = [] if listening is None else [listening.fileno()]
            self._process = subprocess.Popen(
                [*self.command, *(f"--socket={number}" for number in inherited)],
                pass_fds=inherited,
                cwd=ROOT,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 (takes no lock)
            )

    def wait_until_ready(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """Return once `ready` says so; raise when the program ends first or time is up."""

        def ready_or_dead() -> bool:
            if not self.running:
                raise ChildFailedError(
                    f"{self.name} ended with {self.exit_code}; its last words in "
                    f"{self.log}:\n{self.last_words()}"
                )
            return ready()

        wait_until(ready_or_dead, seconds=seconds, what=f"{self.name} to be ready")

    def stop(self, *, seconds: float = 60) -> None:
        """End the program politely, and by force when that takes too long."""
        if self._process is None:
            if self._port is not None:
                self._port.close()
            return
        self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the program and all it started at once, as a power cut would."""
        if self._process is None:
            return
        if self.running:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def last_words(self, lines: int = 20) -> str:
        """Return the end of the program's output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Server(Child):
    """A program that answers HTTP on a port of this machine."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        *,
        port: Port | int,
        sign_of_life: str,
    ) -> None:
        """Prepare; the path `sign_of_life` is answered as soon as anything is.

        A `Port` is handed to the program; where a number is given, it takes that by itself.
        """
        handed = port if isinstance(port, Port) else None
        super().__init__(name, command, log, handed)
        self.port = port.number if isinstance(port, Port) else port
        self.url = f"http://{LOOPBACK}:{self.port}"
        self._sign_of_life = sign_of_life

    def start(self) -> None:
        """Run the program and return once it answers."""
        super().start()
        self.wait_until_ready(self._answers, seconds=30)

    def _answers(self) -> bool:
        """Return whether somebody listens already."""
        try:
            with DIRECT.open(self.url + self._sign_of_life, timeout=10) as reply:
                return bool(reply.read())
        except URLError, ConnectionError, TimeoutError:
            return False


def wait_until[T](check: Callable[[], T | None], *, seconds: float, what: str) -> T:
    """Return the first true answer of `check`; raise TimeoutError when time is up."""
    deadline = time.monotonic() + seconds
    while not (answer := check()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {seconds:g} s for {what}")
        time.sleep(0.05)
    return answer


def _environment() -> dict[str, str]:
    """Return our environment without what would disturb a child."""
    return {name: value for name, value in os.environ.items() if name not in _UNWANTED}


def _die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends, however that ends."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
