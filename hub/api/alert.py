"""Alerts: what is wrong, one row a cause, and what is done about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response
from marshmallow import fields, validate

from hub.api.answer import PageSchema, ReasonBody, answer, read_id, written
from hub.api.event import realm_list
from hub.api.gate import ApiBlueprint, check_realm, current_hub, permit, principal
from hub.api.paging import PageQuery, id_cursor, page
from hub.api.problem import ApiProblem
from hub.api.repeat import once
from hub.flow import alert as acts
from hub.flow.alert_say import say
from hub.model.identifier import format_id
from hub.store import alert as store
from hub.store.alert import Alert

blp = ApiBlueprint("alerts", "What is wrong, one row a cause", url_prefix="/alerts")
SEVERITIES = ("note", "todo", "urgent")


class AlertQuery(PageQuery):
    """Filters. Open and snoozed ones come worst first and all at once; the others newest first, in pages."""

    state = fields.String(
        load_default="open",
        validate=validate.OneOf(["open", "snoozed", "closed", "all"]),
        metadata={"description": "`open` holds acknowledged ones too"},
    )
    type = fields.String(
        load_default="",
        validate=validate.Length(max=40),
        metadata={"description": "credential, silent, slow, breaker, quarantine, parked, unknown, dead, plan, …"},
    )
    connection = fields.String(load_default="")


class SnoozeBody(ReasonBody):
    """For how long."""

    duration = fields.String(required=True, validate=validate.OneOf(list(acts.SNOOZES)))


class AssignBody(ReasonBody):
    """To whom."""

    owner = fields.String(
        required=True, validate=validate.Length(max=100), metadata={"description": "A user's name; empty: nobody"}
    )


@blp.route("", endpoint="list")
@permit("flow.see")
@blp.arguments(AlertQuery, location="query")
@blp.response(200, PageSchema)
def list_alerts(query: dict[str, Any]) -> Response:
    """Lists alerts."""
    limit, is_paged = query["limit"], query["state"] in ("closed", "all")
    with current_hub().db.session() as conn:
        rows = store.list_alerts(
            conn,
            state=query["state"],
            type=query["type"],
            connection=query["connection"],
            realms=realm_list(),
            before=id_cursor(query["cursor"]) if is_paged else None,
            limit=limit + 1 if is_paged else limit,
        )
    return answer(page(rows, limit, lambda row: row.id.hex, [_json(row) for row in rows[:limit]]))


@blp.route("/<id>", endpoint="get")
@permit("flow.see")
@blp.response(200, description="The alert")
def get_alert(id_: str) -> Response:
    """One alert: what it means and the next step."""
    return answer(_json(_alert(id_)))


@blp.route("/<id>/acknowledge", methods=["POST"], endpoint="acknowledge")
@permit("flow.operate")
@blp.arguments(ReasonBody)
@blp.response(200, description="The alert")
@once
def acknowledge_alert(body: dict[str, Any], id_: str) -> Response:
    """Takes it on; 409 when it is closed."""
    return _act(id_, lambda found, by: acts.acknowledge(current_hub(), found.id, by, body["reason"]))


@blp.route("/<id>/snooze", methods=["POST"], endpoint="snooze")
@permit("flow.operate")
@blp.arguments(SnoozeBody)
@blp.response(200, description="The alert")
@once
def snooze_alert(body: dict[str, Any], id_: str) -> Response:
    """Puts it aside for `1h` or `1d`; 409 when it is closed."""
    return _act(id_, lambda found, by: acts.snooze(current_hub(), found.id, by, body["duration"], body["reason"]))


@blp.route("/<id>/assign", methods=["POST"], endpoint="assign")
@permit("flow.operate")
@blp.arguments(AssignBody)
@blp.response(200, description="The alert")
@once
def assign_alert(body: dict[str, Any], id_: str) -> Response:
    """Says whose it is; 409 when it is closed."""
    return _act(id_, lambda found, by: acts.assign(current_hub(), found.id, by, body["owner"], body["reason"]))


@blp.route("/<id>/close", methods=["POST"], endpoint="close")
@permit("flow.operate")
@blp.arguments(ReasonBody)
@blp.response(200, description="The alert")
@once
def close_alert(body: dict[str, Any], id_: str) -> Response:
    """Closes it; while its condition lasts it stays closed unless it gets worse. 409 when it is closed already."""
    return _act(id_, lambda found, by: acts.close(current_hub(), found.id, by, body["reason"]))


def _act(id_: str, act: Callable[[Alert, str], Alert]) -> Response:
    found = _alert(id_)
    if found.realm is not None and not principal().may("flow.operate", found.realm):
        raise ApiProblem(403, "the token may not operate in the realm of this alert")
    return answer(_json(act(found, principal().actor)))


def _alert(id_: str) -> Alert:
    with current_hub().db.session() as conn:
        found = store.read(conn, read_id(id_, "alr", "alert"))
    if found is None:
        raise ApiProblem(404, f"there is no alert {id_}")
    if found.realm is not None:
        check_realm(found.realm, f"alert {id_}")
    return found


def _json(found: Alert) -> dict[str, Any]:
    said = say(found, kinds=current_hub().registry.kinds)
    return {
        "id": format_id("alr", found.id),
        "type": found.type,
        "severity": SEVERITIES[max(0, min(found.severity, 2))],
        "state": found.state,
        "title": said.title,
        "meaning": said.meaning,
        "next_step": said.step,
        "connection": found.connection,
        "count": found.count,
        "data": {name: value for name, value in found.data.items() if name != "dismissed"},
        "owner": found.owner,
        "first_at": written(found.first_at),
        "last_at": written(found.last_at),
        "snoozed_until": written(found.snoozed_until),
        "closed_at": written(found.closed_at),
        "closed_by": found.closed_by,
    }
