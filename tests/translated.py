"""A watch that notes whatever a test shows a user for which there are no words."""

from collections.abc import Iterable, Iterator, Mapping
import json
from pathlib import Path
import string
from typing import Any, Final

from homeassistant.components.repairs.issue_handler import RepairsFlowManager
from homeassistant.config_entries import (
    ConfigEntriesFlowManager,
    ConfigSubentryFlowManager,
    OptionsFlowManager,
)
from homeassistant.const import Platform
from homeassistant.core import ServiceRegistry
from homeassistant.data_entry_flow import FlowManager, FlowResultType, section
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest
import voluptuous as vol

from custom_components.bisms.const import DOMAIN

LANGUAGES: Final = ("en", "tr")
TRANSLATIONS: Final = Path(__file__).parents[1] / "custom_components/bisms/translations"

type Keys = tuple[str, ...]


def load(language: str) -> dict[str, Any]:
    """Return all texts of a language."""
    text = (TRANSLATIONS / f"{language}.json").read_text(encoding="utf-8")
    texts: dict[str, Any] = json.loads(text)
    return texts


def flatten(texts: Mapping[str, Any], above: Keys = ()) -> Iterator[tuple[Keys, str]]:
    """Yield every text with the keys that lead to it."""
    for key, value in texts.items():
        if isinstance(value, str):
            yield (*above, key), value
        else:
            yield from flatten(value, (*above, key))


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


class TranslationWatch:
    """Notes every text that a user would have missed, in any language."""

    def __init__(self) -> None:
        """Load every language."""
        self.missing: list[str] = []
        self._texts = {
            language: dict(flatten(load(language))) for language in LANGUAGES
        }

    def expect(self, *path: str, given: Iterable[str] = ()) -> None:
        """Note it if there is no text, or one that needs more than what is given."""
        for language, texts in self._texts.items():
            text = texts.get(path)
            name = f"{language}: {'.'.join(path)}"
            if text is None:
                self.missing.append(name)
            elif lacking := placeholders(text) - set(given):
                self.missing.append(f"{name} lacks {', '.join(sorted(lacking))}")

    def expect_flow(self, path: Keys, result: Mapping[str, Any]) -> None:
        """Check a screen of a flow, or the words with which it ends."""
        given = result.get("description_placeholders") or {}
        if result["type"] is FlowResultType.ABORT:
            if result.get("translation_domain", DOMAIN) in (None, DOMAIN):
                self.expect(*path, "abort", result["reason"], given=given)
        elif result["type"] is FlowResultType.FORM:
            step = (*path, "step", result["step_id"])
            self.expect(*step, "title", given=given)
            self.expect(*step, "description", given=given)
            self._expect_fields(step, result["data_schema"])
            for error in (result["errors"] or {}).values():
                self.expect(*path, "error", error, given=given)

    def _expect_fields(self, step: Keys, schema: vol.Schema | None) -> None:
        """Check the name and the description of each field of a form."""
        for field, value in schema.schema.items() if schema else ():
            if isinstance(value, section):
                self.expect(*step, "sections", str(field), "name")
                self._expect_fields((*step, "sections", str(field)), value.schema)
            else:
                self.expect(*step, "data", str(field))
                self.expect(*step, "data_description", str(field))

    def expect_exception(self, error: HomeAssistantError) -> None:
        """Check what an action that fails says."""
        if error.translation_domain in (None, DOMAIN):
            given = error.translation_placeholders or {}
            key = error.translation_key or f"(none: {error!r})"
            self.expect("exceptions", key, "message", given=given)

    def expect_issue(self, issue: ir.IssueEntry) -> None:
        """Check the words of a repair issue."""
        given = issue.translation_placeholders or {}
        path = ("issues", issue.translation_key or "(none)")
        self.expect(*path, "title", given=given)
        if not issue.is_fixable:
            self.expect(*path, "description", given=given)

    def expect_action(self, service: str, schema: Any) -> None:
        """Check the words of an action and of each of its fields."""
        self.expect("services", service, "name")
        self.expect("services", service, "description")
        for field in schema.schema if isinstance(schema, vol.Schema) else ():
            self.expect("services", service, "fields", str(field), "name")
            self.expect("services", service, "fields", str(field), "description")


def flow_path(manager: Any, flow: Any) -> Keys | None:
    """Return where the texts of a flow are; None if it is not one of ours."""
    entries = flow.hass.config_entries
    path: Keys
    match manager:
        case ConfigEntriesFlowManager():
            domain, path = flow.handler, ("config",)
        case OptionsFlowManager():
            domain = entries.async_get_known_entry(flow.handler).domain
            path = ("options",)
        case ConfigSubentryFlowManager():
            entry_id, subentry_type = flow.handler
            domain = entries.async_get_known_entry(entry_id).domain
            path = ("config_subentries", subentry_type)
        case RepairsFlowManager():
            domain = flow.handler
            issues = ir.async_get(flow.hass)
            issue = issues.async_get_issue(domain, flow.context["issue_id"])
            path = ("issues", str(issue and issue.translation_key), "fix_flow")
        case _:
            return None
    return path if domain == DOMAIN else None


def watch_translations(monkeypatch: pytest.MonkeyPatch) -> TranslationWatch:
    """Look over Home Assistant's shoulder from now on."""
    watch = TranslationWatch()
    _watch_flows(watch, monkeypatch)
    _watch_actions(watch, monkeypatch)
    _watch_issues(watch, monkeypatch)
    return watch


def _watch_flows(watch: TranslationWatch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check every step of our flows."""
    handle_step = FlowManager._async_handle_step

    async def checked(manager: Any, flow: Any, *args: Any) -> Any:
        path = flow_path(manager, flow)
        result = await handle_step(manager, flow, *args)
        if path:
            watch.expect_flow(path, result)
        return result

    monkeypatch.setattr(FlowManager, "_async_handle_step", checked)


def _watch_actions(watch: TranslationWatch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check every action that is registered, and every error that one raises."""
    register = ServiceRegistry.async_register
    call = ServiceRegistry.async_call

    def checked_register(
        services: ServiceRegistry,
        domain: str,
        service: str,
        service_func: Any,
        schema: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        register(services, domain, service, service_func, schema, *args, **kwargs)
        if domain == DOMAIN:
            watch.expect_action(service, schema)

    async def checked_call(
        services: ServiceRegistry, domain: str, *args: Any, **kwargs: Any
    ) -> Any:
        try:
            return await call(services, domain, *args, **kwargs)
        except HomeAssistantError as error:
            if domain in (DOMAIN, Platform.NOTIFY):
                watch.expect_exception(error)
            raise

    monkeypatch.setattr(ServiceRegistry, "async_register", checked_register)
    monkeypatch.setattr(ServiceRegistry, "async_call", checked_call)


def _watch_issues(watch: TranslationWatch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check every repair issue of ours."""
    get_or_create = ir.IssueRegistry.async_get_or_create

    def checked(
        registry: ir.IssueRegistry, domain: str, *args: Any, **kwargs: Any
    ) -> ir.IssueEntry:
        issue = get_or_create(registry, domain, *args, **kwargs)
        if domain == DOMAIN:
            watch.expect_issue(issue)
        return issue

    monkeypatch.setattr(ir.IssueRegistry, "async_get_or_create", checked)
