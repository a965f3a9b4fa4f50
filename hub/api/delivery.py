"""Deliveries: what is due to a system, what became of it, and doing it again or giving it up."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from hub.api.answer import PageSchema, ReasonBody, answer, named, read_id, written
from hub.api.event import realm_list
from hub.api.gate import ApiBlueprint, check_realm, current_hub, permit, principal
from hub.api.paging import PageQuery, id_cursor, page
from hub.api.problem import ApiProblem
from hub.api.repeat import once
from hub.flow import delivery as rulings
from hub.model.identifier import format_id
from hub.model.mask import mask_field, mask_raw
from hub.store import attempt, console_delivery, view_delivery
from hub.store.attempt import Attempt
from hub.store.console_delivery import DeliveryDetail
from hub.store.view_delivery import STATES, DeliveryRow, Filter

blp = ApiBlueprint("deliveries", "What the hub keeps in step at each system", url_prefix="/deliveries")


class DeliveryQuery(PageQuery):
    """Filters; newest first."""

    state = fields.String(load_default="", validate=validate.OneOf(["", *STATES]))
    connection = fields.String(load_default="")


class ArrivedBody(ReasonBody):
    """What is known of it."""

    external_id = fields.String(
        validate=validate.Length(1, 500), metadata={"description": "The id that the system gave a new record"}
    )


@blp.route("", endpoint="list")
@permit("flow.see")
@blp.arguments(DeliveryQuery, location="query")
@blp.response(200, PageSchema)
def list_deliveries(query: dict[str, Any]) -> Response:
    """Lists deliveries, newest first."""
    limit = query["limit"]
    wish = Filter(query["state"], query["connection"], realm_list(), id_cursor(query["cursor"]))
    with current_hub().db.session() as conn:
        rows = view_delivery.list_deliveries(conn, wish, limit + 1)
    return answer(page(rows, limit, lambda row: row.id.hex, [_json(row) for row in rows[:limit]]))


@blp.route("/<id>", endpoint="get")
@permit("flow.see")
@blp.response(200, description="The delivery with its attempts")
def get_delivery(id_: str) -> Response:
    """One delivery, and what was tried."""
    found = find_delivery(id_)
    with current_hub().db.session() as conn:
        attempts = attempt.of_target(conn, found.id)
    is_clear = principal().may("record.reveal", found.realm)
    shown = [_attempt_json(found.kind, one, is_clear=is_clear) for one in attempts]
    wanted = found.wanted if is_clear else mask_raw(found.wanted)
    can_look = rulings.can_look(current_hub(), found.connector)
    detail = {"realm": found.realm, "wanted": wanted, "can_be_looked_up": can_look, "attempts": shown}
    return answer({**_json(found), **detail})


@blp.route("/<id>/retry", methods=["POST"], endpoint="retry")
@permit("flow.operate")
@blp.arguments(ReasonBody)
@blp.response(200, description="The delivery")
@once
def retry_delivery(body: dict[str, Any], id_: str) -> Response:
    """Sends what is missing now; for an unknown outcome this rules that it did not arrive."""
    return _ruled(id_, "retry", body["reason"])


@blp.route("/<id>/discard", methods=["POST"], endpoint="discard")
@permit("flow.operate")
@blp.arguments(ReasonBody)
@blp.response(200, description="The delivery")
@once
def discard_delivery(body: dict[str, Any], id_: str) -> Response:
    """Does not send it; a later change of the record makes it due again."""
    return _ruled(id_, "discard", body["reason"])


@blp.route("/<id>/arrived", methods=["POST"], endpoint="arrived")
@permit("flow.operate")
@blp.arguments(ArrivedBody)
@blp.response(200, description="The delivery")
@once
def confirm_delivery(body: dict[str, Any], id_: str) -> Response:
    """Rules that an unknown attempt did arrive; 409 when its outcome is not unknown."""
    return _ruled(id_, "arrived", body["reason"], body.get("external_id"))


@blp.route("/<id>/look", methods=["POST"], endpoint="look")
@permit("flow.operate")
@blp.arguments(ReasonBody)
@blp.response(200, description="The delivery")
@once
def look_again(body: dict[str, Any], id_: str) -> Response:
    """Asks the system what it holds before anything is sent; 409 when the outcome is known or it cannot be asked."""
    return _ruled(id_, "look", body["reason"])


def _ruled(id_: str, act: str, reason: str, external_id: str | None = None) -> Response:
    found, hub, actor = find_delivery(id_), current_hub(), principal().actor
    if act == "arrived":
        rulings.arrived(hub, found.id, actor, external_id, reason)
    else:
        simple = {"retry": rulings.retry, "discard": rulings.discard, "look": rulings.look_again}
        simple[act](hub, found.id, actor, reason)
    return answer(_json(find_delivery(id_)))


def find_delivery(id_: str) -> DeliveryDetail:
    """The delivery of an address; 404 when there is none that the token may see."""
    found = console_delivery.delivery_detail(current_hub().db, read_id(id_, "dlv", "delivery"))
    if found is None:
        raise ApiProblem(404, f"there is no delivery {id_}")
    check_realm(found.realm, f"delivery {id_}")
    return found


def _json(row: DeliveryRow | DeliveryDetail) -> dict[str, Any]:
    kind = current_hub().registry.kinds.get(row.kind)
    next_at = row.next_at if isinstance(row, DeliveryRow) else row.verify_at or row.wait_until
    return {
        "id": format_id("dlv", row.id),
        "connection": row.connection,
        "kind": row.kind,
        "object_type": row.object_type,
        "record": named(kind.prefix, row.golden_id) if kind else None,
        "external_id": row.external_id,
        "state": row.state,
        "failures": row.failures,
        "error": row.error,
        "due_since": written(row.dirty_at),
        "next_at": written(next_at),
        "done_at": written(row.done_at),
        "plan": named("pln", row.plan_id),
        "cause": row.cause,
        "cause_id": None
        if row.cause_id is None
        else str(row.cause_id)
        if row.cause != "event"
        else named("evt", row.cause_id),
    }


def _attempt_json(kind_name: str, one: Attempt, *, is_clear: bool) -> dict[str, Any]:
    kind = current_hub().registry.kinds.get(kind_name)
    declared = kind.by_name if kind else {}
    values = one.asserted
    if not is_clear:
        values = {name: mask_field(declared.get(name), name, value) for name, value in values.items()}
    return {
        "id": format_id("att", one.id),
        "action": one.action,
        "idempotency_key": one.idempotency_key,
        "values": values,
        "started_at": written(one.started_at),
        "ended_at": written(one.ended_at),
        "outcome": one.outcome,
        "error": one.error,
        "version": one.version,
    }
