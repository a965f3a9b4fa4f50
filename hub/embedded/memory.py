"""How much memory the embedded Postgres takes for its buffers."""

from __future__ import annotations

import os
from pathlib import Path

MIB = 1024 * 1024
LEAST, MOST = 64 * MIB, 8192 * MIB
SHARE_OF_MACHINE = 4
_CGROUP = Path("/sys/fs/cgroup/memory.max")


def buffers(data: Path) -> int:
    """Bytes for a server on the folder `data`: as much as it stores, at most a quarter of the machine's memory.

    At least 64 MiB, at most 8 GiB. A hub that begins stays small; one that has grown finds what its batches look up at random
    (keys, records) without asking the system. It is decided when the server starts.
    """
    return max(LEAST, min(_stored(data / "base"), _machine() // SHARE_OF_MACHINE, MOST))


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
