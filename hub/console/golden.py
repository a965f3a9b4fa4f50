"""Golden data made fit for reading: masked by class, references with links, titles, reasons."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from hub.console.language import N_, _
from hub.console.shell import page_url
from hub.console.visit import hub
from hub.model.identifier import format_id
from hub.model.kind import Field, Kind
from hub.model.mask import mask_field
from hub.store.console_record import Linked, linked
from hub.store.view import ChangeRow

# What a record is called by, best first.
_NAMES = ("number", "title", "name", "full_name", "nickname", "company_name", "code", "sku", "provider_ref")
_KEY = frozenset({"connection", "object_type", "external_id"})
LinkMap = dict[tuple[str, str, str], Linked]

RULES = {
    "owner": N_("the field’s owner decides; others count only where it says nothing"),
    "priority": N_("the first system in the order of preference that has a value"),
    "latest": N_("the newest change wins, whichever system saw it"),
    "union": N_("the values of all systems together; each lives until its own system drops it"),
    "verified": N_("a proven value beats one that was only stated"),
    "most_complete": N_("the one with the most parts that are not empty"),
    "most_frequent": N_("what most source records say by themselves"),
    "strictest": N_("a refusal stands, whoever tells it, until the person grants later"),
    "derived": N_("computed by the hub from other records"),
    "pin": N_("fixed by a person"),
    "choice": N_("chosen by a person, until one of those concerned says something new"),
}


def meaning_of(rule: str) -> str:
    """What a policy prefers, in words; "" for a rule that no policy is."""
    known = RULES.get(rule)
    plugin, dot, _name = rule.partition(".")
    return _(known) if known else _("as the plugin %(name)s decides", name=plugin) if dot else ""


def kind_of_plural(plural: str) -> Kind | None:
    """The kind behind an address such as `orders` (or `order`); None when no installed kind is called so."""
    return next((kind for kind in hub().registry.kinds.values() if plural in (kind.plural, kind.name)), None)


def record_url(kind_name: str, golden_id: uuid.UUID) -> str:
    """The page of a golden record; also for kinds whose plugin is gone."""
    kind = hub().registry.kinds.get(kind_name)
    plural, prefix = (kind.plural, kind.prefix) if kind else (kind_name, "rec")
    return page_url("show_record", kind=plural, record_id=format_id(prefix, golden_id))


def title_of(kind: Kind | None, data: dict[str, Any], revealed: Collection[str] = ()) -> str:
    """What people call it: its number, title or (masked) name; empty when it has none."""
    for name in _NAMES:
        value = data.get(name)
        if isinstance(value, str) and value:
            field = kind.by_name.get(name) if kind else None
            return str(value if name in revealed else mask_field(field, name, value))[:120]
    return ""


def masked(kind: Kind | None, data: dict[str, Any], revealed: Collection[str] = ()) -> dict[str, Any]:
    """The data as it may be shown, in the declared order; the fields in `revealed` stay in clear."""
    shown = {
        name: value if name in revealed else mask_field(kind.by_name.get(name) if kind else None, name, value)
        for name, value in data.items()
    }
    return arranged(kind, shown)


def arranged(kind: Kind | None, data: dict[str, Any]) -> dict[str, Any]:
    """The same data in the order of the declaration, inside objects too; the database keeps no order."""
    return dict(_in_order(data, kind.fields)) if kind else data


def _in_order(value: Any, fields: tuple[Field, ...]) -> Any:
    if isinstance(value, list):
        return [_in_order(part, fields) for part in value]
    if not isinstance(value, dict) or not fields:
        return value
    known = {field.name: field for field in fields}
    names = [*(name for name in known if name in value), *(name for name in value if name not in known)]
    return {name: _in_order(value[name], known[name].fields if name in known else ()) for name in names}


def find_links(*values: Any) -> LinkMap:
    """Looks up every reference inside `values`, in one query."""
    keys: dict[tuple[str, str, str], None] = {}
    for value in values:
        _collect(value, keys)
    rows = linked(hub().db, list(keys)[:400])
    return {(row.connection, row.object_type, row.external_id): row for row in rows}


def _collect(value: Any, keys: dict[tuple[str, str, str], None]) -> None:
    if isinstance(value, dict):
        if value.keys() >= _KEY:
            keys[(str(value["connection"]), str(value["object_type"]), str(value["external_id"]))] = None
        for part in value.values():
            _collect(part, keys)
    elif isinstance(value, list):
        for part in value:
            _collect(part, keys)


def with_links(value: Any, links: LinkMap) -> Any:
    """The same value, its references with `url` and `label` where the record is known."""
    if isinstance(value, list):
        return [with_links(part, links) for part in value]
    if not isinstance(value, dict):
        return value
    if value.keys() >= _KEY:
        found = links.get((str(value["connection"]), str(value["object_type"]), str(value["external_id"])))
        if found is None:
            return value
        label = title_of(hub().registry.kinds.get(found.kind), found.data)
        return {**value, "url": record_url(found.kind, found.golden_id), "label": label}
    return {key: with_links(part, links) for key, part in value.items()}


def differences(kind: Kind | None, change: ChangeRow) -> list[tuple[str, Any, Any]]:
    """Field, before and after of the first fields that a change touched, masked."""
    before, after = change.before or {}, change.after or {}
    names = change.fields[:12] if change.type == "updated" else []

    def shown(name: str, value: Any) -> Any:
        return mask_field(kind.by_name.get(name) if kind else None, name, value)

    return [(name, shown(name, before.get(name)), shown(name, after.get(name))) for name in names]


def reasons(kind: Kind, found: dict[str, Any], links: LinkMap, revealed: Collection[str] = ()) -> dict[str, Any]:
    """`explain`'s answer per field, with values masked, meanings in words and events as links."""
    return {name: _reason(kind, name, entry, links, name in revealed) for name, entry in found.items()}


def _passed(passed: dict[str, str] | None, kind: Kind) -> dict[str, str] | None:
    if passed is None:
        return None
    to = passed["to"]
    return {**passed, "url": page_url("show_record", kind=kind.plural, record_id=to) if to else ""}


def _reason(kind: Kind, name: str, entry: dict[str, Any], links: LinkMap, is_clear: bool) -> dict[str, Any]:
    field = kind.by_name.get(name)

    def shown(value: Any, wrap: bool = False) -> Any:
        if is_clear:
            return with_links(value, links)
        inner = mask_field(field, name, [value] if wrap else value)
        return with_links(inner[0] if wrap else inner, links)

    meaning = meaning_of(str(entry["rule"]))
    parts = [
        {"value": shown(part["value"], wrap=True), "removed": shown(part.get("removed"), wrap=True),
         "winner": _side(part["winner"]), "losers": len(part["losers"]), "passed": _passed(part.get("passed"), kind)}
        for part in entry.get("elements", ())[:50]
    ]  # fmt: skip
    version = RULES.get(str(entry.get("version"))) if entry.get("version") != "latest" else None
    return {
        "rule": entry["rule"],
        "meaning": meaning + (_("; of one told by several: ") + _(version) if version else "") if meaning else "",
        "winner": _side(entry["winner"]),
        "losers": [{**(_side(loser) or {}), "value": shown(loser["value"])} for loser in entry["losers"][:20]],
        "pinned_by": entry.get("pinned_by"),
        "elements": parts,
    }


def _side(side: dict[str, Any] | None) -> dict[str, Any] | None:
    if side is None:
        return None
    event_id = side.get("event_id")
    url = page_url("show_event", event_id=format_id("evt", event_id)) if event_id else ""
    return {
        "connection": side["connection"],
        "external_id": side["external_id"],
        "since": side.get("since"),
        "event_url": url,
    }
