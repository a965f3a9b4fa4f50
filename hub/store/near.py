"""The records of a few locations, found from those: they may be a thousandth of all that a chain has of a kind.

What is found so holds all that belongs there and may hold more: the conditions of `hub.store.scope` stay beside it.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from hub.store import scope
from hub.store.database import Connection

MOST = 2000
"""Of locations that more records name than these, a list is read in its own order: it meets enough of them soon."""
MOST_ORDERS = 10_000
"""Of a store with more orders than these, what is counted of their parts is found by reading all of the chain since then."""

_OF_LIMITS = """select l.rid from connection c join record l on l.connection_id = c.id and l.kind = 'location'
    where %(limits)s::jsonb -> l.realm ? l.external_id"""
_OF_PLACE = "select unnest(%(rids)s::uuid[])"
_COUNT = """select count(*) from (select from reference f where f.parent = any(array({places})) and f.field = any(%(named)s)
    limit %(most)s) few"""
_LATE = "(%(since)s::uuid is null or {}.child >= %(since)s)"
# Most records are the oldest of their golden record and have its id, so that only indexes are read of them; one of
# which no golden record has the id is looked up.
_CLUSTERS = """select id from {0} union all select r.cluster from (
    select id from {0} where not exists (select from golden o where o.id = {0}.id) offset 0) lost
    join record r on r.rid = lost.id"""
_NAMED = f"""(with named as materialized (select f.child as id from reference f where f.parent = any(array({{places}}))
    and f.field = any('{{{{{{fields}}}}}}') and {_LATE.format("f")}) {_CLUSTERS.format("named")})"""  # noqa: S608
# The records of each order of the locations.
_ORDERS = """own as materialized (select f.child, m.rid from reference f left join record m on m.cluster = f.child
        where f.parent = any(array({places})) and f.field = 'store'),
    sold as (select rid from own where rid is not null union all select m.rid from own
        join record r on r.rid = own.child join record m on m.cluster = r.cluster where own.rid is null)"""
_PARTS = f"""(with {_ORDERS}, part as materialized (select x.child as id from sold
        join reference x on x.parent = sold.rid and x.field = 'order' and {_LATE.format("x")})
    {_CLUSTERS.format("part")})"""  # noqa: S608
_BUYERS = f"""(with {_ORDERS} select k.cluster from sold join reference x on x.child = sold.rid and x.field = 'customer'
    join record k on k.rid = x.parent and k.kind = %(kind)s)"""  # noqa: S608


def is_few(
    conn: Connection, kind: str, realms: Collection[str], limits: scope.Limits, place: Sequence[uuid.UUID] | None
) -> bool:
    """Whether so few records name the locations that those of a kind are better found from there.

    Locations: the records of `place`, else those of `limits`, if each of `realms` has one. One statement of a few milliseconds.
    """
    if kind == "location" or (place is None and not set(realms) <= limits.keys()):
        return False
    named = ["store"] if kind in (*scope.OF_ORDER, "customer") else list(scope.PLACES)
    values = {"limits": scope.written(limits), "rids": list(place or ()), "named": named, "most": MOST + 1}
    row = conn.execute(_COUNT.format(places=_places(place)), values).fetchone()
    return row is not None and row[0] <= MOST


def condition(kind: str, place: Sequence[uuid.UUID] | None) -> str:
    """What narrows golden record `g` of this kind to those near the locations.

    The parameters are `kind` and those of `scope.at_place` (with a place) or of `scope.limited`.
    """
    return f"g.id = any(array({ids(kind, place)}))"


def ids(kind: str, place: Sequence[uuid.UUID] | None) -> str:
    """The golden records near the locations, as a query. It is the same one for every part of an order (`scope.OF_ORDER`)."""
    parts = [_NAMED]
    parts += [_PARTS] if kind in scope.OF_ORDER else [_BUYERS] if kind == "customer" else []
    fields = scope.names(kind) if place is not None else scope.PLACES
    return " union all ".join(part.format(places=_places(place), fields=",".join(fields)) for part in parts)


def _places(place: Sequence[uuid.UUID] | None) -> str:
    return _OF_LIMITS if place is None else _OF_PLACE
