"""Putting raw events into the inbox in bulk: NDJSON, one JSON body or envelope a line."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from flask import Response
from marshmallow import fields, validate

from hub.api.answer import StrictSchema, answer, named
from hub.api.gate import ApiBlueprint, allowed_realms, check_realm, current_hub, permit, raw_body
from hub.api.problem import ApiProblem
from hub.flow.ingest import LineResult, Summary, ingest_batches
from hub.flow.line import LineError, parse_line, read_lines
from hub.store import inbox

blp = ApiBlueprint("ingest", "Raw events in bulk", url_prefix="/ingest")
_LANES = {"live": inbox.LIVE, "bulk": inbox.BULK}


class IngestQuery(StrictSchema):
    """How the lines are taken."""

    topic = fields.String(validate=validate.Length(1, 200), metadata={"description": "Topic of lines that name none"})
    lane = fields.String(
        load_default="bulk",
        validate=validate.OneOf(list(_LANES)),
        metadata={"description": "bulk: what happened long ago, and causes no messages; live: what happens now"},
    )


class LineSchema(StrictSchema):
    """What became of one line, counted from 1."""

    line = fields.Integer(required=True)
    outcome = fields.String(required=True, validate=validate.OneOf(["accepted", "quarantined", "duplicate", "refused"]))
    event = fields.String(allow_none=True, metadata={"description": "Under which its content is stored"})
    reason = fields.String(metadata={"description": "Why it was refused or set aside"})


class IngestSchema(StrictSchema):
    """What became of all lines."""

    accepted = fields.Integer(required=True)
    duplicates = fields.Integer(required=True)
    refused = fields.Integer(required=True)
    quarantined = fields.Integer(
        required=True, metadata={"description": "How many of the accepted cannot be read and wait in quarantine"}
    )
    lines = fields.List(fields.Nested(LineSchema), required=True)


@blp.route("/<connection>", methods=["POST"])
@permit("event.ingest")
@blp.arguments(IngestQuery, location="query")
@blp.response(200, IngestSchema)
@blp.doc(requestBody={"required": True, "content": {"application/x-ndjson": {"schema": {"type": "string"}}}})
def ingest(query: dict[str, Any], connection: str) -> Response:
    """Stores each line as an event: a JSON body, or `{"_connection"?, "_topic", "_id", "_at", "_body"}`.

    A line that cannot be read is stored and set aside where its topic is known. Safe to repeat: what is stored already is a duplicate.
    """
    hub = current_hub()
    row = hub.connections.find(connection)
    if row is None:
        raise ApiProblem(404, "there is no such connection")
    check_realm(row.realm, "such connection")
    limit = hub.settings.body_limit_bytes
    lines = list(read_lines(io.BytesIO(raw_body(limit)), limit))
    _check_realms(lines)
    summary, shown = Summary(), []
    for results in ingest_batches(hub, connection, lines, query.get("topic"), lane=_LANES[query["lane"]]):
        summary.add(results)
        shown += [_line_json(result) for result in results]
    return answer({**summary.counts, "lines": shown})


def _check_realms(lines: Iterable[bytes | None]) -> None:
    """An envelope may name another connection; 404 when the token does not cover its realm."""
    if allowed_realms() is None:
        return
    for raw in lines:
        try:
            name = parse_line(raw).connection if raw else None
        except LineError:
            continue  # it will be refused by itself
        row = current_hub().connections.find(name) if name else None
        if row is not None:
            check_realm(row.realm, "such connection")


def _line_json(result: LineResult) -> dict[str, Any]:
    shown = {"line": result.line, "outcome": result.outcome, "event": named("evt", result.event_id)}
    return {**shown, "reason": result.reason} if result.reason else shown
