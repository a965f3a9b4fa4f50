"""`match join`: makes at a system one what is one at the hub."""

from __future__ import annotations

import click

from hub.cli.local import open_hub
from hub.cli.output import json_option, show_json, show_one
from hub.cli.records import kind_of, operator


@click.command()
@click.argument("kind")
@click.argument("id_", metavar="ID")
@click.option(
    "--at", "connection", required=True, metavar="CONNECTION", help="The system that has several records of it."
)
@click.option("--reason", required=True, help="Why; nothing undoes a merge at a system.")
@json_option
def join(kind: str, id_: str, connection: str, reason: str, as_json: bool) -> None:
    """Make the records that a system has of one golden record one there, by the system's own merge.

    The hub does not do so by itself: a merge at the hub can be undone, one at a system cannot.

    \b
    Example:
      retail-hub match join customer cus_01JD3W8Z5V0000000000000000 --at shop --reason "asked by phone"
    """
    from hub.flow import match_peer, stewardship

    with open_hub() as hub:
        name = kind_of(hub, kind).name
        done = match_peer.join(hub, name, stewardship.resolve_id(hub, name, id_), connection, operator(), reason)
    if as_json:
        show_json({"connection": done.connection, "left": done.left, "gone": list(done.gone)})
    else:
        show_one({"left at " + done.connection: done.left, "gone": ", ".join(done.gone)})
