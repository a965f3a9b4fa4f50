"""Hides personal data until somebody asks for it. Pure; what is shown still tells values apart.

Declared fields are masked by their class and name. A raw payload has no declaration, so there
everything is hidden except what is plainly harmless by its shape: numbers, times, codes.
"""

from __future__ import annotations

import re
from typing import Any

from hub.model.kind import Field

HIDDEN = "•••"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"\+?[\d\s()-]{7,20}")
_LOCALITY = frozenset({"country", "province", "city", "district", "adcode"})
_PHONE_NAMES = frozenset({"phone", "recipient_phone", "mobile", "telephone"})

_HARMLESS = re.compile(
    r"""-?\d{1,9}([.,]\d{1,6})?      # a number or an amount; longer runs of digits may be a phone
    |\d{4}-\d\d-\d\d([T ][\d:.]{5,15}\s?([+-]\d\d:?\d\d|Z)?)?
    |[a-z]{2,20}([_./-][a-z0-9]{1,20}){0,4}
    |[A-Z]{2,4}|[A-Z]{2,20}(_[A-Z]{1,20}){1,4}
    |\#\d{1,9}
    |gid://[a-z]+/[A-Za-z]+/\d+
    |""",
    re.VERBOSE,
)
_PERSONAL_KEY = re.compile(
    r"name|phone|mobile|mail|address|street|zip|postal|city|province|company|note|comment|remark|message"
    r"|birth|gender|openid|unionid|userid|card|identit|recipient|receiver|contact|customer_locale|_ip|^ip"
    r"|latitude|longitude|token|secret|password|agent|tag|body|text|content|nick",
    re.IGNORECASE,
)


def mask_text(text: str) -> str:
    """One text: `138****5678`, `w***@example.cn`, `王**`, `wx_o6…kQ`."""
    if not text:
        return text
    if _EMAIL.fullmatch(text):
        name, _, host = text.partition("@")
        return f"{name[0]}***@{host}"
    if _PHONE.fullmatch(text):
        return _mask_phone(text)
    if re.fullmatch(r"[\x21-\x7e]{9,}", text):
        return f"{text[:4]}…{text[-2:]}"
    return text[0] + "**"


def _mask_phone(text: str) -> str:
    digits = re.sub(r"\D", "", text)
    if digits.startswith("86") and len(digits) == 13:
        digits = digits[2:]
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 9 else f"{digits[:2]}****"


def mask_value(name: str, value: Any) -> Any:
    """A declared personal value, of any shape, for people without leave to see it.

    Objects keep their structure; of an address the parts down to the district stay.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, dict):
        return {key: part if key in _LOCALITY else _mask_member(key, part) for key, part in value.items()}
    if isinstance(value, list):
        return [mask_value(name, part) for part in value]
    if isinstance(value, str):
        if name in _PHONE_NAMES:
            return _mask_phone(value)
        return HIDDEN if re.fullmatch(r"\d{4}-\d\d-\d\d", value) else mask_text(value)
    return HIDDEN


_OPEN_MEMBERS = frozenset({"namespace", "scope", "role", "verified", "type", "calendar", "present", "until"})


def _mask_member(name: str, value: Any) -> Any:
    return value if name in _OPEN_MEMBERS else mask_value(name, value)


def mask_field(field: Field | None, name: str, value: Any) -> Any:
    """A field of a golden or source record. Unknown fields (extensions, absent plugins) are masked by shape."""
    if field is None:
        return mask_raw(value, name)
    if field.pii == "none":
        return _mask_inside(field, value)
    return HIDDEN if field.pii == "secret" and value is not None else mask_value(name, value)


def _mask_inside(field: Field, value: Any) -> Any:
    """A harmless object or list may hold personal parts (an order's shipping address)."""
    parts = {part.name: part for part in field.fields}
    if not parts:
        return value
    if isinstance(value, list):
        return [_mask_inside(field, one) for one in value]
    if isinstance(value, dict):
        return {key: mask_field(parts.get(key), key, part) for key, part in value.items()}
    return value


def mask_raw(value: Any, name: str = "") -> Any:
    """A value of a payload nobody declared: only harmless shapes under harmless names stay."""
    if isinstance(value, dict):
        return {key: mask_raw(part, key) for key, part in value.items()}
    if isinstance(value, list):
        return [mask_raw(part, name) for part in value]
    if isinstance(value, str):
        personal = bool(_PERSONAL_KEY.search(name))
        plain = re.fullmatch(r"\#\d{1,9}|", value) if personal else _HARMLESS.fullmatch(value)
        return value if plain else mask_text(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return HIDDEN if re.fullmatch(r"(86)?1[3-9]\d{9}(\.0)?", str(value)) else value
    return value
