"""Transforms of goods and places: units, numbers of GS1, addresses in China."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Literal

from hub.model import unit as units
from hub.model.check_digit import LENGTHS, is_valid
from hub.model.division import Division, by_code, locate
from hub.model.fault import ValueFault
from hub.model.transform import ITSELF, transform
from hub.model.value import check_text

_LONGEST_ADDRESS = 1_000
_LONGEST_NUMBER = 64
_COUNTRY = re.compile(r"^(?:中华人民共和国|中国|china[,，]?)", re.IGNORECASE)
_POSTCODE = re.compile(r"(?:邮编|邮政编码)?[:：]?\s*(?<!\d)(\d{6})(?!\d)")
_LABEL = re.compile(r"[,，;；(（]?(?:邮编|邮政编码)[:：]?\s*(\d{6})[)）]?")
_SEPARATORS = " ,，;；/|-、"
_PARTS = ("province", "city", "district", "street", "postcode")

Unknown = Literal["error", "null", "keep"]
UnitStyle = Literal["code", "zh", "ece"]


@transform(gives="text", inverse="unit_word", examples=[("千克", {}, "kg"), ("斤", {}, "jin"), ("PCS", {}, "piece")])
def unit(value: Any, unknown: Unknown = "error") -> str | None:
    """The hub's code of a unit, of its word, symbol or code of UN/ECE Recommendation 20. `unknown`: error, null or keep."""
    word = check_text(value).strip()
    found = units.unit_of(word)
    if found is not None:
        return found.code
    return _otherwise(word, unknown, "unknown_value", "is no known unit; the mapping may say what unknown means")


@transform(inverse="unit", examples=[("kg", {"style": "zh"}, "千克"), ("piece", {"style": "ece"}, "C62")])
def unit_word(value: Any, style: UnitStyle = "code") -> str:
    """A unit's code, its Chinese word, or its code of UN/ECE; one that the hub does not know is written as it is."""
    word = check_text(value).strip()
    found = units.unit_of(word)
    if found is None:
        return word
    return {"zh": found.zh, "ece": found.ece or found.code}.get(style, found.code)


@transform(
    gives="decimal",
    inverse="convert",
    examples=[("1.5", {"of": "斤", "to": "g"}, "750"), (2, {"of": "dozen", "to": "piece"}, "24")],
)
def convert(value: Any, of: str, to: str) -> str:
    """A quantity of the unit `of` in the unit `to`, to twelve decimals. Its inverse is itself with the two exchanged."""
    return units.convert(value, check_text(of), check_text(to))


@transform(
    gives="text",
    inverse=ITSELF,
    examples=[("6901234567892", {}, "6901234567892"), ("6901234567893", {"invalid": "null"}, None)],
)
def gtin(value: Any, invalid: Unknown = "error") -> str | None:
    """A number of an article (EAN, UPC, GTIN-8 to 14) whose check digit is right. `invalid`: error, null or keep."""
    return _numbered(value, "GTIN", invalid)


@transform(gives="text", inverse=ITSELF, examples=[("6901234567892", {}, "6901234567892")])
def gln(value: Any, invalid: Unknown = "error") -> str | None:
    """A number of a location or company (13 digits) whose check digit is right. `invalid`: error, null or keep."""
    return _numbered(value, "GLN", invalid)


@transform(gives="text", inverse=ITSELF, examples=[("(00) 106141412345678908", {}, "106141412345678908")])
def sscc(value: Any, invalid: Unknown = "error") -> str | None:
    """A number of a parcel or pallet (18 digits) whose check digit is right. `invalid`: error, null or keep."""
    return _numbered(value, "SSCC", invalid)


def _numbered(value: Any, kind: str, invalid: str) -> str | None:
    written = check_text(value).strip()
    digits = "".join(sign for sign in written[:_LONGEST_NUMBER] if sign not in " -")
    if kind == "SSCC":
        digits = digits.removeprefix("(00)")
    if len(written) <= _LONGEST_NUMBER and is_valid(digits, kind):
        return digits
    lengths = ", ".join(map(str, LENGTHS[kind]))
    return _otherwise(
        written, invalid, "bad_number", f"is no {kind}: {lengths} digits, the last of which checks the others"
    )


def _otherwise(value: str, policy: str, code: str, reason: str) -> str | None:
    if policy == "error":
        raise ValueFault(code, reason)
    return value if policy == "keep" else None


@transform(
    inverse="address_line",
    examples=[
        ("上海静安区南京西路1号 200041", {}, {
            "country": "CN", "province": "上海市", "city": "上海市", "district": "静安区", "adcode": "310106",
            "street": "南京西路1号", "postcode": "200041",
        }),
        (["江苏", "苏州", "昆山市", "前进路 2 号"], {}, {
            "country": "CN", "province": "江苏省", "city": "苏州市", "district": "昆山市", "adcode": "320583",
            "street": "前进路 2 号",
        }),
    ],
)  # fmt: skip
def chinese_address(value: Any, keep_raw: bool = False) -> dict[str, Any] | None:
    """The parts of an address in China, with its code of GB/T 2260; null when it is empty.

    Of one text, or of the list `[province, city, district, street, postcode]` (`paths`). Short names (上海, 内蒙) become
    whole ones, a province left out is found by the city. What is not certain stays in the street. `keep_raw`: the text as `raw`.
    """
    fields = value if value.__class__ is list else [value]
    shown = [_line(one) for one in fields if one is not None]
    raw = " ".join(one for one in shown if one)
    if not raw or len(raw) > _LONGEST_ADDRESS or len(fields) > len(_PARTS):
        if raw:
            raise ValueFault("bad_address", f"has more than {_LONGEST_ADDRESS} characters or {len(_PARTS)} parts")
        return None
    text, postcode = _without_postcode(raw)
    place = locate(_COUNTRY.sub("", text).lstrip(_SEPARATORS).replace(" ", " "))
    found = {**_division(place.division), "street": place.rest.strip(_SEPARATORS), "postcode": postcode}
    if keep_raw:
        found["raw"] = raw
    return {name: one for name, one in found.items() if one}


def _line(value: Any) -> str:
    shown = check_text(value)
    if len(shown) > _LONGEST_ADDRESS:
        raise ValueFault("bad_address", f"has more than {_LONGEST_ADDRESS} characters")
    return " ".join(unicodedata.normalize("NFKC", shown).split())


def _without_postcode(text: str) -> tuple[str, str]:
    found = _LABEL.search(text) or re.search(r"(?:^|(?<=[\s,，]))(\d{6})$|^(\d{6})(?=\s)", text)
    if found is None:
        return text, ""
    rest = (text[: found.start()] + " " + text[found.end() :]).strip(_SEPARATORS)
    return rest, next(group for group in found.groups() if group)


def _division(found: Division | None) -> dict[str, str]:
    if found is None:
        return {}
    return {
        "country": found.country, "province": found.province, "city": found.city, "district": found.district,
        "adcode": found.code,
    }  # fmt: skip


@transform(
    inverse="chinese_address",
    examples=[
        (
            {"province": "上海市", "city": "上海市", "district": "静安区", "street": "南京西路1号"},
            {},
            "上海市静安区 南京西路1号",
        )
    ],
)
def address_line(value: Any) -> str | None:
    """An address in China as one text, the largest part first, a direct-administered city named once; null when empty."""
    if value.__class__ is not dict:
        raise ValueFault("bad_address", "is not an address")
    parts = {name: check_text(value[name]).strip() if value.get(name) else "" for name in _PARTS}
    city = "" if parts["city"] == parts["province"] else parts["city"]
    head = parts["province"] + city + parts["district"]
    return " ".join(part for part in (head, parts["street"], parts["postcode"]) if part) or None


@transform(
    inverse="adcode_of",
    examples=[
        (
            "310106",
            {},
            {"country": "CN", "province": "上海市", "city": "上海市", "district": "静安区", "adcode": "310106"},
        )
    ],
)
def division(value: Any) -> dict[str, str]:
    """The province, city and district of a code of GB/T 2260, as an address."""
    code = check_text(value).strip()
    found = by_code(code) if code.isascii() and code.isdigit() else None
    if found is None:
        raise ValueFault("unknown_value", "is no code of GB/T 2260 that the hub knows")
    return {name: one for name, one in _division(found).items() if one}


@transform(
    inverse="division", examples=[({"province": "上海市", "city": "上海市", "district": "静安区"}, {}, "310106")]
)
def adcode_of(value: Any) -> str | None:
    """The code of GB/T 2260 of an address: its own, else that of its parts; null when they name no place of China."""
    if value.__class__ is not dict:
        raise ValueFault("bad_address", "is not an address")
    if value.get("adcode"):
        return check_text(value["adcode"])
    line = "".join(_line(value[name]) for name in ("province", "city", "district") if value.get(name))
    found = locate(line).division
    return found.code if found else None


TRADE = (unit, unit_word, convert, gtin, gln, sscc, chinese_address, address_line, division, adcode_of)
