"""Connections in service: `check`, `pause`, `resume`, `halt`, `secrets`."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from hub.cli.local import open_hub
from hub.cli.output import json_option, say, show, show_json

if TYPE_CHECKING:
    from hub.flow.context import Hub

ACTOR = "cli"


@click.command()
@click.argument("name", required=False)
@json_option
def check(name: str | None, as_json: bool) -> None:
    """Check the connection NAME against its system; without NAME the settings, the plugins and every connection.

    Ends with exit code 1 when something is wrong.

    \b
    Example:
      retail-hub check shop
    """
    with open_hub() as hub:
        names = [name] if name else [row.name for row in hub.connections.all() if row.disconnected_at is None]
        rows = [_checked(hub, one) for one in names]
        settings = [] if name else _settings(hub)
        broken = [] if name else [{"plugin": point, "reason": reason} for point, reason in hub.registry.broken]
    if as_json:
        show_json({"settings": settings, "broken": broken, "connections": rows})
    else:
        if settings:
            show(settings, ["variable", "value", "default"])
            click.echo()
        for entry in broken:
            say(f"broken: {entry['plugin']}: {entry['reason']}")
        show(rows, ["connection", "ok", "message", "warnings", "subscriptions"], empty="nothing is connected yet")
    sys.exit(0 if not broken and all(row["ok"] for row in rows) else 1)


@click.command()
@click.argument("name")
@click.option("--reason", default="", help="Shown to whoever looks at it.")
def pause(name: str, reason: str) -> None:
    """Make no calls to the system NAME until it is resumed. What it sends is still taken in.

    \b
    Example:
      retail-hub pause crm --reason "they are migrating until Monday"
    """
    from hub.flow import account

    with open_hub() as hub:
        paused = account.pause(hub, name, ACTOR, reason)
    click.echo(f"{name}: paused" if paused else f"{name}: was paused already")


@click.command()
@click.argument("name", required=False)
def resume(name: str | None) -> None:
    """End the pause and the halt of NAME; without NAME, the halt of everything.

    \b
    Example:
      retail-hub resume crm
    """
    from hub.flow import account

    with open_hub() as hub:
        if name is not None:
            account.resume(hub, name, ACTOR)
        names = account.lift(hub, name, ACTOR)
    click.echo(f"{name}: resumed" if name else f"no halt any more: {', '.join(names) or 'nothing is connected'}")


@click.command()
@click.argument("name", required=False)
@click.option("--in", "inward", is_flag=True, help="Stop processing and reading only.")
@click.option("--out", "outward", is_flag=True, help="Stop sending only.")
def halt(name: str | None, inward: bool, outward: bool) -> None:
    """Stop NAME at once, or everything; both directions unless one is given. Webhooks are still taken in.

    `resume` ends it.

    \b
    Example:
      retail-hub halt --out
    """
    from hub.flow import account

    if not inward and not outward:
        inward = outward = True
    with open_hub() as hub:
        names = account.halt(hub, name, ACTOR, inward=inward, outward=outward)
    words = " and ".join(word for word, is_on in (("in", inward), ("out", outward)) if is_on)
    click.echo(f"halted ({words}): {', '.join(names) or 'nothing is connected'}")


@click.group()
def secrets() -> None:
    """Keep the secrets of connections and what seals them.

    \b
    Example:
      retail-hub secrets rotate
    """


@secrets.command("rotate")
@json_option
def rotate(as_json: bool) -> None:
    """Seal everything stored under the newest key of HUB_SECRET_KEY, so that older keys can be dropped.

    First put a new key in front: HUB_SECRET_KEY="1:NEW,0:OLD", and restart. Safe to repeat.

    \b
    Example:
      retail-hub secrets rotate
    """
    from hub.flow import rotation

    with open_hub() as hub:
        changed = rotation.rotate(hub, ACTOR)
    if as_json:
        show_json(changed)
    else:
        click.echo(", ".join(f"{count} {what.replace('_', ' ')}" for what, count in changed.items()) + " sealed anew")


@secrets.command("retire")
@click.argument("connection")
@click.argument("secret_name", metavar="SECRET")
def retire(connection: str, secret_name: str) -> None:
    """Delete all but the newest value of a connection's SECRET, once its system uses that one alone.

    \b
    Example:
      retail-hub secrets retire shop secret
    """
    from hub.flow.configure import retire_secret

    with open_hub() as hub:
        gone = retire_secret(hub, connection, secret_name, ACTOR)
    click.echo(f"{connection}: {gone} older values of {secret_name} deleted")


def _checked(hub: Hub, name: str) -> dict[str, Any]:
    from hub.flow import account, subscription

    found = account.check(hub, name)
    shown = subscription.overview(hub, name)
    states = Counter(one.subscription.state for one in shown.topics if one.subscription)
    return {
        "connection": name,
        "ok": found.ok,
        "message": found.message,
        "warnings": "; ".join(found.warnings),
        "facts": dict(found.facts),
        "subscriptions": ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or shown.note,
    }


def _settings(hub: Hub) -> list[dict[str, str]]:
    from hub.config import describe

    return describe(hub.settings)
