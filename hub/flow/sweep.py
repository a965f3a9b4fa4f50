"""What has to be done from time to time whatever happens: dead batches at every look, tidying now and then.

Everything here is safe to repeat and to race: any number of schedulers may sweep.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from hub.flow import audit, match_queue, match_sample
from hub.flow.context import Hub
from hub.store import alert, idempotency, inbox, item, record, session, setup, statistics, tally
from hub.store import run as run_store

TIDY_EVERY_S = 300.0


def run(hub: Hub) -> int:
    """One sweep; returns how many events of dead batches it put back. Called every few seconds."""
    found = inbox.sweep_journal(hub.db)
    if found:
        hub.queue.wake("pipeline")
    hub.db.run(record.unpark_arrived)
    statistics.refresh(hub.db)
    # The first sweep of a process does not tidy: a start has better things to do.
    due_at = hub.extras.setdefault("tidy_at", time.monotonic() + TIDY_EVERY_S)
    if time.monotonic() >= due_at:
        hub.extras["tidy_at"] = time.monotonic() + TIDY_EVERY_S
        tidy(hub)
    return found


def tidy(hub: Hub) -> None:
    """Partitions for the months to come; sums instead of single counts; old runs, sessions and answers go.

    What hangs on open pairs is counted anew, and the week's sample of automatic merges is drawn.
    """
    steps: tuple[Callable[[], object], ...] = (
        lambda: inbox.ensure_partitions(hub.db),
        lambda: tally.compact(hub.db),
        lambda: run_store.give_up_stale(hub.db),
        lambda: run_store.purge(hub.db),
        lambda: hub.db.run(item.wake_snoozed),
        lambda: hub.db.run(alert.purge),
        lambda: hub.db.run(session.purge),
        lambda: hub.db.run(setup.purge),
        lambda: hub.db.run(idempotency.purge),
        lambda: audit.verify_new(hub),
        lambda: match_queue.refresh_stakes(hub),
        lambda: match_sample.draw(hub),
    )
    for step in steps:
        step()
