"""Golden records of every kind: list, search, one, why, history. A new kind needs no code here."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from flask import Response
from marshmallow import fields, validate

from hub.api.answer import PageSchema, StrictSchema, answer, named, read_id
from hub.api.gate import ApiBlueprint, allowed_realms, check_realm, current_hub, permit, principal
from hub.api.golden import change_json, golden_json, shown
from hub.api.paging import PageQuery, id_cursor, number_cursor, page
from hub.api.problem import ApiProblem
from hub.api.schema import schema_name
from hub.flow import search
from hub.flow.balance import BALANCED, balance_of
from hub.flow.context import Hub
from hub.flow.explain import explain
from hub.model.fault import ValueFault
from hub.model.identifier import format_id
from hub.model.kind import Kind
from hub.model.time import parse as parse_time
from hub.store import view
from hub.store.database import Connection
from hub.store.view import Filter, GoldenRow


class ListQuery(PageQuery):
    """Filters of a listing; all given ones must hold."""

    connection = fields.String(metadata={"description": "Known to this connection", "example": "shop"})
    external_id = fields.String(
        validate=validate.Length(1, 500), metadata={"description": "With this id at its system", "example": "7064"}
    )
    updated_since = fields.String(
        metadata={"description": "Changed at or after this time", "example": "2026-11-22T00:00:00Z"}
    )
    identity = fields.String(
        validate=validate.Length(3, 500),
        metadata={
            "description": "`namespace:value` or `namespace:scope:value`; not for phones, e-mails, names: search by POST",
            "example": "member_no:88001234",
        },
    )


class HistoryQuery(PageQuery):
    """How much of a history to give."""


class IdentitySchema(StrictSchema):
    """What somebody or something is known by."""

    namespace = fields.String(required=True, validate=validate.Length(1, 60), metadata={"example": "phone"})
    value = fields.String(required=True, validate=validate.Length(1, 500), metadata={"example": "+8613900000001"})
    scope = fields.String(load_default="", validate=validate.Length(max=200))


class SearchBody(StrictSchema):
    """What to look for: `identity`, or `q`, or an `external_id` (at a `connection`); together all must hold."""

    identity = fields.Nested(IdentitySchema)
    q = fields.String(
        validate=validate.Length(1, 200),
        metadata={"description": "An id, external id, phone, e-mail, number or name; whole, in any case or width"},
    )
    connection = fields.String()
    external_id = fields.String(validate=validate.Length(1, 500))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))
    cursor = fields.String(load_default="", validate=validate.Length(max=200))


def record_blueprint(kind: Kind) -> ApiBlueprint:
    """The routes that read golden records of one kind."""
    blp = ApiBlueprint(kind.plural, kind.help.en, url_prefix=f"/{kind.plural}")
    one, many = schema_name(kind), f"{schema_name(kind)}Page"

    @blp.route("", endpoint="list")
    @permit("record.see")
    @blp.arguments(ListQuery, location="query")
    @blp.response(200, many)
    def list_(query: dict[str, Any]) -> Response:
        """Lists golden records in the order of their making."""
        return _list(kind, query)

    @blp.route("/search", methods=["POST"], endpoint="search")
    @permit("record.see")
    @blp.arguments(SearchBody)
    @blp.response(200, many)
    def search_(body: dict[str, Any]) -> Response:
        """Finds golden records; personal data stands in the body, which no access log keeps."""
        if not {"identity", "q", "external_id"} & body.keys():
            raise ApiProblem(422, "give identity, q or external_id to search for")
        return _search(kind, body)

    @blp.route("/<id>", endpoint="get")
    @permit("record.see")
    @blp.response(200, one)
    def get(id_: str) -> Response:
        """The golden record that an id belongs to now: any id ever given answers; 410 when it was erased."""
        hub, rid = current_hub(), read_id(id_, kind.prefix, kind.name)
        with hub.db.session() as conn:
            row = find_golden(conn, kind, rid)
            [found] = golden_json(conn, kind, [row])
        if row.id != rid:
            found["merged_into"] = found["id"]
        return answer(found)

    @blp.route("/<id>/history", endpoint="history")
    @permit("record.see")
    @blp.arguments(HistoryQuery, location="query")
    @blp.response(200, PageSchema)
    def history(query: dict[str, Any], id_: str) -> Response:
        """What happened to it, newest first."""
        return _history(kind, read_id(id_, kind.prefix, kind.name), query)

    @blp.route("/<id>/explain", endpoint="explain")
    @permit("record.see")
    @blp.response(200, description="Per field: value, winner, rule, losers, pinned_by")
    def explain_(id_: str) -> Response:
        """Why each field has its value: who won, by which rule, and who lost."""
        rid = read_id(id_, kind.prefix, kind.name)
        with current_hub().db.session() as conn:
            row = find_golden(conn, kind, rid)
        return answer(_explanation(kind, row, explain(current_hub(), kind.name, row.id)))

    if kind.name in BALANCED:
        _add_balance(blp, kind)
    return blp


def _add_balance(blp: ApiBlueprint, kind: Kind) -> None:
    @blp.route("/<id>/balance", endpoint="balance")
    @permit("record.see")
    @blp.response(200, description="The sum of its entries, what a system states, and the difference")
    def balance(id_: str) -> Response:
        """The sum of its entries beside what its system states; each cause counts once, whoever told it."""
        with current_hub().db.session() as conn:
            row = find_golden(conn, kind, read_id(id_, kind.prefix, kind.name))
            found = balance_of(conn, current_hub(), kind.name, row.id, row.realm, row.data)
        return answer({**asdict(found), "of": BALANCED[kind.name]})


def find_golden(conn: Connection, kind: Kind, rid: uuid.UUID) -> GoldenRow:
    """The golden record of an id, which may be one merged away; 404 unknown, 410 erased."""
    row = view.golden_of(conn, rid, allowed_realms())
    if row is None or row.kind != kind.name:
        raise ApiProblem(404, f"there is no {kind.name} {format_id(kind.prefix, rid)}")
    if row.lifecycle == "erased":
        raise ApiProblem(410, f"{kind.name} {format_id(kind.prefix, rid)} was erased on request")
    return row


def _list(kind: Kind, query: dict[str, Any]) -> Response:
    hub = current_hub()
    connection_id = _connection_id(hub, query.get("connection"))
    since = read_since(query.get("updated_since"), "updated_since")
    identity = search.read_identity(query["identity"]) if "identity" in query else None
    if identity and search.is_personal(kind, identity.namespace):
        raise ApiProblem(400, f"{identity.namespace} must not stand in a URL: use POST /api/v1/{kind.plural}/search")
    with hub.db.session() as conn:
        within = view.realms(conn, allowed_realms())
        sets = []
        if "external_id" in query:
            sets.append(view.ids_of_external(conn, connection_id, query["external_id"]))
        if identity:
            sets.append(search.ids_of_identity(conn, hub, kind, identity, within))
        return _page(conn, kind, within, Filter(connection_id, since, _common(sets)), query)


def _search(kind: Kind, body: dict[str, Any]) -> Response:
    hub = current_hub()
    connection_id = _connection_id(hub, body.get("connection"))
    with hub.db.session() as conn:
        within = view.realms(conn, allowed_realms())
        sets = []
        if "identity" in body:
            sets.append(search.ids_of_identity(conn, hub, kind, search.Identity(**body["identity"]), within))
        if "q" in body:
            sets.append(search.ids_of_text(conn, hub, kind, body["q"], within))
        if "external_id" in body:
            sets.append(view.ids_of_external(conn, connection_id, body["external_id"]))
        return _page(conn, kind, within, Filter(connection_id, None, _common(sets)), body)


def _page(conn: Connection, kind: Kind, within: list[str], filter_: Filter, query: dict[str, Any]) -> Response:
    limit = query["limit"]
    rows = view.page(conn, kind.name, within, filter_, id_cursor(query["cursor"]), limit + 1)
    return answer(page(rows, limit, lambda row: row.id.hex, golden_json(conn, kind, rows[:limit])))


def _common(sets: Iterable[set[uuid.UUID]]) -> tuple[uuid.UUID, ...] | None:
    found = list(sets)
    return tuple(set.intersection(*found)) if found else None


def _history(kind: Kind, rid: uuid.UUID, query: dict[str, Any]) -> Response:
    limit = query["limit"]
    with current_hub().db.session() as conn:
        row = find_golden(conn, kind, rid)
        rows = view.history(conn, row.id, number_cursor(query["cursor"]), limit + 1)
    is_clear = principal().may("record.reveal", row.realm)
    items = [change_json(kind, change, is_clear=is_clear) for change in rows[:limit]]
    return answer(page(rows, limit, lambda change: str(change.seq), items))


def _explanation(kind: Kind, row: GoldenRow, explained: dict[str, Any]) -> dict[str, Any]:
    """The explanation with ids as the API writes them, masked for those who may not see personal values."""
    is_clear = principal().may("record.reveal", row.realm)

    def side(name: str, found: dict[str, Any]) -> dict[str, Any]:
        written = {**found, "event_id": named("evt", found.get("event_id"))}
        return {**written, "value": value(name, found["value"])} if "value" in found else written

    def value(name: str, found: Any) -> Any:
        return shown(kind, {name: found}, is_clear=is_clear)[name]

    def entry(name: str, found: dict[str, Any]) -> dict[str, Any]:
        whole = {**found, "value": value(name, found["value"])}
        if found.get("winner"):
            whole["winner"] = side(name, found["winner"])
        whole["losers"] = [side(name, loser) for loser in found.get("losers") or ()]
        if "elements" in found:
            whole["elements"] = [entry(name, element) for element in found["elements"]]
        if "removed" in found:
            whole["removed"] = value(name, [found["removed"]])[0]
        return whole

    return {name: entry(name, found) for name, found in explained.items()}


def _connection_id(hub: Hub, name: str | None) -> int | None:
    if name is None:
        return None
    found = next((row for row in hub.connections.all() if row.name == name), None)
    if found is None:
        raise ApiProblem(404, "there is no connection of that name")
    check_realm(found.realm, "connection of that name")
    return found.id


def read_since(text: str | None, name: str) -> datetime | None:
    """A time given in a query; 422 when it is none."""
    if text is None:
        return None
    try:
        # A plus sign that was not percent-encoded arrives as a space.
        return parse_time(text.replace(" ", "+"))
    except ValueFault as fault:
        wrong = {"pointer": f"/{name}", "detail": str(fault)}
        raise ApiProblem(422, "some fields are wrong", errors=[wrong]) from None
