"""Decimals of golden data: parsed, and written in their one form."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from hub.model.value import check_decimal


def decimal_of(value: Any) -> Decimal | None:
    """A canonical decimal; None when there is none, or when a pinned value is no number."""
    try:
        found = Decimal(str(value)) if value is not None else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() else None


def text_of(value: Decimal) -> str:
    """`Decimal("1.50")` -> `1.5`."""
    return check_decimal(format(value, "f"))
