"""Matches, many at once: answers for all pairs of a pattern as a plan, and weekly samples of automatic merges."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from hub.api.answer import PageSchema, ReasonBody, StrictSchema, answer, read_id
from hub.api.event import realm_list
from hub.api.gate import ApiBlueprint, check_realm, current_hub, permit, principal
from hub.api.paging import PageQuery, id_cursor, page
from hub.api.repeat import once
from hub.flow import match_bulk, match_queue, match_sample, match_told
from hub.flow.match_bulk import PREFIX
from hub.flow.match_queue import Wish
from hub.flow.match_told import Teller
from hub.store.match_bulk import OPEN, Bulk

blp = ApiBlueprint("match_plans", "Answers for many pairs, and samples", url_prefix="/matches")
_STATES = {"open": OPEN, "released": ("released",), "discarded": ("discarded",), "undone": ("undone",)}


class BulkBody(ReasonBody):
    """Which pairs, and the answer for all of them."""

    pattern = fields.String(
        required=True, validate=validate.Length(1, 500), metadata={"example": "name=homophone phone=same"}
    )
    answer = fields.String(required=True, validate=validate.OneOf(match_bulk.ANSWERS), metadata={"example": "same"})
    least = fields.Integer(
        load_default=0,
        validate=validate.Range(-1_000_000, 1_000_000),
        metadata={"description": "Their least weight, in thousandths of a bit", "example": 7000},
    )
    kind = fields.String(load_default="customer", validate=validate.Length(max=60))
    realm = fields.String(load_default="default", validate=validate.Length(max=100))


class BulkQuery(PageQuery):
    """Filters; newest first."""

    state = fields.String(load_default="open", validate=validate.OneOf([*_STATES, "all"]))


class CanaryBody(ReasonBody):
    """How much of it."""

    canary = fields.Boolean(load_default=False, metadata={"description": "Only the next ten pairs"})


class DrawBody(StrictSchema):
    """Nothing has to be said."""


@blp.route("/patterns", endpoint="patterns")
@permit("record.steward")
@blp.response(200, PageSchema)
def list_patterns() -> Response:
    """What open pairs have in common, the commonest first; those that a guard keeps apart are left out."""
    found = match_queue.patterns(current_hub(), Wish(realms=realm_list()))
    items = [{"pattern": p.pattern, "count": p.count, "least": p.least, "most": p.most} for p in found]
    return answer({"items": items, "next_cursor": None})


@blp.route("/bulk", endpoint="bulks")
@permit("record.steward")
@blp.arguments(BulkQuery, location="query")
@blp.response(200, PageSchema)
def list_bulks(query: dict[str, Any]) -> Response:
    """Lists plans for many pairs, newest first."""
    states = _STATES.get(query["state"]) or tuple(name for names in _STATES.values() for name in names)
    limit = query["limit"]
    rows = match_bulk.bulks(current_hub(), realm_list(), states, id_cursor(query["cursor"]), limit + 1)
    return answer(page(rows, limit, lambda row: row.id.hex, [match_told.bulk(row) for row in rows[:limit]]))


@blp.route("/bulk", methods=["POST"], endpoint="propose")
@permit("record.steward")
@blp.arguments(BulkBody)
@blp.response(201, description="The plan, with counts, samples and what it would send")
@once
def propose_bulk(body: dict[str, Any]) -> Response:
    """Plans one answer for all open pairs of a pattern; nothing is answered before it is released."""
    check_realm(body["realm"], f"realm {body['realm']}")
    plan = match_bulk.propose(
        current_hub(), principal().actor, body["pattern"], body["answer"], realm=body["realm"], kind=body["kind"],
        least=body["least"], reason=body["reason"],
    )  # fmt: skip
    return answer(_shown(plan), 201)


@blp.route("/bulk/<id>", endpoint="bulk")
@permit("record.steward")
@blp.response(200, description="The plan")
def get_bulk(id_: str) -> Response:
    """One plan, with the pairs that come next."""
    return answer(_shown(_find(id_)))


@blp.route("/bulk/<id>/release", methods=["POST"], endpoint="release")
@permit("record.steward")
@blp.arguments(CanaryBody)
@blp.response(
    200, description="The plan; how many pairs were answered, and how many left because they changed meanwhile"
)
@once
def release_bulk(body: dict[str, Any], id_: str) -> Response:
    """Answers all pairs of a plan, or the next ten; 409 when it was decided before."""
    done = match_bulk.release(current_hub(), _find(id_).id, principal().actor, canary=body["canary"])
    return answer({**_shown(done.bulk), "answered": done.answered, "left": done.left})


@blp.route("/bulk/<id>/discard", methods=["POST"], endpoint="discard")
@permit("record.steward")
@blp.arguments(ReasonBody)
@blp.response(200, description="The plan")
@once
def discard_bulk(body: dict[str, Any], id_: str) -> Response:
    """Answers nothing more of a plan; 409 when it was decided before."""
    found = match_bulk.discard(current_hub(), _find(id_).id, principal().actor, body["reason"])
    return answer(_shown(found))


@blp.route("/bulk/<id>/undo", methods=["POST"], endpoint="undo_bulk")
@permit("record.steward")
@blp.arguments(ReasonBody)
@blp.response(200, description="The plan")
@once
def undo_bulk(body: dict[str, Any], id_: str) -> Response:
    """Takes back all that a plan answered, as one; 409 when it answered nothing, or was undone before."""
    found = match_bulk.undo(current_hub(), _find(id_).id, principal().actor, body["reason"])
    return answer(_shown(found))


@blp.route("/samples", endpoint="samples")
@permit("flow.see")
@blp.response(200, PageSchema)
def list_samples() -> Response:
    """How right automatic merges were, week by week, newest first: precision with its Wilson interval of 95 %."""
    found = match_sample.samples(current_hub(), realm_list(), limit=52)
    return answer({"items": [match_told.sample(one) for one in found], "next_cursor": None})


@blp.route("/sample", methods=["POST"], endpoint="draw")
@permit("record.steward")
@blp.arguments(DrawBody)
@blp.response(200, PageSchema)
@once
def draw_sample(body: dict[str, Any]) -> Response:
    """Draws this week's sample now, or fills it up; safe to repeat. `GET /matches?type=match_sample` lists what to judge."""
    del body
    realms = realm_list()
    found = [one for one in match_sample.draw(current_hub()) if realms is None or one.realm in realms]
    return answer({"items": [match_told.sample(one) for one in found], "next_cursor": None})


def _find(id_: str) -> Bulk:
    return match_bulk.find(current_hub(), read_id(id_, PREFIX, "plan"), realm_list())


def _shown(plan: Bulk) -> dict[str, Any]:
    teller = Teller(current_hub(), plan.kind)
    return match_told.bulk(plan, [teller.waiting(row) for row in match_bulk.sample(current_hub(), plan.id)])
