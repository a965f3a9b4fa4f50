from pathlib import Path

import pytest

from hub.errors import ConfigError
from hub.model.kinds import KINDS
from hub.rules.policies import PolicySet, Rule, load_policies

ROOT = Path(__file__).parents[2]


def _load(folder: Path, text: str, kind: str = "customer") -> PolicySet:
    (folder / "policies").mkdir(parents=True, exist_ok=True)
    (folder / "policies" / f"{kind}.yaml").write_text(text, encoding="utf-8")
    return load_policies([folder], KINDS)[kind]


def test_built_in_policies_when_loaded_then_every_kind_has_some() -> None:
    found = load_policies([ROOT / "mappings"], KINDS)
    assert set(found) == set(KINDS)
    customer = found["customer"]
    for name in ("tags", "addresses"):
        assert customer.rule(name) == Rule("union")
    assert customer.rule("identities") == Rule("union", elements="verified")
    assert found["consent"].rule("status") == Rule("strictest", group="consent")
    for name in ("full_name", "given_name", "family_name"):
        assert customer.rule(name) == Rule("latest", group="name")
    assert found["order"].rule("number") == found["order"].default == Rule("latest")
    files = {path.stem for path in (ROOT / "mappings" / "policies").glob("*.yaml")}
    assert files == set(KINDS)


def test_field_when_it_has_a_rule_then_that_one(tmp_path: Path) -> None:
    policies = _load(
        tmp_path,
        "default: {policy: owner, connections: [crm]}\n"
        "fields:\n  language: {policy: priority, connections: [shop, crm], null: wins}\n  note: latest\n",
    )
    assert policies.rule("language") == Rule("priority", ("shop", "crm"), "wins")
    assert policies.rule("note") == Rule("latest")
    assert policies.rule("nickname") == Rule("owner", ("crm",))
    assert policies.rule("full_name") == Rule("owner", ("crm",), group="name")
    assert policies.rule("tags") == Rule("union")


def test_group_when_it_has_a_rule_then_all_its_fields(tmp_path: Path) -> None:
    policies = _load(
        tmp_path,
        "groups:\n  name: {fields: [full_name, given_name, family_name], policy: priority, connections: [crm]}\n",
    )
    assert {policies.rule(name) for name in KINDS["customer"].groups["name"]} == {
        Rule("priority", ("crm",), group="name")
    }


def test_folders_when_several_have_a_kind_then_the_first_wins(tmp_path: Path) -> None:
    _load(tmp_path / "a", "default: {policy: priority, connections: [a]}\n")
    _load(tmp_path / "b", "default: {policy: priority, connections: [b]}\n")
    found = load_policies([tmp_path / "a", tmp_path / "b"], KINDS)
    assert found["customer"].default.connections == ("a",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("default: [latest]", "customer.yaml:1: default: is the name of a policy, or an object of policy, connections"),
        (
            "defalt: latest",
            "1: defalt: is not a word of a policy file; known are: default, fields, groups; did you mean default?",
        ),
        ("fields:\n  fields: [full_name]\n", "2: fields: is the name of a policy, or an object"),
        ("default: {policy: newest}", "customer.yaml:1: default: policy 'newest' is none of"),
        ("default: {policy: priority}", "1: default: priority needs connections"),
        ("default: {policy: latest, null: maybe}", "1: default: null is `wins` or `yields`"),
        ("default: {policy: latest, since: 5}", "1: default: does not know since"),
        ("fields:\n  nosuch: latest", "2: nosuch: is no field of customer"),
        ("fields:\n  tags: latest", "2: tags: `union` is for lists"),
        ("fields:\n  note: union", "2: note: `union` is for lists"),
        ("fields:\n  full_name: {policy: priority, connections: [a]}", "name: its fields survive together"),
        ("groups:\n  name: {policy: latest}", "2: name: a group lists its `fields`"),
        ("rules: {}", "1: rules: is not a word of a policy file"),
        ("- a", "1: a policy file is an object"),
        ("default: [", "not YAML"),
    ],
)
def test_file_when_faulty_then_the_fault_names_file_line_and_field(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, text + "\n")
    assert expected in str(caught.value)


def test_file_when_its_kind_is_unknown_then_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no kind 'custmer'"):
        _load(tmp_path, "default: latest\n", kind="custmer")


def test_derived_field_when_it_gets_a_policy_then_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="paid: is computed by the hub"):
        _load(tmp_path, "fields:\n  paid: latest\n", kind="order")
