"""`retail-hub`: the table of commands. Each is imported when it is called, so that every start is fast."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, NoReturn

import click

from hub.errors import HubError

Target = tuple[str, str]

# name -> (module:object, what it does)
COMMANDS: dict[str, Target] = {
    "run": ("hub.cli.run:run", "Start everything: servers, web, workers, scheduler."),
    "demo": ("hub.cli.run:demo", "The same, with simulated systems and a scripted shop day."),
    "web": ("hub.cli.role:web", "Start the web server alone."),
    "worker": ("hub.cli.role:worker", "Start workers alone."),
    "scheduler": ("hub.cli.role:scheduler", "Start the scheduler alone."),
    "migrate": ("hub.cli.schema:migrate", "Bring the database up to date."),
    "reload": ("hub.cli.reload:reload", "Put the rules on disk in force."),
    "release": ("hub.cli.reload:release", "Say which rules are in force, list and change them."),
    "connectors": ("hub.cli.connections:connectors", "List what can be connected, and what it needs."),
    "new-connector": ("hub.cli.scaffold:new_connector", "Begin a connector: a package that passes the kit."),
    "test-connector": ("hub.cli.conformance:test_connector", "Prove that a connector keeps the contract."),
    "connect": ("hub.cli.connections:connect", "Connect a system, or change its connection."),
    "apply": ("hub.cli.connections:apply", "Bring the connections to what a file declares."),
    "export": ("hub.cli.connections:export", "Print the connections as such a file."),
    "check": ("hub.cli.control:check", "Check the settings and the connections."),
    "health": ("hub.cli.health:health", "Look at workers, queues, servers and disk."),
    "subscriptions": ("hub.cli.watch:subscriptions", "Show what systems will send, and restore it."),
    "jobs": ("hub.cli.watch:jobs", "List the work that comes again and again."),
    "pause": ("hub.cli.control:pause", "Make no calls to a system for now."),
    "resume": ("hub.cli.control:resume", "End a pause or a halt."),
    "halt": ("hub.cli.control:halt", "Stop one connection or everything at once."),
    "disconnect": ("hub.cli.connections:disconnect", "End a connection; what it said stays."),
    "secrets": ("hub.cli.control:secrets", "Rotate what is stored encrypted."),
    "pull": ("hub.cli.inbox:pull", "Read a system's streams now."),
    "ingest": ("hub.cli.inbox:ingest", "Put raw events from a file into the inbox."),
    "events": ("hub.cli.event:events", "List the events of the inbox, or show one."),
    "quarantine": ("hub.cli.quarantine:quarantine", "Look at what was set aside, run it again, discard it."),
    "records": ("hub.cli.records:records", "List or find golden records."),
    "store-today": ("hub.cli.store:store_today", "Show a store's day in figures."),
    "explain": ("hub.cli.records:explain", "Say why a golden record has its values."),
    "deliveries": ("hub.cli.deliveries:deliveries", "List deliveries, or act on one."),
    "alerts": ("hub.cli.alerts:alerts", "List what is wrong, or deal with an alert."),
    "items": ("hub.cli.items:items", "List work for a person, or resolve an item."),
    "drift": ("hub.cli.drift:drift", "List what changed in what systems send, and decide on it."),
    "plans": ("hub.cli.plans:plans", "List mass changes held for a person."),
    "plan": ("hub.cli.plans:plan", "Release or discard a mass change."),
    "match": ("hub.cli.match:match", "Work off pairs of records that may be one."),
    "merge": ("hub.cli.stewardship:merge", "Rule that golden records are one."),
    "split": ("hub.cli.stewardship:split", "Rule that a source record is somebody else."),
    "pin": ("hub.cli.stewardship:pin", "Fix a field, whatever the systems say."),
    "unpin": ("hub.cli.stewardship:unpin", "Let the systems decide a field again."),
    "choose": ("hub.cli.stewardship:choose", "Take one source's value of a field."),
    "undo": ("hub.cli.stewardship:undo", "Undo an act, or lift a freeze."),
    "mapping": ("hub.cli.mapping:mapping", "Check mapping files, see what they would change."),
    "policy": ("hub.cli.forecast:policy", "Look at policies before they take effect."),
    "replay": ("hub.cli.replay:replay", "Run stored events again."),
    "user": ("hub.cli.access:user", "Keep the users of the console."),
    "token": ("hub.cli.access:token", "Keep the access tokens of programs."),
    "audit": ("hub.cli.access:audit", "Check the trail of what people and tokens did."),
    "drain": ("hub.cli.drain:drain", "Wait until nothing is pending."),
}
# Steps of other commands, in processes of their own.
HIDDEN = {"prepare": "hub.cli.prepare:prepare", "day": "hub.cli.prepare:day"}
# Commands of plugins and of the demo: an entry point each, `name = module:command`.
PLUGGED = "retail_hub.commands"


class Commands(click.Group):
    """A group whose commands are named in a table."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Every name, in the table's order, plugged ones last."""
        return [*COMMANDS, *sorted(_plugged().keys() - COMMANDS.keys())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Imports one command; None when there is none of that name."""
        if cmd_name in COMMANDS:
            return load(COMMANDS[cmd_name][0])
        if cmd_name in HIDDEN:
            return load(HIDDEN[cmd_name])
        point = _plugged().get(cmd_name)
        return point.load() if point else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Lists the commands from the table, without importing them."""
        plugged = [(name, "(plugin)") for name in sorted(_plugged().keys() - COMMANDS.keys())]
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()] + plugged)

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Runs a command; an error of the hub becomes one message and exit code 1, a wrong call exit code 2."""
        try:
            return super().main(args, *rest, **extra)
        except HubError as error:
            fail(str(error))
        except Exception as error:
            # Only the store may import the driver; its words about an unreachable server are for people.
            if type(error).__module__.split(".")[0] in ("psycopg", "psycopg_pool", "sqlalchemy") and _is_outage(error):
                fail(f"cannot reach the database: {str(error).strip().splitlines()[0]}")
            raise


def load(target: str) -> click.Command:
    """Imports `module:object`."""
    module, _, name = target.partition(":")
    found: click.Command = getattr(import_module(module), name)
    return found


def fail(text: str) -> NoReturn:
    """Says what is wrong on standard error and ends with exit code 1."""
    click.echo(f"error: {text}", err=True)
    sys.exit(1)


def plugged(group: str, name: str) -> Callable[..., Any]:
    """What an installed package put under `name` of an entry point group; HubError when nobody did."""
    found = next(iter(entry_points(group=group, name=name)), None)
    if found is None:
        from hub.errors import ConfigError

        raise ConfigError(f"nothing installed provides {name} ({group}): install the whole retail-hub package again")
    loaded: Callable[..., Any] = found.load()
    return loaded


def _plugged() -> dict[str, Any]:
    return {point.name: point for point in entry_points(group=PLUGGED)}


def _is_outage(error: Exception) -> bool:
    return type(error).__name__ in ("OperationalError", "PoolTimeout", "InterfaceError")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="retail-hub", message="%(version)s")
def main() -> None:
    """Retail Hub keeps a shop chain's systems in agreement about customers and orders.

    The commands talk to the hub of HUB_DATA_DIR (./var), or to the one of DATABASE_URL.

    \b
    Example:
      retail-hub run --port 8000
    """


if __name__ == "__main__":
    main()
