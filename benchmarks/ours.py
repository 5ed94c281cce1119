"""Parts of this integration, used alone; and a look at whether it did what it was to do."""

from asyncio import AbstractEventLoop
from collections.abc import Collection, Mapping
from copy import replace
from functools import partial
from itertools import count
from typing import Any

from aiohttp import ClientSession
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from custom_components.bisms.files import AccountFiles
from custom_components.bisms.outbox import Delivery, Loaded, Outbox
from custom_components.bisms.outbox.journal import Journal
from custom_components.bisms.outbox.record import (
    Acceptance,
    Attempts,
    Certainty,
    Step,
    Task,
    entered,
)
from custom_components.bisms.provider.client import BismsClient
from custom_components.bisms.provider.models import Message, Sms
from scripts.simulator_process import SimulatorProcess
from simulator.clock import LoopClock

from .home import HEADER, RECIPIENT

_NUMBERS = count()


class NoFiles:
    """Files that keep nothing: what a save costs is measured elsewhere."""

    async def load(self) -> Loaded:
        """Find nothing."""
        return Loaded(None, b"", None)

    async def save(self, snapshot: dict[str, Any]) -> None:
        """Keep nothing."""

    async def append(self, at: int, line: bytes) -> None:
        """Keep nothing."""

    async def mark(self, lineage: str) -> None:
        """Keep nothing."""


class Texts:
    """Texts of one part, all of them different and equally long; it knows how many went where."""

    def __init__(self) -> None:
        """Begin with none."""
        self.sent: dict[str, int] = {}

    def new(self, recipients: int = 1, more: str = "") -> str:
        """Return a text that was never sent, and that so many are to get."""
        text = f"Kapı açıldı, deneme {next(_NUMBERS):07}{more}"
        self.sent[text] = recipients
        return text


def message(text: str, *numbers: str) -> Message:
    """Return a message of one part, to Ayşe unless other numbers are given."""
    sms = Sms(numbers=numbers or (RECIPIENT,), text=text, parts=1)
    return Message(header=HEADER, sms=(sms,))


def accepted(text: str, number: int, at: float = LoopClock.START) -> Delivery:
    """Return a message as it is while its report is not there yet."""
    delivery = entered(f"{number:032x}", message(text), at, at, 3600)
    return replace(
        delivery,
        doing=Step(Task.REPORT, at + 90),
        told=True,
        attempts=Attempts(at, at, Certainty.ANSWERED),
        acceptance=Acceptance(at, at, at, str(77300600 + number)),
    )


def client_of(entry: ConfigEntry) -> BismsClient:
    """Return an account's client."""
    client: BismsClient = entry.runtime_data.client
    return client


def outbox_of(entry: ConfigEntry) -> Outbox:
    """Return an account's outbox."""
    outbox: Outbox = entry.runtime_data.outbox
    return outbox


async def bare_get(session: ClientSession, url: str, text: str) -> None:
    """Send as directly as aiohttp can."""
    query = {
        "username": "test",
        "password": "test",
        "header": HEADER,
        "gsm": RECIPIENT,
        "message": text,
    }
    async with session.get(f"{url}/api/smsget/v1", params=query) as answer:
        body = await answer.text()
    if not body.startswith("00 "):
        raise RuntimeError(f"The provider answered {body}")


async def outbox_alone(hass: HomeAssistant, entry: ConfigEntry) -> Outbox:
    """Return an outbox that keeps nothing, and that nobody listens to."""
    outbox = Outbox(
        client_of(entry),
        NoFiles(),
        spawn=partial(entry.async_create_background_task, hass),
        spawn_write=hass.async_create_task,
        on_refusal=lambda _: None,
    )
    await outbox.start()
    return outbox


def let_outboxes_follow(loop: AbstractEventLoop) -> LoopClock:
    """Let outboxes, which would read the machine's clocks, live in a loop's time."""
    clock = LoopClock(loop)
    defaults = Outbox.__init__.__kwdefaults__
    assert defaults is not None
    defaults |= {"utc": clock.now, "steady": loop.time}
    return clock


async def kept(hass: HomeAssistant, entry: ConfigEntry) -> Collection[Delivery]:
    """Return what an account's files hold, read as after a restart."""
    saved = await Journal(AccountFiles(hass, entry.entry_id)).load()
    return saved.deliveries


async def check(
    hass: HomeAssistant,
    simulator: SimulatorProcess,
    arrived: Mapping[str, int],
    stored: Mapping[ConfigEntry, Mapping[str, int]],
) -> None:
    """Raise unless each text arrived once at so many numbers, and is on disk as sent.

    Nothing else may have arrived.
    """
    state = await hass.async_add_executor_job(simulator.state)
    _check_arrived(state["inbox"], arrived)
    for entry, texts in stored.items():
        deliveries = await kept(hass, entry)
        on_disk = {
            sms.text for each in deliveries if each.dlr_id for sms in each.message.sms
        }
        if missing := texts.keys() - on_disk:
            raise RuntimeError(f"Of {len(texts)} texts {len(missing)} are not on disk")


def _check_arrived(
    inbox: Collection[Mapping[str, str]], arrived: Mapping[str, int]
) -> None:
    numbers: dict[str, list[str]] = {}
    requests: dict[str, set[str]] = {}
    for sms in inbox:
        numbers.setdefault(sms["raw_text"], []).append(sms["number"])
        requests.setdefault(sms["raw_text"], set()).add(sms["dlr_id"])
    for text in arrived.keys() | numbers.keys():
        to = numbers.get(text, [])
        once = len(to) == len(set(to)) == arrived.get(text)
        if not once or len(requests[text]) != 1:
            raise RuntimeError(
                f"{text!r} arrived {len(to)} times, in {len(requests.get(text, ()))} "
                f"requests, for {arrived.get(text)} numbers"
            )
