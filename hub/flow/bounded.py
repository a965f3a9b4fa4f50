"""Work on what somebody typed, in a process of its own that may use so much time and memory, and no more.

A transform that never ends holds the interpreter, a file of ten lines can unfold to gigabytes, and a thread cannot be ended. So the
work is done in a fork of this process, which the kernel ends when its time is over.
"""

from __future__ import annotations

import os
import pickle
import resource
import select
import signal
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from hub.errors import ConfigError, ConflictError, HubError, NotFoundError
from hub.flow.connection import Connections
from hub.flow.context import Hub
from hub.store.database import Database

SECONDS = 12.0
MEMORY_BYTES = 768 * 1024 * 1024
STATEMENT_S = 8
AT_ONCE = 2
"""So many at a time in one process: others are asked to come again."""
WAIT_S = 3.0
_HEAD = 8
_SLOW = frozenset({"QueryCanceled", "LockNotAvailable"})
"""What the database says when a statement or a lock took longer than it may."""

T = TypeVar("T")
_slots = threading.BoundedSemaphore(AT_ONCE)
_KNOWN: dict[str, type[HubError]] = {one.__name__: one for one in (ConfigError, ConflictError, NotFoundError)}


def bounded(hub: Hub, work: Callable[[Hub], T], *, seconds: float = SECONDS) -> T:
    """What `work` returns, given a hub with a database session of its own; it must be something that pickles.

    Errors: `ConfigError` when it takes too long or too much memory; `ConflictError` when others are at it; those of `work`.
    """
    if not _slots.acquire(timeout=WAIT_S):
        raise ConflictError("others are trying something out just now: try again in a moment")
    try:
        ours, theirs = os.pipe()
        with warnings.catch_warnings():
            # Later Pythons warn of forks beside threads: this one takes nothing over that another thread may hold.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            os.close(ours)
            _run(hub, work, theirs, seconds)
        os.close(theirs)
        try:
            answer = _read(ours, time.monotonic() + seconds + 1)
        finally:
            os.close(ours)
            os.kill(pid, signal.SIGKILL)
            _pid, status = os.waitpid(pid, 0)
    finally:
        _slots.release()
    found: T = _opened(answer, status, seconds)
    return found


def _read(pipe: int, deadline: float) -> bytes:
    """The answer; empty when there is none. It says its length: another fork may hold the same pipe open."""
    found = bytearray()
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([pipe], [], [], left)[0]:
            break
        piece = os.read(pipe, 1 << 20)
        found += piece
        if len(found) >= _HEAD and len(found) == _HEAD + int.from_bytes(found[:_HEAD]):
            return bytes(found[_HEAD:])
        if not piece:
            break
    return b""


def _opened(answer: bytes, status: int, seconds: float) -> Any:
    if not answer:
        reason = (
            "used more memory than it may"
            if os.WIFEXITED(status)
            else f"was not done after {seconds:g} s, and was ended"
        )
        raise ConfigError(f"the trial {reason}: take fewer events, or look for a transform that never ends")
    # It was written by the process that we forked.
    outcome, found = pickle.loads(answer)  # noqa: S301
    if outcome == "done":
        return found
    if outcome == "refused":
        name, text = found
        raise _KNOWN.get(name, ConfigError)(text)
    raise RuntimeError(f"a trial stopped with {found}")


def _run(hub: Hub, work: Callable[[Hub], Any], out: int, seconds: float) -> NoReturn:
    """The life of the fork; it ends without any of the parent's clean-up."""
    try:
        _limit(seconds)
        packed = pickle.dumps(_outcome(hub, work))
        answer = len(packed).to_bytes(_HEAD) + packed
        while answer:
            answer = answer[os.write(out, answer) :]
        os._exit(0)
    finally:
        os._exit(1)


def _outcome(hub: Hub, work: Callable[[Hub], Any]) -> tuple[str, Any]:
    try:
        options = f"-c statement_timeout={STATEMENT_S}s -c lock_timeout=2s -c client_connection_check_interval=1s"
        db = Database(hub.db.url, size=2, options=options, upcasts=hub.db.upcasts)
        connections = Connections(db, hub.keyring, hub.registry, hub.settings)
        return "done", work(replace(hub, db=db, connections=connections, extras={}))
    except HubError as error:
        return "refused", (type(error).__name__, str(error))
    except (MemoryError, RecursionError) as error:
        return "refused", (
            "ConfigError",
            f"the trial went too far ({type(error).__name__}): is something nested in itself?",
        )
    except Exception as error:  # noqa: BLE001 -- told by its name only: texts of databases quote values
        if type(error).__name__ in _SLOW:
            text = "the database was asked for too much at once, or others hold what it would touch: take fewer, or try again"
            return "refused", ("ConflictError", text)
        return "failed", type(error).__name__


def _limit(seconds: float) -> None:
    # Not a handler of Python's: that would wait for the interpreter, which is what does not come back.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    used = _address_space()
    if used:
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_BYTES, used + MEMORY_BYTES))


def _address_space() -> int:
    """Bytes of address space in use; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 0
    return pages * resource.getpagesize()
