"""Writes Python source: lines, names, and how a value at a path is fetched.

Only literals quoted by `repr` and names made here ever reach the source, so that nothing a mapping
file says can become code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hub.rules.mapping.path import Path
from hub.rules.mapping.spec import Condition

_INLINE = (str, int, bool, type(None))
_NOWHERE: tuple[str, str | None] = ("", None)  # a path that leads out of the payload


@dataclass(slots=True)
class Scope:
    """An object that paths start from. `label`: its place in the source, as the text of an f-string."""

    var: str
    label: str = ""
    used: set[str] = field(default_factory=set)

    def at(self, path: Path) -> str:
        """The place of a path below it."""
        label = self.label
        for part in path.parts:
            if part.__class__ is int:
                label += f"[{part}]"
            else:
                name = str(part).replace("{", "{{").replace("}", "}}")
                label += f".{name}" if label else name
        return label or "."


class Source:
    """The function being written."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.depth = 1
        self.names: dict[str, Any] = {}
        self.base = ""  # the place of the main record in the payload, with its dot
        self.scopes: list[Scope] = []
        self.watchers: list[set[tuple[str, str | None]]] = []
        self._count = 0
        self._known: dict[int, str] = {}

    def put(self, line: str) -> None:
        """Adds a line at the present depth."""
        self.lines.append("    " * self.depth + line)

    def insert(self, place: int, line: str) -> None:
        """Adds a line at the present depth, before what was written since `place`."""
        self.lines.insert(place, "    " * self.depth + line)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """An indented block; an empty one is `pass`."""
        self.put(head)
        self.depth += 1
        place = len(self.lines)
        yield
        if len(self.lines) == place:
            self.put("pass")
        self.depth -= 1

    def fresh(self, stem: str = "v") -> str:
        """A name nobody uses yet."""
        self._count += 1
        return f"{stem}{self._count}"

    def const(self, value: Any) -> str:
        """An expression for a constant."""
        if value.__class__ in _INLINE:
            return repr(value)
        name = self._known.get(id(value))
        if name is None:
            name = self.fresh("k")
            self.names[name] = value
            self._known[id(value)] = name
        return name

    @staticmethod
    def quote(label: str) -> str:
        """An expression for a place in the source, with the indexes of the loops around."""
        return f"f{label!r}" if "{" in label else repr(label)

    @contextmanager
    def scope(self, var: str, label: str) -> Iterator[Scope]:
        """Paths start from `var` inside."""
        inner = Scope(var, label)
        self.scopes.append(inner)
        yield inner
        self.scopes.pop()

    @contextmanager
    def watch(self) -> Iterator[set[tuple[str, str | None]]]:
        """Collects which members of which scopes are read inside."""
        found: set[tuple[str, str | None]] = set()
        self.watchers.append(found)
        yield found
        self.watchers.pop()

    def get(self, path: Path, where: str, var: str = "") -> tuple[str, str]:
        """Writes the fetching of a path: the variable, and its place. M when absent, None when null."""
        var = var or self.fresh()
        if path.context:
            shown = "from_micros(ctx.received_at_us)" if path.context == "received_at" else f"ctx.{path.context}"
            self.put(f"{var} = {shown}")
            return var, path.text
        at = len(self.scopes) - 1 - path.up
        if at < 0:
            for watcher in self.watchers:
                watcher.add(_NOWHERE)
            self.put(f"{var} = M")
            return var, path.text
        scope = self.scopes[at]
        rest: Sequence[str | int] = path.parts
        head = rest[0] if rest and rest[0].__class__ is str else None
        for watcher in self.watchers:
            watcher.add((scope.var, str(head) if head is not None else None))
        if head is not None:
            scope.used.add(str(head))
            self.put(f"{var} = {scope.var}.get({head!r}, M)")
            rest = rest[1:]
        else:
            self.put(f"{var} = {scope.var}")
        label = scope.at(path)
        for part in rest:
            self._step(var, part, label, where)
        return var, label

    def _step(self, var: str, part: str | int, label: str, where: str) -> None:
        if isinstance(part, int):
            reach = f"len({var}) > {part}" if part >= 0 else f"len({var}) >= {-part}"
            kind, taken, wanted = "list", f"{var}[{part}] if {reach} else None", "a list"
        else:
            kind, taken, wanted = "dict", f"{var}.get({part!r}, M)", "an object"
        with self.block(f"if {var}.__class__ is {kind}:"):
            self.put(f"{var} = {taken}")
        with self.block(f"elif {var} is not None and {var} is not M:"):
            self.put(f"{var} = bad_type(P, {wanted!r}, {self.quote(label)}, {where!r}, {var})")

    def conditions(self, conditions: Sequence[Condition], where: str) -> str:
        """Writes what conditions need and gives the expression that all of them hold."""
        return " and ".join(self._condition(condition, where) for condition in conditions)

    def _condition(self, condition: Condition, where: str) -> str:
        var, _ = self.get(condition.path, where)
        if condition.operator == "given":
            return f"({var} is not M)" if condition.operand else f"({var} is M)"
        if condition.operator == "present":
            present = f"({var} is not M and {var} is not None)"
            return present if condition.operand else f"(not {present})"
        known = self.const(condition.operand)
        sign = {"equals": "==", "not_equals": "!=", "in": "in", "not_in": "not in"}[condition.operator]
        return f"((None if {var} is M else {var}) {sign} {known})"

    def anything_read(self, read: set[tuple[str, str | None]], outer: Sequence[Scope]) -> str:
        """An expression: whether the source carries any of what was read. True when nothing was, as of constants."""
        known = {scope.var for scope in outer}
        tests = sorted({(var, head or "") for var, head in read if var in known})
        if not tests:
            return "False" if _NOWHERE in read else "True"
        if any(not head for _, head in tests):
            return "True"
        return " or ".join(f"{head!r} in {var}" for var, head in tests)

    def compile(self, name: str, head: str, tail: Sequence[str], names: dict[str, Any]) -> tuple[Any, str]:
        """The function, and its source for people who debug it."""
        text = "\n".join([head, *self.lines, *("    " + line for line in tail), ""])
        space = {**names, **self.names}
        exec(compile(text, f"<mapping {name}>", "exec"), space)  # noqa: S102 -- see the module's docstring
        return space["run"], text
