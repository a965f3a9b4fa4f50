"""The figures that monitoring asks for, read when it asks. Names of connections, counts and ages: nothing personal."""

from __future__ import annotations

from dataclasses import dataclass

from hub.store.database import Connection


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts over the whole hub. `marks`: records that wait for T2. `items`: open items by type."""

    stages: dict[tuple[str, str], int]
    marks: int
    parked: int
    feed_seq: int
    consumers: dict[str, int]
    items: dict[str, int]
    database_bytes: int


_STAGES = """
    select coalesce(c.name, ''), t.stage, sum(t.n)::bigint
    from tally t left join connection c on c.id = t.connection_id group by 1, 2
"""


def totals(conn: Connection) -> Totals:
    """The figures now; tallies are compacted, so this reads few rows."""
    one = conn.execute(
        "select (select count(*) from resolve_work), (select count(*) from record where parked),"
        " (select seq from feed), pg_database_size(current_database())"
    ).fetchone()
    marks, parked, seq, size = one or (0, 0, 0, 0)
    return Totals(
        stages={(name, stage): n for name, stage, n in conn.execute(_STAGES)},
        marks=marks,
        parked=parked,
        feed_seq=seq,
        consumers=dict(conn.execute("select name, position from consumer").fetchall()),
        items=dict(conn.execute("select type, count(*) from item where state <> 'resolved' group by type").fetchall()),
        database_bytes=size,
    )


def feed_seq(conn: Connection) -> int:
    """The last sequence number of the change feed."""
    found = conn.execute("select seq from feed").fetchone()
    return int(found[0]) if found else 0


def revision(conn: Connection) -> str | None:
    """The schema's revision in this database; None when it has none."""
    if conn.execute("select to_regclass('alembic_version')").fetchone() == (None,):
        return None
    found = conn.execute("select version_num from alembic_version").fetchone()
    return found[0] if found else None
