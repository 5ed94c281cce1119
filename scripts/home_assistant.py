"""A real Home Assistant as a process: for the demo, and for tests that need the real thing.

    home = HomeAssistant(folder)
    home.prepare()
    home.start()
    home.call("notify", "bisms", {"message": "Merhaba", "target": ["05551112233"]})
    home.kill()  # a power cut
    home.start()
    home.stop()

It listens on the loopback interface only, needs no onboarding, and knows the user `demo`
with the password `demo`. This module needs nothing but the standard library.
"""

from collections.abc import Mapping
from http import HTTPStatus
import json
from pathlib import Path
import subprocess
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request

from .ports import LOOPBACK, Port
from .processes import DIRECT, ROOT, Child, wait_until

DEMO_PYTHON = ROOT / ".venv-demo" / "bin" / "python"
RESTART_REQUESTED = 100
TIME_ZONE = "Europe/Istanbul"

# Built from C++ sources, so missing where there is no compiler. SMS do not need them.
_VOICE_PACKAGES = ("pymicro-vad", "pyspeex-noise")
_FLOWS = "/api/config/config_entries/flow"
_SUBENTRY_FLOWS = "/api/config/config_entries/subentries/flow"

type Flow = dict[str, Any]
type Answers = Mapping[str, Mapping[str, object]]


class RequestRefusedError(Exception):
    """Home Assistant answered a request with an HTTP error."""

    def __init__(self, request: str, status: int, answer: str) -> None:
        """Remember the status, which tests tell apart."""
        super().__init__(f"{request} answered {status}: {answer}")
        self.status = status


class FlowFailedError(Exception):
    """A configuration flow refused an answer or was given up."""

    def __init__(self, flow: Flow) -> None:
        """Say where it ended, and why, in the flow's own words."""
        where = flow.get("step_id", flow["type"])
        super().__init__(f"{where}: {flow.get('errors') or flow.get('reason')}")


class HomeAssistant(Child):
    """Home Assistant in a configuration folder of its own, driven over its REST API."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        language: str = "en",
        log_level: str = "warning",
        dashboard: Path | None = None,
        python: Path = DEMO_PYTHON,
    ) -> None:
        """Prepare on this port if it is free, else on another.

        `dashboard` is a YAML file that is shown at /bisms-demo.
        """
        command: list[str | Path] = [python, "-m", "scripts.launcher"]
        command += ["--config", folder, "--log-no-color"]
        if not _has_voice_packages(python):
            command += ["--skip-pip-packages", ",".join(_VOICE_PACKAGES)]
        taken = Port(port)
        super().__init__("Home Assistant", command, folder / "console.log", taken)
        self.folder = folder
        self.port = taken.number
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.token = ""
        self._settings = [f"--language={language}", f"--log-level={log_level}"]
        if dashboard:
            self._settings.append(f"--dashboard={dashboard}")
        self._python = python

    def prepare(self) -> None:
        """Write a configuration that needs no onboarding and knows our integration."""
        self.token = subprocess.check_output(
            [
                *(self._python, "-m", "scripts.configuration", self.folder),
                *(f"--port={self.port}", *self._settings),
            ],
            cwd=ROOT,
            text=True,
        ).strip()
        (self.folder / "custom_components").symlink_to(ROOT / "custom_components")

    def start(self, *, seconds: float = 300) -> None:
        """Run Home Assistant and return once all of it is up."""
        super().start()
        self.wait_until_ready(self._is_up, seconds=seconds)

    def request(self, method: str, path: str, body: object = None) -> Any:
        """Ask the REST API as the user demo and return its answer.

        Raises RequestRefusedError on an HTTP error, OSError when there is no answer.
        """
        request = Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
            },
        )
        try:
            with DIRECT.open(request, timeout=60) as reply:
                return json.load(reply)
        except HTTPError as error:
            with error:
                answer = error.read().decode(errors="replace")
            raise RequestRefusedError(f"{method} {path}", error.code, answer) from None

    def state(self, entity_id: str) -> dict[str, Any] | None:
        """Return an entity's state object, or None when there is no such entity."""
        try:
            state: dict[str, Any] = self.request("GET", f"/api/states/{entity_id}")
        except RequestRefusedError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        return state

    def call(
        self,
        domain: str,
        action: str,
        data: Mapping[str, object],
        *,
        want_response: bool = False,
    ) -> Any:
        """Perform an action; return its response when it is wanted and has one."""
        suffix = "?return_response" if want_response else ""
        answer = self.request("POST", f"/api/services/{domain}/{action}{suffix}", data)
        return answer["service_response"] if want_response else None

    def set_up(
        self, domain: str, answers: Answers, following: Answers | None = None
    ) -> str:
        """Add an integration as a user would, and return its config entry's id.

        `answers` holds what is filled in at each step, `following` the same for the
        screens that follow on their own, as for a first recipient.
        """
        flow = self._fill_in(_FLOWS, self._open(_FLOWS, domain), answers)
        if following:
            _, flow_id = flow["next_flow"]
            flows = _SUBENTRY_FLOWS
            self._fill_in(flows, self.request("GET", f"{flows}/{flow_id}"), following)
        entry_id: str = flow["result"]["entry_id"]
        wait_until(
            lambda: self._entry_state(domain, entry_id) == "loaded",
            seconds=30,
            what=f"{domain} to be loaded",
        )
        return entry_id

    def add_to(self, entry_id: str, kind: str, answers: Answers) -> None:
        """Add a subentry to a config entry as a user would."""
        flow = self._open(_SUBENTRY_FLOWS, [entry_id, kind])
        self._fill_in(_SUBENTRY_FLOWS, flow, answers)

    def _open(self, flows: str, handler: object) -> Flow:
        """Open the first form of a flow."""
        flow: Flow = self.request("POST", flows, {"handler": handler})
        return flow

    def _fill_in(self, flows: str, flow: Flow, answers: Answers) -> Flow:
        """Answer one form after the other until there is a result."""
        while flow["type"] == "form" and not flow["errors"]:
            answer = answers[flow["step_id"]]
            flow = self.request("POST", f"{flows}/{flow['flow_id']}", answer)
        if flow["type"] != "create_entry":
            raise FlowFailedError(flow)
        return flow

    def _entry_state(self, domain: str, entry_id: str) -> str:
        """Return the state of a config entry."""
        entries = self.request(
            "GET", f"/api/config/config_entries/entry?domain={domain}"
        )
        states: dict[str, str] = {e["entry_id"]: e["state"] for e in entries}
        return states[entry_id]

    def _is_up(self) -> bool:
        """Return whether everything has been started."""
        try:
            return bool(self.request("GET", "/api/config")["state"] == "RUNNING")
        except URLError, ConnectionError, TimeoutError, RequestRefusedError:
            return False


def _has_voice_packages(python: Path) -> bool:
    """Return whether scripts/setup could build what voice control needs."""
    packages = python.parents[1].glob("lib/python*/site-packages")
    return any(next(folder.glob("pymicro_vad-*"), None) for folder in packages)
