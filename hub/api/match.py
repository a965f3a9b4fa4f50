"""Matches: pairs of records that may be one. The queue, one pair opened up, answers and taking them back."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from hub.api.access_log import note_clear_read
from hub.api.answer import PageSchema, ReasonBody, StrictSchema, answer, named, read_id
from hub.api.event import realm_list
from hub.api.gate import ApiBlueprint, allowed_realms, check_realm, current_hub, permit, principal
from hub.api.paging import PageQuery, id_cursor, page
from hub.api.problem import ApiProblem
from hub.api.repeat import once
from hub.flow import match_answer, match_case, match_peer, match_queue, match_sample
from hub.flow.match_queue import MATCH, ORDERS, TYPES, Waiting, Wish
from hub.flow.match_told import Teller
from hub.model.identifier import format_id
from hub.store.match_answer import Answer

blp = ApiBlueprint("matches", "Pairs of records that may be one", url_prefix="/matches")
_TYPE = fields.String(
    load_default=MATCH,
    validate=validate.OneOf(TYPES),
    metadata={"description": "`match`: pairs to be answered; `match_sample`: automatic merges to be judged"},
)
_PATTERN = {"description": "The levels that count, as in `pattern`", "example": "name=homophone phone=same"}


class MatchQuery(PageQuery):
    """Filters; most at stake (or the heaviest) first."""

    type = _TYPE
    state = fields.String(load_default="open", validate=validate.OneOf(["open", "snoozed", "resolved"]))
    order = fields.String(load_default="stake", validate=validate.OneOf([*ORDERS]))
    kind = fields.String(load_default="", validate=validate.Length(max=60))
    pattern = fields.String(load_default="", validate=validate.Length(max=500), metadata=_PATTERN)


class CaseQuery(StrictSchema):
    """How much of a pair."""

    forecast = fields.Boolean(load_default=True, metadata={"description": "Whether to find out what a merge would do"})


class NextBody(StrictSchema):
    """From which queue."""

    type = _TYPE
    kind = fields.String(load_default="", validate=validate.Length(max=60))


class AnswerBody(ReasonBody):
    """What somebody says of a pair. A reason is needed only to join what a guard keeps apart."""

    answer = fields.String(
        required=True,
        validate=validate.OneOf([*match_answer.ANSWERS, *match_sample.ANSWERS]),
        metadata={
            "description": "`same`, `different`, `household` (different, of one household), `skip` (ask again tomorrow); "
            "of a sample `right` or `wrong`",
            "example": "same",
        },
    )
    split = fields.String(
        load_default="",
        validate=validate.OneOf(match_sample.SIDES),
        metadata={"description": "With `wrong`: the record, `a` or `b`, that is taken out again"},
    )


class UndoBody(ReasonBody):
    """Which answer."""

    decision = fields.String(
        load_default="",
        metadata={
            "description": "Of an older answer; without it: your last one, within twelve hours",
            "example": "dec_…",
        },
    )


class JoinBody(StrictSchema):
    """Which records of which system."""

    record = fields.String(
        required=True, metadata={"description": "A golden id", "example": "cus_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1"}
    )
    connection = fields.String(required=True, validate=validate.Length(1, 60), metadata={"example": "shop"})
    reason = fields.String(
        required=True,
        validate=validate.Length(1, 500),
        metadata={"description": "Nothing undoes a merge at a system: say why", "example": "confirmed by phone"},
    )


@blp.route("", endpoint="list")
@permit("record.steward")
@blp.arguments(MatchQuery, location="query")
@blp.response(200, PageSchema)
def list_matches(query: dict[str, Any]) -> Response:
    """Lists pairs with most at stake first. Each says its weight in thousandths of a bit, and who works on it."""
    limit = query["limit"]
    wish = Wish(
        query["type"], query["state"], query["order"], realm_list(), query["kind"], query["pattern"],
        after=id_cursor(query["cursor"]),
    )  # fmt: skip
    rows = match_queue.queue(current_hub(), wish, limit + 1)
    items = [Teller(current_hub(), row.kind).waiting(row) for row in rows[:limit]]
    return answer(page(rows, limit, lambda row: row.id.hex, items))


@blp.route("/counts", endpoint="counts")
@permit("record.steward")
@blp.response(200, description="open, answered by you today, merged automatically today, your mean seconds per answer")
def count_matches() -> Response:
    """How much waits (exact up to 10,000), and what was done since midnight in UTC."""
    found = match_queue.counts(current_hub(), principal().actor, Wish(realms=realm_list()))
    return answer(
        {"open": found.open, "mine": found.mine, "automatic": found.automatic,
         "mean_s": None if found.mean_s is None else round(found.mean_s, 1)}
    )  # fmt: skip


@blp.route("/next", methods=["POST"], endpoint="next")
@permit("record.steward")
@blp.arguments(NextBody)
@blp.response(200, description="The pair, opened up, as `match`; null when none is left")
@once
def next_match(body: dict[str, Any]) -> Response:
    """Gives you the pair with most at stake that nobody else works on, for a few minutes; until you answered: the same."""
    wish = Wish(type=body["type"], realms=realm_list(), kind=body["kind"])
    item_id = match_queue.take_next(current_hub(), principal().actor, wish)
    return answer({"match": _case(item_id) if item_id else None})


@blp.route("/<id>", endpoint="get")
@permit("record.steward")
@blp.arguments(CaseQuery, location="query")
@blp.response(200, description="Both sides, comparisons, links, what is near, what a merge would do")
def get_match(query: dict[str, Any], id_: str) -> Response:
    """One pair opened up: the weights of the comparisons sum to `weight`; `forecast`: what a merge would do and send."""
    return answer(_case(read_id(id_, "itm", "match"), with_forecast=query["forecast"]))


@blp.route("/<id>/take", methods=["POST"], endpoint="take")
@permit("record.steward")
@blp.response(204, description="It is yours for a few minutes")
@once
def take_match(id_: str) -> Response:
    """Takes a pair, so that nobody else is given it; 409 when somebody else has it, or it is closed."""
    found = _find(id_)
    match_queue.take(current_hub(), found.id, principal().actor)
    return Response(status=204)


@blp.route("/<id>/let-go", methods=["POST"], endpoint="let_go")
@permit("record.steward")
@blp.response(204, description="Somebody else may have it")
@once
def let_go_match(id_: str) -> Response:
    """Gives a pair back without an answer."""
    match_queue.let_go(current_hub(), _find(id_).id, principal().actor)
    return Response(status=204)


@blp.route("/<id>/answer", methods=["POST"], endpoint="answer")
@permit("record.steward")
@blp.arguments(AnswerBody)
@blp.response(200, description="The decision (undo it with POST /matches/undo), and the golden ids the pair has by now")
@once
def answer_match(body: dict[str, Any], id_: str) -> Response:
    """Says what a pair is. 409 when it was closed meanwhile or somebody else works on it: the text says who did what."""
    found = _find(id_)
    return answer(give(found, body["answer"], body["reason"], body["split"]))


def give(found: Waiting, said: str, reason: str, split: str = "") -> dict[str, Any]:
    """Carries out an answer or a judgement; what came of it."""
    hub, actor = current_hub(), principal().actor
    if said in match_sample.ANSWERS:
        done = match_sample.judge(hub, found.id, actor, said, reason, split)
    else:
        done = match_answer.answer(hub, found.id, actor, said, reason)
    teller = Teller(hub, found.kind)
    return {
        "id": format_id("itm", done.item_id), "answer": done.answer, "decision": named("dec", done.act),
        "golden": [teller.id(id_) for id_ in done.golden], "is_repeat": done.is_repeat,
    }  # fmt: skip


@blp.route("/undo", methods=["POST"], endpoint="undo")
@permit("record.steward")
@blp.arguments(UndoBody)
@blp.response(200, description="The answer that was taken back")
@once
def undo_answer(body: dict[str, Any]) -> Response:
    """Takes an answer back, with all it did: your last one, or that of `decision`. Its pair waits again."""
    hub, actor = current_hub(), principal().actor
    if body["decision"]:
        act = read_id(body["decision"], "dec", "decision")
        match_answer.check_realms(hub, act, allowed_realms())
        undone = match_answer.undo(hub, act, actor, body["reason"])
    else:
        undone = match_answer.undo_last(hub, actor, body["reason"])
    return answer(_undone(undone))


def _undone(undone: Answer) -> dict[str, Any]:
    return {
        "id": format_id("itm", undone.item_id), "answer": undone.answer, "author": undone.author,
        "decision": named("dec", undone.act),
    }  # fmt: skip


@blp.route("/join", methods=["POST"], endpoint="join")
@permit("record.steward")
@blp.arguments(JoinBody)
@blp.response(200, description="The record that is left there, and those that are gone")
@once
def join_there(body: dict[str, Any]) -> Response:
    """Makes the records that a system has of one golden record one there, by its own merge. Nothing undoes that."""
    hub = current_hub()
    row = hub.connections.by_name(body["connection"])
    check_realm(row.realm, f"connection {body['connection']}")
    found = next((kind for kind in hub.registry.kinds.values() if body["record"].startswith(f"{kind.prefix}_")), None)
    if found is None:
        raise ApiProblem(404, f"there is no record {body['record']}")
    rid = read_id(body["record"], found.prefix, found.name)
    done = match_peer.join(hub, found.name, rid, row.name, principal().actor, body["reason"])
    return answer({"connection": done.connection, "left": done.left, "gone": list(done.gone)})


def _find(id_: str) -> Waiting:
    return match_queue.find(current_hub(), read_id(id_, "itm", "match"), realm_list())


def _case(item_id: Any, *, with_forecast: bool = True) -> dict[str, Any]:
    hub = current_hub()
    found = match_case.open_case(hub, item_id, principal().actor, realm_list(), with_forecast=with_forecast)
    is_clear = principal().may("record.reveal", found.item.realm)
    if is_clear:
        note_clear_read(hub, principal().actor, "matches")
    return Teller(hub, found.item.kind, is_clear=is_clear).case(found)
