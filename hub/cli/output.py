"""How commands show things: a table for people, `--json` for programs, progress on standard error."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
WIDEST = 60
_MONEY = {"amount", "currency"}
_REFERENCE = {"connection", "object_type", "external_id"}


def json_option(command: F) -> F:
    """Adds `--json`; the command receives it as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def show_json(value: Any) -> None:
    """Prints one JSON document. Times, uuids and sets are understood."""
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z
    click.echo(orjson.dumps(value, default=_plain, option=options).decode())


def show(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool = False, empty: str = "nothing"
) -> None:
    """Prints rows as an aligned table of `columns`, or all of them as a JSON list."""
    rows = list(rows)
    if as_json:
        show_json(rows)
    elif not rows:
        click.echo(empty)
    else:
        _table([[_cell(row.get(name)) for name in columns] for row in rows], [name.upper() for name in columns])


def show_one(values: Mapping[str, Any], *, as_json: bool = False) -> None:
    """Prints one thing: `name  value` lines, or a JSON object."""
    if as_json:
        show_json(values)
        return
    width = max((_width(name) for name in values), default=0)
    for name, value in values.items():
        click.echo(f"{_pad(name, width)}  {_cell(value, widest=0)}")


def say(text: str) -> None:
    """A remark for the person at the terminal: standard error, so that standard output stays data."""
    click.echo(text, err=True)


class Progress:
    """Counts on one line of a terminal; silent when standard error is not one."""

    def __init__(self, title: str, total: int | None = None) -> None:
        self._title = title
        self._total = total
        self._live = sys.stderr.isatty()
        self.done = 0

    def step(self, count: int = 1, note: str = "") -> None:
        """Counts `count` more."""
        self.done += count
        if self._live:
            share = f"/{self._total} {self.done * 100 // self._total}%" if self._total else ""
            click.echo(f"\r\033[K{self._title}: {self.done}{share} {note}", nl=False, err=True)

    def end(self) -> None:
        """Clears the line."""
        if self._live:
            click.echo("\r\033[K", nl=False, err=True)


@contextmanager
def progress(title: str, total: int | None = None) -> Iterator[Progress]:
    """A `Progress` for the time of the block."""
    shown = Progress(title, total)
    try:
        yield shown
    finally:
        shown.end()


def _table(rows: list[list[str]], head: list[str]) -> None:
    widths = [max(_width(line[i]) for line in [head, *rows]) for i in range(len(head))]
    for line in [head, *rows]:
        click.echo("  ".join(_pad(text, width) for text, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any, *, widest: int = WIDEST) -> str:
    if value is None:
        return ""
    value = _worded(value)
    if isinstance(value, dict | list | tuple | set):
        import orjson

        value = orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()
    # One line, and no control characters: values come from outside and the terminal obeys escape codes.
    text = "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in str(value))
    return text if not widest or len(text) <= widest else text[: widest - 1] + "…"


def _worded(value: Any) -> Any:
    """Values that people read in one form: times as the API writes them, money, references, yes and no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, dict) and value.keys() == _MONEY:
        return f"{value['amount']} {value['currency']}"
    if isinstance(value, dict) and value.keys() == _REFERENCE:
        return f"{value['connection']}:{value['external_id']}"
    return value


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, set | frozenset) else str(value)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
