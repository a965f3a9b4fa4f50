"""Events as the console lists and shows them. Paged by id: ids begin with the time of receipt."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.store.about import CAP
from hub.store.database import Database

STATUSES = ("pending", "quarantined", "parked", "done", "duplicate")

_ROW = """
select e.id, c.name, c.realm, e.topic, e.origin, e.received_at, e.size, e.lane,
       case when w.state = 1 then 'quarantined' when w.state = 0 then 'pending'
            when v.is_parked then 'parked' else 'done' end,
       v.records, v.external_id, k.duplicates
from {source} join connection c on c.id = e.connection_id
left join event_key k on k.connection_id = e.connection_id and k.hash = e.key_hash
left join lateral (
    select count(*) as records, min(r.external_id) as external_id, bool_or(r.parked and r.last_event = e.id) as is_parked
    from version x join record r on r.rid = x.rid where x.event_id = e.id) v on true
"""
_OF_CONNECTION = " and e.connection_id = (select id from connection where name = %(connection)s)"
_EVERY = "event e left join event_work w on w.id = e.id"
_AT_WORK = "event_work w join event e on e.id = w.id"
# Each status starts from the smallest table that knows it, so that a million done events cost nothing.
_SOURCES = {
    "pending": (_AT_WORK, "w.state = 0"),
    "quarantined": (_AT_WORK, "w.state = 1"),
    "parked": (
        """(select distinct last_event as id from record where parked) p
            join event e on e.id = p.id left join event_work w on w.id = e.id""",
        "w.id is null",
    ),
    "done": (_EVERY, "w.id is null and v.is_parked is not true"),
    "duplicate": (
        "event_key d join event e on e.id = d.event_id left join event_work w on w.id = e.id",
        "d.duplicates > 0",
    ),
    "": (_EVERY, "true"),
}


@dataclass(frozen=True, slots=True)
class EventRow:
    """One line of the list. `records`: how many records it touched."""

    id: uuid.UUID
    connection: str
    realm: str
    topic: str
    origin: str
    received_at: datetime
    size: int
    lane: int
    status: str
    records: int
    external_id: str | None
    duplicates: int | None


@dataclass(frozen=True, slots=True)
class Filter:
    """What to list. `realms` None: all. `before`/`after`: the id to go on from, towards older / newer."""

    status: str = ""
    connection: str = ""
    since: uuid.UUID | None = None
    realms: list[str] | None = None
    before: uuid.UUID | None = None
    after: uuid.UUID | None = None


def list_events(db: Database, wish: Filter, limit: int) -> list[EventRow]:
    """Events newest first, at most `limit`."""
    source, fits = _SOURCES[wish.status]
    direction = "asc" if wish.after else "desc"
    sql = (
        _ROW.format(source=source)
        + f" where {fits}"
        + (_OF_CONNECTION if wish.connection else "")
        + (" and c.realm = any(%(realms)s)" if wish.realms is not None else "")
        + (" and e.id >= %(since)s" if wish.since else "")
        + (" and e.id < %(before)s" if wish.before else "")
        + (" and e.id > %(after)s" if wish.after else "")
        + f" order by e.id {direction} limit %(limit)s"
    )
    values: dict[str, Any] = {
        "connection": wish.connection,
        "realms": wish.realms,
        "since": wish.since,
        "before": wish.before,
        "after": wish.after,
        "limit": limit,
    }
    if wish.status == "quarantined" and (few := _few_set_aside(db, wish, direction, values)) is not None:
        sql = _ROW.format(source=source) + f" where {fits} and e.id = any(%(few)s) order by e.id {direction}"
        values = {"few": few}
    rows = [EventRow(*row) for row in db.all(sql, values)]
    return rows[::-1] if wish.after else rows


def _few_set_aside(db: Database, wish: Filter, direction: str, values: dict[str, Any]) -> list[uuid.UUID] | None:
    """The ids to show of what was set aside; None when so much was that going through the work by id finds some at once.

    By id one goes first through all that was worked off lately and is not yet cleared away. The order within is that of the
    index of what was set aside, which so is the one that is read.
    """
    of_connections = " and w.connection_id in (select c.id from connection c where true"
    of_connections += " and c.name = %(connection)s" if wish.connection else ""
    of_connections += " and c.realm = any(%(realms)s))" if wish.realms is not None else ")"
    sql = f"""with few as materialized (select w.id from event_work w where w.state = 1
        {of_connections if wish.connection or wish.realms is not None else ""} order by w.connection_id, w.cause, w.id limit {CAP})
        select (select count(*) from few), array(select id from few where (%(before)s::uuid is null or id < %(before)s)
        and (%(after)s::uuid is null or id > %(after)s) and (%(since)s::uuid is null or id >= %(since)s)
        order by id {direction} limit %(limit)s)"""  # noqa: S608 -- constants of this module
    count, ids = db.all(sql, values)[0]
    return ids if count < CAP else None


def rows_of(db: Database, ids: list[uuid.UUID]) -> list[EventRow]:
    """These events as the list shows them, newest first."""
    sql = _ROW.format(source=_EVERY) + " where e.id = any(%s) order by e.id desc"
    return [EventRow(*row) for row in db.all(sql, (ids,))]


@dataclass(frozen=True, slots=True)
class EventDetail:
    """One event without its body. `problem` and `failed_at` when it stands in quarantine."""

    id: uuid.UUID
    connection: str
    realm: str
    connector: str
    topic: str
    origin: str
    lane: int
    received_at: datetime
    key_no: int | None
    size: int
    sha256: bytes
    headers: dict[str, Any]
    has_body: bool
    state: int | None
    attempts: int | None
    problem: dict[str, Any] | None
    failed_at: datetime | None
    duplicates: int
    last_duplicate_at: datetime | None


_DETAIL = """
select e.id, c.name, c.realm, c.connector, e.topic, e.origin, e.lane, e.received_at, e.key_no, e.size, e.sha256, e.headers,
       exists (select 1 from event_secret s where s.id = e.id), w.state, w.attempts, w.problem, w.failed_at,
       coalesce(k.duplicates, 0), k.last_duplicate_at
from event e join connection c on c.id = e.connection_id left join event_work w on w.id = e.id
left join event_key k on k.connection_id = e.connection_id and k.hash = e.key_hash
where e.id = %s
"""


def event_detail(db: Database, event_id: uuid.UUID) -> EventDetail | None:
    """One event; None when there is none with that id (or it was purged)."""
    row = db.one(_DETAIL, (event_id,))
    return EventDetail(*row) if row else None


@dataclass(frozen=True, slots=True)
class Touched:
    """A record that an event spoke about, and what it said of it (`asserted`, flat)."""

    rid: uuid.UUID
    kind: str
    object_type: str
    external_id: str
    golden_id: uuid.UUID
    is_parked: bool
    release_id: int
    asserted: dict[str, Any]
    has_golden: bool


_TOUCHED = """
select r.rid, r.kind, r.object_type, r.external_id, r.cluster, r.parked, v.release_id, v.asserted, g.id is not null
from version v join record r on r.rid = v.rid left join golden g on g.id = r.cluster
where v.event_id = %s order by r.kind, r.external_id limit 50
"""


def touched_by(db: Database, event_id: uuid.UUID) -> list[Touched]:
    """The records the event spoke about, at most 50."""
    found = [Touched(*row) for row in db.all(_TOUCHED, (event_id,))]
    return [replace(one, asserted=db.upcasts.flat(one.kind, one.asserted)) for one in found]


# The state of a target in one word, as the console shows it.
TARGET_STATE = """case when t.state <> 'due' then t.state when t.plan_id is not null then 'held'
    when t.lease_until > now() then 'sending' when t.dirty_seq <= t.done_seq and t.verify_at is null then 'sent'
    when t.failures > 0 then 'retry' else 'due' end"""


@dataclass(frozen=True, slots=True)
class Caused:
    """A delivery that the event caused: where to, how far it is, and the last attempt for it (None: not tried yet)."""

    target_id: uuid.UUID
    connection: str
    kind: str
    state: str
    external_id: str | None
    dirty_at: datetime
    tried_at: datetime | None
    outcome: str | None
    error: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One row of the feed that the event caused, also of what was derived from a record it spoke about."""

    golden_id: uuid.UUID
    kind: str
    type: str
    version: int
    fields: list[str]
    before: dict[str, Any]
    after: dict[str, Any]


# The feed is found through the entities that the event can have moved: those it spoke about, and what these belong
# to. So the feed needs no index by its cause, which every change would pay for.
_MOVED = """
with recursive moved(cluster, depth) as (
    select r.cluster, 0 from record r where r.rid = any(%(rids)s)
    union
    select p.cluster, m.depth + 1 from moved m join record r on r.cluster = m.cluster
        join reference f on f.child = r.rid join record p on p.rid = f.parent where m.depth < 3),
member as (select r.rid from record r where r.cluster in (select cluster from moved))
"""

_FEED = f"""{_MOVED}
select c.golden_id, c.kind, c.type, c.version, c.fields, coalesce(c.before, '{{}}'), coalesce(c.after, '{{}}')
from change c where c.golden_id in (select rid from member) and c.cause = 'event' and c.cause_id = %(event)s
order by c.seq limit 100
"""  # noqa: S608 -- a constant of this module


def changes_of(db: Database, event_id: uuid.UUID, rids: list[uuid.UUID]) -> list[FeedRow]:
    """What the event changed in golden records, in order; `rids` are the records it spoke about. At most 100."""
    found = []
    for id_, kind, type_, version, *changed in db.all(_FEED, {"event": event_id, "rids": rids}):
        fields, before, after = db.upcasts.change(kind, *changed)
        found.append(FeedRow(id_, kind, type_, version, fields, before or {}, after or {}))
    return found


_CAUSED = f"""{_MOVED}
select t.id, c.name, t.kind, {TARGET_STATE}, p.external_id, t.dirty_at, a.started_at, a.outcome, a.error
from target t join connection c on c.id = t.connection_id left join record p on p.rid = t.rid
left join lateral (select started_at, outcome, error from attempt where target_id = t.id and cause_id = %(event)s
                   and action in ('create', 'update', 'delete') order by id desc limit 1) a on true
where t.owner_rid in (select rid from member) and (t.cause_id = %(event)s or a.started_at is not null)
order by t.id limit 50
"""  # noqa: S608 -- constants of this module


def deliveries_of(db: Database, event_id: uuid.UUID, rids: list[uuid.UUID]) -> list[Caused]:
    """What was sent, or is due, because of the event; what a later change took along is not among it."""
    return [Caused(*row) for row in db.all(_CAUSED, {"event": event_id, "rids": rids})]


def event_before(db: Database, event_id: uuid.UUID, rids: list[uuid.UUID]) -> uuid.UUID | None:
    """The last event before that one that spoke about one of these records."""
    row = db.one(
        "select event_id from version where rid = any(%s) and event_id < %s order by event_id desc limit 1",
        (rids, event_id),
    )
    return row[0] if row else None


def releases_of(db: Database, ids: list[int]) -> dict[int, datetime]:
    """When these releases (numbers of all rules in force) were made."""
    return dict(db.all("select id, created_at from release where id = any(%s)", (ids,)))
