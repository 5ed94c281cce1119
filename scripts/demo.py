"""Show the main job: a real Home Assistant sends an SMS through a simulated provider.

    scripts/demo [--language tr] [--debug] [--once]

Both run on this machine only, each start from scratch, until Ctrl-C. With --once the
demo ends after the main job, successfully if and only if the SMS arrived unchanged and
Home Assistant's sensors show it.
"""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
import fcntl
from itertools import count
import json
from pathlib import Path
import secrets
import shutil
import signal
from string import Template
import sys
import time
from typing import Any

from .examples import send_examples
from .home_assistant import (
    RESTART_REQUESTED,
    FlowFailedError,
    HomeAssistant,
    RequestRefusedError,
)
from .processes import ROOT, ChildFailedError, wait_until
from .simulator_process import SimulatorProcess

FOLDERS = ROOT / ".demo"
DASHBOARDS = Path(__file__).parent / "dashboards"

HOME_ASSISTANT_PORT = 8123
SIMULATOR_PORT = 8081

USERNAME = "demo"
HEADER = "EVIM"
NUMBER = "05551112233"
MESSAGE = "Su baskını! Şofben dolabında nem %98, vanayı kapattım."
# What the dashboard's button does: the time keeps the texts apart, since the provider
# takes the same text only once in two minutes.
BUTTON = {
    "sequence": {
        "action": "notify.bisms",
        "data": {
            "message": MESSAGE + " {{ now().strftime('%H:%M:%S') }}",
            "target": [NUMBER],
        },
    }
}
RECIPIENTS = {"en": "Family", "tr": "Aile"}

CREDIT_SENSOR = "sensor.bisms_remaining_credit"
STATUS_SENSOR = "sensor.bisms_last_delivery_status"
ON_THEIR_WAY = ("waiting", "pending", "delivered")


INTERRUPTED = 130


class JobFailedError(Exception):
    """The SMS did not arrive as it was sent, or was not charged for."""


FAILURES = (
    ChildFailedError,
    FlowFailedError,
    JobFailedError,
    OSError,
    RequestRefusedError,
)


@dataclass(frozen=True)
class Outcome:
    """What became of the main job."""

    sms: dict[str, Any]
    credit_before: int
    credit_after: int
    status: str


class Demo:
    """The simulator, and a Home Assistant that is set up for it."""

    def __init__(
        self,
        folder: Path,
        *,
        language: str,
        log_level: str,
        ports: tuple[int, int] = (0, 0),
    ) -> None:
        """Prepare both programs; `ports` are Home Assistant's and the simulator's if free."""
        home_assistant_port, simulator_port = ports
        self.secret = secrets.token_hex(8)
        self.language = language
        self.entry_id = ""
        self.simulator = SimulatorProcess(
            simulator_port,
            folder / "simulator.log",
            options=(
                *("--username", USERNAME, "--secret", self.secret),
                *("--header", HEADER, "--speed", "10"),
            ),
        )
        dashboard = folder / "dashboard.yaml"
        dashboard.write_text(self._dashboard(), encoding="utf-8")
        self.home = HomeAssistant(
            folder / "home-assistant",
            port=home_assistant_port,
            language=language,
            log_level=log_level,
            dashboard=dashboard,
            python=Path(sys.executable),
        )

    def start(self) -> None:
        """Start both and set the account up, with a first recipient."""
        self.simulator.start()
        self.home.prepare()
        (self.home.folder / "scripts.yaml").write_text(json.dumps({"send_sms": BUTTON}))
        self.home.start()
        self.add_account()

    def add_account(self) -> None:
        """Set the account up through its dialogs, with a first recipient."""
        self.entry_id = self.home.set_up(
            "bisms",
            {
                "user": {
                    "username": USERNAME,
                    "password": self.secret,
                    "advanced": {"url": self.simulator.url},
                },
                "header": {"header": HEADER},
            },
            following={
                "user": {"name": RECIPIENTS[self.language], "numbers": [NUMBER]}
            },
        )

    def send_examples(self) -> None:
        """Send what else there is to look at."""
        send_examples(self.home, self.simulator, self.entry_id, self.language)

    def send(self) -> Outcome:
        """Do the main job and check all that follows from it."""
        before = self.simulator.state()["credit"]
        wait_until(self._can_send, seconds=30, what="the action notify.bisms")
        self.home.call("notify", "bisms", {"message": MESSAGE, "target": [NUMBER]})
        sms = wait_until(self._arrived, seconds=15, what="the SMS to arrive")
        if sms["raw_text"] != MESSAGE:
            raise JobFailedError(f"What arrived is not what was sent: {sms}")
        after = self.simulator.state()["credit"]
        if before - after != sms["credits"] or not sms["credits"]:
            raise JobFailedError(f"The credit went from {before} to {after}")
        wait_until(
            lambda: self._credit() == str(after),
            seconds=30,
            what=f"{CREDIT_SENSOR} to show {after}",
        )
        status = wait_until(
            lambda: self._status_of(sms["dlr_id"]),
            seconds=30,
            what=f"{STATUS_SENSOR} to show the message",
        )
        return Outcome(sms, before, after, status)

    def watch(self, outcome: Outcome) -> None:
        """Tell how the message fares on, until one of the programs ends."""
        shown = outcome.status
        while (exit_code := self.home.exit_code) in (None, RESTART_REQUESTED):
            if exit_code == RESTART_REQUESTED:
                self.home.start()
            if not self.simulator.running:
                break
            status = self._status_of(outcome.sms["dlr_id"])
            if status and status != shown:
                tell("Status", status)
                shown = status
            time.sleep(1)
        ended = self.home if self.simulator.running else self.simulator
        raise ChildFailedError(f"{ended.name} has ended; see {ended.log}")

    def stop(self) -> None:
        """Stop both, Home Assistant first so that it need not miss the provider."""
        self.home.stop()
        self.simulator.stop()

    def _dashboard(self) -> str:
        """Return the dashboard in the demo's language."""
        template = (DASHBOARDS / f"{self.language}.yaml").read_text(encoding="utf-8")
        return Template(template).substitute(phone=self.simulator.url)

    def _can_send(self) -> bool:
        """Return whether the account and its first recipient can be sent to."""
        domains = self.home.request("GET", "/api/services")
        actions = {one["domain"]: set(one["services"]) for one in domains}
        recipient = RECIPIENTS[self.language].lower()
        return actions["notify"] >= {"bisms", f"bisms_{recipient}"}

    def _arrived(self) -> dict[str, Any] | None:
        """Return the SMS that the simulated phone shows."""
        inbox: list[dict[str, Any]] = self.simulator.state()["inbox"]
        return next((sms for sms in inbox if sms["number"].endswith(NUMBER)), None)

    def _credit(self) -> str | None:
        """Return the credit that Home Assistant shows."""
        state = self.home.state(CREDIT_SENSOR)
        return state["state"] if state else None

    def _status_of(self, dlr_id: str) -> str | None:
        """Return a message's status once it was accepted, if Home Assistant shows it."""
        try:
            state = self.home.state(STATUS_SENSOR)
        except OSError:  # it is restarting
            return None
        if not state or str(state["attributes"].get("dlr_id")) != dlr_id:
            return None
        return state["state"] if state["state"] in ON_THEIR_WAY else None


@contextmanager
def own_folder() -> Iterator[Path]:
    """Claim an empty folder, beside those of other demos that may be running."""
    for number in count(1):
        folder = FOLDERS / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        with (FOLDERS / f"{number}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(folder)
            folder.mkdir()
            yield folder
            return


def main() -> int:
    """Run the demo as the command line says; return the exit status."""
    arguments = read_arguments()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with own_folder() as folder, ExitStack() as at_the_end:
        demo = Demo(
            folder,
            language=arguments.language,
            log_level="debug" if arguments.debug else "warning",
            ports=(HOME_ASSISTANT_PORT, SIMULATOR_PORT),
        )
        at_the_end.callback(demo.stop)
        try:
            run(demo, once=arguments.once)
        except KeyboardInterrupt:
            return INTERRUPTED
        except FAILURES as error:
            print(f"The demo failed: {error}", file=sys.stderr)
            return 1
    return 0


def read_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description=(__doc__ or "").partition("\n")[0],
        epilog="Needs no account and costs nothing: the provider is simulated.",
    )
    parser.add_argument(
        "--once", action="store_true", help="end after the main job; 0 means it worked"
    )
    parser.add_argument(
        "--language", choices=sorted(RECIPIENTS), default="en", help="default: en"
    )
    parser.add_argument(
        "--debug", action="store_true", help="have Home Assistant log everything"
    )
    return parser.parse_args()


def run(demo: Demo, *, once: bool) -> None:
    """Start everything, do the main job, and go on until Ctrl-C unless it is for once."""
    started = time.monotonic()
    print("Starting Home Assistant and a simulated provider on this machine ...")
    demo.start()
    demo.send_examples()
    outcome = demo.send()
    tell_outcome(outcome)
    tell_addresses(demo, time.monotonic() - started)
    if not once:
        print("Ctrl-C stops both.", flush=True)
        with suppress(KeyboardInterrupt):
            demo.watch(outcome)


def tell_outcome(outcome: Outcome) -> None:
    """Print what became of the SMS."""
    sms = outcome.sms
    tell("Sent", f"{MESSAGE} (to {NUMBER})")
    tell("Arrived", f"unchanged, at {sms['number']}, from {sms['header']}")
    tell("Length", f"{sms['length']} ({sms['language']}), parts: {sms['parts']}")
    tell("dlrId", sms["dlr_id"])
    tell("Credit", f"{outcome.credit_before} before, {outcome.credit_after} after")
    tell("Status", outcome.status)
    tell("Besides", "one held until tomorrow, one phone is off, one number is unused")


def tell_addresses(demo: Demo, seconds: float) -> None:
    """Print where to look."""
    for name, wanted, given in (
        ("Home Assistant", HOME_ASSISTANT_PORT, demo.home.port),
        ("the simulator", SIMULATOR_PORT, demo.simulator.port),
    ):
        if given != wanted:
            print(f"Port {wanted} is in use, so {name} took {given}.")
    print(f"Ready after {seconds:.1f} s:")
    tell("Home Assistant", f"{demo.home.url}/bisms-demo (user demo, password demo)")
    tell("Phone", demo.simulator.url)
    tell("Log", str(demo.home.log))


def tell(label: str, text: str) -> None:
    """Print one line of a list, at once."""
    print(f"  {label:<15} {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
