"""The two sides of a pair: their golden records and sources, what hangs on them, and what the two records compared say."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.flow.context import Hub
from hub.model.kind import Kind
from hub.rules import register
from hub.store import dossier as dossier_store
from hub.store import match_near as near_store
from hub.store.database import Connection
from hub.store.dossier import Dossier
from hub.store.match_stake import Stake

Rid = uuid.UUID
Values = Mapping[str, Any]
"""field -> value in canonical form, of one comparison: mask it by its kind as any other data."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One thing compared. `level`: how alike (`exact`, `pinyin`, `missing` …); `weight` in thousandths of a bit.

    `left`, `right`: what the two records of the heaviest edge say of it, by canonical field.
    """

    name: str
    level: str
    weight: int
    left: Values
    right: Values


@dataclass(frozen=True, slots=True)
class Behaviour:
    """For reference, not scored. `stores`: ids at their system, most visited first; `first`, `last`: times of orders."""

    orders: int = 0
    stores: tuple[str, ...] = ()
    first: str | None = None
    last: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One record of a side. `state`: 0 stub, 1 live, 2 deleted, 3 superseded. `is_compared`: the heaviest edge is at it.

    `last_event_at` as text: when it was last seen.
    """

    rid: Rid
    connection: str
    object_type: str
    external_id: str
    state: int
    is_compared: bool
    last_event_at: str | None


@dataclass(frozen=True, slots=True)
class Side:
    """One golden record of the pair as it is now. `data`: golden data, to be masked."""

    id: Rid
    realm: str
    data: dict[str, Any]
    sources: tuple[Source, ...]
    stake: Stake
    behaviour: Behaviour


def load(conn: Connection, hub: Hub, compared: tuple[Rid, Rid]) -> tuple[list[Side], dict[Rid, dict[str, Any]]]:
    """The golden records of two records, the first one's first (one, when they are one), and what both records say."""
    loaded = dossier_store.load_all(conn, compared)
    rows: dict[Rid, Dossier] = {loaded[rid].id: loaded[rid] for rid in compared if rid in loaded}
    stakes, visits = near_store.worth(conn, rows)
    said = {
        member.rid: register.evidence(member.fold)
        for row in rows.values()
        for member in row.members
        if member.rid in compared
    }
    found = []
    for row in rows.values():
        sources = tuple(
            Source(
                one.rid, hub.connections.by_id(one.connection_id).name, one.object_type, one.external_id, one.state,
                one.rid in compared, one.last_event_at,
            )
            for one in row.members
        )  # fmt: skip
        seen = visits.get(row.id)
        behaviour = Behaviour(seen.orders, seen.stores, seen.first, seen.last) if seen else Behaviour()
        found.append(Side(row.id, row.realm, row.data, sources, stakes[row.id], behaviour))
    return found, said


# Those that say something by themselves: half a pair of the others is told by these.
_ALONE = ("name", "phone", "email", "birthday", "gender", "address")


def comparisons(
    kind: Kind | None,
    parts: Iterable[tuple[str, str, int]],
    left: Mapping[str, Any],
    right: Mapping[str, Any],
    known: Iterable[str] = (),
) -> tuple[Comparison, ...]:
    """What was compared, with what both records say of it; then what only one of them says, at level `missing`."""
    found = [
        Comparison(name, level, weight, values_of(kind, name, left), values_of(kind, name, right))
        for name, level, weight in parts
    ]
    named = {one.name for one in found}
    for name in known:
        one, other = values_of(kind, name, left), values_of(kind, name, right)
        if name in _ALONE and name not in named and bool(one) != bool(other):
            found.append(Comparison(name, "missing", 0, one, other))
    return tuple(found)


# What a comparison looks at, where it is not called like its field.
_NAMES = ("full_name", "family_name", "given_name", "nickname")
_FIELDS = {
    "name": _NAMES[:1], "rarity": _NAMES[:1], "names_turned": _NAMES, "company": ("company_name",),
    "address": ("addresses",), "street": ("addresses",), "street_number": ("addresses",), "district": ("addresses",),
    "city": ("addresses",), "postcode": ("addresses",), "province": ("addresses",), "address_turned": ("addresses",),
}  # fmt: skip
_IDENTITY = "identity."


def values_of(kind: Kind | None, name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """What one record says of a comparison: the field called so, its identities of that namespace, or the fields it looks at."""
    if kind is None:
        return {}
    if name in kind.by_name:
        fields: tuple[str, ...] = (name, *(_NAMES[:1] if name in _NAMES and not data.get(name) else ()))
    else:
        fields = _FIELDS.get(name, ())
    found = {field: data[field] for field in fields if data.get(field) not in (None, "", [], {})}
    if not fields:
        own = [one for one in data.get("identities") or () if _is_of(one, name.removeprefix(_IDENTITY))]
        return {"identities": own} if own else {}
    if name == "name" and not found:
        return {field: data[field] for field in _NAMES if data.get(field)}
    return found


def _is_of(identity: Any, name: str) -> bool:
    namespace = str(identity.get("namespace", "")) if isinstance(identity, Mapping) else ""
    return bool(namespace) and namespace == name
