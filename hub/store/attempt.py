"""Attempts: the intent is committed before the call, the outcome after it.

Outcomes: null under way · `sent` · `failed` (the peer did not do it) · `not_sent` · `unknown`; and what a
later look made of an unknown one: `applied`, `not_applied`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from hub.store import decision
from hub.store.database import Connection, upcasts_of


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. `asserted`: the canonical values it was to write, in today's form."""

    id: uuid.UUID
    target_id: uuid.UUID
    action: str
    idempotency_key: str
    asserted: dict[str, Any]
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    error: dict[str, Any] | None
    version: str | None
    cause: str | None
    cause_id: uuid.UUID | None


_COLUMNS = (
    "id, target_id, action, idempotency_key, asserted, started_at, ended_at, outcome, error, version, cause, cause_id"
)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def begin(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes intents. A row: `id, target_id, connection_id, action, idempotency_key, asserted, cause, cause_id`."""
    sql = """
        insert into attempt (id, target_id, connection_id, action, idempotency_key, asserted, cause, cause_id)
        select id, target_id, connection_id, action, idempotency_key, asserted, cause, cause_id
        from json_to_recordset(%s::json) as t(id uuid, target_id uuid, connection_id integer, action text,
             idempotency_key text, asserted jsonb, cause text, cause_id uuid)
    """
    conn.execute(sql, (_json(list(rows)),))


def end(
    conn: Connection,
    ids: Iterable[uuid.UUID],
    outcome: str,
    *,
    version: str | None = None,
    error: Mapping[str, Any] | None = None,
) -> None:
    """Records what became of attempts."""
    sql = """
        update attempt set ended_at = coalesce(ended_at, clock_timestamp()), outcome = %s,
            version = coalesce(%s, version), error = coalesce(%s::jsonb, error)
        where id = any(%s)
    """
    conn.execute(sql, (outcome, version, _json(error) if error else None, list(ids)))


def sent(conn: Connection, versions: Mapping[uuid.UUID, str | None]) -> None:
    """These attempts took effect: id -> the version that the peer gave."""
    sql = """
        update attempt a set ended_at = coalesce(a.ended_at, clock_timestamp()), outcome = 'sent',
            version = coalesce(t.version, a.version)
        from json_to_recordset(%s::json) as t(id uuid, version text) where a.id = t.id
    """
    conn.execute(sql, (_json([{"id": id_, "version": version} for id_, version in versions.items()]),))


def unaccounted(conn: Connection, target_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Attempt]]:
    """Attempts of these targets that may have reached the peer without anybody knowing, oldest first."""
    sql = f"""
        select {_COLUMNS} from attempt where target_id = any(%s) and (outcome is null or outcome = 'unknown')
        order by id
    """  # noqa: S608 -- constant columns
    found: dict[uuid.UUID, list[Attempt]] = {}
    for attempt in _read(conn, sql, (list(target_ids),)):
        found.setdefault(attempt.target_id, []).append(attempt)
    return found


def last_failed(conn: Connection, target_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Attempt]]:
    """The newest twenty attempts of each of these targets since the last that succeeded, newest first."""
    sql = f"""
        select {_COLUMNS} from unnest(%s::uuid[]) as t(target) cross join lateral (
            select * from attempt where target_id = t.target order by id desc limit 20) a
        order by id desc
    """  # noqa: S608 -- constant columns
    found: dict[uuid.UUID, list[Attempt]] = {}
    over: set[uuid.UUID] = set()
    for attempt in _read(conn, sql, (list(target_ids),)):
        if attempt.outcome in ("sent", "applied"):
            over.add(attempt.target_id)
        if attempt.target_id not in over:
            found.setdefault(attempt.target_id, []).append(attempt)
    return found


def overtaken(conn: Connection, target_ids: Iterable[uuid.UUID], window_s: float) -> dict[uuid.UUID, list[Attempt]]:
    """Tries of the last `window_s`, at most twenty a target, that did not succeed before a later one did; oldest first.

    Their `version` is that of the next one that did succeed: had they taken effect, it was before that.
    """
    sql = """
        select a.id, a.target_id, a.action, a.idempotency_key, a.asserted, a.started_at, a.ended_at, a.outcome, a.error,
            (select s.version from attempt s where s.target_id = a.target_id and s.id > a.id
             and s.outcome in ('sent', 'applied') order by s.id limit 1), a.cause, a.cause_id
        from unnest(%s::uuid[]) as t(target) cross join lateral (
            select * from attempt where target_id = t.target order by id desc limit 20) a
        where a.outcome in ('failed', 'not_applied') and a.started_at > clock_timestamp() - make_interval(secs => %s)
        order by a.id
    """
    found: dict[uuid.UUID, list[Attempt]] = {}
    ids = list(target_ids)
    for attempt in _read(conn, sql, (ids, window_s)) if ids else ():
        if attempt.version is not None:
            found.setdefault(attempt.target_id, []).append(attempt)
    return found


def of_target(conn: Connection, target_id: uuid.UUID, limit: int = 50) -> list[Attempt]:
    """The attempts of one target, newest first."""
    sql = f"select {_COLUMNS} from attempt where target_id = %s order by id desc limit %s"  # noqa: S608
    return _read(conn, sql, (target_id, limit))


def _read(conn: Connection, sql: str, params: Sequence[Any]) -> list[Attempt]:
    rows = [Attempt(*row) for row in conn.execute(sql, params)]
    upcasts, kinds = upcasts_of(conn), _kinds(conn, [row.target_id for row in rows])
    return [
        replace(row, asserted=upcasts.data(kinds[row.target_id], row.asserted)) if row.target_id in kinds else row
        for row in rows
    ]


def _kinds(conn: Connection, target_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The kinds of targets, asked for only while any kind has stored values of two forms."""
    if not upcasts_of(conn) or not target_ids:
        return {}
    return dict(conn.execute("select id, kind from target where id = any(%s)", (list(target_ids),)).fetchall())


def recently_written(
    conn: Connection, target_ids: Iterable[uuid.UUID], window_s: float, at_least: int
) -> dict[uuid.UUID, list[dict[str, Any]]]:
    """What was written to busy targets within the window, oldest first; targets with fewer writes are left out.

    What was written before a person lifted a freeze is not held against the field again.
    """
    sql = """
        select target_id, asserted, started_at from (
            select target_id, id, asserted, started_at, count(*) over (partition by target_id) as n from attempt
            where target_id = any(%s) and outcome in ('sent', 'applied')
              and started_at > clock_timestamp() - make_interval(secs => %s)) busy
        where n >= %s order by id
    """
    rows = conn.execute(sql, (list(target_ids), window_s, at_least)).fetchall()
    lifted = decision.thawed_at(conn, [row[0] for row in rows]) if rows else {}
    upcasts, kinds = upcasts_of(conn), _kinds(conn, [row[0] for row in rows])
    found: dict[uuid.UUID, list[dict[str, Any]]] = {}
    for target_id, asserted, started_at in rows:
        if target_id not in lifted or started_at > lifted[target_id]:
            found.setdefault(target_id, []).append(upcasts.data(kinds.get(target_id, ""), asserted))
    return {target_id: written for target_id, written in found.items() if len(written) >= at_least}
