"""What processes use, read from /proc: processor time and memory of a process with all its descendants. Linux only."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_PPID, _UTIME, _CSTIME = 1, 11, 14


def family(root: int) -> list[int]:
    """The process and its descendants."""
    parents = {pid: int(fields[_PPID]) for pid, fields in _all().items()}
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def cpu_s(roots: Iterable[int]) -> float:
    """User and system seconds used so far, ended children included: only differences mean something."""
    stats = _all()
    ticks = sum(
        int(number)
        for root in roots
        for pid in family(root)
        if pid in stats
        for number in stats[pid][_UTIME : _CSTIME + 1]
    )
    return ticks / os.sysconf("SC_CLK_TCK")


def pss_mb(roots: Iterable[int]) -> float:
    """Proportional set size in MB (10^6 bytes): a page that n processes share counts one nth for each."""
    return sum(pss_by_pid(roots).values())


def pss_by_pid(roots: Iterable[int]) -> dict[int, float]:
    """The same for each process; one that ends meanwhile is left out."""
    found = {}
    for pid in (pid for root in roots for pid in family(root)):
        with suppress(OSError, StopIteration):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            kib = int(next(line for line in lines if line.startswith("Pss:")).split()[1])
            found[pid] = kib * 1024 / 1e6
    return found


def _all() -> dict[int, list[str]]:
    """Pid -> the fields of its stat file from the state on."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                found[int(folder.name)] = (folder / "stat").read_text().rpartition(")")[2].split()
    return found
