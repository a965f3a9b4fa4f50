"""SQL of T2: marks, turns, components, the records of clusters, decisions."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hub.model.upcast import Upcasts
from hub.store.database import Connection, Database, upcasts_of
from hub.store.hot_key import KEY_CAP

Rid = uuid.UUID
WRITE = "write"
"""Cause of a mark that the hub's own write made: the target it wrote for is in step and needs no look."""


class Mark(NamedTuple):
    """One request to look at a record."""

    rid: Rid
    relink: bool
    cause: str
    cause_id: Rid | None
    full_pass: Rid | None = None
    """The pass over a whole stream that everything new about the record came from."""
    rekey: bool = False
    """All its keys are to be made again first."""
    was: Rid | None = None
    """The golden record that it was part of before it was linked anew, where that is another one."""

    def as_row(self) -> dict[str, Any]:
        """It as `record.append_marks` takes it."""
        return {
            "rid": self.rid, "relink": self.relink, "cause": self.cause, "cause_id": self.cause_id,
            "full_pass": self.full_pass, "rekey": self.rekey, "was": self.was,
        }  # fmt: skip


def take_marks(conn: Connection, limit: int, after: int = 0, *, relink: bool) -> list[Mark]:
    """Takes the oldest (after `after`) marks that nobody else is working on, those that ask for links or those that do not.

    They come back if the transaction fails.
    """
    # = any(array(...)) makes the plan use the primary key; `in (select ... limit)` scans the queue.
    sql = f"""
        delete from resolve_work where id = any(array(
            select id from resolve_work where id > %s and {"" if relink else "not"} relink order by id limit %s for update skip locked))
        returning rid, relink, cause, cause_id, full_pass, rekey, was
    """  # noqa: S608
    return [Mark(*row) for row in conn.execute(sql, (after, limit)).fetchall()]


def kinds_of(conn: Connection, rids: Iterable[Rid]) -> dict[Rid, tuple[str, str]]:
    """rid -> (realm, kind); these never change."""
    return {rid: (realm, kind) for rid, realm, kind in conn.execute(
        "select rid, realm, kind from record where rid = any(%s)", (list(rids),)).fetchall()}  # fmt: skip


class Home(NamedTuple):
    """To which golden record a record belongs, and what it is."""

    realm: str
    kind: str
    cluster: Rid


def homes_of(conn: Connection, rids: Iterable[Rid]) -> dict[Rid, Home]:
    """rid -> its home now."""
    sql = "select rid, realm, kind, cluster from record where rid = any(%s)"
    return {rid: Home(*home) for rid, *home in conn.execute(sql, (list(rids),)).fetchall()}


def lock(conn: Connection, rids: Iterable[Rid]) -> None:
    """Locks records in rid order, waiting for whoever holds one."""
    conn.execute("select from record where rid = any(%s) order by rid for no key update", (list(rids),))


def take_turns(
    conn: Connection, shared: Iterable[tuple[str, str]], exclusive: Iterable[tuple[str, str]], *, wait: bool = True
) -> bool:
    """Takes the turn of each (realm, kind), in one order for everybody; False when `wait` is and somebody else has one.

    Exclusive: clusters may be changed. Shared: they stay as they are while it is seen that records are alone. Held until the
    transaction ends.
    """
    own, name = set(exclusive), "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    for turn in sorted(own | set(shared)):
        mode = "" if turn in own else "_shared"
        row = conn.execute(f"select {name}{mode}(%s)", (_turn_key(turn),)).fetchone()
        if row == (False,):
            return False
    return True


def _turn_key(turn: tuple[str, str]) -> int:
    digest = hashlib.sha256(f"turn\x1f{turn[0]}\x1f{turn[1]}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def clusters_of(conn: Connection, rids: Iterable[Rid]) -> dict[Rid, Rid]:
    """rid -> its cluster now."""
    return dict(conn.execute("select rid, cluster from record where rid = any(%s)", (list(rids),)).fetchall())


def members(conn: Connection, clusters: Iterable[Rid]) -> dict[Rid, Rid]:
    """rid -> cluster of every record of these clusters."""
    sql = "select rid, cluster from record where cluster = any(%s)"
    return dict(conn.execute(sql, (list(clusters),)).fetchall())


class Place(NamedTuple):
    """Where a record comes from and to which golden record it belongs now."""

    realm: str
    kind: str
    connection_id: int
    object_type: str
    external_id: str
    cluster: Rid


def mates(conn: Connection, rids: Iterable[Rid]) -> dict[Rid, Place]:
    """rid -> its place, of every record that is in one cluster with one of these; with themselves."""
    sql = """
        select rid, realm, kind, connection_id, object_type, external_id, cluster from record
        where cluster = any(array(select distinct cluster from record where rid = any(%s)))
    """
    return {row[0]: Place(*row[1:]) for row in conn.execute(sql, (list(rids),)).fetchall()}


@dataclass(slots=True)
class Neighbours:
    """What links some records to others: pairs by shared key, by decision, by target, by score."""

    keys: list[tuple[bytes, Rid, str, bool]]
    must: list[tuple[Rid, Rid, Rid | None]]
    cannot: list[tuple[Rid, Rid]]
    edges: list[tuple[Rid, Rid, int, bool]]
    """a, b, weight, and whether they are no more to each other than two who may be one."""


_KEYS = """
    select m.hash, c.rid, c.namespace, c.guarded
    from (select distinct hash from match_key where rid = any(%(rids)s) and strength = 2) m
    cross join lateral (
        select rid, namespace, guarded from match_key k where k.hash = m.hash and k.strength = 2 limit %(limit)s) c
    where not exists (select from hot_key h where h.hash = m.hash)
"""
_DECIDED = """
    select type, a, b, id from decision where type in ('must', 'cannot') and revoked_at is null and a = any(%(rids)s)
    union select type, a, b, id from decision where type in ('must', 'cannot') and revoked_at is null and b = any(%(rids)s)
    union select 'must', owner_rid, rid, null::uuid from target where rid <> owner_rid and owner_rid = any(%(rids)s)
    union select 'must', owner_rid, rid, null::uuid from target where rid <> owner_rid and rid = any(%(rids)s)
"""
_EDGES = """
    select a, b, weight, relation is null from edge where a = any(%(rids)s) and weight >= %(least)s
    union select a, b, weight, relation is null from edge where b = any(%(rids)s) and weight >= %(least)s
"""


def neighbours(conn: Connection, rids: Iterable[Rid], known: Collection[Rid], least: int | None) -> Neighbours:
    """Everything one step away from these records, of scored edges those of `least` at least (None: none).

    Of the records in `known` no keys and edges are read: the caller has them. A key above the cap links nobody.
    """
    every = list(rids)
    params: dict[str, Any] = {"rids": every, "limit": KEY_CAP, "least": least}
    found = Neighbours([], [], [], [])
    for type_, a, b, id_ in conn.execute(_DECIDED, params).fetchall():
        if type_ == "must":
            found.must.append((a, b, id_))
        else:
            found.cannot.append((a, b))
    params["rids"] = [rid for rid in every if rid not in known]
    if params["rids"]:
        found.keys = [(bytes(row[0]), row[1], row[2], row[3]) for row in conn.execute(_KEYS, params).fetchall()]
        found.edges = conn.execute(_EDGES, params).fetchall() if least is not None else []
    return found


def set_clusters(conn: Connection, clusters: dict[Rid, Rid]) -> None:
    """Moves records to their clusters: rid -> golden id."""
    if clusters:
        conn.execute(
            "update record r set cluster = t.cluster from unnest(%s::uuid[], %s::uuid[]) as t(rid, cluster)"
            " where r.rid = t.rid",
            (list(clusters), list(clusters.values())),
        )


_LOCK = """
    select rid, connection_id, object_type, external_id, kind, realm, state, fold, cluster from record
    where cluster = any(%s) order by rid for no key update skip locked
"""


def lock_members(conn: Connection, clusters: Iterable[Rid]) -> list[tuple[Any, ...]]:
    """Locks the records of clusters in rid order, but for those that somebody else holds.

    Returns `rid, connection_id, object_type, external_id, kind, realm, state, fold, cluster` of each.
    """
    upcasts = upcasts_of(conn)
    rows = conn.execute(_LOCK, (list(clusters),)).fetchall()
    return [(*row[:7], upcasts.fold(row[4], row[7]), row[8]) for row in rows] if upcasts else rows


_LOOSE = """
    select t.rid from unnest(%(rids)s::uuid[]) as t(rid)
    where not exists (
            select from match_key m where m.rid = t.rid and m.strength >= 1 and exists (
                select from match_key o where o.hash = m.hash and o.rid <> m.rid and o.strength >= 1)
            and not exists (select from hot_key h where h.hash = m.hash))
      and not exists (select from record r join record o on o.cluster = r.cluster and o.rid <> r.rid where r.rid = t.rid)
      and not exists (select from decision d where d.a = t.rid and d.revoked_at is null and d.type in ('must', 'cannot'))
      and not exists (select from decision d where d.b = t.rid and d.revoked_at is null)
      and not exists (select from target g where g.owner_rid = t.rid and g.rid <> t.rid)
      and not exists (select from target g where g.rid = t.rid and g.owner_rid <> t.rid)
      and not exists (select from edge e where e.a = t.rid) and not exists (select from edge e where e.b = t.rid)
      and not exists (select from key_lost l where l.rid = t.rid)
      and not exists (select from match_key m join hot_key h on h.hash = m.hash join key_lost l on l.hash = m.hash where m.rid = t.rid)
"""


def loose(conn: Connection, rids: Iterable[Rid]) -> set[Rid]:
    """Those of these records that nothing links to any other, alone in their clusters: no turn is needed for them.

    Whoever comes second sees the first: a record's keys are committed before its mark can be taken. So a
    record that looks alone now is linked, if at all, by the mark of the other one. What it shares only by keys over the
    cap is no link; when one falls under the cap again, all who carry it are looked at. While one is about to, its carriers
    are not loose: whoever has the turn may be weighing them by what they said before.
    """
    return {rid for (rid,) in conn.execute(_LOOSE, {"rids": list(rids)}).fetchall()}


def with_others(conn: Connection, rids: Iterable[Rid]) -> set[Rid]:
    """Those of these records that are not alone in their clusters."""
    sql = """
        select r.rid from record r where r.rid = any(%s)
        and exists (select from record o where o.cluster = r.cluster and o.rid <> r.rid)
    """
    return {rid for (rid,) in conn.execute(sql, (list(rids),)).fetchall()}


def parents(
    conn: Connection, children: Iterable[Rid], fields: Sequence[str], kinds: Sequence[str]
) -> list[tuple[Rid, Rid]]:
    """(child, cluster) of every record of one of `kinds` that one of these refers to in one of `fields`."""
    sql = """
        select r.child, p.cluster from reference r join record p on p.rid = r.parent
        where r.child = any(%s) and r.field = any(%s) and p.kind = any(%s) order by r.child, p.cluster
    """
    return conn.execute(sql, (list(children), upcasts_of(conn).formerly(fields), list(kinds))).fetchall()


def child_clusters(conn: Connection, rids: Iterable[Rid], kinds: Sequence[str]) -> set[Rid]:
    """Clusters with a record of one of `kinds` that refers to one of these records."""
    sql = """
        select distinct c.cluster from reference r join record c on c.rid = r.child
        where r.parent = any(%s) and c.kind = any(%s) and c.state <> 0
    """
    return {cluster for (cluster,) in conn.execute(sql, (list(rids), list(kinds))).fetchall()}


def decisions(conn: Connection, rids: Iterable[Rid], types: Sequence[str]) -> list[tuple[Any, ...]]:
    """Live decisions about these records: `id, type, a, b, field, value, author, reason, created_at`, oldest first."""
    rows = conn.execute(
        "select id, type, a, b, field, value, author, reason, created_at, kind from decision"
        " where a = any(%s) and type = any(%s) and revoked_at is null order by created_at, id",
        (list(rids), list(types)),
    ).fetchall()
    return [_decision(upcasts_of(conn), row) for row in rows]


def _decision(upcasts: Upcasts, row: tuple[Any, ...]) -> tuple[Any, ...]:
    id_, type_, a, b, field, value, author, reason, created_at, kind = row
    return (id_, type_, a, b, *upcasts.ruling(kind, type_, field, value), author, reason, created_at)


def is_marked(db: Database, cause_id: Rid) -> bool:
    """Whether marks of this cause still wait."""
    return db.one("select 1 from resolve_work where cause_id = %s limit 1", (cause_id,)) is not None
