"""Folding and counting a Turkish text: against counters from PyPI and a bare translation."""

from collections.abc import Callable
from timeit import Timer

from py_smsify import SmsMessage
from sms.counter import SMSCounter
import smssafe
import smsutil

from custom_components.bisms.provider.text import fold, measure as measured

from .disks import Disk
from .report import Figure, Part, at_most, number
from .scale import Scale

_SENTENCE = (
    "Sayın Ayşe Çağlar, İzmir Bornova'daki evinizin mutfağında su kaçağı algılandı; "
    "ana vana kapatıldı. Isıtıcı güvenli biçimde durduruldu, lütfen en kısa sürede arayın! "
)
_LENGTHS = (160, 900)
_SENT = (
    " ABCDEFGĞHIİJKLMNOPRSŞTUVYZÖÜQWXÇabcçdefgğhıijklmnoprsştuvyzöüqwx"
    "@*:!$_#()+-;,<>=./'?\"%&0123456789"
)
_REPLACED = dict(zip("|^€{[}]\\", "I'E(())/", strict=True))
_BARE_GOAL = 3.0
_PEER_GOAL = 0.5


class _Provider(dict[int, str]):
    """The provider's set and its replacements; everything else becomes a space."""

    def __missing__(self, codepoint: int) -> str:
        """Blank what the provider does not know."""
        return " "


def measure(scale: Scale, disk: Disk) -> Part:
    """Measure the part."""
    return Part(
        "4. Folding and counting",
        [figure for length in _LENGTHS for figure in _of(length, scale)],
    )


def _of(length: int, scale: Scale) -> list[Figure]:
    """Measure a text of one length."""
    text = (_SENTENCE * length)[:length]
    table = _Provider(
        {ord(c): c for c in _SENT} | {ord(c): r for c, r in _REPLACED.items()}
    )
    ours = _seconds(lambda: measured(fold(text)), scale)
    bare = _seconds(lambda: text.translate(table), scale)
    counters: dict[str, Callable[[], object]] = {
        "smsutil": lambda: smsutil.split(text),
        "sms-counter": lambda: SMSCounter().count(text),
        "smssafe": lambda: smssafe.sanitize(text),
        "py-smsify": lambda: SmsMessage(text),
    }
    theirs = {name: _seconds(count, scale) for name, count in counters.items()}
    fastest = min(theirs, key=theirs.__getitem__)
    what = f"{length} characters"
    return [
        Figure(f"{what}, bare `str.translate`", _microseconds(bare)),
        at_most(
            f"{what}, ours against it",
            ours / bare,
            _BARE_GOAL,
            "×",
            _microseconds(ours),
        ),
        *(
            Figure(f"{what}, {name}", _microseconds(took))
            for name, took in theirs.items()
        ),
        at_most(
            f"{what}, ours against the fastest of these, {fastest}",
            ours / theirs[fastest],
            _PEER_GOAL,
            "×",
        ),
    ]


def _seconds(work: Callable[[], object], scale: Scale) -> float:
    """Return what one call takes, undisturbed."""
    timer = Timer(work)
    return min(timer.repeat(scale.repeats * 3, scale.sends)) / scale.sends


def _microseconds(seconds: float) -> str:
    return f"{number(seconds * 1e6)} µs"
