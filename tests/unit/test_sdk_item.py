"""A page with a bad item is read, and the item is written as bad as it came."""

from __future__ import annotations

import json
import time

import pytest

from hub.errors import RecordError
from hub.flow.content import read
from hub.sdk import has_repeats, item_body, read_page

DEEP = b"[" * 5000 + b"]" * 5000
ODD = {
    "half a pair": b'{"a":"\\ud83d"}',
    "other halves": b'{"a":"\\ud800 \\udcff\\udc80","\\udfff":1}',
    "nan": b'{"a":NaN}',
    "infinity": b'{"a":[-Infinity,Infinity]}',
    "beyond 64 bits": b'{"a":123456789012345678901234567890}',
    "beyond a double": b'{"a":1e400}',
    "digits": b'{"a":-%s}' % (b"9" * 5000),
    "not UTF-8": b'{"a":"caf\xe9 \xff\x80","\xfe":1}',
    "key twice": b'{"a":{"b":1,"b":{"b":2,"b":3}},"c":1}',
    "key three times": b'{"a":1,"a":[],"a":{}}',
    "key twice, hidden": b'{"a":"\\u003a","a":":"}',
    "deep": b'{"a":[%s]}' % (b"[" * 300 + b"]" * 300),
    "bomb": b'{"a":%s,"b":1}' % DEEP,
    "bomb of objects": b'{"a":%s1%s}' % (b'{"x":' * 3000, b"}" * 3000),
    "line break in a text": b'{"a":"1 Main St\n\tFloor 2"}',
    "all at once": b'{"a":NaN,"a":"\xff\\ud83d\x01","b":%s,"c":%s}' % (b"1" * 30, DEEP),
}


def good(number: int) -> bytes:
    return b'{"id":%d,"name":"\xe5\xbc\xa0","n":1.5,"e":[],"o":{},"t":true,"z":null,"d":%s}' % (
        number, b"[" * 200 + b"]" * 200)  # fmt: skip


@pytest.mark.parametrize("text", ODD.values(), ids=list(ODD))
def test_item_when_no_strict_reader_takes_it_then_written_as_it_came_and_its_siblings_too(text: bytes) -> None:
    page = b'{"data":{"rows":[%s,%s,%s]}}' % (good(1), text, good(2))
    rows = read_page(page)["data"]["rows"]
    assert [item_body(row) for row in rows] == [good(1), text.replace(b"\\u003a", b":"), good(2)]
    with pytest.raises(RecordError):
        read(item_body(rows[1]))


def test_page_when_all_that_can_be_wrong_is_then_every_item_is_its_own() -> None:
    texts = [part for text in ODD.values() for part in (text, good(1))]
    started = time.monotonic()
    rows = read_page(b" [ %s ] " % b" , ".join(texts))
    assert [item_body(row) for row in rows] == [text.replace(b"\\u003a", b":") for text in texts]
    assert time.monotonic() - started < 10


def test_item_when_changed_after_reading_then_what_is_odd_stays_and_what_was_taken_out_is_out() -> None:
    row = read_page(b'{"id":1,"id":2,"x":1,"x":2,"n":NaN}')
    row.pop("x")
    row["more"] = "\u5f20"
    assert item_body(row) == '{"id":1,"id":2,"n":NaN,"more":"\u5f20"}'.encode()
    assert has_repeats(row)
    assert not has_repeats(read_page(b'{"a":{"b":1,"b":2}}'))


def test_number_when_odd_then_its_text_is_what_was_written() -> None:
    (one, other, id_) = read_page(b"[%s,1e999,123456789012345678901234567890]" % (b"7" * 5000))
    assert (str(one), str(other), str(id_)) == ("7" * 5000, "1e999", "123456789012345678901234567890")


@pytest.mark.parametrize(
    "text", [b'{"a":"' + b'\\"' * 300_000, b"[" * 300_000, b'{"a":' * 100_000 + b"NaN", b'{"a":"' + b"\\" * 300_001]
)
def test_page_when_it_never_ends_then_refused_soon(text: bytes) -> None:
    started = time.monotonic()
    with pytest.raises(ValueError):
        read_page(text)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("text", [b"<html>", b"", b'{"a":', b"[" * 100_000])
def test_page_when_it_is_no_json_then_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        read_page(text)


def test_page_when_good_then_the_same_as_any_reader_says() -> None:
    text = '{"id": 6222021234567890123, "n": 1.5, "名": ["张", null, true]}'.encode()
    assert read_page(text) == json.loads(text)
    assert json.loads(item_body(read_page(text))) == json.loads(text)
