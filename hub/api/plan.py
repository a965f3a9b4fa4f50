"""Plans: mass changes that wait for a person."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from hub.api.answer import PageSchema, ReasonBody, answer, read_id, written
from hub.api.gate import ApiBlueprint, allowed_realms, check_realm, current_hub, permit, principal
from hub.api.paging import PageQuery, id_cursor, page
from hub.api.problem import ApiProblem
from hub.api.repeat import once
from hub.flow import audit, guard
from hub.model.identifier import format_id
from hub.store import plan
from hub.store.plan import Plan

blp = ApiBlueprint("plans", "Mass changes held for a person", url_prefix="/plans")
_STATES = {"open": ("held", "canary"), "released": ("released",), "discarded": ("discarded",)}


class PlanQuery(PageQuery):
    """Filters; newest first."""

    state = fields.String(load_default="open", validate=validate.OneOf([*_STATES, "all"]))


class ReleaseBody(ReasonBody):
    """How much of it."""

    canary = fields.Boolean(load_default=False, metadata={"description": "Only a few first"})


@blp.route("", endpoint="list")
@permit("flow.see")
@blp.arguments(PlanQuery, location="query")
@blp.response(200, PageSchema)
def list_plans(query: dict[str, Any]) -> Response:
    """Lists plans, newest first."""
    states = _STATES.get(query["state"]) or tuple(name for names in _STATES.values() for name in names)
    limit, allowed = query["limit"], allowed_realms()
    with current_hub().db.session() as conn:
        rows = plan.page(conn, states=states, after=id_cursor(query["cursor"]), limit=limit + 1)
    items = [_json(row) for row in rows[:limit] if allowed is None or _realm(row) in allowed]
    return answer(page(rows, limit, lambda row: row.id.hex, items))


@blp.route("/<id>", endpoint="get")
@permit("flow.see")
@blp.response(200, description="The plan")
def get_plan(id_: str) -> Response:
    """One plan, with counts and samples."""
    return answer(_json(_plan(id_)))


@blp.route("/<id>/release", methods=["POST"], endpoint="release")
@permit("flow.operate")
@blp.arguments(ReleaseBody)
@blp.response(200, description="The plan, and how many deliveries it let go")
@once
def release_plan(body: dict[str, Any], id_: str) -> Response:
    """Lets all of it go, or a few first; 409 when it was decided before."""
    found = _plan(id_)
    freed = guard.release(current_hub(), found.id, principal().actor, canary=body["canary"])
    audit.record(current_hub(), principal().actor, "plan.released", id_, body["reason"], canary=body["canary"])
    return answer({**_json(_plan(id_)), "let_go": freed})


@blp.route("/<id>/discard", methods=["POST"], endpoint="discard")
@permit("flow.operate")
@blp.arguments(ReasonBody)
@blp.response(200, description="The plan")
@once
def discard_plan(body: dict[str, Any], id_: str) -> Response:
    """Sends nothing of it; 409 when it was decided before."""
    found = _plan(id_)
    guard.discard(current_hub(), found.id, principal().actor)
    audit.record(current_hub(), principal().actor, "plan.discarded", id_, body["reason"])
    return answer(_json(_plan(id_)))


def _plan(id_: str) -> Plan:
    plan_id = read_id(id_, "pln", "plan")
    with current_hub().db.transaction() as conn:
        found = plan.lock(conn, plan_id)
    if found is None:
        raise ApiProblem(404, f"there is no plan {id_}")
    check_realm(_realm(found), f"plan {id_}")
    return found


def _realm(found: Plan) -> str:
    return current_hub().connections.by_id(found.connection_id).realm


def _json(found: Plan) -> dict[str, Any]:
    return {
        "id": format_id("pln", found.id),
        "connection": current_hub().connections.by_id(found.connection_id).name,
        "cause": found.cause,
        "state": found.state,
        "counts": found.counts,
        "samples": found.samples,
        "created_at": written(found.created_at),
        "decided_at": written(found.decided_at),
        "decided_by": found.decided_by,
    }
