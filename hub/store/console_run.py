"""Runs and plans as the console lists them, newest first and paged by id."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.store.about import LIMIT, rough
from hub.store.console_connection import RunRow
from hub.store.database import Database

TYPES = ("pull", "replay", "verify", "import", "rehearsal", "activation")
STATUSES = ("running", "paused", "done", "failed", "cancelled")
PLAN_STATES = ("held", "canary", "counting", "released", "discarded")


@dataclass(frozen=True, slots=True)
class Filter:
    """What to list; empty: all. `realms` None: all. `before`/`after`: the id to go on from, towards older / newer."""

    connection: str = ""
    type: str = ""
    status: str = ""
    realms: list[str] | None = None
    before: uuid.UUID | None = None
    after: uuid.UUID | None = None


def _paged(db: Database, sql: str, wish: Filter, limit: int, **more: Any) -> list[Any]:
    sql += " and t.id < %(before)s" if wish.before else ""
    sql += " and t.id > %(after)s" if wish.after else ""
    values = {name: getattr(wish, name) for name in Filter.__slots__} | {"limit": limit, **more}
    rows = db.all(f"{sql} order by t.id {'asc' if wish.after else 'desc'} limit %(limit)s", values)
    return rows[::-1] if wish.after else rows


_SCOPE = """ (%(connection)s = '' or c.name = %(connection)s)
    and (%(realms)s::text[] is null or c.realm is null or c.realm = any(%(realms)s))"""
_RUN = """select t.id, t.type, c.name, t.stream, t.status, t.outcome, t.coverage, t.counts, t.note, t.started_at, t.ended_at,
    t.total, t.wish, t.updated_at from run t left join connection c on c.id = t.connection_id"""


def list_runs(db: Database, wish: Filter, limit: int) -> list[RunRow]:
    """Runs that fit, at most `limit`. Polls that found nothing are runs too: filter by status or type."""
    sql = f"""{_RUN} where {_SCOPE} and (%(type)s = '' or t.type = %(type)s)
        and (%(status)s = '' or t.status = %(status)s)"""
    return [RunRow(*row) for row in _paged(db, sql, wish, limit)]


def run_detail(db: Database, run_id: uuid.UUID, realms: list[str] | None) -> RunRow | None:
    """One run; None when there is none in these realms."""
    row = db.one(
        f"{_RUN} where t.id = %(id)s and (%(realms)s::text[] is null or c.realm is null or c.realm = any(%(realms)s))",
        {"id": run_id, "realms": realms},
    )
    return RunRow(*row) if row else None


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One plan. `held`: how many targets it still holds, of more than ten thousand those it had; only of one that is open."""

    id: uuid.UUID
    connection: str
    realm: str
    phase: str
    cause: str
    cause_id: str | None
    state: str
    counts: dict[str, Any]
    samples: list[Any]
    created_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    held: int


_PLAN = """select t.id, c.name, c.realm, c.phase, t.cause, t.cause_id, t.state, t.counts, t.samples, t.created_at, t.decided_at,
    t.decided_by, case when t.state in ('counting', 'held', 'canary')
        then (select count(*) from (select from target x where x.plan_id = t.id limit %(most)s) few) else 0 end
    from plan t join connection c on c.id = t.connection_id"""


def list_plans(db: Database, wish: Filter, limit: int) -> list[PlanLine]:
    """Plans that fit (`status` is their state, `open` those that wait), at most `limit`."""
    states = list(PLAN_STATES[:3]) if wish.status == "open" else [wish.status] if wish.status else None
    sql = f"{_PLAN} where {_SCOPE} and (%(states)s::text[] is null or t.state = any(%(states)s))"
    return [_plan_line(*row) for row in _paged(db, sql, wish, limit, states=states, most=LIMIT)]


def _plan_line(*values: Any) -> PlanLine:
    """One plan; of very many targets as many as were counted when it was held."""
    found = PlanLine(*values)
    return replace(found, held=rough([found.held], int(found.counts.get("targets") or 0))[0])


def plan_detail(db: Database, plan_id: uuid.UUID, realms: list[str] | None) -> PlanLine | None:
    """One plan; None when there is none in these realms."""
    row = db.one(
        f"{_PLAN} where t.id = %(id)s and (%(realms)s::text[] is null or c.realm = any(%(realms)s))",
        {"id": plan_id, "realms": realms, "most": LIMIT},
    )
    return _plan_line(*row) if row else None
