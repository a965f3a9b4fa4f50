"""How a named transform of the mapping language is declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hub.model.kind import FieldType

F = TypeVar("F", bound=Callable[..., Any])


def transform(*, gives: FieldType | None = None, takes_null: bool = False) -> Callable[[F], F]:
    """Declares a function `(value, **literals) -> value` as a transform.

    `gives`: the field type whose canonical form it always returns, so that the result is not checked
    again. `takes_null`: it is called for null too (absent values are never transformed). It raises
    `hub.model.fault.ValueFault` when the value cannot be used. Its docstring is its reference entry.
    """

    def declare(function: F) -> F:
        function.__dict__.update(gives=gives, takes_null=takes_null)
        return function

    return declare


def gives(function: Callable[..., Any]) -> FieldType | None:
    """The field type that a transform always returns in canonical form, None when not declared."""
    found: FieldType | None = getattr(function, "gives", None)
    return found


def takes_null(function: Callable[..., Any]) -> bool:
    """Whether a transform is called for null."""
    return bool(getattr(function, "takes_null", False))
