"""Runs: readings, replays, imports: how far they are, how complete they were, and stopping them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from flask import Response
from marshmallow import fields, validate

from hub.api.answer import PageSchema, answer, read_id, written
from hub.api.event import realm_list
from hub.api.gate import ApiBlueprint, current_hub, permit, principal
from hub.api.paging import PageQuery, id_cursor, page
from hub.api.problem import ApiProblem
from hub.api.repeat import once
from hub.flow import run as acts
from hub.flow.context import Hub
from hub.model.identifier import format_id
from hub.store import console_run as store
from hub.store.console_connection import RunRow

blp = ApiBlueprint("runs", "Readings, replays, imports", url_prefix="/runs")


class RunQuery(PageQuery):
    """Filters; newest first. A poll that found nothing is a run too."""

    connection = fields.String(load_default="")
    type = fields.String(load_default="", validate=validate.OneOf(["", *store.TYPES]))
    status = fields.String(load_default="", validate=validate.OneOf(["", *store.STATUSES]))


@blp.route("", endpoint="list")
@permit("flow.see")
@blp.arguments(RunQuery, location="query")
@blp.response(200, PageSchema)
def list_runs(query: dict[str, Any]) -> Response:
    """Lists runs, newest first."""
    limit = query["limit"]
    wish = store.Filter(
        query["connection"], query["type"], query["status"], realm_list(), before=id_cursor(query["cursor"])
    )
    rows = store.list_runs(current_hub().db, wish, limit + 1)
    return answer(page(rows, limit, lambda row: row.id.hex, [_json(row) for row in rows[:limit]]))


@blp.route("/<id>", endpoint="get")
@permit("flow.see")
@blp.response(200, description="The run")
def get_run(id_: str) -> Response:
    """One run: how far it is; when it ended, what came of it and how complete it was."""
    return answer(_json(_run(id_)))


@blp.route("/<id>/pause", methods=["POST"], endpoint="pause")
@permit("flow.operate")
@blp.response(200, description="The run")
@once
def pause_run(id_: str) -> Response:
    """Stops a reading after the page at hand; 409 when it is over, or of a type that cannot go on later."""
    return _act(id_, acts.pause)


@blp.route("/<id>/resume", methods=["POST"], endpoint="resume")
@permit("flow.operate")
@blp.response(200, description="The run")
@once
def resume_run(id_: str) -> Response:
    """Lets a paused reading go on where it stopped; 409 when it is over."""
    return _act(id_, acts.resume)


@blp.route("/<id>/cancel", methods=["POST"], endpoint="cancel")
@permit("flow.operate")
@blp.response(200, description="The run")
@once
def cancel_run(id_: str) -> Response:
    """Ends it after the step at hand, what is done stays; 409 when it is over."""
    return _act(id_, acts.cancel)


def _act(id_: str, act: Callable[[Hub, uuid.UUID, str], None]) -> Response:
    found = _run(id_)
    realm = current_hub().connections.by_name(found.connection).realm if found.connection else None
    if not principal().may("flow.operate", realm):
        raise ApiProblem(403, "the token may not operate in the realm of this run")
    act(current_hub(), found.id, principal().actor)
    return answer(_json(_run(id_)))


def _run(id_: str) -> RunRow:
    """The run in the address; 404 also when it is of a realm that the token may not see."""
    found = store.run_detail(current_hub().db, read_id(id_, "run", "run"), realm_list())
    if found is None:
        raise ApiProblem(404, f"there is no run {id_}")
    return found


def _json(found: RunRow) -> dict[str, Any]:
    return {
        "id": format_id("run", found.id),
        "type": found.type,
        "connection": found.connection,
        "stream": found.stream,
        "status": found.status,
        "asked": found.wish,
        "outcome": found.outcome,
        "coverage": found.coverage,
        "counts": found.counts,
        "total": found.total,
        "note": found.note,
        "started_at": written(found.started_at),
        "ended_at": written(found.ended_at),
    }
