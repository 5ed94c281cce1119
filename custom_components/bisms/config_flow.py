"""Screens on which a user sets up an account and its options."""

from collections.abc import Iterable, Mapping, Sequence
import logging
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
    OptionsFlow,
    SubentryFlowContext,
)
from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol
from yarl import URL

from .const import (
    CONF_ASSIST_MAY_SEND,
    CONF_EXPIRE_AFTER,
    CONF_HEADER,
    CONF_HOURLY_LIMIT,
    CONF_IN_DOUBT,
    CONF_LOW_CREDIT,
    CONF_TOO_LONG,
    CONF_TURKISH_CHARACTERS,
    DEFAULT_OPTIONS,
    DOMAIN,
    MAX_EXPIRE_AFTER,
    NAME,
    SECTION_ADVANCED,
    SUBENTRY_RECIPIENT,
    InDoubt,
    TooLong,
    TurkishCharacters,
)
from .coordinator import BismsData
from .provider.client import DEFAULT_URL, BismsClient
from .provider.codes import BismsError, InvalidAuthError, NotSentError, UnknownFateError
from .recipient_flow import RecipientFlow

_LOGGER = logging.getLogger(__name__)

MAX_CREDITS = 1_000_000

_USERNAME = TextSelector(TextSelectorConfig(autocomplete="username"))
_PASSWORD = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
)
_ADDRESS = section(
    vol.Schema(
        {
            vol.Required(CONF_URL, default=DEFAULT_URL): TextSelector(
                TextSelectorConfig(type=TextSelectorType.URL)
            )
        }
    ),
    {"collapsed": True},
)

USER_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_USERNAME): _USERNAME,
        vol.Required(CONF_PASSWORD): _PASSWORD,
        vol.Required(SECTION_ADVANCED): _ADDRESS,
    }
)
REAUTH_SCHEMA = vol.Schema({vol.Required(CONF_PASSWORD): _PASSWORD})
RECONFIGURE_SCHEMA = vol.Schema(
    {
        vol.Optional(CONF_PASSWORD): _PASSWORD,
        vol.Required(SECTION_ADVANCED): _ADDRESS,
    }
)


class BismsConfigFlow(ConfigFlow, domain=DOMAIN):
    """Set-up of an account, its re-authentication and its reconfiguration."""

    _account: dict[str, str]
    _headers: tuple[str, ...]

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Offer recipients as parts of an account."""
        return {SUBENTRY_RECIPIENT: RecipientFlow}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Offer the options of an account."""
        return BismsOptionsFlow()

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the account and check it."""
        errors: dict[str, str] = {}
        if user_input is not None:
            await self.async_set_unique_id(user_input[CONF_USERNAME])
            self._abort_if_unique_id_configured()
            errors = await self._async_check(
                username=user_input[CONF_USERNAME],
                password=user_input[CONF_PASSWORD],
                url=user_input[SECTION_ADVANCED][CONF_URL],
            )
            if not errors:
                return await self._async_choose_header()
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(
                USER_SCHEMA, _without_password(user_input)
            ),
            errors=errors,
        )

    async def _async_choose_header(self) -> ConfigFlowResult:
        """Take the only sender name, ask which of several, or give up without one."""
        if not self._headers:
            return self.async_abort(reason="no_headers")
        if len(self._headers) == 1:
            return self._create_account(self._headers[0])
        return await self.async_step_header()

    async def async_step_header(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask under which approved sender name the account sends."""
        if user_input is not None:
            return self._create_account(user_input[CONF_HEADER])
        return self.async_show_form(
            step_id="header",
            data_schema=vol.Schema({vol.Required(CONF_HEADER): _one_of(self._headers)}),
        )

    def _create_account(self, header: str) -> ConfigFlowResult:
        """Create the entry, with the short title if it is the first one."""
        first = not self._async_current_entries(include_ignore=False)
        return self.async_create_entry(
            title=NAME if first else f"{NAME} {self._account[CONF_USERNAME]}",
            data=self._account,
            options={CONF_HEADER: header, **DEFAULT_OPTIONS},
        )

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Lead on to adding the first recipient."""
        recipient = await self.hass.config_entries.subentries.async_init(
            (result["result"].entry_id, SUBENTRY_RECIPIENT),
            context=SubentryFlowContext(source=SOURCE_USER),
        )
        result["next_flow"] = (FlowType.CONFIG_SUBENTRIES_FLOW, recipient["flow_id"])
        return result

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Start after the provider refused the API secret."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the API secret that is valid now."""
        entry = self._get_reauth_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = await self._async_check(**{**entry.data, **user_input})
            if not errors:
                return self._update_account(entry)
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=REAUTH_SCHEMA,
            errors=errors,
            description_placeholders={"username": entry.data[CONF_USERNAME]},
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the API secret or the provider's address."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = await self._async_check(
                username=entry.data[CONF_USERNAME],
                password=user_input.get(CONF_PASSWORD) or entry.data[CONF_PASSWORD],
                url=user_input[SECTION_ADVANCED][CONF_URL],
            )
            if not errors:
                return self._update_account(entry)
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                RECONFIGURE_SCHEMA,
                _without_password(user_input)
                or {SECTION_ADVANCED: {CONF_URL: entry.data[CONF_URL]}},
            ),
            errors=errors,
            description_placeholders={"username": entry.data[CONF_USERNAME]},
        )

    async def _async_check(
        self, *, username: str, password: str, url: str
    ) -> dict[str, str]:
        """Try the account out and keep it; return what is wrong with it, if anything."""
        try:
            account = {
                CONF_URL: _normalize_url(url),
                CONF_USERNAME: username,
                CONF_PASSWORD: password.strip(),
            }
        except ValueError:
            return {"base": "invalid_url"}
        client = _client(self.hass, account)
        try:
            await client.get_credit()
            self._headers = await client.get_headers()
        except InvalidAuthError:
            return {"base": "invalid_auth"}
        except NotSentError, UnknownFateError:
            return {"base": "cannot_connect"}
        except BismsError as error:
            _LOGGER.warning("The account could not be checked: %s", error)
            return {"base": "unknown"}
        self._account = account
        return {}

    def _update_account(self, entry: ConfigEntry) -> ConfigFlowResult:
        """Store the checked account and have it used at once.

        A loaded entry reloads itself when its data change; one whose set-up failed listens
        to nothing.
        """
        if not entry.update_listeners:
            return self.async_update_reload_and_abort(entry, data=self._account)
        if entry.data == self._account:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return self.async_update_and_abort(entry, data=self._account)


class BismsOptionsFlow(OptionsFlow):
    """The options of an account."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show all options with their present values."""
        if user_input is not None:
            return self.async_create_entry(data=user_input)
        return self.async_show_form(
            step_id="init",
            data_schema=_options_schema(
                {**DEFAULT_OPTIONS, **self.config_entry.options},
                await self._async_headers(),
            ),
        )

    async def _async_headers(self) -> tuple[str, ...]:
        """Ask for the approved sender names; without an answer, offer the present one."""
        loaded = self.config_entry.state is ConfigEntryState.LOADED
        data: BismsData | None = self.config_entry.runtime_data if loaded else None
        client = data.client if data else _client(self.hass, self.config_entry.data)
        headers: tuple[str, ...] = ()
        try:
            headers = await client.get_headers()
        except BismsError as err:
            if data:
                data.account.refused(err)
        present = self.config_entry.options.get(CONF_HEADER)
        return headers or ((present,) if present else ())


def _normalize_url(text: str) -> str:
    """Return an address without its last slash; raise ValueError if it is none of ours."""
    url = URL(text.strip())
    extras = (url.user, url.password, url.query_string, url.fragment)
    if url.scheme not in ("http", "https") or not url.host or any(extras):
        raise ValueError("Not the address of a web server")
    return str(url).rstrip("/")


def _without_password(user_input: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what may be shown again in a form that was not accepted."""
    return {
        key: value for key, value in (user_input or {}).items() if key != CONF_PASSWORD
    }


def _client(hass: HomeAssistant, account: Mapping[str, str]) -> BismsClient:
    """Return a client for an account."""
    return BismsClient(
        async_get_clientsession(hass),
        account[CONF_USERNAME],
        account[CONF_PASSWORD],
        account[CONF_URL],
    )


def _options_schema(present: Mapping[str, Any], headers: Sequence[str]) -> vol.Schema:
    """Return the form of the options, filled in with their present values."""
    fields = {
        CONF_HEADER: _one_of(headers),
        CONF_LOW_CREDIT: _whole_number(0, MAX_CREDITS),
        CONF_TURKISH_CHARACTERS: _one_of(TurkishCharacters, CONF_TURKISH_CHARACTERS),
        CONF_TOO_LONG: _one_of(TooLong, CONF_TOO_LONG),
        CONF_EXPIRE_AFTER: _whole_number(1, MAX_EXPIRE_AFTER, UnitOfTime.MINUTES),
        CONF_IN_DOUBT: _one_of(InDoubt, CONF_IN_DOUBT),
        CONF_HOURLY_LIMIT: _whole_number(0, MAX_CREDITS),
        CONF_ASSIST_MAY_SEND: BooleanSelector(),
    }
    if present.get(CONF_HEADER) not in headers:
        present = {**present, CONF_HEADER: vol.UNDEFINED}
    return vol.Schema(
        {
            vol.Required(key, default=present[key]): field
            for key, field in fields.items()
        }
    )


def _one_of(
    options: Iterable[str], translation_key: str | None = None
) -> SelectSelector:
    """Return a field to choose one of some options, named as they are or translated."""
    config = SelectSelectorConfig(
        options=list(options), mode=SelectSelectorMode.DROPDOWN
    )
    if translation_key:
        config["translation_key"] = translation_key
    return SelectSelector(config)


def _whole_number(minimum: int, maximum: int, unit: str | None = None) -> vol.All[int]:
    """Return a field for a whole number, of minutes if it has a unit."""
    config = NumberSelectorConfig(
        min=minimum, max=maximum, step=1, mode=NumberSelectorMode.BOX
    )
    if unit:
        config["unit_of_measurement"] = unit
        config["translation_key"] = "minutes"
    return vol.All(NumberSelector(config), vol.Coerce(int))
