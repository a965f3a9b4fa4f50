"""Which stored events a replay is about, and what it changed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.store.database import Connection, upcasts_of


@dataclass(frozen=True, slots=True)
class Selection:
    """Events by connection, time of receipt and status (`done`, `quarantined`; None: both), or by id."""

    connection_id: int | None = None
    since: datetime | None = None
    status: str | None = None
    ids: tuple[uuid.UUID, ...] = ()


_FILTER = """
    (%(connection)s::integer is null or e.connection_id = %(connection)s)
    and (%(since)s::timestamptz is null or e.received_at >= %(since)s)
    and (cardinality(%(ids)s::uuid[]) = 0 or e.id = any(%(ids)s))
"""


def _params(selection: Selection) -> dict[str, Any]:
    return {"connection": selection.connection_id, "since": selection.since, "ids": list(selection.ids)}


def done_events(conn: Connection, selection: Selection, after: uuid.UUID | None, limit: int) -> list[uuid.UUID]:
    """Ids of done events of the selection, oldest first, after `after`."""
    sql = f"""
        select e.id from event e where {_FILTER} and (%(after)s::uuid is null or e.id > %(after)s)
        and not exists (select from event_work w where w.id = e.id) order by e.id limit %(limit)s
    """  # noqa: S608 -- constant filter
    found = conn.execute(sql, {**_params(selection), "after": after, "limit": limit})
    return [id_ for (id_,) in found]


def count(conn: Connection, selection: Selection) -> int:
    """How many done events a replay of the selection would put back."""
    if selection.status not in (None, "done"):
        return 0
    sql = f"select count(*) from event e where {_FILTER} and not exists (select from event_work w where w.id = e.id)"  # noqa: S608
    row = conn.execute(sql, _params(selection)).fetchone()
    return int(row[0]) if row else 0


def quarantined_events(conn: Connection, selection: Selection) -> list[uuid.UUID]:
    """Ids of quarantined events of the selection, oldest first."""
    sql = f"select e.id from event_work w join event e on e.id = w.id where w.state = 1 and {_FILTER} order by e.id"  # noqa: S608
    return [id_ for (id_,) in conn.execute(sql, _params(selection))]


def positions(conn: Connection) -> tuple[int, int]:
    """The last feed sequence number and the last mark."""
    row = conn.execute("select (select seq from feed), coalesce((select max(id) from resolve_work), 0)").fetchone()
    assert row is not None  # noqa: S101 -- a select without from yields its row
    return row[0], row[1]


def dirty_counts(conn: Connection) -> dict[int, int]:
    """Per connection: the sum of marks its targets ever had."""
    return dict(conn.execute("select connection_id, sum(dirty_seq)::bigint from target group by 1").fetchall())


def changes_after(conn: Connection, seq: int) -> list[dict[str, Any]]:
    """What the feed got since: `{"golden_id", "kind", "type", "fields", "before", "after"}`."""
    rows: Sequence[tuple[Any, ...]] = conn.execute(
        "select golden_id, kind, type, fields, before, after from change where seq > %s order by seq", (seq,)
    ).fetchall()
    names = ("golden_id", "kind", "type", "fields", "before", "after")
    upcasts = upcasts_of(conn)
    return [dict(zip(names, (*row[:3], *upcasts.change(row[1], *row[3:])), strict=True)) for row in rows]
