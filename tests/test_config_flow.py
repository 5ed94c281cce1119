"""Setting an account up, keeping it working, and choosing its options."""

from typing import Any

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntryState,
    ConfigFlowResult,
    FlowType,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.bisms.config_flow import _normalize_url
from custom_components.bisms.const import DEFAULT_OPTIONS, DOMAIN
from simulator import Account, Fault, Simulator

NOBODY_LISTENS = "http://127.0.0.1:1"


def credentials(url: str, **changes: str) -> dict[str, Any]:
    """Return what a user types on the first screen."""
    return {
        "username": "test",
        "password": "test",
        "advanced": {"url": url},
        **changes,
    }


def fields(form: Any) -> dict[Any, Any]:
    """Return the fields of a form, by their markers."""
    schema: dict[Any, Any] = form["data_schema"].schema
    return schema


def marker(form: Any, field: str) -> Any:
    """Return what a form says of a field: what it is filled in with, above all."""
    return next(key for key in fields(form) if key == field)


def choices(form: Any, field: str) -> list[str]:
    """Return the choices that a field of a form offers."""
    options: list[str] = fields(form)[field].config["options"]
    return options


async def start(hass: HomeAssistant) -> ConfigFlowResult:
    """Choose to add an account."""
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )


async def submit(
    hass: HomeAssistant, result: ConfigFlowResult, user_input: dict[str, Any]
) -> ConfigFlowResult:
    """Fill in a form of the set-up and send it."""
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], user_input
    )
    await hass.async_block_till_done()
    return result


def account(url: str, **changes: str) -> MockConfigEntry:
    """Return an account with one sender name."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="BiSMS",
        unique_id="test",
        data={"url": url, "username": "test", "password": "test", **changes},
        options={"header": "BASLIK1", **DEFAULT_OPTIONS},
    )


async def set_up(hass: HomeAssistant, url: str, **changes: str) -> MockConfigEntry:
    """Return an account that was added and is loaded."""
    entry = account(url, **changes)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


@pytest.fixture
def simulator() -> Simulator:
    """Return the provider with accounts that have one sender name each."""
    return Simulator(
        [
            Account("test", "test", headers=("BASLIK1",)),
            Account("Ofis", "other", headers=("OFISIM",)),
        ]
    )


async def test_an_account_with_one_sender_name_is_added_in_one_step(
    hass: HomeAssistant, provider_url: str
) -> None:
    """A user with one approved sender name has nothing to choose."""
    form = await start(hass)
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == "user"

    result = await submit(hass, form, credentials(provider_url))

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "BiSMS"
    assert result["result"].unique_id == "test"
    assert result["data"] == {
        "url": provider_url,
        "username": "test",
        "password": "test",
    }
    assert result["options"] == {
        "header": "BASLIK1",
        "low_credit": 100,
        "turkish_characters": "keep",
        "too_long": "reject",
        "expire_after": 60,
        "in_doubt": "stop",
        "hourly_limit": 0,
        "assist_may_send": False,
    }
    assert result["result"].state is ConfigEntryState.LOADED


async def test_one_of_several_sender_names_is_chosen(
    hass: HomeAssistant, simulator: Simulator, provider_url: str
) -> None:
    """A user with several approved sender names is asked for one."""
    simulator.account.headers = ("EVIM", "OFISIM")

    form = await submit(hass, await start(hass), credentials(provider_url))
    assert form["step_id"] == "header"
    assert choices(form, "header") == ["EVIM", "OFISIM"]

    result = await submit(hass, form, {"header": "OFISIM"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["options"]["header"] == "OFISIM"


async def test_an_account_without_a_sender_name_is_not_added(
    hass: HomeAssistant, simulator: Simulator, provider_url: str
) -> None:
    """Without an approved sender name nothing could be sent."""
    simulator.account.headers = ()

    result = await submit(hass, await start(hass), credentials(provider_url))

    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "no_headers"


async def test_the_first_recipient_is_asked_for_right_after(
    hass: HomeAssistant, provider_url: str
) -> None:
    """Adding an account leads on to adding its first recipient."""
    result = await submit(hass, await start(hass), credentials(provider_url))

    kind, flow_id = result["next_flow"]
    assert kind is FlowType.CONFIG_SUBENTRIES_FLOW
    await hass.config_entries.subentries.async_configure(
        flow_id, {"name": "Ayşe", "numbers": ["0555 999 88 77"]}
    )
    await hass.async_block_till_done()
    (recipient,) = result["result"].subentries.values()
    assert recipient.title == "Ayşe"


async def test_a_wrong_secret_is_said_and_can_be_corrected(
    hass: HomeAssistant, provider_url: str
) -> None:
    """The form stays, with all that was typed except the secret."""
    wrong = credentials(provider_url, password="web password")
    form = await submit(hass, await start(hass), wrong)

    assert form["type"] is FlowResultType.FORM
    assert form["errors"] == {"base": "invalid_auth"}
    assert marker(form, "username").description == {"suggested_value": "test"}
    assert marker(form, "password").description is None
    assert "web password" not in str(form)

    result = await submit(hass, form, credentials(provider_url))
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    "fault",
    [Fault.RESET_BEFORE_READING, Fault.ERROR_500, Fault.HTML, Fault.EMPTY],
)
@pytest.mark.parametrize("endpoint", ["credit", "originator"])
async def test_a_provider_in_trouble_is_said_and_can_be_tried_again(
    hass: HomeAssistant,
    simulator: Simulator,
    provider_url: str,
    fault: Fault,
    endpoint: str,
) -> None:
    """Whatever keeps the provider from answering, the user tries again on the spot."""
    simulator.fail(fault, endpoint=endpoint)
    form = await submit(hass, await start(hass), credentials(provider_url))
    assert form["errors"] == {"base": "cannot_connect"}

    result = await submit(hass, form, credentials(provider_url))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_an_address_at_which_nobody_listens_can_be_corrected(
    hass: HomeAssistant, provider_url: str
) -> None:
    """A wrong port is found out at once."""
    form = await submit(hass, await start(hass), credentials(NOBODY_LISTENS))
    assert form["errors"] == {"base": "cannot_connect"}

    result = await submit(hass, form, credentials(provider_url))
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.expects_log("could not be checked: The provider answered 95")
async def test_an_unexpected_refusal_is_said_and_logged(
    hass: HomeAssistant, simulator: Simulator, provider_url: str
) -> None:
    """A code that makes no sense here is an error without a better name."""
    simulator.answer("95")
    form = await submit(hass, await start(hass), credentials(provider_url))
    assert form["errors"] == {"base": "unknown"}

    result = await submit(hass, form, credentials(provider_url))
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    "address",
    [
        "",
        "sms.bisms.net:8080",
        "ftp://sms.bisms.net",
        "http://",
        "http://:8080",
        "http://user@sms.bisms.net",
        "http://user:secret@sms.bisms.net",
        "http://sms.bisms.net/?a=b",
        "http://sms.bisms.net/#there",
        "http://sms.bisms.net:port",
        "http://sms.bisms.net:99999",
    ],
)
async def test_an_unusable_address_is_said_and_can_be_corrected(
    hass: HomeAssistant, provider_url: str, address: str
) -> None:
    """Only http or https, host, port and path make an address."""
    form = await submit(hass, await start(hass), credentials(address))
    assert form["errors"] == {"base": "invalid_url"}

    result = await submit(hass, form, credentials(provider_url))
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (" http://sms.bisms.net:8080/ ", "http://sms.bisms.net:8080"),
        ("https://sms.bisms.net", "https://sms.bisms.net"),
        ("https://example.com/gateway/sms//", "https://example.com/gateway/sms"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_address_is_stored_without_its_last_slash(typed: str, stored: str) -> None:
    """A path can be put behind what is stored."""
    assert _normalize_url(typed) == stored


async def test_a_secret_may_be_pasted_with_white_space(
    hass: HomeAssistant, provider_url: str
) -> None:
    """What comes along when the secret is copied from the panel does no harm."""
    pasted = credentials(f"{provider_url}/", password=" test\n")

    result = await submit(hass, await start(hass), pasted)

    assert result["data"]["password"] == "test"
    assert result["data"]["url"] == provider_url


async def test_an_account_is_added_once(hass: HomeAssistant, provider_url: str) -> None:
    """The same user name is the same account."""
    await set_up(hass, provider_url)

    result = await submit(hass, await start(hass), credentials(provider_url))

    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_a_second_account_is_named_after_its_user(
    hass: HomeAssistant, provider_url: str
) -> None:
    """Several accounts can be told apart."""
    await set_up(hass, provider_url)

    result = await submit(
        hass,
        await start(hass),
        credentials(provider_url, username="Ofis", password="other"),
    )

    assert result["title"] == "BiSMS Ofis"
    assert result["result"].unique_id == "Ofis"


async def test_a_loaded_account_gets_its_new_secret(
    hass: HomeAssistant, simulator: Simulator, provider_url: str
) -> None:
    """The secret changed while the account was in use."""
    entry = await set_up(hass, provider_url)
    simulator.account.secret = "new"

    form = await entry.start_reauth_flow(hass)
    assert form["step_id"] == "reauth_confirm"
    assert marker(form, "password").description is None
    form = await submit(hass, form, {"password": "wrong"})
    assert form["errors"] == {"base": "invalid_auth"}
    result = await submit(hass, form, {"password": "new"})

    assert result["reason"] == "reauth_successful"
    assert entry.data == {"url": provider_url, "username": "test", "password": "new"}
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.expects_log(": The provider does not accept")
async def test_an_account_that_was_refused_works_after_its_new_secret(
    hass: HomeAssistant, provider_url: str
) -> None:
    """Set-up failed for the secret; with the right one the account is loaded."""
    entry = await set_up(hass, provider_url, password="old")
    states = [entry.state]
    (progress,) = hass.config_entries.flow.async_progress()
    assert progress["step_id"] == "reauth_confirm"

    await submit(hass, progress, {"password": "test"})

    states.append(entry.state)
    assert states == [ConfigEntryState.SETUP_ERROR, ConfigEntryState.LOADED]
    assert entry.data["password"] == "test"


async def test_the_same_secret_again_starts_a_loaded_account_anew(
    hass: HomeAssistant, provider_url: str
) -> None:
    """The secret was right after all: what waits for it goes on."""
    entry = await set_up(hass, provider_url)
    before = entry.runtime_data

    form = await entry.start_reauth_flow(hass)
    await submit(hass, form, {"password": "test"})

    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data is not before


async def test_an_address_changes_while_the_secret_stays(
    hass: HomeAssistant, simulator: Simulator, provider_url: str
) -> None:
    """A user who only moves to another address does not need the secret at hand."""
    entry = await set_up(hass, provider_url)

    form = await entry.start_reconfigure_flow(hass)
    assert form["step_id"] == "reconfigure"
    assert "test" not in str(marker(form, "password").description)
    shown = fields(form)["advanced"].schema.schema
    assert next(iter(shown)).description == {"suggested_value": provider_url}

    form = await submit(hass, form, {"advanced": {"url": NOBODY_LISTENS}})
    assert form["errors"] == {"base": "cannot_connect"}
    async with simulator.serve() as new_url:
        result = await submit(hass, form, {"advanced": {"url": f"{new_url}/"}})

        assert result["reason"] == "reconfigure_successful"
        assert entry.data == {"url": new_url, "username": "test", "password": "test"}
        assert entry.state is ConfigEntryState.LOADED
        await hass.config_entries.async_unload(entry.entry_id)


async def test_a_secret_changes_while_the_address_stays(
    hass: HomeAssistant, simulator: Simulator, provider_url: str
) -> None:
    """A secret can be changed before the old one is refused."""
    entry = await set_up(hass, provider_url)
    simulator.account.secret = "new"
    address = {"advanced": {"url": provider_url}}

    form = await entry.start_reconfigure_flow(hass)
    form = await submit(hass, form, {"password": "wrong", **address})
    assert form["errors"] == {"base": "invalid_auth"}
    await submit(hass, form, {"password": "new", **address})

    assert entry.data["password"] == "new"
    assert entry.state is ConfigEntryState.LOADED


async def test_options_are_shown_as_they_are_and_stored_as_chosen(
    hass: HomeAssistant, simulator: Simulator, provider_url: str
) -> None:
    """Every option can be changed, the sender name to any that is approved now."""
    entry = await set_up(hass, provider_url)
    simulator.account.headers = ("BASLIK1", "YENI")

    form = await hass.config_entries.options.async_init(entry.entry_id)
    assert form["step_id"] == "init"
    assert choices(form, "header") == ["BASLIK1", "YENI"]
    shown = {str(key): key.default() for key in fields(form)}
    assert shown == entry.options

    chosen = {
        "header": "YENI",
        "low_credit": 25.0,
        "turkish_characters": "when_cheaper",
        "too_long": "split",
        "expire_after": 2880.0,
        "in_doubt": "resend",
        "hourly_limit": 40.0,
        "assist_may_send": True,
    }
    await hass.config_entries.options.async_configure(form["flow_id"], chosen)
    await hass.async_block_till_done()

    assert entry.options == chosen
    assert type(entry.options["expire_after"]) is int
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize(
    "wrong",
    [
        {"header": "BASKASI"},
        {"low_credit": -1},
        {"turkish_characters": "drop"},
        {"too_long": "ignore"},
        {"expire_after": 0},
        {"expire_after": 2881},
        {"in_doubt": "maybe"},
        {"hourly_limit": -1},
    ],
)
async def test_options_that_make_no_sense_are_not_stored(
    hass: HomeAssistant, provider_url: str, wrong: dict[str, Any]
) -> None:
    """Each option has its limits."""
    entry = await set_up(hass, provider_url)
    form = await hass.config_entries.options.async_init(entry.entry_id)

    with pytest.raises(InvalidData):
        await hass.config_entries.options.async_configure(form["flow_id"], wrong)

    await hass.config_entries.options.async_configure(form["flow_id"], {})
    assert entry.options == {"header": "BASLIK1", **DEFAULT_OPTIONS}


async def test_options_open_while_the_provider_is_away(
    hass: HomeAssistant, simulator: Simulator, provider_url: str
) -> None:
    """Without the list of sender names the present one can be kept."""
    entry = await set_up(hass, provider_url)
    simulator.fail(Fault.ERROR_500, endpoint="originator")

    form = await hass.config_entries.options.async_init(entry.entry_id)

    assert choices(form, "header") == ["BASLIK1"]
    await hass.config_entries.options.async_configure(form["flow_id"], {})
    assert entry.options["header"] == "BASLIK1"


async def test_a_refused_api_secret_is_asked_for_when_options_meet_it(
    hass: HomeAssistant, simulator: Simulator, provider_url: str
) -> None:
    """As after any other call; the options open all the same."""
    entry = await set_up(hass, provider_url)
    simulator.account.secret = "new"

    form = await hass.config_entries.options.async_init(entry.entry_id)

    assert choices(form, "header") == ["BASLIK1"]
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert [flow["context"]["source"] for flow in flows] == ["reauth"]


async def test_a_withdrawn_sender_name_must_be_replaced_to_save_options(
    hass: HomeAssistant, simulator: Simulator, provider_url: str
) -> None:
    """A name that would be refused is not offered again."""
    entry = await set_up(hass, provider_url)
    simulator.account.headers = ("YENI",)

    form = await hass.config_entries.options.async_init(entry.entry_id)

    assert choices(form, "header") == ["YENI"]
    assert isinstance(marker(form, "header").default, vol.Undefined)


async def test_an_account_without_a_chosen_sender_name_gets_one_in_the_options(
    hass: HomeAssistant, simulator: Simulator, provider_url: str
) -> None:
    """Nothing is chosen on the user's behalf, and without the list there is no choice."""
    entry = account(provider_url)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options={})

    simulator.fail(Fault.ERROR_500, endpoint="originator")
    away = await hass.config_entries.options.async_init(entry.entry_id)
    assert choices(away, "header") == []

    form = await hass.config_entries.options.async_init(entry.entry_id)
    await hass.config_entries.options.async_configure(
        form["flow_id"], {"header": "BASLIK1"}
    )
    assert entry.options == {"header": "BASLIK1", **DEFAULT_OPTIONS}
