"""Do the books agree? What each system holds of a person against the golden record: by the public API and the ledgers alone.

Nothing of the hub's own code is used to compare. A fact is one piece of a record: its name, one
phone, one address. What a system cannot hold (a third phone in the CRM) it need not hold.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]
Facts = dict[str, set[str]]
FIELDS = ("name", "phones", "emails", "addresses", "note", "tags")
# How many of each a system has room for; the shop has one phone and one e-mail, a contact two of each.
ROOM: Mapping[str, Mapping[str, int]] = {
    "shop": {"phones": 1, "emails": 1},
    "crm": {"phones": 2, "emails": 2, "addresses": 2, "tags": 0},
}


@dataclass(slots=True)
class Balance:
    """One system's book compared. `linked`: records that a golden record knows; `problems`: sentences without personal data."""

    system: str
    records: int = 0
    golden: int = 0
    linked: int = 0
    equal: int = 0
    differing: int = 0
    problems: list[str] = field(default_factory=list)


def compare(system: str, golden: Sequence[Json], book: Mapping[str, Facts]) -> Balance:
    """A system's records (id -> facts) against the active golden customers in the API's form.

    Right is: each golden record is there once, everything there belongs to one, and every field is equal.
    """
    found = Balance(system, records=len(book), golden=len(golden))
    known: set[str] = set()
    for row in golden:
        ids = [s["external_id"] for s in row["sources"] if s["connection"] == system and s["object_type"] != ""]
        known.update(ids)
        there = [key for key in ids if key in book]
        if not there:
            found.problems.append(f"{row['id']} is not at {system}")
        elif len(there) > 1:
            found.problems.append(f"{row['id']} is at {system} {len(there)} times")
        for key in there:
            _compare_one(found, row["id"], facts_of_golden(row["data"]), book[key])
    found.linked = len(known & book.keys())
    found.problems += [f"{key} is at {system} but in no golden record" for key in sorted(book.keys() - known)]
    return found


def _compare_one(found: Balance, golden_id: str, wanted: Facts, held: Facts) -> None:
    room = ROOM[found.system]
    for name in FIELDS:
        most = room.get(name, len(wanted[name]))
        is_equal = held[name] <= wanted[name] and len(held[name]) == min(most, len(wanted[name]))
        if is_equal:
            found.equal += 1
        else:
            found.differing += 1
            found.problems.append(f"{golden_id}: {found.system} holds another {name}")


def facts_of_golden(data: Json) -> Facts:
    """The facts of a golden customer."""
    identities = data.get("identities") or ()
    return {
        "name": _texts([data.get("full_name")], _name),
        "phones": _texts((each["value"] for each in identities if each["namespace"] == "phone"), _digits),
        "emails": _texts((each["value"] for each in identities if each["namespace"] == "email"), str.lower),
        "addresses": _texts(
            (
                _joined(each, "province", "city", "district", "street", "postcode")
                for each in data.get("addresses") or ()
            ),
            _plain,
        ),
        "note": _texts([data.get("note")], str),
        "tags": _texts(data.get("tags") or (), str.casefold),
    }


def facts_of_shop(held: Json) -> Facts:
    """The facts of a customer in the shop's own form."""
    return {
        "name": _texts([_full(held.get("first_name"), held.get("last_name"))], _name),
        "phones": _texts([held.get("phone")], _digits),
        "emails": _texts([held.get("email")], str.lower),
        "addresses": _texts(
            (_joined(each, "province", "city", "address1", "address2", "zip") for each in held.get("addresses") or ()),
            _plain,
        ),
        "note": _texts([held.get("note")], str),
        "tags": _texts(str(held.get("tags") or "").split(","), lambda tag: tag.strip().casefold()),
    }


def facts_of_crm(held: Json) -> Facts:
    """The facts of a contact in Zoho's own form."""
    places = ("State", "City", "Street", "Zip")
    return {
        "name": _texts([_full(held.get("First_Name"), held.get("Last_Name"))], _name),
        "phones": _texts((held.get(slot) for slot in ("Mobile", "Phone")), _digits),
        "emails": _texts((held.get(slot) for slot in ("Email", "Secondary_Email")), str.lower),
        "addresses": _texts((_joined(held, *(f"{slot}_{p}" for p in places)) for slot in ("Mailing", "Other")), _plain),
        "note": _texts([held.get("Description")], str),
        "tags": set(),
    }


def _texts(values: Iterable[Any], form: Any) -> set[str]:
    return {form(str(value)) for value in values if value and str(value).strip()}


def _joined(row: Json, *names: str) -> str:
    return "".join(str(row.get(name) or "") for name in names)


def _full(given: str | None, family: str | None) -> str:
    """A whole name, the family name first: `_name` makes the order of Latin names no matter."""
    return " ".join(part for part in (family, given) if part)


def _name(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(plain.split()) if not plain.isascii() else " ".join(sorted(plain.split()))


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _digits(text: str) -> str:
    """A number without its spelling; Chinese mobiles with and without the country's code are one."""
    digits = re.sub(r"\D", "", text)
    return digits.removeprefix("86") if len(digits) == len("8613900000000") else digits
