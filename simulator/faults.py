"""What can go wrong between a client and the provider, and the rules that make it so."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """One way in which a request fails; `accepts` tells whether the provider acted on it."""

    REFUSE = "refuse"
    """Nothing listens, as when the provider is down."""
    RESET_BEFORE_READING = "reset_before_reading"
    """The connection is reset, and nothing happens."""
    ACCEPT_THEN_DROP = "accept_then_drop"
    """Carried out; the connection closes without an answer."""
    ACCEPT_THEN_HANG = "accept_then_hang"
    """Carried out; no answer comes until the client gives up."""
    HANG = "hang"
    """Nothing happens, and no answer comes."""
    SLOW = "slow"
    """Carried out and answered, after a pause."""
    ERROR_500 = "error_500"
    """Not carried out; HTTP status 500."""
    ACCEPT_THEN_500 = "accept_then_500"
    """Carried out; HTTP status 500."""
    HTML = "html"
    """Not carried out; a web page with status 200, as a proxy may send."""
    ACCEPT_THEN_HTML = "accept_then_html"
    """Carried out; the answer is a web page with status 200."""
    GARBAGE = "garbage"
    """Not carried out; bytes that mean nothing, with status 200."""
    CUT_BODY = "cut_body"
    """Carried out; the answer ends before its announced length."""
    CODE_99 = "code_99"
    """Not carried out; answered 99."""
    ACCEPT_THEN_99 = "accept_then_99"
    """Carried out; answered 99."""
    EMPTY = "empty"
    """Not carried out; an empty answer with status 200."""

    @property
    def accepts(self) -> bool:
        """Whether the provider carries the request out before it fails."""
        return self in _ACCEPTING


_ACCEPTING = {
    Fault.ACCEPT_THEN_DROP,
    Fault.ACCEPT_THEN_HANG,
    Fault.SLOW,
    Fault.ACCEPT_THEN_500,
    Fault.ACCEPT_THEN_HTML,
    Fault.CUT_BODY,
    Fault.ACCEPT_THEN_99,
}


@dataclass(slots=True, kw_only=True)
class Request:
    """A request that arrived, exactly as it was on the wire, and what became of it.

    `at` is in seconds since 1970 and `target` the path with its query. `answer` is the
    text the provider found, also when a fault kept it from the client; it is None for a
    request that was not carried out.
    """

    at: float
    method: str
    target: str = field(repr=False)
    body: bytes = field(repr=False)
    endpoint: str
    answer: str | None = field(default=None, repr=False)
    fault: Fault | None = None


@dataclass(slots=True, kw_only=True)
class Rule:
    """A fault, or a forced answer, and the requests it is meant for."""

    fault: Fault | None
    answer: str = ""
    endpoint: str | None = None
    times: int | None = 1
    when: Callable[[Request], bool] | None = None
    seconds: float | None = None

    def fits(self, request: Request) -> bool:
        """Tell whether the rule is meant for this request."""
        if self.fault is Fault.REFUSE or self.times == 0:
            return False
        if self.endpoint not in (None, request.endpoint):
            return False
        return self.when is None or self.when(request)


class Rules:
    """The rules in force; the first that fits a request decides."""

    def __init__(self) -> None:
        """Begin with none."""
        self.active: list[Rule] = []

    def take(self, request: Request) -> Rule | None:
        """Return the rule for a request and count it, or None."""
        for rule in self.active:
            if rule.fits(request):
                self._count(rule)
                return rule
        return None

    def _count(self, rule: Rule) -> None:
        """Use a rule up a little, and forget it when it is spent."""
        if rule.times is not None:
            rule.times -= 1
            if rule.times == 0:
                self.active.remove(rule)
