"""`replay`: run stored events again."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from hub.cli.act import ACTOR, read_id
from hub.cli.local import open_hub
from hub.cli.output import json_option, progress, say, show, show_json, show_one

if TYPE_CHECKING:
    from hub.flow.context import Hub
    from hub.flow.replay import Preview


@click.command()
@click.option("--connection", metavar="NAME", help="Events of this connection only.")
@click.option("--since", type=click.DateTime(), help="Events received since then (UTC).")
@click.option("--status", type=click.Choice(["done", "quarantined"]), help="Only those; both when left out.")
@click.option("--dry-run", is_flag=True, help="Show what it would change and send, and change nothing.")
@click.option("--background", is_flag=True, help="Leave it to a worker: see it on the page of runs, pause it, end it.")
@click.option("--resume", "run", metavar="RUN", help="Go on with a replay that was paused, ended or failed.")
@json_option
def replay(
    connection: str | None,
    since: datetime | None,
    status: str | None,
    dry_run: bool,
    background: bool,
    run: str | None,
    as_json: bool,
) -> None:
    """Run stored events again, under the mappings in force now. Under unchanged rules nothing changes.

    \b
    Example:
      retail-hub replay --connection shop --since 2026-11-20 --dry-run
      retail-hub replay --resume run_01JD3W8Z5V0000000000000000
    """
    from datetime import UTC

    if run is not None:
        _resume(run)
        return

    with open_hub() as hub:
        from hub.flow import replay as flow

        selection = flow.select(hub, connection, since.replace(tzinfo=UTC) if since else None, status)
        if dry_run:
            _show_preview(hub, flow.dry_run(hub, selection), as_json)
            return
        if background:
            from hub.model.identifier import format_id

            show_one({"run": format_id("run", flow.ask(hub, selection, ACTOR))}, as_json=as_json)
            return
        with progress("replayed") as line:
            result = flow.replay(hub, selection, lambda done: line.step(done - line.done))
        shown = {"done": result.done, "quarantined": result.quarantined}
        if as_json:
            show_json(shown)
        else:
            show_one(shown)


def _resume(run: str) -> None:
    from hub.flow import run as flow

    with open_hub() as hub:
        flow.resume(hub, read_id(run, "run", "a run"), ACTOR)
    say(f"a worker goes on with {run}")


def _show_preview(hub: Hub, preview: Preview, as_json: bool) -> None:
    from hub.model.identifier import format_id

    changes: list[dict[str, Any]] = [
        {**change, "golden_id": format_id(hub.registry.kinds[change["kind"]].prefix, change["golden_id"])}
        for change in preview.changes
    ]
    problems = [{**problem, "event": format_id("evt", problem["event"])} for problem in preview.problems]
    if as_json:
        show_json({"events": preview.events, "truncated": preview.truncated, "changes": changes, "problems": problems,
                   "targets": preview.targets})  # fmt: skip
        return
    show(_field_lines(changes), ["record", "field", "before", "after"], empty="no golden record would change")
    for name, count in preview.targets.items():
        say(f"{name}: {count} records would be looked at for sending")
    for problem in problems:
        say(f"{problem['event']} would be quarantined: {problem['problems'][0]['message']}")
    if preview.truncated:
        say(f"only the first {preview.events} events were tried")


def _field_lines(changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"record": change["golden_id"], "field": name, "before": (change["before"] or {}).get(name),
         "after": (change["after"] or {}).get(name)}
        for change in changes
        for name in change["fields"] or [change["type"]]
    ]  # fmt: skip
