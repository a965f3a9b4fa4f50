"""What the inbox holds: `events`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from hub.cli.local import open_hub
from hub.cli.output import json_option, show, show_one

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.flow.context import Hub
    from hub.store.console_event import EventRow

_STATUSES = ("pending", "done", "duplicate", "parked", "quarantined")


@click.command()
@click.argument("event_id", required=False, metavar="[ID]")
@click.option("--connection", default="", metavar="NAME", help="Of this connection only.")
@click.option("--status", type=click.Choice(_STATUSES), default=None, help="In this state only.")
@click.option("--since", type=click.DateTime(), help="Received since then (UTC).")
@click.option("--before", metavar="ID", help="Older than this event: the next page.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many.")
@click.option("--body", is_flag=True, help="With ID: print the body alone, byte for byte.")
@json_option
def events(
    event_id: str | None,
    connection: str,
    status: str | None,
    since: datetime | None,
    before: str | None,
    limit: int,
    body: bool,
    as_json: bool,
) -> None:
    """List the events of the inbox, newest first, or show one.

    \b
    Example:
      retail-hub events --connection shop --status quarantined
    """
    from hub.store.console_event import Filter, list_events
    from hub.store.partition import first_id

    with open_hub() as hub:
        if event_id is not None:
            show_event(hub, event_id_of(event_id), body, as_json)
            return
        wish = Filter(
            status or "",
            connection,
            first_id(since.replace(tzinfo=UTC)) if since else None,
            before=event_id_of(before) if before else None,
        )
        rows = [_event_row(row) for row in list_events(hub.db, wish, limit)]
    show(rows, ["id", "received_at", "connection", "topic", "origin", "size", "status", "duplicates"], as_json=as_json)


def event_id_of(text: str) -> UUID:
    """The uuid of an event's id."""
    from hub.model.identifier import parse_id

    prefix, found = parse_id(text)
    if prefix != "evt":
        raise click.UsageError(f"{text} is no event: its id begins with evt_")
    return found


def _event_row(row: EventRow) -> dict[str, Any]:
    from hub.model.identifier import format_id

    names = ("received_at", "connection", "topic", "origin", "size", "status")
    shown = {name: getattr(row, name) for name in names}
    return {"id": format_id("evt", row.id), **shown, "duplicates": row.duplicates or 0}


def show_event(
    hub: Hub, event_id: UUID, only_body: bool, as_json: bool, beside: Callable[[], dict[str, Any]] | None = None
) -> None:
    """Prints one event, or its body alone; `beside` says what else is known of it."""
    from hub.model.identifier import format_id
    from hub.store import inbox
    from hub.store.console_event import event_detail

    with hub.db.session() as conn:
        event = inbox.read_event(conn, hub.keyring, event_id)
    if only_body:
        sys.stdout.buffer.write(event.body or b"")
        return
    detail = event_detail(hub.db, event_id)
    values: dict[str, Any] = {"id": format_id("evt", event_id)}
    if detail is not None:
        names = ("connection", "topic", "origin", "received_at", "size", "key_no", "headers", "attempts", "failed_at")
        values |= {name: getattr(detail, name) for name in names}
        values["status"] = {0: "pending", 1: "quarantined"}.get(-1 if detail.state is None else detail.state, "done")
        values |= {"duplicates": detail.duplicates, "problems": (detail.problem or {}).get("problems", [])}
    values |= beside() if beside else {}
    values["body"] = "(erased)" if event.body is None else event.body.decode("utf-8", "replace")
    show_one(values, as_json=as_json)
