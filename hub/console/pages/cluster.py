"""Why records are one: the picture and the table of what holds them together, and the history of merges and splits."""

from __future__ import annotations

import uuid
from typing import Any

from flask import g, render_template, request

from hub.console import circle, golden, visit
from hub.console.address import wished_id
from hub.console.circle import Spot, Tie
from hub.console.label import field_label, kind_label
from hub.console.language import N_, _
from hub.console.pages.detail import find
from hub.console.route import Route
from hub.console.shell import page_url
from hub.console.visit import hub, may
from hub.console.who import names_of
from hub.flow.bond import Bond, Bonds, bonds
from hub.flow.match_forecast import can_merge
from hub.model.identifier import format_id
from hub.store import decision
from hub.store.bond import NearRow
from hub.store.decision import Decision
from hub.store.dossier import Dossier, MemberRow
from hub.store.record import LIVE

REASONS = {
    "must": N_("ruled to be one"),
    "cannot": N_("ruled apart"),
    "copy": N_("kept in step by the hub"),
    "key": N_("same key"),
    "score": N_("alike"),
}
ACTS = {"must": N_("merge"), "cannot": N_("ruled apart")}


def show_cluster(kind: str, record_id: str) -> Any:
    """The records behind one golden record."""
    with hub().db.session() as conn:
        declared, row = find(conn, kind, record_id)
        rulings = decision.about(conn, [member.rid for member in row.members])
        ties = bonds(conn, hub(), row, rulings)
    found, address = ties.inside, {"kind": declared.plural if declared else kind, "record_id": record_id}
    marked = _marked(found)
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
        bonds=[
            (_bond_text(one, names), _label(row, one.a), _label(row, one.b), one, _tie_url(address, one, chosen))
            for one in found
        ],
        marked=(_label(row, marked.a), _label(row, marked.b), marked) if marked else None,
        ends=_ends(marked) if marked else None,
        near=[_near(row, one) for one in ties.near],
        picture=_picture(row, ties, chosen, marked, address),
        is_cut=len(row.members) > circle.MOST_NODES,
        twins=_twins(row),
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


def _marked(found: list[Bond]) -> Bond | None:
    """The bond that was clicked on: the heaviest one between the two records in the address."""
    ends = {wished_id("a", "rec"), wished_id("b", "rec")}
    fits = [one for one in found if {one.a, one.b} == ends]
    return max(fits, key=lambda one: (one.why == "score", one.weight or 0), default=None)


def _ends(bond: Bond) -> tuple[str, str]:
    return format_id("rec", bond.a), format_id("rec", bond.b)


def _tie_url(address: dict[str, str], bond: Bond, chosen: uuid.UUID | None) -> str:
    """The same page with the weights of one bond."""
    a, b = _ends(bond)
    source = {"source": format_id("rec", chosen)} if chosen else {}
    return page_url("show_cluster", **address, a=a, b=b, **source) + "#tie"


def _twins(row: Dossier) -> list[tuple[str, list[str], bool]]:
    """(connection, ids there, whether it can join them) where one system has several live records of it."""
    found: dict[int, list[str]] = {}
    for member in row.members:
        if member.state == LIVE:
            found.setdefault(member.connection_id, []).append(member.external_id)
    several = ((hub().connections.by_id(id_), ids) for id_, ids in found.items() if len(ids) > 1)
    return [
        (one.name, ids, one.writes(row.kind) and can_merge(hub().registry.connector(one.connector), row.kind))
        for one, ids in several
        if one.disconnected_at is None
    ]


def _near(row: Dossier, one: NearRow) -> dict[str, Any]:
    """A record of somebody else that is alike: where it leads, masked."""
    kind = hub().registry.kinds.get(row.kind)
    is_seen = visit.sees(row.realm, one.data)
    return {
        "own": _label(row, one.own),
        "system": hub().connections.by_id(one.connection_id).name,
        "external_id": one.external_id,
        "weight": one.weight,
        "relation": one.relation,
        "title": golden.title_of(kind, one.data) if is_seen else "",
        "url": golden.record_url(row.kind, one.golden) if is_seen else "",
        "item": format_id("itm", one.item) if one.item and may("record.steward", row.realm) else "",
    }


def _picture(row: Dossier, ties: Bonds, chosen: uuid.UUID | None, marked: Bond | None, address: dict[str, str]) -> Any:
    found = ties.inside
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
    lines = [
        Tie(place[one.a], place[one.b], one.why, _note(one), _tie_url(address, one, chosen), one is marked)
        for one in found
        if one.a in place and one.b in place
    ]
    # Beside their own: who is alike and somebody else as yet.
    for one in ties.near:
        if one.own in place and (one.other in place or len(spots) < circle.MOST_NODES):
            if one.other not in place:
                place[one.other] = len(spots)
                shown = _near(row, one)
                url = page_url("show_match", item_id=shown["item"]) if shown["item"] else shown["url"]
                spots.append(Spot(shown["system"], one.external_id, is_gone=True, url=url))
            note = _("household") if one.relation else g.fmt.weight(one.weight)
            lines.append(Tie(place[one.own], place[one.other], "near", note))
    return circle.cluster(spots, lines, _("What holds them together"))


def _note(bond: Bond) -> str:
    if bond.why == "score":
        return str(g.fmt.weight(bond.weight))
    return bond.note if bond.why == "key" else _(REASONS[bond.why])


def _history(rulings: list[Decision], names: dict[str, str]) -> list[dict[str, Any]]:
    """Merges and splits by people, the newest first, each act once."""
    found: dict[uuid.UUID, dict[str, Any]] = {}
    for ruling in rulings:
        if ruling.type in ACTS:
            found.setdefault(
                ruling.group_id,
                {
                    "act": format_id("dec", ruling.group_id),
                    "what": _(_act_of(ruling)),
                    "at": ruling.created_at,
                    "by": names.get(ruling.author, ruling.author),
                    "reason": ruling.reason,
                    "revoked_at": ruling.revoked_at,
                    "revoked_by": names.get(ruling.revoked_by or "", ruling.revoked_by or ""),
                },
            )
    return list(found.values())


def _act_of(ruling: Decision) -> str:
    """A split, or an answer that two are not one, perhaps of one household."""
    is_household = isinstance(ruling.value, dict) and ruling.value.get("relation") == "household"
    return N_("one household") if is_household else ACTS[ruling.type]


ROUTES = (Route("/records/<kind>/<record_id>/cluster", show_cluster, "record.see"),)
