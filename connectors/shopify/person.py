"""Names, identities and addresses of a customer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.shopify.shape import elements, get, has, word

_CJK = re.compile(
    r"[\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff・·]+"
)


def given_name(person: Mapping[str, Any]) -> str | None:
    """`first_name`, without surrounding space; None when empty."""
    return _text(get(person, "first_name"))


def family_name(person: Mapping[str, Any]) -> str | None:
    """`last_name`, without surrounding space; None when empty."""
    return _text(get(person, "last_name"))


def full_name(person: Mapping[str, Any]) -> str | None:
    """The whole name as its owner writes it: 李雷, not 雷 李.

    Shopify keeps first and last name only. Where both are Chinese, Japanese or Korean the family
    name stands first and no space between; else given name, space, family name. None without any.
    """
    given, family = given_name(person), family_name(person)
    if not given or not family:
        return given or family
    return family + given if _CJK.fullmatch(given) and _CJK.fullmatch(family) else f"{given} {family}"


def identities(customer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Phone and e-mail as identities, with what is proven of them.

    `verified_email` alone proves nothing: a customer whom the shop's staff typed in or imported
    carries it as well. Together with an enabled account it means that its owner opened the
    link or typed the code sent to that address: `otp`. Shopify proves no phone: `none`.
    """
    found = []
    email = get(get(customer, "defaultEmailAddress"), "emailAddress") or get(customer, "email")
    phone = get(get(customer, "defaultPhoneNumber"), "phoneNumber") or get(customer, "phone")
    if _text(phone):
        found.append({"namespace": "phone", "value": str(phone).strip(), "verified": "none"})
    if _text(email):
        proven = get(customer, "verified_email") is True and word(get(customer, "state")) in ("enabled", "")
        found.append({"namespace": "email", "value": str(email).strip(), "verified": "otp" if proven else "none"})
    return found


def address(held: Mapping[str, Any] | None) -> dict[str, str] | None:
    """A canonical address; None when there is none. Shopify has no district: it stands in the street."""
    if not isinstance(held, Mapping):
        return None
    street = " ".join(filter(None, (_text(get(held, "address1")), _text(get(held, "address2")))))
    found = {
        "country": _text(get(held, "country_code", "countryCodeV2")),
        "province": _text(get(held, "province")),
        "city": _text(get(held, "city")),
        "street": street,
        "postcode": _text(get(held, "zip")),
        "recipient_name": full_name(held),
        "recipient_phone": _text(get(held, "phone")),
    }
    return {name: text for name, text in found.items() if text} or None


def addresses(customer: Mapping[str, Any]) -> list[dict[str, str]]:
    """All addresses, the default one first, none twice; the default one alone where the payload has no list."""
    default = get(customer, "default_address")
    listed = [*elements(customer, "addresses", "addressesV2")] if has(customer, "addresses", "addressesV2") else []
    found: list[dict[str, str]] = []
    for each in (default, *listed):
        made = address(each)
        if made and made not in found:
            found.append(made)
    return found


def _text(value: Any) -> str | None:
    return (str(value).strip() or None) if value is not None else None
