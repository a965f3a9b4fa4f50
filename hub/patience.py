"""How far a process steps back when the processor is short."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def step_back(nice: int, pid: int = 0) -> bool:
    """Gives a process (0: this one) at least this niceness, and its session too where it leads one; False: try again a little later.

    Where Linux shares the processor between sessions first (autogroup), a niceness counts within one session only, and each session of
    Postgres leads one: it would be the equal of all processes of the hub together. The kernel takes ten such wishes a second.
    Idempotent; of another user's process nothing is changed.
    """
    own = pid or os.getpid()
    try:
        os.setpriority(os.PRIO_PROCESS, own, max(nice, os.getpriority(os.PRIO_PROCESS, own)))
        if os.getsid(own) == own:
            Path(f"/proc/{own}/autogroup").write_text(str(nice), encoding="ascii")
    except OSError as error:  # not ours, ended just now, or a system that knows no such groups
        return error.errno != errno.EAGAIN
    return True
