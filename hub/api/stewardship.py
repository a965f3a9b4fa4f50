"""Decisions of people: pin, merge, split, undo. Each answers with its id and the record as it is now."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response
from marshmallow import fields, validate

from hub.api.answer import ReasonBody, StrictSchema, answer, read_id
from hub.api.gate import ApiBlueprint, check_realm, current_hub, permit, principal
from hub.api.golden import golden_json
from hub.api.problem import ApiProblem
from hub.api.record import find_golden
from hub.api.repeat import once
from hub.flow import cut, settle, stewardship
from hub.model.identifier import format_id
from hub.model.kind import Kind
from hub.store import decision
from hub.store.view import GoldenRow


class PinBody(ReasonBody):
    """The value that is to stand, whatever the systems say."""

    field = fields.String(required=True, validate=validate.Length(1, 100), metadata={"example": "language"})
    value = fields.Raw(required=True, allow_none=True, metadata={"description": "In canonical form; null clears it"})


class MergeBody(ReasonBody):
    """Which record is the same as the one in the address: `with`."""

    with_ = fields.String(required=True, data_key="with", metadata={"example": "cus_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1"})


class SplitBody(ReasonBody):
    """Which source record is somebody else."""

    connection = fields.String(required=True, metadata={"example": "shop"})
    external_id = fields.String(required=True, validate=validate.Length(1, 500), metadata={"example": "7064"})


class SourceBody(StrictSchema):
    """One source record."""

    connection = fields.String(required=True, metadata={"example": "crm"})
    external_id = fields.String(required=True, validate=validate.Length(1, 500), metadata={"example": "88"})


class PartBody(SplitBody):
    """Which source record is somebody else; with `apart_from` the record is parted between the two."""

    apart_from = fields.Nested(
        SourceBody,
        load_default=None,
        allow_none=True,
        metadata={"description": "Every other source stays with the one of both that it is tied to most strongly"},
    )


class ChoiceBody(ReasonBody):
    """Which source record's value is to stand while nobody says anything new."""

    field = fields.String(required=True, validate=validate.Length(1, 100), metadata={"example": "language"})
    connection = fields.String(required=True, metadata={"example": "shop"})
    external_id = fields.String(required=True, validate=validate.Length(1, 500), metadata={"example": "7064"})


class DecisionSchema(StrictSchema):
    """A decision, and the golden record after it."""

    decision = fields.String(allow_none=True, metadata={"description": "Undo it with POST /decisions/{id}/undo"})
    record = fields.Dict()


def add_stewardship(blp: ApiBlueprint, kind: Kind) -> None:
    """The routes that decide about golden records of one kind."""
    _add_values(blp, kind)
    _add_entities(blp, kind)


def _add_values(blp: ApiBlueprint, kind: Kind) -> None:
    """Which value a field has."""

    @blp.route("/<id>/pins", methods=["POST"], endpoint="pin")
    @permit("record.steward")
    @blp.arguments(PinBody)
    @blp.response(200, DecisionSchema)
    @once
    def pin(body: dict[str, Any], id_: str) -> Response:
        """Fixes a field."""
        row = _golden(kind, id_)
        act = stewardship.pin(
            current_hub(), kind.name, row.id, body["field"], body["value"], principal().actor, body["reason"]
        )
        return _decided(kind, row.id, act)

    @blp.route("/<id>/pins/<field>", methods=["DELETE"], endpoint="unpin")
    @permit("record.steward")
    @blp.response(200, DecisionSchema)
    @once
    def unpin(id_: str, field: str) -> Response:
        """Lets a field be what its sources say again."""
        row = _golden(kind, id_)
        stewardship.unpin(current_hub(), kind.name, row.id, field, principal().actor)
        return _decided(kind, row.id, None)

    @blp.route("/<id>/choices", methods=["POST"], endpoint="choose")
    @permit("record.steward")
    @blp.arguments(ChoiceBody)
    @blp.response(200, DecisionSchema)
    @once
    def choose(body: dict[str, Any], id_: str) -> Response:
        """Takes one source's value of a field while none of those concerned says anything new."""
        row = _golden(kind, id_)
        source = (body["connection"], body["external_id"])
        act = settle.choose(current_hub(), kind.name, row.id, body["field"], *source, principal().actor, body["reason"])
        return _decided(kind, row.id, act)


def _add_entities(blp: ApiBlueprint, kind: Kind) -> None:
    """Which source records are one."""

    @blp.route("/<id>/merge", methods=["POST"], endpoint="merge")
    @permit("record.steward")
    @blp.arguments(MergeBody)
    @blp.response(200, DecisionSchema)
    @once
    def merge(body: dict[str, Any], id_: str) -> Response:
        """Rules that two golden records are one; permanent until undone."""
        row, other = _golden(kind, id_), _golden(kind, body["with_"])
        act = stewardship.merge(current_hub(), kind.name, [row.id, other.id], principal().actor, body["reason"])
        return _decided(kind, row.id, act)

    @blp.route("/<id>/split", methods=["POST"], endpoint="split")
    @permit("record.steward")
    @blp.arguments(PartBody)
    @blp.response(200, DecisionSchema)
    @once
    def split(body: dict[str, Any], id_: str) -> Response:
        """Rules that one source record belongs to somebody else."""
        row, own, other = _golden(kind, id_), (body["connection"], body["external_id"]), body["apart_from"]
        by, reason = principal().actor, body["reason"]
        if other:
            end = (other["connection"], other["external_id"])
            act = cut.cut_between(current_hub(), kind.name, row.id, own, end, by, reason)
        else:
            act = stewardship.split(current_hub(), kind.name, row.id, *own, by, reason)
        return _decided(kind, row.id, act)


def decision_blueprint() -> ApiBlueprint:
    """Undoing decisions."""
    blp = ApiBlueprint("decisions", "Decisions of people about records", url_prefix="/decisions")

    @blp.route("/<id>/undo", methods=["POST"])
    @permit("record.steward")
    @blp.arguments(ReasonBody)
    @blp.response(204, description="Undone")
    @once
    def undo(body: dict[str, Any], id_: str) -> Response:
        """Revokes a decision; records, ids and links return to what they would be without it."""
        act = read_id(id_, "dec", "decision")
        with current_hub().db.session() as conn:
            rows = decision.of_group(conn, act)
        if not rows:
            raise ApiProblem(404, f"there is no decision {id_}")
        check_realm(rows[0].realm, f"decision {id_}")
        stewardship.undo(current_hub(), act, principal().actor, body["reason"])
        return Response(status=204)

    return blp


def _golden(kind: Kind, id_: str) -> GoldenRow:
    with current_hub().db.session() as conn:
        return find_golden(conn, kind, read_id(id_, kind.prefix, kind.name))


def _decided(kind: Kind, rid: uuid.UUID, act: uuid.UUID | None) -> Response:
    with current_hub().db.session() as conn:
        [record] = golden_json(conn, kind, [find_golden(conn, kind, rid)])
    return answer({"decision": format_id("dec", act) if act else None, "record": record})
