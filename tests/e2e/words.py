"""What the integration says in a language, from the files that users get."""

import json
from typing import Any

from scripts.processes import ROOT

TRANSLATIONS = ROOT / "custom_components" / "bisms" / "translations"


def words(language: str, *path: str) -> Any:
    """Return the text, or the table of texts, at a path of the translations."""
    found = json.loads((TRANSLATIONS / f"{language}.json").read_text(encoding="utf-8"))
    for key in path:
        found = found[key]
    return found
