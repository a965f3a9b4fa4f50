"""What the pages of mappings, policies and look-ups show of stored things: each one statement that is bounded."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.store.database import Connection, Database
from hub.store.partition import first_id
from hub.store.release import Activation

NEWEST = 2000
"""At most so many of the newest events of a connection are looked at."""


@dataclass(frozen=True, slots=True)
class TopicCount:
    """Events of one topic: `lately` among the newest of the last day, `aside` those in quarantine."""

    connection_id: int
    topic: str
    lately: int
    aside: int


# Bounds and order are those of the index by connection: by the order of ids alone the events of all others would be read.
_TOPICS = """
with fresh as (
    select c.id as connection_id, e.topic, count(*)::integer as n
    from connection c cross join lateral (
        select topic from event where (connection_id, id) >= (c.id, %(since)s)
        and (connection_id, id) <= (c.id, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        order by connection_id desc, id desc limit %(newest)s) e
    where c.id = any(%(ids)s) group by 1, 2),
aside as (
    select w.connection_id, e.topic, count(*)::integer as n from (
        select id, connection_id from event_work where state = 1 and connection_id = any(%(ids)s) limit 10000) w
    join event e on e.id = w.id group by 1, 2)
select coalesce(f.connection_id, a.connection_id), coalesce(f.topic, a.topic), coalesce(f.n, 0), coalesce(a.n, 0)
from fresh f full join aside a on a.connection_id = f.connection_id and a.topic = f.topic
"""


def topic_counts(db: Database, ids: Sequence[int]) -> list[TopicCount]:
    """What came lately, by connection and topic."""
    since = first_id(datetime.now(UTC) - timedelta(days=1))  # ids of events begin with their time of receipt
    return [TopicCount(*row) for row in db.all(_TOPICS, {"ids": list(ids), "newest": NEWEST, "since": since})]


def open_drift(db: Database, ids: Sequence[int]) -> dict[tuple[int, str], int]:
    """How many changes of structure wait for a decision, by connection and stream."""
    sql = "select connection_id, stream, count(*)::integer from drift where state = 'open' and connection_id = any(%s) group by 1, 2"
    return {(connection_id, stream): n for connection_id, stream, n in db.all(sql, (list(ids),))}


@dataclass(frozen=True, slots=True)
class Arrived:
    """One of the newest events of a connection."""

    id: uuid.UUID
    topic: str
    received_at: datetime


def newest(db: Database, connection_id: int) -> list[Arrived]:
    """The newest events of a connection, whatever their topic."""
    sql = "select id, topic, received_at from event where connection_id = %s order by id desc limit %s"
    return [Arrived(*row) for row in db.all(sql, (connection_id, NEWEST))]


@dataclass(frozen=True, slots=True)
class InForce:
    """What was put in force, newest first, and the manifest and files of the release that is."""

    history: list[Activation]
    manifest: dict[str, Any]
    files: dict[str, str]


def in_force(db: Database, limit: int = 20) -> InForce:
    """Two statements. Nothing in it before the first release."""
    sql = "select id, release_id, before, at, by, reason from release_activation order by id desc limit %s"
    history = [Activation(*row) for row in db.all(sql, (limit,))]
    row = db.one(
        "select r.manifest, r.files from setting s join release r on r.id = (s.value #>> '{}')::integer where s.key = 'release'"
    )
    return InForce(history, *(row or ({}, {})))


@dataclass(frozen=True, slots=True)
class Win:
    """In how many of the golden records looked at a connection's value of a field stands; `sample`: one of them."""

    field: str
    connection: str
    count: int
    sample: uuid.UUID
    value: Any


# The few records are read once, and the sources of their values found by id: a plain join reads every record there is.
_WINS = """
with few as materialized (
    select id, data, winners from (
        select id, data, winners, updated_at from golden where realm = any(%(realms)s) and kind = %(kind)s and lifecycle = 'active'
        order by id desc limit %(most)s) newest
    where updated_at > now() - interval '30 days'),
source as materialized (
    select r.rid::text, r.connection_id from record r
    where r.rid = any(array(select distinct w.value::uuid from few cross join lateral jsonb_each_text(winners) w))),
each as (
    select f.id, d.key, coalesce(f.winners ->> d.key, f.winners ->> '*') as rid
    from few f cross join lateral jsonb_each(f.data) d where d.value <> 'null'),
won as (
    select e.key, s.connection_id, count(*)::integer as n, min(e.id::text)::uuid as id
    from each e join source s on s.rid = e.rid group by 1, 2)
select won.key, c.name, won.n, won.id, f.data -> won.key
from won join connection c on c.id = won.connection_id join few f on f.id = won.id order by 1, 3 desc
"""


def wins(db: Database, kind: str, realms: Sequence[str], most: int = 500) -> list[Win]:
    """Whose values stand in the newest `most` golden records of a kind that changed in the last thirty days."""
    found = [Win(*row) for row in db.all(_WINS, {"kind": kind, "realms": list(realms), "most": most})]
    if not db.upcasts.changes(kind):
        return found
    names = [db.upcasts.name(kind, win.field) for win in found]
    return [
        replace(win, field=name, value=db.upcasts.value(kind, name, win.value))
        for name, win in zip(names, found, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that a look-up does not know, as events in quarantine show it."""

    connection: str
    realm: str
    where: str
    path: str
    value: str
    count: int
    sample: uuid.UUID


_UNKNOWN = """
select c.name, c.realm, p ->> 'where', p ->> 'path', p ->> 'value', count(*)::integer, (array_agg(w.id))[1]
from (select id, connection_id, problem from event_work where state = 1 order by id desc limit 2000) w
join connection c on c.id = w.connection_id
cross join lateral jsonb_array_elements(case when jsonb_typeof(w.problem -> 'problems') = 'array' then w.problem -> 'problems' else '[]' end) p
where p ->> 'code' = any(%s) group by 1, 2, 3, 4, 5 order by 6 desc limit 50
"""


def unknown_values(db: Database, codes: Sequence[str]) -> list[Unknown]:
    """Values for which events wait in quarantine, the most frequent first."""
    return [Unknown(*row) for row in db.all(_UNKNOWN, (list(codes),))]


def members(conn: Connection, kinds: Sequence[str]) -> dict[str, int]:
    """How many source records there are of these kinds: what is decided again when their rules change."""
    sql = "select kind, count(*)::integer from record where kind = any(%s) and state > 0 group by 1"
    return dict(conn.execute(sql, (list(kinds),)).fetchall())
