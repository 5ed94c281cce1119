"""Both READMEs are true: every example runs, every figure and every name is the product's."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
import json
from pathlib import Path
import re
from typing import Any, Final

from homeassistant.components import persistent_notification
from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import Context, HomeAssistant, SupportsResponse
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.script import Script
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict, parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.bisms.const import DEFAULT_OPTIONS, DOMAIN
from custom_components.bisms.coordinator import RETRY_INTERVAL_REFUSED
from custom_components.bisms.outbox.lifecycle import DOUBT_LIMIT, PAUSES
from custom_components.bisms.outbox.scheduler import STOP_WITHIN
from custom_components.bisms.provider.client import DEFAULT_URL
from custom_components.bisms.provider.text import Language, measure
from simulator import Simulator

from .accounts import ALI, AYSE, VELI, Days, act, sends, settled
from .translated import flatten, load as texts_in

ROOT = Path(__file__).parents[1]
READMES: Final = {"en": ROOT / "README.md", "tr": ROOT / "README.tr.md"}
PICTURES: Final = {"automation", "dashboard", "device", "inbox", "setup"}
FAMILY: Final = [ALI, VELI]

WHAT_EXAMPLES_REACH: Final = {
    "notify.bisms": [AYSE, ALI],
    "notify.bisms_ayse": [AYSE],
    "notify.send_message": [AYSE],
    "bisms.send_message": [*FAMILY, AYSE],
    "bisms.send_messages": [AYSE, "905559998866"],
    "bisms.get_messages": [],
    "bisms.cancel_message": [],
    "bisms.send_now": [AYSE],
    "bisms.resend_message": [AYSE],
    "bisms.preview_message": [],
    "bisms.get_delivery_report": [],
    "bisms.get_sent_ids": [],
    "bisms.get_headers": [],
    "bisms.get_blacklist": [],
    "bisms.add_to_blacklist": [],
}
"""Whose phones the example of an action reaches; the second example of one: the family's."""

NOT_OUR_TURKISH: Final = {
    r"algılayıcı": "sensör",
    r"özniteli[kğ]": "nitelik",
    r"blueprint(?!s/|:)": "taslak",
    r"zamanlanmış|planland": "ileri tarihli",
    r"sıraya al": "kuyrukta",
    r"API\s+SECRET(?!\s+anahtar)": "API SECRET anahtarı",
    r"onaylı başlık|başlık onaylı|başlığından": "gönderici adı",
}
"""What else things could be called in Turkish, and what they are called."""

RESPONSES: Final = {
    "bisms.send_message": {"messages"},
    "bisms.send_messages": {"messages"},
    "bisms.get_messages": {"messages"},
    "bisms.cancel_message": {"cancelled"},
    "bisms.send_now": {"messages"},
    "bisms.resend_message": {"messages"},
    "bisms.preview_message": {"text", "language", "length", "parts", "replaced"},
    "bisms.get_delivery_report": {"dlr_id", "status", "final", "recipients"},
    "bisms.get_sent_ids": {"page", "ids"},
    "bisms.get_headers": {"headers"},
    "bisms.get_blacklist": {"numbers"},
}


@cache
def readme(language: str) -> str:
    """Return a README's text."""
    return READMES[language].read_text(encoding="utf-8")


@cache
def examples(language: str) -> tuple[dict[str, Any], ...]:
    """Return every YAML example of a README, in order."""
    blocks = re.findall(
        r"^```yaml\n(.*?)^```$", readme(language), re.MULTILINE | re.DOTALL
    )
    parsed = [parse_yaml(block) for block in blocks]
    assert all(isinstance(example, dict) for example in parsed)
    return tuple(example for example in parsed if isinstance(example, dict))


def tables(language: str) -> list[list[list[str]]]:
    """Return the rows of each table of a README, without its head."""
    found = re.findall(r"(?:^\|.*\|\n)+", readme(language), re.MULTILINE)
    return [
        [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]
        for table in found
        if (rows := table.splitlines())
    ]


@dataclass(frozen=True)
class Example:
    """An example, its README's language, and how many of its action came before it."""

    language: str
    action: str
    config: dict[str, Any]
    repeated: int

    def __str__(self) -> str:
        """Name it in the list of tests."""
        return f"{self.language}-{self.action}-{self.repeated}"


def action_examples() -> list[Example]:
    """Return every example that is an action."""
    found: list[Example] = []
    for language in READMES:
        seen: list[str] = []
        for config in examples(language):
            if action := config.get("action"):
                found.append(Example(language, action, config, seen.count(action)))
                seen.append(action)
    return found


def automation(language: str, trigger: str) -> dict[str, Any]:
    """Return the example of an automation with a kind of trigger."""
    (found,) = (
        example
        for example in examples(language)
        if "triggers" in example and example["triggers"][0]["trigger"] == trigger
    )
    return found


@pytest.fixture
async def automations_end(hass: HomeAssistant) -> AsyncIterator[None]:
    """Switch automations off in the end, whatever they listen to."""
    yield
    await hass.services.async_call(
        AUTOMATION_DOMAIN, "turn_off", {"entity_id": "all"}, blocking=True
    )


async def automate(hass: HomeAssistant, config: dict[str, Any]) -> None:
    """Set an automation up, as a user who pastes it."""
    assert await async_setup_component(
        hass, AUTOMATION_DOMAIN, {AUTOMATION_DOMAIN: config}
    )
    (state,) = hass.states.async_all(AUTOMATION_DOMAIN)
    assert state.state == STATE_ON


@pytest.mark.parametrize("example", action_examples(), ids=str)
async def test_an_example_of_an_action_does_what_it_says(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    simulator: Simulator,
    example: Example,
) -> None:
    """Pasted into a script it runs, reaches the phones it names, and answers."""
    simulator.foreign_send("test", [AYSE], "Merhaba", ago=100)
    config = await _with_a_message(hass, example)
    script = Script(hass, cv.SCRIPT_SCHEMA([config]), "Example", DOMAIN)
    result = await script.async_run(context=Context())
    await settled(hass)
    expected = FAMILY if example.repeated else WHAT_EXAMPLES_REACH[example.action]
    assert [sms.number for sms in simulator.inbox] == expected
    assert len(sends(simulator)) == bool(expected)
    if variable := example.config.get("response_variable"):
        assert result is not None
        assert set(result.variables[variable]) == RESPONSES[example.action]


async def _with_a_message(hass: HomeAssistant, example: Example) -> dict[str, Any]:
    """Return an example that names a message, and one that there is: ids cannot be foreseen."""
    config = example.config
    if "id" not in config.get("data", {}):
        return config
    answer = await act(
        hass,
        "send_message",
        recipients=[AYSE],
        message="Toplantı",
        send_at=(dt_util.now() + timedelta(hours=1)).isoformat(),
        scheduled_by="home_assistant",
    )
    [held] = answer["messages"]
    if example.action == "bisms.resend_message":
        await act(hass, "cancel_message", id=held["id"])
    return {**config, "data": {**config["data"], "id": held["id"]}}


@pytest.mark.parametrize("language", READMES)
def test_every_action_has_an_example(language: str) -> None:
    """Those of the domain, the account's, a recipient's and the notify entity's."""
    actions = {config["action"] for config in examples(language) if "action" in config}
    ours = load_yaml_dict(ROOT / "custom_components/bisms/services.yaml")
    assert actions == set(WHAT_EXAMPLES_REACH)
    assert {f"{DOMAIN}.{name}" for name in ours} <= actions


async def test_every_action_that_answers_has_an_example_with_its_answer(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """What Home Assistant knows to answer is what the examples take an answer of."""
    answering = {
        f"{DOMAIN}.{name}"
        for name, service in hass.services.async_services_for_domain(DOMAIN).items()
        if service.supports_response is not SupportsResponse.NONE
    }
    assert set(RESPONSES) == answering


@pytest.mark.parametrize("language", READMES)
async def test_the_water_automation_sends_to_the_family(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    automations_end: None,
    simulator: Simulator,
    language: str,
) -> None:
    """Water is detected, and both phones of the family get the text with the time."""
    example = automation(language, "state")
    await automate(hass, example)
    leak = example["triggers"][0]["entity_id"]
    hass.states.async_set(leak, STATE_OFF)
    hass.states.async_set(leak, STATE_ON)
    await settled(hass)
    assert [sms.number for sms in simulator.inbox] == FAMILY
    assert re.search(r", \d\d:\d\d!$", simulator.inbox[0].text)


@pytest.mark.parametrize("language", READMES)
async def test_the_failure_automation_tells_of_a_phone_that_refuses(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    automations_end: None,
    simulator: Simulator,
    language: str,
) -> None:
    """A message fails, and a notification says to whom and why."""
    await async_setup_component(hass, persistent_notification.DOMAIN, {})
    await automate(hass, automation(language, "event.received"))
    simulator.handset(AYSE, delivered_after=None, fails_after=80)
    await hass.services.async_call(
        DOMAIN, "send_message", {"recipients": [AYSE], "message": "a"}, blocking=True
    )
    await days.pass_(90)
    (told,) = persistent_notification._async_get_or_create_notifications(hass).values()
    assert AYSE in told["message"]
    assert "not_delivered" in told["message"]


@pytest.mark.parametrize("language", READMES)
async def test_the_trigger_automation_tells_the_neighbour(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    automations_end: None,
    simulator: Simulator,
    language: str,
) -> None:
    """The family does not get a message, and the neighbour gets one that says why."""
    await automate(hass, automation(language, "bisms.message_failed"))
    simulator.handset(VELI, delivered_after=None, fails_after=80)
    await hass.services.async_call(
        DOMAIN, "send_message", {"recipients": ["Aile"], "message": "a"}, blocking=True
    )
    await days.pass_(90)
    assert [sms.number for sms in simulator.inbox] == [*FAMILY, AYSE]
    assert "not_delivered" in simulator.inbox[-1].text


@pytest.mark.parametrize("language", READMES)
def test_every_trigger_is_explained(language: str) -> None:
    """In one table, which names no other."""
    ours = load_yaml_dict(ROOT / "custom_components/bisms/triggers.yaml")
    (rows,) = (
        table for table in tables(language) if "bisms.message_sent" in table[0][0]
    )
    assert {row[0] for row in rows} == {f"`{DOMAIN}.{name}`" for name in ours}


@pytest.mark.parametrize("language", READMES)
def test_every_blueprint_is_offered_in_the_language_of_the_page(language: str) -> None:
    """Each has a link, and none leads to the other language's file."""
    offered = re.findall(r"\]\((blueprints/[^)]+)\)", readme(language))
    there = {
        str(path.relative_to(ROOT))
        for path in ROOT.glob("blueprints/**/*.yaml")
        if path.stem.endswith(".tr") == (language == "tr")
    }
    assert there
    assert sorted(offered) == sorted(there)


@pytest.mark.parametrize("language", READMES)
async def test_the_button_of_the_dashboard_sends(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator, language: str
) -> None:
    """A tap performs an action that exists, with data that fits."""
    (button,) = (one for one in examples(language) if one.get("type") == "button")
    tap = button["tap_action"]
    assert tap["action"] == "perform-action"
    domain, _, action = tap["perform_action"].partition(".")
    await hass.services.async_call(domain, action, tap["data"], blocking=True)
    await settled(hass)
    assert [sms.text for sms in simulator.inbox] == [tap["data"]["message"]]


def test_both_languages_have_the_same_examples() -> None:
    """One by one, all but the words that people read."""

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            words = ("alias", "message", "title", "name")
            return {k: bare(v) for k, v in value.items() if k not in words}
        return [bare(v) for v in value] if isinstance(value, list) else value

    assert list(map(bare, examples("en"))) == list(map(bare, examples("tr")))


def test_both_languages_have_the_same_sections_tables_and_pictures() -> None:
    """What one explains, the other explains too."""

    def outline(language: str) -> list[Any]:
        headings = re.findall(r"^(#+) ", readme(language), re.MULTILINE)
        pictures = re.findall(r"!\[.+?\]\((.+?)(?:-tr)?\.png\)", readme(language))
        codes = re.findall(r"^\| [^|`]*`([^`]+)`", readme(language), re.MULTILINE)
        return [headings, pictures, codes, [len(table) for table in tables(language)]]

    assert outline("en") == outline("tr")


@pytest.mark.parametrize("language", READMES)
def test_the_pauses_are_those_of_the_outbox(language: str) -> None:
    """Growing ones in a row, then the longest."""
    numbers = re.search(
        r"(2, 5, [\d, ]+\d)(?: and| ve) (\d+)\D+(\d+)", readme(language)
    )
    assert numbers is not None
    told = (*map(int, numbers[1].split(", ")), int(numbers[2]), int(numbers[3]))
    assert told == PAUSES


@pytest.mark.parametrize("language", READMES)
def test_the_cost_table_is_the_providers(language: str) -> None:
    """The longest text of each number of parts fits, and one character more does not."""
    english, turkish = next(
        table for table in tables(language) if table[0][1:2] == ["160"]
    )
    for row, letter in ((english, "a"), (turkish, "ü")):
        for parts, longest in enumerate(map(int, row[1:]), 1):
            assert measure(letter * longest).parts == parts
            assert measure(letter * (longest + 1)).parts == parts + 1


@pytest.mark.parametrize("language", READMES)
def test_the_texts_that_are_counted_are_counted_right(language: str) -> None:
    """Language, length and parts of each."""
    (rows,) = (
        table
        for table in tables(language)
        if table[0][1] in set(Language) and len(table[0]) == 4
    )
    for text, spoken, length, parts in rows:
        measured = measure(text.strip("`"))
        assert measured == (type(measured))(Language(spoken), int(length), int(parts))


@pytest.mark.parametrize("language", READMES)
def test_every_option_is_explained_with_its_name_and_default(language: str) -> None:
    """In the words of the dialog."""
    names = texts_in(language)["options"]["step"]["init"]["data"]
    rows = {row[0]: row[1] for table in tables(language) for row in table}
    for key, name in names.items():
        default = rows[f"{name} (`{key}`)"]
        if key in DEFAULT_OPTIONS:
            assert default.strip("`") == str(DEFAULT_OPTIONS[key]).lower()


@pytest.mark.parametrize("language", READMES)
def test_every_field_of_the_set_up_is_explained(language: str) -> None:
    """In the words of the dialogs."""
    texts = texts_in(language)
    steps = texts["config"]["step"]
    recipient = texts["config_subentries"]["recipient"]["step"]["user"]
    fields = [
        *steps["user"]["data"].values(),
        *steps["user"]["sections"]["advanced"]["data"].values(),
        *steps["header"]["data"].values(),
        *recipient["data"].values(),
    ]
    rows = {row[0] for table in tables(language) for row in table}
    assert set(fields) <= rows
    assert DEFAULT_URL in readme(language)


@pytest.mark.parametrize("language", READMES)
def test_every_message_that_is_explained_exists(language: str) -> None:
    """Word for word, as a part of what a user of this language reads."""
    texts = " ".join(text for _, text in flatten(texts_in(language)))
    quoted = re.findall(r"“([^“”]+)”(?=[ …]*[“|])", readme(language))
    troubles = [quote for quote in quoted if f"| “{quote}”" in readme(language)]
    assert len(troubles) >= 11
    for quote in quoted:
        assert quote in texts


@pytest.mark.parametrize(
    "path",
    [
        ROOT / "README.tr.md",
        ROOT / "custom_components/bisms/translations/tr.json",
        ROOT / "simulator/page/words.json",
        *sorted(ROOT.glob("blueprints/**/*.tr.yaml")),
    ],
    ids=lambda path: path.name,
)
def test_turkish_has_one_word_for_one_thing(path: Path) -> None:
    """Home Assistant's where it has one, and everywhere the same."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        texts = json.loads(text)
        text = "\n".join(words for _, words in flatten(texts.get("tr", texts)))
    for other in NOT_OUR_TURKISH:
        assert not re.findall(other, text, re.IGNORECASE), NOT_OUR_TURKISH[other]


@pytest.mark.parametrize("language", READMES)
async def test_every_entity_that_is_named_exists(
    hass: HomeAssistant, account: MockConfigEntry, language: str
) -> None:
    """And all of the account's entities are named."""
    named = set(
        re.findall(
            r"`((?:sensor|binary_sensor|event|notify)\.(?:ayse|bisms_)\w*)`",
            readme(language),
        )
    )
    registered = {
        entity.entity_id
        for entity in er.async_entries_for_config_entry(
            er.async_get(hass), account.entry_id
        )
    }
    assert named <= registered
    assert {one for one in registered if ".bisms_" in one} <= named


@pytest.mark.parametrize("language", READMES)
def test_every_field_of_the_send_action_is_explained(language: str) -> None:
    """All but those of the other actions, which are few and shown."""
    send = load_yaml_dict(ROOT / "custom_components/bisms/services.yaml")[
        "send_message"
    ]
    fields = {*send["fields"], *send["fields"]["advanced"]["fields"]} - {"advanced"}
    (rows,) = (
        table for table in tables(language) if table[0][0] == "`recipients`, `message`"
    )
    explained = {name for row in rows for name in re.findall(r"`(\w+)`", row[0])}
    assert explained == fields


def anchors(path: Path) -> set[str]:
    """Return what a link to a heading of a page may end with."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }


@pytest.mark.parametrize(
    "path", [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")], ids=lambda path: path.name
)
def test_every_link_within_the_repository_leads_somewhere(path: Path) -> None:
    """To a file, or to a heading of a page."""
    links = re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8"))
    assert links
    for link in links:
        target, _, anchor = link.partition("#")
        page = path.parent / target if target else path
        if not target.startswith("http"):
            assert page.exists()
            assert not anchor or anchor in anchors(page)


@pytest.mark.parametrize("language", READMES)
def test_every_picture_is_shown_and_described(language: str) -> None:
    """In the language of the page, and for those who cannot see it."""
    picture = re.compile(r"!\[(.*?)\]\(docs/images/(.+?)\.png\)")
    shown = picture.findall(readme(language))
    ending = "-tr" if language == "tr" else ""
    assert {name for _, name in shown} == {f"{name}{ending}" for name in PICTURES}
    assert all(len(description) > 20 for description, _ in shown)


def source(*folders: str) -> str:
    """Return all Python code of some folders."""
    return "\n".join(
        path.read_text(encoding="utf-8")
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    )


def mapped(folder: str) -> set[str]:
    """Return the names that the map of CONTRIBUTING has for a folder."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition(f"\n### `{folder}`\n")[2].partition("\n#")[0]
    first_cells = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
    return {name for cell in first_cells for name in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize(
    "folder",
    [
        "custom_components/bisms/",
        "custom_components/bisms/outbox/",
        "custom_components/bisms/provider/",
        "simulator/",
        "tests/simulation/",
        "scripts/",
    ],
)
def test_the_map_of_the_house_is_complete(folder: str) -> None:
    """Each module and script stands in it, and nothing that is not there any more."""
    paths = list((ROOT / folder).iterdir())
    named = mapped(folder)
    modules = {path.stem for path in paths if path.suffix == ".py"}
    commands = {path.name for path in paths if path.is_file() and not path.suffix}
    assert (modules | commands) - named == set()
    assert named <= modules | {path.name for path in paths}
    for path in paths:
        if (path / "__init__.py").exists() and path.name not in named:
            assert mapped(f"{folder}{path.name}/"), path


def test_what_code_cites_is_in_the_documents() -> None:
    """Each section of the provider's document and each rule has its heading."""
    code = source("custom_components", "simulator", "tests", "scripts")
    for word, page in (("section", "provider-api"), ("rule", "promises")):
        text = (ROOT / f"docs/{page}.md").read_text(encoding="utf-8")
        headings = set(re.findall(r"^## (\d+)\. ", text, re.MULTILINE))
        cited = {
            number
            for numbers in re.findall(rf"\b{word}s? (\d+(?:(?:, | and )\d+)*)", code)
            for number in re.findall(r"\d+", numbers)
        }
        assert cited
        assert cited <= headings


def test_the_glossary_has_the_words_of_the_outbox() -> None:
    """What it explains is what the code says."""
    text = (ROOT / "docs/promises.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| [A-Z0-9]", text, re.MULTILINE)
    words = [word.removeprefix("to ") for row in rows for word in row.split(", ")]
    assert len(words) >= 20
    code = source("custom_components/bisms").lower().replace("_", " ")
    assert [word for word in words if word not in code] == []


@pytest.mark.parametrize("language", READMES)
def test_the_times_that_are_told_are_those_of_the_product(language: str) -> None:
    """How long a stop waits, and how soon the account asks again."""
    text = readme(language)
    for seconds, told in (
        (
            STOP_WITHIN,
            (r"get (\d+) seconds for their answer", r"yanıt için (\d+) saniye"),
        ),
        (
            RETRY_INTERVAL_REFUSED / 60,
            (r"asks every (\d+) minutes", r"(\d+) dakikada bir"),
        ),
        (
            DOUBT_LIMIT / 60,
            (r"\((\d+) minutes after the first", r"denemeden (\d+) dakika"),
        ),
    ):
        found = re.search(told[language == "tr"], text)
        assert found is not None, told
        assert float(found[1]) == seconds
