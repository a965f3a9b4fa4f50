"""Phone numbers: one form (E.164), and what kind of number it is.

Masked, virtual and placeholder numbers are typed so and never match anybody: marketplaces hand out
`138****1234` and numbers with an extension that expire, and tills invent `13800000000`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers

_CHINESE_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})", re.ASCII)
_NOISE = re.compile(r"[\s()（）.\-‐-―·]+")
_EXTENSION = re.compile(r"(?:转|ext\.?|,|;|#|[-_ ]{1,2}(?=\d{1,6}$))\s*\d{1,6}$", re.IGNORECASE)
_MASKED = re.compile(r"[*•]|\dX{2,}", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"1[3-9]\d(\d)\1{7}|(\d)\2{5,}|0?1?2345678\d*", re.ASCII)
_FIXED = {phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.TOLL_FREE}


@dataclass(frozen=True, slots=True)
class Phone:
    """`value`: E.164 where it could be read, else the tidied text. `role`: "" when nothing speaks against a person's own."""

    value: str
    role: str = ""

    @property
    def is_certain(self) -> bool:
        """Whether it is a whole, real-looking number."""
        return self.value.startswith("+") and self.role in ("", "household")


@lru_cache(maxsize=4096)
def normalise(raw: str, region: str = "CN") -> Phone:
    """Reads a number as written in `region` (ISO 3166 code) unless it carries its country.

    Roles given: `masked` (signs hidden), `virtual` (an extension, as privacy numbers have),
    `placeholder` (one digit repeated, a count), `household` (a landline). Never raises.
    """
    text = raw if raw.isascii() else unicodedata.normalize("NFKC", raw)
    text = text.strip()
    if _MASKED.search(text):
        return Phone(_NOISE.sub("", text), "masked")
    mobile = _CHINESE_MOBILE.fullmatch(_NOISE.sub("", text))
    if mobile and (region == "CN" or len(mobile[0]) > 11):
        number = mobile[1]
        return Phone("+86" + number, "placeholder" if _PLACEHOLDER.fullmatch(number) else "")
    if _PLACEHOLDER.fullmatch(_NOISE.sub("", text).removeprefix("+")):
        return Phone(_NOISE.sub("", text), "placeholder")
    extension = _EXTENSION.search(text)
    if extension and _CHINESE_MOBILE.fullmatch(_NOISE.sub("", text[: extension.start()])):
        return Phone(_NOISE.sub("", text[: extension.start()]) + "-" + re.sub(r"\D", "", extension[0]), "virtual")
    return _parse(text, region)


def _parse(text: str, region: str) -> Phone:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return Phone(_NOISE.sub("", text))
    if not phonenumbers.is_possible_number(number):
        return Phone(_NOISE.sub("", text))
    role = "household" if phonenumbers.number_type(number) in _FIXED else ""
    return Phone(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), role)
