"""The two disks that whatever is kept is kept on, so that the machine's own is seen apart."""

from enum import Enum
import os
from pathlib import Path


class Disk(Enum):
    """A disk, by the folder that is made use of; the first one is no RAM disk anywhere."""

    REAL = "/var/tmp"  # noqa: S108 (folders of their own are made there)
    RAM = "/dev/shm"  # noqa: S108

    def __str__(self) -> str:
        """Say in a table which disk it is."""
        device, kind = _mounted_at(Path(self.value))
        return "RAM disk" if self is Disk.RAM else f"{kind} on {device}"

    def use(self) -> None:
        """Let temporary folders of this process and its children be on this disk."""
        _, kind = _mounted_at(Path(self.value))
        if (kind == "tmpfs") is not (self is Disk.RAM):
            raise RuntimeError(f"{self.value} is of the wrong kind: {kind}")
        os.environ["TMPDIR"] = self.value


def _mounted_at(folder: Path) -> tuple[str, str]:
    """Return the device and the kind of the file system that a folder is in."""
    mounts = [
        line.split() for line in Path("/proc/self/mounts").read_text().splitlines()
    ]
    # What is mounted later at the same place hides what was there.
    device, _, kind, *_ = max(
        (mount for mount in mounts if folder.resolve().is_relative_to(mount[1])),
        key=lambda mount: (len(Path(mount[1]).parts), mounts.index(mount)),
    )
    return device, kind
