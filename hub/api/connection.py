"""Connections: what is configured, whether it runs, and changing both. Secrets go in, never out."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from hub.api.answer import PageSchema, ReasonBody, StrictSchema, answer, written
from hub.api.gate import ApiBlueprint, allowed_realms, check_realm, current_hub, permit, principal
from hub.api.paging import PageQuery, page, text_cursor
from hub.api.problem import ApiProblem
from hub.api.repeat import once
from hub.flow import account, budget, golive, subscription
from hub.flow.configure import Wish, connect
from hub.flow.subscription import TopicState
from hub.model.permission import Principal
from hub.store import secret
from hub.store.connection import ConnectionRow

blp = ApiBlueprint("connections", "Configured accounts of systems", url_prefix="/connections")
_WISHED = {"config", "secrets", "flows", "rank"}
_SECRETS = {"description": "Name -> value, or a list of active values, newest first; write-only"}


class HaltSchema(StrictSchema):
    """Directions that are stopped at once."""

    in_ = fields.Boolean(data_key="in")
    out = fields.Boolean()


class ChangeBody(ReasonBody):
    """What to change; the rest stays."""

    config = fields.Dict(keys=fields.String(), metadata={"description": "Plain settings, laid over those there are"})
    secrets = fields.Dict(keys=fields.String(), values=fields.Raw(), metadata=_SECRETS)
    flows = fields.Dict(
        keys=fields.String(),
        values=fields.String(validate=validate.OneOf(["in", "out", "both"])),
        metadata={"example": {"customer": "both", "order": "in"}},
    )
    rank = fields.Integer(validate=validate.Range(0, 1_000_000), metadata={"description": "Smaller wins ties"})
    mode = fields.String(validate=validate.OneOf(["live", "shadow"]))
    paused = fields.Boolean()
    halted = fields.Nested(HaltSchema)
    live = fields.Boolean(metadata={"description": "true: go live now, releasing the plan of its review"})


class NewBody(ChangeBody):
    """A connection to make."""

    name = fields.String(required=True, validate=validate.Length(1, 60), metadata={"example": "shop"})
    connector = fields.String(required=True, metadata={"example": "webhook"})
    realm = fields.String(load_default="default", validate=validate.Length(1, 60))


@blp.route("", endpoint="list")
@permit("flow.see")
@blp.arguments(PageQuery, location="query")
@blp.response(200, PageSchema)
def list_connections(query: dict[str, Any]) -> Response:
    """Lists connections by name."""
    allowed, after, limit = allowed_realms(), text_cursor(query["cursor"]), query["limit"]
    seen = [row for row in current_hub().connections.all() if allowed is None or row.realm in allowed]
    rows = sorted((row for row in seen if after is None or row.name > after), key=lambda row: row.name)[: limit + 1]
    return answer(page(rows, limit, lambda row: row.name.encode().hex(), [_json(row) for row in rows[:limit]]))


@blp.route("/<name>", endpoint="get")
@permit("flow.see")
@blp.response(200, description="The connection")
def get_connection(name: str) -> Response:
    """One connection."""
    return answer(_json(_connection(name)))


@blp.route("", methods=["POST"], endpoint="create")
@permit("connection.configure")
@blp.arguments(NewBody)
@blp.response(201, description="The connection")
@once
def create_connection(body: dict[str, Any]) -> Response:
    """Makes a connection; it starts reading. 409 when the name is taken."""
    _check_covered(principal(), "connection.configure", body["realm"])
    if current_hub().connections.find(body["name"]) is not None:
        raise ApiProblem(409, f"there is a connection {body['name']!r} already: change it with PATCH")
    connect(current_hub(), _wish(body["name"], body), principal().actor)
    _apply_state(body["name"], body)
    response = answer(_json(current_hub().connections.by_name(body["name"])), 201)
    response.headers["Location"] = f"/api/v1/connections/{body['name']}"
    return response


@blp.route("/<name>", methods=["PATCH"], endpoint="change")
@permit("flow.operate")
@blp.arguments(ChangeBody)
@blp.response(200, description="The connection")
@once
def change_connection(body: dict[str, Any], name: str) -> Response:
    """Changes settings (needs `connection.configure`), or pauses, resumes, halts (needs `flow.operate`)."""
    row = _connection(name)
    if body.keys() & (_WISHED | {"mode", "live"}):
        _check_covered(principal(), "connection.configure", row.realm)
    if body.keys() & _WISHED:
        connect(current_hub(), _wish(name, body), principal().actor)
    _apply_state(name, body)
    return answer(_json(current_hub().connections.by_name(name)))


@blp.route("/<name>/subscriptions", endpoint="subscriptions")
@permit("flow.see")
@blp.response(200, description="The subscriptions")
def get_subscriptions(name: str) -> Response:
    """What the system will send us, topic by topic, as last asked, and what came of each."""
    row = _connection(name)
    found = subscription.overview(current_hub(), row.name)
    return answer({
        "connection": found.connection,
        "address": found.address,
        "watched": found.is_watched,
        "note": found.note,
        "checked_at": written(found.checked_at),
        "next_at": written(found.next_at),
        "error": found.error,
        "items": [_topic_json(one) for one in found.topics],
    })  # fmt: skip


@blp.route("/<name>/budget", endpoint="budget")
@permit("flow.see")
@blp.response(200, description="The budget")
def get_budget(name: str) -> Response:
    """The rate budget of the remote account, which all processes and connections of it share."""
    row = _connection(name)
    found = budget.state(current_hub(), row.name)
    return answer({
        "limited": found.is_limited,
        "shared": found.is_shared,
        "per_second": found.per_second,
        "burst": found.burst,
        "concurrency": found.concurrency,
        "tokens": found.tokens,
        "running": found.running,
        "paused_until": written(found.paused_until),
        "used_last_minute": found.used,
        "connections": [one for one in found.connections if _may_see(one)],
    })  # fmt: skip


def _topic_json(one: TopicState) -> dict[str, Any]:
    kept = one.subscription
    return {
        "topic": one.topic,
        "state": kept.state if kept else None,
        "address": kept.address if kept else None,
        "expires_at": written(kept.expires_at) if kept else None,
        "checked_at": written(kept.checked_at) if kept else None,
        "error": kept.error if kept else None,
        "last_received_at": written(one.last_received_at),
        "usual_gap_s": one.usual_gap_s,
        "silent": one.is_silent,
    }


def _may_see(name: str) -> bool:
    allowed = allowed_realms()
    return allowed is None or current_hub().connections.by_name(name).realm in allowed


def _apply_state(name: str, body: dict[str, Any]) -> None:
    hub, actor = current_hub(), principal().actor
    if body.get("paused") is True:
        account.pause(hub, name, actor, body["reason"])
    elif body.get("paused") is False:
        account.resume(hub, name, actor)
    if "mode" in body:
        golive.set_mode(hub, name, body["mode"])
    if body.get("live"):
        golive.go_live(hub, name, actor)
    halted = body.get("halted", {})
    for value, act in ((True, account.halt), (False, account.lift)):
        inward, outward = halted.get("in_") is value, halted.get("out") is value
        if inward or outward:
            act(hub, name, actor, inward=inward, outward=outward)


def _check_covered(who: Principal, permission: str, realm: str) -> None:
    if not who.may(permission, realm):
        raise ApiProblem(403, f"the token lacks the permission {permission} in this realm", permission=permission)


def _connection(name: str) -> ConnectionRow:
    row = current_hub().connections.find(name)
    if row is None:
        raise ApiProblem(404, "there is no such connection")
    check_realm(row.realm, "such connection")
    return row


def _wish(name: str, body: dict[str, Any]) -> Wish:
    return Wish(
        name,
        connector=body.get("connector"),
        realm=body.get("realm"),
        config=body.get("config"),
        secrets={key: _values(key, value) for key, value in body.get("secrets", {}).items()},
        flows=body.get("flows"),
        rank=body.get("rank"),
    )


def _values(name: str, given: Any) -> list[str]:
    values = given if isinstance(given, list) else [given]
    if not all(isinstance(value, str) and 0 < len(value) <= 10_000 for value in values):
        wrong = [{"pointer": f"/secrets/{name}", "detail": "a secret is a text, or a list of texts"}]
        raise ApiProblem(422, "some fields are wrong", errors=wrong)
    return values


def _json(row: ConnectionRow) -> dict[str, Any]:
    with current_hub().db.session() as conn:
        secret_names = secret.names(conn, row.id)
    return {
        "name": row.name,
        "connector": row.connector,
        "realm": row.realm,
        "config": row.config,
        "secrets": secret_names,
        "flows": row.flows,
        "rank": row.rank,
        "phase": row.phase,
        "mode": row.mode,
        "paused": row.paused_at is not None,
        "paused_at": written(row.paused_at),
        "paused_by": row.paused_by,
        "pause_reason": row.pause_reason,
        "halted": {"in": row.halted_in, "out": row.halted_out},
        "disconnected_at": written(row.disconnected_at),
        "health": row.health,
        "created_at": written(row.created_at),
        "updated_at": written(row.updated_at),
    }
