"""Golden records of every kind: lists, one record with the reason of each value, and revealing one field."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flask import abort, redirect, render_template, request

from hub.console import extension, golden, order, visit
from hub.console.address import PAGE, cut, id_of, pages, wished, wished_id
from hub.console.label import kind_label
from hub.console.language import N_
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub, may
from hub.errors import NotFoundError
from hub.flow import audit, explain
from hub.model.identifier import format_id
from hub.model.kind import Kind
from hub.model.mask import mask_field, mask_raw
from hub.sdk.console import Subject
from hub.store import console_event, view
from hub.store import console_record as store
from hub.store.console_record import GoldenRow

LIFECYCLES = ("active", "deleted", "erased")
# The columns of a list, by kind; other kinds show their first plain fields.
COLUMNS = {
    "customer": ("full_name", "identities", "home_store", "status"),
    "order": ("number", "placed_at", "totals", "state", "payment_state", "fulfilment_state", "customer"),
    "product": ("title", "brand", "state", "variants"),
    "payment": ("provider_ref", "method", "state", "amount", "order"),
    "refund": ("provider_ref", "state", "amount", "order"),
    "fulfilment": ("state", "location", "shipped_at", "order"),
}
REASONS = {
    "service": N_("A customer asks"),
    "check": N_("Checking a match or a conflict"),
    "delivery": N_("A delivery has to be arranged"),
    "other": N_("Another reason"),
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
    lifecycle, connection = wished("lifecycle", LIFECYCLES), request.args.get("connection", "")[:60]
    prefix = declared.prefix if declared else "rec"
    before, after = wished_id("before", prefix), wished_id("after", prefix)
    realms = seen_realms()
    wish = store.Filter(name, realms, lifecycle, connection, before, after, visit.limits(realms))
    rows, has_more = cut(store.list_golden(hub().db, wish, PAGE + 1), after is not None)
    if declared is None and not rows:
        abort(404)
    columns = COLUMNS.get(name) or plain_columns(declared)
    shown = [{column: cell_value(declared, column, row.data.get(column)) for column in columns} for row in rows]
    extra = extension.columns(name, [golden.masked(declared, row.data, ()) for row in rows])
    links = golden.find_links(shown)
    filters = {"lifecycle": lifecycle, "connection": connection}
    return render_template(
        "console/records.html",
        kind=kind,
        declared=declared,
        heading=kind_label(declared, name, many=True),
        prefix=prefix,
        columns=[(column, declared.by_name.get(column) if declared else None) for column in columns],
        extra=extra,
        rows=list(zip(rows, [golden.with_links(cells, links) for cells in shown], strict=True)),
        page=pages("list_records", prefix, rows, has_more, kind=kind, **filters),
        lifecycles=LIFECYCLES,
        connections=[row.name for row in hub().connections.all()],
        is_filtered=any(filters.values()) or before is not None,
        command=f"retail-hub records {name}",
        api=f"GET /api/v1/{kind}",
        **filters,
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


def show_record(kind: str, record_id: str) -> Any:
    """One golden record. An id that was merged away leads to the survivor."""
    declared, row = _golden(kind, record_id)
    proper = format_id(declared.prefix if declared else "rec", row.id)
    if proper != record_id:
        return redirect(page_url("show_record", kind=kind, record_id=proper, came_from=record_id))
    return _page(declared, row, kind)


def reveal_field(kind: str, record_id: str) -> Any:
    """Shows one field in clear, on this page view only, and records who saw it and why."""
    declared, row = _golden(kind, record_id)
    name, reason = request.form.get("field", ""), request.form.get("reason", "")
    field = declared.by_name.get(name) if declared else None
    if field is None or name not in row.data or reason not in REASONS or not may("record.reveal", row.realm):
        abort(403, "record.reveal")
    note = request.form.get("note", "").strip()[:300]
    audit.record(
        hub(),
        visit.visit().principal.actor,
        "field.revealed",
        record_id,
        f"{reason}: {note}" if note else reason,
        field=name,
    )
    return _page(declared, row, kind, {name})


def _golden(kind: str, record_id: str) -> tuple[Kind | None, GoldenRow]:
    """The record in the address, if the visitor may see its realm; 404 otherwise, as if there were none."""
    declared = golden.kind_of_plural(kind)
    found = store.golden_of(hub().db, id_of(record_id, declared.prefix if declared else "rec"))
    if found is None or found.kind != (declared.name if declared else kind) or not visit.sees(found.realm, found.data):
        abort(404)
    return declared, found


def _page(kind: Kind | None, row: GoldenRow, plural: str, revealed: Collection[str] = ()) -> Any:
    children = store.children_of(hub().db, row.id)
    links = golden.find_links(row.data, [child.data for child in children])
    data = golden.with_links(golden.masked(kind, row.data, revealed), links)
    sources = store.sources_of(hub().db, row.id)
    is_order = kind is not None and kind.name == "order"
    record_id = format_id(kind.prefix if kind else "rec", row.id)
    return render_template(
        "console/order.html" if is_order else "console/record.html",
        kind=plural,
        declared=kind,
        heading=kind_label(kind, row.kind, many=True),
        title=golden.title_of(kind, row.data, revealed) or record_id[:14] + "…",
        record=row,
        record_id=record_id,
        came_from=request.args.get("came_from", "")[:40],
        data=data,
        why=_why(kind, row, links, revealed),
        fields=_fields(kind, data, skip=("lines", "totals") if is_order else ()),
        revealed=revealed,
        may_reveal=may("record.reveal"),
        reveal_reasons=REASONS,
        sources=[(source, mask_raw(source.extensions)) for source in sources],
        ledger=[(child, order.time_of(child)) for child in order.ledger_of(children)] if is_order else [],
        children=_grouped(children, is_order),
        totals=order.totals_of(row.data) if is_order else None,
        history=_history(kind, row),
        deliveries=console_event.deliveries_of(hub().db, [row.id]) if may("flow.see") else [],
        panels_of=lambda slot: extension.panels(
            slot, row.kind, Subject(row.kind, record_id, row.realm, golden.masked(kind, row.data, ()))
        ),
        record_url=golden.record_url,
        title_of=lambda child: golden.title_of(hub().registry.kinds.get(child.kind), child.data),
        command=f"retail-hub explain {row.kind} {record_id}",
        api=f"GET /api/v1/{plural}/{record_id}",
    )


def _fields(kind: Kind | None, data: dict[str, Any], skip: Collection[str]) -> list[str]:
    """The fields that have a value, in the order of the declaration; unknown ones last."""
    declared = [field.name for field in kind.fields] if kind else []
    unknown = [name for name in data if name not in declared]
    return [name for name in [*declared, *unknown] if name in data and name not in skip]


def _why(kind: Kind | None, row: GoldenRow, links: golden.LinkMap, revealed: Collection[str]) -> dict[str, Any]:
    if kind is None or row.lifecycle == "erased":
        return {}
    try:
        found = explain.explain(hub(), kind.name, row.id)
    except NotFoundError:  # it was merged or erased while the page was made
        return {}
    return golden.reasons(kind, found, links, revealed)


def _grouped(children: list[store.Child], is_order: bool) -> dict[str, list[store.Child]]:
    """What refers to it, by kind; an order's ledger is shown apart."""
    groups: dict[str, list[store.Child]] = {}
    for child in children:
        if not (is_order and child in order.ledger_of([child])):
            groups.setdefault(child.kind, []).append(child)
    return groups


def _history(kind: Kind | None, row: GoldenRow) -> list[tuple[view.ChangeRow, list[tuple[str, Any, Any]]]]:
    """The last changes, each with field, before and after, masked; one field in sight is enough to find the event."""
    with hub().db.session() as conn:
        changes = view.history(conn, row.id, None, 12)
    return [(change, _differences(kind, change)) for change in changes]


def _differences(kind: Kind | None, change: view.ChangeRow) -> list[tuple[str, Any, Any]]:
    before, after = change.before or {}, change.after or {}
    names = change.fields[:12] if change.type == "updated" else []

    def shown(name: str, value: Any) -> Any:
        return mask_field(kind.by_name.get(name) if kind else None, name, value)

    return [(name, shown(name, before.get(name)), shown(name, after.get(name))) for name in names]


ROUTES = (
    Route("/records", list_kinds, "record.see"),
    Route("/records/<kind>", list_records, "record.see"),
    Route("/records/<kind>/<record_id>", show_record, "record.see"),
    act("/records/<kind>/<record_id>/reveal", reveal_field, "record.reveal"),
)
