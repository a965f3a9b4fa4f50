"""Files by somebody in a hurry, or up to no good: each fault is told with file, line, field, what is wrong and how it is put right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.mapping import faults, loaded, mapped

HEAD = "kind: order\nfrom: sys/things\nid: id\n"
BOMB = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9 if n else ['x'] * 9)}]\n" for n in range(7))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # What YAML makes of it
        (HEAD + "in:\n\tnumber: a\n", "5: not YAML: found character that cannot start any token; a tab stands here; indent with spaces"),
        (HEAD + "in:\n  number: a\n\tnote: b\n", "6: not YAML: found a tab character"),
        (HEAD + "in:\n  number: a\n   note: b\n", "6: not YAML: mapping values are not allowed in this context; indent this line like those beside it"),
        (HEAD + "in:\n  number: a: b\n", "put a value that has a colon in quotes"),
        (HEAD + "in:\n  number: {path: a\n", "(of what begins in line 5); close the bracket"),
        (HEAD + "in:\n  number: @topic\n", "5: not YAML: found character that cannot start any token; a value cannot begin with @; put it in quotes"),
        (HEAD + "in:\n  number: *a\n", "5: not YAML: *a stands for nothing; put a value that begins with * in quotes"),
        (HEAD + "in: {number: a}\n---\nkind: customer\n", "5: a second document begins here; take out `---`"),
        (HEAD + "in:\n  number: !!python/object/apply:os.system [x]\n", "5: the tag !!python/object/apply:os.system means nothing here"),
        (HEAD + "in:\n  number: a\n  number: b\n", "6: number: stands here twice, first in line 5; keep one"),
        (HEAD + "in:\n  <<: {number: a}\n", "5: <<: merging is no part of a rule file; write the members out"),
        (HEAD + "in:\n  ? [number]\n  : a\n", "5: the name of a member is plain text"),
        (HEAD + "in:\n  ~: a\n", "5: null: no such field"),
        (HEAD + "in: &a\n  number: *a\n", "5: *a stands for what it is itself part of; write it out"),
        (BOMB, "has more than 100000 values, aliases counted"),
        (HEAD + "in: " + "[" * 100_000, "4: is nested deeper than 50 levels"),
        (HEAD + "in: {number: a}\n" + "#" * 2_000_000, "1: is larger than 2000000 characters"),
        (HEAD + "in:\n  number： a\n", "4: in: is `canonical` or an object of the fields of order; write : and not ："),
        (HEAD + "in:\n  number: {path: a，to: strip}\n", "write , and not ，"),
        (HEAD + "in:\n  number: ｛path: a｝\n", "write { and not ｛"),
        (HEAD + "in:\n\u3000number: a\n", "5: number: has a space beside it that looks like a plain one and is none"),
        (HEAD + "in:\n  number\u200b: a\n", "5: number: has a space beside it that looks like a plain one and is none"),
        # Files that say nothing
        ("", "1: a mapping file is an object that starts with kind and from"),
        (HEAD, "1: makes nothing and shows nothing; it needs `in`, `out`, or both"),
        ("kind: ordr\nfrom: sys/things\nid: id\nin: {number: a}\n", "did you mean order?"),
        (HEAD.replace("id: id", "id: []") + "in: {number: a}\n", "3: id: is empty; name the path"),
        (HEAD + "version: {const: 1}\nin: {number: a}\n", "4: version: is the same of every event"),
        # Words
        (HEAD + "in:\n  number: {path: a, wen: {path: b, equals: 1}}\n", "5: number: does not know wen; did you mean when?"),
        (HEAD + "in:\n  numbr: a\n", "did you mean number?"),
        (HEAD + "when: {paht: a, equals: 1}\nin: {number: a}\n", "4: when: needs path and one of: equals, not_equals, in, not_in, present, given; did you mean path?"),
        (HEAD + "when: {path: [a, b], equals: 1}\nin: {number: a}\n", "4: when: a path is text like customer.id"),
        (HEAD + "when: {path: a, equals: {path: b}}\nin: {number: a}\n", "4: when: equals compares with plain values"),
        (HEAD + "in:\n  state: {path: a, unknown: keep}\n", "5: state: `unknown` says something of `lookup`, and there is none"),
        (HEAD + "in:\n  state: {path: a, reverse: true}\n", "5: state: `reverse` says something of `lookup`"),
        (HEAD + "in:\n  state: {path: a, lookup: [open]}\n", "5: state: `lookup` is an object from source value"),
        (HEAD + "in:\n  customer: {path: a, required: true}\n", "5: customer: `required` says something of `ref`"),
        (HEAD + "in:\n  customer: {path: a, ref: customers, required: ja}\n", "5: customer: `required` is true or false, not 'ja'"),
        (HEAD + "in:\n  customer: {path: a, ref: [customers]}\n", "5: customer: `ref` is the object type"),
        (HEAD + "in:\n  number: {paths: a}\n", "5: number: `paths` is a list of paths; for one say `path`"),
        (HEAD + "in:\n  number: {path: a, default: {path: b}}\n", "5: number: `default` is a fixed value and takes no path"),
        (HEAD + "in:\n  state: {const: open, to: word}\n", "5: state: `to` has no effect on `const`; leave it out"),
        (HEAD + "in:\n  state: {const: open, default: open}\n", "5: state: `default` has no effect on `const`"),
        (HEAD + "in:\n  state: {first: [a, b], lookup: {x: open}}\n", "5: state: `lookup` has no effect on `first`"),
        (HEAD + "when: []\nin: {number: a}\n", "4: when: names no condition"),
        (HEAD + "in: {number: a}\nholds: {number: b}\n", "5: holds: says something of `out`, and there is none"),
        # Paths
        (HEAD + "in:\n  number: []\n", "5: number: names no path; a path is like customer.id"),
        (HEAD + "in:\n  number: $.a\n", "5: number: path '$.a' begins with $; a path begins with a name"),
        (HEAD + "in:\n  number: /a/b\n", "5: number: path '/a/b' begins with /"),
        (HEAD + "in:\n  number: '{{ a }}'\n", "5: number: path '{{ a }}' is an expression, and a path has none"),
        (HEAD + "in:\n  number: a | upper\n", "5: number: path 'a | upper' is an expression"),
        # Lists and objects
        (HEAD + "in:\n  lines:\n    title: items.title\n", "6: lines: is a list; say `each: path.of.the.list` beside its members"),
        (HEAD + "in:\n  lines: {eahc: l, title: t, quantity: q}\n", "did you mean `each` by eahc?"),
        (HEAD + "in:\n  lines: {each: l, title: t}\n", "5: lines: needs quantity, without which no element is valid"),
        (HEAD + "in:\n  lines: {each: l, title: t, fields: {title: u, quantity: q}}\n", "5: lines.title: stands in `fields` and beside it; keep one"),
        (HEAD + "in:\n  lines: {each: l, title: t, quantity: q, fields: [a]}\n", "5: lines.fields: is an object of members"),
        (HEAD + "in:\n  lines: {path: l, default: 5}\n", "5: lines: the value 5 is not a list"),
        (HEAD + "in: {number: a}\nalso:\n  - {each: x, use: {in: {number: b}}}\n", "6: also.use: is another file's `from` or place"),
        (HEAD.replace("order", "customer") + "in:\n  tags: {each: t, item: n, foo: bar}\n", "5: tags.foo: `item` makes plain values"),
        # Transforms
        (HEAD + "in:\n  placed_at: {path: a, to: {timestamp: {pattern: '%Q'}}}\n", "timestamp: pattern '%Q': 'Q' is a bad directive"),
        (HEAD + "in:\n  placed_at: {path: a, to: }\n", "5: placed_at.to: names no transform"),
        (HEAD + "in:\n  placed_at: {path: a, to: []}\n", "5: placed_at.to: names no transform"),
        (HEAD + "in:\n  placed_at: {path: a, to: {strip: , timestamp: }}\n", "5: placed_at.to: an object names one transform, and this has strip, timestamp; write a list"),
        (HEAD + "in:\n  placed_at: {path: a, to: {timestamp: {zne: +08:00}}}\n", "got an unexpected keyword argument 'zne'; it takes: zone, pattern"),
        (HEAD + "in:\n  placed_at: {path: a, to: {timestamp: [a, b, c]}}\n", "too many positional arguments; it takes: zone, pattern"),
        (HEAD + "in:\n  placed_at: {path: a, to: {text: 5}}\n", "it takes none"),
    ],
)  # fmt: skip
def test_file_when_clumsy_or_hostile_then_told_where_what_and_how(tmp_path: Path, text: str, expected: str) -> None:
    found = faults(tmp_path, sys__things=text)
    assert any(f"sys/things.yaml:{expected}" in fault or expected in fault for fault in found), found
    assert all(fault.startswith("sys/things.yaml:") and "Entry(" not in fault for fault in found)


def test_files_when_they_use_each_other_in_a_circle_then_a_fault(tmp_path: Path) -> None:
    one = HEAD + "in: {number: a}\nalso:\n  - {each: x, use: sys/others}\n"
    other = HEAD.replace("things", "others") + "in: {number: a}\nalso:\n  - {each: x, use: sys/things}\n"
    found = faults(tmp_path, sys__things=one, sys__others=other)
    assert any("sys/others.yaml:6: also.use: 'sys/things' uses itself" in fault for fault in found)


ARGUMENT = HEAD + "in:\n  totals.total:\n    path: t\n    to: {money: %s}\n"


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("{currency: {paths: [c]}}", "7: totals.total.to: money: {paths: …} would be taken as it stands; write {path: …} to read"),
        ("{currency: {paht: c}}", "7: totals.total.to: money: {paht: …} would be taken as it stands"),
        ("{currency: {Path: c}}", "money: {Path: …} would be taken as it stands"),
        ("{currency: {path: c, default: CNY}}", "money: {path: …, default: …} would be taken as it stands"),
        ("{currency: {first: [c, d]}}", "money: {first: …} would be taken as it stands"),
        ("[{ref: c}]", "money: {ref: …} would be taken as it stands"),
        ("{currency: [{path: c}]}", "a path is an argument by itself, and not inside another"),
        ("{currency: {path: [c]}}", "money: a path is text like customer.id"),
        ("{path: c}", "money: {path: …} names no argument; write {money: {currency: {path: …}}}"),
    ],
)  # fmt: skip
def test_argument_when_it_looks_like_a_path_and_is_none_then_refused(
    tmp_path: Path, argument: str, expected: str
) -> None:
    found = faults(tmp_path, sys__things=ARGUMENT % argument)
    assert any(expected in fault for fault in found), found


def test_argument_when_it_is_an_object_or_stands_in_const_then_literal(tmp_path: Path) -> None:
    minor = HEAD + "in:\n  totals.total: {path: t, to: {money_minor: {currency: MGA, exponents: %s}}}\n"
    for exponents in ("{MGA: 0}", "{const: {MGA: 0}}"):
        found = loaded(tmp_path, sys__things=minor % exponents)
        assert mapped(found, {"id": 1, "t": 5})[0].asserted["totals"]["total"] == {"amount": "5.00", "currency": "MGA"}
    text = HEAD + "in:\n  totals.total: {path: t, to: {money: {currency: {const: CNY}}}}\n"
    assert mapped(loaded(tmp_path, sys__things=text), {"id": 1, "t": "5"})[0].asserted["totals"]["total"] == {
        "amount": "5.00", "currency": "CNY",
    }  # fmt: skip


def test_scalars_when_yaml_1_1_would_change_them_then_as_written(tmp_path: Path) -> None:
    table = "{no: open, on: completed, 12:30: cancelled, 0123: open, 1e5: completed, null: open}"
    text = HEAD + f"in:\n  state: {{path: s, lookup: {table}}}\n  number: {{const: 12:30}}\n"
    found = loaded(tmp_path, sys__things=text)
    said = {
        one: mapped(found, {"id": 1, "s": one})[0].asserted["state"] for one in ("no", "on", "12:30", "0123", "1e5")
    }
    assert said == {"no": "open", "on": "completed", "12:30": "cancelled", "0123": "open", "1e5": "completed"}
    assert mapped(found, {"id": 1, "s": None})[0].asserted == {"state": "open", "number": "12:30"}


def test_aliases_when_they_repeat_a_part_then_as_if_it_stood_there(tmp_path: Path) -> None:
    text = HEAD + "in:\n  number: &n {path: a, to: strip}\n  channel: *n\n"
    assert mapped(loaded(tmp_path, sys__things=text), {"id": 1, "a": " x "})[0].asserted == {
        "number": "x", "channel": "x",
    }  # fmt: skip


def test_number_when_longer_than_any_integer_then_text(tmp_path: Path) -> None:
    text = HEAD + f"in:\n  number: {{const: {'9' * 5000}}}\n"
    assert mapped(loaded(tmp_path, sys__things=text), {"id": 1})[0].asserted["number"] == "9" * 5000
