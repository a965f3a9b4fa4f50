"""The access log: who saw which personal field in clear, when and why; never the value."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from hub.store.database import Connection, new_id

Rid = uuid.UUID


@dataclass(frozen=True, slots=True)
class Reveal:
    """One row. `person` is a pseudonym (`usr_…`), `subject` a golden id."""

    id: Rid
    at: datetime
    person: str
    kind: str
    subject: Rid
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows: of a person, about a subject (any id in its cluster), below an id or above it."""

    person: str = ""
    subject: Rid | None = None
    before: Rid | None = None
    after: Rid | None = None


def add(conn: Connection, person: str, kind: str, subject: Rid, field: str, reason: str) -> int:
    """Writes one row; returns how many this person caused within the hour, this one included."""
    conn.execute(
        "insert into reveal (id, person, kind, subject, field, reason) values (%s, %s, %s, %s, %s, %s)",
        (new_id(), person, kind, subject, field, reason),
    )
    row = conn.execute(
        "select count(*) from reveal where at > clock_timestamp() - interval '1 hour' and person = %s", (person,)
    ).fetchone()
    return int(row[0]) if row else 0


def page(conn: Connection, wish: Filter, limit: int) -> list[Reveal]:
    """Rows, the newest first, at most `limit`."""
    where = ["true"]
    if wish.person:
        where.append("person = %(person)s")
    if wish.subject:
        where.append(
            "subject = any(array(select o.rid from record r join record o on o.cluster = r.cluster where r.rid = %(subject)s))"
        )
    if wish.before:
        where.append("id < %(before)s")
    if wish.after:
        where.append("id > %(after)s")
    direction = "asc" if wish.after else "desc"
    sql = f"""
        select id, at, person, kind, subject, field, reason from reveal
        where {" and ".join(where)} order by id {direction} limit %(limit)s
    """  # noqa: S608 -- constant text
    params = {
        "person": wish.person, "subject": wish.subject, "before": wish.before, "after": wish.after, "limit": limit,
    }  # fmt: skip
    rows = [Reveal(*row) for row in conn.execute(sql, params)]
    return rows[::-1] if wish.after else rows
