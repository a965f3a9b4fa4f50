"""One golden record: its values with their reasons, what refers to it, its timeline; revealing one field."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flask import abort, redirect, render_template, request

from hub.console import extension, golden, lines, order, visit
from hub.console.address import id_of
from hub.console.label import kind_label
from hub.console.language import N_, _
from hub.console.message import say
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub, may
from hub.console.who import names_of
from hub.errors import ConfigError
from hub.flow import recycled, reveal, timeline
from hub.flow.balance import BALANCED, balance_of
from hub.flow.explain import event_ids, explain_members, read_rulings
from hub.flow.golden import Member
from hub.flow.recycled import Bearer
from hub.model.identifier import format_id, parse_id
from hub.model.kind import Kind
from hub.model.mask import mask_raw
from hub.rules import register
from hub.sdk.console import Subject
from hub.store import console_record as store
from hub.store import dossier
from hub.store.database import Connection
from hub.store.dossier import Concerns, Dossier

REASONS = {
    "service": N_("A customer asks"),
    "check": N_("Checking a match or a conflict"),
    "delivery": N_("A delivery has to be arranged"),
    "other": N_("Another reason"),
}
PART_NAMES = {
    "": N_("all"),
    "orders": N_("Orders"),
    "payments": N_("Payments"),
    "refunds": N_("Refunds"),
    "shipping": N_("Shipping"),
    "messages": N_("Messages"),
    "consents": N_("Consents"),
    "points": N_("Points"),
    "changes": N_("Changes"),
    "decisions": N_("Decisions"),
}
LINES = 20


def show_record(kind: str, record_id: str) -> Any:
    """One golden record. An id that was merged away leads to the survivor."""
    with hub().db.session() as conn:
        declared, found = find(conn, kind, record_id)
    proper = format_id(declared.prefix if declared else "rec", found.id)
    if proper != record_id:
        return redirect(page_url("show_record", kind=kind, record_id=proper, came_from=record_id))
    return _page(declared, found, kind)


def reveal_field(kind: str, record_id: str) -> Any:
    """Shows one field in clear, on this page view only, and records who saw it and why."""
    with hub().db.session() as conn:
        declared, found = find(conn, kind, record_id)
    name, reason = request.form.get("field", ""), request.form.get("reason", "")
    if declared is None or name not in declared.by_name or name not in found.data or reason not in REASONS:
        abort(403, "record.reveal")
    if not may("record.reveal", found.realm):
        abort(403, "record.reveal")
    revealed, note = {name}, request.form.get("note", "")
    try:
        reveal.reveal(hub(), visit.visit().principal.actor, declared.name, found.id, record_id, name, reason, note)
    except ConfigError:
        say(_("Write down what it is needed for, too."), "bad")
        revealed = set()
    return _page(declared, found, kind, revealed)


def find(conn: Connection, kind: str, record_id: str) -> tuple[Kind | None, Dossier]:
    """The record in the address, if the visitor may see it; 404 otherwise, as if there were none."""
    declared = golden.kind_of_plural(kind)
    found = dossier.load(conn, id_of(record_id, declared.prefix if declared else "rec"))
    if found is None or found.kind != (declared.name if declared else kind):
        abort(404)
    if not visit.sees_golden(conn, found.id, found.realm, found.data):
        abort(404)
    return declared, found


def _page(kind: Kind | None, row: Dossier, plural: str, revealed: Collection[str] = ()) -> Any:
    is_order, is_customer = row.kind == "order", row.kind == "customer"
    record_id = format_id(kind.prefix if kind else "rec", row.id)
    with hub().db.session() as conn:
        concerns = dossier.concerns(conn, row)
        why = _explained(conn, kind, row, concerns)
        found, more = _timeline(conn, kind, row) if is_customer and kind else ([], "")
        balance = balance_of(conn, hub(), row.kind, row.id, row.realm, row.data) if row.kind in BALANCED else None
    children = [] if is_customer else store.children_of(hub().db, row.id)
    links = golden.find_links(row.data, [child.data for child in children])
    data = golden.with_links(golden.masked(kind, row.data, revealed), links)
    return render_template(
        "console/customer.html" if is_customer else "console/order.html" if is_order else "console/record.html",
        kind=plural,
        declared=kind,
        heading=kind_label(kind, row.kind, many=True),
        title=golden.title_of(kind, row.data, revealed) or record_id[:14] + "…",
        record=row,
        record_id=record_id,
        came_from=_came_from(row),
        data=data,
        why=_reasons(kind, why, concerns, links, revealed),
        fields=_fields(kind, data, skip=("lines", "totals") if is_order else ()),
        revealed=revealed,
        may_reveal=may("record.reveal", row.realm),
        may_steward=may("record.steward", row.realm) and kind is not None and row.lifecycle != "erased",
        reveal_reasons=REASONS,
        sources=[
            (source, hub().connections.by_id(source.connection_id), _extensions(source)) for source in row.members
        ],
        systems=_systems(row),
        concerns=concerns,
        balance=balance,
        purchases=_purchases(row, concerns),
        kin=_kin(kind, row, concerns),
        ledger=[(child, order.time_of(child)) for child in order.ledger_of(children)] if is_order else [],
        children=_grouped(children, is_order),
        totals=order.totals_of(row.data) if is_order else None,
        history=[(change, golden.differences(kind, change)) for change in concerns.history],
        deliveries=concerns.deliveries if may("flow.see") else [],
        timeline=_shown_timeline(kind, row, found, more) if is_customer and kind else None,
        panels_of=lambda slot: extension.panels(
            slot, row.kind, Subject(row.kind, record_id, row.realm, golden.masked(kind, row.data, ()))
        ),
        record_url=golden.record_url,
        title_of=lambda child: golden.title_of(hub().registry.kinds.get(child.kind), child.data),
        command=f"retail-hub explain {row.kind} {record_id}",
        api=f"GET /api/v1/{plural}/{record_id}",
    )


def _came_from(row: Dossier) -> str:
    """The merged id that led here; an address may claim anything."""
    text = request.args.get("came_from", "")
    try:
        given = parse_id(text)[1]
    except ConfigError:
        return ""
    return text if any(member.rid == given for member in row.members) else ""


def _explained(conn: Connection, kind: Kind | None, row: Dossier, concerns: Concerns) -> dict[str, Any]:
    if kind is None or row.lifecycle == "erased":
        return {}
    connections = {member.connection_id: hub().connections.by_id(member.connection_id) for member in row.members}
    members = [
        Member(m.rid, connections[m.connection_id].name, connections[m.connection_id].rank, m.external_id, m.fold,
               m.object_type, connection_id=m.connection_id, kind=row.kind, realm=row.realm, state=m.state)
        for m in row.members
    ]  # fmt: skip
    own = {member.rid for member in row.members}
    ruled = [r for r in concerns.rulings if r.type in ("pin", "choice") and r.a in own]
    pins, choices = read_rulings(
        (r.id, r.type, r.a, r.b, r.field, r.value, r.author, r.reason, r.created_at) for r in ruled
    )
    events = event_ids(conn, [member.rid for member in row.members])
    found = explain_members(hub(), kind.name, row.data, members, pins, choices, events)
    recycled.tell(conn, hub(), Bearer.of(row.id, members, row.data), found)
    if visit.limits([row.realm]):
        for part in found.get("identities", {}).get("elements", ()):
            if "passed" in part:
                part["passed"]["to"] = ""  # who that is may be of a store that they do not see
    return found


def _reasons(
    kind: Kind | None, why: dict[str, Any], concerns: Concerns, links: golden.LinkMap, revealed: Collection[str]
) -> dict[str, Any]:
    """Per field why it has its value; of a pin or choice also who made it, when, why, and the act that undoes it."""
    if kind is None:
        return {}
    found = golden.reasons(kind, why, links, revealed)
    ruled = [ruling for ruling in concerns.rulings if ruling.type in ("pin", "choice") and ruling.field]
    names = names_of(ruling.author for ruling in ruled)
    for ruling in ruled:
        for name in kind.groups.get(str(ruling.field), (str(ruling.field),)):
            entry = found.get(name)
            if entry and entry["rule"] == ruling.type:
                entry["ruling"] = {
                    "by": names.get(ruling.author, ruling.author), "at": ruling.created_at, "reason": ruling.reason,
                    "act": format_id("dec", ruling.group_id),
                }  # fmt: skip
    return found


def _part() -> str:
    part = request.args.get("part", "")
    return part if part in timeline.GROUPS else ""


def _timeline(conn: Connection, kind: Kind, row: Dossier) -> tuple[list[timeline.Line], str]:
    below = request.args.get("below", "")
    try:
        return timeline.timeline(conn, hub(), kind, row.id, group=_part(), cursor=below, limit=LINES, sees=visit.sees)
    except ConfigError:
        return timeline.timeline(conn, hub(), kind, row.id, group=_part(), limit=LINES, sees=visit.sees)


def _shown_timeline(kind: Kind, row: Dossier, found: list[timeline.Line], more: str) -> dict[str, Any]:
    record_id, part = format_id(kind.prefix, row.id), _part()
    here = {"kind": kind.plural, "record_id": record_id, "part": part or None}
    return {
        "lines": lines.shown(kind, found, row.id),
        "filters": lines.filters(kind.plural, record_id, part, list(timeline.GROUPS)),
        "names": PART_NAMES,
        "part": part,
        "earlier": page_url("show_record", **here, below=more) + "#timeline" if more else "",
        "newest": page_url("show_record", **here) + "#timeline" if request.args.get("below") else "",
    }


def _extensions(source: dossier.MemberRow) -> dict[str, Any]:
    found: dict[str, Any] = mask_raw(register.decode(source.fold).extensions)
    return found


def _systems(row: Dossier) -> list[tuple[str, bool]]:
    """(connection, whether it has the record now) of every system that knows it, each once."""
    found: dict[str, bool] = {}
    for member in row.members:
        if member.state:
            name = hub().connections.by_id(member.connection_id).name
            found[name] = found.get(name, False) or member.state == 1
    return list(found.items())


def _purchases(row: Dossier, concerns: Concerns) -> list[dossier.Purchases]:
    """What was bought in all; not for those who see some stores only, since the sum would tell of the others."""
    return [] if visit.limits([row.realm]) else concerns.purchases


def _kin(kind: Kind | None, row: Dossier, concerns: Concerns) -> list[tuple[str, str, bool]]:
    """(title, address, whether a household was stated) of people who belong together or share a number."""
    seen = [kin for kin in concerns.kin if kin.id != row.id and visit.sees(kin.realm, kin.data)]
    return [
        (
            golden.title_of(kind, kin.data) or format_id("cus", kin.id)[:14] + "…",
            golden.record_url(row.kind, kin.id),
            kin.is_stated,
        )
        for kin in seen
    ]


def _fields(kind: Kind | None, data: dict[str, Any], skip: Collection[str]) -> list[str]:
    """The fields that have a value, in the order of the declaration; unknown ones last."""
    declared = [field.name for field in kind.fields] if kind else []
    unknown = [name for name in data if name not in declared]
    return [name for name in [*declared, *unknown] if name in data and name not in skip]


def _grouped(children: list[store.Child], is_order: bool) -> dict[str, list[store.Child]]:
    """What refers to it and may be seen, by kind; an order's ledger is shown apart."""
    groups: dict[str, list[store.Child]] = {}
    for child in children:
        if not (is_order and child in order.ledger_of([child])):
            groups.setdefault(child.kind, []).append(child)
    return groups


ROUTES = (
    Route("/records/<kind>/<record_id>", show_record, "record.see"),
    act("/records/<kind>/<record_id>/reveal", reveal_field, "record.reveal"),
)
