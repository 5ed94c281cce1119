"""What becomes of the marks that `characters` leaves: that hangs on what stands beside them."""

from collections.abc import Callable
import re
from typing import Final

from .characters import (
    ABOUT,
    BOXED,
    GAP,
    GUARD,
    LOWERED,
    PER,
    RAISED,
    SEAM,
    TILDE,
    apart,
    edge,
)

_RUN: Final = re.compile(f"([{GAP}{SEAM}{GUARD}][ {GAP}{SEAM}{GUARD}]*)")
_MARKS: Final = re.compile(f"[{GAP}{SEAM}{GUARD}]+")
_NUMBER_ENDS: Final = re.compile(r"[0-9][.,]?\Z")
_NUMBER_BEGINS: Final = re.compile(r"[.,]?[0-9]")
_AFTER_A_NUMBER: Final = frozenset("0123456789)")


def settle(text: str) -> str:
    """Return a translated text without marks: each became what suits its neighbours."""
    for mark, pattern, becomes in _RULES:
        if mark in text:
            text = pattern.sub(becomes, text)
    pieces = _RUN.split(text)
    for place in range(1, len(pieces), 2):
        before, run, after = pieces[place - 1 : place + 2]
        kept = before.rstrip(" ")
        begins, ends = place == 1, place == len(pieces) - 2
        if begins and not kept:
            pieces[place] = ""
        elif ends and not after:
            pieces[place - 1] = kept
            pieces[place] = run[len(run.rstrip(" ")) :]
        else:
            pieces[place - 1] = kept
            # A point may be all that stands between two runs of marks.
            further_left = "".join(pieces[max(place - 3, 0) : place - 1])[-1:]
            run = before[len(kept) :] + run
            pieces[place] = _spaces(further_left + kept, run, after)
    return "".join(pieces)


def _spaces(before: str, run: str, after: str) -> str:
    """Return the spaces that stay, inside a text, of a run of spaces and marks."""
    if typed := max(_MARKS.split(run), key=len):
        return typed
    if GAP in run or _must_part(before, run, after):
        return " "
    return ""


def _must_part(before: str, run: str, after: str) -> bool:
    """Return whether what stands on both sides of marks would be read as one number."""
    begins = _NUMBER_BEGINS.match(after) is not None
    if GUARD in run:
        return begins or before[-1:].isdecimal()
    return begins and _NUMBER_ENDS.search(before, max(len(before) - 2, 0)) is not None


def _fraction(match: re.Match[str]) -> str:
    """Return a fraction of small digits in plain ones."""
    return apart(match[0].replace(RAISED, "").replace(LOWERED, ""))


def _shifted(match: re.Match[str]) -> str:
    """Return small characters in plain ones: after a number as its power or base."""
    start = match.start()
    plain = match[0][1::2]
    follows_number = match.string[max(start - 1, 0) : start] in _AFTER_A_NUMBER
    if not follows_number or not plain.strip("+-"):
        return apart(plain)
    sign = "**" if match[0].startswith(RAISED) else "_"
    return sign + plain + edge(plain[-1])


type _Rule = tuple[str, re.Pattern[str], str | Callable[[re.Match[str]], str]]

_RULES: Final[tuple[_Rule, ...]] = (
    # The box may be around a character that became several, with a mark at their end.
    (BOXED, re.compile(f"([^\\0-\\x1f]?){BOXED}+"), f"{SEAM}\\1{SEAM}"),
    (
        LOWERED,
        re.compile(
            f"{RAISED}[0-9](?:{RAISED}[0-9])*/{LOWERED}[0-9](?:{LOWERED}[0-9])*"
        ),
        _fraction,
    ),
    (RAISED, re.compile(f"{RAISED}.(?:{RAISED}.)*"), _shifted),
    (LOWERED, re.compile(f"{LOWERED}.(?:{LOWERED}.)*"), _shifted),
    # In Turkish the sign comes before the number: `‰5`.
    (
        PER,
        re.compile(f"(?<![0-9]){PER}([0-9]+){PER}([0-9]+(?:[.,][0-9]+)*)"),
        f"\\2/\\1{SEAM}",
    ),
    (PER, re.compile(f"{PER}([0-9]+){PER}"), f"/\\1{SEAM}"),
    # Between two numbers `~` is a range, before one *about*, elsewhere a dash.
    (
        TILDE,
        re.compile(f"(?<=[0-9])( *){TILDE}\\1(?=[0-9])"),
        f"\\1{GUARD}-{GUARD}\\1",
    ),
    (
        TILDE,
        re.compile(f"(?<!{TILDE}){TILDE}(?= *[-+%$(.{SEAM}]*[A-Z]{{0,3}}[0-9])"),
        ABOUT,
    ),
    (TILDE, re.compile(TILDE), f"{GUARD}-{GUARD}"),
    (ABOUT, re.compile(f"(?<=[(\"']){ABOUT}"), f"ca.{GAP}"),
    (ABOUT, re.compile(ABOUT), f"{GAP}ca.{GAP}"),
)
