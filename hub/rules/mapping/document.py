"""YAML with line numbers, read by rules a person expects.

Only JSON's scalars are special: null, true, false and numbers. YAML 1.1 would read `no` as false,
`+10:00` as 600 and `2026-11-22` as a date; here they are text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

_INTEGER = re.compile(r"-?(0|[1-9]\d*)", re.ASCII)
_NUMBER = re.compile(r"-?(0|[1-9]\d*)\.\d+", re.ASCII)
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of the file and the line it stands in. `value`: dict[str | None, Entry], list[Entry] or a scalar."""

    value: Any
    line: int

    @property
    def plain(self) -> Any:
        """The value without lines."""
        if isinstance(self.value, dict):
            return {name: entry.plain for name, entry in self.value.items()}
        if isinstance(self.value, list):
            return [entry.plain for entry in self.value]
        return self.value

    @property
    def is_object(self) -> bool:
        """Whether it is a YAML mapping."""
        return isinstance(self.value, dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at one place of a mapping file, and how to fix it. A warning does not stop the start."""

    file: str
    line: int
    field: str
    text: str
    is_warning: bool = False

    def __str__(self) -> str:
        return ": ".join(part for part in (f"{self.file}:{self.line}", self.field, self.text) if part)


@dataclass(slots=True)
class Report:
    """What is wrong with one file."""

    file: str
    faults: list[Fault] = field(default_factory=list)

    def add(self, line: int, name: str, what: str) -> None:
        """Notes one fault; reading goes on, so that a person sees all of them at once."""
        fault = Fault(self.file, line, name, what)
        if fault not in self.faults:  # a file read for every kind would say it once for each
            self.faults.append(fault)


def read_document(text: str, report: Report) -> Entry | None:
    """The file's tree; None, with the fault reported, when it is not YAML."""
    try:
        node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        report.add(line, "", f"not YAML: {error.problem}")
        return None
    except (yaml.YAMLError, ValueError) as error:
        report.add(1, "", f"not YAML: {error}")
        return None
    return _convert(node, report) if node is not None else Entry({}, 1)


def _convert(node: yaml.Node, report: Report) -> Entry:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        found: dict[Any, Entry] = {}
        for key_node, value_node in node.value:
            key = _key(key_node)
            if key in found:
                report.add(key_node.start_mark.line + 1, str(key), "stands here twice; keep one")
            value = _convert(value_node, report)
            found[key] = Entry(value.value, key_node.start_mark.line + 1) if not value.is_object else value
        return Entry(found, line)
    if isinstance(node, yaml.SequenceNode):
        return Entry([_convert(item, report) for item in node.value], line)
    assert isinstance(node, yaml.ScalarNode)  # noqa: S101 -- compose gives these three
    return Entry(_scalar(node), line)


def _key(node: yaml.Node) -> str | None:
    # Names are text whatever they look like, so that `1`, `"1"` and `true` in a look-up table differ by text only.
    if not isinstance(node, yaml.ScalarNode):
        return None
    return None if not node.style and _WORDS.get(node.value, True) is None else str(node.value)


def _scalar(node: yaml.ScalarNode) -> Any:
    text: str = node.value
    if node.style:  # quoted or block text; plain is "" or None, by the loader
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text
