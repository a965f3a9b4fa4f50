"""The batch journal: how a batch whose worker died is told from one that is being worked on.

A worker commits one row before its batch on a connection of its own, locks it inside the claiming
transaction and deletes it there at the end. So a row that is old and can be locked has no owner
any more. (A row nobody deletes is what a death leaves; a clean rollback calls `abandon_batch`.)
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from hub.errors import ConflictError
from hub.store.claim import count_failure
from hub.store.database import Connection, Database

STALE_S = 5.0


def begin_batch(db: Database, worker: uuid.UUID, ids: Sequence[uuid.UUID]) -> None:
    """Commits the journal row of `worker` (one id per thread of work), beside the claiming transaction.

    Not flushed to disk: if the server loses it, it lost the batch's work as well.
    """
    with db.transaction(durable=False) as conn:
        conn.execute(
            "insert into batch (worker, events) values (%b, %b) on conflict (worker) do update"
            " set events = excluded.events, started_at = clock_timestamp()",
            (worker, list(ids)),
        )


def lock_batch(conn: Connection, worker: uuid.UUID) -> None:
    """Holds the row in the claiming transaction; `ConflictError` when a sweep took it: roll back, the events are counted."""
    if conn.execute("select 1 from batch where worker = %b for update", (worker,)).fetchone() is None:
        raise ConflictError("the batch was frozen too long and was given up by the sweep: roll back and claim again")


def end_batch(conn: Connection, worker: uuid.UUID) -> None:
    """Deletes the row in the claiming transaction: the commit that ends the batch ends its row."""
    conn.execute("delete from batch where worker = %b", (worker,))


def abandon_batch(db: Database, worker: uuid.UUID) -> None:
    """Deletes the row after a rollback that its worker survived, so that the events are not counted as failed."""
    db.execute("delete from batch where worker = %b", (worker,))


def sweep_journal(db: Database, stale_s: float = STALE_S) -> int:
    """Counts a failure for the events of dead batches, so that they run alone; returns how many events.

    Events that another worker holds by now keep their row for the next sweep.
    """
    return db.run(lambda conn: _sweep(conn, stale_s))


def _sweep(conn: Connection, stale_s: float) -> int:
    rows = conn.execute(
        "select worker, events from batch where started_at < clock_timestamp() - %s * interval '1 second'"
        " order by worker for update skip locked",
        (stale_s,),
    ).fetchall()
    return sum(_give_up(conn, worker, events) for worker, events in rows)


def _give_up(conn: Connection, worker: uuid.UUID, events: list[uuid.UUID]) -> int:
    counted = count_failure(conn, events, "the worker that ran it died or stopped answering")
    held = conn.execute(
        "select id from event_work where id = any(%s) and state = 0 and id <> all(%s)", (events, counted)
    ).fetchall()
    if held:
        conn.execute("update batch set events = %s where worker = %s", ([event for (event,) in held], worker))
    else:
        conn.execute("delete from batch where worker = %s", (worker,))
    return len(counted)
