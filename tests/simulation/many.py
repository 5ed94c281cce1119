"""Many histories, side by side, and what they came to in all."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import batched
from multiprocessing import get_context

from .drawing import plan
from .history import play, shortened
from .outcome import Answer, Excuse, Kind, Outcome, Unlearned

BATCH = 50
"""Histories that a worker plays before it reports."""

SHOWN = 3
"""Histories gone wrong that are told in words."""


@dataclass(slots=True)
class Tally:
    """What a number of histories came to."""

    histories: int = 0
    messages: int = 0
    requests: int = 0
    undecidable: Counter[Excuse] = field(default_factory=Counter)
    unlearned: Counter[Unlearned] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    answers: Counter[Answer] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    wrong: Counter[Kind] = field(default_factory=Counter)
    failed_seeds: list[int] = field(default_factory=list)

    def count(self, outcome: Outcome) -> None:
        """Add a history."""
        self.histories += 1
        self.messages += outcome.messages
        self.requests += outcome.requests
        self.undecidable += outcome.undecidable
        self.unlearned += outcome.unlearned
        self.states += outcome.states
        self.answers += outcome.answers
        self.faults += outcome.faults
        self.wrong += Counter(wrong.kind for wrong in outcome.wrong)
        if outcome.wrong:
            self.failed_seeds.append(outcome.plan.seed)

    def add(self, other: Tally) -> None:
        """Add all of another tally."""
        self.histories += other.histories
        self.messages += other.messages
        self.requests += other.requests
        self.undecidable += other.undecidable
        self.unlearned += other.unlearned
        self.states += other.states
        self.answers += other.answers
        self.faults += other.faults
        self.wrong += other.wrong
        self.failed_seeds = sorted(self.failed_seeds + other.failed_seeds)

    def in_words(self) -> str:
        """Return the figures, one a line."""
        figures: list[tuple[str, int]] = [
            ("histories", self.histories),
            ("messages", self.messages),
            ("requests", self.requests),
            ("faults injected", self.faults.total()),
            *_indented(self.faults),
            ("final states", self.states.total()),
            *_indented(self.states),
            ("calls", self.answers.total()),
            *_indented(self.answers),
            ("fates that were not learned", self.unlearned.total()),
            *_indented(self.unlearned),
            ("undecidable in principle", self.undecidable.total()),
            *_indented(self.undecidable),
            *((kind.value, self.wrong[kind]) for kind in Kind),
        ]
        return "\n".join(f"{name:72} {number:>12,}" for name, number in figures)


def play_batch(seeds: tuple[int, ...]) -> Tally:
    """Play some histories, one after the other."""
    tally = Tally()
    for seed in seeds:
        tally.count(play(plan(seed)))
    return tally


def play_many(
    seeds: range,
    jobs: int,
    progress: Callable[[Tally], None] = lambda tally: None,
) -> Tally:
    """Play histories in so many processes; stop soon after the first that goes wrong."""
    tally = Tally()
    batches = batched(seeds, BATCH, strict=False)
    # Processes that are spawned share nothing with this one, patches and sockets included.
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:

        def start(batch: tuple[int, ...]) -> Future[Tally]:
            return pool.submit(play_batch, batch)

        waiting = {
            start(batch) for _, batch in zip(range(jobs + 1), batches, strict=False)
        }
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                tally.add(future.result())
                progress(tally)
                if not tally.failed_seeds and (batch := next(batches, None)):
                    waiting.add(start(batch))
    return tally


def failures(tally: Tally) -> Iterator[str]:
    """Tell the first histories that went wrong, shortened, in words."""
    for seed in tally.failed_seeds[:SHOWN]:
        yield shortened(play(plan(seed))).told()


def _indented[T: str](counts: Counter[T]) -> Iterator[tuple[str, int]]:
    return ((f"  {name}", number) for name, number in counts.most_common())
