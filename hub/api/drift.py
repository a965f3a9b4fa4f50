"""Drift: what changed in what systems send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response
from marshmallow import fields, validate

from hub.api.answer import PageSchema, ReasonBody, answer, read_id, written
from hub.api.event import realm_list
from hub.api.gate import ApiBlueprint, check_realm, current_hub, permit, principal
from hub.api.paging import PageQuery, id_cursor, page
from hub.api.problem import ApiProblem
from hub.api.repeat import once
from hub.errors import NotFoundError
from hub.flow import drift_act
from hub.flow.drift_act import Shown
from hub.model.identifier import format_id
from hub.model.mask import mask_raw
from hub.rules.drift import type_names
from hub.store import drift as store

blp = ApiBlueprint("drift", "Changes in what systems send", url_prefix="/drift")


class DriftQuery(PageQuery):
    """Filters; newest first."""

    state = fields.String(load_default="open", validate=validate.OneOf([*store.STATES, "all"]))
    connection = fields.String(load_default="", validate=validate.Length(max=60))


@blp.route("", endpoint="list")
@permit("flow.see")
@blp.arguments(DriftQuery, location="query")
@blp.response(200, PageSchema)
def list_drift(query: dict[str, Any]) -> Response:
    """Lists changes, newest first."""
    limit, state = query["limit"], "" if query["state"] == "all" else query["state"]
    with current_hub().db.session() as conn:
        rows = store.page(
            conn, state=state, connection=query["connection"], realms=realm_list(), before=id_cursor(query["cursor"]),
            limit=limit + 1,
        )  # fmt: skip
    items = [_json(drift_act.listed(current_hub(), row)) for row in rows[:limit]]
    return answer(page(rows, limit, lambda row: row.id.hex, items))


@blp.route("/<id>", endpoint="get")
@permit("flow.see")
@blp.response(200, description="The change, with sample values")
def get_drift(id_: str) -> Response:
    """One change, with sample values (masked; the event has them in clear) and the mapping line to add."""
    found = _drift(id_)
    more = {
        "suggestion": _suggestion(found),
        "plans": [format_id("pln", each.id) for each in found.plans],
        "samples": _samples(found),
    }
    return answer({**_json(found), **more})


@blp.route("/<id>/accept", methods=["POST"], endpoint="accept")
@permit("rule.publish")
@blp.arguments(ReasonBody)
@blp.response(200, description="The change, accepted")
@once
def accept_drift(body: dict[str, Any], id_: str) -> Response:
    """Takes it as part of the shape: it may come, and nobody is asked again; says how to map it; 409 when it was decided before."""
    return _decided(drift_act.accept, id_, body["reason"])


@blp.route("/<id>/ignore", methods=["POST"], endpoint="ignore")
@permit("rule.publish")
@blp.arguments(ReasonBody)
@blp.response(200, description="The change, ignored")
@once
def ignore_drift(body: dict[str, Any], id_: str) -> Response:
    """Asks nobody about this path again, however it goes on; 409 when it was decided before."""
    return _decided(drift_act.ignore, id_, body["reason"])


@blp.route("/<id>/reopen", methods=["POST"], endpoint="reopen")
@permit("rule.publish")
@blp.arguments(ReasonBody)
@blp.response(200, description="The change")
@once
def reopen_drift(body: dict[str, Any], id_: str) -> Response:
    """Takes a decision back: its item opens when the change is seen the next time; 409 when there is none."""
    return _decided(drift_act.reopen, id_, body["reason"])


def _decided(act: Callable[..., None], id_: str, reason: str) -> Response:
    found = _drift(id_)
    act(current_hub(), found.drift.id, principal().actor, reason)
    found = _drift(id_)
    return answer({**_json(found), "suggestion": _suggestion(found)})


def _suggestion(found: Shown) -> dict[str, str]:
    return {"line": found.suggestion.line, "where": found.suggestion.where}


def _drift(id_: str) -> Shown:
    try:
        found = drift_act.look(current_hub(), read_id(id_, "drf", "drift"))
    except NotFoundError:
        raise ApiProblem(404, f"there is no drift {id_}") from None
    check_realm(found.realm, f"drift {id_}")
    return found


def _samples(found: Shown) -> list[dict[str, Any]]:
    if not principal().may("payload.masked", found.realm) and not principal().may("payload.raw", found.realm):
        return []
    name = found.drift.path.rpartition(".")[2]
    return [
        {"event": format_id("evt", one.event), "value": mask_raw(one.value, name)}
        for one in drift_act.samples(current_hub(), found.drift)
    ]


def _json(found: Shown) -> dict[str, Any]:
    one = found.drift
    return {
        "id": format_id("drf", one.id), "connection": found.connection, "stream": one.stream, "change": one.what,
        "path": one.path, "types": type_names(one.mask), "state": one.state, "count": one.count, "kind": found.kind,
        "field": found.read.field if found.read else None, "mapping": found.read.where if found.read else None,
        "mapped_since": one.mapped_in, "writes_stopped": found.is_stopped,
        "events": [format_id("evt", each) for each in one.events], "first_at": written(one.first_at),
        "last_at": written(one.last_at), "decided_at": written(one.decided_at), "decided_by": one.decided_by,
        "reason": one.reason,
    }  # fmt: skip
