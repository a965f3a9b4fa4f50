"""Reference page of the command line: every command with its help, as click declares it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from docs.markdown import code, fenced, page, slug, table
from hub.cli import main as cli

PROGRAM = "retail-hub"
# A command that another installed package plugs in is that package's to document.
PACKAGES = ("hub", "worker", "bench", "connectors", "plugins")


def every_command() -> Iterator[tuple[str, click.Command]]:
    """Every command and sub-command of the project with its full name, in the order of the table, plugged ones last."""
    context = click.Context(cli.main)
    for name in cli.main.list_commands(context):
        command = cli.main.get_command(context, name)
        if command is not None and getattr(command.callback, "__module__", "").partition(".")[0] in PACKAGES:
            yield from _walk(f"{PROGRAM} {name}", command)


def _walk(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for word, inner in command.commands.items():
            yield from _walk(f"{name} {word}", inner)


def commands() -> str:
    """The table of commands, then each with usage, text, example, arguments and options."""
    found = list(every_command())
    rows = [[f"[`{name}`](#{slug(name)})", command.get_short_help_str(200)] for name, command in found]
    lead = (
        "The commands talk to the hub of `HUB_DATA_DIR` (`./var`), or to the one of `DATABASE_URL`; on the same machine "
        "they need no token. Exit code 0: done; 1: something is wrong and standard error says what; 2: the call was "
        "wrong. Data goes to standard output (`--json` for programs), remarks to standard error."
    )
    return page("Commands", lead, table(["command", "does"], rows), *(_section(name, c) for name, c in found))


def _section(name: str, command: click.Command) -> str:
    text, _, example = inspect.cleandoc(command.help or "").partition("\b")
    parts = [f"## {name}", fenced(_usage(name, command)), text.strip()]
    if example:
        lines = example.strip().splitlines()[1:]
        parts.append("Example:\n\n" + fenced(inspect.cleandoc("\n".join(lines)), "sh"))
    rows = [_option(option) for option in command.params if isinstance(option, click.Option) and not option.hidden]
    if rows:
        parts.append(table(["option", "meaning", "default"], rows))
    return "\n\n".join(part for part in parts if part)


def _usage(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    pieces = command.collect_usage_pieces(context)
    return " ".join([name, *pieces])


def _option(option: click.Option) -> list[str]:
    names = ", ".join(code(name) for name in [*option.opts, *option.secondary_opts])
    choices = ", ".join(map(code, option.type.choices)) if isinstance(option.type, click.Choice) else ""
    meaning = " ".join(part for part in (option.help or "", f"One of {choices}." if choices else "") if part)
    required = " Required." if option.required else ""
    repeated = " May be repeated." if option.multiple else ""
    shown = option.default if option.show_default and isinstance(option.default, str | int | float) else ""
    return [names, f"{meaning}{required}{repeated}", code(shown)]
