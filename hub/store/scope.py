"""Which golden records belong to a store: as conditions in SQL, for lists, and for one record.

A record belongs to the store, home store or location that it names. What is paid, refunded, sent or returned belongs
also to the store of its order; a customer also to every store with an order of theirs; a location to itself.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from hub.store.database import Connection

PLACES = ("store", "home_store", "location")
"""The references that say to which location a record belongs."""
OF_ORDER = ("payment", "refund", "fulfilment", "return")
"""Kinds whose records are parts of an order."""

Limits = Mapping[str, Sequence[str]]
"""Realm -> external ids of the only locations whose records are seen there."""

# A reference names a location that the reader may see; `{}` is the reference, as JSON.
_MAY = "%(limits)s::jsonb -> g.realm ? ({} ->> 'external_id')"
_ORDER = """exists (select from record r join reference f on f.child = r.rid and f.field = 'order'
    join record p on p.rid = f.parent join golden o on o.id = p.cluster
    where r.cluster = g.id and {})"""
_BOUGHT = """exists (select from record r join reference f on f.parent = r.rid and f.field = 'customer'
    join record k on k.rid = f.child and k.kind = 'order' join golden o on o.id = k.cluster
    where r.cluster = g.id and o.lifecycle = 'active' and {})"""
_ITSELF = """exists (select from record r where r.cluster = g.id and %(limits)s::jsonb -> g.realm ? r.external_id)"""
# The store whose order it is, for what names no place itself.
_ORDER_STORE = """(select o.data -> 'store' from record r join reference f on f.child = r.rid and f.field = 'order'
    join record p on p.rid = f.parent join golden o on o.id = p.cluster where r.cluster = g.id limit 1)"""


def limited(kind: str = "") -> str:
    """The condition that golden record `g` lies within %(limits)s (JSON); `kind` '' is any kind."""
    own = [_MAY.format(f"(g.data -> '{name}')") for name in PLACES]
    if kind in ("", *OF_ORDER):
        own.append(_guard(kind, OF_ORDER) + _ORDER.format(_MAY.format("(o.data -> 'store')")))
    if kind in ("", "customer"):
        own.append(_guard(kind, ("customer",)) + _BOUGHT.format(_MAY.format("(o.data -> 'store')")))
    if kind in ("", "location"):
        own.append(_guard(kind, ("location",)) + _ITSELF)
    return f"(%(limits)s::jsonb -> g.realm is null or {' or '.join(own)})"


def _guard(kind: str, kinds: Sequence[str]) -> str:
    return "" if kind else f"g.kind in ({', '.join(repr(one) for one in kinds)}) and "


# What a kind names its location by, for those of which a store has many.
_NAMED = {"order": ("store",), **dict.fromkeys(("stock_level", "stock_movement", *OF_ORDER), ("location",))}
# What refers to a location is found from there: it is little beside all of a kind. A golden record is as old as its
# oldest record, so none made since then has an older one. Most records are the oldest of theirs, so that only the index
# is read of them; a golden record of its own says so.
_NEAR = """g.id = any(array(select f.child from reference f where {refers}
    union all select r.cluster from reference f join record r on r.rid = f.child where {refers}
    and not exists (select from golden o where o.id = f.child)))"""
_REFERS = """f.parent = any(%(rids)s) and f.field = any('{{{}}}')
    and (%(since)s::uuid is null or f.child >= %(since)s)"""


def names(kind: str) -> Sequence[str]:
    """The references by which a record of this kind names the location that it belongs to (`at_place`)."""
    return _NAMED.get(kind, PLACES)


def at_place(kind: str) -> str:
    """The condition that golden record `g` of this kind belongs to one location.

    Parameters: `place` its source keys as JSON (`keys_json`), `rids` its records, `since` the smallest id wanted or null.
    What names a place of its own belongs there, and not to its order's store.
    """
    if kind in OF_ORDER:
        return f"%(place)s::jsonb @> jsonb_build_array(coalesce(nullif(g.data -> 'location', 'null'), {_ORDER_STORE}))"
    fields = names(kind)
    named = [f"%(place)s::jsonb @> jsonb_build_array(g.data -> '{name}')" for name in fields]
    if kind == "customer":
        named.append(_BOUGHT.format("%(place)s::jsonb @> jsonb_build_array(o.data -> 'store')"))
        return f"({' or '.join(named)})"
    return f"({' or '.join(named)}) and {_NEAR.format(refers=_REFERS.format(','.join(fields)))}"


def fits(conn: Connection, golden_id: uuid.UUID, limits: Limits) -> bool:
    """Whether one golden record lies within `limits`."""
    sql = f"select from golden g where g.id = %(id)s and {limited()}"
    return conn.execute(sql, {"id": golden_id, "limits": written(limits)}).fetchone() is not None


def written(limits: Limits) -> str:
    """Limits as the conditions take them."""
    return orjson.dumps({realm: list(names) for realm, names in limits.items()}).decode()


def keys_json(keys: Sequence[Mapping[str, Any]]) -> str:
    """Source keys as `at_place` takes them."""
    return orjson.dumps([dict(key) for key in keys]).decode()
