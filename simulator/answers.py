"""What the provider answers: its codes, and the text that carries them (section 3)."""

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """Every two-digit code of the provider's document."""

    SUCCESS = "00"
    UNKNOWN = "99"
    USE_POST = "97"
    USE_GET = "95"
    PARAMETER_MISSING = "93"
    BODY_MISSING = "91"
    BAD_XML = "89"
    BAD_CREDENTIALS = "87"
    BAD_HEADER = "85"
    BAD_TIME = "84"
    EMPTY = "83"
    CREDIT_TOO_LOW = "81"
    NO_REPORT = "79"
    BLACKLISTED_ALREADY = "78"
    DUPLICATE = "77"
    REPORT_NOT_SENT_YET = "29"
    REPORT_SEND_ERROR = "27"
    REPORT_STARTED = "25"
    REPORT_COMPLETED = "23"


@dataclass(frozen=True, slots=True)
class Answer:
    """A body of plain text, and the HTTP status it travels with."""

    text: str
    status: int = 200

    @property
    def code(self) -> str:
        """The two digits the text begins with."""
        return self.text[:2]


class Refusal(Exception):
    """A call that the provider turns down with a bare code."""

    def __init__(self, code: Code) -> None:
        """Remember the code to answer with."""
        super().__init__(code.name)
        self.code = code


def success(items: str = "") -> str:
    """Return the text of a successful answer with its payload, if it has one."""
    return f"{Code.SUCCESS} {items}" if items else str(Code.SUCCESS)
