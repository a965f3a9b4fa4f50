"""Multiplies what a database holds: every row of the path once more for each copy, under ids of its own and earlier in time.

Rows are copied inside the database, so that a million events take minutes. Bodies stay sealed under the ids that they
were sealed for: only the originals can be opened.
"""

from __future__ import annotations

from datetime import timedelta

from hub.store.database import Connection, Database

_BEFORE = """
create schema bench;
create function bench.id(old uuid, n integer, ms bigint) returns uuid language sql immutable parallel safe as $$
    select (lpad(to_hex(('x' || left(translate(old::text, '-', ''), 12))::bit(48)::bigint - ms), 12, '0')
            || left(md5(old::text || n), 20))::uuid
$$;
create function bench.key(old bytea, n integer) returns bytea language sql immutable parallel safe as $$
    select decode(md5(old || n::text::bytea), 'hex')
$$;
"""
# Whose values won: the names of the (at most two) records of a cluster in the winners of its golden record.
_MEMBERS = """
create unlogged table bench.members as
    select cluster, array_agg(rid order by rid) as rids from record group by cluster;
create index on bench.members (cluster);
"""


def _id(column: str) -> str:
    return f"bench.id(s.{column}, %(n)s, %(ms)s)"


def _ago(column: str) -> str:
    return f"s.{column} - %(ago)s::interval"


_WINNERS = f"""replace(replace(s.winners::text,
    m.rids[1]::text, {_id("id").replace("s.id", "m.rids[1]")}::text),
    coalesce(m.rids[2], m.rids[1])::text, {_id("id").replace("s.id", "coalesce(m.rids[2], m.rids[1])")}::text)::jsonb"""
# Table -> what differs in a copy. Parents come before what refers to them.
_TABLES: dict[str, dict[str, str]] = {
    "event": {"id": _id("id"), "received_at": _ago("received_at"), "key_hash": "bench.key(s.key_hash, %(n)s)"},
    "event_key": {"hash": "bench.key(s.hash, %(n)s)", "event_id": _id("event_id")},
    "event_secret": {"id": _id("id")},
    "record": {
        "rid": _id("rid"),
        "cluster": _id("cluster"),
        "external_id": "s.external_id || '-' || %(n)s",
        "last_event": _id("last_event"),
        "last_event_at": _ago("last_event_at"),
        "created_at": _ago("created_at"),
    },
    "version": {"rid": _id("rid"), "event_id": _id("event_id")},
    "reference": {"child": _id("child"), "parent": _id("parent")},
    "match_key": {"hash": "bench.key(s.hash, %(n)s)", "rid": _id("rid")},
    "edge": {"a": f"least({_id('a')}, {_id('b')})", "b": f"greatest({_id('a')}, {_id('b')})"},
    "golden": {"id": _id("id"), "winners": _WINNERS, "created_at": _ago("created_at"), "updated_at": _ago("updated_at")},
    "change": {
        "seq": "s.seq - %(n)s * %(most)s::bigint",
        "golden_id": _id("golden_id"),
        "cause_id": _id("cause_id"),
        "at": _ago("at"),
    },
    "target": {
        "id": _id("id"),
        "owner_rid": _id("owner_rid"),
        "rid": _id("rid"),
        "dirty_at": _ago("dirty_at"),
        "done_at": _ago("done_at"),
        "cause_id": _id("cause_id"),
    },
    "attempt": {
        "id": _id("id"),
        "target_id": _id("target_id"),
        "started_at": _ago("started_at"),
        "ended_at": _ago("ended_at"),
        "cause_id": _id("cause_id"),
    },
}  # fmt: skip
_COLUMNS = """
    select attname from pg_attribute
    where attrelid = %s::regclass and attnum > 0 and not attisdropped and attgenerated = '' and attidentity = ''
    order by attnum
"""


def multiply(db: Database, copies: int, days: float) -> None:
    """Adds `copies` copies of everything, back over `days` days: more of them the nearer they are to now."""
    if not copies:
        return
    with db.session() as conn:
        conn.execute("set synchronous_commit = off")
        conn.execute(_BEFORE)
        conn.execute(_MEMBERS)
        most = _renumber(conn, copies)
        inserts = [_insert(conn, table) for table in _TABLES]
        for n in range(copies, 0, -1):
            ago = timedelta(days=days * (n / copies) ** 2)
            values = {"n": n, "ms": round(ago.total_seconds() * 1000), "ago": ago, "most": most}
            for insert in inserts:
                conn.execute(insert, values)
        conn.execute("drop schema bench cascade")


def _renumber(conn: Connection, copies: int) -> int:
    """Makes room for the copies below the changes there are; returns how many numbers one copy takes."""
    row = conn.execute("select seq from feed").fetchone()
    most = int(row[0]) if row else 0
    conn.execute("update change set seq = seq + %s", (copies * most,))
    conn.execute("update feed set seq = seq + %s", (copies * most,))
    return most


def _insert(conn: Connection, table: str) -> str:
    """The statement that copies one table, out of a snapshot of it."""
    conn.execute(f"create unlogged table bench.{table} as table {table}")
    columns = [name for (name,) in conn.execute(_COLUMNS, (table,))]
    values = [_TABLES[table].get(name, f"s.{name}") for name in columns]
    joined = " join bench.members m on m.cluster = s.id" if table == "golden" else ""
    return f"insert into {table} ({', '.join(columns)}) select {', '.join(values)} from bench.{table} s{joined}"
