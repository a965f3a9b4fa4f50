"""Transforms of what persons are known by: names, gender, phones, e-mail."""

from __future__ import annotations

from typing import Any, Literal

import phonenumbers

from hub.model import phone as phones
from hub.model.fault import ValueFault
from hub.model.person_name import join_name, split_name
from hub.model.transform import ITSELF, transform
from hub.model.value import check_text
from hub.rules.transforms.structure import as_list

_LONGEST_NAME = 255
_GENDERS = {
    "male": "m male man boy 男 男性 男士 先生 1",
    "female": "f female woman girl w 女 女性 女士 小姐 2",
    "other": "other x d diverse nonbinary 其他 其它",
    "unknown": "u unknown n/a none secret 未知 保密 不详 未说明 0 9",
}
_GENDER_OF = {word: gender for gender, words in _GENDERS.items() for word in words.split()}
_GENDER_WORDS = {
    "letter": {"male": "M", "female": "F", "other": "X", "unknown": "U"},
    "zh": {"male": "男", "female": "女", "other": "其他", "unknown": "未知"},
    "number": {"male": 1, "female": 2, "other": 0, "unknown": 0},
}

GenderPolicy = Literal["error", "null", "unknown"]
GenderStyle = Literal["letter", "zh", "number"]


@transform(
    inverse="phone_local",
    gives="text",
    examples=[("139 1234 5678", {}, "+8613912345678"), ("9123 4567", {"region": "HK"}, "+85291234567")],
)
def phone(value: Any, region: str = "CN") -> str:
    """A phone number as E.164 where it can be read (in `region` unless it carries its country)."""
    return phones.normalise(_short(value, "bad_phone"), region).value


@transform(
    gives="text",
    inverse="phone",
    examples=[("+8613912345678", {}, "13912345678"), ("+85291234567", {}, "+85291234567")],
)
def phone_local(value: Any, region: str = "CN") -> str:
    """A phone number as it is dialled in `region`, digits only; one of another country stays E.164."""
    shown = _short(value, "bad_phone")
    code = phonenumbers.country_code_for_region(region)
    if not code or not shown.startswith(f"+{code}") or not shown[1:].isdigit():
        return shown
    try:
        number = phonenumbers.parse(shown)
    except phonenumbers.NumberParseException:
        return shown
    dialled = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    digits = "".join(sign for sign in dialled if sign.isdigit())
    return digits if phones.normalise(digits, region).value == shown else shown


@transform(gives="text", inverse=ITSELF, examples=[(" Ann@Example.com ", {}, "ann@example.com")])
def email(value: Any) -> str:
    """An e-mail address, trimmed, in lower case; it needs an @ and no space."""
    address = check_text(value).strip().lower()
    before, at, after = address.rpartition("@")
    if not (before and at and after) or any(ch.isspace() for ch in address):
        raise ValueFault("bad_email", "is not an e-mail address")
    return address


@transform(
    inverse="name_parts",
    examples=[(["欧阳", "娜娜"], {}, "欧阳娜娜"), (["Li", "Lei"], {}, "Lei Li"), ([None, ""], {}, None)],
)
def person_name(value: Any) -> str | None:
    """A whole name of a list `[family name, given name]`: 李雷, but Lei Li; null when both are empty."""
    family, given = ([check_text(part).strip() if part else "" for part in as_list(value)] + ["", ""])[:2]
    return join_name(family, given) or None


@transform(
    inverse="person_name",
    examples=[("欧阳娜娜", {}, ["欧阳", "娜娜"]), ("Lei Li", {}, ["Li", "Lei"]), ("李女士", {}, ["李", None])],
)
def name_parts(value: Any) -> list[str | None]:
    """Of a whole name the list `[family name, given name]`, null for a part that it does not tell.

    A Chinese name of up to four signs is cut behind its family name, compound ones known; a Latin one at its last space.
    """
    family, given = split_name(_short(value, "bad_name"))
    return [family or None, given or None]


@transform(one_way="the given name is gone; `person_name` takes both", examples=[("欧阳娜娜", {}, "欧阳")])
def family_name(value: Any) -> str | None:
    """The family name of a whole name, by the rules of `name_parts`."""
    return name_parts(value)[0]


@transform(one_way="the family name is gone; `person_name` takes both", examples=[("李雷", {}, "雷")])
def given_name(value: Any) -> str | None:
    """The given name of a whole name, by the rules of `name_parts`."""
    return name_parts(value)[1]


@transform(inverse="gender_word", examples=[("女", {}, "female"), (1, {}, "male"), ("?", {"unknown": "null"}, None)])
def gender(value: Any, unknown: GenderPolicy = "error") -> str | None:
    """A gender of a word in Chinese or English, a letter, or a number of GB/T 2261.1 (0 unknown, 1 male, 2 female, 9 not said).

    `unknown`: what becomes of any other word: error, null, or the gender `unknown`.
    """
    word = check_text(value).strip().lower()
    if not word:
        return None
    found = _GENDER_OF.get(word)
    if found is None and unknown == "error":
        raise ValueFault("unknown_value", "is no gender; the mapping may say what unknown means")
    return found or (None if unknown == "null" else "unknown")


@transform(
    inverse="gender",
    examples=[("female", {}, "F"), ("male", {"style": "zh"}, "男"), ("unknown", {"style": "number"}, 0)],
)
def gender_word(value: Any, style: GenderStyle = "letter") -> str | int:
    """A gender as a letter (M, F, X, U), in Chinese, or as a number of GB/T 2261.1, which has none for `other`."""
    words: Any = _GENDER_WORDS.get(style)
    found: str | int | None = words.get(check_text(value)) if words else None
    if found is None:
        raise ValueFault("unknown_value", "is no gender, or style none of letter, zh, number")
    return found


def _short(value: Any, code: str) -> str:
    shown = check_text(value).strip()
    if len(shown) > _LONGEST_NAME:
        raise ValueFault(code, f"has more than {_LONGEST_NAME} characters")
    return shown


PERSON = (phone, phone_local, email, person_name, name_parts, family_name, given_name, gender, gender_word)
