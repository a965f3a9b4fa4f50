"""`mapping check` says of policy and model files what a reload would."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.cli.mapping import mapping
from hub.errors import ConfigError
from hub.model.kinds import KINDS
from hub.rules.policies import load_policies

BAD = "default: {policy: newest}\nfields:\n  full_nam: {policy: latest}\n  note: {policy: owner}\n"


def _file(folder: Path, text: str, name: str = "customer") -> Path:
    path = folder / "policies" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _check(*arguments: str, code: int) -> Result:
    result = CliRunner().invoke(mapping, ["check", *arguments])
    assert result.exit_code == code, result.output
    return result


@pytest.mark.parametrize("is_file", [True, False])
def test_policy_file_when_faulty_then_check_says_what_a_reload_says(tmp_path: Path, is_file: bool) -> None:
    path = _file(tmp_path, BAD)
    found = json.loads(_check(str(path if is_file else tmp_path), "--json", code=1).output)
    wrong = [one for one in found["found"] if one["severity"] == "fault"]
    assert sorted((one["file"], one["line"], one["field"]) for one in wrong) == [
        ("policies/customer.yaml", 1, "default"),
        ("policies/customer.yaml", 3, "full_nam"),
        ("policies/customer.yaml", 4, "note"),
    ]
    with pytest.raises(ConfigError) as error:
        load_policies([tmp_path], KINDS)
    shown = _check(str(tmp_path), code=1).output.splitlines()
    assert [line for line in shown if not line.startswith("warning: ")][:-1] == str(error.value).splitlines()
    assert "3 faults" in shown[-1]


def test_policy_files_when_all_are_well_then_they_are_counted_and_hide_those_installed(tmp_path: Path) -> None:
    before = json.loads(_check("--json", code=0).output)["files"]
    _file(tmp_path, "default: latest\n")
    assert json.loads(_check(str(tmp_path), "--json", code=0).output)["files"] == before
    assert "no kind 'customers'" in _check(str(_file(tmp_path, "default: latest\n", "customers")), code=1).output


def test_model_file_when_faulty_then_check_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "matching" / "customer.yaml"
    path.parent.mkdir()
    path.write_text("auto: 9000\nreview: 3000\ncomparisons:\n  name: {exakt: 7000}\nkeys: {}\n", encoding="utf-8")
    found = json.loads(_check(str(path), "--json", code=1).output)
    [wrong] = [one for one in found["found"] if one["severity"] == "fault"]
    assert (wrong["file"], wrong["line"], wrong["field"]) == ("matching/customer.yaml", 4, "name")
    assert "did you mean exact?" in wrong["text"]
    elsewhere = tmp_path / "customer.yaml"
    elsewhere.write_text("auto: 9000\nreview: 3000\ncomparisons:\n  name: {exact: 7000}\nkeys: {}\n", encoding="utf-8")
    assert "takes effect as matching/customer.yaml" in _check(str(elsewhere), code=0).output
