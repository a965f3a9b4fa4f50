"""What the words of one value need beside them, and what a list or object needs to be whole."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping

from hub.model.kind import Field
from hub.rules.mapping.document import Entry, Report
from hub.rules.mapping.spec import Each, Object

VALUE_WORDS = frozenset(
    ("path", "paths", "ref", "required", "to", "lookup", "unknown", "reverse", "default", "when", "const", "first")
)
OBJECT_WORDS = frozenset(("path", "when", "fields"))
EACH_WORDS = frozenset(("each", "when", "fields", "item"))
_SOURCES = frozenset(("path", "paths", "first"))
_IDLE = {"const": ("to", "lookup", "default"), "first": ("to", "lookup")}
_NEEDS = {"unknown": "lookup", "reverse": "lookup", "required": "ref"}


def did_you_mean(word: str, known: Collection[str]) -> str:
    """`; did you mean path?`, or nothing."""
    near = difflib.get_close_matches(word, known, 1)
    return f"; did you mean {near[0]}?" if near else ""


def check_value(entry: Entry, report: Report, name: str) -> None:
    """Notes the words that a value does not have, those of a wrong type, and those that do nothing without another."""
    given: Mapping[str, Entry] = entry.value
    for word in given.keys() - VALUE_WORDS:
        known = ", ".join(sorted(VALUE_WORDS))
        text = f"does not know {word}{did_you_mean(str(word), VALUE_WORDS)}; known are: {known}"
        report.add(given[word].line, name, text)
    for word, other in _NEEDS.items():
        if word in given and other not in given:
            report.add(given[word].line, name, f"`{word}` says something of `{other}`, and there is none; leave it out")
    for whole, idle in _IDLE.items():
        for word in idle if whole in given else ():
            if word in given:
                report.add(given[word].line, name, f"`{word}` has no effect on `{whole}`; leave it out")
    for word in ("required", "reverse"):
        if word in given and not isinstance(given[word].value, bool):
            report.add(given[word].line, name, f"`{word}` is true or false, not {given[word].plain!r}")
    if "ref" in given and not (isinstance(given["ref"].value, str) or given["ref"].value is True):
        text = "`ref` is the object type that it refers to, like customers; or true, for that of the field's kind"
        report.add(given["ref"].line, name, text)
    if "default" in given and given["default"].is_object and not _SOURCES.isdisjoint(given["default"].value):
        text = "`default` is a fixed value and takes no path; for the next path with a value write a list of paths, or `first`"
        report.add(given["default"].line, name, text)
    if "paths" in given and not (isinstance(given["paths"].value, list) and given["paths"].value):
        report.add(given["paths"].line, name, "`paths` is a list of paths; for one say `path`")


def shape_fault(entry: Entry, field: Field) -> str:
    """Why an object of members does not fit a field, and what does."""
    if field.type == "list":
        wrong = next((word for word in entry.value if difflib.get_close_matches(str(word), ("each",), 1, 0.7)), "")
        meant = f"; did you mean `each` by {wrong}?" if wrong else ""
        return f"is a list; say `each: path.of.the.list` beside its members{meant}"
    return f"is {a(field.type)}; give a path, not an object of members"


def is_value(entry: Entry, field: Field | None) -> bool:
    """Whether an object is one value with words, some of which may be misspelt, and no object of members."""
    if entry.value.keys() <= VALUE_WORDS:
        return True
    is_plain = field is not None and field.type not in ("object", "map", "list")
    return is_plain and not entry.value.keys().isdisjoint(VALUE_WORDS)


def check_whole(node: Each | Object, field: Field | None, report: Report, name: str) -> None:
    """Notes mandatory members that are not mapped: no event could ever give the element."""
    if field is None or field.type != ("list" if isinstance(node, Each) else "object"):
        return  # said already
    lacking = [one.name for one in field.fields if one.required and one.name not in node.members]
    if lacking:
        known = ", ".join(one.name for one in field.fields)
        text = f"needs {' and '.join(lacking)}, without which no {'element' if isinstance(node, Each) else 'object'} is valid"
        report.add(node.line, name, f"{text}; known are: {known}")


def a(type_: str) -> str:
    """`a list`, `an object`."""
    return f"an {type_}" if type_[0] in "aeio" else f"a {type_}"
