"""Histories that went wrong once, or would with a lapse: small ones, each named for its point."""

from custom_components.bisms.provider.models import Sms

from .acts import (
    HOUR,
    PHONES,
    STRANGERS,
    Backup,
    Calls,
    ClockSet,
    DiskFault,
    DiskTrouble,
    Foreign,
    Manner,
    OddReports,
    Outage,
    Restore,
    Send,
    Sleep,
    Stop,
)
from .knobs import PLAIN
from .plan import Circumstances, Plan


def _send(
    at: float,
    text: str,
    *phones: int,
    lifetime: float = HOUR,
    resend_in_doubt: bool = False,
    held_for: float | None = None,
) -> Send:
    """Return a call that sends a text to some of the phones."""
    numbers = tuple(PHONES[phone - 1] for phone in phones)
    piece = (Sms(numbers=numbers, text=text, parts=1),)
    return Send(
        at,
        (piece,),
        lifetime=lifetime,
        resend_in_doubt=resend_in_doubt,
        held_for=held_for,
    )


def _many(at: float, number: int) -> tuple[Send, ...]:
    """Return calls soon after each other, to a phone each."""
    return tuple(_send(at + n / 20, f"Alarm {n}.", n + 1) for n in range(number))


_LOST_SENDS = Outage(9, 140, "accepted_500", Calls.SENDS)
"""Whatever is sent gets through once, and nobody is told."""

SCENARIOS: dict[str, Plan] = {
    "many messages are in doubt when the power is cut and the clock stands still": Plan(
        acts=(*_many(10, 40), Stop(20, HOUR, clock_by=-HOUR)),
        outages=(Outage(9, 30, "hung_accepted"),),
    ),
    "the clock is set back while the first of two to the same phone is sent": Plan(
        acts=(
            ClockSet(9.9, -2 * HOUR, in_request=True),
            _send(10, "First.", 1),
            _send(14, "Second.", 1),
            Stop(16, 5),
        ),
        outages=(
            Outage(9, 13, "accepted_500", Calls.SENDS),
            Outage(13, 200, "reset", Calls.SENDS),
        ),
    ),
    "the clock is set forward over a restart between two to the same phone": Plan(
        acts=(
            _send(10, "First.", 1),
            Stop(11, 1, clock_by=2 * HOUR),
            _send(14, "Second.", 1),
        ),
        outages=(
            Outage(9, 11, "late", Calls.SENDS),
            Outage(13, 200, "error_500", Calls.SENDS),
        ),
    ),
    "the clock strobes while a message waits": Plan(
        acts=(_send(10, "Alarm.", 1), ClockSet(11, 2 * HOUR, times=41, every=0.5)),
        outages=(_LOST_SENDS,),
    ),
    "a clock that is a month ahead is set right while the power is off": Plan(
        acts=(
            ClockSet(5, 30 * 24 * HOUR),
            _send(10, "Alarm.", 1, lifetime=2 * HOUR),
            Stop(60, 300, clock_by=-30 * 24 * HOUR),
        ),
        outages=(Outage(9, 600, "refused"),),
    ),
    "the machine sleeps between two attempts": Plan(
        acts=(_send(10, "Alarm.", 1), Sleep(11, 150)),
        outages=(Outage(9, 11, "accepted_500", Calls.SENDS),),
    ),
    "the power is cut in the middle of a retry": Plan(
        acts=(_send(10, "Alarm.", 1), Stop(19, 300)),
        outages=(Outage(9, 14, "refused"), Outage(14, 60, "hung_accepted")),
    ),
    "reports leave a number out while a message is in doubt": Plan(
        acts=(
            OddReports(1, 10 * HOUR, unreported=PHONES[1:2]),
            _send(10, "Alarm.", 1, 2, lifetime=2 * HOUR),
        ),
        outages=(_LOST_SENDS,),
    ),
    "another program sends to the phone when all of ours had settled": Plan(
        acts=(
            _send(10, "Alarm.", 1, lifetime=10 * HOUR),
            _send(250, "Other.", 2),
            Foreign(300, PHONES[:1]),
        ),
        outages=(
            Outage(9, 200, "reset", Calls.SENDS),
            Outage(9, 400, "error_500", Calls.QUESTIONS),
        ),
    ),
    "another program sends to the phone twice while ours is in doubt": Plan(
        acts=(_send(10, "Alarm.", 1), Foreign(12, PHONES[:1], times=2)),
        outages=(Outage(9, 140, "reset", Calls.SENDS),),
    ),
    "other programs send more than a page of the list": Plan(
        acts=(_send(10, "Alarm.", 1), Foreign(20, STRANGERS[:1], times=60, every=0.1)),
        outages=(_LOST_SENDS,),
    ),
    "the list lags behind when the power is back": Plan(
        seed=1,
        acts=(_send(10, "Alarm.", 1), Stop(12, 40)),
        outages=(Outage(9, 11, "hung_accepted"),),
        knobs=(*PLAIN, ("DUPLICATE_WINDOW", 40), ("LIST_LAG", 60)),
        circumstances=Circumstances(list_lag=1.0),
    ),
    "only the sending call fails for two hours": Plan(
        acts=(
            _send(1, "Delivered.", 4),
            *(_send(10 + n, f"Alarm {n}.", n + 1, lifetime=3 * HOUR) for n in range(3)),
        ),
        outages=(Outage(9, 9 + 2 * HOUR, "error_500", Calls.SENDS),),
    ),
    "the sending call refuses connections for two hours, and calls go on": Plan(
        acts=tuple(
            _send(10 + 120 * n, f"Alarm {n}.", n % 6 + 1, lifetime=3 * HOUR)
            for n in range(20)
        ),
        outages=(Outage(9, 9 + 2 * HOUR, "refused", Calls.SENDS),),
    ),
    "all that waits goes when the provider is back": Plan(
        acts=tuple(
            _send(10 + 40 * n, f"Alarm {n}.", n + 1, lifetime=2 * HOUR)
            for n in range(4)
        ),
        outages=(Outage(9, 2000, "refused"),),
    ),
    "the secret is refused for a while, though it is right": Plan(
        acts=(_send(10, "Alarm.", 1, lifetime=3 * HOUR),),
        outages=(Outage(9, 12, "refused"), Outage(12, 100, "code_87")),
    ),
    "nothing can be connected until a message expires": Plan(
        acts=(_send(10, "Alarm.", 1, lifetime=60),),
        outages=(Outage(9, HOUR, "refused"),),
    ),
    "the client has a bug while the disk fails": Plan(
        acts=(_send(10, "Alarm.", 1), _send(11, "Other.", 2)),
        outages=(Outage(9, 20, "accepted_bug"),),
        disk_troubles=(DiskTrouble(9, 20, DiskFault.FAILS),),
    ),
    "a disk fails for a while, and the power is cut much later": Plan(
        acts=(_send(10, "Alarm.", 1), Stop(95, 60)),
        disk_troubles=(DiskTrouble(9, 11, DiskFault.FAILS),),
    ),
    "the disk does not take a line, and the power is cut after the snapshot": Plan(
        acts=(_send(10, "Alarm.", 1), Stop(105, 60)),
        disk_troubles=(DiskTrouble(60, 140, DiskFault.LINES_FAIL),),
    ),
    "the disk takes its time for the repeat": Plan(
        acts=(_send(10, "Alarm.", 1),),
        outages=(Outage(9, 60, "accepted_500", Calls.SENDS),),
        disk_troubles=(DiskTrouble(12, 200, DiskFault.IS_SLOW),),
        knobs=(*PLAIN, ("DUPLICATE_WINDOW", 40)),
    ),
    "Home Assistant stops while messages are sent, and more come": Plan(
        acts=(
            _send(10, "Alarm.", 1),
            Stop(
                10.5,
                600,
                Manner.STOPPED,
                late=tuple(_send(10, f"Late {n}.", n + 2) for n in range(3)),
            ),
        ),
        outages=(Outage(9, 20, "slow"),),
    ),
    "refused messages give their parts back to the hour": Plan(
        acts=(
            *(_send(10 + n, f"Alarm {n}.", n + 1) for n in range(4)),
            *(_send(100 + n, f"More {n}.", n + 1) for n in range(4)),
        ),
        outages=(Outage(9, 50, "code_81", Calls.SENDS),),
        circumstances=Circumstances(hourly_limit=4),
    ),
    "more is sent than may leave in an hour": Plan(
        acts=tuple(_send(10 + n, f"Alarm {n}.", n % 6 + 1) for n in range(12)),
        circumstances=Circumstances(hourly_limit=6),
    ),
    "a backup is restored of when a message was waiting, the mark gone": Plan(
        acts=(
            _send(10, "Alarm.", 1, lifetime=10 * HOUR),
            Backup(20, 5),
            Restore(600, 30, mark_is_gone=True),
        ),
        outages=(Outage(9, 60, "refused"),),
    ),
    "a backup is restored of when a message was waiting, the mark still there": Plan(
        acts=(
            _send(10, "Alarm.", 1, lifetime=10 * HOUR),
            Backup(20, 5),
            Restore(600, 30, mark_is_gone=False),
        ),
        outages=(Outage(9, 60, "refused"),),
    ),
    "a lost message to one phone, and one to that and others": Plan(
        acts=(_send(10, "All.", 1, 2, 3), _send(50, "One.", 3, lifetime=10 * HOUR)),
        outages=(
            Outage(9, 11, "accepted_500", Calls.SENDS),
            Outage(49, 51, "accepted_500", Calls.SENDS),
            Outage(51, 200, "error_500", Calls.SENDS),
            Outage(11, 600, "garbage", Calls.QUESTIONS),
        ),
    ),
    "no newest id was ever known": Plan(
        acts=(_send(10, "Alarm.", 1, lifetime=10 * HOUR),),
        outages=(Outage(0, 3 * HOUR, "accepted_html"),),
    ),
    "the newest id is known at the start, and the power is cut": Plan(
        acts=(Stop(11, 5), _send(30, "Alarm.", 1, lifetime=10 * HOUR)),
        outages=(Outage(12, 3 * HOUR, "accepted_html"),),
    ),
    "two to the same phone, of which one got through": Plan(
        acts=(_send(10, "First.", 1), _send(13, "Second.", 1)),
        outages=(
            Outage(9, 11, "accepted_500", Calls.SENDS),
            Outage(11, 200, "reset", Calls.SENDS),
        ),
    ),
    "two to the same phone, of which the second got through": Plan(
        acts=(_send(10, "First.", 1), _send(13, "Second.", 1)),
        outages=(
            Outage(9, 12.9, "reset", Calls.SENDS),
            Outage(12.9, 13.5, "accepted_500", Calls.SENDS),
            Outage(13.5, 200, "reset", Calls.SENDS),
        ),
    ),
    "one accepted under a lost id, between two to the same phone in doubt": Plan(
        acts=(
            _send(10, "First.", 1, lifetime=10 * HOUR),
            _send(40, "Second.", 1),
            _send(110, "Third.", 1, lifetime=10 * HOUR),
        ),
        outages=(
            Outage(39.9, 41, "accepted_500", Calls.SENDS),
            Outage(41.5, 43, "slow", Calls.SENDS),
            Outage(109.9, 110.5, "accepted_500", Calls.SENDS),
            Outage(9, 400, "reset", Calls.SENDS),
            Outage(109, 300, "error_500", Calls.QUESTIONS),
        ),
    ),
    "one that failed long before is tried again after one accepted under a lost id": Plan(
        acts=(_send(10, "Old.", 1, lifetime=10 * HOUR), _send(500, "New.", 1)),
        outages=(
            Outage(9, 130, "reset", Calls.SENDS),
            Outage(130, 499.9, "refused", Calls.SENDS),
            Outage(499.9, 501, "accepted_500", Calls.SENDS),
            Outage(502.2, 503, "accepted_500", Calls.SENDS),
        ),
    ),
    "questions fail for a while, and attempts before, meanwhile and afterwards": Plan(
        acts=(_send(200, "Alarm.", 1, lifetime=10 * HOUR),),
        outages=(
            Outage(100, 4 * HOUR, "refused", Calls.SENDS),
            Outage(HOUR, HOUR + 450, "accepted_99"),
        ),
        knobs=(*PLAIN, ("FRESH", 0)),
    ),
    "the same is sent twice, and the second is in doubt": Plan(
        acts=(_send(10, "Alarm.", 1), _send(12, "Alarm.", 1)),
        outages=(Outage(11.5, 12.5, "reset", Calls.SENDS),),
    ),
    "the phones got others before": Plan(
        acts=tuple(_send(10, f"Alarm {phone}.", phone) for phone in (1, 2, 3)),
        outages=(Outage(9, 200, "reset", Calls.SENDS),),
        circumstances=Circumstances(earlier=3),
    ),
    "the clock is set forward while a message is held that may not wait for long": Plan(
        acts=(
            _send(10, "Reminder.", 1, lifetime=60, held_for=1000),
            ClockSet(200, 900),
        ),
    ),
    "one is sent once more, for it stayed in doubt": Plan(
        acts=(_send(10, "Alarm.", 1, lifetime=60, resend_in_doubt=True),),
        outages=(
            Outage(9, 700, "accepted_500", Calls.SENDS),
            Outage(9, 5000, "error_500", Calls.QUESTIONS),
        ),
    ),
}
"""Plans by what happens in them."""
