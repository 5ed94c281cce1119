"""When what waits may go early, because the provider answers again (rule 2).

Attempts to send and questions are kept apart. While only the sending call fails, questions
go on being answered, and none of their answers may set off another round of attempts. Where
a question's answer ends a silence, what waits goes; but not time and again, if no attempt to
send is answered in between.
"""

from .events import Signal

SILENCE = 10
"""Seconds of failing requests after which an answer means that the provider is back."""

FIRST_PAUSE = 60
LONGEST_PAUSE = 960
"""Seconds between two releases by questions with no answered attempt in between."""


class Reachability:
    """Tells from each answer, or silence, which signal it is to those who wait."""

    def __init__(self) -> None:
        """Begin with a provider that answers."""
        self._sending_fails_since: float | None = None
        self._asking_fails_since: float | None = None
        self._not_before = 0.0
        self._pause = FIRST_PAUSE

    def failed(self, at: float, *, sending: bool) -> None:
        """Note that a request was not answered."""
        if sending and self._sending_fails_since is None:
            self._sending_fails_since = at
        if not sending and self._asking_fails_since is None:
            self._asking_fails_since = at

    def answered(self, at: float, *, sending: bool) -> Signal | None:
        """Note that a request was answered; return what that is a signal of, if of anything."""
        asking_failed = _is_silence(self._asking_fails_since, at)
        sending_failed = _is_silence(self._sending_fails_since, at)
        self._asking_fails_since = None
        if sending:
            self._sending_fails_since = None
            self._not_before, self._pause = 0.0, FIRST_PAUSE
            return Signal.BACK if asking_failed or sending_failed else None
        if not (asking_failed or sending_failed) or at < self._not_before:
            return None
        self._not_before = at + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        return Signal.BACK if asking_failed else Signal.CONNECTED


def _is_silence(since: float | None, at: float) -> bool:
    return since is not None and at - since > SILENCE
