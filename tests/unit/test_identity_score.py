"""Scores, guards and candidate keys, of random customers and of those that the rules were made for."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.identity import febrl
from hub.model.key import keys_of
from hub.model.kinds import KINDS
from hub.rules.identity.features import features_of
from hub.rules.identity.keys import ATOM_HELP, ATOMS, namespaces_of
from hub.rules.identity.model import MatchModel, load_models
from hub.rules.identity.spec import COMPARISONS, levels_of

ROOT = Path(__file__).parents[2]
MODELS = {
    "retail": load_models([ROOT / "mappings"], KINDS)["customer"],
    "febrl": load_models([ROOT / "bench" / "identity" / "customer.yaml"], KINDS)["customer"],
}
RETAIL = MODELS["retail"]
DOCS = (ROOT / "docs" / "identity.md").read_text(encoding="utf-8")
NAMES = (
    "王小明",
    "王晓明",
    "王明",
    "王先生",
    "Wang Xiaoming",
    "小明",
    "李秀英",
    "欧阳娜娜",
    "開心",
    "John Smith",
    "Smith John",
    "",
)
PHONES = ("13912345678", "13912345679", "139****5678", "13800000000", "+86 139-1234-5687")


def _identity(namespace: str, values: tuple[str, ...]) -> st.SearchStrategy[dict[str, str]]:
    return st.sampled_from(values).map(lambda value: {"namespace": namespace, "value": value})


_unionid = st.sampled_from(("u1", "u2")).map(
    lambda value: {"namespace": "wechat_unionid", "scope": "open-1", "value": value}
)
_person = st.fixed_dictionaries(
    {"full_name": st.sampled_from(NAMES)},
    optional={
        "gender": st.sampled_from(("male", "female")),
        "birthday": st.builds(
            lambda year, month, day: {"year": year, "month": month, "day": day},
            st.sampled_from((1990, 1991)),
            st.sampled_from((1, 5)),
            st.sampled_from((1, 5)),
        ),
        "identities": st.lists(
            _identity("phone", PHONES)
            | _identity("email", ("xm@qq.com", "xm@163.com"))
            | _identity("soc_sec_id", ("1234567", "1234576", "1234568"))
            | _unionid,
            max_size=4,
        ),
        "addresses": st.lists(
            st.sampled_from(
                (
                    {"raw": "上海市静安区人民路12号3号楼301室"},
                    {"raw": "人民路12号"},
                    {"street": "5 miller street", "district": "willaroo", "city": "bittern", "postcode": "4011"},
                    {"street": "willaroo", "district": "miller street", "city": "biten", "province": "wa"},
                )
            ),
            max_size=2,
        ),
    },
)
_features = _person.map(features_of)


@pytest.mark.parametrize("name", MODELS)
@given(a=_features, b=_features, c=_features)
def test_score_when_computed_then_symmetric_and_the_sum_of_its_parts(
    name: str, a: dict[str, Any], b: dict[str, Any], c: dict[str, Any]
) -> None:
    model = MODELS[name]
    score = model.score(a, b)
    back = model.score(b, a)
    assert score.weight == sum(part.weight for part in score.parts)
    assert back.weight == score.weight
    assert sorted(back.parts) == sorted(score.parts)
    model.score(a, c)
    assert model.score(a, b) == score
    assert model.apart(a, b) == model.apart(b, a)
    assert model.weigh(a, b) == (score, model.apart(a, b))
    assert model.relation(a, b) == model.relation(b, a)
    for part in score.parts:
        assert part.weight == model.spec.comparisons[part.name][part.level].weight


@given(a=_features, b=_features)
def test_score_when_one_side_says_nothing_then_no_part(a: dict[str, Any], b: dict[str, Any]) -> None:
    for model in MODELS.values():
        assert model.score(a, {}) == (0, ())
        without = {member: value for member, value in b.items() if member != "birthday"}
        assert "birthday" not in {part.name for part in model.score(a, without).parts}
        assert model.apart(a, {}) == ""


@given(a=_features)
def test_record_when_compared_with_itself_then_nothing_keeps_it_apart(a: dict[str, Any]) -> None:
    assert RETAIL.apart(a, a) == ""
    assert all(part.weight >= 0 or part.name == "rarity" for part in RETAIL.score(a, a).parts)


def _of(name: str = "", *identities: tuple[str, str, str], **more: Any) -> dict[str, Any]:
    said = [{"namespace": n, "value": v, **({"scope": s} if s else {})} for n, v, s in identities]
    return features_of({"full_name": name, "identities": said, **more})


def test_typed_numbers_when_equal_then_no_evidence_and_no_candidates() -> None:
    for number in ("13800000000", "13912345678转123", "12345678"):
        a, b = _of("", ("phone", number, "")), _of("", ("phone", number, ""))
        assert RETAIL.score(a, b) == (0, ())
        assert RETAIL.keys_of(a) == []


def test_masked_number_when_compared_then_less_than_a_whole_one_and_no_key_by_itself() -> None:
    a, b = _of("王小明", ("phone", "139****5678", "")), _of("王小明", ("phone", "13912345678", ""))
    levels = {part.name: part.level for part in RETAIL.score(a, b).parts}
    assert levels["phone"] == "masked"
    assert {key.value for key in RETAIL.keys_of(a)} & {key.value for key in RETAIL.keys_of(b)}
    assert all("|" in key.value for key in RETAIL.keys_of(_of("", ("phone", "139****5678", ""))))


def test_openid_when_of_another_app_then_neither_evidence_nor_candidate() -> None:
    a, b = _of("", ("wechat_openid", "o1", "app-1")), _of("", ("wechat_openid", "o1", "app-2"))
    for model in MODELS.values():
        assert model.score(a, b) == (0, ())
        assert not {key.value for key in model.keys_of(a)} & {key.value for key in model.keys_of(b)}


def test_unionids_when_two_of_one_account_then_apart_and_of_another_account_not() -> None:
    a, b = _of("王小明", ("wechat_unionid", "u1", "open-1")), _of("王小明", ("wechat_unionid", "u2", "open-1"))
    other = _of("王小明", ("wechat_unionid", "u2", "open-2"))
    assert RETAIL.apart(a, b) == "account"
    assert RETAIL.apart(a, other) == ""


@pytest.mark.parametrize(
    ("a", "b", "kept"),
    [
        ("王小明", "王晓明", ""),
        ("王小明", "王明", ""),
        ("王小明", "王小", ""),
        ("王小明", "Wang Xiaoming", ""),
        ("王小明", "王先生", ""),
        ("王小明", "小太阳", ""),
        ("張曉明", "张晓明", ""),
        ("王小明", "王大伟", "name"),
        ("王小明", "李女士", "name"),
        ("王先生", "王女士", "name"),
    ],
)
def test_names_when_of_two_people_then_apart(a: str, b: str, kept: str) -> None:
    assert RETAIL.apart(_of(a), _of(b)) == kept


def test_birthdays_when_different_then_apart_but_not_for_a_slip() -> None:
    def born(year: int, month: int, day: int) -> dict[str, Any]:
        return _of("王小明", birthday={"year": year, "month": month, "day": day})

    assert RETAIL.apart(born(1990, 5, 1), born(1985, 11, 30)) == "birthday"
    assert RETAIL.apart(born(1990, 5, 1), born(1991, 5, 1)) == ""
    assert RETAIL.apart(born(1990, 5, 1), born(1990, 1, 5)) == ""


def test_name_when_all_there_is_then_never_auto_however_rare() -> None:
    score = RETAIL.score(_of("欧阳鑫淼"), _of("欧阳鑫淼"))
    assert {part.level for part in score.parts} == {"exact", "very_rare"}
    assert RETAIL.review <= score.weight < RETAIL.auto


def test_home_when_the_number_is_shared_too_then_one_household_counts_once() -> None:
    place = [{"raw": "上海市静安区人民路12号3号楼301室"}]
    phone = ("phone", "13912345678", "")
    score = RETAIL.score(_of("", phone, addresses=place), _of("", phone, addresses=place))
    assert [part.name for part in score.parts] == ["phone"]
    father, son = _of("王伟", addresses=place), _of("王小明", addresses=place)
    assert RETAIL.relation(father, son) == "household"
    assert RETAIL.relation(father, father) == ""


def test_value_when_hot_then_counts_as_missing_and_others_stay() -> None:
    a = _of("", ("phone", "13912345678", ""), ("phone", "13512345678", ""), ("email", "xm@qq.com", ""))
    phones = frozenset({("phone", "+8613912345678"), ("phone", "+8613512345678")})
    assert [part.name for part in RETAIL.score(a, a, phones).parts] == ["email"]
    assert [part.name for part in RETAIL.score(a, a, frozenset({("email", "xm@qq.com")})).parts] == ["phone"]
    assert RETAIL.score(a, a, frozenset({("phone", "+8613912345678")})) == RETAIL.score(a, a)


@given(_person)
def test_keys_when_made_then_candidates_only_each_once_in_declared_namespaces(data: dict[str, Any]) -> None:
    for model in MODELS.values():
        features = features_of(data)
        keys = model.keys_of(features)
        assert len({(key.namespace, key.value) for key in keys}) == len(keys)
        assert {key.strength for key in keys} <= {1}
        assert {key.namespace for key in keys} <= set(namespaces_of(model.spec.keys))
        stored = {(key.namespace, key.scope, key.value) for key in keys_of(KINDS["customer"], data)}
        assert {(key.namespace, key.scope, key.value) for key in model.evidence(features)} <= stored


def test_atoms_when_asked_of_a_full_record_then_each_has_values_and_is_explained() -> None:
    full = _of(
        "王小明",
        ("phone", "13912345678", ""),
        ("email", "xm@qq.com", ""),
        ("card_no", "1", ""),
        birthday={"year": 1990, "month": 5, "day": 1},
        addresses=[
            {"street": "人民路12号3号楼301室", "district": "静安区", "city": "上海市", "postcode": "200041"},
        ],
    )
    assert ATOMS.keys() == ATOM_HELP.keys()
    assert [atom for atom in ATOMS if atom != "rare_name" and not ATOMS[atom](full)] == []


def test_vocabulary_when_known_then_in_the_docs() -> None:
    missing = [atom for atom in ATOMS if f"`{atom}`" not in DOCS]
    for comparison in (*COMPARISONS, "identity.wechat_unionid"):
        shown = "identity.NAMESPACE" if comparison.startswith("identity.") else comparison
        row = " ".join(line for line in DOCS.splitlines() if line.startswith(f"| `{shown}` |"))
        missing += [f"{comparison}.{level}" for level in levels_of(comparison) if f"`{level}`" not in row]
    assert missing == []


def test_febrl_row_when_names_and_street_are_turned_then_one_person() -> None:
    row = {
        "given_name": "mitchell",
        "surname": "green",
        "street_number": "7",
        "address_1": "wallaby place",
        "address_2": "delmar",
        "suburb": "cleveland",
        "postcode": "2119",
        "state": "sa",
        "date_of_birth": "19560409",
        "soc_sec_id": "1804974",
    }
    turned = {**row, "given_name": "green", "surname": "mitchell", "address_1": "delmar", "address_2": "wallaby place"}
    model: MatchModel = MODELS["febrl"]
    score = model.score(features_of(febrl.customer(row)), features_of(febrl.customer(turned)))
    assert {part.level for part in score.parts} == {"exact", "turned", "same"}
    assert score.weight > model.auto
