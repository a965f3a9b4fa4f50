"""`deliveries`: what goes out, and what is stuck."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hub.cli.act import ACTOR, ListingGroup, read_id
from hub.cli.local import open_hub
from hub.cli.output import json_option, say, show, show_one

if TYPE_CHECKING:
    from uuid import UUID

    from hub.store.attempt import Attempt
    from hub.store.view_delivery import DeliveryRow

STATES = ("due", "retry", "sending", "held", "sent", "unknown", "dead", "dropped")
_reason = click.option("--reason", default="", help="Why; kept in the audit trail.")
_COLUMNS = ("id", "connection", "record", "state", "failures", "next_at", "error")


@click.group(cls=ListingGroup)
def deliveries() -> None:
    """List deliveries, or act on one: show, look, arrived, retry, discard.

    \b
    Example:
      retail-hub deliveries --state dead
    """


@deliveries.command("list")
@click.option("--connection", default="", metavar="NAME", help="To this connection only.")
@click.option("--state", type=click.Choice(STATES), default=None, help="In this state only.")
@click.option("--before", metavar="ID", help="Older than this delivery: the next page.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many.")
@json_option
def list_(connection: str, state: str | None, before: str | None, limit: int, as_json: bool) -> None:
    """List deliveries, newest first.

    \b
    Example:
      retail-hub deliveries list --connection crm --state unknown
    """
    from hub.store.view_delivery import Filter, list_deliveries

    wish = Filter(state or "", connection, before=_id(before) if before else None)
    with open_hub() as hub:
        with hub.db.session() as conn:
            rows = list_deliveries(conn, wish, limit)
        prefixes = {kind.name: kind.prefix for kind in hub.registry.kinds.values()}
    show([_shown(row, prefixes) for row in rows], _COLUMNS, as_json=as_json, empty="no deliveries")


@deliveries.command("show")
@click.argument("delivery_id", metavar="ID")
@json_option
def show_(delivery_id: str, as_json: bool) -> None:
    """Show one delivery and what was tried.

    \b
    Example:
      retail-hub deliveries show dlv_01JD3W8Z5V0000000000000000
    """
    from hub.errors import NotFoundError
    from hub.flow.delivery import can_look
    from hub.model.identifier import format_id
    from hub.store import attempt
    from hub.store.console_delivery import delivery_detail

    target_id = _id(delivery_id)
    with open_hub() as hub:
        found = delivery_detail(hub.db, target_id)
        if found is None:
            raise NotFoundError(f"there is no delivery {delivery_id}; `retail-hub deliveries` lists them")
        with hub.db.session() as conn:
            tried = attempt.of_target(conn, target_id)
        kind = hub.registry.kinds[found.kind]
        can_be_looked_up = can_look(hub, hub.connections.by_name(found.connection).connector)
    head = {
        "id": delivery_id, "connection": found.connection, "record": format_id(kind.prefix, found.golden_id),
        "state": found.state, "external_id": found.external_id, "failures": found.failures, "error": found.error,
        "due_since": found.dirty_at, "done_at": found.done_at, "next_at": found.verify_at or found.wait_until,
        "plan": format_id("pln", found.plan_id) if found.plan_id else None, "cause": found.cause,
        "can_be_looked_up": can_be_looked_up,
    }  # fmt: skip
    attempts = [_tried(each) for each in tried]
    if as_json:
        show_one({**head, "attempts": attempts}, as_json=True)
        return
    show_one(head)
    show(attempts, ("id", "action", "outcome", "started_at", "fields", "version", "error"), empty="not tried yet")


@deliveries.command()
@click.argument("delivery_id", metavar="ID")
@_reason
def look(delivery_id: str, reason: str) -> None:
    """Ask the system again what became of a delivery with an unknown outcome; nothing is sent before.

    \b
    Example:
      retail-hub deliveries look dlv_01JD3W8Z5V0000000000000000
    """
    from hub.flow import delivery

    with open_hub() as hub:
        delivery.look_again(hub, _id(delivery_id), ACTOR, reason)
    say(f"{delivery_id} is looked up now")


@deliveries.command()
@click.argument("delivery_id", metavar="ID")
@_reason
def retry(delivery_id: str, reason: str) -> None:
    """Send what is missing now. For an unknown outcome this rules that it did not arrive.

    \b
    Example:
      retail-hub deliveries retry dlv_01JD3W8Z5V0000000000000000 --reason "not in their list of orders"
    """
    from hub.flow import delivery

    with open_hub() as hub:
        delivery.retry(hub, _id(delivery_id), ACTOR, reason)
    say(f"{delivery_id} is due now")


@deliveries.command()
@click.argument("delivery_id", metavar="ID")
@_reason
def discard(delivery_id: str, reason: str) -> None:
    """Do not send it. A later change of its record makes it due again.

    \b
    Example:
      retail-hub deliveries discard dlv_01JD3W8Z5V0000000000000000 --reason "the shop is closed"
    """
    from hub.flow import delivery

    with open_hub() as hub:
        delivery.discard(hub, _id(delivery_id), ACTOR, reason)
    say(f"{delivery_id} will not be sent")


@deliveries.command()
@click.argument("delivery_id", metavar="ID")
@click.option("--external-id", metavar="ID", help="The id that the system gave the record; needed for a create.")
@_reason
def arrived(delivery_id: str, external_id: str | None, reason: str) -> None:
    """Rule that a delivery with an unknown outcome did arrive.

    \b
    Example:
      retail-hub deliveries arrived dlv_01JD3W8Z5V0000000000000000 --external-id 7064
    """
    from hub.flow import delivery

    with open_hub() as hub:
        delivery.arrived(hub, _id(delivery_id), ACTOR, external_id, reason)
    say(f"{delivery_id} counts as arrived")


def _id(text: str) -> UUID:
    return read_id(text, "dlv", "a delivery")


def _shown(row: DeliveryRow, prefixes: dict[str, str]) -> dict[str, Any]:
    from hub.model.identifier import format_id

    return {
        "id": format_id("dlv", row.id), "connection": row.connection, "kind": row.kind,
        "record": format_id(prefixes[row.kind], row.golden_id), "external_id": row.external_id, "state": row.state,
        "failures": row.failures, "next_at": row.next_at, "done_at": row.done_at, "error": row.error, "cause": row.cause,
    }  # fmt: skip


def _tried(each: Attempt) -> dict[str, Any]:
    """Names of fields, not their values: a terminal's history is no place for personal data."""
    from hub.model.identifier import format_id

    return {
        "id": format_id("att", each.id), "action": each.action, "outcome": each.outcome, "started_at": each.started_at,
        "ended_at": each.ended_at, "fields": sorted(each.asserted), "version": each.version, "error": each.error,
    }  # fmt: skip
