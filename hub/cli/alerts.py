"""`alerts`: what is wrong, one row a cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hub.cli.act import ACTOR, ListingGroup, read_id
from hub.cli.local import open_hub
from hub.cli.output import json_option, say, show, show_one

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.model.kind import Kind
    from hub.store.alert import Alert

_COLUMNS = ("id", "severity", "title", "since", "count", "owner", "next_step")
_SEVERITIES = ("note", "todo", "urgent")
_reason = click.option("--reason", default="", help="Why; kept in the audit trail.")


@click.group(cls=ListingGroup)
def alerts() -> None:
    """List what is wrong, or deal with an alert: show, acknowledge, assign, snooze, close.

    \b
    Example:
      retail-hub alerts
    """


@alerts.command("list")
@click.option(
    "--state",
    type=click.Choice(["open", "snoozed", "closed", "all"]),
    default="open",
    show_default=True,
    help="In this state only; open holds those that were taken on.",
)
@click.option("--type", "type_", default="", metavar="TYPE", help="Of this type only, for example `unknown`.")
@click.option("--connection", default="", metavar="NAME", help="Of this connection only.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many.")
@json_option
def list_(state: str, type_: str, connection: str, limit: int, as_json: bool) -> None:
    """List alerts, the worst first.

    \b
    Example:
      retail-hub alerts list --connection crm
    """
    from hub.store import alert

    with open_hub() as hub, hub.db.session() as conn:
        found = alert.list_alerts(conn, state=state, type=type_, connection=connection, limit=limit)
        kinds = hub.registry.kinds
    show(
        [_shown(one, kinds) for one in found],
        _COLUMNS,
        as_json=as_json,
        empty="nothing is wrong, as far as the hub can tell",
    )


@alerts.command("show")
@click.argument("alert_id", metavar="ID")
@json_option
def show_(alert_id: str, as_json: bool) -> None:
    """Show one alert: what it means, and what to do.

    \b
    Example:
      retail-hub alerts show alr_01JD3W8Z5V0000000000000000
    """
    from hub.errors import NotFoundError
    from hub.store import alert

    id_ = read_id(alert_id, "alr", "an alert")
    with open_hub() as hub, hub.db.session() as conn:
        found, kinds = alert.read(conn, id_), hub.registry.kinds
    if found is None:
        raise NotFoundError(f"there is no alert {alert_id}; `retail-hub alerts` lists them")
    show_one(_shown(found, kinds), as_json=as_json)


@alerts.command()
@click.argument("alert_id", metavar="ID")
@_reason
def acknowledge(alert_id: str, reason: str) -> None:
    """Take an alert on.

    \b
    Example:
      retail-hub alerts acknowledge alr_01JD3W8Z5V0000000000000000
    """
    from hub.flow import alert

    with open_hub() as hub:
        alert.acknowledge(hub, read_id(alert_id, "alr", "an alert"), ACTOR, reason)
    say(f"{alert_id} is taken on")


@alerts.command()
@click.argument("alert_id", metavar="ID")
@click.argument("owner")
@_reason
def assign(alert_id: str, owner: str, reason: str) -> None:
    """Say whose an alert is.

    \b
    Example:
      retail-hub alerts assign alr_01JD3W8Z5V0000000000000000 li.na
    """
    from hub.flow import alert

    with open_hub() as hub:
        alert.assign(hub, read_id(alert_id, "alr", "an alert"), ACTOR, owner, reason)
    say(f"{alert_id} is assigned")


@alerts.command()
@click.argument("alert_id", metavar="ID")
@click.option(
    "--for", "duration", type=click.Choice(["1h", "1d"]), default="1h", show_default=True, help="For so long."
)
@_reason
def snooze(alert_id: str, duration: str, reason: str) -> None:
    """Put an alert aside.

    \b
    Example:
      retail-hub alerts snooze alr_01JD3W8Z5V0000000000000000 --for 1d
    """
    from hub.flow import alert

    with open_hub() as hub:
        alert.snooze(hub, read_id(alert_id, "alr", "an alert"), ACTOR, duration, reason)
    say(f"{alert_id} is put aside for {duration}")


@alerts.command()
@click.argument("alert_id", metavar="ID")
@_reason
def close(alert_id: str, reason: str) -> None:
    """Close an alert. While its condition lasts it stays closed, unless it gets worse.

    \b
    Example:
      retail-hub alerts close alr_01JD3W8Z5V0000000000000000 --reason "known, stocktaking"
    """
    from hub.flow import alert

    with open_hub() as hub:
        alert.close(hub, read_id(alert_id, "alr", "an alert"), ACTOR, reason)
    say(f"{alert_id} is closed")


def _shown(found: Alert, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    from hub.flow.alert_say import say as words
    from hub.model.identifier import format_id

    said = words(found, kinds=kinds)
    return {
        "id": format_id("alr", found.id), "type": found.type, "severity": _SEVERITIES[max(0, min(found.severity, 2))],
        "state": found.state, "title": said.title, "meaning": said.meaning, "next_step": said.step,
        "connection": found.connection, "count": found.count, "since": found.first_at, "last_at": found.last_at,
        "owner": found.owner, "snoozed_until": found.snoozed_until, "closed_at": found.closed_at,
        "closed_by": found.closed_by, "data": found.data,
    }  # fmt: skip
