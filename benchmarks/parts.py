"""The parts of the benchmark, each measured in a process of its own."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
import logging
from multiprocessing import get_context
import os

from .disks import Disk
from .report import Part
from .scale import Scale

_ON_BOTH = tuple(Disk)
_NOTHING_KEPT = (Disk.REAL,)

PARTS: Mapping[str, Sequence[Disk]] = {
    "one_sms": _ON_BOTH,
    "many_recipients": _ON_BOTH,
    "bursts": _ON_BOTH,
    "texts": _NOTHING_KEPT,
    "reports": _NOTHING_KEPT,
    "starting": _ON_BOTH,
    "soak": _NOTHING_KEPT,
    "history": _ON_BOTH,
}
"""Each part, and the disks it is measured on."""


def measured(name: str, scale: Scale) -> dict[Disk, Part]:
    """Return a part as it is on each disk, measured in a process that has done nothing else."""
    return {disk: in_fresh_process(_measure, name, scale, disk) for disk in PARTS[name]}


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


def _measure(name: str, scale: Scale, disk: Disk) -> Part:
    disk.use()
    part: Part = import_module(f"{__package__}.{name}").measure(scale, disk)
    return part
