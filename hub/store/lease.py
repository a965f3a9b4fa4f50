"""Leases on targets: taken, renewed, and given back with what was found out.

Every result is fenced by the lease token: a worker that lost its lease changes nothing here and is
told so (False), which means that it may have called the peer without anybody accounting for it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from hub.store.database import Connection


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


@dataclass(frozen=True, slots=True)
class Claim:
    """A target taken for `lease_s`; every later write names the token."""

    id: uuid.UUID
    token: int


# = any(array(...)) and not in (...): the latter scans every due row.
_CLAIM = """
    with live as materialized (
        select id from target
        where connection_id = %(connection)s and not bulk and dirty_seq > done_seq and state = 'due' and plan_id is null
          and coalesce(wait_until, dirty_at) <= now() and (lease_until is null or lease_until <= now())
        order by coalesce(wait_until, dirty_at) limit %(limit)s for update skip locked),
    mass as materialized (
        select id from target
        where connection_id = %(connection)s and bulk and dirty_seq > done_seq and state = 'due' and plan_id is null
          and coalesce(wait_until, dirty_at) <= now() and (lease_until is null or lease_until <= now())
        order by coalesce(wait_until, dirty_at) limit greatest(%(limit)s - (select count(*) from live), 0)
        for update skip locked)
    update target set lease_until = clock_timestamp() + make_interval(secs => %(lease)s), lease_token = lease_token + 1
    where id = any(array(
        select id from (select id from live union all select id from mass) due limit %(limit)s)
        || array(
        select id from (
            select id from target
            where connection_id = %(connection)s and verify_at <= now() and state = 'due'
              and plan_id is null and dirty_seq <= done_seq
              and (lease_until is null or lease_until <= now())
            order by verify_at limit %(limit)s for update skip locked) unsure))
    returning id, lease_token
"""


def claim(conn: Connection, connection_id: int, limit: int, lease_s: float) -> list[Claim]:
    """Takes up to `limit` due targets of a connection and `limit` to look at; others skip them until the lease ends.

    The caller checks phase, pause and halt: that is the connection's state, not the target's.
    """
    params = {"connection": connection_id, "limit": limit, "lease": lease_s}
    return [Claim(*row) for row in conn.execute(_CLAIM, params)]


def renew(conn: Connection, claims: Iterable[Claim], lease_s: float) -> set[Claim]:
    """Prolongs leases that are still held; returns them."""
    sql = """
        update target t set lease_until = clock_timestamp() + make_interval(secs => %s)
        from json_to_recordset(%s::json) as c(id uuid, token bigint)
        where t.id = c.id and t.lease_token = c.token and t.lease_until is not null
        returning t.id, t.lease_token
    """
    document = _json([{"id": c.id, "token": c.token} for c in claims])
    return {Claim(*row) for row in conn.execute(sql, (lease_s, document))}


def done(conn: Connection, held: Claim, seq: int, *, note: dict[str, Any] | None = None) -> bool:
    """Nothing is left up to mark `seq`; `note` says why nothing was sent. False: the lease was lost, nothing changed."""
    sql = """
        update target set done_seq = greatest(done_seq, %(seq)s), done_at = clock_timestamp(), lease_until = null,
            wait_until = null, waiting_for = null, failures = 0, error = %(note)s, wanted = null
        where id = %(id)s and lease_token = %(token)s
    """
    params = {"seq": seq, "id": held.id, "token": held.token, "note": _json(note) if note else None}
    return conn.execute(sql, params).rowcount == 1


def done_all(conn: Connection, held: Mapping[Claim, int]) -> set[Claim]:
    """`done` for many at once, without notes: claim -> mark. Returns those whose lease was still held."""
    sql = """
        update target t set done_seq = greatest(t.done_seq, c.seq), done_at = clock_timestamp(), lease_until = null,
            wait_until = null, waiting_for = null, failures = 0, error = null, wanted = null
        from json_to_recordset(%s::json) as c(id uuid, token bigint, seq bigint)
        where t.id = c.id and t.lease_token = c.token
        returning t.id, t.lease_token
    """
    document = _json([{"id": c.id, "token": c.token, "seq": seq} for c, seq in held.items()])
    return {Claim(*row) for row in conn.execute(sql, (document,))} if held else set()


def release(conn: Connection, held: Claim, *, after_s: float = 0.0) -> bool:
    """Gives the lease back with nothing decided; due again after `after_s`."""
    sql = """
        update target set lease_until = null,
            wait_until = case when %(after)s > 0 then clock_timestamp() + make_interval(secs => %(after)s) else wait_until end
        where id = %(id)s and lease_token = %(token)s
    """
    return conn.execute(sql, {"after": after_s, "id": held.id, "token": held.token}).rowcount == 1


def retry_later(conn: Connection, held: Claim, error: dict[str, Any], after_s: float) -> bool:
    """It failed and may work later."""
    sql = """
        update target set lease_until = null, failures = least(failures + 1, 30000), error = %s,
            wait_until = clock_timestamp() + make_interval(secs => %s)
        where id = %s and lease_token = %s
    """
    return conn.execute(sql, (_json(error), after_s, held.id, held.token)).rowcount == 1


def await_parent(
    conn: Connection, held: Claim, error: dict[str, Any], parent: uuid.UUID | None, after_s: float
) -> bool:
    """Its parent has no external id at the connection yet; woken by `wake_children`, or looks again after `after_s`."""
    sql = """
        update target set lease_until = null, error = %s, waiting_for = %s,
            wait_until = clock_timestamp() + make_interval(secs => %s)
        where id = %s and lease_token = %s
    """
    return conn.execute(sql, (_json(error), parent, after_s, held.id, held.token)).rowcount == 1


def verify_later(conn: Connection, held: Claim, error: dict[str, Any], after_s: float) -> bool:
    """An attempt is unaccounted for: look after `after_s`, before anything is sent."""
    sql = """
        update target set error = %(error)s, lease_until = null, failures = least(failures + 1, 30000),
            verify_at = clock_timestamp() + make_interval(secs => %(after)s),
            wait_until = clock_timestamp() + make_interval(secs => %(after)s)
        where id = %(id)s and lease_token = %(token)s
    """
    params = {"error": _json(error), "after": after_s, "id": held.id, "token": held.token}
    return conn.execute(sql, params).rowcount == 1


def call_was_late(conn: Connection, target_ids: Iterable[uuid.UUID]) -> None:
    """Callers whose leases were lost did call: whatever happened since, look what the peer holds now. Not fenced."""
    sql = "update target set verify_at = clock_timestamp(), dirty_seq = dirty_seq + 1 where id = any(%s)"
    conn.execute(sql, (list(target_ids),))


def looked(conn: Connection, held: Claim, verify_at: datetime | None, after_s: float) -> bool:
    """The peer was looked at and all attempts are accounted for: compare again, after `after_s`.

    A `verify_at` set meanwhile by a late caller stays.
    """
    sql = """
        update target set verify_at = nullif(verify_at, %(seen)s), dirty_seq = dirty_seq + 1, lease_until = null,
            failures = greatest(failures, 1)::smallint, wait_until = clock_timestamp() + make_interval(secs => %(after)s)
        where id = %(id)s and lease_token = %(token)s
    """
    params = {"seen": verify_at, "after": after_s, "id": held.id, "token": held.token}
    return conn.execute(sql, params).rowcount == 1


def bury(conn: Connection, held: Claim, state: str, error: dict[str, Any] | None) -> bool:
    """Leaves it for a person (`dead`, `unknown`)."""
    sql = """
        update target set state = %s, error = %s, lease_until = null, wait_until = null, waiting_for = null, verify_at = null
        where id = %s and lease_token = %s
    """
    packed = _json(error) if error is not None else None
    return conn.execute(sql, (state, packed, held.id, held.token)).rowcount == 1


def drop_all(conn: Connection, held: Sequence[Claim]) -> None:
    """Drops unsent creates that are not needed: another target of the same entity does it."""
    sql = """
        update target t set state = 'dropped', error = null, lease_until = null, wait_until = null, waiting_for = null,
            verify_at = null
        from json_to_recordset(%s::json) as c(id uuid, token bigint) where t.id = c.id and t.lease_token = c.token
    """
    if held:
        conn.execute(sql, (_json([{"id": c.id, "token": c.token} for c in held]),))


def shadow(conn: Connection, held: Claim, seq: int, wanted: dict[str, Any] | None) -> bool:
    """Mode shadow: remembers what would be sent, and is done."""
    sql = """
        update target set done_seq = greatest(done_seq, %s), lease_until = null, wait_until = null, waiting_for = null,
            error = null, wanted = %s
        where id = %s and lease_token = %s
    """
    packed = _json(wanted) if wanted else None
    return conn.execute(sql, (seq, packed, held.id, held.token)).rowcount == 1
