"""SQL of numbers that pass from one person to another: who carries them, who proved them, who shares them on purpose."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.store.database import Connection, upcasts_of
from hub.store.hot_key import KEY_CAP

Rid = uuid.UUID


@dataclass(frozen=True, slots=True)
class Prover:
    """A record of another golden record (`cluster`) that proved a number which `asked` has, too. `fold`: what it says, packed."""

    digest: bytes
    asked: Rid
    cluster: Rid
    fold: Mapping[str, Any]


# A key over the cap closes nothing: its carriers, of whom there may be thousands, are not read. The limit holds where one is on its way there.
_PROVERS = """
    select t.hash, t.cluster, r.cluster, r.kind, r.fold
    from (
        select u.hash, u.cluster from unnest(%(hashes)s::bytea[], %(clusters)s::uuid[]) as u(hash, cluster)
        where not exists (select from hot_key h where h.hash = u.hash) offset 0) t
    cross join lateral (
        select c.rid from match_key c where c.hash = t.hash and c.strength = 2 and c.guarded limit %(limit)s) k
    join record r on r.rid = k.rid and r.cluster <> t.cluster
"""


def provers(conn: Connection, keys: Sequence[tuple[bytes, Rid]]) -> list[Prover]:
    """Who proved these numbers (hash, golden id) besides the golden record that has them."""
    params = {"hashes": [digest for digest, _ in keys], "clusters": [id_ for _, id_ in keys], "limit": KEY_CAP}
    upcasts = upcasts_of(conn)
    return [
        Prover(bytes(digest), asked, cluster, upcasts.fold(kind, fold))
        for digest, asked, cluster, kind, fold in conn.execute(_PROVERS, params).fetchall()
    ]


@dataclass(frozen=True, slots=True)
class Carrier:
    """A record that has a number, and to whom it belongs."""

    digest: bytes
    rid: Rid
    cluster: Rid


_CARRIERS = """
    select t.hash, r.rid, r.cluster
    from (
        select u.hash from unnest(%(hashes)s::bytea[]) as u(hash)
        where not exists (select from hot_key h where h.hash = u.hash) offset 0) t
    cross join lateral (
        select c.rid from match_key c
        where c.hash = t.hash and c.strength >= 1 and c.guarded limit %(limit)s) k
    join record r on r.rid = k.rid
    union all
    select m.hash, r.rid, r.cluster
    from match_key m join record r on r.rid = m.rid
    where m.hash = any(%(crossed)s) and m.rid = any(%(rids)s) and m.guarded and (m.hash = any(%(hashes)s)
            or exists (select from match_key p where p.hash = m.hash and p.strength = 2 and p.guarded))
"""


def carriers(
    conn: Connection, hashes: Collection[bytes], crossed: Collection[bytes], rids: Collection[Rid]
) -> list[Carrier]:
    """Who has these numbers, but for those over the cap; of proven ones that just `crossed` it those of `rids` alone."""
    params = {"hashes": list(hashes), "limit": KEY_CAP, "crossed": list(crossed), "rids": list(rids)}
    return [Carrier(bytes(row[0]), *row[1:]) for row in conn.execute(_CARRIERS, params).fetchall()]


_ENDS = ("a", "b")
_HOUSEHOLDS = """
    select r.cluster, o.cluster
    from record r join decision d on (d.a = r.rid or d.b = r.rid) and d.type = 'cannot' and d.revoked_at is null
        and d.value ->> 'relation' = 'household'
    join record o on o.rid = case when d.a = r.rid then d.b else d.a end
    where r.cluster = any(%(ids)s)
    union
    select r.cluster, o.cluster
    from record r join reference f on f.parent = r.rid and f.field = any(%(ends)s)
    join record k on k.rid = f.child and k.kind = 'relation'
    join golden g on g.id = k.cluster and g.lifecycle = 'active' and g.data ->> 'type' = 'household'
    join reference t on t.child = f.child and t.field <> f.field and t.field = any(%(ends)s)
    join record o on o.rid = t.parent
    where r.cluster = any(%(ids)s)
"""


def households(conn: Connection, ids: Iterable[Rid]) -> set[tuple[Rid, Rid]]:
    """(golden id, golden id) of who are of one household as a person answered or a system says, each of `ids` first.

    Not what matching alone finds: it cannot tell a household from a number that passed on.
    """
    return set(conn.execute(_HOUSEHOLDS, {"ids": list(ids), "ends": list(_ENDS)}).fetchall())


def ends_of(conn: Connection, relations: Iterable[Rid]) -> set[Rid]:
    """The records that relations (golden ids) are between."""
    sql = """
        select f.parent from record r join reference f on f.child = r.rid and f.field = any(%s) where r.cluster = any(%s)
    """
    return {rid for (rid,) in conn.execute(sql, (list(_ENDS), list(relations))).fetchall()}
