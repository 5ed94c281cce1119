"""What the provider's answers mean (sections 1, 3, 7 and 10)."""

from collections.abc import Iterator, Set as AbstractSet
from dataclasses import dataclass, field
from html import unescape
from http import HTTPStatus
import re
from typing import Final, NamedTuple
from urllib.parse import unquote

from .codes import BismsError, Code, ServerError, UnreadableAnswerError, refusal
from .models import DeliveryReport, NumberState, Receipt, ReportPhase
from .numbers import mask

ACCEPTED: Final = frozenset({Code.SUCCESS})
"""The code that says a call succeeded, all but the delivery report's."""

REPORTED: Final = frozenset(Code(phase) for phase in ReportPhase)
"""The codes that tell how far a delivery report is."""

_CODE: Final = re.compile(r"([0-9]{2})(?:[\s|]+(.*))?", re.DOTALL)
_CREDIT: Final = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_ID: Final = re.compile(r"[0-9]{1,32}")
_NUMBER: Final = re.compile(r"[^\s<>]{1,32}")
_HEADER: Final = re.compile(r"[^\x00-\x1f<>]{1,32}")
_LONG_NUMBER: Final = re.compile(r"[0-9]{10,}")
_NUMBER_STATE: Final = re.compile(r"([^\s<>]{1,32})\s+([0569])")

_SHOWN = 40
_EXAMINED = 1000
_REPETITION = 4
_SEARCHED = 100_000


@dataclass(frozen=True, slots=True)
class Private:
    """What a request carried and no exception may repeat."""

    password: str = field(repr=False)
    content: str = field(repr=False)

    def may_be_in(self, shown: str) -> bool:
        """Tell whether a short text repeats a fragment of it, or it is too much to look."""
        secret = self.password.casefold()
        return len(self.content) > _SEARCHED or any(
            fragment in self.content or fragment.casefold() in secret
            for fragment in map("".join, _windows(shown))
        )


def _windows(text: str) -> Iterator[tuple[str, ...]]:
    """Yield each stretch of a text that is too long to be the same by accident."""
    return zip(*(text[start:] for start in range(_REPETITION)), strict=False)


class Answer(NamedTuple):
    """An answer in which the provider says what the call asked for."""

    code: Code
    payload: str
    private: Private

    @classmethod
    def read(
        cls,
        status: int,
        body: bytes,
        *,
        expected: AbstractSet[Code],
        private: Private,
    ) -> Answer:
        """Return what a response says, by the rules of section 10.

        Parameters
        ----------
        status
            HTTP status.
        body
            The whole body as received.
        expected
            The codes that mean the call succeeded.
        private
            What must not be repeated when the answer is shown.

        Raises
        ------
        ServerError
            HTTP status 5xx.
        UnreadableAnswerError
            A redirect, or no two digits followed by nothing, white space or `|`.
        BismsError
            What `refusal` makes of any code that is not expected.
        """
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ServerError(f"The server answered HTTP {status}")
        text = body.decode(errors="replace").strip("\ufeff \t\r\n\0")
        match = None if _is_redirect(status) else _CODE.fullmatch(text)
        if match is None or "\ufffd" in text:
            raise unreadable(text, private)
        code, payload = match[1], (match[2] or "").strip()
        if code in expected:
            return cls(Code(code), payload, private)
        raise _failure(code, payload) or unreadable(text, private)

    def credit(self) -> int | float:
        """Return the payload as a credit (section 2): a whole number or a decimal."""
        if not _CREDIT.fullmatch(self.payload):
            raise self._unreadable()
        credit = float(self.payload)
        return int(credit) if credit.is_integer() else credit

    def receipt(self) -> Receipt:
        """Return the payload as the dlrId of what was sent (sections 4 and 5)."""
        if not _ID.fullmatch(self.payload):
            raise self._unreadable()
        return Receipt(self.payload)

    def ids(self) -> tuple[str, ...]:
        """Return the payload as a list of ids."""
        return self._list_of(_ID)

    def headers(self) -> tuple[str, ...]:
        """Return the payload as a list of sender names."""
        return self._list_of(_HEADER)

    def numbers(self) -> tuple[str, ...]:
        """Return the payload as a list of numbers, in whatever form they were stored."""
        return self._list_of(_NUMBER)

    def report(self) -> DeliveryReport:
        """Return the code and the payload as a delivery report (section 7).

        An update may have nothing to tell yet; a final report names every number.
        """
        phase = ReportPhase(self.code)
        if phase in {ReportPhase.NOT_SENT_YET, ReportPhase.SEND_ERROR}:
            return DeliveryReport(phase)
        matches = [_NUMBER_STATE.fullmatch(item) for item in self._items()]
        states = {match[1]: NumberState(int(match[2])) for match in matches if match}
        if None in matches or (phase is ReportPhase.FINAL and not states):
            raise self._unreadable()
        return DeliveryReport(phase, states)

    def _list_of(self, item: re.Pattern[str]) -> tuple[str, ...]:
        """Return the payload's items if each of them looks right."""
        items = self._items()
        if not all(map(item.fullmatch, items)):
            raise self._unreadable()
        return items

    def _items(self) -> tuple[str, ...]:
        """Return what stands between the payload's bars, without white space."""
        return tuple(
            stripped for item in self.payload.split("|") if (stripped := item.strip())
        )

    def _unreadable(self) -> UnreadableAnswerError:
        """Return the error for a payload that is not what was asked for."""
        return unreadable(f"{self.code} {self.payload}", self.private)


def _is_redirect(status: int) -> bool:
    """Tell whether a status sends the request elsewhere, where it must not go."""
    return HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST


def _failure(code: str, payload: str) -> BismsError | None:
    """Return what a code means that was not expected; None if it means nothing.

    A success that is out of place tells nothing, and neither do two digits that the
    document does not list with something after them: a date, say.
    """
    if code == Code.SUCCESS or (payload and code not in Code):
        return None
    return refusal(code)


def unreadable(text: str, private: Private) -> UnreadableAnswerError:
    """Return the error for an answer that is none, with a safe glimpse of it.

    Parameters
    ----------
    text
        The answer.
    private
        What must not be repeated.

    Returns
    -------
    UnreadableAnswerError
        Shows at most 40 printable characters with phone numbers masked, and none of an
        answer that may repeat what the request said in confidence.
    """
    plain = _LONG_NUMBER.sub(_masked, unescape(unquote(text[:_EXAMINED])))
    shown = "".join(filter(str.isprintable, plain))[:_SHOWN]
    if not shown:
        return UnreadableAnswerError("The answer is empty")
    if private.may_be_in(shown):
        return UnreadableAnswerError(
            "The answer is unreadable, and may repeat the call"
        )
    return UnreadableAnswerError(f"The answer is unreadable: {shown}")


def _masked(match: re.Match[str]) -> str:
    """Return a found number so that it cannot be called."""
    return mask(match[0])
