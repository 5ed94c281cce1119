"""Repair issues: when they come, how they are fixed, and when they go."""

from http import HTTPStatus
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.bisms.const import DOMAIN
from simulator import Fault, Simulator

from .accounts import (
    AYSE,
    Days,
    account_at,
    do,
    issues,
    load,
    reauthentications,
    refused,
    settled,
    state_of,
)


class Repairs:
    """The page on which a user fixes issues."""

    def __init__(self, client: Any) -> None:
        """Talk to Home Assistant over HTTP, as the page does."""
        self._client = client

    async def begin(self, issue: ir.IssueEntry) -> dict[str, Any]:
        """Choose an issue; return the first screen."""
        return await self._post(
            "/api/repairs/issues/fix",
            {"handler": issue.domain, "issue_id": issue.issue_id},
        )

    async def answer(self, flow_id: str, **values: str) -> dict[str, Any]:
        """Fill in a screen; return the next one."""
        return await self._post(f"/api/repairs/issues/fix/{flow_id}", values)

    async def _post(self, path: str, json: dict[str, str]) -> dict[str, Any]:
        response = await self._client.post(path, json=json)
        assert response.status == HTTPStatus.OK
        result: dict[str, Any] = await response.json()
        return result


@pytest.fixture
async def repairs(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Repairs:
    """Open the repairs page."""
    assert await async_setup_component(hass, "repairs", {})
    return Repairs(await hass_client())


async def test_low_credit_is_an_issue_until_it_is_topped_up(
    hass: HomeAssistant, days: Days, provider_url: str, simulator: Simulator
) -> None:
    """It says how much is left, follows the credit, and goes by itself."""
    simulator.account.credit = 49
    await load(hass, account_at(provider_url, low_credit=50))
    issue = issues(hass)["low_credit"]
    assert issue.translation_placeholders == {
        "account": "BiSMS",
        "credit": "49",
        "threshold": "50",
    }
    assert not issue.is_fixable

    await do(hass, "send_message", recipients=["Ayşe"], message="Alo")
    await days.pass_(3)
    placeholders = issues(hass)["low_credit"].translation_placeholders
    assert placeholders is not None
    assert placeholders["credit"] == "48"

    simulator.account.credit = 50
    await days.pass_(3600)
    assert issues(hass) == {}


async def test_a_user_may_not_want_to_be_warned_of_low_credit(
    hass: HomeAssistant, provider_url: str, simulator: Simulator
) -> None:
    """0 turns the warning off, also for a credit of nothing at all."""
    simulator.account.credit = 0

    await load(hass, account_at(provider_url, low_credit=0))

    assert issues(hass) == {}
    assert state_of(hass, "binary_sensor.bisms_low_credit") == "off"


async def test_a_message_that_the_credit_does_not_cover_is_an_issue_in_any_case(
    hass: HomeAssistant, days: Days, provider_url: str, simulator: Simulator
) -> None:
    """What was known of the credit may be old; the issue goes when there is more again."""
    simulator.account.credit = 100
    await load(hass, account_at(provider_url, low_credit=0))
    simulator.account.credit = 0
    await refused(
        do(hass, "send_message", recipients=[AYSE], message="Alo"), HomeAssistantError
    )
    assert set(issues(hass)) == {"low_credit_refused"}
    await days.pass_(3)
    placeholders = issues(hass)["low_credit_refused"].translation_placeholders
    assert placeholders is not None
    assert placeholders["credit"] == "0"

    simulator.account.credit = 60
    await days.pass_(3600)

    assert issues(hass) == {}
    assert state_of(hass, "binary_sensor.bisms_low_credit") == "off"


async def test_low_credit_is_one_issue_that_says_what_the_matter_is(
    hass: HomeAssistant, days: Days, provider_url: str, simulator: Simulator
) -> None:
    """Below the limit, then not enough for a message, then more but still below the limit."""
    simulator.account.credit = 1
    await load(hass, account_at(provider_url, low_credit=50))
    warned = issues(hass)
    assert set(warned) == {"low_credit"}

    await refused(
        do(hass, "send_message", recipients=["Aile"], message="Alo"), HomeAssistantError
    )
    told = issues(hass)
    assert set(told) == {"low_credit_refused"}
    assert told["low_credit_refused"].issue_id == warned["low_credit"].issue_id

    simulator.account.credit = 40
    await days.pass_(3600)
    assert set(issues(hass)) == {"low_credit"}


@pytest.mark.expects_log("Error fetching BiSMS account data")
async def test_too_little_credit_is_an_issue_even_if_the_credit_was_not_known(
    hass: HomeAssistant, days: Days, provider_url: str, simulator: Simulator
) -> None:
    """As soon as it can be said how much there is."""
    simulator.answer("99", endpoint="credit")
    simulator.account.credit = 1
    await load(hass, account_at(provider_url, low_credit=0))
    await refused(
        do(hass, "send_message", recipients=[AYSE], message="Alo " * 50),
        HomeAssistantError,
    )

    await days.pass_(3)

    assert set(issues(hass)) == {"low_credit_refused"}
    assert state_of(hass, "binary_sensor.bisms_low_credit") == "on"


async def test_a_withdrawn_sender_name_can_be_replaced(
    hass: HomeAssistant,
    provider_url: str,
    simulator: Simulator,
    repairs: Repairs,
) -> None:
    """The approved ones are offered, and the next message goes out under the chosen one."""
    simulator.account.headers = ("YENI", "DIGER")
    account = await load(hass, account_at(provider_url))
    issue = issues(hass)["header_withdrawn"]
    assert issue.translation_placeholders == {"account": "BiSMS", "header": "BASLIK1"}
    options = dict(account.options)

    form = await repairs.begin(issue)
    assert form["type"] == "form"
    assert form["step_id"] == "init"
    assert form["description_placeholders"] == {
        "account": "BiSMS",
        "header": "BASLIK1",
    }
    [field] = form["data_schema"]
    assert field["name"] == "header"
    assert field["selector"]["select"]["options"] == ["YENI", "DIGER"]
    assert dict(account.options) == options
    assert "header_withdrawn" in issues(hass)

    result = await repairs.answer(form["flow_id"], header="DIGER")
    assert result["type"] == "create_entry"
    await settled(hass)
    assert account.state is ConfigEntryState.LOADED
    assert dict(account.options) == {**options, "header": "DIGER"}
    assert issues(hass) == {}
    await do(hass, "send_message", recipients=["Ayşe"], message="Alo")
    assert simulator.inbox[0].header == "DIGER"


async def test_a_sender_name_that_is_approved_again_needs_no_repair(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """The issue goes by itself."""
    simulator.account.headers = ()
    await days.pass_(3600)
    assert set(issues(hass)) == {"header_withdrawn"}

    simulator.account.headers = ("BASLIK1",)
    await days.pass_(3600)
    assert issues(hass) == {}


async def test_issues_come_and_go_though_no_entity_is_enabled(
    hass: HomeAssistant,
    days: Days,
    provider_url: str,
    simulator: Simulator,
    entity_registry: er.EntityRegistry,
) -> None:
    """The account looks every hour, and soon after a message, for their sake alone."""
    entry = await load(hass, account_at(provider_url, low_credit=50))
    for entity in er.async_entries_for_config_entry(entity_registry, entry.entry_id):
        entity_registry.async_update_entity(
            entity.entity_id, disabled_by=er.RegistryEntryDisabler.USER
        )
    await hass.config_entries.async_reload(entry.entry_id)
    await settled(hass)
    assert hass.states.async_all() == []

    simulator.account.headers, simulator.account.credit = ("BASKA",), 40
    await days.pass_(3601)
    assert set(issues(hass)) == {"header_withdrawn", "low_credit"}
    simulator.account.headers, simulator.account.credit = ("BASLIK1",), 50
    await days.pass_(3601)
    assert issues(hass) == {}

    await do(hass, "send_message", recipients=[AYSE], message="Alo")
    await days.pass_(3)
    assert set(issues(hass)) == {"low_credit"}


async def test_a_refused_api_secret_is_asked_for_when_a_repair_meets_it(
    hass: HomeAssistant,
    provider_url: str,
    simulator: Simulator,
    repairs: Repairs,
) -> None:
    """As after any other call."""
    await load(hass, account_at(provider_url, header="ESKI"))
    simulator.account.secret = "new"

    result = await repairs.begin(issues(hass)["header_withdrawn"])

    assert (result["type"], result["reason"]) == ("abort", "cannot_connect")
    assert reauthentications(hass) == 1


async def test_a_sender_name_cannot_be_replaced_without_an_approved_one(
    hass: HomeAssistant,
    provider_url: str,
    simulator: Simulator,
    repairs: Repairs,
) -> None:
    """The user is told so, and the issue stays."""
    simulator.account.headers = ()
    await load(hass, account_at(provider_url))

    result = await repairs.begin(issues(hass)["header_withdrawn"])

    assert (result["type"], result["reason"]) == ("abort", "no_headers")
    assert set(issues(hass)) == {"header_withdrawn"}


async def test_a_sender_name_cannot_be_replaced_while_the_provider_does_not_answer(
    hass: HomeAssistant,
    provider_url: str,
    simulator: Simulator,
    repairs: Repairs,
) -> None:
    """The user is told so, and the issue stays."""
    entry = await load(hass, account_at(provider_url, header="ESKI"))
    issue = issues(hass)["header_withdrawn"]

    simulator.fail(Fault.ERROR_500)
    result = await repairs.begin(issue)
    assert (result["type"], result["reason"]) == ("abort", "cannot_connect")

    await hass.config_entries.async_unload(entry.entry_id)
    result = await repairs.begin(issue)
    assert (result["type"], result["reason"]) == ("abort", "cannot_connect")
    assert set(issues(hass)) == {"header_withdrawn"}


async def test_the_notice_of_an_unreadable_outbox_can_be_confirmed(
    hass: HomeAssistant,
    provider_url: str,
    repairs: Repairs,
    hass_storage: dict[str, Any],
) -> None:
    """It tells where the file was kept, and goes once the user has read it."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        "unreadable_store_1",
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key="unreadable_store",
        translation_placeholders={"account": "BiSMS", "path": "/config/x"},
    )

    form = await repairs.begin(issues(hass)["unreadable_store"])
    assert form["step_id"] == "confirm"
    assert form["description_placeholders"] == {"account": "BiSMS", "path": "/config/x"}
    result = await repairs.answer(form["flow_id"])

    assert result["type"] == "create_entry"
    assert issues(hass) == {}


@pytest.mark.parametrize(
    ("fault", "words"),
    [(Fault.REFUSE, "not_sent"), (Fault.ERROR_500, "maybe_sent")],
)
async def test_a_message_that_nobody_sees_fail_is_told(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    simulator: Simulator,
    repairs: Repairs,
    fault: Fault,
    words: str,
) -> None:
    """To whom and of when it was; the latest one only, until a user has seen it."""
    simulator.fail(fault, times=None)
    await days.pass_(20)
    when = dt_util.now()
    for text, recipient in (("Bir", "Ayşe"), ("İki", "Aile")):
        await do(
            hass,
            "send_message",
            recipients=[recipient],
            message=text,
            expire_after=1,
        )
    for _ in range(20):
        await days.pass_(60)

    issue = issues(hass)[words]
    assert issue.translation_placeholders == {
        "account": "BiSMS",
        "recipient": "Aile",
        "time": f"{when:%Y-%m-%d %H:%M}",
    }
    assert issue.learn_more_url
    assert [each for each in issues(hass) if each.endswith("_sent")] == [words]
    form = await repairs.begin(issue)
    assert form["step_id"] == "confirm"
    await repairs.answer(form["flow_id"])
    assert words not in issues(hass)


async def test_who_ignores_a_message_that_was_not_sent_hears_of_the_next_one(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    simulator: Simulator,
    issue_registry: ir.IssueRegistry,
) -> None:
    """Each is a matter of its own."""
    simulator.fail(Fault.REFUSE, times=None)
    await days.pass_(20)  # by then no connection is open that a message could go by
    for recipient in ("Ayşe", "Aile"):
        await do(
            hass,
            "send_message",
            recipients=[recipient],
            message="Alo",
            expire_after=1,
        )
        for _ in range(5):
            await days.pass_(60)
        issue = issues(hass)["not_sent"]
        assert (issue.translation_placeholders or {})["recipient"] == recipient
        assert issue.dismissed_version is None
        issue_registry.async_ignore(DOMAIN, issue.issue_id, ignore=True)


async def test_who_ignores_low_credit_hears_that_it_was_too_little_for_a_message(
    hass: HomeAssistant,
    days: Days,
    provider_url: str,
    simulator: Simulator,
    issue_registry: ir.IssueRegistry,
) -> None:
    """But not of every change of the credit."""
    simulator.account.credit = 2
    await load(hass, account_at(provider_url, low_credit=50))
    warned = issues(hass)["low_credit"]
    issue_registry.async_ignore(DOMAIN, warned.issue_id, ignore=True)
    await do(hass, "send_message", recipients=["Ayşe"], message="Alo")
    await days.pass_(3)
    assert (issues(hass)["low_credit"].translation_placeholders or {})["credit"] == "1"
    assert issues(hass)["low_credit"].dismissed_version

    await refused(
        do(hass, "send_message", recipients=["Aile"], message="Alo"), HomeAssistantError
    )

    assert issues(hass)["low_credit_refused"].dismissed_version is None


async def test_issues_of_two_accounts_are_told_apart(
    hass: HomeAssistant, provider_url: str, simulator: Simulator
) -> None:
    """Each account has its own issue of the same kind."""
    simulator.account.credit = 1
    for title in ("BiSMS", "BiSMS Ofis"):
        await load(hass, account_at(provider_url, title=title, username="test"))

    names = {
        (issue.translation_placeholders or {})["account"]
        for issue in ir.async_get(hass).issues.values()
    }
    assert names == {"BiSMS", "BiSMS Ofis"}
