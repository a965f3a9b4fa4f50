"""Deliveries as the console lists and shows them: targets by state, and what was sent."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.store.console_event import TARGET_STATE
from hub.store.database import Database

TABS = ("unknown", "dead", "waiting", "held", "sent", "effects")
CAP = 10_000
_DUE = "t.dirty_seq > t.done_seq and t.state = 'due' and t.plan_id is null"
_FITS = {
    "unknown": "t.state = 'unknown'",
    "dead": "t.state = 'dead'",
    "waiting": _DUE,
    "held": "t.plan_id is not null and t.state = 'due'",
}
# What happens to a person and cannot be taken back; asked for only where some connection is sent such kinds.
_EFFECTS = "t.kind = any(%(effects)s) and t.connection_id = any(%(effect_connections)s)"


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One target in a list. `id` pages: the target's, in the tab `sent` the attempt's."""

    id: uuid.UUID
    target_id: uuid.UUID
    connection: str
    kind: str
    state: str
    golden_id: uuid.UUID
    data: dict[str, Any] | None
    external_id: str | None
    failures: int
    error: dict[str, Any] | None
    dirty_at: datetime
    next_at: datetime | None
    ended_at: datetime | None
    action: str


_NAMED = """connection c on c.id = t.connection_id join record o on o.rid = t.owner_rid
left join golden g on g.id = o.cluster left join record p on p.rid = t.rid"""
_COLUMNS = """t.id, c.name, t.kind, {state}, o.cluster, g.data, p.external_id, t.failures, t.error, t.dirty_at,
    coalesce(t.verify_at, t.wait_until)"""
_ARRIVED = "'sent'"
_OPEN = f"select t.id, {_COLUMNS.format(state=TARGET_STATE)}, t.done_at, '' from target t join {_NAMED}"  # noqa: S608
_SENT = (
    f"select a.id, {_COLUMNS.format(state=_ARRIVED)}, a.ended_at, a.action"  # noqa: S608 -- constants of this module
    f" from attempt a join target t on t.id = a.target_id join {_NAMED}"
)
_NAMED_ONE = " = (select id from connection where name = %(connection)s)"


# As one span of one index: where statistics know of one connection alone, equality would be looked for in all attempts by id.
_SENT_TO_ONE = """ and (a.connection_id, a.id) >= ((select id from connection where name = %(connection)s), %(low)s)
    and (a.connection_id, a.id) <= ((select id from connection where name = %(connection)s), %(high)s)"""


def _scope(connection: str, realms: list[str] | None) -> str:
    """What limits a list to a connection and to realms: only what is asked for, so that an index can serve it."""
    parts = [f" and t.connection_id{_NAMED_ONE}"] if connection else []
    return "".join([*parts, " and t.realm = any(%(realms)s)"] if realms is not None else parts)


@dataclass(frozen=True, slots=True)
class Effects:
    """Kinds whose delivery is an effect, and the connections that are sent them."""

    kinds: list[str]
    connections: list[int]


@dataclass(frozen=True, slots=True)
class Filter:
    """What to list; `realms` None: all. `before`/`after`: the id to go on from, towards older / newer."""

    tab: str
    connection: str = ""
    realms: list[str] | None = None
    before: uuid.UUID | None = None
    after: uuid.UUID | None = None
    effects: Effects | None = None


def list_deliveries(db: Database, wish: Filter, limit: int) -> list[DeliveryRow]:
    """The deliveries of one tab, newest ids first, at most `limit`."""
    direction = "asc" if wish.after else "desc"
    connection, order = wish.connection, ""
    if wish.tab == "sent":
        key, sql = (
            "a.id",
            _SENT + " where a.outcome in ('sent', 'applied') and a.action in ('create', 'update', 'delete')",
        )
        if connection:
            sql, order, connection = sql + _SENT_TO_ONE, f"a.connection_id {direction}, ", ""
    else:
        if wish.tab == "effects" and wish.effects is None:
            return []
        key, sql = "t.id", f"{_OPEN} where {_EFFECTS if wish.tab == 'effects' else _FITS[wish.tab]}"
    sql += _scope(connection, wish.realms)
    sql += f" and {key} < %(before)s" if wish.before else ""
    sql += f" and {key} > %(after)s" if wish.after else ""
    values: dict[str, Any] = {
        "connection": wish.connection,
        "realms": wish.realms,
        "before": wish.before,
        "after": wish.after,
        "low": wish.after or uuid.UUID(int=0),
        "high": wish.before or uuid.UUID(int=2**128 - 1),
        "limit": limit,
        "effects": wish.effects.kinds if wish.effects else [],
        "effect_connections": wish.effects.connections if wish.effects else [],
    }
    is_part = wish.tab == "waiting" and bool(connection or wish.realms is not None)
    if is_part and (few := _few_due(db, wish, direction, values)) is not None:
        sql, values = f"{_OPEN} where t.id = any(%(few)s)", {"few": few, "limit": limit}
    rows = [_listed(db, row) for row in db.all(f"{sql} order by {order}{key} {direction} limit %(limit)s", values)]
    return rows[::-1] if wish.after else rows


def _few_due(db: Database, wish: Filter, direction: str, values: dict[str, Any]) -> list[uuid.UUID] | None:
    """The ids to show of what is due there; None when that is so much that going through all that is due by id finds some at once.

    Where little of much is due there, going by id would read nearly all the rest.
    """
    sql = f"""with few as materialized (select t.id from target t where {_DUE}{_scope(wish.connection, wish.realms)} limit {CAP})
        select (select count(*) from few), array(select id from few where (%(before)s::uuid is null or id < %(before)s)
        and (%(after)s::uuid is null or id > %(after)s) order by id {direction} limit %(limit)s)"""  # noqa: S608 -- constants of this module
    count, ids = db.all(sql, values)[0]
    return ids if count < CAP else None


def _listed(db: Database, row: Sequence[Any]) -> DeliveryRow:
    found = DeliveryRow(*row)
    return replace(found, data=db.upcasts.data(found.kind, found.data)) if found.data else found


def tab_counts(
    db: Database, realms: list[str] | None, connection: str = "", effects: Effects | None = None
) -> dict[str, int]:
    """How many stand in each tab but `sent`, each count cut at ten thousand."""
    fitting = {**_FITS, "effects": _EFFECTS if effects else "false"}
    scope = _scope(connection, realms)
    parts = [
        f"(select count(*) from (select 1 from target t where {fits}{scope} limit {CAP}) few)"  # noqa: S608
        for fits in fitting.values()
    ]
    values = {
        "realms": realms,
        "connection": connection,
        "effects": effects.kinds if effects else [],
        "effect_connections": effects.connections if effects else [],
    }
    row = db.one("select " + ", ".join(parts), values)
    return dict(zip(fitting, row or (0,) * len(fitting), strict=True))


@dataclass(frozen=True, slots=True)
class DeliveryDetail:
    """One target with what it is known by. `waiting_for`: a parent without an external id there."""

    id: uuid.UUID
    connection: str
    connector: str
    realm: str
    kind: str
    object_type: str
    state: str
    golden_id: uuid.UUID
    data: dict[str, Any] | None
    external_id: str | None
    failures: int
    error: dict[str, Any] | None
    wanted: dict[str, Any] | None
    dirty_at: datetime
    done_at: datetime | None
    wait_until: datetime | None
    verify_at: datetime | None
    waiting_for: uuid.UUID | None
    plan_id: uuid.UUID | None
    cause: str
    cause_id: uuid.UUID | None


_DETAIL = f"""
select t.id, c.name, c.connector, t.realm, t.kind, t.object_type, {TARGET_STATE}, o.cluster, g.data, p.external_id, t.failures, t.error,
       t.wanted, t.dirty_at, t.done_at, t.wait_until, t.verify_at, t.waiting_for, t.plan_id, t.cause, t.cause_id
from target t join {_NAMED} where t.id = %s
"""  # noqa: S608 -- constants of this module


def delivery_detail(db: Database, target_id: uuid.UUID) -> DeliveryDetail | None:
    """One target; None when there is none with that id."""
    row = db.one(_DETAIL, (target_id,))
    if row is None:
        return None
    found = DeliveryDetail(*row)
    data, wanted = (part and db.upcasts.data(found.kind, part) for part in (found.data, found.wanted))
    return replace(found, data=data, wanted=wanted)
