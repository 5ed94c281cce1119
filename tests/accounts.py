"""Accounts as users have them, served by the simulator on loopback, and time that can pass."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, ConfigSubentryData
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.bisms.const import DEFAULT_OPTIONS, DOMAIN
from simulator import Request, Simulator

from .translated import load as texts_in

AYSE: Final = "905559998877"
ALI: Final = "905551112233"
VELI: Final = "905551112244"
VIRTUAL: Final = "test"
"""User name and API secret of the simulator's account, as of the provider's virtual one."""
RECIPIENTS: Final = {"Ayşe": [AYSE], "Aile": [ALI, VELI]}


def account_at(
    url: str,
    recipients: Mapping[str, list[str]] = RECIPIENTS,
    *,
    title: str = "BiSMS",
    username: str = VIRTUAL,
    secret: str = VIRTUAL,
    **options: Any,
) -> MockConfigEntry:
    """Return an account that the user has set up, not yet loaded."""
    return MockConfigEntry(
        domain=DOMAIN,
        title=title,
        unique_id=username,
        data={"url": url, "username": username, "password": secret},
        options={"header": "BASLIK1", **DEFAULT_OPTIONS, **options},
        subentries_data=[
            ConfigSubentryData(
                data={"name": name, "numbers": numbers},
                subentry_type="recipient",
                title=name,
                unique_id=None,
            )
            for name, numbers in recipients.items()
        ],
    )


async def load(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Let Home Assistant load an account."""
    if hass.config_entries.async_get_entry(entry.entry_id) is None:
        entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    return entry


async def settled(hass: HomeAssistant) -> None:
    """Wait until nothing is under way, requests to the provider included."""
    await hass.async_block_till_done(wait_background_tasks=True)


class Days:
    """Time that stands still until a test lets it pass, for both sides of the wire.

    Attributes
    ----------
    clock_is_ahead
        Seconds by which the machine's clock was set forth, as the outbox reads it.
    """

    def __init__(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
        """Stop the clocks."""
        self.clock_is_ahead = 0.0
        self._hass = hass
        self._freezer = freezer

    async def pass_(self, seconds: float) -> None:
        """Let time pass in one go, and wait for all that is under way then."""
        await self.elapse(seconds)
        await settled(self._hass)

    async def elapse(self, seconds: float) -> None:
        """Let time pass in one go, and wait for no request."""
        self._freezer.tick(timedelta(seconds=seconds))
        async_fire_time_changed(self._hass)
        await asyncio.sleep(0)


async def until(condition: Callable[[], object]) -> None:
    """Let others run until something is so, while time stands still."""
    while not condition():
        await asyncio.sleep(0)


async def a_moment() -> None:
    """Let what is on the wire arrive, while time stands still."""
    for _ in range(200):
        await asyncio.sleep(0)


async def act(
    hass: HomeAssistant,
    action: str,
    *,
    domain: str = DOMAIN,
    context: Context | None = None,
    **data: Any,
) -> dict[str, Any]:
    """Carry out an action that answers, and return its answer."""
    answer = await hass.services.async_call(
        domain, action, data, blocking=True, return_response=True, context=context
    )
    assert answer is not None
    return dict(answer)


async def do(
    hass: HomeAssistant,
    action: str,
    *,
    domain: str = DOMAIN,
    context: Context | None = None,
    **data: Any,
) -> None:
    """Carry out an action."""
    await hass.services.async_call(domain, action, data, blocking=True, context=context)


async def refused(
    call: Awaitable[object], kind: type[HomeAssistantError]
) -> HomeAssistantError:
    """Return the error that an action ends with, which is of exactly this kind."""
    with pytest.raises(kind) as caught:
        await call
    assert type(caught.value) is kind
    return caught.value


def words(error: HomeAssistantError, language: str) -> str:
    """Return what a user of this language reads of an error."""
    assert error.translation_domain == DOMAIN
    text: str = texts_in(language)["exceptions"][error.translation_key]["message"]
    return text.format(**(error.translation_placeholders or {}))


def issues(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    """Return the account's repair issues by their translation key."""
    return {
        str(issue.translation_key): issue
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN and issue.active
    }


def reauthentications(hass: HomeAssistant) -> int:
    """Return how many times a user is being asked for the API secret."""
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return sum(flow["context"]["source"] == SOURCE_REAUTH for flow in flows)


def sends(simulator: Simulator) -> list[Request]:
    """Return the requests that were made to send something."""
    return [r for r in simulator.requests if r.endpoint in ("smsget", "smspost")]


def state_of(hass: HomeAssistant, entity_id: str) -> str:
    """Return an entity's state."""
    state = hass.states.get(entity_id)
    assert state is not None, f"{entity_id} does not exist"
    return state.state


def attributes_of(hass: HomeAssistant, entity_id: str) -> set[str]:
    """Return the names of the attributes of an entity's state."""
    state = hass.states.get(entity_id)
    assert state is not None, f"{entity_id} does not exist"
    return set(state.attributes)


def attribute_of(hass: HomeAssistant, entity_id: str, name: str) -> Any:
    """Return an attribute of an entity's state."""
    state = hass.states.get(entity_id)
    assert state is not None, f"{entity_id} does not exist"
    return state.attributes.get(name)
