"""Whether a `when` can ever hold, with the conditions around it: one that cannot is a mistake."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hub.rules.mapping.document import Fault
from hub.rules.mapping.path import Path
from hub.rules.mapping.spec import Condition, Each, Elements, Node, Object, OutSpec, RecordSpec, Value

_ABSENT = object()
_OTHER = object()  # any value that no condition names

Place = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Around:
    """Where a node stands: the objects around it, and what already holds there."""

    file: str
    scopes: tuple[Place, ...] = ((),)
    known: tuple[tuple[Place, Condition], ...] = ()
    faults: list[Fault] = field(default_factory=list)

    def place(self, path: Path) -> Place:
        if path.context:
            return ("@" + path.context,)
        at = len(self.scopes) - 1 - path.up
        return (*self.scopes[at], *path.parts) if at >= 0 else ("^", path.up - len(self.scopes), *path.parts)

    def within(self, path: Path, *mark: object) -> _Around:
        return replace(self, scopes=(*self.scopes, (*self.place(path), *mark)))

    def given(self, when: Sequence[Condition], line: int, name: str) -> _Around:
        """What holds inside; a contradiction is noted."""
        inner = replace(self, known=(*self.known, *((self.place(one.path), one) for one in when)))
        for place in dict.fromkeys(self.place(one.path) for one in when):
            together = [one for where, one in inner.known if where == place]
            if not _may_hold(together):
                path = next(one.path.text for one in when if self.place(one.path) == place)
                word = f"{name}.when" if name else "when"
                text = f"never holds: no value of {path} meets it and the conditions around it; loosen one of them"
                self.faults.append(Fault(self.file, line, word, text))
        return inner


def unreachable(spec: RecordSpec | OutSpec) -> list[Fault]:
    """Every condition that contradicts itself or those around it, and alternatives behind one that always gives a value."""
    around = _Around(spec.file)
    if isinstance(spec, OutSpec):
        _members(spec, around.given(spec.when, spec.line, "out"))
        for name, node in spec.holds.items():
            _node(node, around, f"holds.{name}")
    else:
        _record(spec, around)
    return around.faults


def _record(spec: RecordSpec, around: _Around) -> None:
    here = replace(around, file=spec.file)
    if spec.root is not None:
        here = here.within(spec.root)
    inner = here.given(spec.when, spec.line, "")
    here.given(spec.deletes, spec.line, "deletes")
    _members(spec, inner)
    for also in spec.also:
        below = inner.within(also.path, *(("[]",) if also.is_list else ()))
        _record(also.record, below.given(also.when, also.record.line, "also"))


def _members(spec: RecordSpec | OutSpec, around: _Around) -> None:
    for name, node in spec.members.items():
        _node(node, around, name)


def _node(node: Node, around: _Around, name: str) -> None:
    if isinstance(node, Elements):
        for entry in node.entries:
            _node(entry, around, name)
        return
    if isinstance(node, Each):
        around = around.within(node.path, "[]")
    elif isinstance(node, Object) and node.path is not None:
        inner = around.given(node.when, node.line, name).within(node.path)
        _inner(node, inner, name)
        return
    inner = around.given(node.when, node.line, name)
    _inner(node, inner, name)


def _inner(node: Value | Object | Each, inner: _Around, name: str) -> None:
    if isinstance(node, Value):
        _alternatives(node, inner, name)
        return
    if isinstance(node, Each) and node.item is not None:
        _node(node.item, inner, name)
    for member, one in node.members.items():
        _node(one, inner, f"{name}.{member}")


def _alternatives(node: Value, around: _Around, name: str) -> None:
    for index, one in enumerate(node.first):
        _node(one, around, name)
        if _is_certain(one) and index + 1 < len(node.first):
            rest = node.first[index + 1]
            text = "is never looked at: the one before it always gives a value; put it first, or give that one a `when`"
            around.faults.append(Fault(around.file, rest.line, f"{name}.first", text))
            return


def _is_certain(node: Value) -> bool:
    return not node.when and (node.default is not None or (node.has_const and node.const is not None))


def _may_hold(conditions: Sequence[Condition]) -> bool:
    return any(all(_holds(one, value) for one in conditions) for value in _candidates(conditions))


def _candidates(conditions: Sequence[Condition]) -> Iterator[Any]:
    yield from (_ABSENT, None, _OTHER)
    for one in conditions:
        if one.operator in ("in", "not_in"):
            yield from one.operand
        elif one.operator in ("equals", "not_equals"):
            yield one.operand


def _holds(condition: Condition, value: Any) -> bool:
    operator, operand = condition.operator, condition.operand
    if operator == "given":
        return bool((value is not _ABSENT) is operand)
    plain = None if value is _ABSENT else value
    if operator == "present":
        return bool((plain is not None) is operand)
    if operator in ("equals", "not_equals"):
        return bool((plain == operand) is (operator == "equals"))
    return bool((plain in operand) is (operator == "in"))
