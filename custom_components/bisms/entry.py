"""What a config entry says of an account: its options, its recipients, and their names."""

from collections.abc import Iterable
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.util import slugify

from .const import CONF_HEADER, CONF_NUMBERS, DEFAULT_OPTIONS, NAME, SUBENTRY_RECIPIENT
from .names import listed

NAMELESS = "Recipient"
"""What a recipient is called of whom no name is left."""

_FEW = 3
"""How many recipients a sentence names."""


def options_of(entry: ConfigEntry) -> dict[str, Any]:
    """Return the account's options, with defaults for those it does not have."""
    return {CONF_HEADER: "", **DEFAULT_OPTIONS, **entry.options}


def recipients(entry: ConfigEntry) -> list[ConfigSubentry]:
    """Return the account's recipients."""
    return list(entry.get_subentries_of_type(SUBENTRY_RECIPIENT))


def account_name(entry: ConfigEntry) -> str:
    """Return what an account is called, even if its title was emptied."""
    return entry.title.strip() or NAME


def recipient_name(subentry: ConfigSubentry) -> str:
    """Return what a recipient is called: by its title, or as it was called when it was stored."""
    name: str = subentry.data.get(CONF_NAME, "")
    return subentry.title.strip() or name.strip() or NAMELESS


def names_of(entry: ConfigEntry, numbers: Iterable[str]) -> list[str | None] | None:
    """Return the recipient's name for each number, None for none; None if nobody is known."""
    known = names_by_number(entry)
    names = [known.get(number) for number in numbers]
    return names if any(names) else None


def names_by_number(entry: ConfigEntry) -> dict[str, str]:
    """Return the recipient's name for each number that has one; the first one counts."""
    return {
        number: recipient_name(subentry)
        for subentry in reversed(recipients(entry))
        for number in subentry.data[CONF_NUMBERS]
    }


def addressees(entry: ConfigEntry, numbers: Iterable[str]) -> str:
    """Return whom a message is to, as a sentence shows it: the first few, by name if known."""
    names = names_by_number(entry)
    return listed(list(dict.fromkeys(names.get(each, each) for each in numbers)), _FEW)


def account_slug(entry: ConfigEntry) -> str:
    """Return what ids and actions of an account begin with."""
    return slugify(account_name(entry))


def recipient_slug(subentry: ConfigSubentry) -> str:
    """Return what ids and actions of a recipient are called."""
    return slugify(recipient_name(subentry))
