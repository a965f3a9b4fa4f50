"""What the embedded Postgres takes by how much it stores: memory for its buffers, disk for its log."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

MIB = 1024 * 1024
LEAST, MOST = 64 * MIB, 8192 * MIB
SHARE_OF_MACHINE = 4
LEAST_LOG, MOST_LOG = 768 * MIB, 6144 * MIB
SHARE_OF_DISK = 8
_CGROUP = Path("/sys/fs/cgroup/memory.max")


def settings(data: Path) -> dict[str, str]:
    """Settings of a server on the folder `data`. They are decided when it starts."""
    stored = _stored(data / "base")
    return {
        "shared_buffers": f"{buffers(stored) // MIB}MB",
        "max_wal_size": f"{log_between_checkpoints(stored, shutil.disk_usage(data).total) // MIB}MB",
    }


def buffers(stored: int) -> int:
    """Bytes of buffers for so many stored: as many, at most a quarter of the machine's memory.

    At least 64 MiB, at most 8 GiB. A hub that begins stays small; one that has grown finds what its batches look up at random
    (keys, records) without asking the system.
    """
    return max(LEAST, min(stored, _machine() // SHARE_OF_MACHINE, MOST))


def log_between_checkpoints(stored: int, disk: int) -> int:
    """Bytes that the log may grow to for so many stored: as many, at most an eighth of the disk.

    At least 768 MiB, at most 6 GiB. A page is logged whole when it is changed for the first time after a checkpoint. Keys go to pages
    at random: with a checkpoint every few thousand events of a large store each of them would cost half a dozen whole pages.
    """
    return max(LEAST_LOG, min(stored, disk // SHARE_OF_DISK, MOST_LOG))


def _stored(folder: Path) -> int:
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(path) / name).stat().st_size
            except FileNotFoundError:  # a table that was dropped meanwhile
                continue
    return total


def _machine() -> int:
    """Bytes of memory that this process may have: the machine's, or its container's."""
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        limit = _CGROUP.read_text().strip()
    except OSError:
        return whole
    return min(whole, int(limit)) if limit.isdigit() else whole
