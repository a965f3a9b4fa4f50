"""Records that a system said have changed without saying how: what is still to be read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hub.store.database import Connection, Database

LEASE_S = 90.0
BATCH = 100

Key = tuple[int, str, str]
"""Connection id, stream, external id."""
Taken = tuple[str, int]
"""External id, and how often it had been told of."""


def add(conn: Connection, keys: Iterable[Key]) -> None:
    """Notes records to be read. One that is noted already, or being read just now, is read once more."""
    rows = sorted(set(keys))
    if not rows:
        return
    conn.execute(
        "insert into notice (connection_id, stream, external_id)"
        " select * from unnest(%s::integer[], %s::text[], %s::text[])"
        " on conflict (connection_id, stream, external_id) do update set seq = notice.seq + 1",
        tuple(map(list, zip(*rows, strict=True))),
    )


def due(db: Database, limit: int = 20) -> list[tuple[int, str]]:
    """(connection id, stream) that has records to be read now, longest overdue first."""
    return [
        (connection_id, stream)
        for connection_id, stream in db.all(
            """
            select n.connection_id, n.stream from notice n join connection c on c.id = n.connection_id
            where n.due_at <= now() and not c.halted_in and c.paused_at is null and c.disconnected_at is null
              and c.phase <> 'off'
            group by n.connection_id, n.stream order by min(n.due_at) limit %s
            """,
            (limit,),
        )
    ]


def take(db: Database, connection_id: int, stream: str, limit: int = BATCH, lease_s: float = LEASE_S) -> list[Taken]:
    """Takes records to read; who takes them and dies leaves them due again when the lease is over."""
    with db.transaction() as conn:
        rows = conn.execute(
            """
            update notice set due_at = clock_timestamp() + make_interval(secs => %s)
            where connection_id = %s and stream = %s and external_id = any(array(
                select external_id from notice where connection_id = %s and stream = %s and due_at <= now()
                order by due_at limit %s for update skip locked))
            returning external_id, seq
            """,
            (lease_s, connection_id, stream, connection_id, stream, limit),
        ).fetchall()
    return [(external_id, seq) for external_id, seq in rows]


def done(conn: Connection, connection_id: int, stream: str, taken: Sequence[Taken]) -> None:
    """They were read; those told of meanwhile are due at once."""
    ids, numbers = [external_id for external_id, _ in taken], [seq for _, seq in taken]
    conn.execute(
        "delete from notice n using unnest(%s::text[], %s::bigint[]) as t(external_id, seq)"
        " where n.connection_id = %s and n.stream = %s and n.external_id = t.external_id and n.seq = t.seq",
        (ids, numbers, connection_id, stream),
    )
    conn.execute(
        "update notice set due_at = now(), failures = 0"
        " where connection_id = %s and stream = %s and external_id = any(%s)",
        (connection_id, stream, ids),
    )


def later(db: Database, connection_id: int, stream: str, taken: Sequence[Taken], after_s: float, most: int) -> int:
    """They could not be read: due again after `after_s`; after `most` failures they go. Returns how many went."""
    ids = [external_id for external_id, _ in taken]
    with db.transaction() as conn:
        gone = conn.execute(
            "delete from notice where connection_id = %s and stream = %s and external_id = any(%s) and failures >= %s",
            (connection_id, stream, ids, most - 1),
        ).rowcount
        conn.execute(
            "update notice set due_at = clock_timestamp() + make_interval(secs => %s), failures = failures + 1"
            " where connection_id = %s and stream = %s and external_id = any(%s)",
            (after_s, connection_id, stream, ids),
        )
    return gone
