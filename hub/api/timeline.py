"""The timeline of a customer: everything that happened, in one order of time."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from flask import Response
from marshmallow import fields, validate

from hub.api.answer import PageSchema, answer, read_id
from hub.api.gate import ApiBlueprint, current_hub, permit, principal
from hub.api.paging import PageQuery
from hub.api.problem import ApiProblem
from hub.api.record import find_golden
from hub.flow import timeline
from hub.model.kind import Kind


class TimelineQuery(PageQuery):
    """Which part of a timeline to give."""

    part = fields.String(
        load_default="",
        validate=validate.OneOf(["", *timeline.GROUPS]),
        metadata={"description": "Only lines of this part; all of them when left out", "example": "orders"},
    )


class TimelineSchema(PageSchema):
    """A page of a timeline, newest first.

    A line: `at` (when it happened, as its source says), `what` (`fact`: a record that refers to the customer;
    `change`: of the customer's own values; `decision`: of a person), `type` (the kind, the change, the decision),
    `record`, `order` (of a payment, refund or delivery), `decision` (undo it with `POST /decisions/{id}/undo`), `data`.
    """


def add_timeline(blp: ApiBlueprint, kind: Kind) -> None:
    """The route of one kind."""

    @blp.route("/<id>/timeline", endpoint="timeline")
    @permit("record.see")
    @blp.arguments(TimelineQuery, location="query")
    @blp.response(200, TimelineSchema)
    def timeline_(query: dict[str, Any], id_: str) -> Response:
        """What happened, newest first: orders, payments, refunds, deliveries, consents, changes, decisions."""
        hub = current_hub()
        with hub.db.session() as conn:
            row = find_golden(conn, kind, read_id(id_, kind.prefix, kind.name))
            lines, cursor = timeline.timeline(
                conn,
                hub,
                kind,
                row.id,
                group=query["part"],
                cursor=_opened(query["cursor"]),
                limit=query["limit"],
                is_clear=principal().may("record.reveal", row.realm),
            )
        items = [timeline.line_json(hub, kind, line) for line in lines]
        return answer({"items": items, "next_cursor": _closed(cursor) if cursor else None})


def _closed(cursor: str) -> str:
    return base64.urlsafe_b64encode(cursor.encode()).decode().rstrip("=")


def _opened(cursor: str) -> str:
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (ValueError, binascii.Error):
        raise ApiProblem(400, "cursor is not one that this listing gave: start again without it") from None
