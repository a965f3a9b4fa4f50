"""Names of people and places as others type them: simplified, by the given name, by pinyin, by initials.

Forms are computed once per name and remembered: a hub meets the same name many times.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import islice, product
from typing import TYPE_CHECKING

from hub.model.person_name import COMPOUND

if TYPE_CHECKING:
    from opencc import OpenCC

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_WORD = re.compile(r"[^\W_]+")
# Longer texts are no names; whoever looks for them knows a word of them or the whole.
_MOST = 40
# A name of that many Han characters at most is a person's, and has a given name.
_PERSON = 4
# Characters that are read otherwise in names of places and companies than by themselves, and how.
_OTHERWISE = """
    重chong 长chang 朝zhao 厦xia 藏zang 行hang 乐yue 都du 会kuai 石dan 堡pu 佛fu 泊po 调tiao 参shen 卡qia 便pian 校jiao 车ju 角jue
    传zhuan 六lu 蚌beng 尉yu 番pan 宿xiu 台tai 朴piao 弹dan 铺pu 度du 差chai 薄bo 仔zai 圩xu 埔pu 涌chong 洞tong 阿e 莞guan 浒xu
"""
_ALSO = {word[0]: (word[1:],) for word in _OTHERWISE.split()}
# So many ways to read one name are kept.
_WAYS = 8
# Surnames that are read otherwise than the same character in other words.
_READ = """
    单shan 曾zeng 解xie 仇qiu 朴piao 区ou 查zha 盖ge 乐yue 缪miao 覃qin 员yun 种chong 秘bi 繁po 折she 翟zhai 黑he 召shao 洗xian
"""
_SURNAMES = {word[0]: word[1:] for word in _READ.split()}


def load_tables() -> None:
    """Loads the tables of characters and their readings, some 20 MB, before they are needed: once, ahead of a fork."""
    forms_of("國強", is_person=True)


def is_han(text: str) -> bool:
    """Whether a Chinese character is in it."""
    return _HAN.search(text) is not None


def simplified(text: str) -> str:
    """The text in simplified characters (OpenCC, traditional to simplified); others stay."""
    return _simplified(text) if is_han(text) else text


@lru_cache(maxsize=2048)
def forms_of(name: str, *, is_person: bool) -> tuple[str, ...]:
    """What a name in its normal form is found by besides itself; each form once, without spaces.

    Of Chinese names: simplified where that differs, pinyin, initials, and of a person's the given name and its pinyin
    (`王小明`: `小明 wangxiaoming xiaoming wxm`). Of others: each word of two letters or more.
    """
    if not 2 <= len(name) <= _MOST:
        return ()
    found = _han_forms(name, is_person) if is_han(name) else _words(name)
    return tuple(dict.fromkeys(form for form in found if len(form) > 1 and form != name))


@lru_cache(maxsize=1024)
def readings_of(typed: str) -> tuple[str, ...]:
    """What a search for `typed` (in normal form) looks for among names and their forms.

    As typed and simplified; of letters also without spaces and tone marks, and with the words turned (`ming wang`).
    """
    found = [typed, simplified(typed)]
    if is_han(typed):
        found.append(_joined([found[1]]))
    else:
        words = [_plain(word) for word in _words(typed)]
        if len(words) <= _PERSON:
            turned = [words[n:] + words[:n] for n in range(len(words))]
            found += [" ".join(part) for part in turned] + [_joined(part) for part in turned]
        found += [form.replace("lyu", "lv").replace("nyu", "nv") for form in found]
    return tuple(dict.fromkeys(found))


def simplified_signs(text: str) -> str:
    """As `simplified`, each sign by itself: quick for names, of which no two are alike."""
    return text if text.isascii() else "".join(map(_simplified_sign, text))


@lru_cache(maxsize=16384)
def _simplified_sign(sign: str) -> str:
    return simplified(sign)


def sound_of(text: str) -> str:
    """Pinyin of simplified signs, each read by itself, joined and without tones; what is no Chinese sign is left out."""
    return "".join(map(_syllable, text))


def sound_of_surname(text: str) -> str:
    """Pinyin of a family name, as families read it: 曾 is zeng."""
    return _joined(_surname(text))


def latin(text: str) -> str:
    """Without tone marks and in lower case; ü is v, as on a keyboard."""
    return _plain(text.casefold())


def _han_forms(name: str, is_person: bool) -> list[str]:
    plain = _joined([simplified(name)])
    words = _words(plain)
    if not is_person or len(plain) > _PERSON or len(words) > 1 or not all(map(is_han, plain)):
        ways = _ways(_joined(words))
        return [plain, *words, *map(_joined, ways), *map(_initials, ways)]
    size = 2 if len(plain) > 2 and plain[:2] in COMPOUND else 1
    surname, given = plain[:size], plain[size:]
    # Phrases are no help with given names, and looking for them takes most of the time.
    rest = [_syllable(sign) for sign in given]
    first = _surname(surname)
    return [plain, given, _joined([*first, *rest]), _joined(rest) if len(given) > 1 else "", _initials([*first, *rest])]


@lru_cache(maxsize=1024)
def _surname(text: str) -> list[str]:
    return [_SURNAMES[text]] if text in _SURNAMES else _read(text)


def _initials(syllables: Iterable[str]) -> str:
    return "".join(syllable[:1] for syllable in syllables)


@lru_cache(maxsize=8192)
def _syllable(sign: str) -> str:
    return _joined(_read(sign))


def _read(text: str) -> list[str]:
    """Its syllables without tones, ü as v, each character by itself; what is no Chinese character is left out."""
    # Imported late: who meets no Chinese name does without. The library's phrases would take 40 MB of each process.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")
    from pypinyin import lazy_pinyin

    return [str(syllable) for syllable in lazy_pinyin(text, errors="ignore")]


def _ways(text: str) -> list[tuple[str, ...]]:
    """The ways to read a name that is no person's: 重庆 is `chongqing`, though 重 alone is `zhong`."""
    signs = [sign for sign in text if is_han(sign)]
    options = [tuple(dict.fromkeys((*_read(sign), *_ALSO.get(sign, ())))) for sign in signs]
    return list(islice(product(*options), _WAYS))


def _words(name: str) -> list[str]:
    return _WORD.findall(name)


def _joined(parts: Iterable[str]) -> str:
    return "".join("".join(part.split()) for part in parts)


def _plain(word: str) -> str:
    """Without tone marks; ü is v, as on a keyboard."""
    spread = unicodedata.normalize("NFD", word).replace("u\u0308", "v")
    return "".join(sign for sign in spread if not unicodedata.combining(sign))


@lru_cache(maxsize=2048)
def _simplified(text: str) -> str:
    return str(_converter().convert(text))


@cache
def _converter() -> OpenCC:
    from opencc import OpenCC

    return OpenCC("t2s")
