"""A whole record of a kind, made of the examples in its declaration."""

from __future__ import annotations

from typing import Any

from hub.model.kind import Field, Kind


def example_of(kind: Kind) -> dict[str, Any]:
    """Canonical data with every field that systems give; what the hub computes is left out.

    References name records of the example connection `shop`.
    """
    return {field.name: sample(field) for field in kind.fields if not field.derived}


def sample(field: Field) -> Any:
    """One example value of a field, of an object or list made of its parts' examples."""
    if not field.fields:
        return field.example
    whole = {part.name: sample(part) for part in field.fields if not part.derived}
    return [whole] if field.type == "list" else {"example": whole} if field.type == "map" else whole
