"""Computes golden records from the records of their clusters, stratum by stratum."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.flow.context import Hub
from hub.model.derivation import Derivation, Derived
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


def compute_derived(conn: Connection, hub: Hub, computed: Mapping[Rid, Computed]) -> None:
    """Strata 2 and 3: adds derived fields, and what does not add up, each from records that are derived already."""
    for derivation in hub.registry.derivations:
        targets = [each.id for each in computed.values() if each.kind == derivation.kind]
        if not targets:
            continue
        children = _grouped_children(conn, computed, targets, derivation)
        for id_ in targets:
            target = computed[id_]
            derived = _derive(derivation, target.data, children.get(id_, {}))
            target.data = {**target.data, **_placed(hub, derivation, derived.fields)}
            target.problems.update(derived.problems)


def _grouped_children(
    conn: Connection, computed: Mapping[Rid, Computed], targets: Sequence[Rid], derivation: Derivation
) -> dict[Rid, dict[str, list[dict[str, Any]]]]:
    """golden id -> child kind -> live data of the children that name it."""
    grouped: dict[Rid, dict[str, list[dict[str, Any]]]] = {}
    home = {member.rid: id_ for id_ in targets for member in computed[id_].members}
    kinds = sorted(derivation.reads.keys() & _kinds_in_use(conn, computed, derivation))
    if not kinds:
        return grouped
    by_key = {_key(member): id_ for id_ in targets for member in computed[id_].members}
    for kind, data in _children(conn, computed, store.child_clusters(conn, home, kinds)):
        parent = data.get(derivation.reads.get(kind, ""))
        id_ = by_key.get((parent["connection"], parent["object_type"], parent["external_id"])) if parent else None
        if id_ is not None:
            grouped.setdefault(id_, {}).setdefault(kind, []).append(data)
    return grouped


def _kinds_in_use(conn: Connection, computed: Mapping[Rid, Computed], derivation: Derivation) -> set[str]:
    """Kinds of which there is any record: most hubs have no entries of some, and need not look for them."""
    batch = {each.kind for each in computed.values()}
    realms = sorted({each.realm for each in computed.values()})
    return batch | golden_store.kinds_in_use(conn, realms, sorted(derivation.reads.keys() - batch))


def _derive(derivation: Derivation, data: dict[str, Any], children: dict[str, list[dict[str, Any]]]) -> Derived:
    # Content of one record must not stop the others: a pinned or plugin-made value may be of any shape.
    try:
        return derivation.derive(data, children)
    except Exception as error:  # noqa: BLE001 -- a plugin's function may raise anything
        return Derived({}, {"not_derivable": f"what follows from its parts cannot be told ({type(error).__name__})"})


def _placed(hub: Hub, derivation: Derivation, fields: dict[str, Any]) -> dict[str, Any]:
    """Fields that the kind declares stand by themselves, a plugin's others under its name."""
    declared = hub.registry.kinds[derivation.kind].derived
    other = {name: value for name, value in fields.items() if name not in declared}
    own = {name: value for name, value in fields.items() if name in declared}
    return {**own, derivation.owner: other} if other and derivation.owner else own


def _key(member: Member) -> tuple[str, str, str]:
    return (member.connection, member.object_type, member.external_id)


def _children(conn: Connection, computed: Mapping[Rid, Computed], ids: set[Rid]) -> list[tuple[str, dict[str, Any]]]:
    """(kind, data) of live children: those of this batch as just computed, the others as stored."""
    own = [computed[id_] for id_ in ids if id_ in computed]
    stored = golden_store.load(conn, ids - computed.keys()).values()
    found = [(c.id, c.kind, c.data) for c in own if c.lifecycle == "active"]
    found += [(g.id, g.kind, g.data) for g in stored if g.lifecycle == "active"]
    return [(kind, data) for _, kind, data in sorted(found, key=lambda entry: str(entry[0]))]


def derived_fields(hub: Hub, kind: str) -> tuple[str, ...]:
    """The fields of a kind that the hub computes, with those that plugins add under their names."""
    owners = [each.owner for each in hub.registry.derivations if each.kind == kind and each.owner]
    return (*hub.registry.kinds[kind].derived, *dict.fromkeys(owners))
