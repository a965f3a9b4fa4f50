"""A steward's acts on one record: pin a value, merge with another, split a source off, undo. Plans first."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import orjson
from flask import abort, redirect, render_template, request

from hub.console import golden, visit
from hub.console.address import id_of
from hub.console.label import field_label, kind_label
from hub.console.language import _
from hub.console.message import done
from hub.console.pages.detail import find
from hub.console.pages.search import open_query, rows_of, seal_query
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub, local_path, may
from hub.errors import ConfigError, ConflictError, NotFoundError, RecordError
from hub.flow import rehearse, stewardship
from hub.flow.stewardship import Work
from hub.model.identifier import format_id
from hub.model.kind import Field, Kind
from hub.store import decision
from hub.store.dossier import Dossier

PLAIN = ("text", "enum", "time", "date", "decimal", "integer", "boolean")
HITS = 20


def show_pins(kind: str, record_id: str) -> Any:
    """Which field is to be pinned: a list to choose from."""
    declared, row = _record(kind, record_id)
    wish = request.args.get("field", "")
    if wish in declared.by_name:
        return redirect(page_url("show_pin", kind=declared.plural, record_id=record_id, field=wish))
    choices = [field for field in declared.fields if not field.derived]
    return render_template("console/pins.html", **_head(declared, row), choices=choices, held=row.data)


def show_pin(kind: str, record_id: str, field: str) -> Any:
    """The form that fixes one field."""
    declared, row = _record(kind, record_id)
    return _pin_page(declared, row, _pinned_field(declared, field))


def pin_field(kind: str, record_id: str, field: str) -> Any:
    """Fixes the field; a value that does not fit is asked for again, with what was typed."""
    declared, row = _record(kind, record_id)
    chosen = _pinned_field(declared, field)
    reason = request.form.get("reason", "").strip()[:300]
    try:
        value = read_value(chosen, request.form)
        act_id = stewardship.pin(hub(), declared.name, row.id, field, value, _actor(), reason)
    except (ConfigError, RecordError) as error:
        return _pin_page(declared, row, chosen, request.form.get("value", ""), str(error)), 422
    text = _("%(field)s is pinned.", field=field_label(field, chosen))
    return done(golden.record_url(declared.name, row.id), text, undo=format_id("dec", act_id))


def unpin_field(kind: str, record_id: str, field: str) -> Any:
    """Lets the field be what its sources say again."""
    declared, row = _record(kind, record_id)
    stewardship.unpin(hub(), declared.name, row.id, field, _actor())
    text = _("%(field)s follows its sources again.", field=field_label(field, declared.by_name.get(field)))
    return done(golden.record_url(declared.name, row.id), text)


def read_value(field: Field, form: Mapping[str, str]) -> Any:
    """What was typed, in canonical form; None when it is to be cleared. `ConfigError` says what is expected."""
    text = form.get("value", "").strip()[:4000]
    if form.get("clear"):
        return None
    if not text:
        raise ConfigError(_("Type a value, or tick that it is to be empty."))
    if field.type == "boolean":
        return text == "true"
    if field.type == "integer":
        if not text.lstrip("-").isdigit():
            raise ConfigError(_("A whole number is expected."))
        return int(text)
    if field.type in PLAIN:
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ConfigError(_("JSON is expected, in the form that the example shows.")) from None


def _pin_page(declared: Kind, row: Dossier, field: Field, typed: str = "", problem: str = "") -> str:
    held = golden.masked(declared, row.data).get(field.name)
    example = "" if field.example is None else field.example
    return render_template(
        "console/pin.html",
        **_head(declared, row),
        field=field,
        held=held,
        has_value=field.name in row.data,
        typed=typed,
        problem=problem,
        is_plain=field.type in PLAIN,
        example=example if isinstance(example, str) else orjson.dumps(example, default=str).decode(),
    )


def _pinned_field(declared: Kind, name: str) -> Field:
    field = declared.by_name.get(name)
    if field is None or field.derived:
        abort(404)
    return field


def show_merge(kind: str, record_id: str) -> Any:
    """With whom? Records found by what somebody knows of them; what was typed travels sealed."""
    declared, row = _record(kind, record_id)
    opaque = request.args.get("q", "")
    typed = open_query(opaque) if opaque else ""
    if typed is None:
        return done(
            page_url("show_merge", kind=kind, record_id=record_id), _("That search is over. Type it again."), "warn"
        )
    rows = [one for one in rows_of(typed) if one.kind == declared.name and one.id != row.id] if typed else []
    hits = [(format_id(declared.prefix, one.id), golden.title_of(declared, one.data), one) for one in rows[:HITS]]
    return render_template(
        "console/merge.html", **_head(declared, row), typed=typed, hits=hits, more=len(rows) - len(hits)
    )


def find_merge(kind: str, record_id: str) -> Any:
    """Takes what was typed and goes on to the hits."""
    _record(kind, record_id)
    text = request.form.get("q", "").strip()[:200]
    return redirect(page_url("show_merge", kind=kind, record_id=record_id, q=seal_query(text) if text else None), 303)


def plan_merge(kind: str, record_id: str, other_id: str) -> Any:
    """What a merge would do, before it is done."""
    declared, row = _record(kind, record_id)
    _also, other = _record(kind, other_id)
    work = stewardship.merging(declared.name, [row.id, other.id], _actor(), "")
    return _plan(
        declared, row, work, _("Merge with %(title)s", title=_title(declared, other)), "merge_records", other_id
    )


def merge_records(kind: str, record_id: str, other_id: str) -> Any:
    """Rules that both are one."""
    declared, row = _record(kind, record_id)
    _also, other = _record(kind, other_id)
    act_id = stewardship.merge(hub(), declared.name, [row.id, other.id], _actor(), _reason())
    survivor = golden.record_url(declared.name, min(row.id, other.id))
    return done(survivor, _("Merged. The next message of a system does not undo it."), undo=format_id("dec", act_id))


def show_split(kind: str, record_id: str) -> Any:
    """Which source is somebody else?"""
    declared, row = _record(kind, record_id)
    sources = [
        (format_id("rec", member.rid), hub().connections.by_id(member.connection_id).name, member)
        for member in row.members
        if member.state
    ]
    return render_template("console/split.html", **_head(declared, row), sources=sources)


def plan_split(kind: str, record_id: str, source_id: str) -> Any:
    """What a split would do, before it is done."""
    declared, row = _record(kind, record_id)
    name, external_id = _source(row, source_id)
    work = stewardship.splitting(hub(), declared.name, row.id, name, external_id, _actor(), "")
    title = _("Split %(source)s off", source=f"{name} {external_id}")
    return _plan(declared, row, work, title, "split_record", source_id)


def split_record(kind: str, record_id: str, source_id: str) -> Any:
    """Rules that the source is somebody else."""
    declared, row = _record(kind, record_id)
    name, external_id = _source(row, source_id)
    act_id = stewardship.split(hub(), declared.name, row.id, name, external_id, _actor(), _reason())
    text = _("Split. The next message of a system does not join them again.")
    return done(golden.record_url(declared.name, row.id), text, undo=format_id("dec", act_id))


def undo_act(act_id: str) -> Any:
    """Revokes a merge, a split, a pin, a choice or a freeze."""
    found = id_of(act_id, "dec")
    with hub().db.session() as conn:
        rows = decision.of_group(conn, found)
    if not rows or not may("record.steward", rows[0].realm):
        abort(404)
    stewardship.undo(hub(), found, _actor(), _reason())
    back = local_path(request.form.get("back"), golden.record_url(rows[0].kind, rows[0].a))
    return done(back, _("Undone: everything is as it would be without it."))


def _plan(declared: Kind, row: Dossier, work: Work, title: str, endpoint: str, with_id: str) -> Any:
    record_id = format_id(declared.prefix, row.id)
    try:
        prospect = rehearse.rehearse(hub(), work)
    except (ConflictError, NotFoundError) as error:
        return done(golden.record_url(declared.name, row.id), str(error), "bad")
    names = {"merge_records": "other_id", "split_record": "source_id"}
    do = page_url(endpoint, kind=declared.plural, record_id=record_id, **{names[endpoint]: with_id})
    before, after = sorted(prospect.before), sorted(prospect.after)
    return render_template(
        "console/act_plan.html",
        **_head(declared, row),
        heading_of_plan=title,
        do=do,
        is_merge=endpoint == "merge_records",
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


def _record(kind: str, record_id: str) -> tuple[Kind, Dossier]:
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


def _head(declared: Kind, row: Dossier) -> dict[str, Any]:
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


def _actor() -> str:
    return visit.visit().principal.actor


def _reason() -> str:
    return request.form.get("reason", "").strip()[:300]


_ONE = "/records/<kind>/<record_id>"
ROUTES = (
    Route(f"{_ONE}/pin", show_pins, "record.steward"),
    Route(f"{_ONE}/pin/<field>", show_pin, "record.steward"),
    act(f"{_ONE}/pin/<field>", pin_field, "record.steward"),
    act(f"{_ONE}/unpin/<field>", unpin_field, "record.steward"),
    Route(f"{_ONE}/merge", show_merge, "record.steward"),
    act(f"{_ONE}/merge", find_merge, "record.steward"),
    Route(f"{_ONE}/merge/<other_id>", plan_merge, "record.steward"),
    act(f"{_ONE}/merge/<other_id>", merge_records, "record.steward"),
    Route(f"{_ONE}/split", show_split, "record.steward"),
    Route(f"{_ONE}/split/<source_id>", plan_split, "record.steward"),
    act(f"{_ONE}/split/<source_id>", split_record, "record.steward"),
    act("/decisions/<act_id>/undo", undo_act, "record.steward"),
)
