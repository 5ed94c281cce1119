"""What is done within a copy of the tree, where mutmut has run and its settings are.

`python -m tests.mutation.within PROCESSES FILE...`
"""

from collections.abc import Iterator
from dataclasses import astuple
import json
from pathlib import Path
import sys

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import load_stats, status_by_exit_code
from mutmut.utils.format_utils import orig_function_and_class_names_from_key

from .fate import Fate, Killed, Survivor, is_too_long
from .others import of_others

OUTCOME = "outcome.json"


def _of_mutmut(file: str) -> Iterator[Fate]:
    """Tell what came of each mutant of mutmut."""
    data = SourceFileMutationData(path=file)
    data.load()
    for name, ended in data.exit_code_by_key.items():
        if is_too_long(ended):
            yield Killed.BY_THE_CLOCK
        elif status_by_exit_code[ended] in {"killed", "segfault", "timeout"}:
            yield Killed.BY_A_TEST
        else:
            function, owner = orig_function_and_class_names_from_key(name)
            place = f"{owner}.{function}" if owner else function
            diff = get_diff_for_mutant(name, path=file)
            yield Survivor.of(file, place, diff.splitlines())


def main() -> None:
    """Add the mutants that mutmut leaves out; keep in a file what came of all."""
    processes, *files = sys.argv[1:]
    load_stats()
    told = [one for file in files for one in _of_mutmut(file)]
    told += of_others(files, int(processes))
    outcome = {
        "killed": told.count(Killed.BY_A_TEST),
        "timed_out": told.count(Killed.BY_THE_CLOCK),
        "survivors": [astuple(one) for one in told if isinstance(one, Survivor)],
    }
    Path(OUTCOME).write_text(json.dumps(outcome))


if __name__ == "__main__":
    main()
