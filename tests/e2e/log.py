"""Home Assistant's log, as far as it grew while somebody watched."""

from dataclasses import dataclass
from pathlib import Path
import re

RECORDS = re.compile(r"(?m)^(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\S* [A-Z]+ \()")
TROUBLE = re.compile(r"\S+ \S+ (WARNING|ERROR|CRITICAL) ")
OF_ANY_CUSTOM_INTEGRATION = "[homeassistant.loader] We found a custom integration"


@dataclass(frozen=True)
class LogPart:
    """What was written to a log."""

    text: str

    def trouble(self, integration: str) -> list[str]:
        """Return all records from WARNING on that name an integration."""
        return [
            record
            for record in RECORDS.split(self.text)
            if TROUBLE.match(record)
            and integration in record
            and OF_ANY_CUSTOM_INTEGRATION not in record
        ]


class LogWatch:
    """Remembers where a log ended when the watch began."""

    def __init__(self, path: Path) -> None:
        """Begin now."""
        self._path = path
        self._start = path.stat().st_size

    def seen(self) -> LogPart:
        """Return what has been written since."""
        with self._path.open("rb") as log:
            log.seek(self._start)
            return LogPart(log.read().decode(errors="replace"))
