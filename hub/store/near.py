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

_OF_LIMITS = """select l.rid from connection c join record l on l.connection_id = c.id and l.kind = 'location'
    where %(limits)s::jsonb -> l.realm ? l.external_id"""
_OF_PLACE = "select unnest(%(rids)s::uuid[])"
_COUNT = """select count(*) from (select from reference f where f.parent = any(array({places})) and f.field = any(%(named)s)
    limit %(most)s) few"""
_NAMED = """select r.cluster from reference f join record r on r.rid = f.child and r.kind = %(kind)s
    where f.parent = any(array({places})) and f.field in ('store', 'home_store', 'location')"""
_ORDERS = """reference f join record r on r.rid = f.child and r.kind = 'order' join record m on m.cluster = r.cluster
    join reference x on {} join record k on k.rid = {} and k.kind = %(kind)s
    where f.parent = any(array({{places}})) and f.field = 'store'"""
_PARTS = "select k.cluster from {}".format(_ORDERS.format("x.parent = m.rid and x.field = 'order'", "x.child"))  # noqa: S608
_BUYERS = "select k.cluster from {}".format(_ORDERS.format("x.child = m.rid and x.field = 'customer'", "x.parent"))  # noqa: S608


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
    parts = [_NAMED]
    parts += [_PARTS] if kind in scope.OF_ORDER else [_BUYERS] if kind == "customer" else []
    return f"g.id = any(array({' union '.join(part.format(places=_places(place)) for part in parts)}))"


def _places(place: Sequence[uuid.UUID] | None) -> str:
    return _OF_LIMITS if place is None else _OF_PLACE
