"""Conflicts: what systems disagree about and no rule decides, and fields that went to and fro until they were frozen."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import abort, redirect, render_template, request

from hub.console import golden, visit
from hub.console.address import PAGE, cut, id_of, pages, wished, wished_id
from hub.console.label import field_label
from hub.console.language import N_, _
from hub.console.message import done, say
from hub.console.pages.detail import REASONS
from hub.console.pages.pin import PLAIN, read_value
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub, may
from hub.console.who import name_of
from hub.errors import ConfigError, ConflictError, NotFoundError, RecordError
from hub.flow import conflict, match_queue, reveal, settle
from hub.flow.conflict import Disagreement
from hub.model.identifier import format_id
from hub.model.kind import Field
from hub.store import conflict as store
from hub.store import item as item_store
from hub.store.conflict import ItemRow
from hub.store.item import Item

STATES = {"open": N_("open"), "snoozed": N_("put aside"), "resolved": N_("settled")}
SNOOZES = {"1h": timedelta(hours=1), "1d": timedelta(days=1), "7d": timedelta(days=7)}
SNOOZE_NAMES = {"1h": N_("an hour"), "1d": N_("a day"), "7d": N_("a week")}


def list_conflicts() -> Any:
    """What waits for a steward, the newest first."""
    state = wished("state", STATES) or "open"
    type_ = wished("type", store.TYPES)
    before, after = wished_id("before", "itm"), wished_id("after", "itm")
    wish = store.Filter(state, type_, visit.realms("record.steward"), before, after)
    with hub().db.session() as conn:
        rows, has_more = cut(store.items(conn, wish, PAGE + 1), after is not None)
    return render_template(
        "console/conflicts.html",
        rows=[(row, _subject(row), field_label(_field_name(row), _field_of(row))) for row in rows],
        page=pages("list_conflicts", "itm", rows, has_more, state=state, type=type_),
        state=state,
        type=type_,
        states=STATES,
        types=store.TYPES,
        connection_name=_connection_name,
        is_filtered=state != "open" or bool(type_) or before is not None,
        command="retail-hub items --type conflict",
        api="GET /api/v1/items?type=conflict",
    )


def _subject(row: ItemRow) -> tuple[str, str]:
    """(title, address) of the record."""
    if row.golden_id is None or row.kind is None:
        return "—", ""
    title = golden.title_of(hub().registry.kinds.get(row.kind), row.golden or {})
    return title or format_id("x", row.golden_id)[2:14] + "…", golden.record_url(row.kind, row.golden_id)


def _field_name(row: ItemRow | Item) -> str:
    return str(row.data.get("field", ""))


def _field_of(row: ItemRow | Item) -> Field | None:
    kind = hub().registry.kinds.get(row.kind or "")
    return kind.by_name.get(_field_name(row)) if kind else None


def _connection_name(connection_id: int | None) -> str:
    return hub().connections.by_id(connection_id).name if connection_id else ""


def show_conflict(item_id: str) -> Any:
    """One disagreement: the sides, what they last agreed on, what holds now, and what may be done."""
    return _page(_item(item_id), item_id)


def reveal_conflict(item_id: str) -> Any:
    """Shows what the sides say in clear, on this page view only; who saw it and why is recorded once a field."""
    item = _item(item_id)
    found = conflict.open_item(hub(), item)
    reason, note = request.form.get("reason", ""), request.form.get("note", "")
    if found is None or item.kind is None or reason not in REASONS or not may("record.reveal", found.dossier.realm):
        abort(403, "record.reveal")
    shown_id = golden.record_url(item.kind, found.dossier.id).rpartition("/")[2]
    actor = visit.visit().principal.actor
    try:
        for field in found.fields:
            reveal.reveal(hub(), actor, item.kind, found.dossier.id, shown_id, field, reason, note)
    except ConfigError:
        say(_("Write down what it is needed for, too."), "bad")
        return _page(item, item_id)
    return _page(item, item_id, revealed=found.fields)


def settle_conflict(item_id: str) -> Any:
    """Carries out what was pressed: take one side, pin an own value, lift a freeze, put aside, close."""
    item = _item(item_id)
    reason = request.form.get("reason", "").strip()[:300]
    try:
        resolution, text = _resolution(item)
        act_id = settle.settle(hub(), item, resolution, visit.visit().principal.actor, reason)
    except (ConfigError, ConflictError, NotFoundError, RecordError) as error:
        return _page(item, item_id, str(error)), 422
    undo = format_id("dec", act_id) if act_id and item.type == "conflict" else ""
    return done(_next(item), text, undo=undo)


def _next(item: Item) -> str:
    """The next conflict of the queue; the list when none waits."""
    with hub().db.session() as conn:
        rows = store.items(conn, store.Filter("open", item.type, visit.realms("record.steward")), 1)
    return page_url("show_conflict", item_id=format_id("itm", rows[0].id)) if rows else page_url("list_conflicts")


def _resolution(item: Item) -> tuple[dict[str, Any], str]:
    """What the form says, and the words for it."""
    form = request.form
    if form.get("take"):
        rid = id_of(form["take"], "rec")
        found = conflict.open_item(hub(), item)
        side = next((one for one in found.sides if one.rid == rid), None) if found else None
        if side is None:
            raise NotFoundError(_("That source says nothing of it any more: look again."))
        taken = {"connection": side.connection, "external_id": side.external_id}
        return {"take": taken}, _("Settled: %(name)s is right until somebody says something new.", name=side.connection)
    if form.get("lift"):
        return {"lift": True}, _("The field is compared and written again.")
    if form.get("snooze") in SNOOZES:
        until = datetime.now(UTC) + SNOOZES[form["snooze"]]
        return {"snooze_until": until.isoformat()}, _("Put aside.")
    if form.get("pin"):
        return {"pin": _typed_values(item)}, _("Settled: the value is pinned.")
    return {"note": form.get("reason", "").strip()[:300]}, _("Closed. It comes back if they disagree anew.")


def _typed_values(item: Item) -> dict[str, Any]:
    kind = hub().registry.kinds[str(item.kind)]
    rule = settle.rule_of(hub(), kind.name, _field_name(item))
    found = {}
    for name in rule.fields:
        typed = {"value": request.form.get(f"value-{name}", "")}
        if typed["value"].strip():
            found[name] = read_value(kind.by_name[name], typed)
    if not found:
        raise ConfigError(_("Type the value that is right."))
    return found


def _item(item_id: str) -> Item:
    try:
        with hub().db.session() as conn:
            found = item_store.read_item(conn, id_of(item_id, "itm"))
    except NotFoundError:
        abort(404)
    if found.type in match_queue.TYPES:
        abort(redirect(page_url("show_match", item_id=item_id)))
    if found.type not in store.TYPES or not may("record.steward", found.realm):
        abort(404)
    return found


def _page(item: Item, item_id: str, problem: str = "", revealed: Collection[str] = ()) -> Any:
    found = conflict.open_item(hub(), item)
    kind = hub().registry.kinds.get(item.kind or "")
    if found is not None:
        with hub().db.session() as conn:
            if not visit.sees_golden(conn, found.dossier.id, found.dossier.realm, found.dossier.data):
                abort(404)
    title = golden.title_of(kind, found.dossier.data) if found else ""
    name = field_label(_field_name(item), _field_of(item))
    return render_template(
        "console/conflict.html",
        item=item,
        item_id=item_id,
        name=name,
        is_loop=item.type == "loop",
        found=found,
        record_title=title or (format_id(kind.prefix, found.dossier.id)[:14] + "…" if found and kind else "—"),
        record_url=golden.record_url(item.kind, found.dossier.id) if found and item.kind else "",
        fields=[(field, kind.by_name.get(field) if kind else None) for field in (found.fields if found else ())],
        sides=[
            (format_id("rec", side.rid), side, _masked(item, side.values, revealed))
            for side in (found.sides if found else ())
        ],
        agreed=_masked(item, found.agreed.values, revealed) if found and found.agreed else None,
        now=_now(item, found, revealed),
        flips=[
            (one, _masked(item, one.values, revealed).get(_field_name(item))) for one in (found.flips if found else ())
        ],
        connection_name=_connection_name(item.connection_id),
        can_type=bool(
            found and kind and all(f in kind.by_name and kind.by_name[f].type in PLAIN for f in found.fields)
        ),
        pinned_by=name_of(found.pinned_by) if found and found.pinned_by else "",
        resolved_by=name_of(item.resolved_by) if item.resolved_by else "",
        snoozes=SNOOZE_NAMES,
        problem=problem,
        may_reveal=bool(found and not revealed and may("record.reveal", found.dossier.realm) and _hides(item, found)),
        reveal_reasons=REASONS,
        typed=request.form if problem else {},
        command=f"retail-hub items show {item_id}",
        api=f"POST /api/v1/items/{item_id}/resolve",
    )


def _masked(item: Item, values: Any, revealed: Collection[str] = ()) -> dict[str, Any]:
    return golden.masked(hub().registry.kinds.get(item.kind or ""), dict(values), revealed)


def _hides(item: Item, found: Disagreement) -> bool:
    """Whether something of what the sides say is masked."""
    return any(_masked(item, side.values) != _masked(item, side.values, found.fields) for side in found.sides)


def _now(item: Item, found: Disagreement | None, revealed: Collection[str]) -> dict[str, Any]:
    if found is None:
        return {}
    return _masked(item, {name: found.dossier.data.get(name) for name in found.fields}, revealed)


ROUTES = (
    Route("/conflicts", list_conflicts, "record.steward"),
    Route("/conflicts/<item_id>", show_conflict, "record.steward"),
    act("/conflicts/<item_id>/reveal", reveal_conflict, "record.reveal"),
    act("/conflicts/<item_id>/settle", settle_conflict, "record.steward"),
)
