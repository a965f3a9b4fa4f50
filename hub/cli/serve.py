"""The web server: granian, with worker processes that share what is loaded before they are forked."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from hub.config import Settings
from hub.embedded.leash import die_with_parent

# By name: the application stands above the command line.
APP = "hub.web:app"
PROCESSES = 2
THREADS = 8
STOP_S = 8


def serve(settings: Settings, *, app: str = APP, processes: int = PROCESSES, threads: int = THREADS) -> None:
    """Serves `app` (module:object, WSGI) on the settings' host and port until SIGTERM."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    if sys.platform == "linux":
        multiprocessing.set_start_method("fork", force=True)
        # Loaded before the fork, so that the processes share its pages; the hub itself is wired after it.
        module = import_module(app.partition(":")[0])
        if preload := getattr(module, "preload", None):
            preload(settings)
        gc.collect()
        gc.freeze()
    server = Granian(
        app,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=threads,
        websockets=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        respawn_interval=0.2,
        workers_kill_timeout=STOP_S,
    )
    # The access log stays off: it would hold addresses, and URLs are counted by the metrics.
    server.serve(target_loader=partial(_load, app, os.getpid()), wrap_loader=False)


def _load(app: str, parent: int) -> Callable[..., Any]:
    # The fork inherited the server's own handlers; a SIGTERM while it loads would be lost on them.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(signal.SIGTERM, parent)
    module, _, name = app.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found
