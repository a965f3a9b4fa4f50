"""Why a golden record has the values it has: computed at read, by the same pure functions as T2."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.errors import NotFoundError
from hub.flow import recycled
from hub.flow.context import Hub
from hub.flow.golden import Member, derived_fields
from hub.flow.recycled import Bearer
from hub.flow.told import told_fields
from hub.model import time
from hub.model.identifier import format_id
from hub.rules.register import Order, element_of
from hub.rules.survivorship import Candidate, Choice, FieldRule, Pin, candidates, chosen_of, elements
from hub.store import golden as golden_store
from hub.store import record as record_store
from hub.store import resolve as store
from hub.store.database import Connection

Rid = uuid.UUID
EventIds = dict[tuple[Rid, Order], Rid]


def explain(hub: Hub, kind: str, id_: Rid) -> dict[str, Any]:
    """Per field: `{"value", "winner": {"connection", "external_id", "event_id", "since"}, "rule", "losers", "pinned_by"}`,
    and `chosen_by` where a person took one system's value. United lists have `elements`, each with `value`, `winner`,
    `losers`; one that is gone has the value null and names the element in `removed`. `version`: the policy by which the
    version of an element is chosen; of a number that another person proved later its element has `passed`: `{"to", "at"}`.

    `id_`: any id ever given. Errors: `NotFoundError`. Read-only.
    """
    with hub.db.transaction() as conn:
        cluster = store.clusters_of(conn, [id_]).get(id_)
        golden = golden_store.load(conn, [cluster]).get(cluster) if cluster else None
        if cluster is None or golden is None or golden.kind != kind:
            raise NotFoundError(f"there is no {kind} of that id")
        members = load_members(conn, hub, [cluster])[cluster]
        pins, choices = read_rulings(store.decisions(conn, [m.rid for m in members], ("pin", "choice")))
        events = event_ids(conn, [m.rid for m in members])
        found = explain_members(hub, kind, golden.data, members, pins, choices, events)
        recycled.tell(conn, hub, Bearer.of(cluster, members, golden.data), found)
    return found


def explain_members(
    hub: Hub,
    kind: str,
    data: dict[str, Any],
    members: list[Member],
    pins: Mapping[str, Pin],
    choices: Sequence[Choice],
    events: EventIds,
) -> dict[str, Any]:
    """The answer of `explain` for a golden record that is at hand. Pure."""
    found: dict[str, Any] = {}
    seen = [member for member in members if member.state != record_store.STUB]
    for rule in hub.rules.field_rules(kind):
        if rule.policy == "union":
            _explain_union(rule, seen, data, events, hub.registry.kinds[kind].identities, found)
        else:
            _explain_rule(rule, seen, data, choices, events, found)
    for name, pin in pins.items():
        losers = _everybody(hub, kind, name, seen, events)
        found[name] = {"value": pin.value, "winner": None, "rule": "pin", "losers": losers, "pinned_by": pin.author}
    for name in derived_fields(hub, kind):
        if name in data:
            found[name] = {"value": data[name], "winner": None, "rule": "derived", "losers": [], "pinned_by": None}
    return found


def load_members(conn: Connection, hub: Hub, clusters: list[Rid]) -> dict[Rid, list[Member]]:
    """The records of clusters, as survivorship sees them, without locks."""
    found: dict[Rid, list[Member]] = {cluster: [] for cluster in clusters}
    for row in record_store.load_rids(conn, store.members(conn, clusters)):
        connection = hub.connections.by_id(row.key[0])
        found[row.cluster].append(
            Member(row.rid, connection.name, connection.rank, row.key[2], row.fold, row.key[1],
                   told_fields(hub, connection, row.kind),
                   connection_id=row.key[0], kind=row.kind, realm=row.realm, state=row.state)
        )  # fmt: skip
    return found


def read_rulings(rows: Iterable[Sequence[Any]]) -> tuple[dict[str, Pin], list[Choice]]:
    """The newest live pin of each field, and all live choices. `rows`: as `hub.store.resolve.decisions` gives them."""
    pins: dict[str, Pin] = {}
    choices: list[Choice] = []
    for id_, type_, a, _, name, value, author, _, created_at in rows:
        if type_ == "pin":
            pins[name] = Pin(name, value, author, (created_at, str(id_)), a)
        else:
            choices.append(Choice(name, a, value["contenders"], author))
    return pins, choices


def event_ids(conn: Connection, rids: Iterable[Rid]) -> EventIds:
    """Which event said what: (rid, order on its line) -> event id."""
    lines = record_store.lines(conn, rids)
    return {
        (rid, (line.major, line.minor, line.read_at, line.tie)): line.event_id
        for rid, found in lines.items()
        for line in found
        if line.event_id is not None
    }


def _explain_rule(
    rule: FieldRule,
    members: list[Member],
    data: dict[str, Any],
    choices: Sequence[Choice],
    events: EventIds,
    found: dict[str, Any],
) -> None:
    ranked = candidates(members, rule)
    chosen = chosen_of(ranked, rule, choices)
    best = chosen[0] if chosen else ranked[0] if ranked else None
    for name in rule.fields:
        if name not in data and not any(name in candidate.values for candidate in ranked):
            continue
        winner = best if best and name in best.values else None
        losers = [candidate for candidate in ranked if candidate is not winner and name in candidate.values]
        found[name] = {
            "value": data.get(name),
            "winner": _side(winner, name, events) if winner else None,
            "rule": "choice" if chosen else rule.policy,
            "losers": [{**_side(loser, name, events), "value": loser.values[name]} for loser in losers],
            "pinned_by": None,
            "chosen_by": chosen[1].author if chosen else None,
        }


def _everybody(hub: Hub, kind: str, name: str, members: list[Member], events: EventIds) -> list[dict[str, Any]]:
    """What each source says of a field, the one that would win first."""
    rule = next((rule for rule in hub.rules.field_rules(kind) if name in rule.fields), None)
    if rule is None or rule.policy == "union":
        return []
    ranked = candidates(members, rule)
    return [{**_side(c, name, events), "value": c.values[name]} for c in ranked if name in c.values]


def _side(candidate: Candidate, name: str, events: EventIds) -> dict[str, Any]:
    source = candidate.source
    cell = source.fold.cells.get(name)
    if candidate.is_past or cell is None:
        # Which event said it is not kept of what a record said before, or holds from others.
        return _provenance(source.connection, source.external_id, source.rid, None, candidate.since, events)
    return _provenance(source.connection, source.external_id, source.rid, cell.at, cell.since, events)


def _provenance(
    connection: str, external_id: str, rid: Rid, at: Order | None, since: int, events: EventIds
) -> dict[str, Any]:
    event_id = events.get((rid, at)) if at else None
    return {
        "connection": connection,
        "external_id": external_id,
        "event_id": event_id,
        "since": time.from_micros(since),
    }


def _explain_union(
    rule: FieldRule,
    members: list[Member],
    data: dict[str, Any],
    events: EventIds,
    identities: Mapping[str, tuple[str, ...]],
    found: dict[str, Any],
) -> None:
    for name in rule.fields:
        ranked_by_key = elements(members, rule, name)
        if not ranked_by_key:
            continue
        parts = []
        newest: tuple[Any, ...] | None = None
        for key in sorted(ranked_by_key):
            ranked = ranked_by_key[key]
            sides = [
                {**_provenance(s.connection, s.external_id, s.rid, cell.at, cell.since, events), "value": value}
                for _, value, s, cell in ranked
            ]
            winner = {part: value for part, value in sides[0].items() if part != "value"}
            part = {"value": sides[0]["value"], "winner": winner, "losers": sides[1:]}
            if part["value"] is None:
                said = next((side["value"] for side in sides if side["value"] is not None), None)
                part["removed"] = said if said is not None else element_of(key, identities.get(name, ()))
            parts.append(part)
            if sides[0]["value"] is not None and (newest is None or ranked[0][0] > newest[0]):
                newest = (ranked[0][0], winner)
        found[name] = {
            "value": data.get(name, []),
            "winner": newest[1] if newest else None,
            "rule": "union",
            "version": rule.elements,
            "losers": [],
            "elements": parts,
            "pinned_by": None,
        }


def show_event_ids(found: dict[str, Any]) -> dict[str, Any]:
    """The same answer with event ids as `evt_…` text: the form of the API and the command line."""

    def shown(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: _event_text(value) if name == "event_id" else shown(value) for name, value in part.items()}
        return [shown(value) for value in part] if isinstance(part, list) else part

    return {name: shown(entry) for name, entry in found.items()}


def _event_text(event_id: Rid | None) -> str | None:
    return format_id("evt", event_id) if event_id is not None else None
