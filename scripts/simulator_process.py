"""The simulated provider as a process of its own."""

from collections.abc import Sequence
import json
from pathlib import Path
import sys
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from .processes import LOOPBACK, Child

_DIRECT = build_opener(ProxyHandler({}))


class SimulatorProcess(Child):
    """`python -m simulator` on a port of this machine."""

    def __init__(
        self,
        port: int,
        log: Path,
        *,
        options: Sequence[str] = (),
        python: str | Path = sys.executable,
    ) -> None:
        """Prepare; `options` are the simulator's own."""
        command = [python, "-m", "simulator", "--port", str(port), *options]
        super().__init__("The simulator", command, log)
        self.port = port
        self.url = f"http://{LOOPBACK}:{port}"

    def start(self) -> None:
        """Run the simulator and return once it answers."""
        super().start()
        self.wait_until_ready(self._answers, seconds=30)

    def state(self) -> dict[str, Any]:
        """Return all there is to see: inbox, credit, requests."""
        with _DIRECT.open(f"{self.url}/sim/state", timeout=10) as reply:
            state: dict[str, Any] = json.load(reply)
        return state

    def _answers(self) -> bool:
        """Return whether somebody listens already."""
        try:
            return bool(self.state())
        except URLError, ConnectionError:
            return False
