"""A plugin of pytest, for runs whose only question is whether any test fails."""

import gc
import json
import math
from pathlib import Path
import resource
import time

from hypothesis import Phase, settings
import pytest

# The same examples each time, and no search for the smallest one.
settings.register_profile(
    "mutation",
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    report_multiple_bugs=False,
)
settings.load_profile("mutation")

TIMES = "mutmut-stats.json"
"""Where mutmut writes how long each test takes; not there yet while it measures that."""

SECONDS = pytest.StashKey[float]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the quickest tests first."""
    for times in (Path(TIMES), Path("mutants", TIMES)):
        if times.exists():
            seconds = json.loads(times.read_text())["duration_by_test"]
            for item in items:
                item.stash[SECONDS] = seconds.get(item.nodeid, 0.0)
                item.add_marker(pytest.mark.timeout(20 + 5 * item.stash[SECONDS]))
            items.sort(key=lambda item: item.stash[SECONDS])


def pytest_runtest_setup(item: pytest.Item) -> None:
    """End the process when a test computes for many times as long as it took: it never ends."""
    if SECONDS in item.stash:
        most = resource.getrlimit(resource.RLIMIT_CPU)[1]
        limit = math.ceil(time.process_time() + 3 + 5 * item.stash[SECONDS])
        if most != resource.RLIM_INFINITY:
            limit = min(limit, most)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, most))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Spare the processes forked from here the collection of what is there already."""
    if session.config.option.collectonly:
        gc.collect()
        gc.freeze()
