"""The named transforms of the mapping language. Each is pure; its docstring is its reference entry.

A transform takes the value at the path and literal arguments, and returns the new value. It raises
`ValueFault` when it cannot: the problem is collected, the item goes to quarantine with all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.rules.transforms.figures import (
    boolean,
    date,
    decimal,
    integer,
    money,
    money_minor,
    negate,
    scale,
    timestamp,
    unit_price,
    unix,
)
from hub.rules.transforms.outward import local_time, minor_of, number, unix_of
from hub.rules.transforms.structure import blank, first, is_present, last, listed, order_state, pick, pluck
from hub.rules.transforms.wording import (
    cut,
    email,
    html_text,
    join,
    lower,
    person_name,
    phone,
    prefix,
    split,
    strip,
    text,
    upper,
)

TRANSFORMS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        timestamp, unix, date, money, unit_price, money_minor, decimal, integer, boolean, negate, scale,
        text, strip, lower, upper, phone, email, split, join, person_name, prefix, cut, html_text,
        is_present, order_state, blank, listed, first, last, pick, pluck,
        local_time, unix_of, minor_of, number,
    )
}  # fmt: skip

__all__ = ["TRANSFORMS"]
