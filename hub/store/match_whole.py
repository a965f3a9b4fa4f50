"""SQL of matching a whole kind of one realm at once: what is compared, what links for certain, what people decided."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from hub.store.database import Connection

Rid = uuid.UUID
PAGE = 5_000
PATIENCE = "5min"


def steady(conn: Connection) -> None:
    """Lets every statement of this transaction see the store as it is now, and take its time. To be called first."""
    conn.execute("set transaction isolation level repeatable read, read only")
    conn.execute(f"set local statement_timeout = '{PATIENCE}'")


def realms(conn: Connection, kind: str) -> list[str]:
    """The realms that have records of a kind."""
    sql = "select distinct realm from record where kind = %s order by realm"
    return [realm for (realm,) in conn.execute(sql, (kind,)).fetchall()]


def count(conn: Connection, realm: str, kind: str) -> int:
    """How many records of a kind something is compared of."""
    sql = "select count(*) from record r join match_feature f on f.rid = r.rid where r.realm = %s and r.kind = %s"
    row: Any = conn.execute(sql, (realm, kind)).fetchone()
    return int(row[0])


_PAGE = """
    select r.rid, r.cluster, r.connection_id, r.state, f.features::text from record r left join match_feature f on f.rid = r.rid
    where r.kind = %(kind)s and r.realm = %(realm)s and r.rid > %(after)s order by r.rid limit %(limit)s
"""
_FIRST = uuid.UUID(int=0)


def pages(conn: Connection, realm: str, kind: str) -> Iterator[list[tuple[Rid, Rid, int, int, str | None]]]:
    """Every record, by rid: `rid, cluster, connection id, state, features` as text, None where none are stored."""
    after = _FIRST
    while True:
        params = {"kind": kind, "realm": realm, "after": after, "limit": PAGE}
        rows = conn.execute(_PAGE, params).fetchall()
        if not rows:
            return
        after = rows[-1][0]
        yield rows


_SHARED = """
    select m.hash, m.rid from match_key m join record r on r.rid = m.rid
    where r.kind = %(kind)s and r.realm = %(realm)s and m.namespace = any(%(namespaces)s) and m.strength >= 1
    and exists (select from match_key o where o.hash = m.hash and o.rid <> m.rid and o.strength >= 1)
    and not exists (select from hot_key h where h.hash = m.hash)
"""


def shared(conn: Connection, realm: str, kind: str, namespaces: Sequence[str]) -> list[tuple[bytes, Rid]]:
    """(hash, rid) of keys of these namespaces that more than one record carries, and not too many."""
    if not namespaces:
        return []
    params = {"kind": kind, "realm": realm, "namespaces": list(namespaces)}
    return conn.execute(_SHARED, params).fetchall()


_CERTAIN = """
    select m.hash, m.rid, m.namespace, m.guarded from match_key m join record r on r.rid = m.rid
    where r.kind = %(kind)s and r.realm = %(realm)s and m.strength = 2
    and exists (select from match_key o where o.hash = m.hash and o.rid <> m.rid and o.strength = 2)
    and not exists (select from hot_key h where h.hash = m.hash)
"""


def certain(conn: Connection, realm: str, kind: str) -> list[tuple[bytes, Rid, str, bool]]:
    """(hash, rid, namespace, guarded) of keys that link by themselves and that more than one record carries."""
    rows = conn.execute(_CERTAIN, {"kind": kind, "realm": realm}).fetchall()
    return [(bytes(row[0]), row[1], row[2], row[3]) for row in rows]


_HOT = """
    select m.rid, m.hash from match_key m join hot_key h on h.hash = m.hash join record r on r.rid = m.rid
    where r.kind = %(kind)s and r.realm = %(realm)s and not starts_with(m.namespace, 'match:')
"""


def hot(conn: Connection, realm: str, kind: str) -> list[tuple[Rid, bytes]]:
    """(rid, hash) of what too many carry to mean anything, whatever the model."""
    rows = conn.execute(_HOT, {"kind": kind, "realm": realm}).fetchall()
    return [(rid, bytes(digest)) for rid, digest in rows]


_MUST = """
    select d.a, d.b, d.id from decision d join record r on r.rid = d.a
    where d.type = 'must' and d.revoked_at is null and r.kind = %(kind)s and r.realm = %(realm)s
    union all select t.owner_rid, t.rid, null::uuid from target t join record r on r.rid = t.rid
    where t.rid <> t.owner_rid and r.kind = %(kind)s and r.realm = %(realm)s
"""
_CANNOT = """
    select d.a, d.b from decision d join record r on r.rid = d.a
    where d.type = 'cannot' and d.revoked_at is null and r.kind = %(kind)s and r.realm = %(realm)s
"""


def must(conn: Connection, realm: str, kind: str) -> list[tuple[Rid, Rid, Rid | None]]:
    """(a, b, decision) of what people joined; without a decision: records that the hub itself made for others."""
    return conn.execute(_MUST, {"kind": kind, "realm": realm}).fetchall()


def cannot(conn: Connection, realm: str, kind: str) -> list[tuple[Rid, Rid]]:
    """What people keep apart."""
    return conn.execute(_CANNOT, {"kind": kind, "realm": realm}).fetchall()


def source_keys(conn: Connection, rids: Sequence[Rid]) -> dict[Rid, tuple[int, str, str]]:
    """rid -> connection id, object type, external id."""
    found: dict[Rid, tuple[int, str, str]] = {}
    sql = "select rid, connection_id, object_type, external_id from record where rid = any(%s)"
    for start in range(0, len(rids), PAGE):
        rows = conn.execute(sql, (list(rids[start : start + PAGE]),)).fetchall()
        found.update((row[0], (row[1], row[2], row[3])) for row in rows)
    return found


def questions(conn: Connection, realm: str, kind: str) -> set[tuple[Rid, Rid]]:
    """The pairs of golden ids that people are asked about."""
    sql = "select rid, other from item where type = 'match' and state <> 'resolved' and realm = %s and kind = %s"
    return {(a, b) for a, b in conn.execute(sql, (realm, kind)).fetchall()}


def waiting(conn: Connection) -> int:
    """How many records are about to be linked anew anyway, and events to be read."""
    sql = "select (select count(*) from resolve_work) + (select count(*) from event_work where state = 0)"
    row: Any = conn.execute(sql).fetchone()
    return int(row[0])
