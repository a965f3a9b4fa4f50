"""Reads YAML into a tree with lines, event by event: no depth, alias or tag of a file can do harm, and no error is bare."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

MOST_CHARACTERS: Final = 2_000_000
MOST_DEPTH: Final = 50
MOST_VALUES: Final = 100_000
"""Counted with all that aliases stand for."""
_LONGEST_NUMBER: Final = 100
_INTEGER = re.compile(r"-?(0|[1-9]\d*)", re.ASCII)
_NUMBER = re.compile(r"-?(0|[1-9]\d*)\.\d+", re.ASCII)
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}
_FULL_WIDTH: Final = {
    "\uff1a": ":", "\uff0c": ",", "\uff5b": "{", "\uff5d": "}", "\uff3b": "[", "\uff3d": "]",
    "\u3010": "[", "\u3011": "]", "\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'",
}  # fmt: skip
_ODD_SPACES: Final = "\u00a0\u3000\u200b\u200c\u200d\u2060\ufeff"
_MERGE: Final = "<<"
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What YAML's own words mean to somebody who has never read its grammar.
_HINTS = (
    ("mapping values are not allowed", "indent this line like those beside it, and put a value that has a colon in quotes"),
    ("did not find expected key", "indent this line like those beside it"),
    ("did not find expected '-'", "indent this line like those beside it"),
    ("did not find expected ',' or", "close the bracket, and put a value with a bracket or comma in quotes"),
    ("found unexpected end of stream", "close the quotes"),
    ("found unknown escape", "write a backslash twice, or use single quotes"),
    ("could not find expected ':'", "give the name a colon and a value"),
)  # fmt: skip


class TreeError(ValueError):
    """The text cannot be read at all; `line` says where."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


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


@dataclass(slots=True)
class _Frame:
    """An object or list that is being read. `key`: (name, line) of the member that comes next."""

    entry: Entry
    anchor: str | None = None
    values: int = 1
    key: tuple[str | None, int] | None = None


@dataclass(slots=True)
class Tree:
    """A text being read. `remarks`: (line, name, what) of what can be read and is wrong all the same."""

    text: str
    remarks: list[tuple[int, str, str]] = field(default_factory=list)
    _root: Entry | None = None
    _frames: list[_Frame] = field(default_factory=list)
    _anchors: dict[str, tuple[Entry, int] | None] = field(default_factory=dict)

    def read(self) -> Entry | None:
        """The tree; None of a text without any value. `TreeError` when it is no YAML, or larger than any rule file."""
        if len(self.text) > MOST_CHARACTERS:
            raise TreeError(1, f"is larger than {MOST_CHARACTERS} characters; split it")
        documents = 0
        for event in self._events():
            line = event.start_mark.line + 1
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.remarks.append((line, "", "a second document begins here; take out `---`, or make two files"))
                    break
            elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                self._open(event, line)
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                self._close()
            elif isinstance(event, yaml.ScalarEvent):
                self._scalar(event, line)
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event, line)
        return self._root

    def _events(self) -> Iterator[Any]:
        try:
            yield from yaml.parse(self.text, Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            raise self._not_yaml(error) from None
        except (yaml.YAMLError, ValueError) as error:
            at = getattr(error, "position", 0)
            raise TreeError(self.text.count("\n", 0, at) + 1, f"not YAML: {str(error).splitlines()[0]}") from None

    def _not_yaml(self, error: yaml.MarkedYAMLError) -> TreeError:
        mark, problem = error.problem_mark, str(error.problem)
        line = mark.line + 1 if mark else 1
        lines = self.text.splitlines()
        here = lines[line - 1] if line <= len(lines) else ""
        sign = here[mark.column : mark.column + 1] if mark else ""
        if sign == "\t" or "tab character" in problem or "\t" in here[: len(here) - len(here.lstrip())]:
            hint = "a tab stands here; indent with spaces"
        elif "cannot start any token" in problem:
            hint = f"a value cannot begin with {sign}; put it in quotes"
        else:
            hint = next((hint for words, hint in _HINTS if words in problem), "")
        opened = error.context_mark.line + 1 if error.context_mark else line
        where = f" (of what begins in line {opened})" if opened != line else ""
        return TreeError(line, f"not YAML: {problem}{where}" + (f"; {hint}" if hint else "") + full_width(here))

    def _open(self, event: Any, line: int) -> None:
        if len(self._frames) >= MOST_DEPTH:
            raise TreeError(line, f"is nested deeper than {MOST_DEPTH} levels; no rule file needs that")
        self._remark_tag(event, line)
        empty: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        if event.anchor:
            self._anchors[event.anchor] = None  # known, and not to be used before it ends
        self._frames.append(_Frame(Entry(empty, line), event.anchor))

    def _close(self) -> None:
        frame = self._frames.pop()
        if frame.anchor:
            self._anchors[frame.anchor] = (frame.entry, frame.values)
        self._deliver(frame.entry, frame.values)

    def _scalar(self, event: Any, line: int) -> None:
        self._remark_tag(event, line)
        frame = self._frames[-1] if self._frames else None
        if frame is not None and frame.entry.is_object and frame.key is None:
            # Names are text whatever they look like, so that `1`, `"1"` and `true` in a look-up table differ by text only.
            is_null = not event.style and _WORDS.get(event.value, True) is None
            frame.key = (None if is_null else str(event.value), line)
            if not event.style and event.value != event.value.strip(_ODD_SPACES):
                name = event.value.strip(_ODD_SPACES)
                self.remarks.append(
                    (line, name, "has a space beside it that looks like a plain one and is none; type the line anew")
                )
            if event.anchor:
                self._anchors[event.anchor] = (Entry(event.value, line), 1)
            return
        entry = Entry(event.value if event.style else _plain(event.value), line)
        if event.anchor:
            self._anchors[event.anchor] = (entry, 1)
        self._deliver(entry, 1)

    def _alias(self, event: Any, line: int) -> None:
        if event.anchor not in self._anchors:
            raise TreeError(
                line, f"not YAML: *{event.anchor} stands for nothing; put a value that begins with * in quotes"
            )
        known = self._anchors[event.anchor]
        if known is None:
            raise TreeError(line, f"*{event.anchor} stands for what it is itself part of; write it out")
        self._deliver(Entry(known[0].value, line), known[1])

    def _deliver(self, entry: Entry, values: int) -> None:
        """Hands a whole value to what is around it."""
        if not self._frames:
            self._root = entry
            return
        frame = self._frames[-1]
        frame.values += values
        if frame.values > MOST_VALUES:
            raise TreeError(entry.line, f"has more than {MOST_VALUES} values, aliases counted; split it")
        if not frame.entry.is_object:
            frame.entry.value.append(entry)
        elif frame.key is None:
            self.remarks.append((entry.line, "", "the name of a member is plain text; put it in quotes"))
            frame.key = (str(entry.line), entry.line)
        else:
            self._put(frame, frame.key, entry)
            frame.key = None

    def _put(self, frame: _Frame, key: tuple[str | None, int], entry: Entry) -> None:
        name, line = key
        if name == _MERGE:
            self.remarks.append((line, _MERGE, "merging is no part of a rule file; write the members out"))
            return
        members = frame.entry.value
        if name in members:
            text = f"stands here twice, first in line {members[name].line}; keep one"
            self.remarks.append((line, str(name), text))
        members[name] = entry if entry.is_object else Entry(entry.value, line)

    def _remark_tag(self, event: Any, line: int) -> None:
        if event.tag is not None:
            shown = str(event.tag).replace("tag:yaml.org,2002:", "!!")
            self.remarks.append((line, "", f"the tag {shown} means nothing here; leave it out"))


def full_width(text: str) -> str:
    """`; write : and not ：` for the first sign of YAML that stands there in its Chinese form, or nothing."""
    found = next((sign for sign in text if sign in _FULL_WIDTH), "")
    return f"; write {_FULL_WIDTH[found]} and not {found}" if found else ""


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > _LONGEST_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text
