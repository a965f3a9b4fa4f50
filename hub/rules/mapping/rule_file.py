"""What a rule file is, and what is wrong with a look-up table by itself, wherever it is used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from hub.rules.mapping.document import Entry, Report, read_document

What = Literal["mapping", "lookup", "policy", "model"]
FOLDERS: Mapping[str, What] = {"lookups": "lookup", "policies": "policy", "matching": "model"}
_MAPPING = frozenset(("kind", "from", "id", "in", "out", "also"))
_POLICY = frozenset(("default", "fields", "groups"))
_MODEL = frozenset(("auto", "review", "comparisons"))
_OF_USE = {"unknown": ("error", "keep", "absent"), "reverse": (True, False)}
"""Words that stand where a table is used, and what they say there."""


def what_is(path: Path) -> What:
    """What a file is: by its folder, else by what it says; a mapping when it says nothing."""
    known = FOLDERS.get(path.absolute().parent.name)
    if known is not None:
        return known
    try:
        entry = read_document(path.read_text(encoding="utf-8"), Report(path.name))
    except (OSError, UnicodeDecodeError):
        return "mapping"
    if entry is None or not entry.is_object or not entry.value or not _MAPPING.isdisjoint(entry.value):
        return "mapping"
    if entry.value.keys() <= _POLICY:
        return "policy"
    if not _MODEL.isdisjoint(entry.value):
        return "model"
    return "lookup" if all(_type_of(inner) != "an object" for inner in entry.value.values()) else "mapping"


def read_table(entry: Entry, report: Report) -> bool:
    """Notes what is wrong with a look-up table by itself; whether it is one at all."""
    if not entry.is_object:
        report.add(entry.line, "", "a look-up table is an object from source value to canonical value, like `M: male`")
        return False
    if len(_MAPPING & entry.value.keys()) > 2:
        report.add(entry.line, "", "is a mapping, and stands among the look-up tables; move it out of `lookups`")
        return False
    if not entry.value:
        report.warn(entry.line, "", "the table is empty, so it knows no value")
    _check_types(entry, report)
    _check_codes(entry, report)
    return True


def _check_types(entry: Entry, report: Report) -> None:
    types = {code: _type_of(inner) for code, inner in entry.value.items() if inner.value is not None}
    usual = max(types.values(), key=list(types.values()).count, default="")
    for code, type_ in types.items():
        if type_ == usual:
            continue
        text = f"gives {type_}, and most of the table gives {usual}; "
        line = entry.value[code].line
        if "an object" in (type_, usual) or "a list" in (type_, usual):
            report.add(line, _shown(code), text + "a table gives values of one type")
        else:
            report.warn(line, _shown(code), text + "put it in quotes if it is text")


def _check_codes(entry: Entry, report: Report) -> None:
    seen: dict[str, str | None] = {}
    for code, inner in entry.value.items():
        if code in _OF_USE and inner.value in _OF_USE[code]:
            what = f"is read as a source value here; `{code}` stands beside `lookup:` where the table is used"
            report.add(inner.line, code, what)
        if code is None:
            continue
        alike = seen.setdefault(" ".join(code.split()).casefold(), code)
        if alike != code and alike is not None and entry.value[alike].plain != inner.plain:
            what = f"differs from {alike!r} (line {entry.value[alike].line}) only by letter case or spaces, and gives another value"
            report.warn(inner.line, code, what)


def _type_of(entry: Entry) -> str:
    names = {dict: "an object", list: "a list", bool: "true or false", str: "text", int: "a number", float: "a number"}
    return names.get(entry.value.__class__, "null")


def _shown(code: str | None) -> str:
    return "null" if code is None else code
