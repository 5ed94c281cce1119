"""Turkish mobile numbers, as people write them and as the provider wants them (section 6)."""

import re
from typing import ClassVar

_SEPARATOR = re.compile(r"[\s()]|(?!\A)[-./]")
_NUMBER = re.compile(r"(?:(?:\+|00)?90|0)?(?:(5[0-9]{9})|[2-4][0-9]{9})")
_SHOWN = 40


class InvalidNumberError(ValueError):
    """What was given is not a Turkish mobile number.

    Attributes
    ----------
    reason
        A stable key that names the error.
    number
        What was given: its printable characters, at most 40 of them.
    """

    reason: ClassVar[str] = "invalid_number"

    def __init__(self, number: str) -> None:
        """Keep what can be shown of the number."""
        self.number = "".join(filter(str.isprintable, number))[:_SHOWN]
        super().__init__(f"'{self.number}' is not a Turkish mobile number")


class LandlineNumberError(InvalidNumberError):
    """What was given is the number of a landline in Türkiye, which gets no SMS."""

    reason = "landline_number"


def normalize(number: str | int) -> str:
    """Return the 12 digits by which the provider knows a mobile number (section 6).

    Parameters
    ----------
    number
        10 digits from 5 on, with or without `0`, `90`, `+90` or `0090` before them.
        Spaces of any kind, parentheses, hyphens, dots and slashes are overlooked.

    Returns
    -------
    str
        12 ASCII digits: `905` and nine more.

    Raises
    ------
    LandlineNumberError
        For a landline: 10 digits from 2, 3 or 4 on, written like those of a mobile number.
    InvalidNumberError
        For anything else; its text names the number as given.
    """
    written = str(number)
    match = _NUMBER.fullmatch(written)
    if match is None:
        match = _NUMBER.fullmatch(_SEPARATOR.sub("", written.strip()))
    if match is None:
        raise InvalidNumberError(written)
    if match[1] is None:
        raise LandlineNumberError(written)
    return f"90{match[1]}"


def mask(number: str) -> str:
    """Return a number that can be shown to strangers.

    Parameters
    ----------
    number
        12 digits.

    Returns
    -------
    str
        The same length, all but the first four and the last two digits as `*`; of six
        characters or fewer nothing is kept.
    """
    hidden = len(number) - 6
    if hidden <= 0:
        return "*" * len(number)
    return f"{number[:4]}{'*' * hidden}{number[-2:]}"
