"""Reads `when`: `{path: test, equals: false}`, or a list of such, of which all must hold."""

from __future__ import annotations

from typing import Any, get_args

from hub.rules.mapping.beside import did_you_mean
from hub.rules.mapping.document import Entry, Report
from hub.rules.mapping.path import PathError, parse_path
from hub.rules.mapping.spec import Condition, Operator

OPERATORS: tuple[str, ...] = get_args(Operator)


def read_conditions(entry: Entry | None, report: Report, name: str) -> tuple[Condition, ...]:
    """The conditions of a `when`; none when it is absent or faulty (which is reported)."""
    if entry is None:
        return ()
    inners = entry.value if isinstance(entry.value, list) else [entry]
    if not inners:
        report.add(
            entry.line,
            f"{name}.when" if name else "when",
            "names no condition; leave it out, or write {path: …, equals: …}",
        )
    found = [_condition(inner, report, name) for inner in inners]
    return tuple(condition for group in found for condition in group)


def _condition(entry: Entry, report: Report, name: str) -> list[Condition]:
    label = f"{name}.when" if name else "when"
    words = entry.value if entry.is_object else {}
    operators = [word for word in words if word in OPERATORS]
    if "path" not in words or len(operators) != len(words) - 1 or not operators:
        strange = [str(word) for word in words if word != "path" and word not in OPERATORS]
        meant = did_you_mean(strange[0], ("path", *OPERATORS)) if strange else ""
        report.add(entry.line, label, f"needs path and one of: {', '.join(OPERATORS)}{meant}")
        return []
    if not isinstance(words["path"].value, str):
        report.add(words["path"].line, label, "a path is text like customer.id")
        return []
    try:
        path = parse_path(words["path"].value)
    except PathError as fault:
        report.add(entry.line, label, f"path {fault}")
        return []
    return [
        Condition(path, word, operand)
        for word in operators
        if (operand := _operand(words[word], word, report, label)) is not ...
    ]


def _operand(entry: Entry, word: str, report: Report, label: str) -> Any:
    value = entry.plain
    if any(isinstance(one, dict) for one in (value if isinstance(value, list) else [value])):
        report.add(entry.line, label, f"{word} compares with plain values, not with an object or another path")
        return ...
    if word in ("in", "not_in"):
        if not isinstance(value, list):
            report.add(entry.line, label, f"{word} takes a list of values")
            return ...
        return tuple(value)
    if word in ("present", "given") and not isinstance(value, bool):
        report.add(entry.line, label, f"{word} is true or false")
        return ...
    return value
