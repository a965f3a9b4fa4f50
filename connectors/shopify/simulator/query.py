"""Just enough GraphQL to answer what is asked and nothing else: parsed into a tree, then picked from objects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(r'\.\.\.|"(?:[^"\\]|\\.)*"|[A-Za-z_$@][\w]*|-?\d+|[{}():!,\[\]=]')


class QueryError(Exception):
    """The query does not fit the schema; `code` as Shopify's `extensions.code`."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class Asked:
    """One field of a selection: its arguments with variables filled in, and what is asked of its value.

    `on`: the type of an inline fragment, whose fields count for objects of that type only. `alias`:
    the name it has in the answer. `directives`: name -> arguments.
    """

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    fields: list[Asked] = field(default_factory=list)
    on: str = ""
    alias: str = ""
    directives: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Its name in the answer."""
        return self.alias or self.name


def is_mutation(text: str) -> bool:
    """Whether a document changes something."""
    return text.lstrip().startswith("mutation")


def parse(text: str, variables: Mapping[str, Any]) -> tuple[str, list[Asked]]:
    """The operation's name and its root fields; `QueryError` when it is no query and no mutation."""
    tokens = [found[0] for found in _TOKEN.finditer(text)]
    try:
        start = tokens.index("{")
        name = tokens[1] if tokens[0] in ("query", "mutation") and start > 1 and tokens[1].isidentifier() else ""
        fields, end = _selection(tokens, start, variables)
    except (IndexError, ValueError):
        raise QueryError("syntax error", "undefined") from None
    if end != len(tokens):
        raise QueryError("syntax error, unexpected end of query", "undefined")
    return name, fields


def _selection(tokens: list[str], at: int, variables: Mapping[str, Any]) -> tuple[list[Asked], int]:
    found: list[Asked] = []
    at += 1
    while tokens[at] != "}":
        if tokens[at] == "...":
            asked = Asked("", on=tokens[at + 2])
            at += 3
        else:
            alias, at = (tokens[at], at + 2) if tokens[at + 1] == ":" else ("", at)
            asked = Asked(tokens[at], alias=alias)
            at += 1
        if tokens[at] == "(":
            asked.arguments, at = _arguments(tokens, at, variables)
        if tokens[at].startswith("@"):
            asked.directives[tokens[at][1:]], at = _arguments(tokens, at + 1, variables)
        if tokens[at] == "{":
            asked.fields, at = _selection(tokens, at, variables)
        found.append(asked)
    return found, at + 1


def _arguments(tokens: list[str], at: int, variables: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    at += 1
    while tokens[at] != ")":
        if tokens[at] == ",":
            at += 1
            continue
        name, value = tokens[at], tokens[at + 2]
        found[name] = variables.get(value[1:]) if value.startswith("$") else _literal(value)
        at += 3
    return found, at + 1


def _literal(token: str) -> Any:
    if token in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[token]
    return int(token) if token.lstrip("-").isdigit() else token.strip('"')


def pick(value: Any, asked: Asked) -> Any:
    """What `asked` selects of `value`: an object, a plain list cut to `first`, or a connection's page."""
    if isinstance(value, list):
        if asked.fields and {each.name for each in asked.fields} & {"nodes", "pageInfo"}:
            return _connection(value, asked)
        cut = value[: asked.arguments["first"]] if "first" in asked.arguments else value
        return [pick(each, asked) for each in cut] if asked.fields else cut
    if value is None or not asked.fields:
        return value
    found: dict[str, Any] = {}
    for each in _fields_for(value, asked.fields):
        if each.name not in value:
            raise QueryError(
                f"Field '{each.name}' doesn't exist on type '{value.get('__typename', '?')}'", "undefinedField"
            )
        found[each.key] = pick(value[each.name], each)
    return found


def _fields_for(value: Mapping[str, Any], fields: list[Asked]) -> Iterator[Asked]:
    for each in fields:
        if not each.on:
            yield each
        elif each.on == value.get("__typename"):
            yield from _fields_for(value, each.fields)


def _connection(values: list[Any], asked: Asked) -> dict[str, Any]:
    first, after = int(asked.arguments.get("first") or 0), asked.arguments.get("after")
    start = int(after) + 1 if after else 0
    rows = values[start : start + first]
    return page(rows, asked, has_more=start + first < len(values), end=str(start + len(rows) - 1) if rows else None)


def page(rows: list[Any], asked: Asked, *, has_more: bool, end: str | None) -> dict[str, Any]:
    """A connection's page of `rows`, as asked."""
    nodes = next((each for each in asked.fields if each.name == "nodes"), None)
    found: dict[str, Any] = {"pageInfo": {"hasNextPage": has_more, "endCursor": end}}
    return ({"nodes": [pick(row, nodes) for row in rows]} if nodes else {}) | found


def cost(fields: list[Asked]) -> int:
    """Points a query may cost: for each object and list element that it allows a fifth of a point, two per connection.

    Shopify's own reckoning is not published in full; this one gives its figure for a plain listing
    (52 points for 250 customers) and grows with nesting as its own does.
    """
    elements, connections = _weigh(fields)
    return -(-elements // 5) + 2 * connections


def _weigh(fields: list[Asked]) -> tuple[int, int]:
    elements = connections = 0
    for each in fields:
        inner, below = _weigh(each.fields)
        size = int(each.arguments.get("first") or 1)
        is_connection = any(one.name == "nodes" for one in each.fields)
        connections += below + is_connection
        is_group = each.name in ("nodes", "pageInfo") or bool(each.on)
        if each.name == "nodes" or (each.fields and not is_connection and not is_group):
            inner += 1
        elements += inner * size
    return elements, connections
