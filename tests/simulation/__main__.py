"""Plays any number of histories and prints what they came to: scripts/simulate."""

import argparse
import os
import sys
import time

from .many import Tally, failures, play_many


def main() -> int:
    """Play; return the exit status."""
    options = _options()
    begun = time.monotonic()
    seeds = range(options.first, options.first + options.histories)
    tally = play_many(
        seeds, options.jobs, _progress if sys.stderr.isatty() else _nothing
    )
    _say(f"Seeds {seeds.start} to {seeds.stop - 1}, {time.monotonic() - begun:.0f} s")
    _say(tally.in_words())
    for told in failures(tally):
        _say(f"\n{told}")
    return 1 if tally.failed_seeds else 0


def _options() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(
        prog="scripts/simulate",
        description="Play whole histories of the outbox against the provider on one virtual "
        "clock, and check that no message is lost and none is sent twice.",
    )
    parser.add_argument("histories", type=_positive, nargs="?", default=20_000)
    parser.add_argument(
        "--from", dest="first", type=int, default=0, metavar="SEED", help="first seed"
    )
    parser.add_argument(
        "--jobs", type=_positive, default=os.process_cpu_count() or 1, help="processes"
    )
    return parser.parse_args()


def _positive(text: str) -> int:
    """Return a whole number above zero."""
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _progress(tally: Tally) -> None:
    sys.stderr.write(f"\r{tally.histories:,} histories\r")
    sys.stderr.flush()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _nothing(tally: Tally) -> None:
    pass


if __name__ == "__main__":
    sys.exit(main())
