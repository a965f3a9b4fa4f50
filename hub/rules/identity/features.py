"""What is compared of a customer, computed once per version of a record and kept beside it as JSON.

| member | what |
|---|---|
| `name` | see `name_form` |
| `phones` | whole numbers in E.164, sorted |
| `masked` | of masked numbers: the first three and last four digits, sorted |
| `emails` | in lower case, sorted |
| `birthday` | year (0: not said), month, day, calendar |
| `gender` | as said by the field, or by the honorific |
| `ids` | namespace and scope -> values, of all other identities, sorted |
| `addresses` | see `address_form` |

A member that says nothing is left out. Numbers that are placeholders, virtual, a store's or shared by many never appear.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hub.model import phone
from hub.rules.identity import address_form, name_form

Features = dict[str, Any]
_NEVER = frozenset(("placeholder", "virtual", "shared", "store"))
_MASKED = re.compile(r"(?:\+?86)?(1[3-9]\d)[*xX•]{4}(\d{4})", re.ASCII)
_MOST = 6
"""So many values of one sort are kept: more are no person's."""


def features_of(data: Mapping[str, Any]) -> Features:
    """What is compared of what one system says of a customer, `data` in canonical form. Deterministic, never raises."""
    found: Features = {}
    name = name_form.form_of(data)
    if name is not None:
        found["name"] = name
    gender = data.get("gender")
    if gender in name_form.GENDERS:
        found["gender"] = gender
    elif name is not None and name[0] == "family" and name[3]:
        found["gender"] = name[3]
    birthday = _birthday(data.get("birthday"))
    if birthday is not None:
        found["birthday"] = birthday
    _add_identities(found, data)
    addresses = address_form.forms_of(data)
    if addresses:
        found["addresses"] = addresses
    return found


def _birthday(said: Mapping[str, Any] | None) -> list[Any] | None:
    if not said or not said.get("month") or not said.get("day"):
        return None
    return [said.get("year") or 0, said["month"], said["day"], said.get("calendar") or "gregorian"]


def _add_identities(found: Features, data: Mapping[str, Any]) -> None:
    phones: set[str] = set()
    masked: set[str] = set()
    emails: set[str] = set()
    others: dict[str, set[str]] = {}
    for identity in data.get("identities") or ():
        namespace, role = identity["namespace"], identity.get("role")
        if role in _NEVER:
            continue
        value = identity["value"]
        if namespace == "phone":
            _add_phone(value, phones, masked)
        elif namespace == "email":
            address = value.strip().lower()
            if "@" in address and "*" not in address:
                emails.add(address)
        elif role != "masked" and value.strip():
            scope = identity.get("scope")
            others.setdefault(f"{namespace}|{scope}" if scope else namespace, set()).add(value.strip())
    for name, values in (("phones", phones), ("masked", masked), ("emails", emails)):
        if values:
            found[name] = sorted(values)[:_MOST]
    if others:
        found["ids"] = {name: sorted(values)[:_MOST] for name, values in sorted(others.items())}


def _add_phone(value: str, phones: set[str], masked: set[str]) -> None:
    number = phone.normalise(value)
    if number.role == "masked":
        seen = _MASKED.fullmatch(number.value)
        if seen:
            masked.add(seen[1] + seen[2])
    elif number.is_certain:
        phones.add(number.value)
