"""How a named transform of the mapping language is declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from hub.model.kind import FieldType

F = TypeVar("F", bound=Callable[..., Any])
Example = tuple[Any, Mapping[str, Any], Any]
ITSELF = "="


def transform(
    *,
    gives: FieldType | None = None,
    takes_null: bool = False,
    examples: Sequence[Example] = (),
    inverse: str = "",
    one_way: str = "",
) -> Callable[[F], F]:
    """Declares a function `(value, **literals) -> value` as a transform.

    `gives`: the field type whose canonical form it always returns, so that the result is not checked
    again. `takes_null`: it is called for null too (absent values are never transformed). It raises
    `hub.model.fault.ValueFault` when the value cannot be used. Its docstring is its reference entry.

    `examples`: (value, literals, result), shown in the reference and tested. `inverse`: the transform that
    writes what this one reads, so that it is read as the same again; `=` where the result itself is
    read as the same. `one_way`: why there is none. A literal annotated `Literal[…]` is checked when a
    mapping file is loaded.
    """

    def declare(function: F) -> F:
        function.__dict__.update(
            gives=gives, takes_null=takes_null, examples=tuple(examples), inverse=inverse, one_way=one_way
        )
        return function

    return declare


def gives(function: Callable[..., Any]) -> FieldType | None:
    """The field type that a transform always returns in canonical form, None when not declared."""
    found: FieldType | None = getattr(function, "gives", None)
    return found


def takes_null(function: Callable[..., Any]) -> bool:
    """Whether a transform is called for null."""
    return bool(getattr(function, "takes_null", False))


def examples(function: Callable[..., Any]) -> tuple[Example, ...]:
    """Its declared examples."""
    found: tuple[Example, ...] = getattr(function, "examples", ())
    return found


def inverse(function: Callable[..., Any]) -> str:
    """The name of the transform that writes what it reads; "" when none is declared."""
    return str(getattr(function, "inverse", ""))


def one_way(function: Callable[..., Any]) -> str:
    """Why nothing writes what it reads; "" when not declared."""
    return str(getattr(function, "one_way", ""))
