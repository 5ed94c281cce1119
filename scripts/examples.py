"""Messages to look at in the demo: one is held, one is on its way, one fails.

What happens to them is real: their phones are off or out of use at the simulated provider,
and the integration learns it from delivery reports, the first of which it asks for 90 s
after sending.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .home_assistant import TIME_ZONE, HomeAssistant
from .simulator_process import SimulatorProcess

NEVER: Mapping[str, object] = {"delivered_after": None}


@dataclass(frozen=True, kw_only=True)
class Example:
    """A recipient and the message that is sent there, in the demo's languages."""

    name: Mapping[str, str]
    number: str
    text: Mapping[str, str]
    handset: Mapping[str, object] = field(default_factory=dict)
    tomorrow: bool = False


EXAMPLES = (
    Example(
        name={"en": "Neighbour", "tr": "Komşu"},
        number="05552223344",
        text={
            "en": "We are back tomorrow. Thank you for watering the tomatoes!",
            "tr": "Yarın dönüyoruz. Domatesleri suladığın için teşekkürler!",
        },
        tomorrow=True,
    ),
    Example(
        name={"en": "Grandma", "tr": "Anneanne"},
        number="05553334455",
        text={
            "en": "The power is back, and your fridge stayed cold.",
            "tr": "Elektrik geldi, buzdolabın soğuk kaldı.",
        },
        handset={**NEVER, "fails_after": None},
    ),
    Example(
        name={"en": "Caretaker", "tr": "Kapıcı"},
        number="05554445566",
        text={
            "en": "The heating has lost pressure. Please look at the boiler.",
            "tr": "Kalorifer basıncı düştü. Kazana bakar mısınız?",
        },
        handset={**NEVER, "fails_after": 0},
    ),
)


def send_examples(
    home: HomeAssistant, simulator: SimulatorProcess, entry_id: str, language: str
) -> None:
    """Add the recipients to an account, and send each of them the message."""
    for example in EXAMPLES:
        name = example.name[language]
        if example.handset:
            simulator.change("handset", {"number": example.number, **example.handset})
        home.add_to(
            entry_id,
            "recipient",
            {"user": {"name": name, "numbers": [example.number]}},
        )
        message: dict[str, Any] = {
            "recipients": [name],
            "message": example.text[language],
        }
        if example.tomorrow:
            message |= {"scheduled_by": "home_assistant", "send_at": _tomorrow()}
        home.call("bisms", "send_message", message)


def _tomorrow() -> str:
    """Return tomorrow at eight in the morning."""
    day = datetime.now(ZoneInfo(TIME_ZONE)).date() + timedelta(days=1)
    return f"{day} 08:00:00"
