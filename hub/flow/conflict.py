"""A disagreement as a person has to see it: who says what since when, what they last agreed on, what holds now."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.errors import ConfigError
from hub.flow.context import Hub
from hub.flow.explain import read_rulings
from hub.flow.golden import Member
from hub.flow.settle import freezes, rule_of
from hub.flow.told import told_fields
from hub.model.identifier import parse_id
from hub.rules.agreement import Agreed, Said, last_agreed
from hub.rules.survivorship import FieldRule, candidates, chosen_of, contradict
from hub.store import conflict as store
from hub.store import dossier
from hub.store.conflict import SaidRow
from hub.store.database import Connection
from hub.store.decision import Decision
from hub.store.dossier import Dossier
from hub.store.item import Item

Rid = uuid.UUID
FLIPS_SHOWN = 24


@dataclass(frozen=True, slots=True)
class Side:
    """What one source record says. `since` in microseconds; `is_winner`: its value stands now."""

    rid: Rid
    connection: str
    external_id: str
    values: Mapping[str, Any]
    since: int
    is_winner: bool


@dataclass(slots=True)
class Disagreement:
    """An item of type conflict or loop, opened up. `is_over`: by now nothing contradicts any more."""

    dossier: Dossier
    fields: tuple[str, ...]
    policy: str = ""
    sides: list[Side] = field(default_factory=list)
    agreed: Agreed | None = None
    is_over: bool = False
    pinned_by: str = ""
    flips: list[SaidRow] = field(default_factory=list)
    freezes: list[Decision] = field(default_factory=list)


def open_item(hub: Hub, item: Item) -> Disagreement | None:
    """What an item is about; None when its record or field is gone. At most four statements."""
    if item.rid is None or item.kind not in hub.registry.kinds:
        return None
    with hub.db.session() as conn:
        row = dossier.load(conn, item.rid)
        if row is None or row.lifecycle == "erased":
            return None
        found = _loop(conn, item, row) if item.type == "loop" else _conflict(conn, hub, item, row)
    if found and item.type == "loop":
        found.freezes = [one for one in freezes(hub, item) if one.revoked_at is None]
    return found


def _conflict(conn: Connection, hub: Hub, item: Item, row: Dossier) -> Disagreement | None:
    try:
        rule = rule_of(hub, row.kind, str(item.data.get("field", "")))
    except ConfigError:  # the rules changed: today the field is not decided so
        return None
    concerns = dossier.concerns(conn, row)
    pins, choices = read_rulings(
        (r.id, r.type, r.a, r.b, r.field, r.value, r.author, r.reason, r.created_at)
        for r in concerns.rulings
        if r.type in ("pin", "choice")
    )
    ranked = candidates(_members(hub, row), rule)
    chosen = chosen_of(ranked, rule, choices)
    winner = chosen[0] if chosen else ranked[0] if ranked else None
    found = Disagreement(row, rule.fields, rule.policy)
    found.sides = [
        Side(c.source.rid, c.source.connection, c.source.external_id, c.values, c.since, c is winner) for c in ranked
    ]
    pinned = [pins[name] for name in rule.fields if name in pins]
    found.pinned_by = pinned[0].author if pinned else ""
    found.is_over = bool(pinned or chosen) or not contradict(rule, ranked)
    found.agreed = _agreed(conn, rule, found.sides)
    return found


def _members(hub: Hub, row: Dossier) -> list[Member]:
    found = []
    for one in row.members:
        connection = hub.connections.by_id(one.connection_id)
        if one.state:
            told = told_fields(hub, connection, row.kind)
            found.append(
                Member(one.rid, connection.name, connection.rank, one.external_id, one.fold, one.object_type, told)
            )
    return found


def _agreed(conn: Connection, rule: FieldRule, sides: list[Side]) -> Agreed | None:
    """What all said last before one of them said what it says now: since then the hub may have told the others."""
    if not sides:
        return None
    rids, before = [side.rid for side in sides], min(side.since for side in sides)
    rows = store.said(conn, rids, rule.fields)
    return last_agreed([Said(row.rid, row.at, row.values) for row in rows if row.at < before], rids, rule.fields)


def _loop(conn: Connection, item: Item, row: Dossier) -> Disagreement:
    """What went to and fro: each value that the peer said and each that the hub wrote there, the newest first."""
    name = str(item.data.get("field", ""))
    found = Disagreement(row, (name,))
    try:
        _, target_id = parse_id(str(item.data.get("delivery", "")))
    except ConfigError:
        return found
    peer = store.peer_of(conn, target_id)
    if peer is not None:
        found.flips = store.said(conn, [peer], [name], FLIPS_SHOWN)
    return found
