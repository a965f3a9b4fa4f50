"""SQL of balances: sums over golden entries, so that one told by two systems counts once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from hub.store.database import Connection

Rid = uuid.UUID


@dataclass(frozen=True, slots=True)
class Sum:
    """How many live entries there are, and their sum as decimal text (`0` of none)."""

    entries: int
    total: str


_POINTS = """
    select count(*), coalesce(sum((g.data ->> 'points')::numeric), 0)::text from golden g
    where g.kind = 'loyalty_entry' and g.lifecycle = 'active' and g.id in (
        select e.cluster from record p join reference f on f.parent = p.rid and f.field = 'programme'
        join record e on e.rid = f.child and e.kind = 'loyalty_entry'
        where p.cluster = %(programme)s)
"""
_STOCK = """
    select count(*), coalesce(sum((g.data ->> 'quantity')::numeric), 0)::text from golden g
    where g.kind = 'stock_movement' and g.lifecycle = 'active'
        and not coalesce(g.data ->> 'reason', '') = any(%(apart)s)
        and g.id in (select r.cluster from match_key m join record r on r.rid = m.rid
            where m.hash = %(sku)s and r.kind = 'stock_movement')
        and (select l.cluster from connection c join record l on l.connection_id = c.id
            and l.object_type = g.data -> 'location' ->> 'object_type'
            and l.external_id = g.data -> 'location' ->> 'external_id'
            where c.name = g.data -> 'location' ->> 'connection') is not distinct from %(location)s
"""
_PLACE = """
    select l.cluster from connection c join record l on l.connection_id = c.id
    where c.name = %s and l.object_type = %s and l.external_id = %s
"""


def points(conn: Connection, programme: Rid) -> Sum:
    """Of all entries of a programme, whoever told them."""
    row = conn.execute(_POINTS, {"programme": programme}).fetchone()
    return Sum(*row) if row else Sum(0, "0")


def stock(conn: Connection, sku: bytes, location: Rid | None, apart: Sequence[str]) -> Sum:
    """Of the movements of a SKU (its look-up key) at a location (golden id), but those of the reasons `apart`."""
    row = conn.execute(_STOCK, {"sku": sku, "location": location, "apart": list(apart)}).fetchone()
    return Sum(*row) if row else Sum(0, "0")


def place(conn: Connection, connection: str, object_type: str, external_id: str) -> Rid | None:
    """The golden id of the location of a source key."""
    row = conn.execute(_PLACE, (connection, object_type, external_id)).fetchone()
    return row[0] if row else None
