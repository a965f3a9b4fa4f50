import json
from pathlib import Path

import pytest

from hub.errors import ConfigError
from hub.model.kinds import KINDS
from hub.rules.policies import PolicySet, Rule, load_policies
from hub.rules.policy_schema import policy_schema

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
        (
            "default: {policy: lastest}",
            "verified, most_complete, most_frequent, strictest, union; did you mean latest?",
        ),
        (
            "default: {policy: latest, conections: [a]}",
            "1: default: does not know conections; did you mean connections?",
        ),
        (
            "fields:\n  note: {policy: latest,\n    null: win}",
            "3: note: null is `wins` or `yields`; did you mean wins?",
        ),
        ("fields:\n  note: {policy: latest,\n    connections: [a]}", "3: note: connections says nothing to latest"),
        ("fields:\n  note: {policy: priority, connections: [a, b, a]}", "2: note: connections names a twice"),
        ("fields:\n  note: {policy: priority, connections: a}", "2: note: connections is a list of names"),
        ("fields:\n  note: {policy: latest, fields: [note]}", "2: note: `fields` says what a group is made of"),
        ("fields:\n  note: verified", "2: note: carries no proof (`verified`); name the connections that check"),
        ("fields:\n  note: most_complete", "2: note: most_complete counts parts, and this is one value"),
        ("fields:\n  status: strictest", "2: status: strictest ranks states of consent"),
        ("fields:\n  tags: most_frequent", "and those only survive so"),
        ("fields:\n  tags: verified", "; for whose version of an element counts say `elements: verified`"),
        ("fields:\n  tags: {policy: union, elements: verified}", "2: tags: elements carry no proof (`verified`)"),
        ("fields:\n  tags: {policy: union, elements: owner}", "2: tags: owner needs connections"),
        ("fields:\n  tags: {policy: union, elements: ownr}", "elements 'ownr' is none of: latest, verified"),
        ("fields:\n  note: {policy: latest, elements: verified}", "2: note: elements says whose version counts"),
        ("fields:\n  birthday: {policy: most_complete, null: wins}", "an empty value never wins under most_complete"),
        ("default: strictest", "1: default: strictest ranks states of consent; name the group"),
        ("default: verified", "1: default: most fields carry no proof"),
        (
            "groups:\n  name: {fields: [full_name, given_name, family_name], policy: strictest}",
            "2: name: strictest ranks",
        ),
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


@pytest.mark.parametrize(
    ("kind", "text", "field", "rule"),
    [
        ("customer", "default: most_complete", "note", Rule("most_complete")),
        ("customer", "default: {policy: verified, connections: [till]}", "note", Rule("verified", ("till",))),
        ("customer", "fields:\n  birthday: most_complete", "birthday", Rule("most_complete")),
        (
            "customer",
            "fields:\n  note: {policy: most_frequent, null: wins}",
            "note",
            Rule("most_frequent", null="wins"),
        ),
        ("consent", "fields:\n  identity: verified", "identity", Rule("verified")),
        (
            "customer",
            "fields:\n  addresses: {policy: union, elements: priority, connections: [crm]}",
            "addresses",
            Rule("union", ("crm",), elements="priority"),
        ),
    ],
)
def test_policy_when_it_fits_its_field_then_it_is_taken(
    tmp_path: Path, kind: str, text: str, field: str, rule: Rule
) -> None:
    assert _load(tmp_path, text + "\n", kind).rule(field) == rule


def test_schema_of_policy_files_when_generated_then_the_one_in_the_repository_is_current() -> None:
    generated = json.dumps(policy_schema(), indent=1, ensure_ascii=False) + "\n"
    assert (ROOT / "mappings" / "policies" / "schema.json").read_text(encoding="utf-8") == generated, (
        "write it anew: python -m hub.rules.policy_schema > mappings/policies/schema.json"
    )
