"""`match answer`, `match undo`: what a steward says of a pair, and taking it back."""

from __future__ import annotations

import click

from hub.cli.act import read_id
from hub.cli.local import open_hub
from hub.cli.output import json_option, show_json, show_one
from hub.cli.records import operator
from hub.cli.stewardship import reason_option


@click.command()
@click.argument("item_id", metavar="ID")
@click.argument("said", metavar="ANSWER", type=click.Choice(["same", "different", "household", "skip"]))
@click.option("--reason", default="", help="Why; needed only to join what a guard keeps apart.")
@json_option
def answer(item_id: str, said: str, reason: str, as_json: bool) -> None:
    """Say what a pair is: same, different, household (different, of one household), or skip until tomorrow.

    It stays so, whatever the systems send, until it is undone.

    \b
    Example:
      retail-hub match answer itm_01JD3W8Z5V0000000000000000 same --reason "asked by phone"
    """
    from hub.flow import match_answer
    from hub.flow.match_told import Teller
    from hub.model.identifier import format_id

    with open_hub() as hub:
        done = match_answer.answer(hub, read_id(item_id, "itm", "an item"), operator(), said, reason)
        act = format_id("dec", done.act) if done.act else None
        kind = match_answer.kind_of(hub, done.item_id)
        golden = [Teller(hub, kind).id(id_) for id_ in done.golden]
    if as_json:
        show_json({"id": item_id, "answer": said, "decision": act, "golden": golden, "is_repeat": done.is_repeat})
        return
    undo_with = f"retail-hub match undo {act}" if act else "retail-hub match undo"
    note = {"note": "was answered so before; nothing was done"} if done.is_repeat else {}
    show_one({"answer": said, "records": ", ".join(str(id_) for id_ in golden), **note, "undo with": undo_with})


@click.command()
@click.argument("act", required=False, metavar="[ACT]")
@reason_option
@json_option
def undo(act: str | None, reason: str, as_json: bool) -> None:
    """Take an answer back, with all it did: your last one, or that of ACT. Its pair waits again.

    \b
    Example:
      retail-hub match undo dec_01JD3W8Z5V0000000000000000
    """
    from hub.flow import match_answer
    from hub.model.identifier import format_id

    with open_hub() as hub:
        if act:
            undone = match_answer.undo(hub, read_id(act, "dec", "an act"), operator(), reason)
        else:
            undone = match_answer.undo_last(hub, operator(), reason)
    shown = {"id": format_id("itm", undone.item_id), "answer": undone.answer, "author": undone.author}
    if as_json:
        show_json(shown)
    else:
        show_one({"taken back": f"{undone.answer} of {undone.author}", "waits again": shown["id"]})
