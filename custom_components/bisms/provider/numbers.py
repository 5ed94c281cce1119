"""Turkish mobile numbers, as people write them and as the provider wants them (section 6)."""

import re

_SEPARATOR = re.compile(r"[\s()]|(?!\A)[-./]")
_MOBILE = re.compile(r"(?:(?:\+|00)?90|0)?(5[0-9]{9})")
_SHOWN = 40


class InvalidNumberError(ValueError):
    """What was given is not a Turkish mobile number.

    Attributes
    ----------
    number
        What was given: its printable characters, at most 40 of them.
    """

    def __init__(self, number: str) -> None:
        """Keep what can be shown of the number."""
        self.number = "".join(filter(str.isprintable, number))[:_SHOWN]
        super().__init__(f"'{self.number}' is not a Turkish mobile number")


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
    InvalidNumberError
        For anything else; its text names the number as given.
    """
    written = str(number)
    match = _MOBILE.fullmatch(written)
    if match is None:
        match = _MOBILE.fullmatch(_SEPARATOR.sub("", written.strip()))
    if match is None:
        raise InvalidNumberError(written)
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
