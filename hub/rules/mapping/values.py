"""Writes how one value is made: fetched, transformed, looked up, checked."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal

from hub.model.kind import Field
from hub.model.transform import gives, takes_null
from hub.model.value import check_of, check_reference
from hub.rules.mapping.path import Path
from hub.rules.mapping.source import Source
from hub.rules.mapping.spec import Lookup, Step, Value


@dataclass(slots=True)
class ValueWriter:
    """Writes values into `source`. Going `in`, plain values are checked for their field; going `out`, there is none."""

    source: Source
    side: Literal["in", "out"]
    file: str
    plurals: Mapping[str, str]

    def where(self, line: int) -> str:
        """`file:line`, as problems show it."""
        return f"{self.file}:{line}"

    def write(self, node: Value, field: Field | None, name: str) -> str:
        """Writes the node; the variable then holds a canonical value, None (cleared) or M (not asserted)."""
        var = self.source.fresh()
        if not node.when:
            self._fill(node, field, name, var)
            return var
        holds = self.source.conditions(node.when, self.where(node.line))
        self.source.put(f"{var} = M")
        with self.source.block(f"if {holds}:"):
            self._fill(node, field, name, var)
        return var

    def _fill(self, node: Value, field: Field | None, name: str, var: str) -> None:
        source = self.source
        if node.has_const:
            source.put(f"{var} = {source.const(node.const)}")
            return
        if node.first:
            self._alternatives(node, field, name, var)
        else:
            label = self._fetch(node, var)
            self._convert(node, field, name, var, label)
        if node.default is not None:
            with source.block(f"if {var} is None or {var} is M:"):
                source.put(f"{var} = {source.const(node.default)}")

    def _alternatives(self, node: Value, field: Field | None, name: str, var: str) -> None:
        source = self.source
        source.put(f"{var} = M")
        for alternative in node.first:
            with source.block(f"if {var} is None or {var} is M:"):
                found = self.write(alternative, field, name)
                with source.block(f"if {found} is not M:"):
                    source.put(f"{var} = {found}")

    def _fetch(self, node: Value, var: str) -> str:
        source, where = self.source, self.where(node.line)
        if not node.paths:
            source.put(f"{var} = M")
            return ""
        if node.gather:
            found = [source.get(path, where) for path in node.paths]
            names = [one for one, _ in found]
            source.put(f"{var} = [{', '.join(f'None if {one} is M else {one}' for one in names)}]")
            with source.block(f"if {' and '.join(f'{one} is M' for one in names)}:"):
                source.put(f"{var} = M")
            with source.block(f"elif {' and '.join(f'({one} is M or {one} is None)' for one in names)}:"):
                source.put(f"{var} = None")
            return found[0][1]
        _, label = source.get(node.paths[0], where, var)
        for path in node.paths[1:]:
            with source.block(f"if {var} is None or {var} is M:"):
                other, _ = source.get(path, where)
                with source.block(f"if {other} is not M:"):
                    source.put(f"{var} = {other}")
        return label

    def _convert(self, node: Value, field: Field | None, name: str, var: str, label: str) -> None:
        source = self.source
        check = self._check(node, field, name, var)
        if not (node.steps or node.lookup or check):
            return
        steps = [(step, self._arguments(step, node)) for step in node.steps]
        guard = self._guard(node, check, var)
        if node.lookup is not None and node.lookup.has_null:
            with source.block(f"if {var} is None:"):
                source.put(f"{var} = {source.const(node.lookup.on_null)}")
            guard = f"el{guard}"
        with ExitStack() as stack:
            stack.enter_context(source.block(guard))
            with source.block("try:"), ExitStack() as inner:
                is_id = self.side == "out" and node.reference is not None
                if is_id:
                    with source.block(f"if {var} is not None:"):
                        source.put(check)
                    check = ""
                self._steps(steps, var, inner, may_be_null=is_id or guard.endswith(f"if {var} is not M:"))
                if node.lookup is not None:
                    self._look_up(node.lookup, var)
                    if check:
                        inner.enter_context(source.block(f"if {var} is not None and {var} is not M:"))
                if check:
                    source.put(check)
            with source.block("except F as x:"):
                source.put(f"{var} = fail(P, x, {source.quote(label)}, {name!r}, {self.where(node.line)!r}, {var})")

    def _guard(self, node: Value, check: str, var: str) -> str:
        if any(takes_null(step.function) for step in node.steps):
            return f"if {var} is not M:"
        if not node.steps and node.lookup is None and check == f"{var} = check_text({var})":
            # Nine of ten texts are plain: the cheap test first, the null test only for what remains.
            return (
                f"if ({var}.__class__ is not str or not {var}.isascii() or '\\x00' in {var})"
                f" and {var} is not None and {var} is not M:"
            )
        return f"if {var} is not None and {var} is not M:"

    def _steps(self, steps: list[tuple[Step, str]], var: str, inner: ExitStack, *, may_be_null: bool) -> None:
        source = self.source
        for step, arguments in steps:
            call = f"{var} = {source.const(step.function)}({var}{arguments})"
            if takes_null(step.function):
                source.put(call)
                may_be_null = gives(step.function) is None
            elif may_be_null:
                with source.block(f"if {var} is not None:"):
                    source.put(call)
            else:
                source.put(call)
                may_be_null = gives(step.function) is None
        if may_be_null:
            inner.enter_context(source.block(f"if {var} is not None:"))

    def _arguments(self, step: Step, node: Value) -> str:
        shown = [self._argument(value, node) for value in step.positional]
        shown += [f"{name}={self._argument(value, node)}" for name, value in step.named.items()]
        return "".join(f", {one}" for one in shown)

    def _argument(self, value: Any, node: Value) -> str:
        if not isinstance(value, Path):
            return self.source.const(value)
        var, _ = self.source.get(value, self.where(node.line))
        return f"(None if {var} is M else {var})"

    def _look_up(self, lookup: Lookup, var: str) -> None:
        source = self.source
        table = source.const(lookup.table)
        if lookup.unknown == "error":
            source.put(f"{var} = find({table}, {var}, {lookup.name!r})")
            return
        fallback = {"keep": var, "null": "None", "absent": "M", "const": source.const(lookup.unknown_value)}
        source.put(f"{var} = {table}.get(key_text({var}), {fallback[lookup.unknown]})")

    def _check(self, node: Value, field: Field | None, name: str, var: str) -> str:
        """The line that brings the value to its field's canonical form; "" when it is known to have it."""
        source = self.source
        if self.side == "out":
            if node.reference is None:
                return ""
            flags = f"required={node.reference.required}, keep={node.reference.keep}"
            return f"{var} = refer(resolve, {var}, {name!r}, {flags})"
        if field is None or field.fields:
            return ""
        if "ref" in (field.type, field.of):
            return self._reference_check(node, field, var)
        if node.lookup is not None and node.lookup.unknown != "keep":
            return ""
        given = gives(node.steps[-1].function) if node.steps and node.lookup is None else None
        if given == field.type and not field.format and given != "enum":
            return ""
        if field.type == "text" and not field.format:
            return f"{var} = check_text({var})"
        return f"{var} = {source.const(check_of(field))}({var})"

    def _reference_check(self, node: Value, field: Field, var: str) -> str:
        named = node.reference.object_type if node.reference else ""
        type_ = named or self.plurals.get(field.ref, field.ref)
        if field.type == "list":
            return f"{var} = references({var}, conn, {type_!r})"
        if node.gather and not node.steps:  # an id of several parts, as `id` makes it
            return f"{var} = parted_reference({var}, conn, {type_!r})"
        check = self.source.const(check_reference)
        return f"{var} = {check}({var}, conn, {type_!r})"
