"""`match sample`: how right the hub's own merges are, by a sample that people judge."""

from __future__ import annotations

import click

from hub.cli.act import ListingGroup, read_id
from hub.cli.local import open_hub
from hub.cli.output import json_option, say, show
from hub.cli.records import operator
from hub.cli.stewardship import reason_option

_COLUMNS = ("week", "realm", "kind", "drawn", "population", "right", "wrong", "precision", "low", "high", "is_finished")


@click.group(cls=ListingGroup)
def sample() -> None:
    """See how right the hub's own merges are: fifty of them, drawn each week, are judged by people. draw, judge.

    \b
    Example:
      retail-hub match sample
    """


@sample.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the samples, newest first: precision with its Wilson interval of 95 %.

    \b
    Example:
      retail-hub match sample list
    """
    from hub.flow import match_sample, match_told

    with open_hub() as hub:
        rows = [match_told.sample(one) for one in match_sample.samples(hub, limit=52)]
    show(rows, _COLUMNS, as_json=as_json, empty="no sample was drawn yet: `retail-hub match sample draw`")


@sample.command()
@json_option
def draw(as_json: bool) -> None:
    """Draw this week's sample now, or fill it up. Repeated, it draws the same merges; the scheduler does it, too.

    \b
    Example:
      retail-hub match sample draw
    """
    from hub.flow import match_sample, match_told

    with open_hub() as hub:
        rows = [match_told.sample(one) for one in match_sample.draw(hub)]
    show(rows, _COLUMNS, as_json=as_json, empty="the hub merged nothing by itself that could be drawn")
    if rows and not as_json:
        say("judge with: retail-hub match next --type match_sample")


@sample.command()
@click.argument("item_id", metavar="ID")
@click.argument("said", metavar="JUDGEMENT", type=click.Choice(["right", "wrong"]))
@click.option(
    "--split", type=click.Choice(["a", "b"]), default=None, help="Of a wrong one: take this record out again."
)
@reason_option
def judge(item_id: str, said: str, split: str | None, reason: str) -> None:
    """Say of a merge that was drawn whether it is right or wrong.

    \b
    Example:
      retail-hub match sample judge itm_01JD3W8Z5V0000000000000000 wrong --split b
    """
    from hub.flow import match_sample
    from hub.model.identifier import format_id

    with open_hub() as hub:
        done = match_sample.judge(hub, read_id(item_id, "itm", "an item"), operator(), said, reason, split or "")
    say(
        f"{item_id} is judged {said}"
        + (f"; undo with: retail-hub match undo {format_id('dec', done.act)}" if done.act else "")
    )
