"""What our own API refuses to read."""

import pytest

from hub.api.strict_json import LARGEST, MAX_DEPTH, StrictJsonError, parse

REFUSED = {
    "nothing": b"",
    "spaces": b"  \n ",
    "no json": b"hello",
    "cut": b'{"a": ',
    "two values": b"{} {}",
    "latin-1": '{"a": "é"}'.encode("latin-1"),
    "gb18030": '{"a": "王"}'.encode("gb18030"),
    "utf-16": '{"a": 1}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "same key twice": b'{"a": 1, "a": 2}',
    "same key twice, escaped": b'{"a": 1, "\\u0061": 2}',
    "same key twice, deep": b'{"x": [{"a": 1, "a": 1}]}',
    "nan": b'{"a": NaN}',
    "infinity": b"[Infinity]",
    "minus infinity": b"[-Infinity]",
    "too large a float": b"[1e999]",
    "5,000 digits": b"[" + b"9" * 5000 + b"]",
    "5,000 digits after the point": b"[0." + b"9" * 5000 + b"]",
    "beyond 64 bits": b"[9223372036854775808]",
    "lone high surrogate": b'["\\ud800"]',
    "lone low surrogate": b'["\\udc00 "]',
    "surrogate in a key": b'{"\\ud800": 1}',
    "nul": b'["a\\u0000b"]',
    "nul in a key": b'{"a\\u0000": 1}',
    "raw control": b'["a\x00b"]',
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "deep and open": b"[" * 100_000,
    "one too deep": b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED)
def test_parse_when_the_text_is_hostile_then_it_is_refused(raw):
    with pytest.raises(StrictJsonError):
        parse(raw)


def test_parse_when_refused_then_the_reason_quotes_no_value():
    with pytest.raises(StrictJsonError) as caught:
        parse(b'{"phone": "13812345678", "phone": "13812345678"}')
    assert "138" not in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a": [1, 2.5, -3, true, null, "x"]}', {"a": [1, 2.5, -3, True, None, "x"]}),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        ('"王小明"'.encode(), "王小明"),
        (b'["[[[[", "\\"{{{"]', ["[[[[", '"{{{']),
        (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, None),
        (str(LARGEST).encode(), LARGEST),
        (b'"\\\\u0000"', "\\u0000"),
    ],
)
def test_parse_when_the_text_is_fine_then_it_gives_its_value(raw, value):
    found = parse(raw)
    assert value is None or found == value
