"""The rules by which Home Assistant's hassfest and HACS judge a custom integration."""

import ast
from collections.abc import Iterator
from functools import cache
import json
from pathlib import Path
import re
import tomllib
from typing import Any, Final
from urllib.parse import urlparse

from awesomeversion import AwesomeVersion, AwesomeVersionStrategy
from homeassistant.const import Platform
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import validate_selector
from homeassistant.util.yaml import load_yaml_dict
import pytest
import voluptuous as vol

ROOT: Final = Path(__file__).parents[1]
INTEGRATION: Final = ROOT / "custom_components/bisms"
REPOSITORY: Final = "https://github.com/bisms-home-assistant/bisms"

VERSIONS: Final = [
    AwesomeVersionStrategy.CALVER,
    AwesomeVersionStrategy.SEMVER,
    AwesomeVersionStrategy.SIMPLEVER,
    AwesomeVersionStrategy.BUILDVER,
    AwesomeVersionStrategy.PEP440,
]

ALWAYS_THERE: Final = {"diagnostics", "llm", "repairs", "system_health"}
"""Components that an integration may use when it has a module of their name."""

BRONZE: Final = {
    "action-setup",
    "appropriate-polling",
    "brands",
    "common-modules",
    "config-flow",
    "config-flow-test-coverage",
    "dependency-transparency",
    "docs-actions",
    "docs-conditions",
    "docs-high-level-description",
    "docs-installation-instructions",
    "docs-removal-instructions",
    "docs-triggers",
    "entity-event-setup",
    "entity-unique-id",
    "has-entity-name",
    "runtime-data",
    "test-before-configure",
    "test-before-setup",
    "unique-config-entry",
}
SILVER: Final = {
    "action-exceptions",
    "config-entry-unloading",
    "docs-configuration-parameters",
    "docs-installation-parameters",
    "entity-unavailable",
    "integration-owner",
    "log-when-unavailable",
    "parallel-updates",
    "reauthentication-flow",
    "test-coverage",
}
GOLD: Final = {
    "devices",
    "diagnostics",
    "discovery",
    "discovery-update-info",
    "docs-data-update",
    "docs-examples",
    "docs-known-limitations",
    "docs-supported-devices",
    "docs-supported-functions",
    "docs-troubleshooting",
    "docs-use-cases",
    "dynamic-devices",
    "entity-category",
    "entity-device-class",
    "entity-disabled-by-default",
    "entity-translations",
    "exception-translations",
    "icon-translations",
    "reconfiguration-flow",
    "repair-issues",
    "stale-devices",
}
PLATINUM: Final = {"async-dependency", "inject-websession", "strict-typing"}


def is_address(value: str) -> str:
    """Accept the address of a page of our own."""
    parsed = urlparse(value)
    if parsed.scheme != "https" or not parsed.netloc:
        raise vol.Invalid("Not the https address of a page")
    if value.startswith("https://www.home-assistant.io/integrations"):
        raise vol.Invalid("Not documented by Home Assistant")
    return value


def is_version(value: str) -> str:
    """Accept a version that Home Assistant can compare."""
    AwesomeVersion(value, ensure_strategy=VERSIONS)
    return value


MANIFEST: Final = vol.Schema(
    {
        vol.Required("domain"): "bisms",
        vol.Required("name"): str,
        vol.Required("codeowners"): vol.All([vol.Match("^@")], vol.Length(min=1)),
        vol.Required("config_flow"): True,
        vol.Required("dependencies"): [str],
        vol.Required("documentation"): is_address,
        vol.Required("integration_type"): vol.Any("device", "hub", "service"),
        vol.Required("iot_class"): vol.Any(
            "assumed_state",
            "calculated",
            "cloud_polling",
            "cloud_push",
            "local_polling",
            "local_push",
        ),
        vol.Required("issue_tracker"): is_address,
        vol.Required("loggers"): [str],
        vol.Required("requirements"): [str],
        vol.Required("version"): is_version,
    }
)
HACS: Final = vol.Schema(
    {
        vol.Required("name"): str,
        "content_in_root": bool,
        "country": vol.Match("^[A-Z]{2}$"),
        "filename": str,
        "hide_default_branch": bool,
        "homeassistant": is_version,
        "zip_release": bool,
    }
)
FIELD: Final = vol.Schema(
    {
        "required": bool,
        "advanced": bool,
        "default": vol.Any(None, bool, int, float, str, list, dict),
        "example": vol.Any(bool, int, float, str),
        "selector": validate_selector,
        "filter": dict,
    }
)
ACTIONS: Final = vol.Schema(
    {
        cv.slug: {
            "target": vol.Any(None, dict),
            "fields": {
                str: vol.Any(
                    FIELD, {"collapsed": bool, vol.Required("fields"): {str: FIELD}}
                )
            },
        }
    }
)
TRIGGERS: Final = vol.Schema({cv.slug: {"fields": {str: FIELD}}})


@cache
def manifest() -> dict[str, Any]:
    """Return the manifest."""
    return read_json(INTEGRATION / "manifest.json")


def read_json(path: Path) -> dict[str, Any]:
    """Return what a file holds."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def components_used() -> Iterator[str]:
    """Yield the name of each component of Home Assistant that a module imports."""
    for path in INTEGRATION.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{n.name}" for n in node.names)]
            elif isinstance(node, ast.Import):
                names = [name.name for name in node.names]
            else:
                continue
            for name in names:
                if found := re.match(r"homeassistant\.components\.(\w+)", name):
                    yield found[1]


def workflows() -> dict[str, dict[str, Any]]:
    """Return every workflow by its name."""
    folder = ROOT / ".github/workflows"
    return {path.stem: load_yaml_dict(path) for path in folder.glob("*.yml")}


def test_the_manifest_has_what_hassfest_and_hacs_want() -> None:
    """Everything required, and nothing that is not known."""
    assert MANIFEST(manifest()) == manifest()
    assert manifest()["domain"] == INTEGRATION.name


def test_the_manifest_is_in_order() -> None:
    """Domain and name first, then by the alphabet."""
    keys = list(manifest())
    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])


def test_the_manifest_leads_to_this_repository() -> None:
    """Its page documents the integration, and its issues are open to users."""
    assert manifest()["documentation"] == REPOSITORY
    assert manifest()["issue_tracker"] == f"{REPOSITORY}/issues"


def test_the_manifest_names_the_loggers_of_the_integration() -> None:
    """So that debug logs can be switched on from its page."""
    assert manifest()["loggers"] == ["custom_components.bisms"]


def test_every_component_that_is_used_is_a_dependency() -> None:
    """Or a platform, or there whenever the integration has a module for it."""
    own = {path.stem for path in INTEGRATION.glob("*.py")}
    allowed = {*manifest()["dependencies"], *Platform, *(ALWAYS_THERE & own)}
    used = set(components_used())
    assert used
    assert used <= allowed


def test_the_integration_can_be_set_up_on_screen_only() -> None:
    """It has a config flow, and says that it takes nothing from YAML."""
    assert (INTEGRATION / "config_flow.py").is_file()
    init = (INTEGRATION / "__init__.py").read_text(encoding="utf-8")
    assert "CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)" in init


def test_the_actions_are_described_as_hassfest_wants() -> None:
    """Their fields have known keys and valid selectors."""
    actions = load_yaml_dict(INTEGRATION / "services.yaml")
    assert ACTIONS(actions).keys() == actions.keys()


def test_the_triggers_are_described_as_hassfest_wants() -> None:
    """Their fields have known keys and valid selectors."""
    triggers = load_yaml_dict(INTEGRATION / "triggers.yaml")
    assert TRIGGERS(triggers).keys() == triggers.keys()


def test_texts_lie_where_a_custom_integration_has_them() -> None:
    """In translations only, which need no build."""
    assert not (INTEGRATION / "strings.json").exists()
    languages = {path.name for path in (INTEGRATION / "translations").iterdir()}
    assert languages == {"en.json", "tr.json"}


def test_hacs_finds_one_integration() -> None:
    """One folder, named like its domain, with an icon, and a page that tells of it."""
    folders = [path for path in (ROOT / "custom_components").iterdir() if path.is_dir()]
    assert [one.name for one in folders if one.name != "__pycache__"] == ["bisms"]
    assert (INTEGRATION / "brand/icon.png").is_file()
    assert (ROOT / "README.md").is_file()
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")


def test_hacs_is_told_what_it_wants_to_know() -> None:
    """With known keys only."""
    settings = read_json(ROOT / "hacs.json")
    assert HACS(settings) == settings
    assert settings["name"] == manifest()["name"]


def test_every_place_names_the_same_oldest_home_assistant() -> None:
    """HACS, the blueprints, and both READMEs."""
    oldest = read_json(ROOT / "hacs.json")["homeassistant"]
    for path in (ROOT / "blueprints").rglob("*.yaml"):
        assert f"min_version: {oldest}\n" in path.read_text(encoding="utf-8")
    for readme in ROOT.glob("README*.md"):
        named = re.search(r"Home Assistant (2\d+\.\d+)", readme.read_text("utf-8"))
        assert named is not None
        assert f"{named[1]}.0" == oldest


def test_every_place_names_the_same_version() -> None:
    """The manifest, the project, and the newest release in the changelog."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\d.*)$", changes, re.MULTILINE)
    assert newest is not None
    assert newest[1] == project["project"]["version"] == manifest()["version"]


def test_every_rule_of_the_quality_scale_is_answered() -> None:
    """As done, or as exempt with a reason."""
    scale = load_yaml_dict(INTEGRATION / "quality_scale.yaml")
    assert isinstance(scale["rules"], dict)
    assert set(scale["rules"]) == BRONZE | SILVER | GOLD | PLATINUM
    assert len(scale["rules"]) == 54
    for answer in scale["rules"].values():
        if isinstance(answer, dict):
            assert answer["status"] in ("done", "exempt")
            assert len(str(answer["comment"])) > 20
        else:
            assert answer == "done"


def test_every_platform_says_how_many_updates_run_at_once() -> None:
    """All of them are fed by coordinators, so there is no limit."""
    platforms = [
        path for path in INTEGRATION.glob("*.py") if path.stem in set(Platform)
    ]
    assert len(platforms) == 4
    for path in platforms:
        assert "\nPARALLEL_UPDATES = 0\n" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["release", "tests", "validate"])
def test_a_workflow_may_do_no_more_than_it_must(name: str) -> None:
    """Nothing at the top; each job names its permissions, and only a release writes."""
    workflow = workflows()[name]
    assert workflow["permissions"] == {}
    granted = {
        job: set(c["permissions"].items()) for job, c in workflow["jobs"].items()
    }
    assert all(granted.values())
    writing = {
        job for job, rights in granted.items() if ("contents", "write") in rights
    }
    assert writing == ({"publish"} if name == "release" else set())


def test_workflows_use_actions_by_their_release() -> None:
    """So that what runs is what was looked at; hassfest alone has no releases."""
    used = {
        step["uses"]
        for workflow in workflows().values()
        for job in workflow["jobs"].values()
        for step in job.get("steps", [])
        if "uses" in step
    }
    unreleased = {use for use in used if not re.search(r"@v?\d+\.\d+\.\d+$", use)}
    assert unreleased == {"home-assistant/actions/hassfest@master"}


def test_what_pre_commit_runs_is_what_the_tests_run() -> None:
    """One lint, wherever it is run."""
    settings = load_yaml_dict(ROOT / ".pre-commit-config.yaml")
    assert isinstance(settings["repos"], list)
    ((hook,),) = (repo["hooks"] for repo in settings["repos"])
    assert hook["entry"] == "scripts/lint"
    assert "\nscripts/lint\n" in (ROOT / "scripts/test").read_text(encoding="utf-8")
