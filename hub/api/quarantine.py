"""Quarantine: what was set aside, by cause; trying it, running it again after a fix, and what came of that."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import Response
from marshmallow import fields, validate

from hub.api.answer import StrictSchema, answer, named, read_id, written
from hub.api.event import realm_list, shown_problems
from hub.api.gate import ApiBlueprint, check_realm, current_hub, permit, principal
from hub.api.problem import ApiProblem
from hub.api.repeat import once
from hub.flow import quarantine as acts
from hub.flow import refetch
from hub.model.identifier import format_id
from hub.model.problem import problem_text
from hub.store import console_quarantine, rerun
from hub.store.console_quarantine import Filter, Group
from hub.store.rerun import Result, Which

blp = ApiBlueprint("quarantine", "Events that wait for a fix", url_prefix="/quarantine")


class QuarantineQuery(StrictSchema):
    """Filters of the causes."""

    connection = fields.String(load_default="")
    topic = fields.String(load_default="")
    cause = fields.String(load_default="", metadata={"example": "missing_field"})
    path = fields.String(load_default="", metadata={"example": "lines[*].unit_price"})


class WhichBody(StrictSchema):
    """Events that fit all that is given; something must be."""

    ids = fields.List(fields.String(), load_default=None, validate=validate.Length(1, 1000))
    connection = fields.String(load_default=None, metadata={"example": "shop"})
    topic = fields.String(load_default=None)
    cause = fields.String(load_default=None, metadata={"example": "missing_field"})
    path = fields.String(load_default=None)


class RunAgainBody(WhichBody):
    """Which events, and whether only to try."""

    dry_run = fields.Boolean(
        load_default=False, metadata={"description": "Only say what would pass and what would not"}
    )


class DiscardBody(WhichBody):
    """Which events, and why."""

    reason = fields.String(required=True, validate=validate.Length(1, 300))


@blp.route("", endpoint="list")
@permit("flow.see")
@blp.arguments(QuarantineQuery, location="query")
@blp.response(200, description="The causes, the latest first, at most 100")
def list_groups(query: dict[str, Any]) -> Response:
    """What is in quarantine: one entry per connection, topic, cause and path."""
    found = console_quarantine.groups(current_hub().db, Filter(**query, realms=realm_list()))
    return answer({"items": [_group_json(group) for group in found]})


@blp.route("/run-again", methods=["POST"], endpoint="run_again")
@permit("flow.operate")
@blp.arguments(RunAgainBody)
@blp.response(200, description="What a dry run found")
@blp.alt_response(202, description="Put back into the queue; `run` tells at GET /quarantine/results what came of it")
@once
def run_again(body: dict[str, Any]) -> Response:
    """Runs events again under the rules in force now: one, a cause, or all that fit a filter."""
    which = _which(body)
    if body["dry_run"]:
        found = acts.rehearse(current_hub(), which)
        causes = Counter(str(one["problems"][0].get("code", "?")) for one in found.problems if one["problems"])
        return answer({"events": found.events, "passed": found.events - len(found.problems), "causes": causes,
                       "changes": len(found.changes), "targets": found.targets})  # fmt: skip
    done = acts.run_again(current_hub(), principal().actor, which)
    return answer({"events": done.events, "run": named("run", done.run_id), "kept": done.kept}, 202)


@blp.route("/discard", methods=["POST"], endpoint="discard")
@permit("flow.operate")
@blp.arguments(DiscardBody)
@blp.response(200, description="How many")
@once
def discard(body: dict[str, Any]) -> Response:
    """Takes events out for good; they stay readable and are counted as discarded."""
    ids = rerun.ids_of(current_hub().db, _which(body))
    return answer({"events": acts.discard(current_hub(), principal().actor, ids, body["reason"])})


@blp.route("/results", endpoint="results")
@permit("flow.see")
@blp.response(200, description="The latest times, newest first")
def list_results() -> Response:
    """What came of running events again: how many went through, wait, or came back with which cause."""
    found = rerun.results(current_hub().db, realm_list(), limit=20)
    return answer({"items": [_result_json(one) for one in found]})


@blp.route("/<id>/fetch", methods=["POST"], endpoint="fetch")
@permit("flow.operate")
@blp.response(202, description="The event as which it came in")
@once
def fetch(id_: str) -> Response:
    """Reads the record of an event anew, where the event itself cannot be used; 409 where its system cannot be asked."""
    hub = current_hub()
    event_id = read_id(id_, "evt", "event")
    key = console_quarantine.key_of(hub.db, event_id)
    if key is None:
        raise ApiProblem(404, f"there is no event {id_} in quarantine")
    check_realm(key.realm, f"event {id_}")
    if not principal().may("flow.operate", key.realm):
        raise ApiProblem(403, "the token may not operate in the realm of this event")
    return answer({"event": format_id("evt", refetch.fetch_anew(hub, event_id, principal().actor))}, 202)


def _which(body: dict[str, Any]) -> Which:
    """What the body names; 422 when it names nothing, 403 when it reaches where the token may not operate."""
    names = ("ids", "connection", "topic", "cause", "path")
    if not any(body[name] for name in names):
        raise ApiProblem(422, f"say which: {', '.join(names)}")
    hub = current_hub()
    ids = tuple(read_id(text, "evt", "event") for text in body["ids"]) if body["ids"] else None
    connection_id = None
    if body["connection"]:
        row = hub.connections.find(body["connection"])
        if row is None:
            raise ApiProblem(404, "there is no such connection")
        check_realm(row.realm, "connection of that name")
        connection_id = row.id
    which = Which(ids, connection_id, body["topic"], body["cause"], body["path"])
    if not all(principal().may("flow.operate", realm) for realm in rerun.realms_of(hub.db, which)):
        raise ApiProblem(403, "some of these events are of a realm in which the token may not operate")
    return which


def _group_json(group: Group) -> dict[str, Any]:
    text = problem_text(group.cause)
    realm = current_hub().connections.by_name(group.connection).realm
    return {
        "connection": group.connection,
        "topic": group.topic,
        "cause": group.cause,
        "path": group.path,
        "events": group.count,
        "first_at": written(group.first_at),
        "last_at": written(group.last_at),
        "sample": format_id("evt", group.sample),
        "problem": shown_problems(group.problem, realm),
        "meaning": {"zh": text.meaning.zh, "en": text.meaning.en} if text else None,
        "fix": {"zh": text.fix.zh, "en": text.fix.en} if text else None,
    }


def _result_json(one: Result) -> dict[str, Any]:
    back = [{"cause": cause, "path": path, "events": count} for cause, path, count in one.back]
    return {"run": format_id("run", one.run_id), "at": written(one.at), "connection": one.connection,
            "asked": one.asked, "events": one.events, "done": one.done, "waiting": one.waiting, "returned": back}  # fmt: skip
