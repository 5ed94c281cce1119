"""Every text exists in every language, and keeps Home Assistant's rules for texts."""

from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.icon import async_get_icons
from homeassistant.helpers.selector import validate_selector
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util.yaml import load_yaml_dict
import pytest

from custom_components.bisms.const import DOMAIN, InDoubt, TooLong, TurkishCharacters
from custom_components.bisms.outbox import State
from custom_components.bisms.provider.codes import REFUSALS, BismsError
from custom_components.bisms.trigger import async_get_triggers

from .translated import LANGUAGES, TranslationWatch, flatten, load, placeholders

INTEGRATION = Path(__file__).parents[1] / "custom_components" / DOMAIN
ENGLISH = load("en")
ICONS: dict[str, Any] = json.loads((INTEGRATION / "icons.json").read_text("utf-8"))
ACTIONS = load_yaml_dict(INTEGRATION / "services.yaml")
TRIGGERS = load_yaml_dict(INTEGRATION / "triggers.yaml")
TEXTS = [
    pytest.param(keys, text, id=f"{language}:{'.'.join(keys)}")
    for language in LANGUAGES
    for keys, text in flatten(load(language))
]

SAME_IN_EVERY_LANGUAGE = {"BiSMS"}
OWN_REASONS = {"internal_error", "unknown"}
"""What the outbox itself may say of a message."""
REASONS_OF_REPORTS = {"not_delivered", "send_error", "no_report"}
"""Why a message ends that was sent: no caller ever hears of these."""


def fields_of(action: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every field of an action, those in sections too."""
    for name, field in ACTIONS[action]["fields"].items():
        if "fields" in field:
            yield from field["fields"].items()
        else:
            yield name, field


def sections_of(action: str) -> set[str]:
    """Return the sections of an action's form."""
    fields = ACTIONS[action]["fields"]
    return {name for name, field in fields.items() if "fields" in field}


def selectors(field: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the selector of a field, and those inside it."""
    ((kind, config),) = field["selector"].items()
    yield kind, config or {}
    for inner in (config or {}).get("fields", {}).values():
        yield from selectors(inner)


def test_every_language_says_the_same_things() -> None:
    """No text is there in one language only, and none lacks a value it should show."""
    english, *others = (
        {keys: placeholders(text) for keys, text in flatten(load(language))}
        for language in LANGUAGES
    )
    for other in others:
        assert other == english


def test_nothing_was_left_untranslated() -> None:
    """Only names are the same in both languages."""
    turkish = dict(flatten(load("tr")))
    same = {text for keys, text in flatten(ENGLISH) if turkish[keys] == text}
    assert same <= SAME_IN_EVERY_LANGUAGE


@pytest.mark.parametrize(("keys", "text"), TEXTS)
def test_a_text_keeps_the_rules(keys: tuple[str, ...], text: str) -> None:
    """The rules by which Home Assistant checks the texts of an integration."""
    assert cv.string_with_no_html(text) == text.strip() == text != ""
    assert not re.search(r"'{\w+}'", text)
    assert not re.search(r"://|www\.", text)
    assert not re.search(r"\[%|%\]", text)
    assert all(name.isidentifier() for name in placeholders(text))
    if "state" in keys or keys[-1] == "unit_of_measurement":
        assert not placeholders(text)
    for key in keys:
        assert re.fullmatch(r"(?!.+[_-]{2})(?![_-])[a-z0-9-_]+(?<![_-])", key)


def faults(kind: type[BismsError] = BismsError) -> Iterator[type[BismsError]]:
    """Yield every kind of fault that is raised, not only caught."""
    if not (kinds := kind.__subclasses__()):
        yield kind
    for each in kinds:
        yield from faults(each)


def test_every_fault_has_a_reason_of_its_own() -> None:
    """No two are mixed up by whoever goes by the reason."""
    kinds = set(faults())
    assert set(REFUSALS.values()) < kinds
    assert len({kind.reason for kind in kinds}) == len(kinds)


def test_every_fault_has_words() -> None:
    """For the caller of an action, and for the event and the sensor that tell of it."""
    reasons = {kind.reason for kind in faults()} | OWN_REASONS
    assert {*reasons, "disk_error"} <= set(ENGLISH["exceptions"])
    answers = reasons | REASONS_OF_REPORTS
    for kind, key in (("event", "delivery"), ("sensor", "last_delivery_status")):
        entity = ENGLISH["entity"][kind][key]
        assert set(entity["state_attributes"]["reason"]["state"]) == answers


def test_every_state_of_a_delivery_has_words() -> None:
    """The sensor shows each of them."""
    status = ENGLISH["entity"]["sensor"]["last_delivery_status"]
    assert set(status["state"]) == set(State)


def test_choices_are_those_of_the_options() -> None:
    """Each choice of an option has a name."""
    options = {
        key: set(texts.get("options", ())) for key, texts in ENGLISH["selector"].items()
    }
    assert options["turkish_characters"] == set(TurkishCharacters)
    assert options["too_long"] == set(TooLong)
    assert options["in_doubt"] == set(InDoubt)


def test_actions_their_words_and_their_icons_go_together() -> None:
    """Nothing has words or an icon that does not exist, and everything has both."""
    words = ENGLISH["services"]
    assert set(words) == set(ACTIONS) == set(ICONS["services"])
    for action in ACTIONS:
        assert set(words[action]["fields"]) == {name for name, _ in fields_of(action)}
        assert set(words[action].get("sections", ())) == sections_of(action)
        assert set(ICONS["services"][action].get("sections", ())) == sections_of(action)


@pytest.mark.parametrize("action", ACTIONS)
def test_fields_of_an_action_can_be_filled_in(action: str) -> None:
    """Each field has a selector that Home Assistant knows, an example, and its words."""
    for name, field in fields_of(action):
        assert validate_selector(field["selector"])
        assert "example" in field, name
        for kind, config in selectors(field):
            if kind == "select":
                offered = ENGLISH["selector"][config["translation_key"]]["options"]
                assert set(config["options"]) <= set(offered)
            elif kind == "object":
                described = ENGLISH["selector"][config["translation_key"]]["fields"]
                assert set(config["fields"]) == set(described)


async def test_triggers_their_words_and_their_icons_go_together(
    hass: HomeAssistant,
) -> None:
    """Each trigger there is has all of it, and so has each of its fields."""
    words = ENGLISH["triggers"]
    assert set(words) == set(TRIGGERS) == set(ICONS["triggers"])
    assert set(words) == set(await async_get_triggers(hass))
    for trigger, description in TRIGGERS.items():
        assert set(words[trigger]["fields"]) == set(description["fields"])
        for field in description["fields"].values():
            assert validate_selector(field["selector"])
            assert "example" in field


def test_individual_messages_cannot_be_split() -> None:
    """What the action refuses is not offered."""
    (config,) = (
        config
        for name, field in fields_of("send_messages")
        for _, config in selectors(field)
        if name == "too_long"
    )
    assert set(config["options"]) == set(TooLong) - {TooLong.SPLIT}


def test_every_entity_has_an_icon_for_each_of_its_states() -> None:
    """A glance tells states apart."""
    for kind, entities in ENGLISH["entity"].items():
        for key, words in entities.items():
            icons = ICONS["entity"][kind][key]
            assert set(icons.get("state", ())) <= {*words.get("state", ()), "0"}
            if kind == "sensor":
                assert set(words.get("state", ())) <= set(icons.get("state", ()))
    event = ENGLISH["entity"]["event"]["delivery"]["state_attributes"]["event_type"]
    icons = ICONS["entity"]["event"]["delivery"]["state_attributes"]["event_type"]
    assert set(event["state"]) == set(icons["state"])


def test_icons_keep_the_rules() -> None:
    """Each is one of Home Assistant's, and a state's differs from the default."""
    for _, icon in flatten(ICONS):
        assert re.fullmatch(r"mdi:[a-z0-9-]+", icon)
    for entities in ICONS["entity"].values():
        for icons in entities.values():
            for described in (icons, *icons.get("state_attributes", {}).values()):
                assert described["default"] not in described.get("state", {}).values()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_home_assistant_takes_every_text(
    hass: HomeAssistant, language: str
) -> None:
    """None is dropped on loading, as one with other placeholders would be."""
    for category in (
        "common",
        "config",
        "options",
        "entity",
        "exceptions",
        "issues",
        "services",
        "triggers",
        "system_health",
    ):
        loaded = await async_get_translations(hass, language, category, {DOMAIN})
        texts = dict(flatten({category: load(language)[category]}))
        assert loaded == {
            ".".join(("component", DOMAIN, *keys)): text for keys, text in texts.items()
        }


async def test_home_assistant_takes_every_icon(hass: HomeAssistant) -> None:
    """The icons are where it looks for them."""
    for category in ("entity", "services", "triggers"):
        icons = await async_get_icons(hass, category, {DOMAIN})
        assert icons[DOMAIN] == ICONS[category]


def test_the_watch_sees_what_is_missing() -> None:
    """A text that is not there, or not complete, does not go unnoticed."""
    watch = TranslationWatch()
    watch.expect("exceptions", "no_such_error", "message")
    watch.expect("exceptions", "invalid_number", "message", given={"number"})
    watch.expect("exceptions", "invalid_number", "message")
    watch.expect_exception(HomeAssistantError("in English only"))
    assert [message.split(" ")[:3] for message in watch.missing[0::2]] == [
        ["en:", "exceptions.no_such_error.message"],
        ["en:", "exceptions.invalid_number.message", "lacks"],
        ["en:", "exceptions.(none:", "HomeAssistantError('in"],
    ]
