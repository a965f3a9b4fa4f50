"""Lists of golden records, of every kind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import abort, render_template

from hub.console import extension, golden, visit
from hub.console.address import PAGE, cut, pages, wished_id
from hub.console.label import kind_label
from hub.console.narrow import LIFECYCLES, narrowed, state_fields
from hub.console.route import Route
from hub.console.visit import hub
from hub.model.kind import Kind
from hub.model.mask import mask_field
from hub.store import console_record as store

# Kinds that tell of a day.
DATED = ("order", "payment", "refund", "fulfilment")
# The columns of a list, by kind; other kinds show their first plain fields.
COLUMNS = {
    "customer": ("full_name", "identities", "home_store", "status"),
    "order": ("number", "placed_at", "totals", "state", "payment_state", "fulfilment_state", "customer"),
    "product": ("title", "brand", "state", "variants"),
    "payment": ("provider_ref", "method", "state", "amount", "order"),
    "refund": ("provider_ref", "state", "amount", "order"),
    "fulfilment": ("state", "location", "shipped_at", "order"),
}


def list_kinds() -> Any:
    """Every kind, those in use first."""
    used = store.kinds_in_use(hub().db, seen_realms())
    kinds = sorted(hub().registry.kinds.values(), key=lambda kind: kind.name not in used)
    absent = sorted(used - hub().registry.kinds.keys())
    return render_template(
        "console/kinds.html", all_kinds=kinds, used=used, absent=absent, command="retail-hub records KIND"
    )


def list_records(kind: str) -> Any:
    """Golden records of one kind, the newest first."""
    declared = golden.kind_of_plural(kind)
    name = declared.name if declared else kind
    prefix = declared.prefix if declared else "rec"
    before, after = wished_id("before", prefix), wished_id("after", prefix)
    found = narrowed(declared, name, seen_realms())
    wish = replace(found.wish, before=before, after=after)
    rows, has_more = cut(store.list_golden(hub().db, wish, PAGE + 1), after is not None)
    if declared is None and not rows:
        abort(404)
    columns = COLUMNS.get(name) or plain_columns(declared)
    shown = [{column: cell_value(declared, column, row.data.get(column)) for column in columns} for row in rows]
    extra = extension.columns(name, lambda: [golden.masked(declared, row.data, ()) for row in rows])
    links = golden.find_links(shown)
    return render_template(
        "console/records.html",
        kind=kind,
        declared=declared,
        heading=kind_label(declared, name, many=True),
        prefix=prefix,
        columns=[(column, declared.by_name.get(column) if declared else None) for column in columns],
        extra=extra,
        rows=list(zip(rows, [golden.with_links(cells, links) for cells in shown], strict=True)),
        page=pages("list_records", prefix, rows, has_more, kind=kind, **found.words),
        lifecycles=LIFECYCLES,
        connections=[row.name for row in hub().connections.all()],
        states=[(field, declared.by_name[field].choices) for field in state_fields(declared) if declared],
        place=found.place,
        words=found.words,
        is_dated=name in DATED,
        is_filtered=bool(found.words) or before is not None,
        command=f"retail-hub records {name}",
        api=f"GET /api/v1/{kind}",
    )


def seen_realms() -> list[str]:
    """The realms whose records the visitor may see, by name."""
    allowed = visit.realms("record.see")
    found = store.all_realms(hub().db)
    return found if allowed is None else [realm for realm in found if realm in allowed]


def plain_columns(kind: Kind | None) -> tuple[str, ...]:
    """The first plain fields of a kind that has no columns of its own."""
    if kind is None:
        return ()
    plain = [
        f.name for f in kind.fields if f.type in ("text", "enum", "money", "time", "date", "decimal", "ref", "integer")
    ]
    return tuple(plain[:6])


def cell_value(kind: Kind | None, name: str, value: Any) -> Any:
    """What fits in one cell: of an order's totals the total, of identities the phone or the first, of lists how many."""
    field = kind.by_name.get(name) if kind else None
    if name == "totals" and isinstance(value, dict):
        return value.get("total")
    value = mask_field(field, name, value)
    if name == "identities" and isinstance(value, list):
        phones = [one for one in value if isinstance(one, dict) and one.get("namespace") == "phone"]
        first = (phones or [one for one in value if isinstance(one, dict)] or [{}])[0]
        return first.get("value")
    if isinstance(value, list):
        return len(value)
    return value


ROUTES = (
    Route("/records", list_kinds, "record.see"),
    Route("/records/<kind>", list_records, "record.see"),
)
