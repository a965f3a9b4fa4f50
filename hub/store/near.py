"""The records of a few locations, found from those: they may be a thousandth of all that a chain has of a kind.

What is found so holds all that belongs there and may hold more: the conditions of `hub.store.scope` stay beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from hub.store import scope
from hub.store.database import Database

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
_PARTS = "select k.cluster from " + _ORDERS.format("x.parent = m.rid and x.field = 'order'", "x.child")
_BUYERS = "select k.cluster from " + _ORDERS.format("x.child = m.rid and x.field = 'customer'", "x.parent")


def condition(
    db: Database, kind: str, realms: Collection[str], limits: scope.Limits, place: Sequence[Any] | None
) -> str:
    """What narrows golden record `g` of this kind to those near the locations; '' where that would not help.

    Locations: those of `limits`, if each of `realms` has one, or the records of `place`. The parameters are those of
    `scope.limited` and `scope.at_place`, with `kind`. One statement of a few milliseconds.
    """
    if kind == "location" or (place is None and not set(realms) <= limits.keys()):
        return ""
    places = _OF_LIMITS if place is None else _OF_PLACE
    named = ["store"] if kind in (*scope.OF_ORDER, "customer") else list(scope.PLACES)
    values = {"limits": scope.written(limits), "rids": list(place or ()), "named": named, "most": MOST + 1}
    row = db.one(_COUNT.format(places=places), values)
    if row is None or row[0] > MOST:
        return ""
    parts = [_NAMED]
    parts += [_PARTS] if kind in scope.OF_ORDER else [_BUYERS] if kind == "customer" else []
    return f"g.id = any(array({' union '.join(part.format(places=places) for part in parts)}))"
