"""What a person needs to see of a disagreement: the items, what each record said over time, what went to and fro."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.model.upcast import Upcasts
from hub.store.database import Connection, upcasts_of

Rid = uuid.UUID
TYPES = ("conflict", "loop")


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One line of the list: an item with the golden record it is about (None: there is none any more)."""

    id: Rid
    realm: str
    type: str
    kind: str | None
    state: str
    count: int
    data: dict[str, Any]
    connection_id: int | None
    first_at: datetime
    last_at: datetime
    snoozed_until: datetime | None
    golden_id: Rid | None
    golden: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which items; `realms` None: all; one page below or above an id."""

    state: str = "open"
    type: str = ""
    realms: list[str] | None = None
    before: Rid | None = None
    after: Rid | None = None


def items(conn: Connection, wish: Filter, limit: int) -> list[ItemRow]:
    """Disagreements, the newest first, at most `limit`."""
    where = ["i.type = any(%(types)s)", "i.state = %(state)s"]
    if wish.realms is not None:
        where.append("i.realm = any(%(realms)s)")
    if wish.before:
        where.append("i.id < %(before)s")
    if wish.after:
        where.append("i.id > %(after)s")
    direction = "asc" if wish.after else "desc"
    sql = f"""
        select i.id, i.realm, i.type, i.kind, i.state, i.count, i.data, i.connection_id, i.first_at, i.last_at,
            i.snoozed_until, g.id, g.data
        from item i left join record r on r.rid = i.rid left join golden g on g.id = r.cluster
        where {" and ".join(where)} order by i.id {direction} limit %(limit)s
    """  # noqa: S608 -- constant text
    params = {
        "types": [wish.type] if wish.type else list(TYPES), "state": wish.state, "realms": wish.realms,
        "before": wish.before, "after": wish.after, "limit": limit,
    }  # fmt: skip
    rows = [_today(upcasts_of(conn), ItemRow(*row)) for row in conn.execute(sql, params)]
    return rows[::-1] if wish.after else rows


def _today(upcasts: Upcasts, row: ItemRow) -> ItemRow:
    golden = row.golden and upcasts.data(row.kind or "", row.golden)
    return replace(row, data=upcasts.about(row.kind, row.data), golden=golden)


def disputed(conn: Connection, ids: Collection[Rid]) -> set[str]:
    """The fields of these golden records that an open conflict is about."""
    sql = "select data ->> 'field' from item where type = 'conflict' and state <> 'resolved' and rid = any(%s)"
    return {name for (name,) in conn.execute(sql, (list(ids),)) if name}


@dataclass(frozen=True, slots=True)
class SaidRow:
    """What a record said (or, `is_write`, was told) of some fields; `at` in microseconds since the epoch."""

    rid: Rid
    at: int
    is_write: bool
    values: dict[str, Any]


_SAID = """
    select said.rid, r.kind, at, is_write, asserted from (
        select v.rid, v.since as at, false as is_write,
            (select jsonb_object_agg(e.key, e.value) from jsonb_each(v.asserted) e where e.key = any(%(fields)s)) as asserted
        from version v where v.rid = any(%(rids)s)
        union all
        select w.rid, (extract(epoch from w.at) * 1000000)::bigint, true,
            (select jsonb_object_agg(e.key, e.value) from jsonb_each(w.asserted) e where e.key = any(%(fields)s))
        from write w where w.rid = any(%(rids)s)) said join record r on r.rid = said.rid
    where asserted is not null order by at desc limit %(limit)s
"""


def said(conn: Connection, rids: Collection[Rid], fields: Sequence[str], limit: int = 2000) -> list[SaidRow]:
    """What these records said of these fields, and what the hub wrote there, the newest first."""
    upcasts = upcasts_of(conn)
    params = {"rids": list(rids), "fields": upcasts.formerly(fields), "limit": limit}
    found = []
    for rid, kind, at, is_write, stored in conn.execute(_SAID, params):
        values = {name: value for name, value in upcasts.flat(kind, stored).items() if name in fields}
        if values:
            found.append(SaidRow(rid, at, is_write, values))
    return found


def peer_of(conn: Connection, target_id: Rid) -> Rid | None:
    """The peer's record of a target; None while there is none."""
    row = conn.execute("select rid from target where id = %s", (target_id,)).fetchone()
    return row[0] if row else None
