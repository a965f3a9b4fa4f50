"""Reads look-up tables: from text to value, forwards or backwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from hub.errors import ConfigError
from hub.model.fault import ValueFault
from hub.model.kind import Field
from hub.model.value import check_of
from hub.rules.mapping.beside import did_you_mean
from hub.rules.mapping.document import Entry, Report
from hub.rules.mapping.spec import Lookup, Unknown

UNKNOWN_WORDS = ("error", "keep", "null", "absent")


def read_literal(report: Report, entry: Entry | None, field: Field | None, name: str) -> Any:
    """A value written in the file, in its field's canonical form; None, with the fault noted, when it is not valid."""
    return None if entry is None else _checked(report, entry.plain, entry.line, field, name)


def _checked(report: Report, value: Any, line: int, field: Field | None, name: str, place: str = "") -> Any:
    if value is None or field is None or field.type == "ref":
        return value
    if field.fields:
        wanted, what = (list, "a list") if field.type == "list" else (dict, "an object")
        if not isinstance(value, wanted):
            report.add(line, name, f"the value {value!r} is not {what}{place}")
        return value
    try:
        return check_of(field)(value)
    except (ValueFault, ConfigError) as fault:
        report.add(line, name, f"the value {value!r} {fault}{place}")
        return None


@dataclass(frozen=True, slots=True)
class TableReader:
    """Reads the tables of one file. `lookups`: those with a file of their own."""

    report: Report
    lookups: Mapping[str, Entry]

    def read(self, given: Mapping[str, Entry], field: Field | None, name: str) -> Lookup | None:
        """The `lookup` of a value with its `unknown` and `reverse`; None when it has none, or a faulty one."""
        entry = given.get("lookup")
        if entry is None:
            return None
        if not entry.is_object and not isinstance(entry.value, str):
            what = "`lookup` is an object from source value to canonical value, or the name of a table in lookups/"
            self.report.add(entry.line, name, what)
            return None
        pairs = entry if entry.is_object else self.lookups.get(entry.value)
        label = name if entry.is_object else str(entry.value)
        if pairs is None:
            known = ", ".join(sorted(self.lookups)) or "none"
            meant = did_you_mean(label, self.lookups)
            self.report.add(entry.line, name, f"no lookup table {label!r}; known are: {known}{meant}")
            return None
        if pairs is not entry:
            self.report.tables.add(label)
        table = self._table(given, pairs, field, name)
        found = Lookup(
            label,
            {key: value for key, value in table.items() if key is not None},
            has_null=None in table,
            on_null=table.get(None),
        )
        return self._unknown(given.get("unknown"), found, field, name)

    def _table(self, given: Mapping[str, Entry], pairs: Entry, field: Field | None, name: str) -> dict[Any, Any]:
        used = given["lookup"]
        reverse = "reverse" in given and given["reverse"].plain is True
        table: dict[Any, Any] = {}
        sources: dict[Any, Any] = {}
        for key, inner in pairs.value.items():
            source, result = (inner.plain, key) if reverse else (key, inner.plain)
            # A table of its own file has lines of that file: the fault stands where it is used, and says which.
            line = inner.line if pairs is used else used.line
            place = "" if pairs is used else f" (lookups/{used.value}.yaml:{inner.line})"
            if isinstance(source, dict | list):
                self.report.add(line, name, f"the table gives {key} no plain value, so it cannot be read backwards")
                continue
            word = source if source is None else _key_text(source)
            if word in table:
                text = f"cannot be read backwards: {sources[word]} and {key} both give {word}; write a table of its own here"
                self.report.add(line, name, text)
            sources.setdefault(word, key)
            table.setdefault(word, _checked(self.report, result, line, field, name, place))
        return table

    def _unknown(self, unknown: Entry | None, found: Lookup, field: Field | None, name: str) -> Lookup:
        if unknown is None:
            return found
        if unknown.is_object and unknown.value.keys() == {"const"}:
            value = read_literal(self.report, unknown.value["const"], field, name)
            return replace(found, unknown="const", unknown_value=value)
        word = "null" if unknown.value is None else unknown.value
        if word not in UNKNOWN_WORDS:
            self.report.add(unknown.line, name, f"unknown is one of {', '.join(UNKNOWN_WORDS)}, or {{const: …}}")
            return found
        return replace(found, unknown=cast("Unknown", word))


def _key_text(value: Any) -> str:
    if value.__class__ is bool:
        return "true" if value else "false"
    return str(value)
