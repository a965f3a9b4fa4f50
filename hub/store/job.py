"""Periodic jobs: when each is due, who runs it (a lease), how it ended."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.store.database import Connection, Database, new_id

LEASE_S = 60.0


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job. `failures`: times in a row that it failed; `error`: of the last run, None when that went well."""

    name: str
    connection_id: int | None
    next_at: datetime
    lease_until: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    failures: int
    error: str | None


_COLUMNS = ", ".join(JobRow.__dataclass_fields__)
# A change of its connection is a reason to run at once.
_IS_DUE = """
    name = any(%(names)s::text[]) and (lease_until is null or lease_until <= clock_timestamp())
    and (next_at <= clock_timestamp() or started_at < (select updated_at from connection k where k.id = job.connection_id))
"""


def ensure(db: Database, name: str, connection_id: int | None, first_at: datetime) -> None:
    """Adds a job that is not known yet; a known one keeps its place."""
    db.execute(
        "insert into job (name, connection_id, next_at) values (%s, %s, %s) on conflict (name) do nothing",
        (name, connection_id, first_at),
    )


def due(db: Database, names: Sequence[str]) -> list[str]:
    """Those of `names` that are due and that nobody runs, longest overdue first."""
    if not names:
        return []
    rows = db.all(f"select name from job where {_IS_DUE} order by next_at", {"names": list(names)})  # noqa: S608
    return [name for (name,) in rows]


def take(db: Database, name: str, lease_s: float = LEASE_S) -> uuid.UUID | None:
    """Leases a job that is due to one runner; None when another one was quicker."""
    row = db.one(
        f"""
        update job set lease_token = %(token)s, lease_until = clock_timestamp() + make_interval(secs => %(lease)s),
               started_at = clock_timestamp()
        where {_IS_DUE} returning lease_token
        """,  # noqa: S608 -- constant text
        {"token": new_id(), "lease": lease_s, "names": [name]},
    )
    return row[0] if row else None


def renew(db: Database, held: Mapping[str, uuid.UUID], lease_s: float = LEASE_S) -> set[str]:
    """Keeps the leases of jobs that still run; returns those that are still held."""
    rows = db.all(
        """
        update job set lease_until = clock_timestamp() + make_interval(secs => %s)
        from unnest(%s::text[], %s::uuid[]) as h(held, token)
        where name = h.held and lease_token = h.token returning name
        """,
        (lease_s, list(held), list(held.values())),
    )
    return {name for (name,) in rows}


def finish(db: Database, name: str, token: uuid.UUID, next_at: datetime, error: str | None) -> bool:
    """Gives the lease back with the outcome; False when it was lost: another one runs it, nothing changed."""
    changed = db.execute(
        "update job set lease_token = null, lease_until = null, ended_at = clock_timestamp(), next_at = %(next)s,"
        " error = %(error)s, failures = case when %(error)s::text is null then 0 else failures + 1 end"
        " where name = %(name)s and lease_token = %(token)s",
        {"name": name, "token": token, "next": next_at, "error": error},
    )
    return changed > 0


def of_name(db: Database, name: str) -> JobRow | None:
    """One job; None when it never was due."""
    row = db.one(f"select {_COLUMNS} from job where name = %s", (name,))  # noqa: S608
    return JobRow(*row) if row else None


def all_rows(db: Database) -> list[JobRow]:
    """Every job that ever was registered, by name."""
    return [JobRow(*row) for row in db.all(f"select {_COLUMNS} from job order by name")]  # noqa: S608


def failing(conn: Connection, failures: int) -> list[JobRow]:
    """Jobs that failed at least so many times in a row and were tried within the last day: those that are gone do not count."""
    sql = f"""
        select {_COLUMNS} from job where failures >= %s and ended_at > clock_timestamp() - interval '1 day'
        order by name limit 100
    """  # noqa: S608 -- constant text
    return [JobRow(*row) for row in conn.execute(sql, (failures,))]
