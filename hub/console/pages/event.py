"""Events: the list, and one event with everything that followed from it."""

from __future__ import annotations

from typing import Any

import orjson
from flask import abort, g, render_template, request

from hub.console import visit
from hub.console.address import PAGE, SPANS, cut, id_of, pages, since_of, wished, wished_id
from hub.console.effect import effects_of
from hub.console.golden import arranged, record_url
from hub.console.language import _
from hub.console.route import Route, act
from hub.console.visit import hub, may
from hub.flow import audit
from hub.model.mask import mask_field, mask_raw
from hub.rules.register import SEPARATOR
from hub.store import console_event as store
from hub.store.console_event import EventDetail, Touched
from hub.store.event import read_event

# What is shown of a body, and what of it is read at all: a page is no editor.
SHOWN = 24_000
PARSED = 2_000_000


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


def show_event(event_id: str) -> Any:
    """What came, what it was understood as, what it changed, what went out because of it."""
    return _page(_event(event_id), event_id)


def reveal_payload(event_id: str) -> Any:
    """The same page with the body in clear, this once; who saw it and why is recorded."""
    found = _event(event_id)
    reason = request.form.get("reason", "").strip()[:300]
    if not reason or not visit.may("payload.raw", found.realm):
        abort(403, "payload.raw")
    audit.record(hub(), visit.visit().principal.actor, "payload.seen", event_id, reason)
    return _page(found, event_id, is_clear=True)


def _page(found: EventDetail, event_id: str, *, is_clear: bool = False) -> Any:
    touched = store.touched_by(hub().db, found.id)
    golden_ids = sorted({one.golden_id for one in touched})
    effects = effects_of(found.id, touched)
    return render_template(
        "console/event.html",
        event=found,
        event_id=event_id,
        status=_status(found, touched),
        touched=touched,
        observations={one.rid: _shown(one) for one in touched},
        effects=effects,
        news=sum(len(effect.fields) for effect in effects),
        is_echo=bool(effects) and all(effect.is_echo for effect in effects),
        deliveries=store.deliveries_of(hub().db, golden_ids),
        problems=_problems(found, is_clear=is_clear),
        raw=_raw(found, is_clear=is_clear),
        record_url=record_url,
        command=f"retail-hub events {event_id}",
        api=f"GET /api/v1/events/{event_id}",
    )


def _event(event_id: str) -> EventDetail:
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
    return [
        {
            **problem,
            "value": problem.get("value", "")
            if is_clear
            else mask_raw(problem.get("value", ""), problem.get("path", "")),
        }
        for problem in problems[:20]
    ]


def _raw(event: EventDetail, *, is_clear: bool) -> dict[str, Any] | None:
    """The body as this visitor may see it: `{"text", "is_masked", "is_cut", "length"}`; None without leave or when erased."""
    if not event.has_body or not (may("payload.masked") or may("payload.raw")):
        return None
    with hub().db.session() as conn:
        body = read_event(conn, hub().keyring, event.id).body or b""
    return render_body(body, is_masked=not is_clear)


def render_body(body: bytes, *, is_masked: bool) -> dict[str, Any]:
    """A body as text: JSON indented and masked by shape; anything else whole, in hex, or hidden."""
    document: Any = None
    is_json = False
    if len(body) <= PARSED:
        try:
            document, is_json = orjson.loads(body), True
        except orjson.JSONDecodeError:
            is_json = False
    if is_json:
        text = orjson.dumps(mask_raw(document) if is_masked else document, option=orjson.OPT_INDENT_2).decode()
    elif is_masked:
        text = _("Not JSON, so it cannot be masked: %(size)s.", size=g.fmt.size(len(body)))
    else:
        text = _as_text(body)
    return {"text": text[:SHOWN], "is_masked": is_masked, "is_cut": len(text) > SHOWN, "length": len(text)}


def _as_text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body[: SHOWN // 3].hex(" ")


ROUTES = (
    Route("/events", list_events, "flow.see"),
    Route("/events/<event_id>", show_event, "flow.see"),
    act("/events/<event_id>/reveal", reveal_payload, "payload.raw"),
)
