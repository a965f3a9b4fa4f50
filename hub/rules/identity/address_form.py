"""What is compared of an address: street, number, block, room, and the place they are in.

A form is a list of eight texts, "" for what the address does not say: street, number, block, room, district, city,
province, postcode. Chinese addresses are read from the back of their divisions (`人民路1号2号楼301室`), others by
the number that the street begins with (`5 miller street`), and have no spaces: those are often wrong.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from hub.model.name import is_han, latin, simplified_signs

Form = list[str]
STREET, NUMBER, BLOCK, ROOM, DISTRICT, CITY, PROVINCE, POSTCODE = range(8)
MOST = 4
"""So many addresses of a customer are compared, those that come first in their own order."""

_DIVISIONS = re.compile(
    r"(?P<province>[^\d省市区县]{2,8}?(?:省|自治区))?(?P<city>[^\d市区县]{1,9}?(?:市|自治州|地区|盟))?"
    r"(?P<district>[^\d区县路街道巷市]{1,8}?(?:区|县|旗))?(?P<town>[^\d路街道巷镇乡]{1,6}(?:街道|镇|乡))?"
)
_CITY_END = re.compile(r"(?<=..)(?:市|区|县|省|自治区|自治州|地区|盟)$")
_PLACE = re.compile(
    r"(?P<street>[^\d]*?)(?P<number>\d+)(?:号(?!楼)(?:院)?|弄)?"
    r"(?:.*?(?P<block>\d+)(?:栋|幢|座|号楼|号(?=\d)|楼))?"
    r"(?:\d*单元)?(?:.*?(?P<room>\d{2,5})(?:室|房|号)?)?$"
)
_FIRST_NUMBER = re.compile(r"^(\d+)\w?\s+(.*)$")
_NOT_WORD = re.compile(r"[^\w]+|_")
_PUNCTUATION = re.compile(r"[\s,，.。;；、\-#()（）]+")


def forms_of(data: Mapping[str, Any]) -> list[Form]:
    """The forms of a customer's addresses, each once, sorted."""
    found = {tuple(form) for one in data.get("addresses") or () if any(form := _form(one))}
    return [list(form) for form in sorted(found)[:MOST]]


def _form(address: Mapping[str, Any]) -> Form:
    get = address.get
    text = get("street") or get("raw") or ""
    parts = _chinese(text) if is_han(text) else _western(text)
    said = [_division(get("district")), _division(get("city")), _division(get("province"))]
    postcode = _NOT_WORD.sub("", get("postcode") or "").lower()
    return [*parts[:4], *(own or read for own, read in zip(said, parts[4:], strict=True)), postcode]


@lru_cache(maxsize=4096)
def _division(name: str | None) -> str:
    if not name:
        return ""
    plain = _plain(name)
    return _CITY_END.sub("", plain) if is_han(plain) else _NOT_WORD.sub("", plain)


@lru_cache(maxsize=4096)
def _chinese(text: str) -> tuple[str, ...]:
    plain = _PUNCTUATION.sub("", _plain(text))
    divisions = _DIVISIONS.match(plain)
    read = divisions.groupdict(default="") if divisions else {}
    rest = plain[divisions.end() :] if divisions else plain
    place = _PLACE.match(rest)
    found = place.groupdict(default="") if place else {"street": rest}
    street, number, block, room = (found.get(name, "") for name in ("street", "number", "block", "room"))
    return (street, number, block, room, *(_division(read.get(name)) for name in ("district", "city", "province")))


@lru_cache(maxsize=4096)
def _western(text: str) -> tuple[str, ...]:
    plain = " ".join(_plain(text).replace(",", " ").split())
    numbered = _FIRST_NUMBER.match(plain)
    number, street = numbered.groups() if numbered else ("", plain)
    return (_NOT_WORD.sub("", street), number.lstrip("0"), "", "", "", "", "")


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold().strip()
    return simplified_signs(folded) if is_han(folded) else latin(folded)
