"""Which division of China a written address names."""

import pytest

from hub.model.division import by_code, divisions, locate

ROWS = [
    ("上海市静安区南京西路1号", "310106", "南京西路1号"),
    ("北京朝阳三里屯", "110105", "三里屯"),
    ("北京朝阳路8号", "110100", "朝阳路8号"),
    ("北京", "110100", ""),
    ("上海市市辖区黄浦区", "310101", ""),
    ("天津市天津市和平区", "120101", ""),
    ("重庆市城口县葛城街道", "500229", "葛城街道"),
    ("广东深圳南山区科技园", "440305", "科技园"),
    ("深圳南山科技园", "440305", "科技园"),
    ("广东省东莞市南城街道", "441900", "南城街道"),
    ("吉林市船营区光华路", "220204", "光华路"),
    ("吉林长春朝阳区", "220104", ""),
    ("内蒙呼和浩特", "150100", ""),
    ("内蒙古自治区呼和浩特市新城区", "150102", ""),
    ("新疆乌鲁木齐天山区", "650102", ""),
    ("广西壮族自治区南宁市青秀区民族大道", "450103", "民族大道"),
    ("湖北仙桃沔州大道", "429004", "沔州大道"),
    ("海南藏族自治州共和县", "632521", ""),
    ("海南省三亚市", "460200", ""),
    ("湘西州吉首市", "433101", ""),
    ("大理市", "532901", ""),
    ("江苏昆山玉山镇", "320583", "玉山镇"),
    ("浦东新区张江", "310115", "张江"),
    ("香港中环", "810000", "中环"),
    ("台湾省台北市", "710000", "台北市"),
]  # fmt: skip
UNCERTAIN = [
    "西湖区文三路",
    "朝阳区三里屯",
    "南京西路1号",
    "北京东路",
    "广州大道",
    "鼓楼区",
    "somewhere",
    "",
    "市",
    "省市县区",
]


@pytest.mark.parametrize(("text", "code", "rest"), ROWS)
def test_address_when_it_names_a_division_then_found(text: str, code: str, rest: str) -> None:
    found = locate(text)
    assert found.division is not None
    assert (found.division.code, found.rest) == (code, rest)


@pytest.mark.parametrize("text", UNCERTAIN)
def test_address_when_several_places_are_meant_or_none_then_left_as_it_is(text: str) -> None:
    assert locate(text).division is None
    assert locate(text).rest == text


def test_division_when_written_whole_then_itself() -> None:
    lost = []
    for code, one in divisions().items():
        city = "" if one.city == one.province else one.city
        found = locate(one.province + city + one.district).division
        # A direct-administered city is found as city, which has a code of its own.
        if found is None or (found.code != code and (found.province, found.city) != (one.province, one.province)):
            lost.append((code, one.name))
    assert lost == []


def test_codes_when_looked_up_then_whole_or_short() -> None:
    shanghai = by_code("31")
    assert shanghai is not None
    assert shanghai.province == "上海市"
    assert by_code("310106") == locate("上海静安").division
    assert by_code("99") is None
    assert len(divisions()) > 3_200
    assert {one.country for one in divisions().values()} == {"CN", "HK", "MO", "TW"}
