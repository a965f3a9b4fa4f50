"""Events: what came in, what became of it, its raw bytes, and running it again."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import orjson
from flask import Response
from marshmallow import fields, validate

from hub.api.answer import PageSchema, StrictSchema, answer, named, read_id, written
from hub.api.gate import ApiBlueprint, allowed_realms, check_realm, current_hub, permit, principal
from hub.api.paging import PageQuery, id_cursor, page
from hub.api.problem import ApiProblem
from hub.api.record import read_since
from hub.api.repeat import once
from hub.flow import audit, replay
from hub.model.identifier import format_id
from hub.model.mask import mask_raw
from hub.store import console_event, inbox
from hub.store.console_event import EventDetail, EventRow, Filter
from hub.store.replay import Selection

blp = ApiBlueprint("events", "The inbox: every message from outside, verbatim", url_prefix="/events")


class EventQuery(PageQuery):
    """Filters of the inbox; newest first."""

    status = fields.String(load_default="", validate=validate.OneOf(["", *console_event.STATUSES]))
    connection = fields.String(load_default="")
    received_since = fields.String(metadata={"example": "2026-11-22T00:00:00Z"})


class ReplayBody(StrictSchema):
    """How to run it again."""

    dry_run = fields.Boolean(load_default=False, metadata={"description": "Only say what would change and be sent"})


@blp.route("", endpoint="list")
@permit("flow.see")
@blp.arguments(EventQuery, location="query")
@blp.response(200, PageSchema)
def list_events(query: dict[str, Any]) -> Response:
    """Lists events, newest first."""
    limit = query["limit"]
    wish = Filter(
        status=query["status"],
        connection=query["connection"],
        since=_first_id(read_since(query.get("received_since"), "received_since")),
        realms=realm_list(),
        before=id_cursor(query["cursor"]),
    )
    rows = console_event.list_events(current_hub().db, wish, limit + 1)
    return answer(page(rows, limit, lambda row: row.id.hex, [_row_json(row) for row in rows[:limit]]))


@blp.route("/<id>", endpoint="get")
@permit("flow.see")
@blp.response(200, description="The event, and what it said of which records")
def get_event(id_: str) -> Response:
    """One event, and the records it spoke about with the fields it asserted."""
    hub = current_hub()
    found = _event(id_)
    touched = console_event.touched_by(hub.db, found.id)
    kinds = hub.registry.kinds
    records = [
        {
            "kind": record.kind,
            "id": named(kinds[record.kind].prefix, record.golden_id) if record.has_golden else None,
            "object_type": record.object_type,
            "external_id": record.external_id,
            "parked": record.is_parked,
            "fields": sorted({name.partition("\x1f")[0] for name in record.asserted}),
        }
        for record in touched
        if record.kind in kinds
    ]
    return answer({**_detail_json(found), "records": records})


@blp.route("/<id>/raw", endpoint="raw")
@permit("payload.masked")
@blp.response(200, description="The body, byte for byte as it came; masked for roles that may not see personal data")
def get_raw(id_: str) -> Response:
    """The bytes as they came."""
    hub = current_hub()
    found = _event(id_)
    is_clear = principal().may("payload.raw", found.realm)
    with hub.db.session() as conn:
        body = inbox.read_event(conn, hub.keyring, found.id).body
    if body is None:
        raise ApiProblem(410, f"the body of {id_} was erased on request")
    if is_clear:
        audit.record(hub, principal().actor, "payload.read", id_)
    else:
        body = _masked(body)
    response = Response(body, content_type="application/octet-stream")
    # Bytes of strangers: never shown by a browser, never kept by a cache.
    response.headers.update(
        {
            "Content-Disposition": f'attachment; filename="{id_}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
    )
    return response


@blp.route("/<id>/replay", methods=["POST"], endpoint="replay")
@permit("flow.operate")
@blp.arguments(ReplayBody)
@blp.response(200, description="What a dry run found")
@blp.alt_response(202, description="Put back into the queue")
@once
def replay_event(body: dict[str, Any], id_: str) -> Response:
    """Runs one stored event again, under the rules now in force; effects stay fenced."""
    hub = current_hub()
    found = _event(id_)
    selection = Selection(ids=(found.id,))
    if body["dry_run"]:
        preview = replay.dry_run(hub, selection)
        changes = preview.changes if principal().may("record.reveal", found.realm) else mask_raw(preview.changes)
        problems = [
            {**one, **(shown_problems({"problems": one["problems"]}, found.realm) or {})} for one in preview.problems
        ]
        return answer({"events": preview.events, "problems": problems, "changes": changes, "targets": preview.targets})
    done = replay.replay(hub, selection)
    audit.record(hub, principal().actor, "event.replayed", id_)
    return answer({"replayed": done.done + done.quarantined}, 202)


def realm_list() -> list[str] | None:
    """The realms of the request as a list; None: all."""
    allowed = allowed_realms()
    return None if allowed is None else sorted(allowed)


def _event(id_: str) -> EventDetail:
    found = console_event.event_detail(current_hub().db, read_id(id_, "evt", "event"))
    if found is None:
        raise ApiProblem(404, f"there is no event {id_}")
    check_realm(found.realm, f"event {id_}")
    return found


def _row_json(row: EventRow) -> dict[str, Any]:
    return {
        "id": format_id("evt", row.id),
        "connection": row.connection,
        "topic": row.topic,
        "origin": row.origin,
        "received_at": written(row.received_at),
        "size": row.size,
        "status": row.status,
        "records": row.records,
        "external_id": row.external_id,
        "duplicates": row.duplicates or 0,
    }


def _detail_json(found: EventDetail) -> dict[str, Any]:
    status = {0: "pending", 1: "quarantined", None: "done"}[found.state]
    is_clear = principal().may("payload.raw", found.realm)
    return {
        "id": format_id("evt", found.id),
        "connection": found.connection,
        "topic": found.topic,
        "origin": found.origin,
        "lane": "bulk" if found.lane else "live",
        "received_at": written(found.received_at),
        "status": status,
        "size": found.size,
        "sha256": found.sha256.hex(),
        "secret_no": found.key_no,
        "headers": found.headers if is_clear else mask_raw(found.headers),
        "is_erased": not found.has_body,
        "attempts": found.attempts or 0,
        "problem": shown_problems(found.problem, found.realm),
        "failed_at": written(found.failed_at),
        "duplicates": found.duplicates,
        "last_duplicate_at": written(found.last_duplicate_at),
    }


def shown_problems(problem: dict[str, Any] | None, realm: str) -> dict[str, Any] | None:
    """A problem with the sample values that it quotes as the token may see payloads: in clear, masked, or not at all."""
    if problem is None or principal().may("payload.raw", realm):
        return problem
    may_mask = principal().may("payload.masked", realm)
    shown = {name: value for name, value in problem.items() if name != "value"}
    if isinstance(shown.get("problems"), list):
        shown["problems"] = [_shown_problem(one, may_mask=may_mask) for one in shown["problems"]]
    return shown


def _shown_problem(one: dict[str, Any], *, may_mask: bool) -> dict[str, Any]:
    rest = {name: text for name, text in one.items() if name != "value"}
    return {**rest, "value": mask_raw(one["value"], one.get("path", ""))} if may_mask and "value" in one else rest


def _masked(body: bytes) -> bytes:
    try:
        return orjson.dumps(mask_raw(orjson.loads(body)))
    except orjson.JSONDecodeError:
        raise ApiProblem(403, "the body is not JSON, so it cannot be masked: it needs payload.raw") from None


def _first_id(at: datetime | None) -> uuid.UUID | None:
    """The smallest id of that moment: ids begin with milliseconds."""
    return None if at is None else uuid.UUID(int=max(0, int(at.timestamp() * 1000)) << 80)
