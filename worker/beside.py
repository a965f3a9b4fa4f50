"""Short work that must not wait for long work of the same process: a thread looks for it now and then."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hub.errors import HubError

EVERY_S = 1.0
_log = logging.getLogger(__name__)


@contextmanager
def beside(name: str, work: Callable[[], object], every_s: float = EVERY_S) -> Iterator[None]:
    """Repeats `work` every `every_s` seconds while the block runs, first after one; waits for the last one at the end.

    What it raises is logged and does not touch the block.
    """
    over = threading.Event()

    def run() -> None:
        while not over.wait(every_s):
            try:
                work()
            except Exception as error:  # noqa: BLE001 -- the next look finds what this one did not do
                _log.error("%s: %s%s", name, type(error).__name__, f": {error}" if isinstance(error, HubError) else "")

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
