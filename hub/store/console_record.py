"""Golden records as the console lists and shows them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from hub.store import near, scope
from hub.store.database import Database
from hub.store.place import Place
from hub.store.timeline import AT


@dataclass(frozen=True, slots=True)
class GoldenRow:
    """One line of a list; `sources`: names of the connections that know it."""

    id: uuid.UUID
    realm: str
    kind: str
    version: int
    lifecycle: str
    data: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    sources: list[str]


_SOURCES = """array(select distinct c.name from record r join connection c on c.id = r.connection_id
    where r.cluster = g.id and r.state in (1, 2) order by 1)"""
# One ordered index scan per realm, then a merge of a few rows: as fast with many realms as with one.
_LIST = """
select g.id, g.realm, g.kind, g.version, g.lifecycle, g.data, g.created_at, g.updated_at, {sources}
from (
    select g.* from unnest(%(realms)s::text[]) as t(realm) cross join lateral (
        select * from golden g where g.realm = t.realm and g.kind = %(kind)s {fits}
        order by g.id {direction} limit %(limit)s) g
    order by g.id {direction} limit %(limit)s) g
order by g.id {direction}
"""


# Those that one system knows, by its own records: it may know a hundred out of a million.
_LIST_OF_CONNECTION = """
select g.id, g.realm, g.kind, g.version, g.lifecycle, g.data, g.created_at, g.updated_at, {sources}
from (
    select distinct on (r.cluster) g.* from record r join golden g on g.id = r.cluster
    where r.connection_id = (select id from connection where name = %(connection)s) and r.kind = %(kind)s
        and g.kind = %(kind)s and g.realm = any(%(realms)s) {fits}
    order by r.cluster {direction} limit %(limit)s) g
order by g.id {direction}
"""


@dataclass(frozen=True, slots=True)
class Filter:
    """What to list: golden records of `kind` in `realms`, by lifecycle and by a connection that knows them.

    `limits`: realm -> external ids of the only locations whose records are listed there. `place`: the one location
    whose records are wanted (None: any). `day`: first and last moment (not in it) as canonical text, of when it
    happened. `floor`: made since, by the smallest id. `states`: field -> the values wanted, `none` for no value.
    `is_low`: stock below its safety stock only. `is_near`: found from the locations (`near.is_few`). `told`: found from
    the feed since then, which must hold all that is wanted.
    """

    kind: str
    realms: list[str]
    lifecycle: str = ""
    connection: str = ""
    before: uuid.UUID | None = None
    after: uuid.UUID | None = None
    limits: dict[str, list[str]] = field(default_factory=dict)
    place: Place | None = None
    day: tuple[str, str] | None = None
    floor: uuid.UUID | None = None
    states: tuple[tuple[str, tuple[str, ...]], ...] = ()
    is_low: bool = False
    is_near: bool = False
    told: datetime | None = None


# What is there and not promised to anybody, less than what should always be there.
LOW = """coalesce((g.data ->> 'on_hand')::numeric - coalesce((g.data ->> 'reserved')::numeric, 0)
    < (g.data ->> 'safety')::numeric, false)"""


def conditions(wish: Filter) -> tuple[list[str], dict[str, Any]]:
    """The conditions on golden record `g` that a filter makes, and their parameters; paging is the list's."""
    fits: list[str] = []
    values: dict[str, Any] = {"kind": wish.kind, "realms": wish.realms, "since": wish.floor}
    if wish.lifecycle:
        # The second half names the index of the few, also to a plan that is made without the value.
        fits.append(
            "g.lifecycle = %(lifecycle)s" + (" and g.lifecycle <> 'active'" if wish.lifecycle != "active" else "")
        )
        values["lifecycle"] = wish.lifecycle
    if wish.connection:
        fits.append(
            "exists (select 1 from record r join connection c on c.id = r.connection_id"
            " where r.cluster = g.id and c.name = %(connection)s)"
        )
        values["connection"] = wish.connection
    if wish.floor:
        fits.append("g.id >= %(floor)s")
        values["floor"] = wish.floor
    for number, (name, wanted) in enumerate(wish.states):
        fits.append(f"coalesce(g.data ->> %(state{number})s, 'none') = any(%(states{number})s)")
        values |= {f"state{number}": name, f"states{number}": list(wanted)}
    if wish.day:
        fits.append(f"{AT} >= %(day_from)s and {AT} < %(day_until)s")
        values |= {"day_from": wish.day[0], "day_until": wish.day[1]}
    if wish.is_low:
        fits.append(LOW)
    if wish.limits:
        fits.append(scope.limited(wish.kind))
        values["limits"] = scope.written(wish.limits)
    if wish.place is not None:
        fits.append(scope.at_place(wish.kind))
        values |= {"place": scope.keys_json(wish.place.keys), "rids": list(wish.place.rids)}
    if wish.told is not None:
        fits.append("g.id = any(array(select c.golden_id from change c where c.at >= %(told)s and c.kind = %(kind)s))")
        values["told"] = wish.told
    if wish.is_near:
        fits.append(near.condition(wish.kind, _rids(wish)))
    return fits, values


def _rids(wish: Filter) -> tuple[uuid.UUID, ...] | None:
    return wish.place.rids if wish.place else None


def list_golden(db: Database, wish: Filter, limit: int) -> list[GoldenRow]:
    """Golden records, the newest ids first, at most `limit`."""
    if wish.limits or wish.place:
        with db.session() as conn:
            wish = replace(wish, is_near=near.is_few(conn, wish.kind, wish.realms, wish.limits, _rids(wish)))
    fits, values = conditions(replace(wish, connection=""))
    key, listed = ("r.cluster", _LIST_OF_CONNECTION) if wish.connection else ("g.id", _LIST)
    if wish.before:
        fits.append(f"{key} < %(before)s")
    if wish.after:
        fits.append(f"{key} > %(after)s")
    direction = "asc" if wish.after else "desc"
    sql = listed.format(sources=_SOURCES, direction=direction, fits="".join(f" and {part}" for part in fits))
    values |= {"before": wish.before, "after": wish.after, "limit": limit, "connection": wish.connection}
    rows = [_golden(db, row) for row in db.all(sql, values)]
    return rows[::-1] if wish.after else rows


def all_realms(db: Database) -> list[str]:
    """Every realm that has a connection."""
    return [realm for (realm,) in db.all("select distinct realm from connection order by realm")]


def kinds_in_use(db: Database, realms: list[str]) -> set[str]:
    """The kinds that have at least one golden record in these realms, found by skipping along the index."""
    sql = """
    with recursive found(realm, kind) as (
        select t.realm, (select min(g.kind) from golden g where g.realm = t.realm) from unnest(%s::text[]) as t(realm)
        union all
        select f.realm, (select min(g.kind) from golden g where g.realm = f.realm and g.kind > f.kind)
        from found f where f.kind is not null)
    select distinct kind from found where kind is not null
    """
    return {kind for (kind,) in db.all(sql, (realms,))}


_ONE = f"""
select g.id, g.realm, g.kind, g.version, g.lifecycle, g.data, g.created_at, g.updated_at, {_SOURCES}
from record r join golden g on g.id = r.cluster where r.rid = %s
"""  # noqa: S608 -- a constant of this module


def _golden(db: Database, row: tuple[Any, ...]) -> GoldenRow:
    id_, realm, kind, version, lifecycle, data, *rest = row
    return GoldenRow(id_, realm, kind, version, lifecycle, db.upcasts.data(kind, data), *rest)


def golden_of(db: Database, rid: uuid.UUID) -> GoldenRow | None:
    """The golden record that this id belongs to now: any id ever given still leads there."""
    row = db.one(_ONE, (rid,))
    return _golden(db, row) if row else None


_MANY = f"""
select g.id, g.realm, g.kind, g.version, g.lifecycle, g.data, g.created_at, g.updated_at, '{{}}'::text[]
from golden g where g.id = any(%(ids)s) and g.realm = any(%(realms)s) and g.lifecycle <> 'erased'
and {scope.limited()} order by g.id desc limit %(limit)s
"""  # noqa: S608 -- constants of this package


def golden_of_ids(
    db: Database, ids: list[uuid.UUID], realms: list[str], limits: scope.Limits, limit: int
) -> list[GoldenRow]:
    """These golden records as far as they lie in these realms and locations, newest first, without their sources."""
    values = {"ids": ids, "realms": realms, "limits": scope.written(limits), "limit": limit}
    return [_golden(db, row) for row in db.all(_MANY, values)] if ids else []


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One system's record of a cluster. `state`: 0 stub, 1 live, 2 deleted, 3 superseded."""

    rid: uuid.UUID
    connection: str
    object_type: str
    external_id: str
    state: int
    is_parked: bool
    last_event: uuid.UUID | None
    last_event_at: datetime | None
    created_at: datetime
    extensions: dict[str, Any]


_SOURCE_ROWS = """
select r.rid, c.name, r.object_type, r.external_id, r.state, r.parked, r.last_event, r.last_event_at, r.created_at,
       coalesce(r.fold -> 'v' -> '~ext', '{}')
from record r join connection c on c.id = r.connection_id
where r.cluster = %s order by r.rid limit 100
"""


def sources_of(db: Database, golden_id: uuid.UUID) -> list[SourceRow]:
    """The records behind a golden record, oldest first."""
    return [SourceRow(*row) for row in db.all(_SOURCE_ROWS, (golden_id,))]


@dataclass(frozen=True, slots=True)
class Child:
    """A golden record that refers to another one by `field`."""

    id: uuid.UUID
    kind: str
    field: str
    lifecycle: str
    data: dict[str, Any]
    created_at: datetime


_CHILDREN = """
select distinct on (k.cluster) k.cluster, g.kind, f.field, g.lifecycle, g.data, g.created_at
from record r join reference f on f.parent = r.rid join record k on k.rid = f.child join golden g on g.id = k.cluster
where r.cluster = %s order by k.cluster desc limit %s
"""


def children_of(db: Database, golden_id: uuid.UUID, limit: int = 100) -> list[Child]:
    """What refers to it (an order's payments, a customer's orders), newest first."""
    return [
        Child(id_, kind, db.upcasts.name(kind, name), lifecycle, db.upcasts.data(kind, data), created_at)
        for id_, kind, name, lifecycle, data, created_at in db.all(_CHILDREN, (golden_id, limit))
    ]


@dataclass(frozen=True, slots=True)
class Linked:
    """The golden record behind a source key."""

    connection: str
    object_type: str
    external_id: str
    kind: str
    golden_id: uuid.UUID
    data: dict[str, Any]


_LINKED = """
select c.name, r.object_type, r.external_id, r.kind, r.cluster, g.data
from unnest(%s::text[], %s::text[], %s::text[]) as k(c, o, e)
join connection c on c.name = k.c
join record r on r.connection_id = c.id and r.object_type = k.o and r.external_id = k.e
join golden g on g.id = r.cluster
"""


def linked(db: Database, keys: list[tuple[str, str, str]]) -> list[Linked]:
    """Resolves source keys (connection, object type, external id); unknown ones are missing from the answer."""
    if not keys:
        return []
    rows = db.all(_LINKED, [list(part) for part in zip(*keys, strict=True)])
    found = [Linked(*row) for row in rows]
    return [replace(one, data=db.upcasts.data(one.kind, one.data)) for one in found]
