"""The past of an account: what its messages went through is made to be longer ago."""

from collections.abc import Iterable
import json
from typing import Any

from playwright.sync_api import Page

from .frontend import ask_home
from .stage import Stage


def let_pass(page: Page, stage: Stage, seconds: float) -> None:
    """Have an account be switched off for some time, of which the machine's clock knows nothing.

    So all times of the machine's clock that are on disk are set back instead.
    """
    entry_id = stage.entry_id()
    account = {"type": "config_entries/disable", "entry_id": entry_id}
    ask_home(page, {**account, "disabled_by": "user"})
    snapshot = stage.home.folder / ".storage" / f"bisms.{entry_id}"
    for file in snapshot.parent.glob(f"{snapshot.name}*"):
        lines = file.read_text(encoding="utf-8").splitlines()
        file.write_text("".join(_set_back(lines, seconds)), encoding="utf-8")
    ask_home(page, {**account, "disabled_by": None})


def _set_back(lines: Iterable[str], seconds: float) -> Iterable[str]:
    for line in lines:
        older = _older(json.loads(line), seconds)
        yield json.dumps(older, ensure_ascii=False, separators=(",", ":")) + "\n"


def _older(part: Any, seconds: float) -> Any:
    """Return a part of a file with its times set back."""
    match part:
        case dict():
            return {
                key: value - seconds
                if key.endswith("utc") and value is not None
                else _older(value, seconds)
                for key, value in part.items()
            }
        case list():
            return [_older(each, seconds) for each in part]
        case _:
            return part
