"""Items: work for a person; each is one cause, however often it occurs."""

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
from hub.errors import NotFoundError
from hub.flow import settle
from hub.model.identifier import format_id
from hub.model.mask import mask_raw
from hub.store import item
from hub.store.item import Item

blp = ApiBlueprint("items", "Work for a person", url_prefix="/items")


class ItemQuery(PageQuery):
    """Filters; newest first."""

    type = fields.String(
        load_default="",
        validate=validate.Length(max=40),
        metadata={"description": "conflict, match, drift, parked, unknown, plan, money, …"},
    )
    state = fields.String(load_default="open", validate=validate.OneOf(["open", "snoozed", "resolved", "all"]))


class ResolveBody(ReasonBody):
    """How it was settled."""

    resolution = fields.Dict(
        load_default=dict,
        metadata={
            "description": 'Of a conflict `{"take": {"connection", "external_id"}}` or `{"pin": {field: value}}`, of a '
            'loop `{"lift": true}`, of a match `{"answer": "same"}` (see POST /matches/{id}/answer), of any '
            '`{"snooze_until": time}`; anything else is kept as a note',
            "example": {"take": {"connection": "crm", "external_id": "C1"}},
        },
    )
    answer = fields.String(
        load_default="",
        metadata={"description": 'Of a match: short for `{"resolution": {"answer": …}}`', "example": "same"},
    )


@blp.route("", endpoint="list")
@permit("flow.see")
@blp.arguments(ItemQuery, location="query")
@blp.response(200, PageSchema)
def list_items(query: dict[str, Any]) -> Response:
    """Lists items, newest first."""
    limit, state = query["limit"], "" if query["state"] == "all" else query["state"]
    with current_hub().db.session() as conn:
        rows = item.list_items(
            conn,
            type=query["type"],
            state=state,
            realms=realm_list(),
            before=id_cursor(query["cursor"]),
            limit=limit + 1,
        )
    return answer(page(rows, limit, lambda row: row.id.hex, [_json(row) for row in rows[:limit]]))


@blp.route("/<id>", endpoint="get")
@permit("flow.see")
@blp.response(200, description="The item")
def get_item(id_: str) -> Response:
    """One item."""
    return answer(_json(_item(id_)))


@blp.route("/<id>/resolve", methods=["POST"], endpoint="resolve")
@permit("record.steward")
@blp.arguments(ResolveBody)
@blp.response(200, description="The item, resolved")
@once
def resolve_item(body: dict[str, Any], id_: str) -> Response:
    """Settles an item as `resolution` says and closes it; it opens again when its cause comes back. 409 when closed."""
    found = _item(id_)
    resolution = {"answer": body["answer"]} if body["answer"] else body["resolution"]
    settle.settle(current_hub(), found, resolution, principal().actor, body["reason"])
    return answer(_json(_item(id_)))


def _item(id_: str) -> Item:
    with current_hub().db.session() as conn:
        try:
            found = item.read_item(conn, read_id(id_, "itm", "item"))
        except NotFoundError:
            raise ApiProblem(404, f"there is no item {id_}") from None
    check_realm(found.realm, f"item {id_}")
    return found


def _json(found: Item) -> dict[str, Any]:
    hub = current_hub()
    kind = hub.registry.kinds.get(found.kind or "")
    is_clear = principal().may("record.reveal", found.realm)
    return {
        "id": format_id("itm", found.id),
        "type": found.type,
        "state": found.state,
        "severity": found.severity,
        "count": found.count,
        "kind": found.kind,
        "record": named(kind.prefix, found.rid) if kind else None,
        "other": named(kind.prefix, found.other) if kind else None,
        "stake": found.stake,
        "claimed_by": found.claimed_by,
        "claimed_until": written(found.claimed_until),
        "connection": hub.connections.by_id(found.connection_id).name if found.connection_id else None,
        "data": found.data if is_clear else mask_raw(found.data),
        "owner": found.owner,
        "first_at": written(found.first_at),
        "last_at": written(found.last_at),
        "snoozed_until": written(found.snoozed_until),
        "resolved_at": written(found.resolved_at),
        "resolved_by": found.resolved_by,
        "resolution": found.resolution,
    }
