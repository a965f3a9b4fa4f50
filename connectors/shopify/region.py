"""The provinces of China as Shopify codes them.

Source: ISO 3166-2:CN, whose letters Shopify uses for China; Tibet's code there is not certain, so
both known ones are read and none is written.
"""

from __future__ import annotations

from collections.abc import Mapping

_NAMES = (
    "AH 安徽省,BJ 北京市,CQ 重庆市,FJ 福建省,GD 广东省,GS 甘肃省,GX 广西壮族自治区,GZ 贵州省,HA 河南省,HB 湖北省,"
    "HE 河北省,HI 海南省,HL 黑龙江省,HN 湖南省,JL 吉林省,JS 江苏省,JX 江西省,LN 辽宁省,NM 内蒙古自治区,"
    "NX 宁夏回族自治区,QH 青海省,SC 四川省,SD 山东省,SH 上海市,SN 陕西省,SX 山西省,TJ 天津市,"
    "XJ 新疆维吾尔自治区,YN 云南省,ZJ 浙江省"
)
_NAME_BY_CODE: Mapping[str, str] = {name[:2]: name[3:] for name in _NAMES.split(",")}
_CODE_BY_NAME: Mapping[str, str] = {name: code for code, name in _NAME_BY_CODE.items()}
_READ_ONLY: Mapping[str, str] = {"XZ": "西藏自治区", "YZ": "西藏自治区"}
_SUFFIXES = ("壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "省", "市")


def _short(name: str) -> str:
    suffix = next((each for each in _SUFFIXES if name.endswith(each)), "")
    return name.removesuffix(suffix)


_CODE_BY_SHORT: Mapping[str, str] = {_short(name): code for name, code in _CODE_BY_NAME.items()}


def province_name(code: str | None) -> str | None:
    """The official name of a province of China; None for a code that is none."""
    return _NAME_BY_CODE.get(code or "") or _READ_ONLY.get(code or "")


def province_code(name: str | None) -> str | None:
    """The code of a province by its official or short name (上海市, 上海); None for any other text."""
    return _CODE_BY_NAME.get(name or "") or _CODE_BY_SHORT.get(name or "")
