"""The named transforms of the mapping language. Each is pure; its docstring is its reference entry.

A transform takes the value at the path and literal arguments, and returns the new value. It raises
`ValueFault` when it cannot: the problem is collected, the item goes to quarantine with all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.rules.transforms.figures import FIGURES
from hub.rules.transforms.moment import MOMENTS
from hub.rules.transforms.person import PERSON
from hub.rules.transforms.structure import STRUCTURE
from hub.rules.transforms.trade import TRADE
from hub.rules.transforms.wording import WORDING

# By what they are for; the reference keeps this order.
GROUPS: dict[str, tuple[Callable[..., Any], ...]] = {
    "Times": MOMENTS,
    "Money and numbers": FIGURES,
    "Text": WORDING,
    "Persons": PERSON,
    "Goods and places": TRADE,
    "Lists and objects": STRUCTURE,
}
TRANSFORMS: dict[str, Callable[..., Any]] = {one.__name__: one for group in GROUPS.values() for one in group}

__all__ = ["GROUPS", "TRANSFORMS"]
