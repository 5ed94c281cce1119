"""Screens on which a user adds and changes recipients: names that stand for numbers."""

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.util import slugify
import voluptuous as vol

from .const import CONF_NUMBERS, DOMAIN
from .entry import account_slug, recipient_name, recipient_slug, recipients
from .names import spelling
from .provider.numbers import InvalidNumberError, normalize

RECIPIENT_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_NUMBERS): TextSelector(
            TextSelectorConfig(type=TextSelectorType.TEL, multiple=True)
        ),
    }
)


class _WrongInput(Exception):
    """A field of a form holds what it must not."""

    def __init__(self, field: str, error: str, **placeholders: str) -> None:
        """Name the field, the error's key and what its text needs."""
        super().__init__(error)
        self.field = field
        self.error = error
        self.placeholders = placeholders


class RecipientFlow(ConfigSubentryFlow):
    """Adding and changing a recipient."""

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for a new recipient's name and numbers."""
        if user_input is None:
            return self._show_form("user", None)
        try:
            recipient = self._recipient(user_input)
        except _WrongInput as wrong:
            return self._show_form("user", user_input, wrong)
        return self.async_create_entry(title=recipient[CONF_NAME], data=recipient)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change a recipient's name and numbers."""
        subentry = self._get_reconfigure_subentry()
        if user_input is None:
            return self._show_form(
                "reconfigure", {**subentry.data, CONF_NAME: recipient_name(subentry)}
            )
        try:
            recipient = self._recipient(user_input, besides=subentry.subentry_id)
        except _WrongInput as wrong:
            return self._show_form("reconfigure", user_input, wrong)
        return self.async_update_and_abort(
            self._get_entry(),
            subentry,
            title=recipient[CONF_NAME],
            data=recipient,
        )

    def _show_form(
        self,
        step_id: str,
        values: Mapping[str, Any] | None,
        wrong: _WrongInput | None = None,
    ) -> SubentryFlowResult:
        """Show the form, and beside the field that is wrong what is wrong with it."""
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(RECIPIENT_SCHEMA, values),
            errors={wrong.field: wrong.error} if wrong else None,
            description_placeholders=wrong.placeholders if wrong else None,
        )

    def _recipient(
        self, user_input: dict[str, Any], besides: str | None = None
    ) -> dict[str, Any]:
        """Return the recipient as it is stored, or raise what is wrong with it."""
        name = user_input[CONF_NAME].strip()
        if not any(letter.isalpha() for letter in name):
            raise _WrongInput(CONF_NAME, "invalid_name")
        if self._is_taken(name, besides):
            raise _WrongInput(CONF_NAME, "name_exists", name=name)
        return {CONF_NAME: name, CONF_NUMBERS: _normalize(user_input[CONF_NUMBERS])}

    def _is_taken(self, name: str, besides: str | None) -> bool:
        """Return whether a name, or that of its notify action, could mean someone else."""
        if spelling(name) in self._taken_spellings(besides):
            return True
        return self._service_name(name) in self._taken_service_names(besides)

    def _taken_spellings(self, besides: str | None) -> set[str]:
        """Return how the names of the account's recipients are spelled."""
        return {
            spelling(recipient_name(subentry))
            for subentry in recipients(self._get_entry())
            if subentry.subentry_id != besides
        }

    def _service_name(self, recipient: str) -> str:
        """Return what the notify action of one of our recipients would be called."""
        return f"{account_slug(self._get_entry())}_{slugify(recipient)}"

    def _taken_service_names(self, besides: str | None) -> set[str]:
        """Return what the notify actions of all accounts and recipients are called."""
        entries = self.hass.config_entries.async_entries(DOMAIN)
        return set(map(account_slug, entries)) | {
            f"{account_slug(entry)}_{recipient_slug(subentry)}"
            for entry in entries
            for subentry in recipients(entry)
            if subentry.subentry_id != besides
        }


def _normalize(typed: Iterable[str]) -> list[str]:
    """Return the numbers in the provider's digits, each once."""
    numbers: dict[str, None] = {}
    for number in filter(None, map(str.strip, typed)):
        try:
            numbers[normalize(number)] = None
        except InvalidNumberError as error:
            raise _WrongInput(CONF_NUMBERS, error.reason, number=number) from error
    if not numbers:
        raise _WrongInput(CONF_NUMBERS, "no_numbers")
    return list(numbers)
