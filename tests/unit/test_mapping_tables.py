"""Look-up tables and policies as files of their own: known for what they are, and checked as that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli.mapping import mapping as command
from hub.model.kinds import KINDS
from hub.rules.mapping import examine_mappings, what_is
from tests.fixtures.mapping import write

USES = "kind: customer\nfrom: sys/things\nid: id\nin: {gender: {path: a, lookup: sexes}}\n"


def told(path: Path) -> dict[str, Any]:
    done = CliRunner().invoke(command, ["check", str(path), "--json"])
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.exit_code == (1 if found["faults"] else 0)
    return found


def said_of(found: dict[str, Any], file: str) -> list[str]:
    return [f"{one['line']}: {one['field']}: {one['text']}" for one in found["found"] if one["file"] == file]


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("lookups/a.yaml", "M: male\n", "lookup"),
        ("else/a.yaml", "M: male\nF: female\n", "lookup"),
        ("policies/customer.yaml", "M: male\n", "policy"),
        ("else/customer.yaml", "default: {policy: latest}\n", "policy"),
        ("else/a.yaml", "kind: customer\nin: {}\n", "mapping"),
        ("else/a.yaml", "a: {path: b}\n", "mapping"),
        ("else/a.yaml", "", "mapping"),
        ("else/a.yaml", "[", "mapping"),
    ],
)
def test_file_when_looked_at_then_known_by_its_folder_or_by_what_it_says(
    tmp_path: Path, name: str, text: str, what: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir()
    path.write_text(text)
    assert what_is(path) == what


def test_table_when_it_has_faults_then_each_with_line_and_code(tmp_path: Path) -> None:
    text = 'G: gold\nS: silver\nG: platinum\nB: [a]\nunknown: keep\n"1": 5\ng: bronze\n'
    found = told(write(tmp_path, lookups__levels=text) / "lookups" / "levels.yaml")
    assert found["checked"][0]["text"] == "a look-up table, used by no mapping"
    assert said_of(found, "lookups/levels.yaml") == [
        "3: G: stands here twice, first in line 1; keep one",
        "4: B: gives a list, and most of the table gives text; a table gives values of one type",
        "6: 1: gives a number, and most of the table gives text; put it in quotes if it is text",
        "5: unknown: is read as a source value here; `unknown` stands beside `lookup:` where the table is used",
        "7: g: differs from 'G' (line 3) only by letter case or spaces, and gives another value",
    ]
    assert (found["faults"], found["warnings"]) == (3, 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a\n", "1: : a look-up table is an object from source value to canonical value, like `M: male`"),
        (USES, "1: : is a mapping, and stands among the look-up tables; move it out of `lookups`"),
        ("", "1: : the table is empty, so it knows no value"),
        ("a: [\n", "2: : not YAML"),
    ],
)
def test_table_when_it_is_none_then_says_so(tmp_path: Path, text: str, expected: str) -> None:
    found = told(write(tmp_path, lookups__levels=text) / "lookups" / "levels.yaml")
    assert said_of(found, "lookups/levels.yaml")[0].startswith(expected)


def test_table_when_it_lies_elsewhere_then_says_what_it_is_and_where_it_takes_effect(tmp_path: Path) -> None:
    path = tmp_path / "sexes.yaml"
    path.write_text("M: male\nF: female\n")
    done = CliRunner().invoke(command, ["check", str(path)])
    assert done.exit_code == 0
    assert "sexes.yaml: a look-up table, used by no mapping; it takes effect as lookups/sexes.yaml" in done.stdout


def test_folder_of_tables_when_checked_alone_then_each_file(tmp_path: Path) -> None:
    found = told(write(tmp_path, lookups__a="x: y\n", lookups__b="- x\n") / "lookups")
    assert [Path(one["file"]).name for one in found["checked"]] == ["a.yaml", "b.yaml"]
    assert found["faults"] == 1


def test_table_when_a_value_does_not_fit_the_field_then_told_where_it_is_used_and_where_it_stands(
    tmp_path: Path,
) -> None:
    folder = write(tmp_path, lookups__sexes="M: male\nF: femal\n", sys__things=USES)
    found, faults = examine_mappings([folder], KINDS, {})
    assert found.tables == {"sexes": ["sys/things.yaml"]}
    (fault,) = map(str, faults)
    assert fault.startswith("sys/things.yaml:4: gender: the value 'femal' is none of: ")
    assert fault.endswith("(lookups/sexes.yaml:2)")


def test_table_when_misnamed_then_the_one_that_is_meant(tmp_path: Path) -> None:
    folder = write(tmp_path, lookups__sexes="M: male\n", sys__things=USES.replace("sexes", "sexs"))
    (fault,) = examine_mappings([folder], KINDS, {})[1]
    assert "no lookup table 'sexs'; known are: sexes; did you mean sexes?" in str(fault)


def test_policies_when_they_lie_elsewhere_then_checked_as_policies(tmp_path: Path) -> None:
    path = tmp_path / "customer.yaml"
    path.write_text("default: {policy: latest}\nfields: {langage: latest}\n")
    found = told(path)
    assert found["checked"][0] == {
        "file": str(path), "what": "policy",
        "text": "policies of customer; it takes effect as policies/customer.yaml of a folder of mappings",
    }  # fmt: skip
    assert said_of(found, "policies/customer.yaml") == ["2: langage: is no field of customer; did you mean language?"]


def test_policies_when_named_after_no_kind_then_says_how_they_are_named(tmp_path: Path) -> None:
    found = told(write(tmp_path, policies__custmer="default: latest\n") / "policies" / "custmer.yaml")
    (text,) = said_of(found, "policies/custmer.yaml")
    assert text.startswith("1: : a policy file is named like its kind, and there is no kind 'custmer'; known are: ")
    assert text.endswith("did you mean customer?")


def test_file_when_larger_than_any_rule_file_then_not_read(tmp_path: Path) -> None:
    path = write(tmp_path, sys__things=USES) / "sys" / "things.yaml"
    with path.open("r+b") as file:
        file.truncate(5_000_000)
    (fault,) = examine_mappings([tmp_path], KINDS, {})[1]
    assert str(fault) == "sys/things.yaml:1: is larger than 4000000 bytes; split it"
