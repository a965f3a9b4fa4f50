"""Reads `to`: one named transform or a list of them, with literal arguments."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from types import FunctionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from hub.errors import ConfigError
from hub.model.fault import ValueFault
from hub.model.money import exponent_of
from hub.model.time import zone_of
from hub.rules.mapping.beside import did_you_mean
from hub.rules.mapping.document import Entry, Report
from hub.rules.mapping.path import Path, PathError, parse_path
from hub.rules.mapping.spec import Step

Transforms = Mapping[str, Callable[..., Any]]
_SOURCES = frozenset(("path", "paths", "first", "ref", "each"))
"""What elsewhere in a mapping says where a value comes from."""


def read_steps(entry: Entry | None, transforms: Transforms, report: Report, name: str) -> tuple[Step, ...]:
    """The transforms in order; faulty ones are reported and left out."""
    if entry is None:
        return ()
    inners = entry.value if isinstance(entry.value, list) else [entry]
    label = f"{name}.to" if name else "to"
    if not inners or entry.value is None:
        report.add(entry.line, label, "names no transform; name one, or leave `to` out")
        return ()
    found = [_step(inner, transforms, report, label) for inner in inners]
    return tuple(step for step in found if step is not None)


def _step(entry: Entry, transforms: Transforms, report: Report, label: str) -> Step | None:
    if entry.is_object and len(entry.value) == 1:
        name, arguments = next(iter(entry.value.items()))
    else:
        name, arguments = entry.value, None
    if entry.is_object and len(entry.value) != 1:
        names = ", ".join(str(one) for one in entry.value) or "none"
        report.add(
            entry.line, label, f"an object names one transform, and this has {names}; write a list: [first, second]"
        )
        return None
    function = transforms.get(name) if name.__class__ is str else None
    if function is None:
        hint = did_you_mean(str(name), transforms) or "; docs/reference/transforms.md lists them"
        shown = repr(entry.plain if name.__class__ is list else name)
        report.add(entry.line, label, f"no transform {shown}{hint}")
        return None
    mistakes = [*_mistaken(arguments, transforms[name], name)]
    for line, text in mistakes:
        report.add(line, label, text)
    if mistakes:
        return None
    try:
        step = Step(name, function, *_arguments(arguments))
        inspect.signature(function).bind(None, *step.positional, **step.named)
        _check_literals(function, step)
    except PathError as fault:
        report.add(entry.line, label, f"{name}: path {fault}")
    except TypeError as fault:
        known = ", ".join(_arguments_of(function))
        report.add(entry.line, label, f"{name}: {fault}; " + (f"it takes: {known}" if known else "it takes none"))
    except (ConfigError, ValueFault) as fault:
        report.add(entry.line, label, f"{name}: {fault}")
    else:
        return step
    return None


def _arguments(entry: Entry | None) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if entry is None:
        return (), {}
    if entry.is_object:
        return (), {word: _argument(inner) for word, inner in entry.value.items()}
    inners = entry.value if isinstance(entry.value, list) else [entry]
    return tuple(_argument(inner) for inner in inners), {}


def _argument(entry: Entry) -> Any:
    if entry.is_object and entry.value.keys() == {"path"}:
        return parse_path(entry.value["path"].value)
    if entry.is_object and entry.value.keys() == {"const"}:
        return entry.value["const"].plain
    return entry.plain


def _mistaken(entry: Entry | None, function: Callable[..., Any], name: str) -> Iterator[tuple[int, str]]:
    """(line, what) of arguments that were meant to be read from the source, and would be taken as they stand."""
    if entry is None:
        return
    if entry.is_object and _is_path_like(entry) and entry.value.keys().isdisjoint(_arguments_of(function)):
        first = next(iter(_arguments_of(function)), "argument")
        yield entry.line, f"{name}: {_shown(entry)} names no argument; write {{{name}: {{{first}: {{path: …}}}}}}"
        return
    inners = entry.value.values() if entry.is_object else entry.value if isinstance(entry.value, list) else [entry]
    for inner in inners:
        if inner.is_object and inner.value.keys() == {"path"}:
            if not isinstance(inner.value["path"].value, str):
                yield inner.line, f"{name}: a path is text like customer.id; several are no argument"
        elif not (inner.is_object and inner.value.keys() == {"const"}):
            yield from _expressions(inner, name, is_inside=False)


def _expressions(entry: Entry, name: str, *, is_inside: bool) -> Iterator[tuple[int, str]]:
    if entry.is_object and _is_path_like(entry):
        how = (
            "a path is an argument by itself, and not inside another"
            if is_inside
            else "write {path: …} to read from the source"
        )
        yield (
            entry.line,
            f"{name}: {_shown(entry)} would be taken as it stands; {how}, or {{const: …}} around what is no path",
        )
        return
    parts = entry.value.values() if entry.is_object else entry.value if isinstance(entry.value, list) else ()
    for inner in parts:
        yield from _expressions(inner, name, is_inside=True)


def _is_path_like(entry: Entry) -> bool:
    words = [str(word) for word in entry.value]
    return not _SOURCES.isdisjoint(words) or (
        len(words) == 1 and bool(difflib.get_close_matches(words[0].lower(), ("path", "paths"), 1, 0.7))
    )


def _shown(entry: Entry) -> str:
    return "{" + ", ".join(f"{word}: …" for word in entry.value) + "}"


def _arguments_of(function: Callable[..., Any]) -> list[str]:
    """The names of what a transform takes beside the value."""
    return list(inspect.signature(function).parameters)[1:]


def _check_literals(function: Callable[..., Any], step: Step) -> None:
    # What would otherwise fail on the first event only: zones, currencies, and words of which there are a few.
    bound = inspect.signature(function).bind(None, *step.positional, **step.named).arguments
    for name, check in (("zone", zone_of), ("currency", exponent_of)):
        literal = bound.get(name)
        if literal and not isinstance(literal, Path):
            check(literal)
    if step.name in ("timestamp", "date") and isinstance(bound.get("pattern"), str):
        _check_pattern(bound["pattern"])
    # What a plugin calls like a function may have no hash to be remembered by.
    choices = _choices if isinstance(function, FunctionType) else _choices.__wrapped__
    for name, words in choices(function).items():
        if name in bound and not isinstance(bound[name], Path) and bound[name] not in words:
            shown = ", ".join(str(word) for word in words if word)
            raise ValueFault("bad_argument", f"{name} is one of {shown}, not {bound[name]!r}")


def _check_pattern(pattern: str) -> None:
    try:
        datetime.strptime("", pattern)  # noqa: DTZ007 -- only whether it is a pattern
    except (ValueError, re.error) as fault:
        if "does not match" not in str(fault):
            raise ValueFault("bad_argument", f"pattern {pattern!r}: {fault}; it is like %Y-%m-%d %H:%M:%S") from None


@cache
def _choices(function: Callable[..., Any]) -> dict[str, tuple[Any, ...]]:
    """The words that a literal argument may be, of those annotated `Literal[…]`."""
    try:
        hints = get_type_hints(function)
    except (NameError, TypeError):  # of a plugin, with names that are there for type checkers only
        return {}
    found = {}
    for name, hint in hints.items():
        options = [one for one in (hint, *get_args(hint)) if get_origin(one) is Literal]
        if options:
            found[name] = (*get_args(options[0]), *([None] if hint is not options[0] else []))
    return found
