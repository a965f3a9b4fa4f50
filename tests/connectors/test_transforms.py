"""The transforms that connectors bring are declared as the built-in ones are: with examples, and with what undoes them."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.shopify.transforms import TRANSFORMS as SHOPIFY
from connectors.zoho.transforms import TRANSFORMS as ZOHO
from hub.model.transform import ITSELF, examples, inverse, one_way

TRANSFORMS = {**SHOPIFY, **ZOHO}
DECLARED = [
    (name, value, dict(arguments), expected)
    for name, function in TRANSFORMS.items()
    for value, arguments, expected in examples(function)
]


def test_transforms_when_listed_then_each_has_a_text_an_example_and_says_what_undoes_it() -> None:
    lacking = [
        name
        for name, function in TRANSFORMS.items()
        if not (function.__doc__ or "").strip()
        or not examples(function)
        or bool(inverse(function)) == bool(one_way(function))
    ]
    assert lacking == []
    assert {inverse(function) for function in TRANSFORMS.values()} - {"", ITSELF} <= TRANSFORMS.keys()


@pytest.mark.parametrize(("name", "value", "arguments", "expected"), DECLARED)
def test_transform_when_called_as_its_example_then_gives_what_stands_there(
    name: str, value: Any, arguments: dict[str, Any], expected: Any
) -> None:
    function = TRANSFORMS[name]
    assert function(value, **arguments) == expected
    if undone := inverse(function):
        written = expected if undone == ITSELF else TRANSFORMS[undone](expected)
        assert function(written, **arguments) == expected
