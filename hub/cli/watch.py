"""What the hub looks after by itself: `subscriptions`, `jobs`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from hub.cli.local import open_hub
from hub.cli.output import json_option, say, show

if TYPE_CHECKING:
    from hub.flow.context import Hub
    from hub.flow.subscription import Overview

_COLUMNS = ["connection", "topic", "state", "address", "expires_at", "last_received_at", "error"]


@click.command()
@click.argument("name", required=False)
@click.option("--restore", is_flag=True, help="Ask the system now, and have what is missing restored.")
@json_option
def subscriptions(name: str | None, restore: bool, as_json: bool) -> None:
    """Show what systems will send us and when something last came; of one connection, when NAME is given.

    The hub looks after them by itself every quarter of an hour. Ends with exit code 1 when one is not active.

    \b
    Example:
      retail-hub subscriptions shop --restore
    """
    from hub.flow.subscription import overview, watched

    with open_hub() as hub:
        names = [name] if name else [row.name for row in watched(hub)]
        failed = [one for one in names if restore and not _restored(hub, one)]
        found = [overview(hub, one) for one in names]
    rows = [row for one in found for row in _rows(one)]
    notes = {one.connection: one.note for one in found if one.note}
    for one, note in notes.items():
        say(f"{one}: not looked after: {note}")
    show(rows, _COLUMNS, as_json=as_json, empty="no subscription is known")
    is_bad = any(row["state"] not in ("active", None) for row in rows)
    sys.exit(1 if failed or is_bad else 0)


@click.command()
@json_option
def jobs(as_json: bool) -> None:
    """List the work that comes again and again: when each ran, when it will, and what it met.

    Ends with exit code 1 when the last run of one failed.

    \b
    Example:
      retail-hub jobs
    """
    from hub.flow.job import overview

    with open_hub() as hub:
        found = overview(hub)
    rows = [
        {
            "job": row.name,
            "running": row.lease_until is not None,
            "started_at": row.started_at,
            "ended_at": row.ended_at,
            "next_at": row.next_at,
            "failures": row.failures,
            "error": row.error,
        }
        for row in found
    ]
    columns = ["job", "running", "started_at", "next_at", "failures", "error"]
    show(rows, columns, as_json=as_json, empty="there is none")
    sys.exit(1 if any(row["error"] for row in rows) else 0)


def _restored(hub: Hub, name: str) -> bool:
    from hub.errors import ConfigError, HubError
    from hub.flow.subscription import look_after, overview

    if note := overview(hub, name).note:
        raise ConfigError(f"{name}: its subscriptions cannot be restored: {note}")
    try:
        look_after(hub, name, restore=True)
    except HubError as error:
        say(f"{name}: {error}")
        return False
    return True


def _rows(found: Overview) -> list[dict[str, Any]]:
    return [
        {
            "connection": found.connection,
            "topic": one.topic,
            "state": one.subscription.state if one.subscription else None,
            "address": one.subscription.address if one.subscription else None,
            "expires_at": one.subscription.expires_at if one.subscription else None,
            "last_received_at": one.last_received_at,
            "usual_gap_s": one.usual_gap_s,
            "silent": one.is_silent,
            "error": one.subscription.error if one.subscription else None,
        }
        for one in found.topics
    ]
