"""`match queue`, `match next`, `match show`, `match patterns`: what waits for a steward."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hub.cli.act import read_id
from hub.cli.local import open_hub
from hub.cli.output import json_option, say, show, show_json, show_one
from hub.cli.records import operator

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from hub.flow.context import Hub

_COLUMNS = ("id", "stake", "weight", "kind", "left", "right", "pattern", "apart", "claimed_by", "first_at")
type_option = click.option(
    "--type", "type_", type=click.Choice(["match", "match_sample"]), default="match", show_default=True,
    help="Pairs to be answered, or automatic merges to be judged.",
)  # fmt: skip


@click.command()
@type_option
@click.option(
    "--order", type=click.Choice(["stake", "weight"]), default="stake", show_default=True, help="What comes first."
)
@click.option(
    "--state",
    type=click.Choice(["open", "snoozed", "resolved"]),
    default="open",
    show_default=True,
    help="In this state.",
)
@click.option("--kind", default="", metavar="KIND", help="Of this kind only.")
@click.option("--pattern", default="", metavar="PATTERN", help="Of this pattern only; see `match patterns`.")
@click.option("--after", metavar="ID", help="Beyond this item: the next page.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many.")
@json_option
def queue(
    type_: str, order: str, state: str, kind: str, pattern: str, after: str | None, limit: int, as_json: bool
) -> None:
    """List pairs that wait for an answer, those with most at stake first; weights in thousandths of a bit.

    \b
    Example:
      retail-hub match queue --order weight
    """
    from hub.flow import match_queue
    from hub.flow.match_told import Teller

    with open_hub() as hub:
        beyond = read_id(after, "itm", "an item") if after else None
        wish = match_queue.Wish(type_, state, order, kind=kind, pattern=pattern, after=beyond)
        found = match_queue.queue(hub, wish, limit)
        counts = match_queue.counts(hub, operator(), wish)
        rows = [Teller(hub, row.kind).waiting(row) for row in found]
    if not as_json and counts.open > len(rows):
        say(f"{len(rows)} of {counts.open} are shown; --after goes on")
    show(rows, _COLUMNS, as_json=as_json, empty="no pair waits for an answer")


@click.command("next")
@type_option
@click.option("--kind", default="", metavar="KIND", help="Of this kind only.")
@json_option
def next_(type_: str, kind: str, as_json: bool) -> None:
    """Take the pair with most at stake that nobody else works on, and show it. It is yours for some minutes.

    \b
    Example:
      retail-hub match next
    """
    from hub.flow import match_queue

    with open_hub() as hub:
        item_id = match_queue.take_next(hub, operator(), match_queue.Wish(type=type_, kind=kind))
        if item_id is not None:
            show_case(hub, item_id, as_json=as_json)
            return
    if as_json:
        show_json(None)
    else:
        say("no pair waits for an answer")


@click.command("show")
@click.argument("item_id", metavar="ID")
@json_option
def show_(item_id: str, as_json: bool) -> None:
    """Show one pair: both sides, what each comparison weighs, and what a merge would do and send.

    \b
    Example:
      retail-hub match show itm_01JD3W8Z5V0000000000000000
    """
    with open_hub() as hub:
        show_case(hub, read_id(item_id, "itm", "an item"), as_json=as_json)


@click.command()
@json_option
def patterns(as_json: bool) -> None:
    """List what open pairs have in common: what `match bulk plan` takes.

    \b
    Example:
      retail-hub match patterns
    """
    from hub.flow import match_queue

    with open_hub() as hub:
        rows = [
            {"pattern": one.pattern, "count": one.count, "least": one.least, "most": one.most}
            for one in match_queue.patterns(hub)
        ]
    show(rows, ("pattern", "count", "least", "most"), as_json=as_json, empty="no pair waits for an answer")


def show_case(hub: Hub, item_id: UUID, *, as_json: bool) -> None:
    """Prints a pair, personal values masked."""
    from hub.flow.match_case import open_case
    from hub.flow.match_told import Teller

    found = open_case(hub, item_id, operator())
    told = Teller(hub, found.item.kind).case(found)
    if as_json:
        show_json(told)
        return
    show_one(_head(told))
    click.echo()
    show([_compared(one) for one in told["comparisons"]], ("comparison", "left", "right", "level", "weight"))
    click.echo()
    show(
        [_side(one) for one in told["sides"]], ("id", "sources", "orders", "points", "consents", "stores", "last_order")
    )
    if told["links"] or told["near"]:
        click.echo()
        _show_around(told)
    if told["forecast"]:
        click.echo()
        _show_forecast(told["forecast"])


def _head(told: Mapping[str, Any]) -> dict[str, Any]:
    lines = f"auto {told['auto']}, review {told['review']}" if told["auto"] is not None else "no model in force"
    return {
        "pair": told["id"],
        "weight": f"{told['weight']} ({lines})",
        **({"kept apart by": f"{told['apart']}; joining them needs --reason"} if told["apart"] else {}),
        **({"relation": told["relation"]} if told["relation"] else {}),
        **({"note": told["closed"]} if told["closed"] else {}),
    }


def _compared(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "comparison": one["name"], "left": _plain(one["left"]), "right": _plain(one["right"]), "level": one["level"],
        "weight": one["weight"],
    }  # fmt: skip


def _plain(values: Mapping[str, Any]) -> Any:
    """One value alone; identities as their values."""
    found = list(values.values())
    if (
        len(found) == 1
        and isinstance(found[0], list)
        and all(isinstance(one, dict) and "value" in one for one in found[0])
    ):
        return ", ".join(str(one["value"]) for one in found[0])
    return found[0] if len(found) == 1 else dict(values) or None


def _side(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": one["id"],
        "sources": ", ".join(f"{source['connection']}:{source['external_id']}" for source in one["sources"]),
        "orders": one["stake"]["orders"], "points": one["stake"]["points"], "consents": one["stake"]["consents"],
        "stores": ", ".join(one["behaviour"]["stores"]), "last_order": one["behaviour"]["last"],
    }  # fmt: skip


def _show_around(told: Mapping[str, Any]) -> None:
    links = [
        {
            "what": "other edge between both",
            "id": f"{one['a']} {one['b']}",
            "weight": one["weight"],
            "apart": one["apart"],
        }
        for one in told["links"]
    ]
    near = [
        {"what": "also waits", "id": f"{one['item']} {one['id']}", "weight": one["weight"], "apart": one["apart"]}
        for one in told["near"]
    ]
    show([*links, *near], ("what", "id", "weight", "apart"))


def _show_forecast(found: Mapping[str, Any]) -> None:
    if found["problem"]:
        show_one({"a merge": f"cannot be done: {found['problem']}"})
        return
    consents = [f"{one['channel']} {one['purpose']}: {one['then']}" for one in found["consents"]]
    show_one(
        {
            "a merge": f"leaves {found['survivor']}",
            **({"consents then": "; ".join(consents)} if consents else {}),
            **({"would be disputed": ", ".join(found["conflicts"])} if found["conflicts"] else {}),
        }
    )
    show(
        [
            {**way, "external_ids": ", ".join(way["external_ids"]), "fields": ", ".join(way["fields"])}
            for way in found["ways"]
        ],
        ("connection", "action", "external_ids", "fields", "text"),
        empty="no system is written to",
    )
