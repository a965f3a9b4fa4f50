"""Reads `to`: one named transform or a list of them, with literal arguments."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

from hub.errors import ConfigError
from hub.model.fault import ValueFault
from hub.model.money import exponent_of
from hub.model.time import zone_of
from hub.rules.mapping.document import Entry, Report
from hub.rules.mapping.path import Path, PathError, parse_path
from hub.rules.mapping.spec import Step

Transforms = Mapping[str, Callable[..., Any]]


def read_steps(entry: Entry | None, transforms: Transforms, report: Report, name: str) -> tuple[Step, ...]:
    """The transforms in order; faulty ones are reported and left out."""
    if entry is None:
        return ()
    inners = entry.value if isinstance(entry.value, list) else [entry]
    found = [_step(inner, transforms, report, f"{name}.to" if name else "to") for inner in inners]
    return tuple(step for step in found if step is not None)


def _step(entry: Entry, transforms: Transforms, report: Report, label: str) -> Step | None:
    if entry.is_object and len(entry.value) == 1:
        name, arguments = next(iter(entry.value.items()))
    else:
        name, arguments = entry.value, None
    function = transforms.get(name) if name.__class__ is str else None
    if function is None:
        near = difflib.get_close_matches(str(name), transforms, 1)
        hint = f"; did you mean {near[0]}?" if near else "; `retail-hub mapping check` lists them"
        report.add(entry.line, label, f"no transform {name!r}{hint}")
        return None
    try:
        step = Step(name, function, *_arguments(arguments))
        inspect.signature(function).bind(None, *step.positional, **step.named)
        _check_literals(function, step)
    except PathError as fault:
        report.add(entry.line, label, f"{name}: path {fault}")
    except (TypeError, ConfigError, ValueFault) as fault:
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
        return parse_path(str(entry.value["path"].value))
    return entry.plain


def _check_literals(function: Callable[..., Any], step: Step) -> None:
    # What would otherwise fail on the first event only: zones, currencies, and words of which there are a few.
    bound = inspect.signature(function).bind(None, *step.positional, **step.named).arguments
    for name, check in (("zone", zone_of), ("currency", exponent_of)):
        literal = bound.get(name)
        if literal and not isinstance(literal, Path):
            check(literal)
    for name, words in _choices(function).items():
        if name in bound and not isinstance(bound[name], Path) and bound[name] not in words:
            shown = ", ".join(str(word) for word in words if word)
            raise ValueFault("bad_argument", f"{name} is one of {shown}, not {bound[name]!r}")


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
