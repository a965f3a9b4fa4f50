"""What is compared of a person's name: split, simplified and sounded once, so that a comparison only compares.

A form is a short list, since it is stored as JSON: the sort of name first, then what that sort has.

| sort | then |
|---|---|
| `han` | family name, given name, their pinyin, the gender as said or as the given name leans to |
| `family` | family name, its pinyin, gender as the honorific says it (`male`, `female` or ``) |
| `pinyin`, `latin` | family name, given name, the letters of both joined, and joined the other way round |
| `nick` | the text, the Chinese sign that it ends with, that sign's pinyin |
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from hub.model.name import is_han, latin, simplified_signs, sound_of, sound_of_surname
from hub.rules.identity.leaning import leaning_of
from hub.rules.identity.surname import ONE_SIGN, size_of_surname

Form = list[str]

GENDERS = ("male", "female")
_SIGN = r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
_WHOLE = re.compile(rf"{_SIGN}{{2,4}}")
_ONE = re.compile(rf"{_SIGN}{{1,2}}")
_HONORIFIC = re.compile(
    r"(?:(?P<male>先生|师傅|叔叔|大?哥)|(?P<female>女士|小姐|太太|阿姨|大?姐)|老师|同学|同志|经理|老板|总|医生)$"
)
_TITLE = re.compile(r"^(?:(mr)|(mrs|ms|miss|madam)|(?:dr|prof))\b\.?\s*")
_SYLLABLE = (
    r"(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
    r"(?:iang|iong|uang|ang|eng|ing|ong|iao|ian|uai|uan|ai|an|ao|ei|en|er|ia|ie|in|iu|ou|ua|ue|ui|un|uo|ve|a|e|i|o|u|v)"
)
_PINYIN = re.compile(rf"(?:{_SYLLABLE}){{2,4}}")
_LAST = re.compile(rf"{_SYLLABLE}$")
_WORD = re.compile(r"[^\W\d_]+")
_SPACE = re.compile(r"[\s·•・.]+")
_LONGEST = 40
_NO_NAMES = ("阳光", "开心", "快乐", "平安", "幸福", "安静", "温柔", "天天", "云淡", "花开")
"""What nicknames begin with, though the first sign is a family name too."""


# What systems write where they know no name; digits and signs around it do not count.
_STAND_INS = """
    微信用户 微信会员 匿名 匿名用户 顾客 客户 会员 用户 新用户 散客 游客 访客 普通会员 无 无名 无名氏 未知 未填写 测试 测试用户 先生 女士 小姐
    null none nil na unknown anonymous guest test customer member user wechatuser nickname name
"""
_NOBODY = frozenset(("", *_STAND_INS.split()))
_LETTERS = re.compile(r"[\W\d_]+")


@lru_cache(maxsize=1)
def _family_sounds() -> frozenset[str]:
    return frozenset(map(sound_of_surname, ONE_SIGN))


def form_of(data: Mapping[str, Any]) -> Form | None:
    """The form of a customer's name, else of the nickname; None when there is neither, or nothing of it can be read."""
    family, given, whole = data.get("family_name"), data.get("given_name"), data.get("full_name")
    found = _of_whole(whole) if whole and not (family and given) else _of_parts(family or "", given or "")
    if found is None:
        return _of_nickname(data.get("nickname") or "")
    gender = data.get("gender")
    if gender in GENDERS and found[0] == "han" and found[5] != gender:
        return [*found[:5], gender]
    if gender in GENDERS and found[0] == "family" and not found[3]:
        return [*found[:3], gender]
    return found


@lru_cache(maxsize=4096)
def _of_nickname(nickname: str) -> Form | None:
    text = _tidy(nickname)
    return _nick(text) if text and not _is_nobody(text) else None


def _is_nobody(text: str) -> bool:
    return _LETTERS.sub("", text) in _NOBODY


def _tidy(text: str) -> str:
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return simplified_signs(plain.casefold().strip()[:_LONGEST])


@lru_cache(maxsize=4096)
def _of_parts(family: str, given: str) -> Form | None:
    left, right = _tidy(family), _tidy(given)
    if _ONE.fullmatch(left) and _ONE.fullmatch(right):
        return _han(left, right)
    if is_han(left + right):
        return _of_whole(left + right)
    family, given = _joined(left), _joined(right)
    if family and given:
        return _letters(family, given)
    return ["latin", family, given, family + given, family + given] if family or given else None


@lru_cache(maxsize=4096)
def _of_whole(name: str) -> Form | None:
    text = _tidy(name)
    if not text or _is_nobody(text):
        return None
    if not is_han(text):
        return _of_letters(text)
    compact = _SPACE.sub("", text)
    honorific = _honorific(compact)
    if honorific is not None:
        return honorific
    size = size_of_surname(compact) if _WHOLE.fullmatch(compact) and not compact.startswith(_NO_NAMES) else 0
    if size:
        return _han(compact[:size], compact[size:])
    if len(compact) <= 2 and compact in ONE_SIGN:
        return ["family", compact, sound_of_surname(compact), ""]
    return _nick(compact)


def _honorific(text: str) -> Form | None:
    """`王先生` is a family name and a gender, `王小明先生` a whole name."""
    found = _HONORIFIC.search(text)
    if found is None:
        return None
    rest = text[: found.start()]
    size = size_of_surname(rest + "  ")
    if rest and len(rest) == size:
        return ["family", rest, sound_of_surname(rest), found.lastgroup or ""]
    return _han(rest[:size], rest[size:]) if size and _WHOLE.fullmatch(rest) and len(found[0]) > 1 else None


def _of_letters(text: str) -> Form | None:
    title = _TITLE.match(text)
    rest = text[title.end() :] if title else text
    words = _WORD.findall(latin(rest))
    if not words:
        return None
    if title and len(words) == 1:
        return ["family", words[0], words[0], "male" if title[1] else "female" if title[2] else ""]
    if any(sign.isdigit() for sign in rest):
        return _nick(text)
    joined = "".join(words)
    if _is_pinyin(words, joined):
        if len(words) > 1 and words[0] not in _family_sounds():  # Xiaoming Wang
            return _letters(words[-1], "".join(words[:-1]))
        return _letters(words[0], "".join(words[1:]))
    if len(words) == 1:
        return _nick(text)
    return _letters(words[-1], "".join(words[:-1]))


def _is_pinyin(words: list[str], joined: str) -> bool:
    if not _PINYIN.fullmatch(joined):
        return False
    sounds = _family_sounds()
    if len(words) > 1:
        return words[0] in sounds or words[-1] in sounds
    return any(joined[:size] in sounds and _rest_is_pinyin(joined[size:]) for size in range(2, 6))


@lru_cache(maxsize=4096)
def last_syllable(letters: str) -> str:
    """The last syllable of pinyin without spaces; "" when it does not end with one."""
    found = _LAST.search(letters)
    return found[0] if found else ""


def _rest_is_pinyin(text: str) -> bool:
    return re.fullmatch(rf"(?:{_SYLLABLE}){{1,2}}", text) is not None


def _letters(family: str, given: str) -> Form | None:
    joined, turned = family + given, given + family
    if not joined:
        return None
    return ["pinyin" if _PINYIN.fullmatch(joined) else "latin", family, given, joined, turned]


def _han(family: str, given: str) -> Form:
    return ["han", family, given, sound_of_surname(family), sound_of(given), leaning_of(given)]


def _nick(text: str) -> Form:
    last = text[-1:] if is_han(text[-1:]) else ""
    return ["nick", text, last, sound_of(last)]


def _joined(text: str) -> str:
    return "".join(_WORD.findall(latin(text)))
