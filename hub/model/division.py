"""Administrative divisions of China: what a written address names, and its code of GB/T 2260.

The names and codes stand in `divisions.txt`. Written forms differ: 北京 for 北京市, 内蒙 for 内蒙古自治区, a
province left out where the city says it. What is not certain stays in the street.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("divisions.txt")
_PEOPLES = (
    "壮族|回族|维吾尔|藏族|羌族|彝族|苗族|侗族|布依族|土家族|朝鲜族|蒙古族|蒙古|哈萨克|柯尔克孜|"
    "傣族|景颇族|傈僳族|白族|哈尼族|黎族|瑶族|畲族|满族|仡佬族|水族|各族|拉祜族|佤族|布朗族|独龙族|怒族|普米族|纳西族|土族|撒拉族|东乡族|保安族|裕固族|锡伯族|塔吉克|达斡尔族|仫佬族|毛南族"
)
_PROVINCE_ENDS = re.compile(r"(?:特别行政区|(?:壮族|回族|维吾尔)?自治区|省|市)$")
_CITY_ENDS = re.compile(rf"(?:(?:{_PEOPLES})*自治州|地区|盟|市)$")
_DISTRICT_ENDS = re.compile(rf"(?:(?:{_PEOPLES})*自治[县旗]|新区|林区|特区|[市区县旗])$")
_FILLING = ("市辖区", "省直辖县级行政区划", "自治区直辖县级行政区划", "县")
# What makes another name out of the short one before it: 南京西路 is not in 南京, 朝阳区 is not the city 朝阳.
_GOES_ON = re.compile(
    r"[市县区旗州地盟省]|[东西南北中]?(?:[一二三四五六七八九十]?[路街]|大道|大街|[巷里弄村镇乡门桥站]|新村|广场|公园|大厦)"
)
_OTHER_COUNTRY = {"71": "TW", "81": "HK", "82": "MO"}
_SHORTEST = 2
_LONGEST = 16


@dataclass(frozen=True, slots=True)
class Division:
    """A province, prefecture or county with those it belongs to; "" where there is none."""

    code: str
    province: str
    city: str = ""
    district: str = ""

    @property
    def name(self) -> str:
        """Its own name."""
        return self.district or self.city or self.province

    @property
    def country(self) -> str:
        """ISO 3166-1: Hong Kong, Macao and Taiwan have codes of their own there."""
        return _OTHER_COUNTRY.get(self.code[:2], "CN")


@dataclass(frozen=True, slots=True)
class Place:
    """What a text names: the division, None when it names none, and the rest of the text."""

    division: Division | None
    rest: str


@cache
def divisions() -> dict[str, Division]:
    """All of them by their six digits, provinces before prefectures before counties."""
    provinces: dict[str, Division] = {}
    cities: dict[str, Division] = {}
    districts: dict[str, Division] = {}
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        head, *words = line.split()
        if len(head) == 2 and head.isdigit():
            provinces[head + "0000"] = Division(head + "0000", words[0])
        elif head.isdigit():
            _read_city(head, words, provinces[head[:2] + "0000"], cities, districts)
    return {**provinces, **cities, **districts}


def _read_city(
    head: str, words: list[str], province: Division, cities: dict[str, Division], districts: dict[str, Division]
) -> None:
    city = "" if words[0] == "-" else words[0]
    if city and head[2:] != "02":  # 500200 are the counties of Chongqing, which is no city beside 500100
        cities[head + "00"] = replace(province, code=head + "00", city=city)
    elif city == province.province:
        pass
    elif city:
        cities[head + "00"] = replace(province, code=head + "00", city=city)
    for digits, name in zip(words[1::2], words[2::2], strict=True):
        code = head + digits
        # A city that belongs to the province itself stands where other addresses have their prefecture.
        whole = Division(code, province.province, city, name) if city else Division(code, province.province, name)
        districts[code] = whole


def by_code(code: str) -> Division | None:
    """The division of six digits (or of its first two or four); None when there is none."""
    return divisions().get(code.ljust(6, "0"))


def locate(text: str) -> Place:
    """Reads the divisions at the beginning of an address. Never raises; what it cannot tell apart stays in `rest`."""
    province, rest = _province(text)
    city, rest = _city(province, rest)
    if city is not None and city.district:
        return Place(city, rest)
    province = province or (by_code(city.code[:2]) if city else None)
    rest = _without_filling(rest) if province is not None else rest
    district, after = _first(_districts(city or province), rest)
    if district is not None:
        return Place(district, after)
    found = city or province
    if found is not None and found is province and _is_city(found):
        found = by_code(found.code[:2] + "01")
    return Place(found, rest)


def _province(text: str) -> tuple[Division | None, str]:
    whole, short = _provinces()
    found, rest = _longest(whole, text)
    # 吉林市 is the city, not the province 吉林 with 市 behind it; 海南藏族自治州 is no part of 海南.
    if found is None and _longest(_cities(None)[0], text)[0] is None:
        found, rest = _longest(short, text, is_short=True)
    return found, rest


def _city(province: Division | None, text: str) -> tuple[Division | None, str]:
    whole, short = _cities(province)
    for names, is_short in ((whole, False), (_districts(province)[0], False), (short, True)):
        found, rest = _longest(names, text, is_short=is_short)
        if found is not None:
            return found, rest
    return None, text


def _is_city(province: Division) -> bool:
    return province.province.endswith("市")


Names = dict[str, Division | None]


@cache
def _provinces() -> tuple[Names, Names]:
    return _names((one for one in divisions().values() if not (one.city or one.district)), _PROVINCE_ENDS)


@cache
def _cities(within: Division | None) -> tuple[Names, Names]:
    found = [one for one in divisions().values() if one.city and not one.district and _is_within(one, within)]
    return _names(found, _CITY_ENDS)


@cache
def _districts(within: Division | None) -> tuple[Names, Names]:
    found = [one for one in divisions().values() if one.district and _is_within(one, within)]
    whole, short = _names(found, _DISTRICT_ENDS)
    if within is None:
        short = {}
    elif not (within.city or _is_city(within)):  # a province alone vouches for its county-level cities
        short = {name: one for name, one in short.items() if one is not None and one.district.endswith("市")}
    return whole, short


def _is_within(one: Division, around: Division | None) -> bool:
    if around is None:
        return True
    return one.province == around.province and (not around.city or one.city == around.city)


def _names(found: Iterable[Division], ends: re.Pattern[str]) -> tuple[Names, Names]:
    """Whole names and short ones; None for a name that several share."""
    whole: Names = {}
    short: Names = {}
    for one in found:
        whole[one.name] = one if one.name not in whole else None
        cut = ends.sub("", one.name)
        if cut != one.name and len(cut) >= _SHORTEST:
            short[cut] = one if cut not in short else None
        if cut != one.name and one.name.endswith("自治州"):  # 湘西州
            whole[cut + "州"] = one if cut + "州" not in whole else None
    if "内蒙古" in short:
        short["内蒙"] = short["内蒙古"]
    return whole, short


def _first(names: tuple[Names, Names], text: str) -> tuple[Division | None, str]:
    """The division whose name the text begins with, and what follows; a whole name before a short one."""
    found, rest = _longest(names[0], text)
    return (found, rest) if found is not None else _longest(names[1], text, is_short=True)


def _longest(names: Names, text: str, *, is_short: bool = False) -> tuple[Division | None, str]:
    for length in range(min(len(text), _LONGEST), 1, -1):
        found = names.get(text[:length])
        if found is not None and not (is_short and _GOES_ON.match(text, length)):
            return found, text[length:].lstrip()
    return None, text


def _without_filling(text: str) -> str:
    for word in _FILLING:
        if text.startswith(word):
            return text[len(word) :].lstrip()
    return text
