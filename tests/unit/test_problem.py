"""Every code of a problem has words that say what is wrong and how it is fixed, in both languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.errors import RecordError
from hub.flow.content import read
from hub.model.problem import PROBLEMS, problem_text

ROOT = Path(__file__).parents[2]
CALLS = frozenset({"Problem", "ValueFault", "_short", "_otherwise"})
WRITTEN = re.compile(r"Problem\('([a-z_]+)'")
CODE = re.compile(r"[a-z]+(_[a-z]+)*")


def sources() -> Iterator[tuple[Path, str]]:
    for folder in ("hub", "connectors", "plugins"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path != ROOT / "hub" / "model" / "problem.py":
                yield path, path.read_text(encoding="utf-8")


def codes_used() -> dict[str, str]:
    """Code -> a file that uses it: the first literal argument of the calls that make problems, also in generated source."""
    found: dict[str, str] = {}
    for path, text in sources():
        for code in WRITTEN.findall(text):
            found.setdefault(code, str(path))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
                literals = [
                    one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)
                ]
                if literals and CODE.fullmatch(literals[0]):
                    found.setdefault(literals[0], str(path))
    return found


def test_problems_when_code_makes_one_then_it_has_words() -> None:
    used = codes_used()
    assert len(used) > 30
    assert {code: path for code, path in used.items() if code not in PROBLEMS} == {}


def test_problems_when_nobody_makes_one_then_it_has_none() -> None:
    everything = "\n".join(text for _, text in sources())
    assert [code for code in PROBLEMS if not re.search(rf"[\"']{code}[\"']", everything)] == []


@pytest.mark.parametrize("code", PROBLEMS)
def test_problem_when_told_then_both_languages_say_what_and_how(code: str) -> None:
    text = PROBLEMS[code]
    for part in (text.title, text.meaning, text.fix):
        assert part.en.isascii() or "…" in part.en
        assert re.search("[\u4e00-\u9fff]", part.zh)
    assert problem_text("of_a_plugin") is None


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"a": [1, {"b": 12345678901234567890123}], "c": NaN}', [("bad_number", "a[1].b"), ("bad_number", "c")]),
        (b'{"a": {"k": 1, "k": 2}, "b": "\\ud800"}', [("repeated_key", "a.k"), ("bad_text", "b")]),
        (b'{"\\ud800": 1}', [("bad_text", "")]),
        (b'"\xff"', [("bad_encoding", "")]),
        (b"", [("bad_json", "")]),
        (b"\xef\xbb\xbf{}", [("bad_json", "")]),
        (b"{'a': 1}", [("bad_json", "")]),
        (
            b'{"a": "\xff", "\xfe": "1\n2", "b": {"c": NaN, "c": 1}, "d": "\xe5\xbc\xa0\xff"}',
            [
                ("bad_encoding", "a"),
                ("bad_encoding", ""),
                ("bad_json", "\udbfe"),
                ("repeated_key", "b.c"),
                ("bad_number", "b.c"),
                ("bad_encoding", "d"),
            ],
        ),
        (
            b'{"a": {"b": [{"c": %s}]}, "n": 1e400}' % (b"[" * 300 + b"]" * 300),
            [("too_deep", "a.b"), ("bad_number", "n")],
        ),
        (b'{"n": 1e400, "a": {"b": %s}}' % (b"[" * 9000 + b"]" * 9000), [("bad_number", "n"), ("too_deep", "a.b")]),
        (b"{'a': \xff}", [("bad_encoding", "")]),
        (b"[" * 100_000, [("too_deep", "")]),
        (b"[" * 1000 + b"]" * 1000, [("too_deep", "")]),
    ],
)
def test_body_when_it_cannot_be_used_then_every_reason_has_its_place(body: bytes, found: list[tuple[str, str]]) -> None:
    with pytest.raises(RecordError) as caught:
        read(body)
    assert [(problem.code, problem.path) for problem in caught.value.problems] == found


def test_body_when_bytes_are_not_utf8_then_the_first_is_numbered_within_its_text() -> None:
    with pytest.raises(RecordError, match="byte 4 of a text is not UTF-8"):
        read(b'{"id": 7, "name": "\xe5\xbc\xa0\xff\xff"}')


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": "http://x:1", "b" : [1.50, 18446744073709551615, -9223372036854775808]}',
        b'{"a": "\\u003a\\u003A", "b": {"a": "\\ud83d\\ude00"}}',
        b'{"card": "6222021234567890123456", "n": 1.2345678901234567890123}',
        b'{"a": {"id": 1}, "b": {"id": 1}}',
        b"[]",
        b"1",
    ],
)
def test_body_when_it_only_looks_odd_then_read(body: bytes) -> None:
    import json

    assert read(body) == json.loads(body)
