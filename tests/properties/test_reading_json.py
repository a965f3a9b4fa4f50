"""Whatever a system writes: an event's bytes are read as any reader reads them, or told as bad; and a page gives each item back."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import RecordError
from hub.flow.content import read
from hub.sdk import item_body, read_page

TEXTS = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(
    ["a", "b", ":", '"', "\\", "１２", "1" * 25, " 9999999999999999999 "]
)
NUMBERS = st.sampled_from(
    ["0", "-1", "1.50", "1e5", "-0.25E-3", "9223372036854775808", "18446744073709551615", "-9223372036854775808"]
)
HUGE = st.sampled_from(
    ["18446744073709551616", "-9223372036854775809", "9" * 30, "-" + "1" * 5000, "NaN", "-Infinity", "1e999"]
)


@dataclass(frozen=True)
class Written:
    """A JSON text, and whether something in it cannot be used."""

    text: str
    is_bad: bool = False


def texts() -> st.SearchStrategy[Written]:
    shape = st.sampled_from([json.dumps, lambda text: json.dumps(text, ensure_ascii=False), _escaped])
    return st.builds(lambda text, write: Written(write(text)), TEXTS, shape)


def _escaped(text: str) -> str:
    """Every sign of the basic plane as an escape, which any writer may do."""
    return '"' + "".join(f"\\u{ord(sign):04x}" if ord(sign) < 0xD800 else json.dumps(sign)[1:-1] for sign in text) + '"'


def lists(parts: st.SearchStrategy[Written]) -> st.SearchStrategy[Written]:
    def build(found: list[Written], gap: str) -> Written:
        return Written(f"[{gap}{f'{gap},'.join(one.text for one in found)}]", any(one.is_bad for one in found))

    return st.builds(build, st.lists(parts, max_size=4), st.sampled_from(["", " ", "\n\t"]))


def objects(parts: st.SearchStrategy[Written]) -> st.SearchStrategy[Written]:
    def build(found: list[tuple[Written, Written]], gap: str) -> Written:
        names = [json.loads(name.text) for name, _ in found]
        body = f"{gap},".join(f"{name.text}{gap}:{gap}{part.text}" for name, part in found)
        return Written(f"{{{gap}{body}}}", len(set(names)) < len(names) or any(part.is_bad for _, part in found))

    return st.builds(build, st.lists(st.tuples(texts(), parts), max_size=4), st.sampled_from(["", " ", "\n\t"]))


SCALARS = st.one_of(
    texts(),
    NUMBERS.map(Written),
    HUGE.map(lambda text: Written(text, True)),
    st.sampled_from(["true", "false", "null"]).map(Written),
)
VALUES = st.recursive(SCALARS, lambda parts: lists(parts) | objects(parts), max_leaves=12)


@given(VALUES)
@settings(max_examples=300, deadline=None)
def test_read_when_anything_is_written_then_as_any_reader_says_or_told_as_bad(written: Written) -> None:
    body = written.text.encode()
    if written.is_bad:
        with pytest.raises(RecordError):
            read(body)
    else:
        assert read(body) == json.loads(body)


@given(st.lists(VALUES, max_size=6))
@settings(max_examples=200, deadline=None)
def test_page_when_anything_is_written_then_each_item_keeps_what_it_is(items: list[Written]) -> None:
    rows = read_page(b'{"rows": [%s], "more": false}' % ",".join(item.text for item in items).encode())["rows"]
    assert len(rows) == len(items)
    for row, item in zip(rows, items, strict=True):
        body = item_body(row)
        assert _pairs(body) == _pairs(item.text.encode())
        if not item.is_bad:
            assert orjson.loads(body) == json.loads(item.text)


def _pairs(body: bytes) -> Any:
    """A value with nothing dropped: objects as sorted pairs, odd numbers as their texts."""

    def decimal(text: str) -> Any:
        return float(text) if math.isfinite(float(text)) else text

    def whole(text: str) -> Any:
        return text if len(text) > 4000 else int(text)

    def pairs(found: list[tuple[str, Any]]) -> Any:
        return sorted(found, key=repr)

    return json.loads(body, object_pairs_hook=pairs, parse_constant=str, parse_float=decimal, parse_int=whole)
