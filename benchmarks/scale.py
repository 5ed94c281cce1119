"""How much is measured: enough to trust the figures, or just enough to try the benchmark."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes and repetitions.

    Attributes
    ----------
    sends
        SMS sent each way, one after the other.
    far_sends
        The same, while the answers are 20 ms away.
    in_a_row
        SMS that are to share a connection.
    recipients
        How many recipients one text goes to.
    repeats
        Repetitions of what takes longer.
    burst, outage
        Messages sent at once, and queued while the provider is down.
    open_deliveries
        How many open deliveries are saved.
    reports
        Messages whose reports are followed.
    starts
        Fresh processes that each integration is started in.
    hours
        Simulated hours of the soak.
    finished
        Finished messages that are kept.
    """

    sends: int
    far_sends: int
    in_a_row: int
    recipients: tuple[int, ...]
    repeats: int
    burst: int
    outage: int
    open_deliveries: tuple[int, ...]
    reports: int
    starts: int
    hours: int
    finished: int


FULL = Scale(
    sends=200,
    far_sends=100,
    in_a_row=100,
    recipients=(1, 10, 100, 1_000, 10_000),
    repeats=7,
    burst=500,
    outage=5_000,
    open_deliveries=(10, 100, 500, 1_000, 2_500, 5_000),
    reports=2_000,
    starts=3,
    hours=12,
    finished=2_000,
)
QUICK = Scale(
    sends=10,
    far_sends=3,
    in_a_row=10,
    recipients=(1, 10, 100),
    repeats=2,
    burst=20,
    outage=40,
    open_deliveries=(10, 50),
    reports=60,
    starts=1,
    hours=2,
    finished=50,
)
