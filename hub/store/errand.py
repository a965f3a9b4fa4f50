"""Errands: runs that say by themselves what is to be done, and wait for a worker to do it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from hub.store.database import Connection, Database
from hub.store.run import Run, RunType

WAITING = """
    type in ('rehearsal', 'activation') and position is not null and (status = 'paused' and position ? 'go'
        or status = 'running' and updated_at < now() - interval '60 seconds')
"""
"""The condition of an errand that a worker should take: asked for, or left behind by a process that is gone."""
_LOCK = 7_420_531
_COLUMNS = ", ".join(Run.__dataclass_fields__)
_TAKE = f"""
    update run set status = 'running', updated_at = clock_timestamp(),
        started_at = case when position ? 'tries' then started_at else clock_timestamp() end,
        position = position - 'go' || jsonb_build_object('tries', coalesce((position ->> 'tries')::integer, 0) + 1)
    where id = (select id from run where {{}} order by id limit 1 for update skip locked) returning {_COLUMNS}
"""  # noqa: S608 -- constants of the code


def take(db: Database, run_id: uuid.UUID | None = None) -> Run | None:
    """Begins an errand that waits, or one whose process is gone (the one of that id); counts it in `tries`. None when there is none."""
    which = f"{WAITING} and (%(id)s::uuid is null or id = %(id)s)"
    row = db.one(_TAKE.format(which), {"id": run_id})
    return Run(*row) if row else None


def lock(conn: Connection) -> None:
    """Has one transaction at a time look for open errands and add one."""
    conn.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))


def open_ones(conn: Connection, type_: RunType) -> list[Run]:
    """Errands of a type that wait or are at work, the oldest first."""
    sql = f"select {_COLUMNS} from run where type = %s and status in ('paused', 'running') order by id"  # noqa: S608
    return [Run(*row) for row in conn.execute(sql, (type_,))]


def keep(conn: Connection, run_id: uuid.UUID, result: Mapping[str, Any]) -> None:
    """Keeps what came of it, with the run."""
    conn.execute("update run set result = %s where id = %s", (orjson.dumps(result, default=str).decode(), run_id))
