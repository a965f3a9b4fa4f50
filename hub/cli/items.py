"""`items`: work for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hub.cli.act import ACTOR, ListingGroup, read_id
from hub.cli.local import open_hub
from hub.cli.output import json_option, say, show, show_one

if TYPE_CHECKING:
    from hub.flow.context import Hub
    from hub.store.item import Item

_COLUMNS = ("id", "type", "kind", "record", "connection", "count", "last_at", "data")


@click.group(cls=ListingGroup)
def items() -> None:
    """List work for a person, or act on an item: show, resolve.

    \b
    Example:
      retail-hub items --type conflict
    """


@items.command("list")
@click.option(
    "--type", "type_", default="", metavar="TYPE", help="conflict, match, drift, parked, unknown, plan, money …"
)
@click.option(
    "--state",
    type=click.Choice(["open", "snoozed", "resolved", "all"]),
    default="open",
    show_default=True,
    help="In this state only.",
)
@click.option("--connection", metavar="NAME", help="Of this connection only.")
@click.option("--before", metavar="ID", help="Older than this item: the next page.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many.")
@json_option
def list_(type_: str, state: str, connection: str | None, before: str | None, limit: int, as_json: bool) -> None:
    """List items, newest first.

    \b
    Example:
      retail-hub items list --type unknown
    """
    from hub.store import item

    with open_hub() as hub:
        connection_id = hub.connections.by_name(connection).id if connection else None
        with hub.db.session() as conn:
            found = item.list_items(
                conn,
                type=type_,
                state="" if state == "all" else state,
                connection_id=connection_id,
                before=read_id(before, "itm", "an item") if before else None,
                limit=limit,
            )
        rows = [_shown(hub, one) for one in found]
    show(rows, _COLUMNS, as_json=as_json, empty="nothing waits for a person")


@items.command("show")
@click.argument("item_id", metavar="ID")
@json_option
def show_(item_id: str, as_json: bool) -> None:
    """Show one item.

    \b
    Example:
      retail-hub items show itm_01JD3W8Z5V0000000000000000
    """
    from hub.store import item

    with open_hub() as hub:
        with hub.db.session() as conn:
            found = item.read_item(conn, read_id(item_id, "itm", "an item"))
        show_one(_shown(hub, found), as_json=as_json)


@items.command()
@click.argument("item_id", metavar="ID")
@click.option("--take", metavar="CONNECTION:ID", help="Of a conflict: take this source record's value.")
@click.option("--pin", metavar="FIELD=VALUE", help="Of a conflict: fix this value (JSON, or plain text).")
@click.option("--lift", is_flag=True, help="Of a loop: write the frozen field again.")
@click.option(
    "--answer", metavar="ANSWER", help="Of a match: same, different, household or skip; of a sample right or wrong."
)
@click.option("--reason", default="", help="Why; kept in the audit trail.")
def resolve(item_id: str, take: str | None, pin: str | None, lift: bool, answer: str | None, reason: str) -> None:
    """Settle an item and close it. It opens again when its cause comes back.

    \b
    Example:
      retail-hub items resolve itm_01JD3W8Z5V0000000000000000 --take shop:7064 --reason "asked by phone"
    """
    from hub.flow import settle
    from hub.store import item

    resolution = _resolution(take, pin, lift, answer, reason)
    with open_hub() as hub:
        with hub.db.session() as conn:
            found = item.read_item(conn, read_id(item_id, "itm", "an item"))
        settle.settle(hub, found, resolution, ACTOR, reason)
    say(f"{item_id} is resolved")


def _resolution(take: str | None, pin: str | None, lift: bool, answer: str | None, reason: str) -> dict[str, Any]:
    if sum((take is not None, pin is not None, lift, answer is not None)) > 1:
        raise click.UsageError("settle it in one way: --take, --pin, --lift or --answer")
    if answer is not None:
        return {"answer": answer}
    if take is not None:
        connection, separator, external_id = take.partition(":")
        if not separator:
            raise click.UsageError("--take names a source record: CONNECTION:EXTERNAL_ID")
        return {"take": {"connection": connection, "external_id": external_id}}
    if pin is not None:
        name, separator, text = pin.partition("=")
        if not separator:
            raise click.UsageError("--pin gives a value: FIELD=VALUE")
        return {"pin": {name: _value(text)}}
    return {"lift": True} if lift else {"note": reason} if reason else {}


def _value(text: str) -> Any:
    import orjson

    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _shown(hub: Hub, found: Item) -> dict[str, Any]:
    from hub.model.identifier import format_id
    from hub.model.mask import mask_raw

    kind = hub.registry.kinds.get(found.kind or "")
    return {
        "id": format_id("itm", found.id), "type": found.type, "state": found.state, "severity": found.severity,
        "kind": found.kind, "record": format_id(kind.prefix, found.rid) if kind and found.rid else None,
        "connection": hub.connections.by_id(found.connection_id).name if found.connection_id else None,
        "count": found.count, "data": mask_raw(found.data), "owner": found.owner, "first_at": found.first_at,
        "last_at": found.last_at, "snoozed_until": found.snoozed_until, "resolved_at": found.resolved_at,
        "resolved_by": found.resolved_by, "resolution": found.resolution,
    }  # fmt: skip
