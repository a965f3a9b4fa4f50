"""`drift`: what changed in what systems send."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from hub.cli.act import ACTOR, ListingGroup, read_id
from hub.cli.local import open_hub
from hub.cli.output import json_option, say, show, show_one

if TYPE_CHECKING:
    from hub.flow.context import Hub
    from hub.flow.drift_act import Shown

_COLUMNS = ("id", "connection", "stream", "change", "path", "field", "count", "writes_stopped", "last_at", "state")

_ADVICE = {
    "map": "to map it, add this line below `in`",
    "choose": "to map it, add the first line below `in`, with the name of a field; to leave it out, the second at the top",
    "rename": "if it was renamed, read the old path and the new one",
    "retype": "to read the new type, name a transform that takes both",
    "lookup": "to give the new word a meaning, add it to the table",
    "remap": "if the value stands elsewhere now, read that path",
}


@click.group(cls=ListingGroup)
def drift() -> None:
    """List what changed in what systems send, or decide on it: show, accept, ignore, reopen.

    \b
    Example:
      retail-hub drift --connection shop
    """


@drift.command("list")
@click.option(
    "--state",
    type=click.Choice(["open", "ignored", "accepted", "over", "all"]),
    default="open",
    show_default=True,
    help="In this state only.",
)
@click.option("--connection", default="", metavar="NAME", help="Of this connection only.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many.")
@json_option
def list_(state: str, connection: str, limit: int, as_json: bool) -> None:
    """List changes, newest first.

    \b
    Example:
      retail-hub drift list --state all
    """
    from hub.flow import drift_act
    from hub.store import drift as store

    with open_hub() as hub:
        if connection:
            hub.connections.by_name(connection)
        wished = "" if state == "all" else state
        found = hub.db.run(lambda conn: store.page(conn, state=wished, connection=connection, limit=limit))
        rows = [_row(drift_act.listed(hub, one)) for one in found]
    show(rows, _COLUMNS, as_json=as_json, empty="what the systems send looks as it did")


@drift.command("show")
@click.argument("drift_id", metavar="ID")
@json_option
def show_(drift_id: str, as_json: bool) -> None:
    """Show one change: sample values (masked), the mapping line to add, the events to look at.

    \b
    Example:
      retail-hub drift show drf_01JD3W8Z5V0000000000000000
    """
    from hub.flow import drift_act

    with open_hub() as hub:
        found = drift_act.look(hub, read_id(drift_id, "drf", "a drift"))
        show_one({**_row(found), **_more(hub, found)}, as_json=as_json)


@drift.command()
@click.argument("drift_id", metavar="ID")
@click.option("--reason", default="", help="Why; kept in the audit trail.")
def accept(drift_id: str, reason: str) -> None:
    """Take it as part of the shape from now on: it may come, and nobody is asked again. Says how to map it.

    \b
    Example:
      retail-hub drift accept drf_01JD3W8Z5V0000000000000000 --reason "new app in the shop"
    """
    from hub.flow import drift_act

    with open_hub() as hub:
        one = read_id(drift_id, "drf", "a drift")
        drift_act.accept(hub, one, ACTOR, reason)
        found = drift_act.look(hub, one)
    say(f"{drift_id} is accepted")
    if found.suggestion.line and not found.is_mapped:
        say(f"{_ADVICE[found.suggestion.code]} ({found.suggestion.where or 'the mapping'}):\n{found.suggestion.line}")
        say("then look at it with `retail-hub mapping preview` and put it in force with `retail-hub release activate`")


@drift.command()
@click.argument("drift_id", metavar="ID")
@click.option("--reason", default="", help="Why; kept in the audit trail.")
def ignore(drift_id: str, reason: str) -> None:
    """Ask nobody about this path again, however it goes on.

    \b
    Example:
      retail-hub drift ignore drf_01JD3W8Z5V0000000000000000
    """
    from hub.flow import drift_act

    _decide(drift_act.ignore, drift_id, reason)
    say(f"{drift_id} is ignored")


@drift.command()
@click.argument("drift_id", metavar="ID")
@click.option("--reason", default="", help="Why; kept in the audit trail.")
def reopen(drift_id: str, reason: str) -> None:
    """Take a decision back: its item opens when the change is seen the next time.

    \b
    Example:
      retail-hub drift reopen drf_01JD3W8Z5V0000000000000000
    """
    from hub.flow import drift_act

    _decide(drift_act.reopen, drift_id, reason)
    say(f"{drift_id} is looked at again")


def _decide(act: Callable[..., None], drift_id: str, reason: str) -> None:
    with open_hub() as hub:
        act(hub, read_id(drift_id, "drf", "a drift"), ACTOR, reason)


def _row(found: Shown) -> dict[str, Any]:
    from hub.model.identifier import format_id

    one = found.drift
    return {
        "id": format_id("drf", one.id), "connection": found.connection, "stream": one.stream, "change": one.what,
        "path": one.path, "field": found.read.field if found.read else None, "count": one.count,
        "mapped_since": one.mapped_in, "writes_stopped": found.is_stopped, "first_at": one.first_at, "last_at": one.last_at, "state": one.state,
    }  # fmt: skip


def _more(hub: Hub, found: Shown) -> dict[str, Any]:
    from hub.flow import drift_act
    from hub.model.identifier import format_id
    from hub.model.mask import mask_raw
    from hub.rules.drift import type_names

    one = found.drift
    return {
        "types": type_names(one.mask), "events": [format_id("evt", event) for event in one.events],
        "samples": [
            {"event": format_id("evt", sample.event), "value": mask_raw(sample.value, one.path.rpartition(".")[2])}
            for sample in drift_act.samples(hub, one)
        ],
        "mapping": found.read.where if found.read else None, "suggestion": found.suggestion.line or None,
        "suggestion_for": found.suggestion.where or None, "plans": [format_id("pln", each.id) for each in found.plans],
        "decided_by": one.decided_by, "decided_at": one.decided_at, "reason": one.reason,
    }  # fmt: skip
