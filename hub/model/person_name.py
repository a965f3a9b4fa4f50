"""Chinese names: where the family name ends. Everything else about a name is its owner's business."""

from __future__ import annotations

import re

# Family names of two signs in use (百家姓 and Manchu names), in both writings.
_TWO_SIGNS = """
    欧阳 上官 司马 司徒 司空 司寇 诸葛 东方 独孤 南宫 夏侯 皇甫 尉迟 公孙 公羊 公冶 公西 公良 长孙 宇文 慕容 令狐 轩辕 端木 濮阳
    淳于 单于 太叔 申屠 仲孙 钟离 鲜于 闾丘 亓官 巫马 乐正 漆雕 壤驷 宗政 百里 呼延 赫连 澹台 拓跋 夹谷 谷梁 东郭 南门 西门 东门
    北宫 左丘 梁丘 第五 微生 羊舌 段干 归海 海兰 纳兰 那拉 叶赫 完颜 耶律 万俟 闻人
    歐陽 司馬 諸葛 東方 獨孤 南宮 尉遲 公孫 長孫 軒轅 鍾離 鮮于 澹臺 納蘭 葉赫 完顏 聞人
"""
# A name that begins with none of them has one sign for the family.
COMPOUND = frozenset(_TWO_SIGNS.split())
_SIGN = r"[㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff]"
_CHINESE = re.compile(rf"{_SIGN}{{1,4}}")
_ANY_SIGN = re.compile(rf"{_SIGN}|[぀-ヿ가-힯]")
_HONORIFIC = re.compile(r"(?:先生|女士|小姐|太太|老师|師傅|师傅|同志|經理|经理)$")


def is_east_asian(text: str) -> bool:
    """Whether the name has Chinese, Japanese or Korean signs: then no space stands between its parts."""
    return bool(_ANY_SIGN.search(text))


def split_name(name: str) -> tuple[str, str]:
    """Family and given name of a whole one; "" for a part that it does not tell.

    A Chinese name of up to four signs is cut behind its family name, an honorific is no given name
    (李女士 is 李). Latin names are cut at their last space. What is neither (阿凡提·买买提, a kana name, a
    company) is all given name: nobody knows where to cut it.
    """
    text = " ".join(name.split())
    plain = text.replace(" ", "") if is_east_asian(text) else text
    bare = _HONORIFIC.sub("", plain)
    if _CHINESE.fullmatch(bare):
        cut = 2 if bare[:2] in COMPOUND else 1
        return bare[:cut], bare[cut:]
    if is_east_asian(text):
        return "", text
    given, _, family = text.rpartition(" ")
    return (family, given) if given else ("", family)


def join_name(family: str, given: str) -> str:
    """The whole name as its owner writes it: 李雷, but Lei Li; "" of two empty parts."""
    if is_east_asian(family + given):
        return family + given
    return f"{given} {family}".strip()
