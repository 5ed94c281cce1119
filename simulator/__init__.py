"""The provider on loopback: every endpoint, every code, and faults on request.

In a test: `async with Simulator(clock=ManualClock()).serve() as url`. Without HTTP:
`Simulator().core.handle(method, path, query, body)`. By hand: `python -m simulator`.
Other processes drive it through the addresses that `simulator.control` describes.
"""

from .clock import Clock, ManualClock, SystemClock
from .faults import Fault, Request
from .reports import Handset
from .sendings import Account, ReceivedSms
from .simulator import Simulator

__all__ = [
    "Account",
    "Clock",
    "Fault",
    "Handset",
    "ManualClock",
    "ReceivedSms",
    "Request",
    "Simulator",
    "SystemClock",
]
