"""An address: one tuple that survives as a whole."""

from __future__ import annotations

from typing import Any

from hub.model import phone
from hub.model.fault import ValueFault

_COUNTRY_LETTERS = 2


def tidy_address(address: dict[str, Any]) -> dict[str, Any]:
    """The one form of a checked address: trimmed, country in upper case, the recipient's phone E.164."""
    for name, value in address.items():
        trimmed = value.strip()
        if trimmed is not value and trimmed != value:
            address[name] = trimmed
    country = address.get("country")
    if country:
        if len(country) != _COUNTRY_LETTERS or not country.isascii() or not country.isalpha():
            raise ValueFault("bad_country", "a country is two letters of ISO 3166-1, like CN")
        if not country.isupper():
            country = address["country"] = country.upper()
    number = address.get("recipient_phone")
    if number:
        address["recipient_phone"] = phone.normalise(number, country or "CN").value
    return address
