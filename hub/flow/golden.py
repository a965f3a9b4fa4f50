"""Computes golden records from the records of their clusters, stratum by stratum."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.flow.context import Hub
from hub.model.fault import ValueFault
from hub.rules.derive import DERIVED_FIELDS, DERIVED_FROM, Derived, derive_order
from hub.rules.survivorship import Choice, Pin, Source, resolve
from hub.store import golden as golden_store
from hub.store import record as record_store
from hub.store import resolve as store
from hub.store.database import Connection

Rid = uuid.UUID


@dataclass(slots=True)
class Member(Source):
    """A record of a cluster as survivorship sees it, with what T2 needs besides."""

    connection_id: int = 0
    kind: str = ""
    realm: str = ""
    state: int = 0


@dataclass(slots=True)
class Computed:
    """A golden record as it should be now. `problems`: code -> text of what does not add up."""

    id: Rid
    realm: str
    kind: str
    lifecycle: str
    data: dict[str, Any]
    winners: dict[str, Rid]
    members: Sequence[Member]
    conflicts: list[str] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    is_pinned: bool = False


def compute_golden(
    hub: Hub, cluster: Rid, members: Sequence[Member], pins: Mapping[str, Pin], choices: Sequence[Choice] = ()
) -> Computed:
    """Stratum 1: survivorship over the cluster's own evidence. A deleted record keeps its evidence."""
    first = members[0]
    seen = [member for member in members if member.state != record_store.STUB]
    outcome = resolve(seen, hub.rules.field_rules(first.kind), pins, choices)
    # A copy that the hub made lives as long as its original: it has no word in this.
    alive = any(member.state == record_store.LIVE and member.has_own_state for member in seen)
    lifecycle = "active" if alive else "deleted"
    return Computed(
        cluster, first.realm, first.kind, lifecycle, outcome.data, outcome.winners, members, outcome.conflicts,
        is_pinned=bool(pins),
    )  # fmt: skip


def compute_children(conn: Connection, hub: Hub, computed: Mapping[Rid, Computed], orders: Sequence[Rid]) -> None:
    """Stratum 2: adds derived fields to the golden records of `orders`, from their children as they are now."""
    if not orders:
        return
    home = {member.rid: id_ for id_ in orders for member in computed[id_].members}
    kinds = sorted({kind for id_ in orders for kind in DERIVED_FROM[computed[id_].kind]})
    found = store.child_clusters(conn, home, kinds)
    children = _children(conn, computed, found)
    by_key = {_key(member): home[member.rid] for id_ in orders for member in computed[id_].members}
    grouped: dict[Rid, dict[str, list[dict[str, Any]]]] = {id_: {} for id_ in orders}
    for kind, data in children:
        parent = data.get(hub.registry.kinds[kind].parent or "")
        id_ = by_key.get((parent["connection"], parent["object_type"], parent["external_id"])) if parent else None
        if id_ is not None:
            grouped[id_].setdefault(kind, []).append(data)
    for id_ in orders:
        target = computed[id_]
        derived = _derived(target.data, grouped[id_])
        target.data = {**target.data, **derived.fields}
        target.problems = derived.problems


def _derived(order: dict[str, Any], children: dict[str, list[dict[str, Any]]]) -> Derived:
    # Content of one order must not stop the others: a pinned or plugin-made value may be of any shape.
    try:
        return derive_order(order, children)
    except (ValueFault, TypeError, KeyError, AttributeError) as error:
        return Derived({}, {"not_derivable": f"its amounts or lines cannot be read ({type(error).__name__})"})


def _key(member: Member) -> tuple[str, str, str]:
    return (member.connection, member.object_type, member.external_id)


def _children(conn: Connection, computed: Mapping[Rid, Computed], ids: set[Rid]) -> list[tuple[str, dict[str, Any]]]:
    """(kind, data) of live children: those of this batch as just computed, the others as stored."""
    own = [computed[id_] for id_ in ids if id_ in computed]
    stored = golden_store.load(conn, ids - computed.keys()).values()
    found = [(c.id, c.kind, c.data) for c in own if c.lifecycle == "active"]
    found += [(g.id, g.kind, g.data) for g in stored if g.lifecycle == "active"]
    return [(kind, data) for _, kind, data in sorted(found, key=lambda entry: str(entry[0]))]


def derived_fields(kind: str) -> tuple[str, ...]:
    """The fields of a kind that stratum 2 computes."""
    return tuple(DERIVED_FIELDS.get(kind, ()))
