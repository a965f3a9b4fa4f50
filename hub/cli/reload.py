"""`reload` and `release`: which rules are in force, and how others come into force."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import click

from hub.cli.act import ACTOR
from hub.cli.local import open_hub
from hub.cli.output import json_option, say, show, show_json, show_one
from hub.errors import ConfigError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.flow.context import Hub

_TIMEOUT = click.option(
    "--timeout", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Seconds to wait."
)
_REASON = click.option("--reason", default="", help="Why; it stands in the history.")


@click.command()
@_TIMEOUT
@_REASON
def reload(timeout: float, reason: str) -> None:
    """Put the mappings and policies of the site's folder in force, everywhere.

    They are checked first: when a file is wrong, nothing happens. Every process of the hub works by
    them from its next batch on. The same as `release activate`.

    \b
    Example:
      retail-hub reload --reason "phones of the till in two fields"
    """
    _activate(None, reason, timeout)


@click.group(invoke_without_command=True)
@click.pass_context
@json_option
def release(context: click.Context, as_json: bool) -> None:
    """Say which rules are in force, and what on disk differs from them.

    \b
    Example:
      retail-hub release
    """
    if context.invoked_subcommand is not None:
        return
    from hub.flow import release as flow

    with open_hub() as hub:
        found = flow.standing(hub)
        shown: dict[str, Any] = {"release": found.number}
        if found.since is not None:
            shown |= {"since": found.since.at, "by": found.since.by, "reason": found.since.reason}
        shown["on_disk"] = dict(found.differs) if as_json else _differences(found.differs)
    show_one(shown, as_json=as_json)


def _differences(differs: Mapping[str, list[str]]) -> str:
    return "; ".join(f"{part}: {', '.join(names)}" for part, names in differs.items()) or "the same"


@release.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="At most so many.")
@json_option
def list_(limit: int, as_json: bool) -> None:
    """List what was put in force, newest first.

    \b
    Example:
      retail-hub release list
    """
    from hub.store import release as store

    with open_hub() as hub:
        rows = [
            {"release": one.release_id, "before": one.before, "at": one.at, "by": one.by, "reason": one.reason}
            for one in store.history(hub.db, limit)
        ]
    show(rows, ("release", "before", "at", "by", "reason"), as_json=as_json, empty="no release is in force yet")


@release.command("show")
@click.argument("number", type=int, required=False)
@click.option("--files", is_flag=True, help="The site's own files, whole.")
@json_option
def show_(number: int | None, files: bool, as_json: bool) -> None:
    """Show a release (that in force): what it is made of, and how it differs from the one before it.

    \b
    Example:
      retail-hub release show 4 --files
    """
    from hub.flow import release as flow
    from hub.store import release as store

    with open_hub() as hub:
        wanted = number if number is not None else flow.in_force(hub)
        found = store.get(hub.db, wanted) if wanted is not None else None
        if found is None:
            raise NotFoundError(f"there is no release {wanted}; `retail-hub release list` lists them")
        earlier = next((one.before for one in store.history(hub.db, 1000) if one.release_id == found.id), None)
        before = store.get(hub.db, earlier) if earlier is not None else None
    differs = flow.compare(before.manifest, found.manifest) if before else {}
    shown = {"release": found.id, "hash": found.hash.hex(), "before": earlier, "differs": differs, "files": found.files}
    if as_json:
        show_json(shown)
        return
    shown["differs"] = _differences(differs) if before else "the first"
    shown["files"] = ", ".join(found.files) or "none of the site's own"
    show_one(shown)
    for name, text in found.files.items() if files else ():
        say(f"\n# {name}\n{text.rstrip()}")


@release.command()
@click.argument("number", type=int, required=False)
@_TIMEOUT
@_REASON
def activate(number: int | None, reason: str, timeout: float) -> None:
    """Put the rules on disk in force, or those of an earlier release.

    Records that changed policies decide otherwise are decided again; by a changed matching model all of its kind are matched
    again (look first with `match preview`); records that a changed mapping writes in another shape are sent whole. What
    is much of that is held as a plan for each system. Stored events that changed mappings read otherwise are run again by
    `replay`.

    \b
    Example:
      retail-hub release activate 4 --reason "back to the prices of before"
    """
    _activate(number, reason, timeout)


def _activate(number: int | None, reason: str, timeout: float) -> None:
    from hub.flow import release as flow
    from hub.store import release as store

    with open_hub(from_disk=number is None) as hub:
        if number is not None:
            hub.rules = flow.earlier(hub, number)
        before = flow.in_force(hub)
        if before == hub.rules.release_id:
            say("these rules are in force already")
            return
        old = store.get(hub.db, before) if before is not None else None
        kinds = flow.activate(hub, ACTOR, reason)
        say(f"release {hub.rules.release_id} is in force")
        if kinds:
            say(f"decided again: every {', every '.join(kinds)}")
        matched = flow.changed_models(old.manifest, hub.rules.manifest) if old else []
        if matched:
            say(f"matched again: every {', every '.join(matched)}; `retail-hub drain` waits for it")
        _advise(hub, old.manifest if old else None)
        differs = flow.compare(old.manifest, hub.rules.manifest) if old else {}
        if number is None and _is_installed(differs, old.files if old else {}, hub.rules.files):
            _restart(hub, timeout)


def _advise(hub: Hub, before: Mapping[str, Any] | None) -> None:
    from hub.flow.release import changed_streams

    for row in hub.connections.all() if before is not None else ():
        streams = changed_streams(before or {}, hub.rules.manifest, row.name)
        names = [stream for connector, stream in streams if connector == row.connector]
        if names and row.disconnected_at is None:
            say(
                f"stored events of {row.name} ({', '.join(names)}) keep what they became; see what a replay would change: "
                f"retail-hub replay --connection {row.name} --dry-run"
            )


def _is_installed(differs: Mapping[str, list[str]], before: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Whether code or files of the installation differ: processes that run have the old ones. `before`, `now`: the site's own files."""
    installed = [name for name in differs.get("mappings", ()) if name not in {*before, *now}]
    files = {kind: f"matching/{kind}.yaml" for kind in differs.get("matching", ())}
    installed += [kind for kind, file in files.items() if before.get(file) == now.get(file)]
    return bool(installed or differs.get("kinds") or differs.get("transforms"))


def _restart(hub: Hub, timeout: float) -> None:
    from hub.embedded.home import Home
    from hub.embedded.process import wait_for

    found = Home(hub.settings.data_dir).running()
    if found.get("purpose") != "run" or "url" not in found:
        say("parts of the installation changed: restart web, workers and scheduler")
        return
    os.kill(found["pid"], signal.SIGUSR1)
    # It answers no more before it answers again.
    wait_for(lambda: not _is_ready(found["url"]), min(timeout, 10.0), step_s=0.05)
    if not wait_for(lambda: _is_ready(found["url"]), timeout, step_s=0.1):
        raise ConfigError(f"the hub is not ready after {timeout:g} s: see the logs in {hub.settings.data_dir / 'log'}")
    say("web, workers and scheduler were started again, since parts of the installation changed")


def _is_ready(url: str) -> bool:
    import requests

    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(f"{url}/readyz", timeout=5).ok
    except requests.RequestException:
        return False
