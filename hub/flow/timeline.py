"""What happened to a golden record, in one order of time: what refers to it, its own changes, what people ruled."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.errors import ConfigError
from hub.flow.context import Hub
from hub.model.identifier import format_id
from hub.model.kind import Kind
from hub.model.mask import mask_field
from hub.store import timeline as store
from hub.store.database import Connection
from hub.store.timeline import Entry, Filter

Rid = uuid.UUID
CHANGES, DECISIONS = "changes", "decisions"
# What may be asked for: a name and the kinds behind it; empty for those that are no records.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "orders": ("order",),
    "payments": ("payment",),
    "refunds": ("refund",),
    "shipping": ("fulfilment", "return"),
    "messages": ("message", "conversation"),
    "consents": ("consent",),
    "points": ("loyalty_entry",),
    CHANGES: (),
    DECISIONS: (),
}
# What a line says of a record; the rest is a click away.
_SAID = (
    "number", "channel", "state", "payment_state", "fulfilment_state", "amount", "method", "provider", "purpose", "status",
    "points", "type", "direction", "reason", "subject", "custody",
)  # fmt: skip
Sees = Callable[[str, Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it may be shown: an entry whose data is masked and cut to what a line says. `cursor` continues below it.

    `order`: (number, id) of the order that a payment, refund or delivery belongs to.
    """

    at: str
    what: str
    kind: str
    id: Rid
    data: dict[str, Any]
    cursor: str
    order: tuple[str, Rid] | None = None


def timeline(
    conn: Connection,
    hub: Hub,
    kind: Kind,
    golden_id: Rid,
    *,
    group: str = "",
    cursor: str = "",
    limit: int = 20,
    is_clear: bool = False,
    sees: Sees | None = None,
) -> tuple[list[Line], str]:
    """The newest lines below `cursor`, and the cursor of the next page ('' at the end). One statement.

    `is_clear`: personal values are shown, else masked by declaration. `sees(realm, data)`: whether the reader may see a
    record that refers to this one. Errors: `ConfigError` for an unknown group or a cursor nobody gave.
    """
    rows = store.page(conn, kind.name, golden_id, _filter(group, cursor), limit + 1)
    more = rows[limit - 1] if len(rows) > limit else None
    lines = [
        _line(hub, kind, row, is_clear)
        for row in rows[:limit]
        if sees is None or not _is_sale(row) or sees(row.realm, row.data)
    ]
    return lines, _cursor(more) if more else ""


def _is_sale(entry: Entry) -> bool:
    """Whether it belongs to an order, and so to a store; whoever sees the customer sees the rest."""
    return entry.what == "fact" and (entry.kind == "order" or bool(entry.data.get("_order_id")))


def _filter(group: str, cursor: str) -> Filter:
    before = _read_cursor(cursor) if cursor else None
    if not group:
        return Filter(before=before)
    if group not in GROUPS:
        raise ConfigError(f"there is no part of a timeline called {group!r}; there are: {', '.join(GROUPS)}")
    return Filter(GROUPS[group], group == CHANGES, group == DECISIONS, before)


def _cursor(entry: Entry) -> str:
    return f"{entry.at}~{entry.tie}"


def _read_cursor(text: str) -> tuple[str, str]:
    at, tilde, tie = text.partition("~")
    if not tilde or not 20 <= len(at) <= 32 or not tie or len(tie) > 60 or "\x00" in text:
        raise ConfigError("cursor is not one that this listing gave: start again without it")
    return at, tie


def _line(hub: Hub, kind: Kind, entry: Entry, is_clear: bool) -> Line:
    if entry.what == "fact":
        return _fact(hub, entry, is_clear)
    data = dict(entry.data)
    for side in ("before", "after"):
        values = data.get(side)
        if isinstance(values, dict) and not is_clear and "into" not in values:
            data[side] = {name: mask_field(kind.by_name.get(name), name, value) for name, value in values.items()}
    return Line(entry.at, entry.what, entry.kind, entry.id, data, _cursor(entry))


def _fact(hub: Hub, entry: Entry, is_clear: bool) -> Line:
    declared = hub.registry.kinds.get(entry.kind)
    said: dict[str, Any] = {}
    for name in _SAID:
        value = entry.data.get(name)
        if value is not None:
            field = declared.by_name.get(name) if declared else None
            said[name] = value if is_clear else mask_field(field, name, value)
    total = (entry.data.get("totals") or {}).get("total")
    if total:
        said["amount"] = total
    order_id, number = entry.data.get("_order_id"), entry.data.get("_order")
    order = (str(number or ""), Rid(order_id)) if order_id else None
    return Line(entry.at, entry.what, entry.kind, entry.id, said, _cursor(entry), order)


def line_json(hub: Hub, kind: Kind, line: Line) -> dict[str, Any]:
    """A line as programs read it: `{"at", "what", "type", "record", "order", "decision", "data"}`."""
    kinds = hub.registry.kinds
    fact = kinds.get(line.kind) if line.what == "fact" else kind
    prefix = fact.prefix if fact else "rec"
    data = dict(line.data)
    after = data.get("after")
    if line.what == "change" and isinstance(after, dict) and "into" in after:
        data["after"] = {"into": format_id(kind.prefix, Rid(str(after["into"]))) if after["into"] else None}
    if data.get("cause_id"):
        prefixes = {"event": "evt", "replay": "run", "merge": "dec", "pin": "dec"}
        data["cause_id"] = format_id(prefixes.get(str(data.get("cause")), "cau"), Rid(str(data["cause_id"])))
    return {
        "at": line.at,
        "what": line.what,
        "type": line.kind,
        "record": None
        if line.what == "decision"
        else {"kind": fact.name if fact else line.kind, "id": format_id(prefix, line.id)},
        "order": {"number": line.order[0], "id": format_id(kinds["order"].prefix, line.order[1])}
        if line.order
        else None,
        "decision": format_id("dec", line.id) if line.what == "decision" else None,
        "data": data,
    }
