"""A store's day in figures: what was sold and given back, what waits, what runs out. Each figure is a list's filter."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from hub.store import near
from hub.store.console_record import LOW, Filter, conditions
from hub.store.database import Connection, upcasts_of
from hub.store.timeline import AT


@dataclass(frozen=True, slots=True)
class Part:
    """Records of one filter: how many, and their sums by currency as decimals, where they have an amount."""

    count: int
    amounts: dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Waiting:
    """One record that waits. `at`: since when, RFC 3339 text in UTC. `number`: of its order."""

    id: uuid.UUID
    at: str
    data: dict[str, Any]
    number: str


_WITHIN = "g.realm = any(%(realms)s) and g.kind = %(kind)s"
_SUMS = """
select coalesce(g.data ->> 'state', 'none'), coalesce(t.total ->> 'currency', ''), count(*),
       sum((t.total ->> 'amount')::numeric)
from golden g cross join lateral (select coalesce(case when %(is_owed)s then g.data -> 'outstanding' end,
    g.data -> 'totals' -> 'total', g.data -> 'amount') as total) t
where {} group by 1, 2 order by 3 desc, 1, 2
"""
_OLDEST = """
select g.id, {at}, g.data, coalesce((select o.data ->> 'number' from record r
    join reference f on f.child = r.rid and f.field = 'order' join record p on p.rid = f.parent
    join golden o on o.id = p.cluster where r.cluster = g.id limit 1), ''), count(*) over ()
from golden g where {where} order by 2, g.id limit %(limit)s
"""
_STOCK = """
with kept as materialized (select g.id, g.data, {low} as is_low from golden g where {where})
select (select count(*) from kept), (select count(*) from kept where is_low),
       (select json_agg(json_build_array(id, data) order by data ->> 'sku', id)
        from (select * from kept where is_low order by data ->> 'sku', id limit %(limit)s) first)
"""

_IS_NEAR = "g.id = any(array(select id from near))"
# Amounts as text: JSON's numbers are read as floats.
_PARTS = """
with near(id) as materialized ({near})
select (select json_agg(json_build_array(state, currency, n, total::text)) from ({sums}) s(state, currency, n, total)),
       (select json_agg(json_build_array(id, at, data, number, n)) from ({oldest}) w(id, at, data, number, n))
"""


def sums(conn: Connection, wish: Filter, *, is_owed: bool = False) -> dict[str, Part]:
    """What a filter finds, by state (`none`: no value), the most frequent first.

    An amount is an order's total, or (`is_owed`) what is outstanding of it; of a payment or refund its amount.
    """
    where, values = _where(wish)
    return _parts(conn.execute(_SUMS.format(where), {**values, "is_owed": is_owed}))


def _parts(rows: Iterable[Sequence[Any]]) -> dict[str, Part]:
    found: dict[str, Part] = {}
    for state, currency, count, amount in rows:
        part = found.setdefault(state, Part(0, {}))
        amounts = part.amounts | ({currency: amount} if currency and amount is not None else {})
        found[state] = Part(part.count + count, amounts)
    return found


def oldest(conn: Connection, wish: Filter, limit: int) -> tuple[int, list[Waiting]]:
    """How many records a filter finds, and the first of them by when they happened."""
    where, values = _where(wish)
    rows = conn.execute(_OLDEST.format(at=AT, where=where), {**values, "limit": limit}).fetchall()
    upcasts = upcasts_of(conn)
    return (rows[0][4] if rows else 0), [
        Waiting(id_, at, upcasts.data(wish.kind, data), number) for id_, at, data, number, _ in rows
    ]


def parts(
    conn: Connection, given_back: Filter, waits: Filter, limit: int
) -> tuple[dict[str, Part], int, list[Waiting]]:
    """What `sums` tells of one filter and `oldest` of another one, both of parts of orders near one place.

    One statement: what is near is looked for once, and that is most of the work.
    """
    place = waits.place
    sums_where, sums_values = _where(replace(given_back, is_near=False), "_of_sums")
    wait_where, wait_values = _where(replace(waits, is_near=False))
    floors = [wish.floor for wish in (given_back, waits) if wish.floor]
    values = {**sums_values, **wait_values, "since": min(floors) if len(floors) > 1 else None, "limit": limit}
    sql = _PARTS.format(
        near=near.ids(waits.kind, place.rids if place else None),
        sums=_SUMS.format(f"{sums_where} and {_IS_NEAR}"),
        oldest=_OLDEST.format(at=AT, where=f"{wait_where} and {_IS_NEAR}"),
    )
    row = conn.execute(sql, {**values, "is_owed": False}).fetchone()
    summed, waiting = (row[0] or [], row[1] or []) if row else ([], [])
    upcasts = upcasts_of(conn)
    return (
        _parts((state, currency, count, amount and Decimal(amount)) for state, currency, count, amount in summed),
        waiting[0][4] if waiting else 0,
        [Waiting(uuid.UUID(id_), at, upcasts.data(waits.kind, data), number) for id_, at, data, number, _ in waiting],
    )


def stock(conn: Connection, wish: Filter, limit: int) -> tuple[int, int, list[Waiting]]:
    """Of the stock levels that a filter finds: how many, how many are low, and the first of those by SKU."""
    where, values = _where(wish)
    row = conn.execute(_STOCK.format(low=LOW, where=where), {**values, "limit": limit}).fetchone()
    if row is None:
        return 0, 0, []
    first = [(uuid.UUID(id_), upcasts_of(conn).data(wish.kind, data)) for id_, data in row[2] or ()]
    return row[0], row[1], [Waiting(id_, str(data.get("as_of") or ""), data, "") for id_, data in first]


def _where(wish: Filter, tag: str = "") -> tuple[str, dict[str, Any]]:
    """The conditions of a filter and their parameters, each named with `tag`, so that two fit into one statement."""
    fits, values = conditions(wish)
    where = " and ".join([_WITHIN, *fits])
    return re.sub(r"%\((\w+)\)s", rf"%(\1{tag})s", where), {f"{name}{tag}": value for name, value in values.items()}
