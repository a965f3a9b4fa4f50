"""Several workers as forks of one process that has loaded everything: their memory is mostly shared."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from worker.life import Life, about_to_fork

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
# A member that lived this long has earned a quick restart.
STEADY_S = 30.0
STEP_S = 0.2
GRACE_S = 25.0

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Member:
    name: str
    work: Callable[[], None]
    pid: int = 0
    started_at: float = 0.0
    pause_s: float = FIRST_PAUSE_S
    due_at: float = field(default=0.0)


def run(members: Sequence[tuple[str, Callable[[], None]]]) -> None:
    """Forks one process per member, restarts those that end, and at SIGTERM ends all, in good order."""
    life = Life()
    crew = [_Member(name, work) for name, work in members]
    while not life.is_over():
        for member in crew:
            if not member.pid and time.monotonic() >= member.due_at:
                _start(member)
        _reap(crew)
        life.pause(STEP_S)
    _end(crew)


def _start(member: _Member) -> None:
    member.started_at = time.monotonic()
    about_to_fork()
    member.pid = os.fork()
    if member.pid:
        return
    status = 1
    try:
        member.work()
        status = 0
    except BaseException as error:  # noqa: BLE001 - a fork must not return into its parent's code
        _log.exception("%s ended: %s", member.name, type(error).__name__)
    finally:
        # Not sys.exit: nothing of the parent's may be cleaned up twice.
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _reap(crew: Sequence[_Member]) -> None:
    for member in crew:
        if member.pid and _has_ended(member.pid):
            lived_s = time.monotonic() - member.started_at
            member.pause_s = FIRST_PAUSE_S if lived_s > STEADY_S else min(member.pause_s * 2, LONGEST_PAUSE_S)
            member.due_at = time.monotonic() + member.pause_s
            _log.warning("%s (process %d) ended; another starts in %.1f s", member.name, member.pid, member.pause_s)
            member.pid = 0


def _has_ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _end(crew: Sequence[_Member]) -> None:
    living = [member.pid for member in crew if member.pid]
    deadline = time.monotonic() + GRACE_S
    for pid in living:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    while living and time.monotonic() < deadline:
        living = [pid for pid in living if not _has_ended(pid)]
        time.sleep(STEP_S / 10)
    for pid in living:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
