"""`match bulk`: one answer for all pairs of a pattern, as a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hub.cli.act import ListingGroup, read_id
from hub.cli.local import open_hub
from hub.cli.output import json_option, say, show, show_json, show_one
from hub.cli.records import operator
from hub.cli.stewardship import reason_option

if TYPE_CHECKING:
    from hub.flow.context import Hub
    from hub.store.match_bulk import Bulk

_COLUMNS = ("id", "state", "answer", "pattern", "least", "pairs", "answered", "left", "author", "created_at")
_plan_id = click.argument("plan_id", metavar="ID")


@click.group(cls=ListingGroup)
def bulk() -> None:
    """Answer many pairs that are alike in the same way: plan, release, discard, undo.

    \b
    Example:
      retail-hub match bulk plan "name=exact phone=same" same --least 7000
    """


@bulk.command("list")
@click.option("--all", "everything", is_flag=True, help="Those that were decided too.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many.")
@json_option
def list_(everything: bool, limit: int, as_json: bool) -> None:
    """List plans, newest first.

    \b
    Example:
      retail-hub match bulk list --all
    """
    from hub.flow import match_bulk, match_told

    states = ("held", "canary", "released", "discarded", "undone") if everything else ("held", "canary")
    with open_hub() as hub:
        told = [match_told.bulk(one) for one in match_bulk.bulks(hub, states=states, limit=limit)]
    show([{**one, **one["counts"]} for one in told], _COLUMNS, as_json=as_json, empty="no plan waits")


@bulk.command("plan")
@click.argument("pattern")
@click.argument("said", metavar="ANSWER", type=click.Choice(["same", "different", "household"]))
@click.option("--least", type=int, default=0, show_default=True, help="Least weight, in thousandths of a bit.")
@click.option("--kind", default="customer", show_default=True, metavar="KIND", help="Of this kind.")
@click.option("--realm", default="default", show_default=True, metavar="REALM", help="In this realm.")
@reason_option
@json_option
def propose(pattern: str, said: str, least: int, kind: str, realm: str, reason: str, as_json: bool) -> None:
    """Plan one answer for all open pairs of PATTERN. Nothing is answered before the plan is released.

    \b
    Example:
      retail-hub match bulk plan "name=exact phone=same" same --least 7000
    """
    from hub.flow import match_bulk

    with open_hub() as hub:
        plan = match_bulk.propose(hub, operator(), pattern, said, realm=realm, kind=kind, least=least, reason=reason)
        _show(hub, plan, as_json)


@bulk.command("show")
@_plan_id
@json_option
def show_(plan_id: str, as_json: bool) -> None:
    """Show a plan: how many pairs, what it would send, and which pairs come next.

    \b
    Example:
      retail-hub match bulk show blk_01JD3W8Z5V0000000000000000
    """
    from hub.flow import match_bulk

    with open_hub() as hub:
        _show(hub, match_bulk.find(hub, _id(plan_id)), as_json)


@bulk.command()
@_plan_id
@click.option("--canary", is_flag=True, help="Only the next ten pairs, to look at first.")
def release(plan_id: str, canary: bool) -> None:
    """Give the answers of a plan. What that sends to a system is held as a plan of its own where it is too much.

    \b
    Example:
      retail-hub match bulk release blk_01JD3W8Z5V0000000000000000 --canary
    """
    from hub.flow import match_bulk

    with open_hub() as hub:
        done = match_bulk.release(hub, _id(plan_id), operator(), canary=canary)
    say(f"{done.answered} pairs are answered, {done.left} left as they changed meanwhile")
    say(f"undo with: retail-hub match bulk undo {plan_id}")


@bulk.command()
@_plan_id
@reason_option
def discard(plan_id: str, reason: str) -> None:
    """Answer nothing more of a plan.

    \b
    Example:
      retail-hub match bulk discard blk_01JD3W8Z5V0000000000000000
    """
    from hub.flow import match_bulk

    with open_hub() as hub:
        match_bulk.discard(hub, _id(plan_id), operator(), reason)
    say(f"{plan_id} is discarded")


@bulk.command()
@_plan_id
@reason_option
def undo(plan_id: str, reason: str) -> None:
    """Take back all that a plan answered, as one. Its pairs wait again.

    \b
    Example:
      retail-hub match bulk undo blk_01JD3W8Z5V0000000000000000
    """
    from hub.flow import match_bulk

    with open_hub() as hub:
        found = match_bulk.undo(hub, _id(plan_id), operator(), reason)
    say(f"{found.counts['answered']} answers are taken back")


def _id(text: str) -> Any:
    from hub.flow.match_bulk import PREFIX

    return read_id(text, PREFIX, "a plan for pairs")


def _show(hub: Hub, plan: Bulk, as_json: bool) -> None:
    from hub.flow import match_bulk, match_told
    from hub.flow.match_told import Teller

    teller = Teller(hub, plan.kind)
    told = match_told.bulk(plan, [teller.waiting(row) for row in match_bulk.sample(hub, plan.id)])
    if as_json:
        show_json(told)
        return
    counts = plan.counts
    sends = [
        f"{name}: {one['create']} to create, {one['update']} to update{' (will be held)' if one['is_held'] else ''}"
        for name, one in counts["sends"].items()
    ]
    show_one(
        {
            "plan": told["id"], "state": plan.state, "answer": plan.answer, "pattern": plan.pattern,
            "pairs": counts["pairs"], "records merged away": counts["merges"], "sends": "; ".join(sends) or "nothing",
        }
    )  # fmt: skip
    click.echo()
    show(told["samples"], ("id", "stake", "weight", "left", "right"), empty="no pair is left to be answered")
    if plan.state in ("held", "canary"):
        say(f"release with: retail-hub match bulk release {told['id']}")
