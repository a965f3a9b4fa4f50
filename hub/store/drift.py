"""What changed in what systems send: one row per connection, stream, change and path, with what was decided on it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import orjson

from hub.store.database import Connection, new_id, upcasts_of

STATES: Final = ("open", "ignored", "accepted", "over")
MOST_EVENTS: Final = 5


@dataclass(frozen=True, slots=True)
class Drift:
    """One change. `what`: new, gone, type, value, null; `words`: hash of a new word -> an event that holds it.

    `events`: some in which it was seen, newest last; `episode`: new each time it opens; `mapped_in`: the release whose
    rules take it up, as those did not that were in force when it opened.
    """

    id: uuid.UUID
    connection_id: int
    stream: str
    what: str
    path: str
    state: str
    mask: int
    words: dict[str, str]
    count: int
    quiet: int
    first_at: datetime
    last_at: datetime
    first_event: uuid.UUID | None
    events: list[uuid.UUID]
    episode: uuid.UUID
    decided_at: datetime | None
    decided_by: str | None
    reason: str | None
    mapped_in: int | None


_COLUMNS = ", ".join(f"d.{name}" for name in Drift.__dataclass_fields__)

# What was over or goes further than was accepted opens again; what is ignored only counts.
_SEE = f"""
    insert into drift as d (id, connection_id, stream, what, path, mask, words, count, first_event, events, episode)
    values (%(id)s, %(connection)s, %(stream)s, %(what)s, %(path)s, %(mask)s, %(words)s::jsonb, %(count)s, %(first)s,
        %(events)s::uuid[], %(episode)s)
    on conflict (connection_id, stream, what, path) do update set
        count = d.count + excluded.count, last_at = clock_timestamp(), mask = d.mask | excluded.mask, quiet = 0,
        words = case when (select count(*) from jsonb_object_keys(d.words)) < 50 then d.words || excluded.words else d.words end,
        events = (d.events || excluded.events)[greatest(1, cardinality(d.events || excluded.events) - {MOST_EVENTS - 1}):],
        first_event = case when d.state = 'open' then d.first_event else excluded.first_event end,
        first_at = case when d.state = 'open' then d.first_at else clock_timestamp() end,
        episode = case when d.state in ('open', 'ignored') then d.episode else excluded.episode end,
        mapped_in = case when d.state in ('open', 'ignored') then d.mapped_in end,
        state = case when d.state = 'ignored' then 'ignored' else 'open' end
    returning {_COLUMNS}, d.episode = %(episode)s
"""  # noqa: S608 -- constant text


def see(
    conn: Connection,
    connection_id: int,
    stream: str,
    what: str,
    path: str,
    *,
    count: int,
    events: Sequence[uuid.UUID],
    mask: int = 0,
    words: Mapping[str, str] | None = None,
) -> tuple[Drift, bool]:
    """Counts a change in; returns it, and whether it opened just now (for the first time, or again)."""
    values = {
        "id": new_id(), "connection": connection_id, "stream": stream, "what": what, "path": path, "mask": mask,
        "words": orjson.dumps(dict(words or {})).decode(), "count": count, "first": events[0] if events else None,
        "events": list(events[-MOST_EVENTS:]), "episode": new_id(),
    }  # fmt: skip
    row = conn.execute(_SEE, values).fetchone()
    assert row is not None  # noqa: S101 -- an upsert with returning yields its row
    return Drift(*row[:-1]), bool(row[-1])


def quiet(conn: Connection, drift_id: uuid.UUID, length: int) -> None:
    """Notes how often in a row the place was as before."""
    conn.execute("update drift set quiet = %s where id = %s and state = 'open'", (length, drift_id))


def end(conn: Connection, drift_id: uuid.UUID) -> bool:
    """It is as before again; False when it was not open."""
    return conn.execute("update drift set state = 'over' where id = %s and state = 'open'", (drift_id,)).rowcount > 0


def decide(conn: Connection, drift_id: uuid.UUID, state: str, by: str, reason: str) -> None:
    """Records a person's decision, and makes the workers look at it again."""
    conn.execute(
        "update drift set state = %s, decided_at = clock_timestamp(), decided_by = %s, reason = %s where id = %s",
        (state, by, reason, drift_id),
    )
    touch(conn, drift_id)


def unmapped(conn: Connection, connection_id: int | None = None, stream: str = "") -> list[tuple[Drift, int | None]]:
    """Changes that rules may take up and did not yet, of one stream or of all, with the release in force when each opened."""
    sql = f"""
        select {_COLUMNS}, (select a.release_id from release_activation a where a.at <= d.first_at order by a.at desc limit 1)
        from drift d where d.state in ('open', 'accepted') and d.mapped_in is null and d.what in ('new', 'gone', 'value')
          and (%(connection)s::integer is null or (d.connection_id = %(connection)s and d.stream = %(stream)s))
        order by d.id
    """  # noqa: S608 -- constant text
    rows = conn.execute(sql, {"connection": connection_id, "stream": stream})
    return [(_read(conn, row[:-1]), row[-1]) for row in rows]


def mapped(conn: Connection, drift_id: uuid.UUID, release_id: int) -> bool:
    """Notes that a release takes a change up, which is accepted thereby if nobody did; False when that was noted before."""
    row = conn.execute(
        "update drift set mapped_in = %(release)s, state = 'accepted',"
        " decided_at = case when state = 'open' then clock_timestamp() else decided_at end,"
        " decided_by = case when state = 'open' then 'hub' else decided_by end,"
        " reason = case when state = 'open' then '' else reason end"
        " where id = %(id)s and state in ('open', 'accepted') and mapped_in is null returning true",
        {"id": drift_id, "release": release_id},
    ).fetchone()
    if row is not None:
        touch(conn, drift_id)
    return row is not None


def touch(conn: Connection, drift_id: uuid.UUID) -> None:
    """Tells the workers that what they know of this connection's rulings is old."""
    conn.execute(
        "update drift_shape set version = version + 1 where connection_id = (select connection_id from drift where id = %s)",
        (drift_id,),
    )


def read(conn: Connection, drift_id: uuid.UUID, *, lock: bool = False) -> Drift | None:
    """One change; None when there is none of that id."""
    sql = f"select {_COLUMNS} from drift d where id = %s{' for update' if lock else ''}"  # noqa: S608 -- constant text
    row = conn.execute(sql, (drift_id,)).fetchone()
    return _read(conn, row) if row else None


def of_stream(conn: Connection, connection_id: int, stream: str) -> list[Drift]:
    """All that is known of one stream of a connection."""
    sql = f"select {_COLUMNS} from drift d where connection_id = %s and stream = %s order by id"  # noqa: S608 -- constant text
    return [_read(conn, row) for row in conn.execute(sql, (connection_id, stream))]


def _read(conn: Connection, row: Sequence[Any]) -> Drift:
    found = Drift(*row)
    # Of a field that turned null the stream is the kind.
    return replace(found, path=_today(conn, found.stream, found.path)) if found.what == "null" else found


def _today(conn: Connection, kind: str, path: str) -> str:
    head, dot, rest = path.partition(".")
    return f"{upcasts_of(conn).name(kind, head)}{dot}{rest}"


_PAGE = f"""
    select {_COLUMNS} from drift d join connection c on c.id = d.connection_id
    where (%(state)s = '' or d.state = %(state)s) and (%(connection)s = '' or c.name = %(connection)s)
      and (%(realms)s::text[] is null or c.realm = any(%(realms)s))
      and (%(before)s::uuid is null or d.id < %(before)s) and (%(after)s::uuid is null or d.id > %(after)s)
"""  # noqa: S608 -- constant text


def page(
    conn: Connection,
    *,
    state: str = "open",
    connection: str = "",
    realms: Sequence[str] | None = None,
    before: uuid.UUID | None = None,
    after: uuid.UUID | None = None,
    limit: int = 50,
) -> list[Drift]:
    """Changes newest first, below `before` or just above `after`; `state` and `connection` "" for all, `realms` None for all."""
    values: dict[str, Any] = {
        "state": state, "connection": connection, "realms": None if realms is None else list(realms),
        "before": before, "after": after, "limit": limit,
    }  # fmt: skip
    order = "asc" if after is not None else "desc"
    found = [_read(conn, row) for row in conn.execute(f"{_PAGE} order by d.id {order} limit %(limit)s", values)]
    return found[::-1] if after is not None else found


_NULLED = f"""
    select {_COLUMNS} from drift d where what = 'null' and stream = any(%s)
      and (state = 'open' or (state = 'over' and last_at > clock_timestamp() - interval '7 days'))
    order by id
"""  # noqa: S608 -- constant text


def nulled(conn: Connection, kinds: Sequence[str]) -> list[Drift]:
    """Fields of these kinds that turned null: those that still are, and those whose records may still be on their way."""
    return [_read(conn, row) for row in conn.execute(_NULLED, (list(kinds),))]


_TOUCHED = """
    select r.cluster, bool_or(exists (select from unnest(%(names)s::text[]) as n where v.asserted -> n = 'null'::jsonb))
    from (select * from record where cluster = any(%(clusters)s) offset 0) r join version v on v.rid = r.rid
    where r.connection_id = %(connection)s and r.kind = %(kind)s and v.event_id >= %(first)s
      and (%(last)s::uuid is null or v.event_id <= %(last)s)
    group by r.cluster
"""


def touched(conn: Connection, found: Drift, clusters: Sequence[uuid.UUID]) -> dict[uuid.UUID, bool]:
    """Of these clusters, those with a record that the source sent since its field turned null -> whether it gave null then."""
    last = None if found.state == "open" or not found.events else found.events[-1]
    values = {
        "clusters": list(clusters), "names": upcasts_of(conn).names_of(found.stream, found.path),
        "connection": found.connection_id, "kind": found.stream,
        "first": found.first_event, "last": last,
    }  # fmt: skip
    return {cluster: bool(null) for cluster, null in conn.execute(_TOUCHED, values)}


_GIVEN = """
    select r.cluster, (select jsonb_object_agg(e.key, e.value) from jsonb_each(v.asserted) as e
        where split_part(e.key, e'\\x1f', 1) = any(%(names)s))
    from (select * from record where cluster = any(%(clusters)s) offset 0) r join version v on v.rid = r.rid
    where r.connection_id = %(connection)s and r.kind = %(kind)s and v.event_id >= %(first)s
      and (%(last)s::uuid is null or v.event_id <= %(last)s)
"""


def given(conn: Connection, found: Drift, clusters: Sequence[uuid.UUID]) -> list[tuple[uuid.UUID, Any]]:
    """Of these clusters, what the source gave since something inside a field turned null: (cluster, value of the field).

    A list whose elements have an identity comes as the list of those that were named.
    """
    head = found.path.partition(".")[0]
    upcasts = upcasts_of(conn)
    values = {
        "clusters": list(clusters), "names": upcasts.names_of(found.stream, head), "connection": found.connection_id,
        "kind": found.stream, "first": found.first_event,
        "last": None if found.state == "open" or not found.events else found.events[-1],
    }  # fmt: skip
    rows = conn.execute(_GIVEN, values)
    return [(cluster, _value(upcasts.flat(found.stream, flat or {}), head)) for cluster, flat in rows]


def _value(flat: Mapping[str, Any], head: str) -> Any:
    return flat[head] if head in flat else [value for value in flat.values() if value is not None]


def field_of(conn: Connection, episode: uuid.UUID | None) -> str:
    """The field that, or of which something, turned null in an episode; "" when it has begun another since."""
    sql = "select stream, path from drift where episode = %s and what = 'null'"
    row = conn.execute(sql, (episode,)).fetchone()
    return _today(conn, row[0], row[1]).partition(".")[0] if row else ""


def open_nulls(conn: Connection) -> set[tuple[int, str, str]]:
    """(connection id, kind, field) of all that turned null and still is."""
    sql = "select connection_id, stream, path from drift where what = 'null' and state = 'open'"
    return {(connection_id, kind, _today(conn, kind, path)) for connection_id, kind, path in conn.execute(sql)}
