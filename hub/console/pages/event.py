"""Events: the list, and one event with everything that followed from it."""

from __future__ import annotations

from typing import Any

from flask import abort, render_template, request

from hub.console import effect, payload, visit
from hub.console.address import PAGE, SPANS, cut, id_of, pages, since_of, wished, wished_id
from hub.console.decision import decisions_on
from hub.console.golden import arranged, record_url
from hub.console.language import said
from hub.console.route import Route
from hub.console.visit import hub, may
from hub.flow.replay import Preview
from hub.model.identifier import format_id
from hub.model.mask import mask_field, mask_raw
from hub.model.problem import PROBLEMS
from hub.rules.register import SEPARATOR
from hub.store import console_event as store
from hub.store.console_event import EventDetail, Touched
from hub.store.event import read_event, read_many


def list_events() -> Any:
    """Events newest first, by status, connection and time."""
    status, span = wished("status", store.STATUSES), wished("span", SPANS)
    connection = request.args.get("connection", "")[:60]
    before, after = wished_id("before", "evt"), wished_id("after", "evt")
    wish = store.Filter(status, connection, since_of(span), visit.realms("flow.see"), before, after)
    rows, has_more = cut(store.list_events(hub().db, wish, PAGE + 1), after is not None)
    filters = {"status": status, "connection": connection, "span": span}
    return render_template(
        "console/events.html",
        rows=rows,
        page=pages("list_events", "evt", rows, has_more, **filters),
        statuses=store.STATUSES,
        spans=SPANS,
        connections=[row.name for row in hub().connections.all()],
        is_filtered=any(filters.values()) or before is not None,
        command="retail-hub events" + (f" --status {status}" if status else ""),
        api="GET /api/v1/events",
        **filters,
    )


TABS = ("raw", "headers", "canonical", "difference", "processings")


def show_event(event_id: str) -> Any:
    """What came, what it was understood as, what it changed, what went out because of it."""
    return event_page(find_event(event_id), event_id)


def event_page(found: EventDetail, event_id: str, *, is_clear: bool = False, preview: Preview | None = None) -> Any:
    """The page of one event; `preview`: what running it again would do."""
    touched = store.touched_by(hub().db, found.id)
    rids = [one.rid for one in touched]
    rows = store.changes_of(hub().db, found.id, rids) if rids else []
    rest = effect.idle(found.id, touched, rows)
    tab = wished("tab", TABS) or "raw"
    return render_template(
        "console/event.html",
        event=found,
        event_id=event_id,
        status=_status(found, touched),
        touched=touched,
        changes=effect.changes(rows),
        idle=rest,
        is_echo=bool(rest) and not rows and all(one.is_echo for one in rest),
        deliveries=store.deliveries_of(hub().db, found.id, rids) if rids else [],
        problems=_problems(found, is_clear=is_clear),
        fixes={code: said(text.fix) for code, text in PROBLEMS.items()},
        preview=_preview(preview) if preview else None,
        tab=tab,
        tabs=TABS,
        may_operate=visit.may("flow.operate", found.realm),
        message_of=lambda error: str((error or {}).get("message") or ""),
        record_url=record_url,
        curl=f'curl -sS -H "Authorization: Bearer $HUB_TOKEN" {request.url_root}api/v1/events/{event_id}/raw',
        command=f"retail-hub events {event_id}",
        api=f"GET /api/v1/events/{event_id}",
        **_tab(tab, found, event_id, touched, is_clear=is_clear),
    )


def _tab(tab: str, found: EventDetail, event_id: str, touched: list[Touched], *, is_clear: bool) -> dict[str, Any]:
    """What only the open tab needs."""
    if tab == "canonical":
        return {"observations": {one.rid: _shown(one) for one in touched}}
    if tab == "headers":
        return {"headers": found.headers if is_clear else mask_raw(found.headers)}
    if tab == "processings":
        releases = store.releases_of(hub().db, sorted({one.release_id for one in touched}))
        return {"releases": releases, "decisions": decisions_on(event_id)}
    if tab == "difference":
        return _difference(found, touched)
    return {"raw": _raw(found, is_clear=is_clear)} if tab == "raw" else {}


def _difference(found: EventDetail, touched: list[Touched]) -> dict[str, Any]:
    earlier = store.event_before(hub().db, found.id, [one.rid for one in touched]) if touched else None
    if earlier is None or not _may_see_bodies(found):
        return {"earlier": None, "differences": None}
    with hub().db.session() as conn:
        bodies = {one.id: one.body or b"" for one in read_many(conn, hub().keyring, [earlier, found.id])}
    if set(bodies) != {earlier, found.id}:
        return {"earlier": None, "differences": None}
    lines = payload.difference(bodies[earlier], bodies[found.id], is_masked=True)
    return {"earlier": format_id("evt", earlier), "differences": lines}


def find_event(event_id: str) -> EventDetail:
    """The event in the address, if the visitor may see its realm; else 404, as if there were none."""
    found = store.event_detail(hub().db, id_of(event_id, "evt"))
    seen = visit.realms("flow.see")
    if found is None or (seen is not None and found.realm not in seen):
        abort(404)
    return found


def _status(event: EventDetail, touched: list[Touched]) -> str:
    if event.state is not None:
        return "quarantined" if event.state == 1 else "pending"
    return "parked" if any(one.is_parked for one in touched) else "done"


def _shown(one: Touched) -> dict[str, Any]:
    """What the event said of a record, masked by declaration; elements of a list stand under the list's name."""
    kind = hub().registry.kinds.get(one.kind)
    shown: dict[str, Any] = {}
    for key, value in one.asserted.items():
        name, separator, element = key.partition(SEPARATOR)
        if name.startswith("~") or element == "*":
            continue
        masked = mask_field(kind.by_name.get(name) if kind else None, name, [value] if separator else value)
        shown[name] = [*shown.get(name, []), *masked] if separator else masked
    return arranged(kind, shown)


def _problems(event: EventDetail, *, is_clear: bool) -> list[dict[str, Any]]:
    """Why it stands in quarantine, its sample values masked."""
    problems = (event.problem or {}).get("problems", []) if event.state == 1 else []
    return [problem if is_clear else masked_problem(problem) for problem in problems[:20]]


def masked_problem(problem: dict[str, Any]) -> dict[str, Any]:
    """One problem, its sample value as the visitor may see payloads: masked, or not at all."""
    may_see = may("payload.masked") or may("payload.raw")
    return {**problem, "value": mask_raw(problem.get("value", ""), problem.get("path", "")) if may_see else ""}


def _preview(found: Preview) -> dict[str, Any]:
    """What running it again would do, masked."""
    return {
        "changes": [
            (change, [] if change["type"] == "merged" else effect.changed_fields(
                change["kind"], change["fields"], change["before"] or {}, change["after"] or {}))
            for change in found.changes[:20]
        ],
        "more": max(0, len(found.changes) - 20),
        "targets": found.targets,
        "problems": [masked_problem(problem) for one in found.problems for problem in one["problems"]][:20],
    }  # fmt: skip


def _may_see_bodies(event: EventDetail) -> bool:
    return event.has_body and (may("payload.masked") or may("payload.raw"))


def _raw(event: EventDetail, *, is_clear: bool) -> payload.Body | None:
    """The body as this visitor may see it; None without leave or when erased."""
    if not _may_see_bodies(event):
        return None
    with hub().db.session() as conn:
        body = read_event(conn, hub().keyring, event.id).body or b""
    return payload.render(body, is_masked=not is_clear)


ROUTES = (
    Route("/events", list_events, "flow.see"),
    Route("/events/<event_id>", show_event, "flow.see"),
)
