"""Settling what systems disagree about: take one system's value, fix an own one, let a frozen field go on."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.errors import ConfigError, ConflictError, NotFoundError
from hub.flow import match_answer, match_queue, match_sample, stewardship
from hub.flow.context import Hub
from hub.flow.explain import load_members, read_rulings
from hub.model.identifier import format_id
from hub.rules.survivorship import Candidate, FieldRule, candidates, contenders_of
from hub.store import audit, decision
from hub.store import item as item_store
from hub.store import record as record_store
from hub.store import resolve as store
from hub.store.database import Connection
from hub.store.item import Item

Rid = uuid.UUID
LONGEST_SNOOZE = timedelta(days=90)
RESOLUTIONS = "take, pin, lift, answer, snooze_until or note"


def rule_of(hub: Hub, kind: str, name: str) -> FieldRule:
    """How a field, or the group it belongs to, survives. `ConfigError` where there is nothing to choose between."""
    for rule in hub.rules.field_rules(kind):
        if name == rule.name or name in rule.fields:
            if rule.policy == "union":
                raise ConfigError(f"{kind}.{name} holds the values of all systems together: there is nothing to choose")
            return rule
    raise ConfigError(f"{kind}.{name} is no field that systems give: there is nothing to choose")


def choose(
    hub: Hub, kind: str, id_: Rid, name: str, connection: str, external_id: str, author: str, reason: str = ""
) -> Rid:
    """Takes what one source record says of a field or group, for as long as nobody concerned says anything new.

    Errors: `ConfigError` for a field that no rule decides; `NotFoundError` when that source says nothing of it;
    `ConflictError` when it is pinned, or when no other source says anything.
    """
    rule = rule_of(hub, kind, name)

    def work(conn: Connection) -> tuple[Rid, set[Rid]]:
        (cluster,) = stewardship.clusters_named(conn, kind, [id_])
        ranked = _contenders(conn, hub, cluster, rule)
        chosen = next(
            (c for c in ranked if (c.source.connection, c.source.external_id) == (connection, external_id)), None
        )
        if chosen is None:
            raise NotFoundError(f"{connection}:{external_id} says nothing of {name} of this {kind}")
        if len(ranked) < 2:
            raise ConflictError(f"{connection}:{external_id} alone speaks of {name}: there is nothing to choose")
        act = stewardship.act_about(conn, kind, cluster, author, reason)
        group = decision.add_choice(conn, act, chosen.source.rid, rule.name, contenders_of(ranked))
        taken = {"take": {"connection": connection, "external_id": external_id}, "decision": format_id("dec", group)}
        item_store.resolve_cause(conn, f"conflict:{cluster}:{rule.name}", author, taken)
        return group, {chosen.source.rid}

    return stewardship.carry_out(hub, work, "choice", author, reason, {"field": rule.name})


def _contenders(conn: Connection, hub: Hub, cluster: Rid, rule: FieldRule) -> list[Candidate]:
    members = load_members(conn, hub, [cluster])[cluster]
    pins, _ = read_rulings(store.decisions(conn, [member.rid for member in members], ("pin",)))
    pinned = [name for name in rule.fields if name in pins]
    if pinned:
        raise ConflictError(f"{', '.join(pinned)} is pinned by {pins[pinned[0]].author}: unpin it first")
    return candidates([member for member in members if member.state != record_store.STUB], rule)


def settle(hub: Hub, item: Item, resolution: Mapping[str, Any], author: str, reason: str = "") -> Rid | None:
    """Carries out what a person ruled about an item and closes it; returns the id of the decision made, if any.

    `resolution` is one of: `{"take": {"connection", "external_id"}}` or `{"pin": {field: value}}` (a conflict),
    `{"lift": true}` (a loop: write the field again), `{"answer": ...}` (a pair: see `match_answer`, `match_sample`),
    `{"snooze_until": time}`, or anything else, which is kept as a note. Errors: `ConfigError` for one that does not fit
    the item; `ConflictError` when it is closed already.
    """
    if item.type in match_queue.TYPES and "snooze_until" not in resolution:
        return _answer(hub, item, resolution, author, reason)
    if item.state == "resolved":
        raise ConflictError("this item is resolved already")
    if "take" in resolution or "pin" in resolution:
        return _rule(hub, item, resolution, author, reason)
    if "lift" in resolution:
        return _lift(hub, item, author, reason)
    if "snooze_until" in resolution:
        snooze(hub, item, _moment(resolution["snooze_until"]), author, reason)
        return None
    _close(hub, item, resolution, author, reason)
    return None


def _answer(hub: Hub, item: Item, resolution: Mapping[str, Any], author: str, reason: str) -> Rid | None:
    said = str(resolution.get("answer") or "")
    if item.type == match_queue.SAMPLE:
        return match_sample.judge(hub, item.id, author, said, reason, str(resolution.get("split") or "")).act
    return match_answer.answer(hub, item.id, author, said, reason).act


def _rule(hub: Hub, item: Item, resolution: Mapping[str, Any], author: str, reason: str) -> Rid:
    if item.type != "conflict" or item.rid is None or item.kind not in hub.registry.kinds:
        raise ConfigError(f"an item of type {item.type} is not settled by take or pin")
    if "take" in resolution:
        taken = resolution["take"]
        if not isinstance(taken, Mapping) or not {"connection", "external_id"} <= taken.keys():
            raise ConfigError('take names a source: {"connection": "shop", "external_id": "7064"}')
        name, external_id = str(taken["connection"]), str(taken["external_id"])
        act = choose(hub, item.kind, item.rid, str(item.data["field"]), name, external_id, author, reason)
    else:
        act = _pin(hub, item, resolution["pin"], author, reason)
    return act


def _pin(hub: Hub, item: Item, values: Any, author: str, reason: str) -> Rid:
    rule = rule_of(hub, str(item.kind), str(item.data["field"]))
    if not isinstance(values, Mapping) or not values or not set(values) <= set(rule.fields):
        raise ConfigError(f"pin gives values of {', '.join(rule.fields)}: {{{rule.fields[0]!r}: …}}")
    assert item.rid is not None  # noqa: S101 -- checked by the caller
    act = stewardship.pin_all(hub, str(item.kind), item.rid, dict(values), author, reason)
    note = {"pin": sorted(values), "decision": format_id("dec", act)}
    hub.db.run(lambda conn: item_store.note_resolution(conn, item.id, author, note))
    return act


def _lift(hub: Hub, item: Item, author: str, reason: str) -> Rid:
    if item.type != "loop" or item.rid is None:
        raise ConfigError(f"an item of type {item.type} has no freeze to lift")
    frozen = [row for row in freezes(hub, item) if row.revoked_at is None]
    if not frozen:
        raise ConflictError("nothing is frozen any more: it was lifted before")
    for row in frozen:
        stewardship.undo(hub, row.group_id, author, reason)
    return frozen[0].group_id


def freezes(hub: Hub, item: Item) -> list[decision.Decision]:
    """The freezes that a loop item is about, newest first, those lifted too."""
    if item.rid is None:
        return []
    with hub.db.session() as conn:
        found = decision.about(conn, [item.rid])
    return [row for row in found if row.type == "freeze" and (row.value or {}).get("connection") == item.connection_id]


def snooze(hub: Hub, item: Item, until: datetime, author: str, reason: str = "") -> None:
    """Puts an item aside until then, at most for ninety days. `ConfigError` for a time that is past or too far."""
    if not datetime.now(UTC) < until <= datetime.now(UTC) + LONGEST_SNOOZE:
        raise ConfigError("snooze until a time to come, at most 90 days from now")

    def work(conn: Connection) -> None:
        if not item_store.snooze_item(conn, item.id, until):
            raise ConflictError("this item is resolved already")
        audit.append(conn, author, "item.snoozed", format_id("itm", item.id), reason, {"type": item.type})

    hub.db.run(work)


def _close(hub: Hub, item: Item, resolution: Mapping[str, Any], author: str, reason: str) -> None:
    def work(conn: Connection) -> None:
        if not item_store.resolve_item(conn, item.id, author, resolution):
            raise ConflictError("this item is resolved already")
        audit.append(conn, author, "item.resolved", format_id("itm", item.id), reason, {"type": item.type})

    hub.db.run(work)


def _moment(text: Any) -> datetime:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        raise ConfigError("snooze_until is a time such as 2026-11-23T09:00:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
