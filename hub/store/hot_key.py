"""Keys that too many records carry: they give no evidence until they fall under the cap again."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from hub.store.database import Connection

Rid = uuid.UUID
KEY_CAP = 50
"""A key carried by more records than this gives no evidence."""

_LOST = """
    delete from key_lost l using unnest(%(realms)s::text[], %(kinds)s::text[]) as t(realm, kind)
    where l.realm = t.realm and l.kind = t.kind returning l.hash, l.proven
"""
_UNDER = """
    delete from hot_key h where h.hash = any(%(lost)s) and (select count(*) from (
        select from match_key k where k.hash = h.hash and k.strength >= 1 limit %(limit)s) few) < %(limit)s
    returning hash
"""


_SHARED = """
    select k.hash, min(k.namespace), array_agg(k.rid), array_agg(k.strength), array_agg(k.guarded) from match_key k
    where k.strength >= 1 and k.hash = any(array(
        select m.hash from match_key m where m.rid = any(%(rids)s) and m.strength >= 1
        and not exists (select from hot_key h where h.hash = m.hash)))
    group by k.hash having count(*) > 1
"""


class Shared(NamedTuple):
    """A linking key that several records carry. One entry a carrier: `strengths`, and `guards`: it links only who is not kept apart."""

    hash: bytes
    namespace: str
    rids: list[Rid]
    strengths: list[int]
    guards: list[bool]


@dataclass(slots=True)
class Read:
    """The keys under the cap that some records share with others. `over`: those that went over it; `carriers`: who must be looked at too for that."""

    shared: list[Shared] = field(default_factory=list)
    over: set[bytes] = field(default_factory=set)
    carriers: set[Rid] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Fallen:
    """Keys that were lost by a record since they were last looked at, or carry less weight there.

    `under`: those that fell under the cap by it; `carriers`: theirs. `unproven`: phones and e-mails that a record proved.
    """

    carriers: set[Rid] = field(default_factory=set)
    lost: list[bytes] = field(default_factory=list)
    under: list[bytes] = field(default_factory=list)
    unproven: list[bytes] = field(default_factory=list)


def fall(conn: Connection, turns: Collection[tuple[str, str]]) -> Fallen:
    """Notes keys that fell under the cap again since they were last looked at: their carriers must be linked anew.

    Called under the exclusive `turns` (realm, kind): a key is of one kind of one realm, so nobody else decides about it meanwhile.
    """
    names = {"realms": [realm for realm, _ in turns], "kinds": [kind for _, kind in turns]}
    rows = conn.execute(_LOST, names).fetchall()
    if not rows:
        return Fallen()
    lost, unproven = [bytes(row[0]) for row in rows], [bytes(row[0]) for row in rows if row[1]]
    under = [bytes(row[0]) for row in conn.execute(_UNDER, {"limit": KEY_CAP + 1, "lost": lost}).fetchall()]
    return Fallen(_carriers(conn, under), lost, under, unproven)


def shared(conn: Connection, rids: Iterable[Rid]) -> Read:
    """The linking keys that these records share with others. Those that went over the cap are noted, and share nothing from now on.

    Called under the exclusive turn of their kind.
    """
    found = Read()
    for digest, namespace, *each in conn.execute(_SHARED, {"rids": list(rids)}).fetchall():
        if len(each[0]) > KEY_CAP:
            found.over.add(bytes(digest))
        else:
            found.shared.append(Shared(bytes(digest), namespace, *each))
    if found.over:
        conn.execute(
            "insert into hot_key (hash) select unnest(%s::bytea[]) on conflict do nothing", (list(found.over),)
        )
        found.carriers = _carriers(conn, found.over)
    return found


def _carriers(conn: Connection, hashes: Collection[bytes]) -> set[Rid]:
    """The records that carry one of these keys, but those whose own mark waits: they will be looked at anyway.

    A system that is read for the first time may bring thousands of carriers before the first of them is looked at.
    """
    if not hashes:
        return set()
    sql = """
        select distinct m.rid from match_key m where m.hash = any(%s) and m.strength >= 1
        and not exists (select from resolve_work w where w.rid = m.rid and w.relink)
    """
    return {rid for (rid,) in conn.execute(sql, (list(hashes),)).fetchall()}


def carriers(conn: Connection, hashes: Collection[bytes]) -> set[Rid]:
    """The records that carry one of these keys as one that links: not those of keys over the cap."""
    if not hashes:
        return set()
    sql = """
        select distinct m.rid from match_key m where m.hash = any(%s) and m.strength >= 1
        and not exists (select from hot_key h where h.hash = m.hash)
    """
    return {rid for (rid,) in conn.execute(sql, (list(hashes),)).fetchall()}


def lose(conn: Connection, rids: Collection[Rid], kept: Collection[tuple[Rid, bytes, int]]) -> None:
    """Notes which linking keys these records are about to lose: all they carry but those of `kept` (rid, hash, strength).

    One that is kept with less strength is lost, too: it proves nothing any more.
    """
    if rids:
        conn.execute(
            "insert into key_lost (rid, realm, kind, hash, proven)"
            " select r.rid, r.realm, r.kind, m.hash, m.guarded and m.strength = 2 from match_key m"
            " join record r on r.rid = m.rid where m.rid = any(%s) and m.strength >= 1 and not exists ("
            " select from unnest(%s::uuid[], %s::bytea[], %s::smallint[]) as k(rid, hash, strength)"
            " where k.rid = m.rid and k.hash = m.hash and k.strength >= m.strength)",
            (
                list(rids),
                [rid for rid, _, _ in kept],
                [digest for _, digest, _ in kept],
                [least for _, _, least in kept],
            ),
        )


def of_records(conn: Connection, rids: Iterable[Rid], but: str) -> list[tuple[Rid, bytes]]:
    """(rid, hash) of every key over the cap that one of these records carries, but for namespaces that begin with `but`."""
    sql = """
        select m.rid, m.hash from match_key m join hot_key h on h.hash = m.hash
        where m.rid = any(%s) and not starts_with(m.namespace, %s)
    """
    return [(rid, bytes(digest)) for rid, digest in conn.execute(sql, (list(rids), but)).fetchall()]
