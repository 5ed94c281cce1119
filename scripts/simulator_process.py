"""The simulated provider as a process of its own."""

from collections.abc import Mapping, Sequence
import json
from pathlib import Path
import sys
from typing import Any
from urllib.request import Request

from .ports import Port
from .processes import DIRECT, Server

_STATE = "/sim/state"


class SimulatorProcess(Server):
    """`python -m simulator` on a port of this machine that it is handed."""

    def __init__(
        self,
        port: int,
        log: Path,
        *,
        options: Sequence[str] = (),
        python: str | Path = sys.executable,
    ) -> None:
        """Prepare on this port if it is free, else on another; `options` are the simulator's."""
        command = [python, "-m", "simulator", *options]
        super().__init__(
            "The simulator", command, log, port=Port(port), sign_of_life=_STATE
        )

    def state(self) -> dict[str, Any]:
        """Return all there is to see: inbox, credit, requests."""
        with DIRECT.open(self.url + _STATE, timeout=10) as reply:
            state: dict[str, Any] = json.load(reply)
        return state

    def change(self, what: str, changes: Mapping[str, object]) -> None:
        """Change something of the provider: its `account`, or the `fault` that comes next."""
        request = Request(
            f"{self.url}/sim/{what}",
            data=json.dumps(changes).encode(),
            headers={"Content-Type": "application/json"},
        )
        with DIRECT.open(request, timeout=10):
            pass
