"""How Shopify rewrites what a customer is given: phones, e-mails, tags, addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connectors.shopify.region import province_name

_DIGITS = re.compile(r"\+\d{8,15}")
_NOISE = re.compile(r"[\s().-]+")
_CHINESE = re.compile(r"1[3-9]\d{9}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_ADDRESS = {
    "firstName": "first_name",
    "lastName": "last_name",
    "company": "company",
    "address1": "address1",
    "address2": "address2",
    "city": "city",
    "province": "province",
    "provinceCode": "province_code",
    "countryCode": "country_code",
    "zip": "zip",
    "phone": "phone",
}
_COUNTRIES = {"CN": "China", "US": "United States", "CA": "Canada", "DE": "Germany"}


class RefusedError(Exception):
    """A value that Shopify does not take. `code` as in `userErrors`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def phone(text: str | None) -> str | None:
    """E.164, whatever signs stand between; a Chinese mobile number without its country is a number of China."""
    if not text:
        return None
    tidied = _NOISE.sub("", text)
    tidied = f"+86{tidied}" if _CHINESE.fullmatch(tidied) else tidied
    if not _DIGITS.fullmatch(tidied):
        raise RefusedError("INVALID", "Phone is invalid")
    return tidied


def email(text: str | None) -> str | None:
    """Trimmed and in lower case."""
    if not text:
        return None
    tidied = text.strip().lower()
    if not _EMAIL.fullmatch(tidied):
        raise RefusedError("INVALID", "Email is invalid")
    return tidied


def tags(given: Iterable[str]) -> list[str]:
    """Split at commas, trimmed, without repeats in another case."""
    found: dict[str, str] = {}
    for each in (part.strip() for text in given for part in str(text).split(",")):
        if each:
            found.setdefault(each.casefold(), each)
    return list(found.values())


def address(given: Mapping[str, Any], number: int) -> dict[str, Any]:
    """A MailingAddressInput as a webhook shows the address: `number` is its new id."""
    held = dict.fromkeys(_ADDRESS.values()) | {_ADDRESS[name]: value for name, value in given.items()}
    code = held["country_code"]
    if not code:
        raise RefusedError("BLANK", "Country can't be blank")
    if code == "CN" and held["province_code"]:
        held["province"] = province_name(held["province_code"])
        if held["province"] is None:
            raise RefusedError("INVALID", "Province is invalid")
    return {"id": number, **held, "country": _COUNTRIES.get(code, code), "phone": held["phone"] or None}


def same_address(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two addresses differ in nothing but their ids."""
    return all(one.get(name) == other.get(name) for name in _ADDRESS.values())


def listed(text: str | None) -> Sequence[str]:
    """A webhook's `vip, beijing` as a list."""
    return tags((text or "",))
