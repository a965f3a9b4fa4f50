"""Why records are one: the picture and the table of what holds them together, and the history of merges and splits."""

from __future__ import annotations

import uuid
from typing import Any

from flask import render_template, request

from hub.console import circle, golden
from hub.console.address import wished_id
from hub.console.circle import Spot, Tie
from hub.console.label import field_label, kind_label
from hub.console.language import N_, _
from hub.console.pages.detail import find
from hub.console.route import Route
from hub.console.visit import hub, may
from hub.console.who import names_of
from hub.flow.bond import Bond, bonds
from hub.model.identifier import format_id
from hub.store import decision
from hub.store.decision import Decision
from hub.store.dossier import Dossier, MemberRow

REASONS = {
    "must": N_("ruled to be one"),
    "cannot": N_("ruled apart"),
    "copy": N_("kept in step by the hub"),
    "key": N_("same key"),
    "score": N_("alike"),
}
ACTS = {"must": N_("merge"), "cannot": N_("split")}


def show_cluster(kind: str, record_id: str) -> Any:
    """The records behind one golden record."""
    with hub().db.session() as conn:
        declared, row = find(conn, kind, record_id)
        rulings = decision.about(conn, [member.rid for member in row.members])
        found = bonds(conn, hub(), row.kind, row.members, rulings)
    names = names_of(ruling.author for ruling in rulings) | names_of(ruling.revoked_by for ruling in rulings)
    chosen = wished_id("source", "rec")
    return render_template(
        "console/cluster.html",
        kind=declared.plural if declared else kind,
        kind_title=kind_label(declared, row.kind, many=True),
        record_id=record_id,
        record_title=golden.title_of(declared, row.data) or record_id[:14] + "…",
        back=golden.record_url(row.kind, row.id),
        sources=[(format_id("rec", one.rid), _name(one), one) for one in row.members],
        bonds=[(_bond_text(one, names), _label(row, one.a), _label(row, one.b), one) for one in found],
        picture=_picture(row, found, chosen),
        is_cut=len(row.members) > circle.MOST_NODES,
        chosen=request.args.get("source", "") if chosen else "",
        history=_history(rulings, names),
        may_steward=may("record.steward", row.realm),
        command=f"retail-hub split {row.kind} {record_id} --source CONNECTION:EXTERNAL_ID",
    )


def _name(member: MemberRow) -> str:
    return hub().connections.by_id(member.connection_id).name


def _label(row: Dossier, rid: uuid.UUID) -> tuple[str, str]:
    """(system, id there) of a member."""
    member = next(member for member in row.members if member.rid == rid)
    return _name(member), member.external_id


def _bond_text(bond: Bond, names: dict[str, str]) -> str:
    text = _(REASONS[bond.why])
    if bond.why == "key":
        label = field_label(bond.note)
        return f"{text}: {bond.note}" if label == bond.note else f"{text}: {label} {bond.note}"
    return f"{text} · {names.get(bond.note, bond.note)}" if bond.note else text


def _picture(row: Dossier, found: list[Bond], chosen: uuid.UUID | None) -> Any:
    members = row.members
    if len(members) > circle.MOST_NODES:
        if chosen is None:
            return ""
        near = {chosen} | {rid for one in found if chosen in (one.a, one.b) for rid in (one.a, one.b)}
        near |= {rid for one in found if near & {one.a, one.b} for rid in (one.a, one.b)}
        members = sorted((one for one in members if one.rid in near), key=lambda one: one.rid != chosen)
        members = members[: circle.MOST_NODES]
    place = {member.rid: number for number, member in enumerate(members)}
    spots = [Spot(_name(member), member.external_id, is_gone=member.state in (0, 2)) for member in members]
    ties = [
        Tie(place[one.a], place[one.b], one.why, one.note if one.why == "key" else _(REASONS[one.why]))
        for one in found
        if one.a in place and one.b in place
    ]
    return circle.cluster(spots, ties, _("What holds them together"))


def _history(rulings: list[Decision], names: dict[str, str]) -> list[dict[str, Any]]:
    """Merges and splits by people, the newest first, each act once."""
    found: dict[uuid.UUID, dict[str, Any]] = {}
    for ruling in rulings:
        if ruling.type in ACTS:
            found.setdefault(
                ruling.group_id,
                {
                    "act": format_id("dec", ruling.group_id),
                    "what": _(ACTS[ruling.type]),
                    "at": ruling.created_at,
                    "by": names.get(ruling.author, ruling.author),
                    "reason": ruling.reason,
                    "revoked_at": ruling.revoked_at,
                    "revoked_by": names.get(ruling.revoked_by or "", ruling.revoked_by or ""),
                },
            )
    return list(found.values())


ROUTES = (Route("/records/<kind>/<record_id>/cluster", show_cluster, "record.see"),)
