"""A page with a bad item is read, and the item is written as bad as it came."""

from __future__ import annotations

import json

import orjson
import pytest

from hub.sdk import item_body, read_page


@pytest.mark.parametrize(
    "text", [b'{"a":"\\ud83d"}', b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":123456789012345678901234567890}']
)
def test_item_when_no_strict_reader_takes_it_then_written_as_it_came(text: bytes) -> None:
    assert item_body(read_page(text)) == text


def test_item_when_bytes_are_not_utf8_or_a_number_is_endless_then_still_not_readable_as_good() -> None:
    assert item_body(read_page(b'{"a":"\xff"}')) == b'{"a":"\\udcff"}'
    assert item_body(read_page(b'{"a":1e400}')) == b'{"a":Infinity}'
    assert item_body(read_page(b'{"a":' + b"9" * 5000 + b"}")) == b'{"a":Infinity}'
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(item_body(read_page(b'{"a":"\xff"}')))


@pytest.mark.parametrize("text", [b"<html>", b"", b'{"a":', b"[" * 100_000])
def test_page_when_it_is_no_json_then_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        read_page(text)


def test_page_when_good_then_the_same_as_any_reader_says() -> None:
    text = '{"id": 6222021234567890123, "n": 1.5, "名": ["张", null, true]}'.encode()
    assert read_page(text) == json.loads(text)
    assert json.loads(item_body(read_page(text))) == json.loads(text)
