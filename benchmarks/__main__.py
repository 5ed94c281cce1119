"""`python -m benchmarks`: measures, prints the table, and keeps it when asked to."""

import argparse
import time

from .page import keep
from .parts import PARTS, measured
from .report import markdown
from .scale import FULL, QUICK


def main() -> None:
    """Measure what is asked for."""
    options = _options()
    begun = time.monotonic()
    parts = []
    for name in options.parts or PARTS:
        since = time.monotonic()
        parts.append(measured(name, QUICK if options.quick else FULL))
        print(markdown(parts[-1]))
        print(f"({name}: {time.monotonic() - since:.0f} s)\n", flush=True)
    seconds = time.monotonic() - begun
    print(f"Took {seconds:.0f} s.")
    if options.write:
        keep(parts, seconds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="try it with tiny sizes")
    parser.add_argument(
        "--write", action="store_true", help="renew benchmarks/README.md"
    )
    parser.add_argument(
        "parts", nargs="*", help=f"of {', '.join(PARTS)}; by default all"
    )
    options = parser.parse_args()
    if options.write and (options.quick or options.parts):
        parser.error("--write keeps a full run only")
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    main()
