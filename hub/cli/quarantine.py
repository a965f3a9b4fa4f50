"""`quarantine`: what was set aside, by cause; running it again after a fix, and what came of that."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from hub.cli.act import ACTOR, ListingGroup, read_id
from hub.cli.event import event_id_of, show_event
from hub.cli.local import open_hub
from hub.cli.output import json_option, say, show, show_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.flow.context import Hub
    from hub.store.rerun import Result, Which

_IDS = click.argument("event_ids", nargs=-1, metavar="[ID]...")


def _filters(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--topic", help="Of this topic only."),
        click.option("--path", help="Whose first problem is at this path."),
        click.option("--cause", help="With this cause only."),
        click.option("--connection", metavar="NAME", help="Of this connection only."),
    ):
        command = option(command)
    return command


@click.group(cls=ListingGroup)
def quarantine() -> None:
    """Look at what was set aside, by cause; run it again after a fix, fetch it anew, or discard it.

    \b
    Example:
      retail-hub quarantine --connection shop
      retail-hub quarantine run-again --cause missing_field --dry-run
    """


@quarantine.command("list")
@_filters
@json_option
def list_quarantine(
    connection: str | None, cause: str | None, path: str | None, topic: str | None, as_json: bool
) -> None:
    """List the causes, with how many events each holds.

    \b
    Example:
      retail-hub quarantine list --cause bad_money
    """
    from hub.model.identifier import format_id
    from hub.store.console_quarantine import Filter, groups

    with open_hub() as hub:
        rows = [
            {
                "cause": group.cause,
                "path": group.path,
                "connection": group.connection,
                "topic": group.topic,
                "events": group.count,
                "first_at": group.first_at,
                "last_at": group.last_at,
                "sample": format_id("evt", group.sample),
                "where": _first(group.problem).get("where", ""),
                "problem": _first(group.problem).get("message", ""),
            }
            for group in groups(hub.db, Filter(connection or "", cause or "", path or "", topic or ""))
        ]
    columns = ["cause", "path", "connection", "topic", "events", "last_at", "sample", "where", "problem"]
    show(rows, columns, as_json=as_json, empty="nothing is in quarantine")


@quarantine.command("show")
@click.argument("event_id", metavar="ID")
@json_option
def show_quarantined(event_id: str, as_json: bool) -> None:
    """Show one event, everything that is wrong with it, and what waits for it.

    \b
    Example:
      retail-hub quarantine show evt_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1
    """
    with open_hub() as hub:
        found = event_id_of(event_id)
        show_event(hub, found, False, as_json, lambda: _beside(hub, found))


def _beside(hub: Hub, event_id: UUID) -> dict[str, Any]:
    """How its problems are fixed, and what hangs on its record."""
    from hub.flow import quarantine as flow
    from hub.model.identifier import format_id
    from hub.model.problem import problem_text
    from hub.store.console_quarantine import problems_of

    problems = problems_of(hub.db, [event_id]).get(event_id, [])
    texts = {code: problem_text(code) for code in dict.fromkeys(str(one.get("code")) for one in problems)}
    values: dict[str, Any] = {"fix": {code: text.fix.en for code, text in texts.items() if text}}
    found = flow.about(hub, event_id) if problems else None
    if found is not None:
        subject, standing = found
        values["record"] = f"{subject.object_type} {subject.external_id}"
        values["waiting_for_it"] = standing.waiting
        values["dependents"] = [
            f"{format_id('rec', one.id)} {one.kind} {one.external_id}" for one in standing.dependents
        ]
        values["later_events_processed"] = standing.newer
    return values


@quarantine.command("run-again")
@_IDS
@_filters
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option("--dry-run", is_flag=True, help="Show what would pass and what that would change, and change nothing.")
@json_option
def run_again(
    event_ids: tuple[str, ...],
    connection: str | None,
    cause: str | None,
    path: str | None,
    topic: str | None,
    everything: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Put quarantined events back into the queue, under the rules in force now.

    \b
    Example:
      retail-hub quarantine run-again --connection shop --cause bad_money --dry-run
      retail-hub quarantine run-again --connection shop --cause bad_money
    """
    from hub.flow import quarantine as flow
    from hub.model.identifier import format_id

    if not (event_ids or connection or cause or path or topic or everything):
        raise click.UsageError("say which: ids, --connection, --cause, --path, --topic or --all")
    with open_hub() as hub:
        which = _which(hub, event_ids, connection, cause, path, topic)
        if dry_run:
            _rehearse(hub, which, as_json)
            return
        done = flow.run_again(hub, ACTOR, which)
    run = format_id("run", done.run_id) if done.run_id else None
    if as_json:
        show_json({"events": done.events, "run": run, "kept": done.kept})
        return
    say(f"{done.events} events run again" + (f"; what came of it: retail-hub quarantine results {run}" if run else ""))
    if done.kept:
        say(f"{done.kept} were too large to be kept whole and stay: retail-hub quarantine fetch ID")


def _rehearse(hub: Hub, which: Which, as_json: bool) -> None:
    from hub.flow import quarantine as flow
    from hub.model.identifier import format_id

    found = flow.rehearse(hub, which)
    causes = Counter(one["problems"][0].get("code", "?") for one in found.problems if one["problems"])
    passed = found.events - len(found.problems)
    if as_json:
        problems = [{**one, "event": format_id("evt", one["event"])} for one in found.problems]
        show_json({"events": found.events, "passed": passed, "causes": causes, "problems": problems,
                   "changes": len(found.changes), "targets": found.targets})  # fmt: skip
        return
    say(f"{found.events} events tried: {passed} would go through, {found.events - passed} would come back")
    for code, count in causes.most_common():
        say(f"  {code}: {count}")
    say(f"{len(found.changes)} golden records would change")
    for name, count in found.targets.items():
        say(f"{name}: {count} records would be looked at for sending")


@quarantine.command("results")
@click.argument("run", required=False, metavar="[RUN]")
@json_option
def results(run: str | None, as_json: bool) -> None:
    """Tell what came of running events again: how many went through, and why the others came back.

    \b
    Example:
      retail-hub quarantine results
    """
    from hub.store import rerun

    with open_hub() as hub:
        found = rerun.results(hub.db, None, read_id(run, "run", "a run") if run else None)
    rows = [result_row(one) for one in found]
    columns = ["run", "at", "connection", "events", "done", "waiting", "returned", "causes"]
    show(rows, columns, as_json=as_json, empty="nothing was run again")


def result_row(one: Result) -> dict[str, Any]:
    """What came of one time, as it is printed."""
    from hub.model.identifier import format_id

    causes = ", ".join(f"{cause}{f' at {path}' if path else ''}: {count}" for cause, path, count in one.back)
    return {"run": format_id("run", one.run_id), "at": one.at, "connection": one.connection, "events": one.events,
            "done": one.done, "waiting": one.waiting, "returned": one.returned, "causes": causes}  # fmt: skip


@quarantine.command("fetch")
@click.argument("event_id", metavar="ID")
def fetch(event_id: str) -> None:
    """Read the record of an event anew from its system, where the event itself cannot be used.

    \b
    Example:
      retail-hub quarantine fetch evt_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1
    """
    from hub.flow import refetch
    from hub.model.identifier import format_id

    with open_hub() as hub:
        found = refetch.fetch_anew(hub, event_id_of(event_id), ACTOR)
    say(f"it was read again as {format_id('evt', found)}; the old event is discarded")


@quarantine.command("discard")
@_IDS
@_filters
@click.option("--reason", required=True, help="Recorded in the audit trail.")
def discard(
    event_ids: tuple[str, ...],
    connection: str | None,
    cause: str | None,
    path: str | None,
    topic: str | None,
    reason: str,
) -> None:
    """Take quarantined events out for good. They stay readable and are counted as discarded.

    \b
    Example:
      retail-hub quarantine discard evt_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1 --reason "test data"
    """
    from hub.flow import quarantine as flow
    from hub.store import rerun

    if not (event_ids or connection or cause or path or topic):
        raise click.UsageError("say which: ids, --connection, --cause, --path or --topic")
    with open_hub() as hub:
        ids = rerun.ids_of(hub.db, _which(hub, event_ids, connection, cause, path, topic))
        count = flow.discard(hub, ACTOR, ids, reason)
    say(f"{count} events discarded")
    sys.exit(0 if count >= len(set(event_ids)) and count else 1)


def _which(
    hub: Hub, ids: tuple[str, ...], connection: str | None, cause: str | None, path: str | None, topic: str | None
) -> Which:
    from hub.store.rerun import Which

    connection_id = hub.connections.by_name(connection).id if connection else None
    return Which(tuple(event_id_of(text) for text in ids) or None, connection_id, topic, cause, path)


def _first(problem: dict[str, Any] | None) -> dict[str, Any]:
    problems: list[dict[str, Any]] = (problem or {}).get("problems") or [{}]
    return problems[0]
