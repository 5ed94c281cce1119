"""The demo, started as the README says, twice at the same moment."""

import subprocess
import sys

from scripts.demo import RECIPIENTS
from scripts.processes import ROOT

PATIENCE = 120
"""Seconds in which both must have done the main job."""


def test_two_demos_that_start_at_the_same_moment_both_work() -> None:
    """Each on ports of its own, in a language of its own, and nothing is left behind."""
    demos = [
        subprocess.Popen(
            [sys.executable, "-m", "scripts.demo", "--once", "--language", language],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for language in RECIPIENTS
    ]
    try:
        said = [demo.communicate(timeout=PATIENCE) for demo in demos]
    finally:
        for demo in demos:
            demo.kill()

    assert [demo.returncode for demo in demos] == [0, 0], said
    addresses = {
        line.split()[-1]
        for output, _ in said
        for line in output.splitlines()
        if line.strip().startswith("Phone")
    }
    assert len(addresses) == len(demos)
    for output, complaints in said:
        assert "unchanged" in output
        assert "one held until tomorrow" in output
        assert complaints == ""
