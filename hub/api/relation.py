"""Who belongs with a customer: one household, several people."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields

from hub.api.answer import StrictSchema, answer, read_id
from hub.api.gate import ApiBlueprint, current_hub, permit
from hub.api.record import find_golden
from hub.flow import kin
from hub.model.kind import Kind


class RelationsSchema(StrictSchema):
    """Everybody related, by id.

    One: `id`, `type` (`household`), `evidence`: what says so. Evidence is `by` `match` (with the two `records`, the `comparisons` and
    what keeps them `apart`), `decision` (with `id`, `author`, `reason`, `at`; undo it with `POST /decisions/{id}/undo`), or
    `record` (with the `id` of a relation that a system told of).
    """

    items = fields.List(
        fields.Dict(), metadata={"example": [{"id": "cus_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1", "type": "household"}]}
    )


def add_relations(blp: ApiBlueprint, kind: Kind) -> None:
    """The route of one kind."""

    @blp.route("/<id>/relations", endpoint="relations")
    @permit("record.see")
    @blp.response(200, RelationsSchema)
    def relations(id_: str) -> Response:
        """Who is of one household with this record: related, never merged."""
        hub = current_hub()
        with hub.db.session() as conn:
            row = find_golden(conn, kind, read_id(id_, kind.prefix, kind.name))
            items: list[dict[str, Any]] = kin.relations(conn, hub, kind, row.id)
        return answer({"items": items})
