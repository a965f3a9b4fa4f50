import json

import pytest

from hub.errors import ConfigError, RecordError
from hub.model.describe import json_schema
from hub.model.kind import Field, Kind, Text
from hub.model.kinds import KINDS
from hub.model.schema import check_field, load, schema_of

WORD = Text("字", "word")


def test_kinds_when_listed_then_all_of_the_first_release_with_unlike_prefixes() -> None:
    assert len(KINDS) == 24
    for part in ("prefix", "plural"):
        assert len({getattr(kind, part) for kind in KINDS.values()}) == 24
    assert {kind.name for kind in KINDS.values() if kind.parent} == {"payment", "refund", "fulfilment", "return"}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_kind_when_read_then_every_field_is_told_in_both_languages(kind: Kind) -> None:
    for path, field in [("", kind), *kind.walk()]:
        assert field.help.zh, path
        assert field.help.en, path
    assert all(ref in KINDS for ref in {field.ref for _, field in kind.walk() if field.ref})


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_kind_when_described_then_the_schema_names_every_field(kind: Kind) -> None:
    shape = json_schema(kind)
    assert json.loads(json.dumps(shape)) == shape
    assert list(shape["properties"]) == [field.name for field in kind.fields]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_example_of_every_plain_field_when_loaded_then_canonical_already(kind: Kind) -> None:
    examples = {f.name: f.example for f in kind.fields if f.example is not None and not f.derived}
    assert schema_of(kind, partial=True).load(examples) == examples


def test_order_when_asked_then_its_derived_fields_are_marked() -> None:
    order = KINDS["order"]
    assert order.derived == (
        "payment_state",
        "fulfilment_state",
        "return_state",
        "paid",
        "refunded",
        "outstanding",
    )


def test_customer_when_asked_then_groups_and_union_lists_are_known() -> None:
    customer = KINDS["customer"]
    assert customer.groups == {"name": ("full_name", "given_name", "family_name")}
    assert customer.identities["identities"] == ("namespace", "scope", "value")
    assert customer.identities["tags"] == ()
    assert KINDS["order"].identities == {}


def test_element_key_when_asked_then_names_the_element() -> None:
    identities = KINDS["customer"].field("identities")
    assert identities.element_key({"namespace": "phone", "value": "+86139"}) == "phone||+86139"
    assert KINDS["customer"].field("tags").element_key("vip") == "vip"


def test_field_when_unknown_then_config_error_lists_the_known() -> None:
    with pytest.raises(ConfigError, match="full_name"):
        KINDS["customer"].field("fullname")


@pytest.mark.parametrize(
    "build",
    [
        lambda: Field("x", "object", WORD),
        lambda: Field("x", "enum", WORD),
        lambda: Field("x", "ref", WORD),
        lambda: Field("x", "text", WORD, choices=("a",)),
        lambda: Field("x", "text", WORD, identity=()),
        lambda: Kind("k", "ks", "kkk", WORD, WORD, (Field("x", "text", WORD), Field("x", "text", WORD))),
        lambda: Kind("k", "ks", "kkk", WORD, WORD, (Field("x", "text", WORD),), parent="x"),
        lambda: Kind("k", "ks", "kkk", WORD, WORD, (Field("x", "text", WORD),), lookups=("y",)),
    ],
)
def test_declaration_when_it_contradicts_itself_then_refused(build: object) -> None:
    assert callable(build)
    with pytest.raises(ConfigError):
        build()


def test_load_when_several_fields_are_bad_then_all_are_reported() -> None:
    data = {
        "currency": "XXX",
        "lines": [{"title": "茶", "quantity": "2"}, {"quantity": "x"}],
        "totals": {"total": {"amount": "1.234", "currency": "CNY"}},
        "surprise": 1,
    }
    with pytest.raises(RecordError) as caught:
        load(KINDS["order"], data)
    paths = {problem.path for problem in caught.value.problems}
    assert paths == {"currency", "lines[1].title", "lines[1].quantity", "totals.total", "surprise"}


def test_check_field_when_pinned_then_canonical_or_refused() -> None:
    assert check_field(KINDS["payment"], "amount", {"amount": "12.3", "currency": "CNY"}) == {
        "amount": "12.30",
        "currency": "CNY",
    }
    with pytest.raises(RecordError):
        check_field(KINDS["customer"], "gender", "unclear")
    with pytest.raises(ConfigError):
        check_field(KINDS["customer"], "nosuch", "x")
