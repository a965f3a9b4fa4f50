"""What the inbox holds: `events` and `quarantine`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from hub.cli.local import open_hub
from hub.cli.output import json_option, show, show_one

if TYPE_CHECKING:
    from hub.flow.context import Hub
    from hub.store.console_event import EventRow

ACTOR = "cli"
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
            _show_event(hub, _event_id(event_id), body, as_json)
            return
        wish = Filter(
            status or "",
            connection,
            first_id(since.replace(tzinfo=UTC)) if since else None,
            before=_event_id(before) if before else None,
        )
        rows = [_event_row(row) for row in list_events(hub.db, wish, limit)]
    show(rows, ["id", "received_at", "connection", "topic", "origin", "size", "status", "duplicates"], as_json=as_json)


@click.group(invoke_without_command=True)
@click.pass_context
def quarantine(ctx: click.Context) -> None:
    """Look at what was set aside, by cause; run it again after a fix, or discard it.

    \b
    Example:
      retail-hub quarantine run-again --cause missing_field
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_quarantine)


@quarantine.command("list")
@json_option
def list_quarantine(as_json: bool = False) -> None:
    """List the causes, with how many events each holds.

    \b
    Example:
      retail-hub quarantine list
    """
    from hub.model.identifier import format_id
    from hub.store.console_quarantine import groups

    with open_hub() as hub:
        rows = [
            {
                "cause": group.cause,
                "connection": group.connection,
                "topic": group.topic,
                "events": group.count,
                "last_at": group.last_at,
                "sample": format_id("evt", group.sample),
                "problem": _first_problem(group.problem),
            }
            for group in groups(hub.db, None)
        ]
    columns = ["cause", "connection", "topic", "events", "last_at", "sample", "problem"]
    show(rows, columns, as_json=as_json, empty="nothing is in quarantine")


@quarantine.command("show")
@click.argument("event_id", metavar="ID")
@json_option
def show_quarantined(event_id: str, as_json: bool) -> None:
    """Show one event and everything that is wrong with it.

    \b
    Example:
      retail-hub quarantine show evt_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1
    """
    with open_hub() as hub:
        _show_event(hub, _event_id(event_id), False, as_json)


@quarantine.command("run-again")
@click.argument("event_ids", nargs=-1, metavar="[ID]...")
@click.option("--connection", metavar="NAME", help="Of this connection only.")
@click.option("--cause", help="With this cause only.")
@click.option("--all", "everything", is_flag=True, help="All of them.")
def run_again(event_ids: tuple[str, ...], connection: str | None, cause: str | None, everything: bool) -> None:
    """Put quarantined events back into the queue, under the rules in force now.

    \b
    Example:
      retail-hub quarantine run-again --connection shop --cause bad_money
    """
    from hub.flow import quarantine as flow

    if not (event_ids or connection or cause or everything):
        raise click.UsageError("say which: ids, --connection, --cause or --all")
    ids = [_event_id(text) for text in event_ids] or None
    with open_hub() as hub:
        count = flow.run_again(hub, ACTOR, ids=ids, connection=connection, cause=cause)
    click.echo(f"{count} events run again")


@quarantine.command("discard")
@click.argument("event_ids", nargs=-1, required=True, metavar="ID...")
@click.option("--reason", required=True, help="Recorded in the audit trail.")
def discard(event_ids: tuple[str, ...], reason: str) -> None:
    """Take quarantined events out for good. They stay readable and are counted as discarded.

    \b
    Example:
      retail-hub quarantine discard evt_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1 --reason "test data"
    """
    from hub.flow import quarantine as flow

    with open_hub() as hub:
        count = flow.discard(hub, ACTOR, [_event_id(text) for text in event_ids], reason)
    click.echo(f"{count} events discarded")
    sys.exit(0 if count == len(set(event_ids)) else 1)


def _event_id(text: str) -> UUID:
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


def _show_event(hub: Hub, event_id: UUID, only_body: bool, as_json: bool) -> None:
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
    values["body"] = "(erased)" if event.body is None else event.body.decode("utf-8", "replace")
    show_one(values, as_json=as_json)


def _first_problem(problem: dict[str, Any] | None) -> str:
    problems = (problem or {}).get("problems") or [{}]
    return str(problems[0].get("message", ""))
