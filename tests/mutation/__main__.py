"""Makes the mutants, runs the tests on each, and tells which none noticed: scripts/mutate."""

import argparse
from dataclasses import dataclass
from fnmatch import fnmatch
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
import time
import tomllib

from .fate import Survivor

ROOT = Path(__file__).resolve().parent.parent.parent
WORK = ROOT / ".mutate"
ACCEPTED = Path(__file__).with_name("survivors.toml")
ENOUGH = 0.9
COPIED = ("custom_components", "scripts", "simulator", "tests", "pyproject.toml")
# A forked process starts with the modules imported and no test run before: what one test
# leaves behind in a module is not there for the next mutant. The time limit is a last resort:
# `quick` has a closer one for each test.
SETTINGS = """
[mutmut]
source_paths = custom_components
also_copy =
    scripts
    simulator
pytest_add_cli_args =
    -p
    tests.mutation.quick
    -p
    no:cacheprovider
process_isolation = forkserver
timeout_constant = 4.0
timeout_multiplier = 10.0
use_git_change_detection = false
"""


@dataclass
class Outcome:
    """What came of the mutants of a part of the code."""

    killed: int
    timed_out: int
    survivors: list[Survivor]

    def in_words(self) -> str:
        """Say it in a line; what took too long counts as noticed."""
        noticed = self.killed + self.timed_out
        total = noticed + len(self.survivors)
        return (
            f"{noticed:,} of {total:,} mutants killed ({self.timed_out:,} by the clock), "
            f"{self.share:.1%}"
        )

    @property
    def share(self) -> float:
        """How many of all were killed."""
        killed = self.killed + self.timed_out
        return killed / max(1, killed + len(self.survivors))

    def __add__(self, other: Outcome) -> Outcome:
        """Take two parts together."""
        return Outcome(
            self.killed + other.killed,
            self.timed_out + other.timed_out,
            self.survivors + other.survivors,
        )


def main() -> int:
    """Make mutants; return the exit status."""
    options = _options()
    parts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutate"]
    accepted = _accepted()
    everything, checked = Outcome(0, 0, []), []
    for name, part in parts.items():
        files = _files(part["files"], options.files)
        if not files:
            continue
        print(f"{name}: {len(files)} files, {', '.join(part['tests'])}", flush=True)
        begun = time.monotonic()
        outcome = _mutate(WORK / name, files, part["tests"], options.jobs)
        print(f"{name}: {outcome.in_words()}, {time.monotonic() - begun:.0f} s")
        everything += outcome
        checked += files
    if not checked:
        sys.exit("mutate: none of these files is to be changed")
    unexplained = [one for one in everything.survivors if one not in accepted]
    for one in unexplained:
        print(f"\nSurvives without a reason:\n{one}")
    for one in accepted:
        if one.file in checked and one not in everything.survivors:
            print(f"\nHas a reason, but does not survive:\n{one}")
    print(f"\n{everything.in_words()}; {len(unexplained)} survive without a reason")
    return 1 if unexplained or everything.share < ENOUGH else 0


def _options() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(
        prog="scripts/mutate",
        description="Change the code in small ways, one at a time, and check that a test notices.",
    )
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="only these, say outbox/search.py"
    )
    parser.add_argument(
        "--jobs", type=int, default=os.process_cpu_count() or 1, help="processes"
    )
    return parser.parse_args()


def _accepted() -> list[Survivor]:
    """Return the survivors that have a reason."""
    listed = tomllib.loads(ACCEPTED.read_text()).get("survivor", [])
    for one in listed:
        if not one.get("why", "").strip():
            sys.exit(f"mutate: a survivor in {ACCEPTED.name} has no reason: {one}")
    return [Survivor(one["file"], one["in"], one["was"], one["now"]) for one in listed]


def _files(patterns: list[str], wanted: list[str]) -> list[str]:
    """Return the files of a part that are wanted."""
    found = sorted(
        str(path.relative_to(ROOT))
        for pattern in patterns
        for path in ROOT.glob(pattern)
    )
    if not wanted:
        return found
    return [one for one in found if any(fnmatch(one, f"*{name}") for name in wanted)]


def _mutate(folder: Path, files: list[str], tests: list[str], jobs: int) -> Outcome:
    """Make the mutants of some files and run the tests on each, in a copy of the tree."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in COPIED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "e2e")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder)
    lists = {"only_mutate": files, "pytest_add_cli_args_test_selection": tests}
    (folder / "setup.cfg").write_text(
        SETTINGS
        + "".join(
            f"{key} =\n" + "".join(f"    {one}\n" for one in values)
            for key, values in lists.items()
        )
    )
    mutmut = Path(sys.executable).with_name("mutmut")
    _run(folder, mutmut, "run", "--max-children", str(jobs))
    _run(folder, sys.executable, "-m", "tests.mutation.within", str(jobs), *files)
    outcome = json.loads((folder / "outcome.json").read_text())
    survivors = [Survivor(*values) for values in outcome["survivors"]]
    return Outcome(outcome["killed"], outcome["timed_out"], survivors)


def _run(folder: Path, *command: str | Path) -> None:
    """Run a command whose progress is for a terminal only, but whose failure is not."""
    log = folder / "log"
    with log.open("ab") as output:
        seen = None if sys.stdout.isatty() else output
        status = subprocess.run(
            command, cwd=folder, stdout=seen, check=False
        ).returncode
    if status:
        told = [line for line in log.read_text().splitlines() if line.isascii()]
        print(*told[-30:], sep="\n")
        name = Path(command[0]).name
        sys.exit(f"mutate: {name} failed; do the tests pass with nothing changed?")


if __name__ == "__main__":
    sys.exit(main())
