"""`plans` and `plan`: mass changes held for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hub.cli.act import ACTOR, read_id
from hub.cli.local import open_hub
from hub.cli.output import json_option, say, show

if TYPE_CHECKING:
    from hub.store.plan import Plan


@click.command()
@click.option("--all", "everything", is_flag=True, help="Those that were decided too.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many.")
@json_option
def plans(everything: bool, limit: int, as_json: bool) -> None:
    """List mass changes that are held for a person.

    \b
    Example:
      retail-hub plans
    """
    from hub.store import plan as store

    states = ("counting", "held", "canary", "released", "discarded") if everything else ("counting", "held", "canary")
    with open_hub() as hub:
        found = hub.db.run(lambda conn: store.page(conn, states=states, limit=limit))
        rows = [_plan_shown(each, hub.connections.by_id(each.connection_id).name) for each in found]
    columns = ("id", "connection", "cause", "state", "create", "update", "fields", "created_at")
    show(rows, columns, as_json=as_json, empty="no plan is held")


@click.group()
def plan() -> None:
    """Decide on a mass change: release it, or discard it.

    \b
    Example:
      retail-hub plan release pln_01JD3W8Z5V0000000000000000 --canary
    """


@plan.command()
@click.argument("plan_id", metavar="ID")
@click.option("--canary", is_flag=True, help="Only ten of its targets, to look at first.")
def release(plan_id: str, canary: bool) -> None:
    """Let the targets of a plan go.

    \b
    Example:
      retail-hub plan release pln_01JD3W8Z5V0000000000000000
    """
    from hub.flow import audit, guard

    with open_hub() as hub:
        freed = guard.release(hub, read_id(plan_id, "pln", "a plan"), ACTOR, canary=canary)
        audit.record(hub, ACTOR, "plan.released", plan_id, canary=canary)
    say(f"{freed} deliveries are due now")


@plan.command("discard")
@click.argument("plan_id", metavar="ID")
def discard_plan(plan_id: str) -> None:
    """Send nothing of a plan. What caused it stays in force: take that back too, or later changes bring it along.

    \b
    Example:
      retail-hub plan discard pln_01JD3W8Z5V0000000000000000
    """
    from hub.flow import audit, guard

    with open_hub() as hub:
        held = guard.discard(hub, read_id(plan_id, "pln", "a plan"), ACTOR)
        audit.record(hub, ACTOR, "plan.discarded", plan_id)
    say(f"{held} deliveries are not sent")


def _plan_shown(each: Plan, connection: str) -> dict[str, Any]:
    from hub.model.identifier import format_id

    return {
        "id": format_id("pln", each.id), "connection": connection, "cause": each.cause, "state": each.state,
        **each.counts, "samples": each.samples, "created_at": each.created_at, "decided_at": each.decided_at,
        "decided_by": each.decided_by,
    }  # fmt: skip
