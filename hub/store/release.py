"""Releases of the rules: which there are, which one is in force, and the marks that a change of it makes."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from hub.store import audit, target
from hub.store.database import Connection, Database, new_id, upcasts_of

KEY = "release"
CAUSE = "mapping"
CHUNK = 5_000

Reshaped = Callable[[Connection], Mapping[int, Sequence[uuid.UUID]]]
"""Finds, per connection, the targets whose record is to be sent whole."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release as stored. `files`: the site's own (name -> text); `manifest`: what all of it hashes to, by part."""

    id: int
    hash: bytes
    manifest: dict[str, Any]
    files: dict[str, str]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Activation:
    """One time a release was put in force; `before`: the one it replaced."""

    id: uuid.UUID
    release_id: int
    before: int | None
    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Order:
    """What a release is put in force with: who says so, and which parts decide otherwise than before."""

    release_id: int
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """Kinds whose golden records are computed again, and kinds of which also all that links records is made again."""

    decided: Sequence[str] = ()
    matched: Sequence[str] = ()


def in_force(db: Database) -> int | None:
    """The number of the release that is in force; None before the first."""
    row = db.one("select value from setting where key = %s", (KEY,))
    return row[0] if row else None


def current(conn: Connection) -> int | None:
    """As `in_force`, as the caller's statement sees it."""
    row = conn.execute("select value from setting where key = %s", (KEY,)).fetchone()
    return row[0] if row else None


def get(db: Database, release_id: int) -> Release | None:
    """The release of that number."""
    row = db.one("select id, hash, manifest, files, created_at from release where id = %s", (release_id,))
    return Release(*row) if row else None


def publish(db: Database, digest: bytes, manifest: Mapping[str, Any], files: Mapping[str, str]) -> int:
    """The number of the rules with this hash in this database, given when they are first seen."""
    select = "select id from release where hash = %s"
    row = db.one(select, (digest,))
    if row is None:
        db.execute(
            "insert into release (hash, manifest, files) values (%s, %s::jsonb, %s::jsonb) on conflict (hash) do nothing",
            (digest, _json(manifest), _json(files)),
        )
        row = db.one(select, (digest,))
    assert row is not None  # noqa: S101 -- just inserted, or there before
    return int(row[0])


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def history(db: Database, limit: int = 50) -> list[Activation]:
    """What was put in force, newest first."""
    sql = "select id, release_id, before, at, by, reason from release_activation order by id desc limit %s"
    return [Activation(*row) for row in db.all(sql, (limit,))]


def activate(
    db: Database,
    order: Order,
    difference: Callable[[Mapping[str, Any]], Difference],
    reshaped: Reshaped | None = None,
) -> list[str] | None:
    """Writes down that a release is in force; None when it was before.

    Marks every record of the kinds that `difference` names, given the manifest of the release before,
    and returns those; marks the targets that `reshaped` names as to be sent whole. The first release
    of a database marks nothing.
    """

    def work(conn: Connection) -> list[str] | None:
        conn.execute("insert into setting (key, value) values (%s, 'null') on conflict (key) do nothing", (KEY,))
        row = conn.execute("select value from setting where key = %s for update", (KEY,)).fetchone()
        before = row[0] if row else None
        if before == order.release_id:
            return None
        activation = new_id()
        kinds = _decide_again(conn, before, activation, difference) if before is not None else []
        if reshaped is not None and before is not None:
            _send_whole(conn, activation, reshaped)
        conn.execute(
            "update setting set value = %s::jsonb, updated_at = now() where key = %s",
            (_json(order.release_id), KEY),
        )
        conn.execute(
            "insert into release_activation (id, release_id, before, by, reason) values (%s, %s, %s, %s, %s)",
            (activation, order.release_id, before, order.by, order.reason),
        )
        detail = {"release": order.release_id, "before": before, "kinds": kinds}
        audit.append(conn, order.by, "release.activated", str(order.release_id), order.reason, detail)
        return kinds

    return db.run(work)


def _decide_again(
    conn: Connection, before: int, activation: uuid.UUID, difference: Callable[[Mapping[str, Any]], Difference]
) -> list[str]:
    row = conn.execute("select manifest from release where id = %s", (before,)).fetchone()
    found = difference(row[0]) if row else Difference()
    kinds = sorted({*found.decided, *found.matched})
    if kinds:
        conn.execute(
            "insert into resolve_work (rid, relink, cause, cause_id, rekey)"
            " select rid, kind = any(%(matched)s), 'policy', %(activation)s, kind = any(%(matched)s)"
            " from record where kind = any(%(kinds)s) and state > 0 order by rid",
            {"activation": activation, "kinds": kinds, "matched": list(found.matched)},
        )
        _rename_links(conn, kinds)
    return kinds


# `purchase_orders[0]` is a link of the list `purchase_orders`.
_OLD_LINK = """(select f.child, f.field, %(now)s || substr(f.field, length(%(was)s) + 1) as name
    from reference f join record r on r.rid = f.child and r.kind = %(kind)s
    where f.field = %(was)s or starts_with(f.field, %(was)s || '['))"""
_DROP_OLD_LINKS = f"""delete from reference f using {_OLD_LINK} o where f.child = o.child and f.field = o.field
    and exists (select from reference n where n.child = o.child and n.field = o.name)"""  # noqa: S608 -- a constant
_RENAME_LINKS = f"""update reference f set field = o.name from {_OLD_LINK} o
    where f.child = o.child and f.field = o.field"""  # noqa: S608 -- a constant


def _rename_links(conn: Connection, kinds: Sequence[str]) -> None:
    """Links between records are found by the field's name of today. They are an index, and no history."""
    for kind in kinds:
        for was, now in upcasts_of(conn).renamed(kind).items():
            names = {"kind": kind, "was": was, "now": now}
            # Of a record that said it under both names, what came since counts.
            conn.execute(_DROP_OLD_LINKS, names)
            conn.execute(_RENAME_LINKS, names)


def _send_whole(conn: Connection, activation: uuid.UUID, reshaped: Reshaped) -> None:
    # A record that is written in its old shape from here on would not be noticed: nobody writes while it is looked for.
    conn.execute("lock table target in share row exclusive mode")
    for connection_id, ids in sorted(reshaped(conn).items()):
        for start in range(0, len(ids), CHUNK):
            target.mark_whole(conn, connection_id, ids[start : start + CHUNK], CAUSE, activation)


def live_targets(
    conn: Connection, connection_id: int, kind: str, after: uuid.UUID | None, limit: int
) -> list[tuple[uuid.UUID, int]]:
    """Targets of a kind whose record is at the system, above `after`: (id, its mark; another mark, another state)."""
    sql = """
        select id, dirty_seq from target where connection_id = %s and kind = %s and rid is not null and state <> 'dropped'
        and (%s::uuid is null or id > %s) order by id limit %s
    """
    return conn.execute(sql, (connection_id, kind, after, after, limit)).fetchall()


def count_live_targets(conn: Connection, parts: Sequence[tuple[int, str]]) -> int:
    """How many targets `live_targets` has of these (connection id, kind) together."""
    sql = """
        select count(*) from target t join unnest(%s::integer[], %s::text[]) as p(connection_id, kind) using (connection_id, kind)
        where t.rid is not null and t.state <> 'dropped'
    """
    row = conn.execute(sql, ([id_ for id_, _ in parts], [kind for _, kind in parts])).fetchone()
    return int(row[0]) if row else 0
