"""What can be sold of what lies there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.model.derivation import Data, Derived
from hub.rules.derive.figure import decimal_of, text_of


def derive_stock_level(level: Data, children: Mapping[str, Sequence[Data]]) -> Derived:  # noqa: ARG001 -- has none
    """`available` = on hand - reserved. Nothing reserved is said: all of it; nothing on hand is said: unknown."""
    on_hand = decimal_of(level.get("on_hand"))
    if on_hand is None:
        return Derived()
    return Derived({"available": text_of(on_hand - (decimal_of(level.get("reserved")) or 0))})
