"""A store's day in figures: `/api/v1/locations/{id}/today`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from hub.api.answer import StrictSchema, answer, read_id
from hub.api.gate import ApiBlueprint, check_realm, current_hub, permit
from hub.api.problem import ApiProblem
from hub.flow import store_day
from hub.model.kind import Kind
from hub.model.time import zone_names
from hub.store import place

_MONEY = {"description": "One sum a currency", "example": [{"amount": "244.00", "currency": "CNY"}]}


class TodayQuery(StrictSchema):
    """When the day begins."""

    time_zone = fields.String(
        load_default="UTC",
        validate=validate.Length(max=60),
        metadata={"description": "Counts where the location names none; IANA name", "example": "Asia/Shanghai"},
    )


class OrdersSchema(Schema):
    """Orders placed today."""

    count = fields.Integer(required=True)
    by_state = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)


class PartSchema(Schema):
    """How many, and what they come to. `within`: looked for among what came within this span."""

    count = fields.Integer(required=True)
    total = fields.List(fields.Dict(), required=True, metadata=_MONEY)
    within = fields.String(metadata={"example": store_day.WITHIN})


class PickupSchema(Schema):
    """What waits to be picked up, the oldest first."""

    count = fields.Integer(required=True)
    within = fields.String(required=True, metadata={"example": store_day.WITHIN})
    oldest = fields.List(fields.Dict(), required=True)


class LowStockSchema(Schema):
    """Stock below its safety stock."""

    count = fields.Integer(required=True)
    first = fields.List(fields.Dict(), required=True)


class StoreDaySchema(Schema):
    """A store's day, in its own time zone. `sold` are today's orders that are not cancelled."""

    location = fields.String(required=True, metadata={"example": "loc_01JD3W8Z5V0000000000000000"})
    code = fields.String(required=True)
    name = fields.String(required=True)
    day = fields.Date(required=True)
    time_zone = fields.String(required=True)
    orders = fields.Nested(OrdersSchema, required=True)
    sold = fields.Nested(PartSchema, required=True)
    refunds = fields.Nested(PartSchema, required=True)
    unpaid = fields.Nested(PartSchema, required=True)
    pickup_waiting = fields.Nested(PickupSchema, required=True)
    low_stock = fields.Nested(LowStockSchema, required=True, allow_none=True)


def add_today(blp: ApiBlueprint, kind: Kind) -> None:
    """The route of locations."""

    @blp.route("/<id>/today", endpoint="today")
    @permit("record.see")
    @blp.arguments(TodayQuery, location="query")
    @blp.response(200, StoreDaySchema)
    def today(query: dict[str, Any], id_: str) -> Response:
        """Today's orders and refunds of a store, what waits to be paid or picked up, and what runs out."""
        if query["time_zone"] not in zone_names():
            wrong = {"pointer": "/time_zone", "detail": "is no IANA time zone, for example Asia/Shanghai"}
            raise ApiProblem(422, "some fields are wrong", errors=[wrong])
        with current_hub().db.session() as conn:
            found = place.load(conn, read_id(id_, kind.prefix, kind.name))
            if found is None:
                raise ApiProblem(404, f"there is no location {id_}")
            check_realm(found.realm, f"location {id_}")
            day = store_day.read(conn, found, query["time_zone"], datetime.now(UTC), {})
        return answer(store_day.day_json(day))
