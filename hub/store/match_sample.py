"""Automatic merges drawn for judging: which there are, which are drawn, and what people said of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from hub.store.database import Connection, new_id

Rid = uuid.UUID


@dataclass(frozen=True, slots=True)
class Merged:
    """Two records that are one because of their scored edge. `cluster`: their golden id."""

    a: Rid
    b: Rid
    weight: int
    reason: Mapping[str, Any]
    cluster: Rid


# Those that a key or a person joins as well say nothing about the score.
_POPULATION = """
    select e.a, e.b, e.weight, e.reason, ra.cluster, count(*) over () from edge e
    join record ra on ra.rid = e.a and ra.realm = %(realm)s and ra.kind = %(kind)s
    join record rb on rb.rid = e.b and rb.cluster = ra.cluster
    where e.weight >= %(auto)s
        and not exists (select from decision d where d.revoked_at is null and d.a = e.a and d.b = e.b)
        and not exists (select from match_key k join match_key o on o.hash = k.hash and o.rid = e.b and o.strength = 2
            where k.rid = e.a and k.strength = 2)
        and not exists (select from target t where t.owner_rid in (e.a, e.b) and t.rid in (e.a, e.b) and t.rid <> t.owner_rid)
    order by md5(%(seed)s || e.a::text || e.b::text), e.a, e.b limit %(limit)s
"""


def merged(conn: Connection, realm: str, kind: str, auto: int, seed: str, limit: int) -> tuple[list[Merged], int]:
    """The first `limit` automatic merges in the order that `seed` shuffles them into, and how many there are."""
    params = {"realm": realm, "kind": kind, "auto": auto, "seed": seed, "limit": limit}
    rows = conn.execute(_POPULATION, params).fetchall()
    return [Merged(*row[:5]) for row in rows], int(rows[0][5]) if rows else 0


def is_full(conn: Connection, realm: str, kind: str, week: str, size: int) -> bool:
    """Whether a week's sample has all the merges it is to have."""
    row = conn.execute(
        "select drawn from match_sample where realm = %s and kind = %s and week = %s", (realm, kind, week)
    ).fetchone()
    return row is not None and row[0] >= size


def lock(conn: Connection, realm: str, kind: str) -> None:
    """One draws at a time, until the transaction ends."""
    conn.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"match_sample\x1f{realm}\x1f{kind}",))


def add(conn: Connection, realm: str, kind: str, week: str, drawn: Sequence[tuple[Merged, str]]) -> int:
    """Opens an item for each merge drawn (with its pattern) that has none in this week; returns how many are new."""
    rows = [
        {"id": new_id(), "cause_key": f"match_sample:{week}:{one.a}:{one.b}", "rid": one.cluster,
         "data": {"a": str(one.a), "b": str(one.b), "weight": one.weight, "apart": "", "pattern": pattern,
                  "relation": "", "week": week}}
        for one, pattern in drawn
    ]  # fmt: skip
    return conn.execute(
        """
        insert into item (id, realm, type, cause_key, kind, rid, severity, data)
        select id, %s, 'match_sample', cause_key, %s, rid, 0, data
        from jsonb_to_recordset(%s::jsonb) as t(id uuid, cause_key text, rid uuid, data jsonb)
        on conflict (cause_key) do nothing
        """,
        (realm, kind, orjson.dumps(rows).decode()),
    ).rowcount


def note(conn: Connection, realm: str, kind: str, week: str, population: int, auto: int) -> int:
    """Keeps what was drawn in a week; returns how many merges its sample has. Those of other weeks lapse, unless judged."""
    row = conn.execute(
        """
        insert into match_sample (realm, kind, week, drawn, population, auto)
        select %(realm)s, %(kind)s, %(week)s, count(*), %(population)s, %(auto)s from item
        where type = 'match_sample' and data ->> 'week' = %(week)s and realm = %(realm)s and kind = %(kind)s
        on conflict (realm, kind, week) do update set drawn = excluded.drawn, population = excluded.population
        returning drawn
        """,
        {"realm": realm, "kind": kind, "week": week, "population": population, "auto": auto},
    ).fetchone()
    conn.execute(
        "update item set state = 'resolved', resolved_at = now(), resolved_by = 'hub', resolution = '{\"answer\": \"lapsed\"}'"
        " where type = 'match_sample' and state <> 'resolved' and realm = %s and kind = %s and data ->> 'week' < %s",
        (realm, kind, week),
    )
    return int(row[0]) if row else 0


@dataclass(frozen=True, slots=True)
class WeekRow:
    """One sample: how many merges were drawn of how many, and what people said of them so far."""

    realm: str
    kind: str
    week: str
    drawn: int
    population: int
    auto: int
    at: datetime
    right: int
    wrong: int


_WEEKS = """
    select s.realm, s.kind, s.week, s.drawn, s.population, s.auto, s.at,
        coalesce(a.good, 0)::integer, coalesce(a.bad, 0)::integer
    from match_sample s left join lateral (
        select count(*) filter (where m.answer = 'right') as good, count(*) filter (where m.answer = 'wrong') as bad
        from item i join match_answer m on m.item_id = i.id and m.undone_at is null
        where i.type = 'match_sample' and i.data ->> 'week' = s.week and i.realm = s.realm and i.kind = s.kind) a on true
    where (%(realms)s::text[] is null or s.realm = any(%(realms)s)) and (%(kind)s = '' or s.kind = %(kind)s)
    order by s.week desc, s.realm, s.kind limit %(limit)s
"""


def weeks(conn: Connection, realms: Sequence[str] | None = None, kind: str = "", limit: int = 12) -> list[WeekRow]:
    """Samples, the newest first."""
    params = {"realms": None if realms is None else list(realms), "kind": kind, "limit": limit}
    return [WeekRow(*row) for row in conn.execute(_WEEKS, params)]
