"""Plans: mass changes held for a person.

Targets that a mass cause marks are held from the first mark, under a provisional plan (`counting`).
When the cause is exhausted it is counted: a small one is let go and its plan forgotten, a big one
stays `held` until somebody releases or discards it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from hub.store.database import Connection, new_id

BACKFILL: Final = "backfill"
"""A pass over a whole stream of one system; its id is the cause's."""
MASS: Final = frozenset(("policy", "mapping", "model", "merge", "replay", "repair", "disconnect", BACKFILL))
DRIFT: Final = "drift"
"""A field that turned null; its id is the episode's. What is held for it is found when it is due, not when it is marked."""
GO_LIVE: Final = "golive"
BULK: Final = MASS | {GO_LIVE}
"""Causes whose deliveries wait for those of single records; the column `target.bulk` says the same."""
FEW: Final = 200
SHARE: Final = 0.01
CLEARED_MAX: Final = 20
CANARY: Final = 10

Cause = tuple[int, str, uuid.UUID | None]
"""Connection id, cause, cause id."""

_OPEN = "('counting', 'held', 'canary')"


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as stored. `counts`: targets, create, update, cleared, fields {name: n} …; `samples`: ids and fields."""

    id: uuid.UUID
    connection_id: int
    cause: str
    cause_id: str | None
    state: str
    counts: dict[str, Any]
    samples: list[Any]
    created_at: datetime
    decided_at: datetime | None
    decided_by: str | None


_COLUMNS = "id, connection_id, cause, cause_id, state, counts, samples, created_at, decided_at, decided_by"


def provisional(conn: Connection, causes: Iterable[Cause]) -> dict[Cause, uuid.UUID]:
    """The plan that holds each mass cause at a live connection, made when missing.

    A cause whose plan was released holds nothing more: the decision covers all of it.
    """
    found: dict[Cause, uuid.UUID] = {}
    for cause in sorted((c for c in causes if c[1] in MASS), key=str):
        plan_id = _hold(conn, *cause)
        if plan_id is not None:
            found[cause] = plan_id
    return found


def hold(conn: Connection, cause: Cause, targets: Sequence[uuid.UUID]) -> bool:
    """Holds targets that are due for a cause, under its plan; False, and nothing held, when that was released.

    A plan that was counted is counted again, so that its figures are of what it holds.
    """
    plan_id = _hold(conn, *cause)
    if plan_id is None:
        return False
    # Whoever counts it just now ends before this, or sees these targets too.
    conn.execute("select from plan where id = %s for update", (plan_id,))
    conn.execute("update target set plan_id = %s where id = any(%s) and plan_id is null", (plan_id, list(targets)))
    count_again(conn, cause)
    return True


def count_again(conn: Connection, cause: Cause) -> None:
    """Has the held plan of a cause counted again; while somebody looks at ten of it first it stays as it is."""
    conn.execute(
        "update plan set state = 'counting' where connection_id = %s and cause = %s and cause_id = %s and state = 'held'",
        (cause[0], cause[1], _key(cause[2])),
    )


def has_grown(conn: Connection, plan_id: uuid.UUID, counted: int) -> bool:
    """Whether a plan came to hold more than was counted; locks it, so that it stays so until the transaction ends."""
    conn.execute("select from plan where id = %s for update", (plan_id,))
    row = conn.execute("select count(*) from target where plan_id = %s", (plan_id,)).fetchone()
    return row is not None and row[0] > counted


def of_cause(conn: Connection, cause: str, cause_id: uuid.UUID) -> list[Plan]:
    """The open plans of a cause, at whatever connection."""
    sql = f"select {_COLUMNS} from plan where cause = %s and cause_id = %s and state in {_OPEN}"  # noqa: S608 -- constant
    return [Plan(*row) for row in conn.execute(sql, (cause, _key(cause_id)))]


def _hold(conn: Connection, connection_id: int, cause: str, cause_id: uuid.UUID | None) -> uuid.UUID | None:
    params = {"id": new_id(), "connection": connection_id, "cause": cause, "key": _key(cause_id)}
    conn.execute(
        """
        insert into plan (id, connection_id, cause, cause_id, state)
        select %(id)s, c.id, %(cause)s, %(key)s, 'counting' from connection c
        where c.id = %(connection)s and c.phase = 'live' and not exists (
            select from plan p where p.connection_id = c.id and p.cause = %(cause)s and p.cause_id = %(key)s
            and p.state = 'released' and %(key)s <> '')
        on conflict do nothing
        """,
        params,
    )
    found = _open_plan(conn, connection_id, cause, cause_id)
    return found[0] if found else None


def _key(cause_id: uuid.UUID | None) -> str:
    return "" if cause_id is None else str(cause_id)


def _open_plan(
    conn: Connection, connection_id: int, cause: str, cause_id: uuid.UUID | None
) -> tuple[uuid.UUID, str] | None:
    sql = f"""
        select id, state from plan where connection_id = %s and cause = %s and cause_id = %s and state in {_OPEN}
    """  # noqa: S608 -- constant text
    row = conn.execute(sql, (connection_id, cause, _key(cause_id))).fetchone()
    return (row[0], row[1]) if row else None


def hold_if_mass(conn: Connection, connection_id: int, cause: str, cause_id: uuid.UUID | None) -> uuid.UUID | None:
    """Ends the hold of a cause that is over and so small that no count is needed; returns the plan that stays.

    Call it as the last act of the transaction that marked; `hub.flow.guard` counts what is left.
    """
    found = _open_plan(conn, connection_id, cause, cause_id) if cause in MASS else None
    if found is None:
        return None
    plan_id, state = found
    if (
        state == "counting"
        and is_exhausted(conn, cause, cause_id)
        and _held_count(conn, plan_id) <= min(FEW, CLEARED_MAX)
    ):
        forget(conn, plan_id)
        return None
    return plan_id


def is_exhausted(conn: Connection, cause: str, cause_id: uuid.UUID | None) -> bool:
    """Whether a cause can mark nothing more: no mark of it waits, and its run is over."""
    if cause == BACKFILL:
        return _is_pass_over(conn, cause_id)
    sql = """
        select exists (select from resolve_work where cause = %(cause)s and cause_id is not distinct from %(id)s::uuid)
            or exists (select from run where id = %(id)s::uuid and status in ('running', 'paused'))
            or (%(cause)s = 'replay' and exists (select from event_work where state = 0 and replay))
    """
    row = conn.execute(sql, {"cause": cause, "id": cause_id}).fetchone()
    return row is not None and not row[0]


def _is_pass_over(conn: Connection, full_pass: uuid.UUID | None) -> bool:
    sql = """
        select exists (select from cursor where full_pass ->> 'id' = %(id)s::text and full_pass ->> 'status' = 'running')
            or exists (select from resolve_work where full_pass = %(id)s::uuid)
            or exists (select from event_work w join event e on e.id = w.id
                       where w.state = 0 and w.lane = 1 and e.full_pass = %(id)s::uuid)
    """
    row = conn.execute(sql, {"id": full_pass}).fetchone()
    return row is not None and not row[0]


def _held_count(conn: Connection, plan_id: uuid.UUID) -> int:
    sql = "select count(*) from (select from target where plan_id = %s limit %s) few"
    row = conn.execute(sql, (plan_id, CLEARED_MAX + 1)).fetchone()
    return int(row[0]) if row else 0


def limit(conn: Connection, connection_id: int) -> int:
    """How many targets of a connection one cause may change without a person."""
    row = conn.execute("select count(*) from target where connection_id = %s", (connection_id,)).fetchone()
    return max(FEW, int((row[0] if row else 0) * SHARE))


# A target may be due for several causes; while one of the others is held it stays with that plan.
_FREE = f"""
    update target t set plan_id = (
        select p.id from plan p where p.connection_id = t.connection_id and p.cause = t.cause
        and p.cause_id = coalesce(t.cause_id::text, '') and p.id <> %(plan)s and p.state in {_OPEN})
"""  # noqa: S608 -- constant text


def free(conn: Connection, plan_id: uuid.UUID, targets: Sequence[uuid.UUID] | None = None) -> int:
    """Lets the targets of a plan go (all, or those given)."""
    which = "" if targets is None else " and t.id = any(%(ids)s)"
    params = {"plan": plan_id, "ids": list(targets or ())}
    return conn.execute(f"{_FREE} where t.plan_id = %(plan)s{which}", params).rowcount


def forget(conn: Connection, plan_id: uuid.UUID) -> None:
    """A cause turned out small: its targets go, its provisional plan is nothing worth keeping."""
    free(conn, plan_id)
    conn.execute("delete from plan where id = %s and state = 'counting'", (plan_id,))


def keep(conn: Connection, plan_id: uuid.UUID, counts: Mapping[str, Any], samples: Sequence[Any]) -> None:
    """It is a mass change: a person decides."""
    conn.execute(
        "update plan set state = 'held', counts = %s, samples = %s where id = %s and state in ('counting', 'held')",
        (orjson.dumps(counts).decode(), orjson.dumps(samples).decode(), plan_id),
    )


def propose(conn: Connection, connection_id: int, cause: str) -> uuid.UUID:
    """A new held plan that takes every due target of a connection (going live)."""
    plan_id = new_id()
    conn.execute(
        "insert into plan (id, connection_id, cause, cause_id, state) values (%s, %s, %s, %s, 'held')",
        (plan_id, connection_id, cause, str(plan_id)),
    )
    gather(conn, connection_id, plan_id)
    return plan_id


def gather(conn: Connection, connection_id: int, plan_id: uuid.UUID) -> None:
    """Takes what became due since a plan was proposed into it."""
    conn.execute(
        "update target set plan_id = %s where connection_id = %s and plan_id is null and dirty_seq > done_seq",
        (plan_id, connection_id),
    )


def decide(conn: Connection, plan_id: uuid.UUID, state: str, by: str) -> bool:
    """Records a decision on a held plan; False when it is not held any more."""
    sql = f"""
        update plan set state = %s, decided_at = clock_timestamp(), decided_by = %s where id = %s and state in {_OPEN}
    """  # noqa: S608 -- constant text
    return conn.execute(sql, (state, by, plan_id)).rowcount == 1


def canary(conn: Connection, plan_id: uuid.UUID) -> int:
    """Lets a few of a plan's targets go, the oldest first; returns how many."""
    rows = conn.execute("select id from target where plan_id = %s order by dirty_at, id limit %s", (plan_id, CANARY))
    return free(conn, plan_id, [target for (target,) in rows.fetchall()])


def drop_changes(conn: Connection, plan_id: uuid.UUID) -> int:
    """What the plan holds is not sent now; a later change of the same record sends the whole difference."""
    sql = "update target set done_seq = dirty_seq, plan_id = null where plan_id = %s"
    return conn.execute(sql, (plan_id,)).rowcount


def lock(conn: Connection, plan_id: uuid.UUID) -> Plan | None:
    """The plan, locked against other decisions."""
    row = conn.execute(f"select {_COLUMNS} from plan where id = %s for update", (plan_id,)).fetchone()  # noqa: S608
    return Plan(*row) if row else None


def counting(conn: Connection) -> list[Plan]:
    """Plans whose cause is still to be counted, oldest first."""
    return [Plan(*row) for row in conn.execute(f"select {_COLUMNS} from plan where state = 'counting' order by id")]  # noqa: S608


def page(
    conn: Connection, *, states: Sequence[str] = ("held", "canary"), after: uuid.UUID | None = None, limit: int = 50
) -> list[Plan]:
    """Plans in these states, newest first, below `after`."""
    sql = f"""
        select {_COLUMNS} from plan where state = any(%s) and (%s::uuid is null or id < %s) order by id desc limit %s
    """  # noqa: S608 -- constant text
    return [Plan(*row) for row in conn.execute(sql, (list(states), after, after, limit))]


def held_ids(conn: Connection, plan_id: uuid.UUID, after: uuid.UUID | None, limit: int) -> list[uuid.UUID]:
    """Targets of a plan by id, above `after`."""
    sql = "select id from target where plan_id = %s and (%s::uuid is null or id > %s) order by id limit %s"
    return [row[0] for row in conn.execute(sql, (plan_id, after, after, limit))]
