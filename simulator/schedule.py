"""When a sending leaves: `sendDateTime` in the provider's own time zone (section 5)."""

from datetime import UTC, datetime
import re
from zoneinfo import ZoneInfo

from .answers import Code, Refusal

ZONE = ZoneInfo("Europe/Istanbul")
PATTERN = re.compile(
    r"(\d{4})\.(\d{1,2})\.(\d{1,2})\.(\d{1,2})\.(\d{1,2})\.(\d{1,2})", re.ASCII
)


def leaving_time(send_date_time: str | None, now: float) -> float:
    """Return when a message leaves, in seconds since 1970; refuse a wrong time with 84."""
    if send_date_time is None:
        return now
    matched = PATTERN.fullmatch(send_date_time)
    if matched is None:
        raise Refusal(Code.BAD_TIME)
    try:
        year, month, day, hour, minute, second = map(int, matched.groups())
        moment = datetime(year, month, day, hour, minute, second, tzinfo=ZONE)
    except ValueError:
        raise Refusal(Code.BAD_TIME) from None
    if moment > _one_year_after(datetime.fromtimestamp(now, UTC)):
        raise Refusal(Code.BAD_TIME)
    return max(now, moment.timestamp())


def _one_year_after(moment: datetime) -> datetime:
    """Return the same day next year; 1 March for a 29 February."""
    try:
        return moment.replace(year=moment.year + 1)
    except ValueError:
        return moment.replace(year=moment.year + 1, month=3, day=1)
