"""The demo as a stage for tests: it looks the same whenever the curtain rises."""

from pathlib import Path
import secrets
from typing import Any

from scripts.demo import CREDIT_SENSOR, HEADER, USERNAME, Demo

CREDIT = 15600
HEADERS = (HEADER, "BAHCE")

_ENTRIES = "/api/config/config_entries/entry"
_SUBENTRY_FLOWS = "/api/config/config_entries/subentries/flow"


class Stage:
    """A Home Assistant with one account and one recipient, and the provider it uses."""

    def __init__(self, folder: Path, *, language: str) -> None:
        """Prepare the demo in a language; every word that is logged can be looked at."""
        self.language = language
        self._demo = Demo(folder, language=language, log_level="debug")
        self.home = self._demo.home
        self.simulator = self._demo.simulator
        self.secret = self._demo.secret
        self.secrets = {self.secret}

    def start(self) -> None:
        """Start both programs, set the account up and send a first message."""
        self._demo.start()
        self.change_account(headers=HEADERS)
        self._demo.send()

    def stop(self) -> None:
        """Stop both programs."""
        self._demo.stop()

    def reset(self) -> None:
        """Make the account, at the provider and here, what it was in the beginning."""
        self.remove_account()
        self.change_account(
            secret=self.secret, credit=CREDIT, headers=HEADERS, blacklist=[]
        )
        self._demo.add_account()

    def remove_account(self) -> None:
        """Remove the account from Home Assistant."""
        for entry in self.home.request("GET", f"{_ENTRIES}?domain=bisms"):
            self.home.request("DELETE", f"{_ENTRIES}/{entry['entry_id']}")

    def entry_id(self) -> str:
        """Return the id of the account's config entry."""
        [entry] = self.home.request("GET", f"{_ENTRIES}?domain=bisms")
        entry_id: str = entry["entry_id"]
        return entry_id

    def add_recipient(self, name: str, number: str) -> None:
        """Add a recipient to the account."""
        handler = [self.entry_id(), "recipient"]
        flow = self.home.request("POST", _SUBENTRY_FLOWS, {"handler": handler})
        recipient = {"name": name, "numbers": [number]}
        self.home.request("POST", f"{_SUBENTRY_FLOWS}/{flow['flow_id']}", recipient)

    def device_id(self) -> str:
        """Return the id of the account's device."""
        template = "{{ device_id('sensor.bisms_remaining_credit') | to_json }}"
        device_id: str = self.home.request(
            "POST", "/api/template", {"template": template}
        )
        return device_id

    def change_account(self, **changes: object) -> None:
        """Change the account at the provider."""
        self.simulator.change("account", {"username": USERNAME, **changes})

    def change_secret(self) -> str:
        """Give the account at the provider a new API secret and return it."""
        secret = self.wrong_secret()
        self.change_account(secret=secret)
        return secret

    def wrong_secret(self) -> str:
        """Return an API secret that is not the account's, but must not be logged either."""
        secret = secrets.token_hex(16)
        self.secrets.add(secret)
        return secret

    def credit(self) -> int:
        """Return the credit that Home Assistant shows."""
        state = self.home.state(CREDIT_SENSOR)
        assert state
        return int(state["state"])

    def update(self, entity_id: str) -> None:
        """Have Home Assistant ask the provider what an entity shows."""
        self.home.call("homeassistant", "update_entity", {"entity_id": [entity_id]})

    def received(self, text: str) -> list[dict[str, Any]]:
        """Return the SMS with this text that the provider accepted."""
        inbox = self.simulator.state()["inbox"]
        return [sms for sms in inbox if sms["raw_text"] == text]
