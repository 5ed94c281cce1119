"""Print the packages that Home Assistant would install at its first start.

    python -m scripts.first_start

Home Assistant installs what its integrations ask for when they are first loaded. This
adds up the integrations that it always loads, those of the demo's configuration, and
all that these depend on. Runs in an environment that has Home Assistant.
"""

from collections.abc import Iterable, Iterator
import json
from pathlib import Path

import homeassistant
from homeassistant.auth.mfa_modules import totp
from homeassistant.bootstrap import CORE_INTEGRATIONS, DEFAULT_INTEGRATIONS

from .configuration import INTEGRATIONS

COMPONENTS = Path(homeassistant.__file__).parent / "components"


def manifests(domains: Iterable[str]) -> Iterator[dict[str, list[str]]]:
    """Yield the manifests of integrations and of all that come with them."""
    seen: set[str] = set()
    open_domains = list(domains)
    while open_domains:
        domain = open_domains.pop()
        path = COMPONENTS / domain / "manifest.json"
        if domain in seen or not path.is_file():
            continue
        seen.add(domain)
        manifest = json.loads(path.read_bytes())
        for key in ("dependencies", "after_dependencies"):
            open_domains += manifest.get(key, [])
        yield manifest


def requirements() -> set[str]:
    """Return all requirements, with the one authentication module always set up."""
    domains = {*CORE_INTEGRATIONS, *DEFAULT_INTEGRATIONS, *INTEGRATIONS}
    asked_for = (manifest.get("requirements", []) for manifest in manifests(domains))
    return set(totp.REQUIREMENTS).union(*asked_for)


if __name__ == "__main__":
    print(*sorted(requirements(), key=str.lower), sep="\n")
