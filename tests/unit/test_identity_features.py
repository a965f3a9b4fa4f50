"""What is compared of a customer: names, numbers, addresses in their normal forms."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.rules.identity import address_form, compare_address, compare_name, compare_value
from hub.rules.identity.features import features_of
from hub.rules.identity.leaning import leaning_of
from hub.rules.identity.name_form import last_syllable


def _name(text: str, **more: Any) -> list[str]:
    found = features_of({"full_name": text, **more})["name"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("王小明", ["han", "王", "小明", "wang", "xiaoming", "male"]),
        ("歐陽 娜娜", ["han", "欧阳", "娜娜", "ouyang", "nana", "female"]),
        ("曾国强", ["han", "曾", "国强", "zeng", "guoqiang", "male"]),
        ("王小明先生", ["han", "王", "小明", "wang", "xiaoming", "male"]),
        ("王先生", ["family", "王", "wang", "male"]),
        ("欧阳女士", ["family", "欧阳", "ouyang", "female"]),
        ("黄总", ["family", "黄", "huang", ""]),
        ("Mr. Wang", ["family", "wang", "wang", "male"]),
        ("李", ["family", "李", "li", ""]),
        ("Wang Xiao Ming", ["pinyin", "wang", "xiaoming", "wangxiaoming", "xiaomingwang"]),
        ("WANGXIAOMING", ["pinyin", "wangxiaoming", "", "wangxiaoming", "wangxiaoming"]),
        ("Xiaoming Wang", ["pinyin", "wang", "xiaoming", "wangxiaoming", "xiaomingwang"]),
        ("John Smith", ["latin", "smith", "john", "smithjohn", "johnsmith"]),
        ("小明", ["nick", "小明", "明", "ming"]),
        ("阳光伟", ["nick", "阳光伟", "伟", "wei"]),
        ("Lucky芳", ["nick", "lucky芳", "芳", "fang"]),
        ("开心87", ["nick", "开心87", "", ""]),
    ],
)
def test_name_when_read_then_in_the_form_of_its_sort(text: str, form: list[str]) -> None:
    assert _name(text) == form


def test_name_when_in_parts_then_as_if_whole() -> None:
    assert features_of({"family_name": "欧阳", "given_name": "娜娜"}) == features_of({"full_name": "欧阳娜娜"})
    assert features_of({"family_name": "smith"})["name"] == ["latin", "smith", "", "smith", "smith"]
    assert features_of({"given_name": "amy"})["name"] == ["latin", "", "amy", "amy", "amy"]


@pytest.mark.parametrize(
    "text", ["微信用户", "匿名", "会员0012", "用户_88", "N/A", "test", "Guest 7", "-", "先生", "null"]
)
def test_name_when_a_system_knows_none_then_missing(text: str) -> None:
    assert features_of({"full_name": text}) == {}
    assert features_of({"nickname": text}) == {}
    assert features_of({"full_name": text, "nickname": "小欧"})["name"][0] == "nick"


def test_nickname_when_there_is_no_name_then_compared_instead() -> None:
    assert features_of({"nickname": "小欧"})["name"] == ["nick", "小欧", "欧", "ou"]
    assert features_of({"full_name": "欧阳娜娜", "nickname": "小欧"})["name"][0] == "han"


def test_gender_when_said_then_before_what_the_name_leans_to() -> None:
    assert _name("王芳", gender="male")[5] == "male"
    assert _name("王芳")[5] == "female"
    assert leaning_of("伟芳") == ""


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [
        ("王小明", "王小明", "exact"),
        ("張曉明", "张晓明", "exact"),
        ("王小明", "王晓明", "homophone"),
        ("王小明", "汪小明", "homophone"),
        ("王小明", "Wang Xiaoming", "pinyin"),
        ("王小明", "xiaomingwang", "pinyin"),
        ("王小明", "wang xiaomin", "close"),
        ("Wang Xiaoming", "wangxiaoming", "pinyin"),
        ("王小明", "王明", "dropped"),
        ("王小明", "王小", "dropped_last"),
        ("王芳", "王女士", "honorific_fits"),
        ("王芳", "王先生", "honorific_unlikely"),
        ("王文", "王先生", "honorific"),
        ("王先生", "王女士", "conflict"),
        ("王芳", "李女士", "conflict"),
        ("王小明", "王大伟", "family"),
        ("王小明", "李小明", "conflict"),
        ("王小明", "Wang Dawei", "family"),
        ("王小明", "小明", "nickname"),
        ("王小明", "阳光伟", "nickname_differs"),
        ("王小明", "Lucky12", ""),
        ("王小明", "John Smith", ""),
        ("Lucky12", "lucky12", "same_nickname"),
        ("Wang Xiaoming", "大明", "nickname"),
        ("John Smith", "Smith John", "exact"),
    ],
)
def test_names_when_compared_then_level_in_either_order(a: str, b: str, level: str) -> None:
    left, right = _name(a), _name(b)
    assert compare_name.compare(left, right) == level
    assert compare_name.compare(right, left) == level


def test_numbers_when_typed_then_never_whole() -> None:
    numbers = ["138****5678", "13800000000", "13812345678转123", "139 1234 5678", "12345678"]
    found = features_of({"identities": [{"namespace": "phone", "value": number} for number in numbers]})
    assert found["phones"] == ["+8613912345678"]
    assert found["masked"] == ["1385678"]
    for role in ("store", "shared", "placeholder", "virtual"):
        given_role = {"namespace": "phone", "value": "13912345678", "role": role}
        assert features_of({"identities": [given_role]}) == {}


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [
        ("139 1234 5678", "+8613912345678", "same"),
        ("13912345678", "139****5678", "masked"),
        ("139****5678", "139****5678", "masked"),
        ("138****5678", "139****5678", "different"),
        ("13912345678", "13912345679", "one_digit"),
        ("13912345678", "13912345687", "transposed"),
        ("13912345678", "13512345699", "different"),
        ("13800000000", "13800000000", ""),
        ("13912345678转1", "13912345678转1", ""),
    ],
)
def test_phones_when_compared_then_level(a: str, b: str, level: str) -> None:
    one, other = (features_of({"identities": [{"namespace": "phone", "value": number}]}) for number in (a, b))
    found = compare_value.compare_phones(
        one.get("phones", ()), other.get("phones", ()), one.get("masked", ()), other.get("masked", ())
    )
    assert found == level


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [
        ((1990, 5, 1), (1990, 5, 1), "exact"),
        ((1990, 5, 1), (1990, 1, 5), "swapped"),
        ((1990, 5, 1), (1991, 5, 1), "one_digit"),
        ((1990, 5, 1), (0, 5, 1), "month_day"),
        ((0, 5, 1), (0, 5, 1), "month_day"),
        ((0, 5, 1), (0, 6, 1), "different"),
        ((1990, 5, 1), (1992, 5, 2), "near"),
        ((1990, 5, 1), (1985, 11, 30), "different"),
    ],
)
def test_birthdays_when_compared_then_level(a: tuple[int, ...], b: tuple[int, ...], level: str) -> None:
    assert compare_value.compare_birthdays([*a, "gregorian"], [*b, "gregorian"]) == level
    assert compare_value.compare_birthdays([*b, "gregorian"], [*a, "gregorian"]) == level
    assert compare_value.compare_birthdays([*a, "gregorian"], [*b, "lunar"]) == ""


def test_same_text_when_of_another_app_then_another_identity() -> None:
    openid = {"namespace": "wechat_openid", "value": "o1"}
    a = features_of({"identities": [{**openid, "scope": "app-1"}]})
    b = features_of({"identities": [{**openid, "scope": "app-2"}]})
    assert not a["ids"].keys() & b["ids"].keys()


@pytest.mark.parametrize(
    ("raw", "form"),
    [
        ("上海市静安区人民路12号3号楼301室", ("人民路", "12", "3", "301", "静安", "上海")),
        ("静安区人民路12号3栋301", ("人民路", "12", "3", "301", "静安", "")),
        ("上海市靜安區人民路 12 號 3 幢 301 室", ("人民路", "12", "3", "301", "静安", "上海")),
        ("上海市人民路１２号", ("人民路", "12", "", "", "", "上海")),
        ("广东省深圳市南山区科技园南路15号2栋1单元1203", ("科技园南路", "15", "2", "1203", "南山", "深圳")),
    ],
)
def test_address_when_chinese_then_read_from_behind_its_divisions(raw: str, form: tuple[str, ...]) -> None:
    (found,) = address_form.forms_of({"addresses": [{"raw": raw}]})
    assert tuple(found[:6]) == form


def test_address_when_western_then_number_before_street() -> None:
    (found,) = address_form.forms_of(
        {"addresses": [{"street": "5 Miller Street", "city": "St James", "postcode": "4011", "province": "WA"}]}
    )
    assert found == ["millerstreet", "5", "", "", "", "stjames", "wa", "4011"]


def test_addresses_when_compared_then_home_building_street() -> None:
    def forms(raw: str) -> list[list[str]]:
        return address_form.forms_of({"addresses": [{"raw": raw}]})

    home = forms("上海市静安区人民路12号3号楼301室")
    assert compare_address.compare(home, forms("静安区人民路12号3栋301")) == "home"
    assert compare_address.compare(home, forms("人民路12号3栋302")) == "building"
    assert compare_address.compare(home, forms("人民路12号")) == "building"
    assert compare_address.compare(home, forms("人民路13号3栋301")) == "street"
    assert compare_address.compare(home, forms("北京市人民路12号3号楼301室")) == "different"


def test_last_syllable_when_letters_end_with_one_then_it() -> None:
    assert last_syllable("wangxiaoming") == "ming"
    assert last_syllable("xyz") == ""


_texts = st.none() | st.text(max_size=12)
_data = st.fixed_dictionaries(
    {},
    optional={
        "full_name": _texts,
        "family_name": _texts,
        "given_name": _texts,
        "nickname": _texts,
        "gender": st.sampled_from(["male", "female", "unknown", None]),
        "birthday": st.none()
        | st.fixed_dictionaries(
            {"month": st.integers(1, 12), "day": st.integers(1, 31)}, optional={"year": st.integers(1900, 2026)}
        ),
        "identities": st.lists(
            st.fixed_dictionaries(
                {"namespace": st.sampled_from(["phone", "email", "card_no"]), "value": st.text(max_size=14)}
            ),
            max_size=3,
        ),
        "addresses": st.lists(st.fixed_dictionaries({"raw": st.text(max_size=20)}), max_size=2),
    },
)


@given(_data)
def test_features_when_computed_from_anything_then_the_same_and_plain_json(data: dict[str, Any]) -> None:
    found = features_of(data)
    assert features_of(data) == found
    assert orjson.loads(orjson.dumps(found)) == found
