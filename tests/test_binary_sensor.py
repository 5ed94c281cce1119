"""The low credit sensor."""

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Fault, Simulator

from .accounts import AYSE, Days, account_at, do, load, refused, settled, state_of

LOW_CREDIT = "binary_sensor.bisms_low_credit"


@pytest.mark.parametrize(
    ("credit", "threshold", "state"),
    [
        (99, 100, "on"),
        (100, 100, "off"),
        (0, 1, "on"),
        (0, 0, "off"),
        (15600, 15601, "on"),
    ],
)
async def test_it_is_on_below_the_threshold(
    hass: HomeAssistant,
    provider_url: str,
    simulator: Simulator,
    credit: int,
    threshold: int,
    state: str,
) -> None:
    """Exactly the threshold is still enough; 0 turns the warning off."""
    simulator.account.credit = credit

    await load(hass, account_at(provider_url, low_credit=threshold))

    assert state_of(hass, LOW_CREDIT) == state


async def test_it_follows_a_changed_threshold(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """The option acts at once."""
    assert state_of(hass, LOW_CREDIT) == "off"

    hass.config_entries.async_update_entry(
        account, options={**account.options, "low_credit": 20000}
    )
    await settled(hass)

    assert state_of(hass, LOW_CREDIT) == "on"


async def test_it_turns_on_when_a_message_is_refused_for_want_of_credit(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Even if there is more than the threshold; more credit turns it off again."""
    simulator.account.credit = 150
    await days.pass_(3600)
    assert state_of(hass, LOW_CREDIT) == "off"

    simulator.answer("81", endpoint="smsget")
    await refused(
        do(hass, "send_message", recipients=[AYSE], message="Alo"), HomeAssistantError
    )
    assert state_of(hass, LOW_CREDIT) == "on"
    await days.pass_(3600)
    assert state_of(hass, LOW_CREDIT) == "on"

    simulator.account.credit = 500
    await days.pass_(3600)
    assert state_of(hass, LOW_CREDIT) == "off"


@pytest.mark.expects_log("Error fetching BiSMS account data")
async def test_it_does_not_pretend_to_know(
    hass: HomeAssistant, days: Days, provider_url: str, simulator: Simulator
) -> None:
    """Without an answer it is unavailable; a minute later it is asked again."""
    simulator.fail(Fault.ERROR_500, endpoint="credit")
    await load(hass, account_at(provider_url))
    assert state_of(hass, LOW_CREDIT) == "unavailable"

    await days.pass_(60)

    assert state_of(hass, LOW_CREDIT) == "off"
