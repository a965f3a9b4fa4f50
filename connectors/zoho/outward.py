"""From a customer to a contact: what of it Zoho can hold, and in which of its fields.

The `kept_*` transforms stand below `holds` of the mapping: they say a value as Zoho will say it itself
once it holds it. A contact has two phones, two e-mails, two addresses. What it has already goes first,
so that the hub never pushes out what somebody entered there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.zoho.person import address as address_read
from connectors.zoho.person import is_cjk, joined, text_of
from connectors.zoho.region import country_name
from hub.model.address import tidy_address
from hub.model.fault import ValueFault
from hub.model.identity import contact_order, is_closed, may_be_told, tidy_identity
from hub.model.transform import transform

MOST_OF_A_KIND = 2
_ADDRESS_KEY = ("country", "province", "city", "district", "street", "postcode", "recipient_name", "recipient_phone")
_LONGEST = {"street": 250, "city": 100, "province": 100, "postcode": 30}
_LONGEST_NAME = {"given": 40, "family": 80}


@transform(examples=[(["Lei Li", None, None, None, None], {"part": "given"}, "Lei")], one_way="it is for the way out")
def kept_name(value: Sequence[Any], part: str) -> str | None:
    """Of `[full_name, given_name, family_name, held.given_name, held.family_name]` the `part` that Zoho will say.

    The cut that the contact has stays while it makes the same whole name. Else known parts; else a
    name of Chinese, Japanese or Korean signs stays whole, and any other is cut at its last space.
    """
    given, family = name_parts(*(text_of(each) for each in value))
    whole = joined(given, family)
    return {"full": whole, "given": given, "family": family if given else None}[part]


@transform(
    examples=[(["Lei Li", None, None], {}, "Lei"), (["李雷", None, None], {}, None)], one_way="it is for the way out"
)
def first_name(value: Sequence[Any]) -> str | None:
    """`First_Name` of `[full_name, given_name, family_name]`; null when the whole name stands in the other field."""
    return name_parts(*(text_of(each) for each in value))[0]


@transform(
    examples=[(["Lei Li", None, None], {}, "Li"), (["李雷", None, None], {}, "李雷")], one_way="it is for the way out"
)
def last_name(value: Sequence[Any]) -> str | None:
    """`Last_Name` of `[full_name, given_name, family_name]`."""
    return name_parts(*(text_of(each) for each in value))[1]


@transform(
    examples=[
        (
            [
                [
                    {"namespace": "phone", "value": "+8613900000001", "verified": "otp"},
                    {"namespace": "email", "value": "li@example.com", "verified": "staff"},
                ],
                [],
            ],
            {},
            [
                {"namespace": "phone", "value": "+8613900000001", "verified": "none"},
                {"namespace": "email", "value": "li@example.com", "verified": "staff"},
            ],
        )
    ],
    one_way="it is for the way out",
)
def kept_identities(value: Sequence[Any]) -> list[Mapping[str, Any]] | None:
    """Of `[identities, held]` two phones and two e-mails: those the contact has first, then the best proven.

    Those that are another person's by now come last, whoever has them.
    Placeholders, masked and virtual numbers are never written. Zoho proves none.
    """
    known, held = value
    if known is None:
        return None
    return [each for namespace in ("phone", "email") for each in _kept(namespace, known, held or ())]


@transform(
    examples=[
        (
            [[{"country": "CN", "city": "上海市", "street": "南京西路1号"}], []],
            {},
            [{"country": "CN", "city": "上海市", "street": "南京西路1号"}],
        )
    ],
    one_way="it is for the way out",
)
def kept_addresses(value: Sequence[Any]) -> list[Mapping[str, Any]] | None:
    """Of `[addresses, held]` two as Zoho will say them, those it has first and as they are."""
    known, held = value
    if known is None:
        return None
    there = {_address_key(each): each for each in held or ()}
    found: dict[tuple[str, ...], Mapping[str, Any]] = {}
    for each in known:
        image = there.get(_address_key(each)) or _image(each)
        if image is not None:
            found.setdefault(_address_key(image), image)
    return sorted(found.values(), key=lambda each: _address_key(each) not in there)[:MOST_OF_A_KIND]


@transform(
    examples=[
        ([{"year": 1990, "month": 5, "day": 1}, None], {}, {"year": 1990, "month": 5, "day": 1}),
        ([{"month": 5, "day": 1}, None], {}, None),
    ],
    one_way="it is for the way out",
)
def kept_birthday(value: Sequence[Any]) -> dict[str, int] | None:
    """Of `[birthday, held]` the date that Zoho can say: a whole one by the sun; any other leaves what it holds."""
    known, held = value
    if known is None:
        return None
    if known.get("calendar") == "lunar" or not known.get("year"):
        return held  # type: ignore[no-any-return]
    return {name: int(known[name]) for name in ("year", "month", "day")}


@transform(examples=[({"year": 1990, "month": 5, "day": 1}, {}, "1990-05-01")], inverse="zoho_birthday")
def date_of(value: Mapping[str, Any]) -> str:
    """A kept birthday as `Date_of_Birth`."""
    return f"{int(value['year']):04}-{int(value['month']):02}-{int(value['day']):02}"


@transform(
    examples=[
        (
            [
                {"namespace": "phone", "value": "+8613900000001", "verified": "otp"},
                {"namespace": "email", "value": "li@example.com", "verified": "staff"},
            ],
            {"slot": "Mobile"},
            "+8613900000001",
        ),
        (
            [
                {"namespace": "phone", "value": "+8613900000001", "verified": "otp"},
                {"namespace": "email", "value": "li@example.com", "verified": "staff"},
            ],
            {"slot": "Secondary_Email"},
            None,
        ),
    ],
    one_way="it is for the way out",
)
def number(value: Sequence[Mapping[str, Any]], slot: str) -> str | None:
    """The number or address for one of `Mobile, Phone, Email, Secondary_Email` of kept identities; null without one.

    A landline goes into `Phone`, everything else into `Mobile` first.
    """
    namespace = "email" if slot.endswith("Email") else "phone"
    mine = [each for each in value if each.get("namespace") == namespace]
    if namespace == "email":
        place = ("Email", "Secondary_Email").index(slot)
        return str(mine[place]["value"]) if len(mine) > place else None
    mobile = next((each for each in mine if each.get("role") != "household"), None)
    if mobile is None and len(mine) == MOST_OF_A_KIND:
        mobile = mine[1]
    if slot == "Mobile":
        return str(mobile["value"]) if mobile else None
    other = next((each for each in mine if each is not mobile), None)
    return str(other["value"]) if other else None


@transform(
    examples=[
        (
            [{"country": "CN", "city": "上海市", "district": "静安区", "street": "南京西路1号"}],
            {"place": 0, "part": "Street"},
            "静安区 南京西路1号",
        ),
        (
            [{"country": "CN", "city": "上海市", "district": "静安区", "street": "南京西路1号"}],
            {"place": 1, "part": "Street"},
            None,
        ),
    ],
    one_way="it is for the way out",
)
def address_part(value: Sequence[Mapping[str, Any]], place: int, part: str) -> str | None:
    """One part (`Country`, `State`, `City`, `Street`, `Zip`) of the address at a place of kept addresses; null without."""
    return parts_of(value[place]).get(part) if len(value) > place else None


def parts_of(address: Mapping[str, Any]) -> dict[str, str | None]:
    """An address in Zoho's parts. It knows no district: that stands before the street."""
    street = " ".join(filter(None, (text_of(address.get("district")), text_of(address.get("street")))))
    texts = {name: text_of(address.get(name)) for name in ("province", "city", "postcode")} | {"street": street or None}
    cut = {name: text and text[: _LONGEST[name]].strip() for name, text in texts.items()}
    return {
        "Country": country_name(text_of(address.get("country"))),
        "State": cut["province"],
        "City": cut["city"],
        "Street": cut["street"],
        "Zip": cut["postcode"],
    }


def name_parts(
    whole: str | None,
    given: str | None,
    family: str | None,
    held_given: str | None = None,
    held_family: str | None = None,
) -> tuple[str | None, str | None]:
    """(`First_Name`, `Last_Name`) of a name: never a first name alone, since Zoho wants the last."""
    for first, last in ((held_given, held_family), (given, family)):
        if first and last and (whole is None or _loose(whole) == _loose(joined(first, last) or "")):
            return first[: _LONGEST_NAME["given"]], last[: _LONGEST_NAME["family"]]
    whole = whole or joined(given, family)
    if not whole or is_cjk(whole) or " " not in whole:
        return None, whole and whole[: _LONGEST_NAME["family"]]
    before, _, last = whole.rpartition(" ")
    return before.strip()[: _LONGEST_NAME["given"]], last[: _LONGEST_NAME["family"]]


def _kept(namespace: str, known: Sequence[Any], held: Sequence[Any]) -> list[Mapping[str, Any]]:
    mine = [each for each in known if each.get("namespace") == namespace]
    values = {each.get("value") for each in mine}
    kept = [each for each in held if each.get("namespace") == namespace and each.get("value") in values]
    there = {each["value"] for each in kept}
    usable = sorted((each for each in mine if each["value"] not in there and may_be_told(each)), key=contact_order)
    # As it will be read back: Zoho does not say who proved what (mappings/zoho/contacts.yaml).
    proof = "staff" if namespace == "email" else "none"
    fresh = (tidy_identity({"namespace": namespace, "value": str(e["value"]), "verified": proof}) for e in usable)
    passed = {each["value"] for each in mine if is_closed(each)}
    ranked = sorted([*kept, *fresh], key=lambda each: each["value"] in passed)
    return ranked[: max(MOST_OF_A_KIND, len(kept))]


def _image(address: Mapping[str, Any]) -> dict[str, Any] | None:
    found = address_read(parts_of(address))
    try:
        return tidy_address(dict(found)) if found else None
    except ValueFault:
        return None


def _address_key(address: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(address.get(name) or "") for name in _ADDRESS_KEY)


def _loose(text: str) -> str:
    return "".join(text.split()).casefold()
