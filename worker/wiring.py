"""A worker's hub: wired after the fork, with what can be shared loaded before it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from hub import bootstrap
from hub.config import load_settings
from hub.flow.context import Hub

GC_EVERY = 50_000
"""Objects made since the collector last looked; a batch makes about as many."""


def preload() -> None:
    """Imports and loads all that workers need and freezes it, so that forks share the pages instead of copying them."""
    import worker.jobs  # noqa: F401 - the import is the purpose
    from hub.flow import deliver, poll, record, resolve, sweep  # noqa: F401

    bootstrap.preload(load_settings(), for_records=True)
    gc.collect()
    gc.freeze()


@contextmanager
def open_hub(*, pool_size: int | None = None) -> Iterator[Hub]:
    """This process's hub for the time of the block. Never to be carried over a fork."""
    hub = bootstrap.start(load_settings(), pool_size=pool_size)
    # The rules live as long as the process: looking through them again and again took a fifth of the pipeline's time.
    gc.collect()
    gc.freeze()
    # A batch's objects die with the batch: looking for cycles among them while it runs finds nothing.
    gc.set_threshold(GC_EVERY)
    try:
        yield hub
    finally:
        hub.close()
        hub.queue.close()
