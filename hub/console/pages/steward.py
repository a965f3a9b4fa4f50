"""A steward's acts on one record: merge with another, split a source off, undo. Plans first."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, redirect, render_template, request

from hub.console import golden, visit
from hub.console.address import id_of
from hub.console.label import kind_label
from hub.console.language import _
from hub.console.message import done
from hub.console.pages.detail import find
from hub.console.pages.search import open_query, rows_of, seal_query
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub, local_path, may
from hub.errors import ConflictError, NotFoundError
from hub.flow import rehearse, stewardship
from hub.flow.stewardship import Work
from hub.model.identifier import format_id
from hub.model.kind import Field, Kind
from hub.store import decision
from hub.store.dossier import Dossier

HITS = 20


def show_merge(kind: str, record_id: str) -> Any:
    """With whom? Records found by what somebody knows of them; what was typed travels sealed."""
    declared, row = record_to_rule(kind, record_id)
    opaque = request.args.get("q", "")
    typed = open_query(opaque) if opaque else ""
    if typed is None:
        return done(
            page_url("show_merge", kind=kind, record_id=record_id), _("That search is over. Type it again."), "warn"
        )
    rows = [one for one in rows_of(typed) if one.kind == declared.name and one.id != row.id] if typed else []
    hits = [(format_id(declared.prefix, one.id), golden.title_of(declared, one.data), one) for one in rows[:HITS]]
    return render_template(
        "console/merge.html", **head_of(declared, row), typed=typed, hits=hits, more=len(rows) - len(hits)
    )


def find_merge(kind: str, record_id: str) -> Any:
    """Takes what was typed and goes on to the hits."""
    record_to_rule(kind, record_id)
    text = request.form.get("q", "").strip()[:200]
    return redirect(page_url("show_merge", kind=kind, record_id=record_id, q=seal_query(text) if text else None), 303)


def plan_merge(kind: str, record_id: str, other_id: str) -> Any:
    """What a merge would do, before it is done."""
    declared, row = record_to_rule(kind, record_id)
    _also, other = record_to_rule(kind, other_id)
    work = stewardship.merging(declared.name, [row.id, other.id], actor(), "")
    do = page_url("merge_records", kind=declared.plural, record_id=record_id, other_id=other_id)
    return plan_page(declared, row, work, _("Merge with %(title)s", title=_title(declared, other)), do, is_merge=True)


def merge_records(kind: str, record_id: str, other_id: str) -> Any:
    """Rules that both are one."""
    declared, row = record_to_rule(kind, record_id)
    _also, other = record_to_rule(kind, other_id)
    act_id = stewardship.merge(hub(), declared.name, [row.id, other.id], actor(), reason())
    survivor = golden.record_url(declared.name, min(row.id, other.id))
    return done(survivor, _("Merged. The next message of a system does not undo it."), undo=format_id("dec", act_id))


def show_split(kind: str, record_id: str) -> Any:
    """Which source is somebody else?"""
    declared, row = record_to_rule(kind, record_id)
    sources = [
        (format_id("rec", member.rid), hub().connections.by_id(member.connection_id).name, member)
        for member in row.members
        if member.state
    ]
    return render_template("console/split.html", **head_of(declared, row), sources=sources)


def plan_split(kind: str, record_id: str, source_id: str) -> Any:
    """What a split would do, before it is done."""
    declared, row = record_to_rule(kind, record_id)
    name, external_id = _source(row, source_id)
    work = stewardship.splitting(hub(), declared.name, row.id, name, external_id, actor(), "")
    title = _("Split %(source)s off", source=f"{name} {external_id}")
    do = page_url("split_record", kind=declared.plural, record_id=record_id, source_id=source_id)
    return plan_page(declared, row, work, title, do)


def split_record(kind: str, record_id: str, source_id: str) -> Any:
    """Rules that the source is somebody else."""
    declared, row = record_to_rule(kind, record_id)
    name, external_id = _source(row, source_id)
    act_id = stewardship.split(hub(), declared.name, row.id, name, external_id, actor(), reason())
    text = _("Split. The next message of a system does not join them again.")
    return done(golden.record_url(declared.name, row.id), text, undo=format_id("dec", act_id))


def undo_act(act_id: str) -> Any:
    """Revokes a merge, a split, a pin, a choice or a freeze."""
    found = id_of(act_id, "dec")
    with hub().db.session() as conn:
        rows = decision.of_group(conn, found)
    if not rows or not may("record.steward", rows[0].realm):
        abort(404)
    stewardship.undo(hub(), found, actor(), reason())
    back = local_path(request.form.get("back"), golden.record_url(rows[0].kind, rows[0].a))
    return done(back, _("Undone: everything is as it would be without it."))


def plan_page(
    declared: Kind, row: Dossier, work: Work, title: str, do: str, *, is_merge: bool = False, **more: Any
) -> Any:
    """What an act would do, before it is done; `do` is the address that does it, `more` what its page shows besides."""
    try:
        prospect = rehearse.rehearse(hub(), work)
    except (ConflictError, NotFoundError) as error:
        return done(golden.record_url(declared.name, row.id), str(error), "bad")
    before, after = sorted(prospect.before), sorted(prospect.after)
    return render_template(
        "console/act_plan.html",
        **head_of(declared, row),
        heading_of_plan=title,
        do=do,
        is_merge=is_merge,
        **more,
        before=[(id_, format_id(declared.prefix, id_)) for id_ in before],
        after=[(id_, format_id(declared.prefix, id_)) for id_ in after],
        gone=[format_id(declared.prefix, id_) for id_ in prospect.gone],
        rows=_compared(declared, prospect, before, after),
        sendings=prospect.sendings,
    )


def _compared(
    declared: Kind, prospect: rehearse.Prospect, before: list[uuid.UUID], after: list[uuid.UUID]
) -> list[tuple[str, Field | None, list[Any], list[Any]]]:
    """Per field that differs: what each record says now and would say then, masked."""
    order = {field.name: place for place, field in enumerate(declared.fields)}
    rows = []
    for name, old, new in rehearse.compared(prospect):

        def shown(value: Any, name: str = name) -> Any:
            return golden.masked(declared, {name: value})[name]

        rows.append(
            (
                name,
                declared.by_name.get(name),
                [shown(old.get(id_)) for id_ in before],
                [shown(new.get(id_)) for id_ in after],
            )
        )
    return sorted(rows, key=lambda one: order.get(one[0], len(order)))


def record_to_rule(kind: str, record_id: str) -> tuple[Kind, Dossier]:
    """The record, if the visitor may rule about it; 404 for one that is not seen, 403 for one of another's realm."""
    with hub().db.session() as conn:
        declared, row = find(conn, kind, record_id)
    if declared is None or row.lifecycle == "erased":
        abort(404)
    if not may("record.steward", row.realm):
        abort(403, "record.steward")
    return declared, row


def _source(row: Dossier, source_id: str) -> tuple[str, str]:
    rid = id_of(source_id, "rec")
    member = next((member for member in row.members if member.rid == rid), None)
    if member is None:
        abort(404)
    return hub().connections.by_id(member.connection_id).name, member.external_id


def head_of(declared: Kind, row: Dossier) -> dict[str, Any]:
    """What the pages of acts say of their record."""
    return {
        "kind": declared.plural,
        "declared": declared,
        "record_id": format_id(declared.prefix, row.id),
        "record_title": _title(declared, row),
        "kind_title": kind_label(declared, many=True),
        "back": golden.record_url(declared.name, row.id),
    }


def _title(declared: Kind, row: Dossier) -> str:
    return golden.title_of(declared, row.data) or format_id(declared.prefix, row.id)[:14] + "…"


def actor() -> str:
    """Who rules, by pseudonym."""
    return visit.visit().principal.actor


def reason() -> str:
    """Why, as typed."""
    return request.form.get("reason", "").strip()[:300]


_ONE = "/records/<kind>/<record_id>"
ROUTES = (
    Route(f"{_ONE}/merge", show_merge, "record.steward"),
    act(f"{_ONE}/merge", find_merge, "record.steward"),
    Route(f"{_ONE}/merge/<other_id>", plan_merge, "record.steward"),
    act(f"{_ONE}/merge/<other_id>", merge_records, "record.steward"),
    Route(f"{_ONE}/split", show_split, "record.steward"),
    Route(f"{_ONE}/split/<source_id>", plan_split, "record.steward"),
    act(f"{_ONE}/split/<source_id>", split_record, "record.steward"),
    act("/decisions/<act_id>/undo", undo_act, "record.steward"),
)
