"""From a contact to a customer: names, numbers, birthday, addresses.

`Last_Name` is mandatory in Zoho. A Chinese name that is kept whole stands in it alone; so does the
mark of a contact whose name nobody knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.zoho.region import country_code
from hub.model.transform import transform

NAMELESS = "（未填写姓名）"
ADDRESS_SLOTS = ("Mailing", "Other")
ADDRESS_PARTS = ("Country", "State", "City", "Street", "Zip")
_MEMBERS = dict(zip(ADDRESS_PARTS, ("country", "province", "city", "street", "postcode"), strict=True))
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_CJK = re.compile(r"[\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff・·]+")


@transform(
    examples=[(["雷", "李"], {}, "李雷"), (["Lei", "Li"], {}, "Lei Li")],
    one_way="Zoho has two fields; zoho_kept_name says what stands in each",
)
def full_name(value: Sequence[Any]) -> str | None:
    """A whole name of `[First_Name, Last_Name]` as its owner writes it: 李雷, but Lei Li."""
    given, family = (text_of(part) for part in value)
    return joined(given, family)


@transform(examples=[("1990-05-01", {}, {"year": 1990, "month": 5, "day": 1})], inverse="zoho_date_of")
def birthday(value: Any) -> dict[str, int] | None:
    """`Date_of_Birth` (`1990-05-01`) as year, month and day; null for anything else."""
    found = _DATE.fullmatch(str(value))
    return dict(zip(("year", "month", "day"), map(int, found.groups()), strict=True)) if found else None


@transform(
    examples=[
        (
            ["中国", "上海市", "上海市", "静安区 南京西路1号", "200040", None, None, None, None, None],
            {},
            [
                {
                    "country": "CN",
                    "province": "上海市",
                    "city": "上海市",
                    "street": "静安区 南京西路1号",
                    "postcode": "200040",
                }
            ],
        )
    ],
    one_way="zoho_address_part writes one field of ten",
)
def addresses(value: Sequence[Any]) -> list[dict[str, str]]:
    """Of the ten fields of the mailing and the other address those that are filled in, the mailing one first."""
    parts = [value[start : start + len(ADDRESS_PARTS)] for start in range(0, len(value), len(ADDRESS_PARTS))]
    found: list[dict[str, str]] = []
    for each in parts:
        made = address(dict(zip(ADDRESS_PARTS, each, strict=True)))
        if made and made not in found:
            found.append(made)
    return found


def address(parts: Mapping[str, Any]) -> dict[str, str] | None:
    """One address of Zoho's parts; None when it is empty. A country that is none is left out."""
    texts = {_MEMBERS[part]: text_of(parts.get(part)) for part in ADDRESS_PARTS}
    texts["country"] = country_code(texts["country"])
    return {name: text for name, text in texts.items() if text} or None


def joined(given: str | None, family: str | None) -> str | None:
    """The whole name of its parts: where both are Chinese, Japanese or Korean the family name stands first, without space."""
    if not given or not family:
        return given or family
    return family + given if _CJK.fullmatch(given) and _CJK.fullmatch(family) else f"{given} {family}"


def is_cjk(text: str) -> bool:
    """Whether a name has a Chinese, Japanese or Korean sign."""
    return _CJK.search(text) is not None


def text_of(value: Any) -> str | None:
    """The text without space at its ends; None for none."""
    return (str(value).strip() or None) if value is not None else None
