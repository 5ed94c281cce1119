"""The API secret and the texts of messages stay where they belong, whatever goes wrong."""

import asyncio
from collections.abc import Iterator
import logging
from urllib.parse import quote, quote_plus

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.bisms.diagnostics import async_get_config_entry_diagnostics
from simulator import Account, Fault, Simulator

from .accounts import AYSE, Days, a_moment, account_at, act, do, load, settled

SECRET = "0123456789abcdefGİZLİ&/=+ 456789"
TEXT = "Kasanın şifresi 4711-Zeytin"
FORMS = [
    form(private)
    for private in (SECRET, TEXT)
    for form in (str, repr, quote, quote_plus, lambda text: quote(text, safe=""))
]
"""The secret and a text, plain and in every encoding in which a URL could show them."""

OTHERS_THAT_SHOW_TEXTS = (
    "homeassistant.core",
    "pytest_homeassistant_custom_component",
)
"""Home Assistant's bus logs every call at DEBUG; the test's disk logs what is written."""


@pytest.fixture
def simulator() -> Simulator:
    """Return a provider whose account has a secret that is easy to find."""
    return Simulator([Account("test", SECRET)])


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and everything that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def assert_private(shown: str, where: str) -> None:
    """Check that neither the secret nor the text is in it."""
    for form in FORMS:
        assert form not in shown, f"{form!r} in {where}"
    assert "Zeytin" not in shown, where


def assert_log_private(caplog: pytest.LogCaptureFixture) -> None:
    """Check every record, at whatever level, with its traceback."""
    formatter = logging.Formatter("%(name)s %(message)s")
    assert any(
        record.levelno == logging.DEBUG and record.name.startswith("custom_components")
        for record in caplog.records
    )
    for record in caplog.records:
        if not record.name.startswith(OTHERS_THAT_SHOW_TEXTS):
            assert_private(formatter.format(record), record.name)


async def errors_of_a_day(hass: HomeAssistant, days: Days) -> list[BaseException]:
    """Do everything that makes a request, and return the errors that came of it."""
    calls = [
        do(hass, "send_message", recipients=[AYSE], message=TEXT),
        do(hass, "send_message", recipients=["Aile"], message=TEXT),
        do(hass, "bisms_ayse", domain="notify", message=TEXT, title="Ev"),
        act(hass, "get_headers"),
        act(hass, "get_sent_ids"),
        act(hass, "get_blacklist"),
        act(hass, "get_delivery_report", dlr_id="1"),
        do(hass, "add_to_blacklist", number=AYSE),
    ]
    done = asyncio.gather(*calls, return_exceptions=True)
    for _ in range(8):
        await a_moment()
        await days.elapse(4)
    return [error for error in await done if isinstance(error, BaseException)]


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.expects_log("Error fetching BiSMS account data")
async def test_no_fault_brings_them_to_light(
    hass: HomeAssistant,
    days: Days,
    provider_url: str,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
) -> None:
    """Not in the log at any level, nor in an error, a state or the diagnostics."""
    caplog.set_level(logging.DEBUG)
    entry = await load(hass, account_at(provider_url, secret=SECRET))
    simulator.fail(fault, times=None, seconds=20 if fault is Fault.SLOW else None)

    errors = await errors_of_a_day(hass, days)
    await days.elapse(3600)
    await a_moment()
    await days.elapse(16)
    simulator.clear_faults()
    await days.pass_(120)
    await days.pass_(3600)
    told = await async_get_config_entry_diagnostics(hass, entry)
    await hass.config_entries.async_unload(entry.entry_id)

    assert any(isinstance(error, HomeAssistantError) for error in errors)
    for error in errors:
        for cause in causes(error):
            known = getattr(cause, "__dict__", {})
            assert_private(f"{cause} {cause!r} {known}", "an error")
    assert_private(str(told), "diagnostics")
    assert_log_private(caplog)


async def test_a_good_day_does_not_bring_them_to_light_either(
    hass: HomeAssistant,
    days: Days,
    provider_url: str,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not in a state, an event or the representation of anything that holds them."""
    caplog.set_level(logging.DEBUG)
    entry = await load(hass, account_at(provider_url, secret=SECRET))

    await do(hass, "send_message", recipients=["Ayşe", "Aile"], message=TEXT)
    await days.pass_(90)

    assert simulator.inbox[0].text == TEXT
    states = [state.as_dict() for state in hass.states.async_all()]
    assert_private(str(states), "states")
    data = entry.runtime_data
    assert_private(repr(data), "the account")
    assert_private(repr(list(data.outbox.deliveries)), "deliveries")
    assert_private(repr(vars(data.outbox)), "the outbox")
    await hass.config_entries.async_unload(entry.entry_id)
    await settled(hass)
    assert_log_private(caplog)


async def test_the_debug_log_tells_what_happens_to_a_message_and_nothing_of_it(
    hass: HomeAssistant,
    days: Days,
    provider_url: str,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One line for each thing, with its id and its states, but neither number nor text."""
    caplog.set_level(logging.DEBUG)
    await load(hass, account_at(provider_url, secret=SECRET))
    simulator.fail(Fault.ERROR_500, endpoint="smsget")

    answer = await act(hass, "send_message", recipients=[AYSE], message=TEXT)
    await days.pass_(2)
    await days.pass_(90)

    lines = [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("custom_components.bisms.outbox")
    ]
    told = [line.split(", next")[0] for line in lines]
    name = answer["messages"][0]["id"]
    assert told == [
        f"{name}: Began, queued -> queued",
        f"{name}: Silent, queued -> queued",
        f"{name}: Began, queued -> queued",
        f"{name}: Accepted, queued -> waiting",
        f"{name}: Reported, waiting -> delivered",
    ]
    assert AYSE not in str(lines)
    assert "Zeytin" not in str(lines)


@pytest.mark.parametrize("echo", [SECRET, TEXT, quote(SECRET), quote(TEXT)])
async def test_an_answer_that_repeats_them_is_not_shown(
    hass: HomeAssistant,
    days: Days,
    provider_url: str,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    echo: str,
) -> None:
    """A proxy's page that quotes the request ends up in no message."""
    caplog.set_level(logging.DEBUG)
    await load(hass, account_at(provider_url, secret=SECRET))
    page = f"<h1>Bad gateway: /api?password={echo}</h1>"
    for endpoint in ("blacklistexport", "smsget", "smspost"):
        simulator.answer(page, endpoint=endpoint)

    errors = await errors_of_a_day(hass, days)

    assert any(isinstance(error, HomeAssistantError) for error in errors)
    for error in errors:
        for cause in causes(error):
            known = getattr(cause, "__dict__", {})
            assert_private(f"{cause} {cause!r} {known}", "an error")
    assert_log_private(caplog)
