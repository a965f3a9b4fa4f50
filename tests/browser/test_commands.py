"""The command line that a page shows is one that exists, and takes what is shown."""

from __future__ import annotations

import re
import shlex
from html import unescape

import click

from hub.cli.main import main
from tests.browser.cases import cases
from tests.browser.client import Visitor
from tests.browser.world import World


def _parse(words: list[str]) -> None:
    """Follows `words` through groups to a command, as the command line does, without running it."""
    command: click.Command = main
    context: click.Context | None = None
    while True:
        context = command.make_context(command.name, list(words), parent=context)
        rest = [*context._protected_args, *context.args]
        if not isinstance(command, click.Group) or not rest:
            return
        _name, found, words = command.resolve_command(context, rest)
        assert found is not None, rest
        command = found


def test_commands_when_shown_on_a_page_then_they_exist(full: World) -> None:
    visitor = Visitor(full)
    shown = set()
    for case in cases(full):
        if case.state != "empty" and case.status == 200:
            shown |= set(re.findall(r'data-copy="(retail-hub [^"]+)"', visitor.get(case.path).text))
    assert len(shown) > 8
    for command in sorted(shown):
        try:
            _parse(shlex.split(unescape(command))[1:])
        except click.UsageError as error:
            raise AssertionError(f"{command}: {error.format_message()}") from error
