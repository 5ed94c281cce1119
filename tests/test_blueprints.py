"""The blueprints of both languages, imported and run as a user's automations."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
import re
import shutil
from typing import Any

from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.components.blueprint.importer import (
    _get_github_import_url as raw_address,
)
from homeassistant.components.blueprint.models import Blueprint
from homeassistant.components.blueprint.schemas import BLUEPRINT_SCHEMA
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_mock_service,
)

from simulator import Fault, Simulator

from .accounts import ALI, AYSE, VELI, Days, account_at, load

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "blueprints/automation/bisms"
BLUEPRINTS = {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}
TURKISH = {name: path for name, path in BLUEPRINTS.items() if name.endswith(".tr")}
ENDINGS = {"en": "", "tr": ".tr"}
READ_BY_PEOPLE = {
    "alias",
    "author",
    "description",
    "label",
    "name",
    "source_url",
    "unit_of_measurement",
}
SAME_IN_BOTH_LANGUAGES = {"Alarm", ""}
FAMILY = [ALI, VELI]
SMOKE = "binary_sensor.smoke"
ALARM = {
    "alarm": [{"trigger": "state", "entity_id": SMOKE, "to": STATE_ON}],
    "recipients": ["Ayşe"],
    "message": "Yangın alarmı!",
}
FALLBACK = {
    "minutes": 4,
    "backup_recipients": ["Aile"],
    "fallback_actions": [
        {
            "action": "test.siren",
            "data": {"text": "{{ alarm_message }}", "status": "{{ alarm_status }}"},
        }
    ],
}

ALARM_TEXT = {"en": "Alarm at home, {}", "tr": "Evde alarm, {}"}
LOW_CREDIT_TEXT = {
    "en": "SMS credit is running low: 99 left.",
    "tr": "SMS kredisi azalıyor: 99 kredi kaldı.",
}
HEADING = {"en": "Home {}: Uzun: xxx", "tr": "Ev {}: Uzun: xxx"}

QUIET = 200
"""Rounds of the event loop that a request on loopback takes at most, with a wide margin."""


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Return a configuration folder into which the blueprints were imported."""
    shutil.copytree(FOLDER, Path(hass_tmp_config_dir) / "blueprints/automation/bisms")
    return hass_tmp_config_dir


@dataclass(frozen=True)
class Home:
    """A household with automations, in which time can pass."""

    hass: HomeAssistant
    entry: MockConfigEntry
    days: Days
    siren: list[ServiceCall]
    language: str

    async def automate(self, blueprint: str, **inputs: Any) -> None:
        """Create an automation from a blueprint in the household's language."""
        file = f"{blueprint}{ENDINGS[self.language]}.yaml"
        use = {"path": f"bisms/{file}", "input": inputs}
        assert await async_setup_component(
            self.hass, AUTOMATION_DOMAIN, {AUTOMATION_DOMAIN: {"use_blueprint": use}}
        )
        (automation,) = self.hass.states.async_all(AUTOMATION_DOMAIN)
        assert automation.state == STATE_ON

    async def smoke(self) -> None:
        """Set the alarm off."""
        self.hass.states.async_set(SMOKE, STATE_OFF)
        self.hass.states.async_set(SMOKE, STATE_ON)
        await self.settle()

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, half a minute at a time, with all that is due in it."""
        for _ in range(int(seconds // 30)):
            await self.days.elapse(30)
            await self.settle()

    async def settle(self) -> None:
        """Let everything go on until only automations wait, for time to pass."""
        quiet = 0
        while quiet < QUIET:
            await asyncio.sleep(0)
            busy = self.hass._background_tasks or self.entry._background_tasks
            quiet = 0 if busy else quiet + 1


type Settling = Callable[..., Coroutine[Any, Any, Home]]


@pytest.fixture(params=ENDINGS)
def language(request: pytest.FixtureRequest) -> str:
    """Return the language of the blueprints that a household uses."""
    return str(request.param)


@pytest.fixture
async def home(
    hass: HomeAssistant, provider_url: str, days: Days, language: str
) -> AsyncIterator[Settling]:
    """Return how to move in with chosen options; all automations are off in the end."""

    async def move_in(**options: Any) -> Home:
        entry = await load(hass, account_at(provider_url, **options))
        siren = async_mock_service(hass, "test", "siren")
        return Home(hass, entry, days, siren, language)

    yield move_in
    await hass.services.async_call(
        AUTOMATION_DOMAIN, "turn_off", {"entity_id": "all"}, blocking=True
    )


def numbers(simulator: Simulator) -> list[str]:
    """Return to whom messages went, in order."""
    return [sms.number for sms in simulator.inbox]


def parted(value: Any) -> tuple[Any, list[str]]:
    """Return what a blueprint does, and beside it what people read of it, in order."""
    if isinstance(value, list):
        parts = [parted(one) for one in value]
        return [does for does, _ in parts], [text for _, said in parts for text in said]
    if not isinstance(value, dict):
        return value, []
    is_text = "text" in (value.get("selector") or {})
    does: dict[str, Any] = {}
    texts: list[str] = []
    for key, inner in value.items():
        if is_text and key == "default":
            texts.append(inner if isinstance(inner, str) else "\n".join(inner))
        elif isinstance(inner, str) and key in READ_BY_PEOPLE:
            texts.append(inner)
        else:
            does[key], said = parted(inner)
            texts += said
    return does, texts


def test_every_blueprint_is_there_in_both_languages() -> None:
    """Each has a twin."""
    assert TURKISH
    assert set(BLUEPRINTS) - set(TURKISH) == {
        name.removesuffix(".tr") for name in TURKISH
    }


@pytest.mark.parametrize("name", TURKISH)
def test_a_turkish_blueprint_differs_in_its_words_only(name: str) -> None:
    """It does the same, nothing is left in English, and its texts hold the same values."""
    english = load_yaml_dict(BLUEPRINTS[name.removesuffix(".tr")])
    turkish = load_yaml_dict(TURKISH[name])

    does, said = parted(english)
    does_in_turkish, said_in_turkish = parted(turkish)

    assert does == does_in_turkish
    pairs = list(zip(said, said_in_turkish, strict=True))
    assert {one for one, other in pairs if one == other} <= SAME_IN_BOTH_LANGUAGES
    for one, other in pairs:
        assert told(one) == told(other)


def told(text: str) -> set[str]:
    """Return the values that a text tells; English needs to know whether they are many."""
    inside = " ".join(re.findall(r"{{(.*?)}}", text))
    return set(re.findall(r"[a-z_]+", re.sub(r"'.*?'", "", inside))) - {
        "if",
        "else",
        "or",
    }


@pytest.mark.parametrize("name", BLUEPRINTS)
def test_a_blueprint_says_where_it_comes_from_and_what_each_input_is(name: str) -> None:
    """Home Assistant can import it from its address, and a user needs nothing else."""
    data = load_yaml_dict(BLUEPRINTS[name])
    blueprint = Blueprint(
        data, expected_domain=AUTOMATION_DOMAIN, schema=BLUEPRINT_SCHEMA
    )
    assert blueprint.validate() is None
    assert blueprint.metadata["homeassistant"]["min_version"] == "2026.10.0"
    path = BLUEPRINTS[name].relative_to(ROOT)
    address = raw_address(blueprint.metadata["source_url"])
    assert address.endswith(f"bisms-home-assistant/bisms/main/{path}")
    assert len(blueprint.metadata["description"]) > 40
    for described in blueprint.inputs.values():
        assert described["name"]
        assert described["description"]
        assert described["selector"]


async def test_an_alarm_that_arrives_needs_no_fallback(
    home: Settling, simulator: Simulator
) -> None:
    """Delivered within the time: one SMS, and that is all."""
    house = await home()
    await house.automate("alarm", **ALARM, **FALLBACK)
    await house.smoke()
    await house.pass_time(600)
    assert [(sms.number, sms.text) for sms in simulator.inbox] == [
        (AYSE, "Yangın alarmı!")
    ]
    assert not house.siren


async def test_an_alarm_without_a_text_of_its_own_says_when_it_was(
    home: Settling, simulator: Simulator, language: str
) -> None:
    """In the language of the blueprint."""
    house = await home()
    inputs = {key: value for key, value in ALARM.items() if key != "message"}
    await house.automate("alarm", **inputs)
    await house.smoke()
    text = ALARM_TEXT[language].format(f"{dt_util.now():%H:%M:%S}")
    assert [sms.text for sms in simulator.inbox] == [text]


async def test_an_alarm_to_a_phone_that_is_off_goes_to_the_backup_in_time(
    home: Settling, simulator: Simulator
) -> None:
    """Not delivered within the time: the backup recipients get it, and the siren sounds."""
    simulator.handset(AYSE, delivered_after=None)
    house = await home()
    await house.automate("alarm", **ALARM, **FALLBACK)
    await house.smoke()
    await house.pass_time(210)
    assert numbers(simulator) == [AYSE]
    assert not house.siren
    await house.pass_time(60)
    assert numbers(simulator) == [AYSE, *FAMILY]
    assert [call.data for call in house.siren] == [
        {"text": "Yangın alarmı!", "status": "pending"}
    ]


async def test_an_alarm_is_not_taken_for_delivered_because_another_message_is(
    home: Settling, simulator: Simulator
) -> None:
    """Only what happens to the alarm itself counts."""
    simulator.handset(AYSE, delivered_after=None)
    house = await home()
    await house.automate("alarm", **ALARM, **FALLBACK)
    await house.smoke()
    await house.hass.services.async_call(
        "bisms", "send_message", {"recipients": [VELI], "message": "a"}, blocking=True
    )
    await house.pass_time(270)
    assert numbers(simulator) == [AYSE, VELI, *FAMILY]
    assert len(house.siren) == 1


async def test_an_alarm_delivered_just_before_the_time_is_over_needs_no_fallback(
    home: Settling, simulator: Simulator
) -> None:
    """The provider is asked once more before the alarm is given up."""
    simulator.handset(AYSE, delivered_after=200)
    house = await home()
    await house.automate("alarm", **ALARM, **FALLBACK)
    await house.smoke()
    await house.pass_time(300)
    assert numbers(simulator) == [AYSE]
    assert not house.siren


async def test_an_alarm_that_fails_goes_to_the_backup_at_once(
    home: Settling, simulator: Simulator
) -> None:
    """Once the report says that it failed, nothing is waited for."""
    simulator.handset(AYSE, delivered_after=None, fails_after=80)
    house = await home()
    await house.automate("alarm", **ALARM, **FALLBACK)
    await house.smoke()
    await house.pass_time(90)
    assert numbers(simulator) == [AYSE, *FAMILY]
    assert house.siren[0].data["status"] == "failed"


@pytest.mark.expects_log("sender name")
async def test_an_alarm_that_is_refused_goes_to_the_backup_at_once(
    home: Settling, simulator: Simulator
) -> None:
    """A refusal is final: the fallback runs right away."""
    house = await home()
    await house.automate("alarm", **ALARM, **FALLBACK)
    simulator.answer("85", endpoint="smsget")
    await house.smoke()
    assert numbers(simulator) == FAMILY
    assert house.siren[0].data["status"] == "refused"


async def test_an_alarm_that_cannot_leave_runs_the_fallback_actions(
    home: Settling, simulator: Simulator
) -> None:
    """While the provider is away the siren sounds in time, and every SMS waits."""
    house = await home()
    await house.automate("alarm", **ALARM, **FALLBACK)
    simulator.fail(Fault.REFUSE)
    await house.smoke()
    await house.pass_time(300)
    assert house.siren[0].data["status"] == "queued"
    simulator.clear_faults()
    await house.pass_time(600)
    assert sorted(numbers(simulator)) == sorted([AYSE, *FAMILY])


async def test_low_credit_is_told_by_sms_and_by_other_actions(
    home: Settling, simulator: Simulator, language: str
) -> None:
    """One SMS and one action when credit falls below the limit, and none before."""
    simulator.account.credit = 101
    house = await home(low_credit=100)
    await house.automate(
        "low_credit",
        recipients=["Ayşe"],
        actions=[{"action": "test.siren", "data": {"credit": "{{ credit }}"}}],
    )
    assert not simulator.inbox
    simulator.account.credit = 99
    await house.pass_time(3660)
    assert [(sms.number, sms.text) for sms in simulator.inbox] == [
        (AYSE, LOW_CREDIT_TEXT[language])
    ]
    assert house.siren[0].data == {"credit": 99}


async def test_low_credit_can_be_told_without_an_sms(
    home: Settling, simulator: Simulator
) -> None:
    """Without recipients only the actions run."""
    simulator.account.credit = 101
    house = await home(low_credit=100)
    await house.automate("low_credit", actions=[{"action": "test.siren"}])
    simulator.account.credit = 99
    await house.pass_time(3660)
    assert not simulator.inbox
    assert len(house.siren) == 1


async def test_the_digest_tells_every_entity_in_one_sms_a_day(
    home: Settling, simulator: Simulator
) -> None:
    """Names and states, with units, in the order chosen, at the time chosen."""
    house = await home()
    named = {
        "sensor.garden": (
            "12.5",
            {"friendly_name": "Bahçe", "unit_of_measurement": "°C"},
        ),
        "binary_sensor.door": (
            STATE_ON,
            {"friendly_name": "Kapı", "device_class": "door"},
        ),
        "sensor.tank": ("unavailable", {"friendly_name": "Depo"}),
    }
    for entity_id, (state, attributes) in named.items():
        house.hass.states.async_set(entity_id, state, attributes)
    await async_setup_component(house.hass, "binary_sensor", {})
    await house.automate(
        "daily_digest",
        time=(dt_util.now() + timedelta(seconds=90)).strftime("%H:%M:%S"),
        entities=list(named),
        recipients=["Aile"],
        heading="Ev",
        turkish_characters="simplify",
    )
    await house.pass_time(60)
    assert not simulator.inbox
    await house.pass_time(60)
    text = "Ev: Bahce: 12.5 C, Kapi: Open, Depo: unavailable"
    assert [(sms.number, sms.text) for sms in simulator.inbox] == [
        (number, text) for number in FAMILY
    ]


async def test_a_digest_that_is_too_long_is_cut(
    home: Settling, simulator: Simulator, language: str
) -> None:
    """It still is one SMS of at most 6 parts, which begins with the day."""
    house = await home()
    house.hass.states.async_set("sensor.long", "x" * 250, {"friendly_name": "Uzun"})
    await house.automate(
        "daily_digest", entities=["sensor.long"] * 9, recipients=["Ayşe"]
    )
    await house.hass.services.async_call(
        AUTOMATION_DOMAIN,
        "trigger",
        {"entity_id": house.hass.states.async_entity_ids(AUTOMATION_DOMAIN)},
        blocking=True,
    )
    [sms] = simulator.inbox
    assert sms.parts == 6
    assert sms.text.startswith(HEADING[language].format(f"{dt_util.now():%d.%m}"))
