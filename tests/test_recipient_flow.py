"""Adding and changing recipients."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.bisms.const import DOMAIN

AYSE = {"name": "Ayşe", "numbers": ["905559998877"]}


def account(
    hass: HomeAssistant, title: str, *recipients: dict[str, Any]
) -> MockConfigEntry:
    """Return an account with recipients."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=title,
        subentries_data=[
            {
                "data": recipient,
                "subentry_type": "recipient",
                "title": recipient["name"],
                "unique_id": None,
            }
            for recipient in recipients
        ],
    )
    entry.add_to_hass(hass)
    return entry


async def start(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    """Choose to add a recipient."""
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, "recipient"), context={"source": SOURCE_USER}
    )


async def submit(hass: HomeAssistant, form: Any, name: str, *numbers: str) -> Any:
    """Fill in the form of a recipient and send it."""
    return await hass.config_entries.subentries.async_configure(
        form["flow_id"], {"name": name, "numbers": list(numbers)}
    )


def shown(form: Any) -> dict[str, Any]:
    """Return what the fields of a form are filled in with."""
    return {
        str(key): key.description["suggested_value"]
        for key in form["data_schema"].schema
        if key.description
    }


async def test_a_recipient_has_a_name_and_numbers_in_the_providers_form(
    hass: HomeAssistant,
) -> None:
    """However numbers are written, each is stored once, in 12 digits."""
    entry = account(hass, "BiSMS")

    form = await start(hass, entry)
    assert form["step_id"] == "user"
    result = await submit(
        hass, form, " Aile ", "+90 (555) 999-88-77", "5551112233", "", "05559998877"
    )

    assert result["type"] is FlowResultType.CREATE_ENTRY
    (recipient,) = entry.subentries.values()
    assert recipient.title == "Aile"
    assert recipient.data == {
        "name": "Aile",
        "numbers": ["905559998877", "905551112233"],
    }


@pytest.mark.parametrize(
    ("name", "numbers", "errors", "placeholders"),
    [
        ("Ali", ["212 555 44"], {"numbers": "invalid_number"}, "212 555 44"),
        ("Ali", ["212 555 44 33"], {"numbers": "landline_number"}, "212 555 44 33"),
        ("Ali", ["5551112233", "x"], {"numbers": "invalid_number"}, "x"),
        ("Ali", [], {"numbers": "no_numbers"}, None),
        ("Ali", ["", " "], {"numbers": "no_numbers"}, None),
        ("0555 999 88 77", ["5551112233"], {"name": "invalid_name"}, None),
        ("112", ["5551112233"], {"name": "invalid_name"}, None),
        (" ", ["5551112233"], {"name": "invalid_name"}, None),
        ("🏠", ["5551112233"], {"name": "invalid_name"}, None),
        ("Ayşe", ["5551112233"], {"name": "name_exists"}, "Ayşe"),
        ("AYSE!", ["5551112233"], {"name": "name_exists"}, "AYSE!"),
    ],
)
async def test_what_is_wrong_with_a_recipient_is_said_and_can_be_corrected(
    hass: HomeAssistant,
    name: str,
    numbers: list[str],
    errors: dict[str, str],
    placeholders: str | None,
) -> None:
    """The error stands at the field it belongs to, and what was typed is still there."""
    entry = account(hass, "BiSMS", AYSE)

    form = await submit(hass, await start(hass, entry), name, *numbers)
    assert form["errors"] == errors
    assert list(form["description_placeholders"].values()) == (
        [placeholders] if placeholders else []
    )
    assert shown(form) == {"name": name, "numbers": numbers}

    result = await submit(hass, form, "Ali", "5551112233")
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_recipient_changes_its_name_and_numbers(hass: HomeAssistant) -> None:
    """Its own name is no obstacle, another's is."""
    ali = {"name": "Ali", "numbers": ["905551112233"]}
    entry = account(hass, "BiSMS", AYSE, ali)
    ayse = next(iter(entry.subentries))

    form = await entry.start_subentry_reconfigure_flow(hass, ayse)
    assert form["step_id"] == "reconfigure"
    assert shown(form) == AYSE
    form = await submit(hass, form, "Ali", "05551112233")
    assert form["errors"] == {"name": "name_exists"}
    result = await submit(hass, form, "AYŞE", "05551112233")

    assert result["reason"] == "reconfigure_successful"
    changed = entry.subentries[ayse]
    assert changed.title == "AYŞE"
    assert changed.data == {"name": "AYŞE", "numbers": ["905551112233"]}


async def test_a_name_that_cannot_be_told_from_anothers_is_refused(
    hass: HomeAssistant,
) -> None:
    """When one is added and when one is changed, but a recipient may have its own."""
    ali = {"name": "Ali", "numbers": ["905551112233"]}
    entry = account(hass, "BiSMS", AYSE, ali)
    ayse, other = entry.subentries
    unseen = "AY\u200bŞE"

    form = await submit(hass, await start(hass, entry), unseen, "5551112233")
    assert form["errors"] == {"name": "name_exists"}
    form = await entry.start_subentry_reconfigure_flow(hass, other)
    form = await submit(hass, form, unseen, "5551112233")
    assert form["errors"] == {"name": "name_exists"}
    form = await entry.start_subentry_reconfigure_flow(hass, ayse)
    result = await submit(hass, form, unseen, "5551112233")

    assert result["reason"] == "reconfigure_successful"


async def test_a_recipient_whose_title_was_emptied_can_be_changed(
    hass: HomeAssistant,
) -> None:
    """The form shows the name it was stored under, which is taken as before."""
    entry = account(hass, "", AYSE)
    (ayse,) = entry.subentries.values()
    hass.config_entries.async_update_subentry(entry, ayse, title="")

    form = await submit(hass, await start(hass, entry), "Ayşe", "5551112233")
    assert form["errors"] == {"name": "name_exists"}
    form = await entry.start_subentry_reconfigure_flow(hass, ayse.subentry_id)
    assert shown(form) == AYSE
    await submit(hass, form, "Ayşe", "05551112233")

    assert entry.subentries[ayse.subentry_id].title == "Ayşe"


async def test_accounts_may_have_recipients_of_the_same_name(
    hass: HomeAssistant,
) -> None:
    """A name needs to be unique within its account only."""
    account(hass, "BiSMS", AYSE)
    office = account(hass, "BiSMS Ofis")

    result = await submit(hass, await start(hass, office), "Ayşe", "5551112233")

    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_recipient_does_not_take_the_action_of_another_account(
    hass: HomeAssistant,
) -> None:
    """`notify.bisms_ofis` is the second account, so no recipient of the first can be it."""
    home = account(hass, "BiSMS")
    account(hass, "BiSMS Ofis", {"name": "Genel", "numbers": ["905551112233"]})

    for taken in ("Ofis", "Ofis Genel"):
        form = await submit(hass, await start(hass, home), taken, "5551112233")
        assert form["errors"] == {"name": "name_exists"}
