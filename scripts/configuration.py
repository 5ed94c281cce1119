"""Write a Home Assistant configuration that needs no onboarding; print an access token.

    python -m scripts.configuration FOLDER --port 8123 [--language tr]
        [--log-level debug] [--dashboard FILE]

Runs in the environment that has Home Assistant and uses its own code for users and
stores, so that the formats are those of the version at hand.
"""

import argparse
import asyncio
from datetime import timedelta
from pathlib import Path
import shutil
from typing import Any

from homeassistant.auth import AuthManager, auth_manager_from_config
from homeassistant.auth.const import GROUP_ID_ADMIN
from homeassistant.auth.models import TOKEN_TYPE_LONG_LIVED_ACCESS_TOKEN, User
from homeassistant.auth.providers.homeassistant import HassAuthProvider
from homeassistant.components import onboarding
from homeassistant.components.frontend import storage as frontend
from homeassistant.components.http import config as http
from homeassistant.components.network import const as network
from homeassistant.components.onboarding.const import STEPS
from homeassistant.config_entries import ConfigEntries
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.storage import Store
from homeassistant.runner import create_event_loop
from homeassistant.util import dt as dt_util

from .home_assistant import TIME_ZONE
from .ports import LOOPBACK

NAME = PASSWORD = "demo"

# Not default_config: it looks for devices in the local network and calls cloud services.
INTEGRATIONS = ("config", "frontend", "history", "isal", "logbook", "my")

CONFIGURATION = """\
homeassistant:
  name: BiSMS demo
  latitude: 41.01
  longitude: 28.98
  elevation: 40
  unit_system: metric
  currency: TRY
  country: TR
  time_zone: {time_zone}
  language: {language}
{integrations}
automation: !include automations.yaml
script: !include scripts.yaml
logger:
  default: {log_level}
  logs:
    # Programs and libraries that a demo of SMS has no use for.
    haffmpeg: critical
    homeassistant.components.camera.img_util: critical
"""
DASHBOARD = """\
lovelace:
  dashboards:
    bisms-demo:
      mode: yaml
      title: SMS
      icon: mdi:message-text
      filename: dashboard.yaml
"""


def write_yaml(
    folder: Path, language: str, log_level: str, dashboard: Path | None
) -> None:
    """Write what Home Assistant reads as configuration.yaml, and the dashboard."""
    text = CONFIGURATION.format(
        language=language,
        time_zone=TIME_ZONE,
        log_level=log_level,
        integrations="\n".join(f"{name}:" for name in INTEGRATIONS),
    )
    if dashboard:
        text += DASHBOARD
        shutil.copy(dashboard, folder / "dashboard.yaml")
    (folder / "automations.yaml").write_text("[]", encoding="utf-8")
    (folder / "scripts.yaml").touch()
    (folder / "configuration.yaml").write_text(text, encoding="utf-8")


async def write_stores(hass: HomeAssistant, port: int) -> None:
    """Write the settings that Home Assistant keeps in stores of its own."""
    await save(
        hass, onboarding.STORAGE_KEY, onboarding.STORAGE_VERSION, {"done": STEPS}
    )
    # `http:` in YAML would be a trial that is taken back after five minutes, with a
    # restart that listens on all interfaces.
    server = {
        **http.HTTP_STORAGE_SCHEMA({"server_host": LOOPBACK, "server_port": port}),
        http.HTTP_CONFIG_CREATED_AT: dt_util.utcnow().isoformat(),
        http.HTTP_CONFIG_ERROR: None,
        http.HTTP_CONFIG_ERROR_MESSAGE: None,
    }
    await save(
        hass,
        http.STORAGE_KEY,
        http.STORAGE_VERSION,
        {
            http.KEY_STABLE: server,
            http.KEY_PENDING: None,
            http.KEY_YAML_MIGRATION_DONE: True,
        },
        http.STORAGE_MINOR_VERSION,
    )
    # Otherwise the HTTP client listens for multicast answers on every interface.
    await save(
        hass,
        network.STORAGE_KEY,
        network.STORAGE_VERSION,
        {network.ATTR_CONFIGURED_ADAPTERS: ["lo", "lo0"]},
    )


async def save(
    hass: HomeAssistant, key: str, version: int, data: dict[str, Any], minor: int = 1
) -> None:
    """Save one store."""
    store = Store[dict[str, Any]](hass, version, key, minor_version=minor)
    await store.async_save(data)


async def open_accounts(hass: HomeAssistant) -> AuthManager:
    """Return Home Assistant's own keeper of users, ready to add some."""
    hass.config_entries = ConfigEntries(hass, {})
    await hass.config_entries.async_initialize()
    dr.async_setup(hass)
    await asyncio.gather(dr.async_load(hass), er.async_load(hass))
    return await auth_manager_from_config(hass, [{"type": "homeassistant"}], [])


async def add_user(auth: AuthManager) -> User:
    """Add the demo's user, the owner of this Home Assistant."""
    provider = auth.auth_providers[0]
    assert isinstance(provider, HassAuthProvider)
    await provider.async_initialize()
    await provider.async_add_auth(NAME, PASSWORD)
    user = await auth.async_create_user("Demo", group_ids=[GROUP_ID_ADMIN])
    credentials = await provider.async_get_or_create_credentials({"username": NAME})
    await auth.async_link_user(user, credentials)
    return user


async def prepare(
    folder: Path, port: int, language: str, log_level: str, dashboard: Path | None
) -> str:
    """Write everything and return a token that lets a program act as the demo's user."""
    folder.mkdir(parents=True)
    write_yaml(folder, language, log_level, dashboard)
    hass = HomeAssistant(str(folder))
    await write_stores(hass, port)
    auth = hass.auth = await open_accounts(hass)
    user = await add_user(auth)
    await save(
        hass,
        f"frontend.user_data_{user.id}",
        frontend.STORAGE_VERSION_USER_DATA,
        {"language": {"language": language, "number_format": "language"}},
    )
    refresh_token = await auth.async_create_refresh_token(
        user,
        client_name="demo",
        token_type=TOKEN_TYPE_LONG_LIVED_ACCESS_TOKEN,
        access_token_expiration=timedelta(days=30),
    )
    token = auth.async_create_access_token(refresh_token)
    await hass.async_stop(force=True)  # writes the stores that are saved with a delay
    return token


def main() -> None:
    """Read the command line and do as it says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--language", default="en")
    parser.add_argument("--log-level", default="warning")
    parser.add_argument("--dashboard", type=Path)
    print(
        asyncio.run(
            prepare(**vars(parser.parse_args())), loop_factory=create_event_loop
        )
    )


if __name__ == "__main__":
    main()
