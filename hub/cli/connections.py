"""Connections as declared: `connectors`, `connect`, `apply`, `export`, `disconnect`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from hub.cli.local import open_hub
from hub.cli.output import json_option, say, show, show_json, show_one

if TYPE_CHECKING:
    from hub.flow.context import Hub
    from hub.sdk.connector import Manifest

ACTOR = "cli"


@click.command()
@click.argument("name", required=False)
@json_option
def connectors(name: str | None, as_json: bool) -> None:
    """List the installed connectors, or what the one called NAME needs and offers.

    \b
    Example:
      retail-hub connectors shopify
    """
    from hub import registry

    found = registry.load()
    for point, reason in found.broken:
        say(f"broken: {point}: {reason}")
    if name is not None:
        _show_manifest(found.connector(name).manifest, as_json)
    else:
        rows = [_summary(kind.manifest) for _, kind in sorted(found.connectors.items())]
        show(rows, ["name", "title", "api_version", "kinds"], as_json=as_json, empty="no connector is installed")
    sys.exit(1 if found.broken else 0)


@click.command()
@click.argument("name")
@click.option("--connector", metavar="C", help="Which connector it uses; needed the first time.")
@click.option("--realm", help="Brand or legal entity; nothing matches across realms. [default: default]")
@click.option("--set", "settings", multiple=True, metavar="K=V", help="A setting; repeat for more. Empty: unset.")
@click.option(
    "--secret", "secrets", multiple=True, metavar="K=V",
    help="A secret: env:NAME, file:PATH, or the value itself. Repeat a key for several active values, newest first.",
)  # fmt: skip
@click.option("--flow", "flows", multiple=True, metavar="KIND:in|out|both", help="What flows; repeat for more.")
@click.option("--rank", type=int, help="Smaller wins ties between systems. [default: 100]")
@click.option(
    "--mode", type=click.Choice(["live", "shadow"]), help="shadow computes what would be sent and sends nothing."
)
@click.option("--go-live", is_flag=True, help="Release its review: let it be written to from now on.")
@json_option
def connect(
    name: str,
    connector: str | None,
    realm: str | None,
    settings: tuple[str, ...],
    secrets: tuple[str, ...],
    flows: tuple[str, ...],
    rank: int | None,
    mode: Any,
    go_live: bool,
    as_json: bool,
) -> None:
    """Connect a system as NAME, or change its connection. What is not given stays as it is.

    \b
    Example:
      retail-hub connect shop --connector shopify --set shop=demo.myshopify.com \\
        --secret secret=env:SHOPIFY_SECRET --flow customer:in --flow order:in
    """
    from hub.flow import golive
    from hub.flow.configure import Wish
    from hub.flow.configure import connect as act

    wish = Wish(
        name,
        connector,
        realm,
        _pairs(settings, "=", "--set") or None,
        _secrets(secrets),
        _pairs(flows, ":", "--flow") or None,
        rank,
        mode,
    )
    with open_hub() as hub:
        outcome = act(hub, wish, ACTOR)
        if go_live:
            golive.go_live(hub, name, ACTOR)
        else:
            # A system that cannot be listed goes live by itself: let it be so when this returns.
            golive.advance(hub)
        _show_connection(hub, name, outcome, as_json)


@click.command()
@click.argument("file", type=click.File("rb"))
@json_option
def apply(file: BinaryIO, as_json: bool) -> None:
    """Bring the connections to what FILE (YAML; - for standard input) declares. Repeating it changes nothing.

    \b
    Example:
      retail-hub apply connections.yaml
    """
    from hub.flow import golive
    from hub.flow.declaration import apply as act

    text = file.read().decode("utf-8-sig", "replace")
    with open_hub() as hub:
        outcomes = act(hub, text, ACTOR, source=getattr(file, "name", "standard input"))
        golive.advance(hub)
    rows = [{"connection": name, "outcome": outcome} for name, outcome in outcomes.items()]
    show(rows, ["connection", "outcome"], as_json=as_json, empty="the file declares no connection")


@click.command()
@json_option
def export(as_json: bool) -> None:
    """Print the connections as a declaration for `apply`, without secrets.

    \b
    Example:
      retail-hub export > connections.yaml
    """
    import yaml

    from hub.flow.declaration import export as act

    with open_hub() as hub:
        text = act(hub)
    if as_json:
        show_json(yaml.safe_load(text))
    else:
        click.echo(text, nl=False)


@click.command()
@click.argument("name")
@click.option("--reason", default="", help="Recorded in the audit trail.")
def disconnect(name: str, reason: str) -> None:
    """End the connection NAME. Its secrets are deleted; its records and what they say stay.

    \b
    Example:
      retail-hub disconnect oldtill --reason "replaced by the new till"
    """
    from hub.flow.account import disconnect as act

    with open_hub() as hub:
        ended = act(hub, name, ACTOR, reason)
    click.echo(f"{name}: disconnected" if ended else f"{name}: was disconnected already")


def _pairs(texts: Sequence[str], sign: str, option: str) -> dict[str, str]:
    found = {}
    for text in texts:
        key, between, value = text.partition(sign)
        if not key or not between:
            raise click.UsageError(f"{option} takes KEY{sign}VALUE")
        found[key] = value
    return found


def _secrets(texts: Sequence[str]) -> dict[str, list[str]]:
    from hub.flow.declaration import resolve_reference

    found: dict[str, list[str]] = {}
    for text in texts:
        key, between, value = text.partition("=")
        if not key or not between or not value:
            raise click.UsageError("--secret takes KEY=VALUE")
        if value.startswith(("env:", "file:")):
            value = resolve_reference(value, f"--secret {key}")
        found.setdefault(key, []).append(value)
    return found


def _show_connection(hub: Hub, name: str, outcome: str, as_json: bool) -> None:
    row = hub.connections.by_name(name)
    values = {
        "connection": row.name,
        "outcome": outcome,
        "connector": row.connector,
        "realm": row.realm,
        "phase": row.phase,
        "mode": row.mode,
        "flows": row.flows,
    }
    show_one(values, as_json=as_json)


def _summary(manifest: Manifest) -> dict[str, Any]:
    kinds = sorted({kind for stream in manifest.streams for kind in stream.kinds})
    return {
        "name": manifest.name,
        "title": manifest.title.en,
        "api_version": manifest.api_version,
        "kinds": ", ".join(kinds) if len(kinds) <= 6 else f"{len(kinds)} kinds",
    }


def _show_manifest(manifest: Manifest, as_json: bool) -> None:
    fields = [
        {
            "name": one.name,
            "what": "secret" if one.secret else "setting",
            "needed": "yes" if one.required else "",
            "default": one.default,
            "example": one.example,
            "help": one.help.en,
        }
        for one in manifest.config
    ]
    streams = [
        {
            "stream": stream.name,
            "kinds": ", ".join(stream.kinds),
            "directions": ", ".join(stream.directions),
            "read": "pulled" if stream.pull else "pushed",
            "topics": ", ".join(stream.topics),
        }
        for stream in manifest.streams
    ]
    if as_json:
        show_json({**_summary(manifest), "help": manifest.help.en, "config": fields, "streams": streams})
        return
    click.echo(f"{manifest.name} ({manifest.title.en}, {manifest.api_version}): {manifest.help.en}\n")
    show(fields, ["name", "what", "needed", "default", "example", "help"], empty="it needs no settings")
    click.echo()
    show(streams, ["stream", "kinds", "directions", "read", "topics"])
