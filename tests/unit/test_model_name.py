"""What a name is found by besides itself."""

from __future__ import annotations

import pytest

from hub.model.key import keys_of, name_keys
from hub.model.kinds import KINDS
from hub.model.name import forms_of, readings_of


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("王小明", {"小明", "wangxiaoming", "xiaoming", "wxm"}),
        ("單立文", {"单立文", "立文", "shanliwen", "liwen", "slw"}),
        ("曾国藩", {"国藩", "zengguofan", "guofan", "zgf"}),
        ("歐陽娜娜", {"欧阳娜娜", "娜娜", "ouyangnana", "nana", "oynn"}),
        ("吕布", {"lvbu", "lb"}),
        ("买买提·艾力", {"买买提", "艾力", "maimaitiaili", "mmtal"}),
        ("john smith", {"john", "smith"}),
        ("王", set()),
        ("🛒", set()),
        ("x" * 41, set()),
    ],
)
def test_forms_when_a_person_then_parts_pinyin_and_initials(name: str, forms: set[str]) -> None:
    assert set(forms_of(name, is_person=True)) == forms


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("重庆店", {"chongqingdian", "cqd", "zhongqingdian", "zqd"}),
        ("茶語有限公司", {"茶语有限公司", "chayuyouxiangongsi", "cyyxgs"}),
    ],
)
def test_forms_when_a_place_or_company_then_read_in_every_usual_way_without_a_given_name(
    name: str, forms: set[str]
) -> None:
    assert set(forms_of(name, is_person=False)) == forms


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("王小明", "Wang Xiaoming"),
        ("王小明", "wáng xiǎo míng"),
        ("王小明", "XIAOMING WANG"),
        ("王小明", "xiaoming"),
        ("王小明", "wxm"),
        ("王小明", "小明"),
        ("王小明", "王 小明"),
        ("張曉明", "张晓明"),
        ("张晓明", "張曉明"),
        ("欧阳娜娜", "ouyang nana"),
        ("吕布", "lü bu"),
        ("吕布", "LYU BU"),
        ("John Smith", "smith john"),
        ("John Smith", "smith"),
    ],
)
def test_name_when_typed_otherwise_then_one_of_its_keys_fits(stored: str, typed: str) -> None:
    kind = KINDS["customer"]
    held = {(key.namespace, key.value) for key in keys_of(kind, {"full_name": stored})}
    assert held & {(key.namespace, key.value) for key in name_keys(kind, typed)}


@pytest.mark.parametrize("typed", ["王", "w", "小", "张晓明", "wang", "xiao"])
def test_name_when_something_else_or_too_little_is_typed_then_no_key_fits(typed: str) -> None:
    kind = KINDS["customer"]
    held = {(key.namespace, key.value) for key in keys_of(kind, {"full_name": "王小明"})}
    assert not held & {(key.namespace, key.value) for key in name_keys(kind, typed)}


def test_readings_when_many_words_then_few() -> None:
    assert len(readings_of(" ".join("abcdefgh" * 5))) < 4


def test_name_keys_when_a_kind_has_no_names_then_none() -> None:
    assert name_keys(KINDS["order"], "wang xiaoming") == []
