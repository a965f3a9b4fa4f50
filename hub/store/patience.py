"""How far a session of the database steps back: as far as the process that it works for."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

import psycopg

from hub.patience import step_back

_CREDENTIALS = struct.Struct("3i")


def match_process(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    """Gives a session the niceness of this process, where that steps back; False: to be tried again at its next use.

    Half of what a worker asks of the processor its session does. Only where the server is seen to run here: behind a unix socket
    whose listener is the session's parent, so that no other process is ever touched. Elsewhere nothing happens. Idempotent.
    """
    own = os.getpriority(os.PRIO_PROCESS, 0)
    if own <= 0 or not hasattr(socket, "SO_PEERCRED") or not connection.info.host.startswith("/"):
        return True
    session = connection.info.backend_pid
    return _listener(connection.fileno()) != _parent(session) or step_back(own, session)


def _listener(socket_number: int) -> int | None:
    """The process at the other end of a unix socket."""
    with socket.socket(fileno=os.dup(socket_number)) as end:
        pid, _, _ = _CREDENTIALS.unpack(end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return pid or None


def _parent(pid: int) -> int | None:
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
    except OSError:
        return None
    return int(after_name.split()[1])
