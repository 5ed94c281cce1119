"""The parts of the benchmark, each measured in a process of its own."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
import logging
from multiprocessing import get_context
import os

from .report import Part
from .scale import Scale

PARTS = (
    "one_sms",
    "many_recipients",
    "bursts",
    "texts",
    "reports",
    "starting",
    "soak",
)


def measured(name: str, scale: Scale) -> Part:
    """Return a part, measured in a process that has done nothing else."""
    return in_fresh_process(_measure, name, scale)


def in_fresh_process[*ArgumentTs, ResultT](
    work: Callable[[*ArgumentTs], ResultT], *args: *ArgumentTs
) -> ResultT:
    """Do something in a process of its own, which says nothing but its result."""
    with ProcessPoolExecutor(
        1, mp_context=get_context("spawn"), initializer=_prepare
    ) as pool:
        return pool.submit(work, *args).result()


def _prepare() -> None:
    logging.disable(logging.CRITICAL)
    os.environ["NO_PROXY"] = "*"


def _measure(name: str, scale: Scale) -> Part:
    part: Part = import_module(f"{__package__}.{name}").measure(scale)
    return part
