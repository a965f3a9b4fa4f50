"""From the hub's form to Shopify's: what of a customer a shop can hold, and how it is written there.

The `kept_*` transforms stand below `holds` of the mapping: they say a value as the shop will say it
itself once it holds it, so that nothing it cannot hold looks like something it took away. What the
shop holds already stays as it is: an odd phone, an old spelling of an address are no reason to write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.shopify.person import address as address_read
from connectors.shopify.person import full_name
from connectors.shopify.region import province_code
from hub.model import phone
from hub.model.address import tidy_address
from hub.model.fault import ValueFault
from hub.model.identity import contact_order, is_closed, may_be_told, tidy_identity
from hub.model.transform import ITSELF, transform

Address = dict[str, str]
_CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_LONGEST_TAG = 255
_ADDRESS_KEY = ("country", "province", "city", "district", "street", "postcode", "recipient_name", "recipient_phone")
_LONG_LOCALES = {"zh-cn": "zh-CN", "zh-tw": "zh-TW", "zh-hk": "zh-TW", "zh-mo": "zh-TW", "pt-br": "pt-BR"}
_LONG_LOCALES |= {"zh": "zh-CN", "zh-hans": "zh-CN", "zh-hant": "zh-TW", "pt": "pt-PT", "pt-pt": "pt-PT"}


@transform(
    examples=[(["Lei Li", None, None], {"part": "given"}, "Lei"), (["李雷", None, None], {"part": "family"}, "李雷")],
    one_way="it is for the way out",
)
def kept_name(value: Sequence[Any], part: str) -> str | None:
    """Of `[full_name, given_name, family_name]` the `part` (full, given, family) that the shop will say.

    Shopify keeps two names. A whole name that fits its parts goes by them; else one of Chinese,
    Japanese or Korean signs stands in the family name alone, since nobody knows where to cut it,
    and any other is cut at its last space.
    """
    given, family = _name_parts(*(_text(each) for each in value))
    return {"full": full_name([given, family]), "given": given, "family": family}[part]


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
    """Of `[identities, held]` the one phone and the one e-mail that a shop can hold.

    The one it has stays while it is among the person's; else the best proven of their own ones. One that is another
    person's by now gives way to any that is still theirs.
    Placeholders, masked and virtual ones are never written.
    """
    known, held = value
    if known is None:
        return None
    chosen = (_chosen(namespace, known, held or ()) for namespace in ("phone", "email"))
    return [each for each in chosen if each is not None]


@transform(
    examples=[
        (
            [[{"country": "FR", "city": "Paris", "street": "1 rue X"}], []],
            {},
            [{"country": "FR", "city": "Paris", "street": "1 rue X"}],
        )
    ],
    one_way="it is for the way out",
)
def kept_addresses(value: Sequence[Any]) -> list[Mapping[str, Any]] | None:
    """Of `[addresses, held]` every address as the shop will say it; those it has stay as they are."""
    known, held = value
    if known is None:
        return None
    there = {_address_key(each): each for each in held or ()}
    found: dict[tuple[str, ...], Mapping[str, Any]] = {}
    for each in known:
        key = _address_key(each)
        image = there[key] if key in there else _image(each)
        if image is not None:
            found.setdefault(_address_key(image), image)
    return list(found.values())


@transform(examples=[([["VIP", "a,b"], ["vip"]], {}, ["vip"])], one_way="it is for the way out")
def kept_tags(value: Sequence[Any]) -> list[str] | None:
    """Of `[tags, held]` those that Shopify can hold, in its spelling where only the case differs."""
    known, held = value
    if known is None:
        return None
    found: dict[str, set[str]] = {}
    for tag in (str(each).strip() for each in known):
        if tag and "," not in tag and len(tag) <= _LONGEST_TAG:
            found.setdefault(tag.casefold(), {tag})
    for tag in map(str, held or ()):
        if tag.casefold() in found:
            found[tag.casefold()] = {own for own in map(str, held) if own.casefold() == tag.casefold()}
    return sorted(set().union(*found.values()))


@transform(
    examples=[
        (
            [
                {"namespace": "phone", "value": "+8613900000001", "verified": "otp"},
                {"namespace": "email", "value": "li@example.com", "verified": "staff"},
            ],
            {"namespace": "email"},
            "li@example.com",
        )
    ],
    one_way="it is for the way out",
)
def contact(value: Sequence[Mapping[str, Any]], namespace: str) -> str | None:
    """The value of the first of some identities that is of a `namespace`; null without one."""
    return next((str(each["value"]) for each in value if each.get("namespace") == namespace), None)


@transform(
    examples=[
        (
            [{"country": "CN", "city": "上海市", "district": "静安区", "street": "南京西路1号"}],
            {},
            [{"address1": "静安区 南京西路1号", "city": "上海市", "countryCode": "CN"}],
        )
    ],
    one_way="it is for the way out",
)
def mailing_addresses(value: Sequence[Address]) -> list[Address]:
    """Addresses as Shopify's MailingAddressInput; those it could not show are left out."""
    return [made for made in (mailing_address(each) for each in value) if made]


@transform(examples=[("zh_Hans", {}, "zh-CN"), ("en-US", {}, "en")], inverse=ITSELF)
def locale(value: Any) -> str | None:
    """A language tag as a locale that Shopify knows: zh-CN, zh-TW, pt-BR, pt-PT, else the language alone."""
    tag = str(value).strip().lower().replace("_", "-")
    known = next((_LONG_LOCALES[each] for each in (tag, "-".join(tag.split("-")[:2])) if each in _LONG_LOCALES), None)
    language = tag.split("-")[0]
    return known or (_LONG_LOCALES.get(language, language) or None)


def mailing_address(address: Mapping[str, Any]) -> Address | None:
    """One address as MailingAddressInput; None for one without street and city, or of an unknown country.

    The district stands before the street with a space between: `connectors.shopify.person.address`
    reads it back so. Shopify takes provinces by code where we know them.
    """
    street = " ".join(filter(None, (_text(address.get("district")), _text(address.get("street")))))
    city, province = _text(address.get("city")), _text(address.get("province"))
    country = _text(address.get("country")) or ("CN" if _CJK.search(f"{city}{street}") else None)
    if not country or not (street or city):
        return None
    given, family = _name_parts(_text(address.get("recipient_name")), None, None)
    found = {
        "firstName": given,
        "lastName": family,
        "address1": street,
        "city": city,
        **_province(country, province),
        "countryCode": country,
        "zip": _text(address.get("postcode")),
        "phone": _certain(_text(address.get("recipient_phone")), country),
    }
    return {name: text for name, text in found.items() if text}


def _province(country: str, name: str | None) -> dict[str, str | None]:
    if country == "CN":
        return {"provinceCode": province_code(name)}
    return {"province": name}


def _image(address: Mapping[str, Any]) -> Address | None:
    """An address as the shop will say it once it was written there."""
    made = mailing_address(address)
    if made is None:
        return None
    seen: Mapping[str, Any] = {"countryCodeV2" if name == "countryCode" else name: text for name, text in made.items()}
    found = address_read(seen)
    try:
        return tidy_address(dict(found)) if found else None
    except ValueFault:
        return None


def _name_parts(whole: str | None, given: str | None, family: str | None) -> tuple[str | None, str | None]:
    joined = full_name([given, family])
    if joined and (whole is None or _loose(whole) in (_loose(joined), _loose(f"{family or ''}{given or ''}"))):
        return given, family
    if not whole or _CJK.search(whole) or " " not in whole:
        return None, whole
    before, _, last = whole.rpartition(" ")
    return before.strip(), last


def _loose(text: str) -> str:
    return "".join(text.split()).casefold()


def _chosen(namespace: str, known: Sequence[Any], held: Sequence[Any]) -> Mapping[str, Any] | None:
    mine = [each for each in known if each.get("namespace") == namespace]
    usable = [each for each in mine if may_be_told(each)]
    best = min(usable, key=contact_order, default=None)
    is_any_open = best is not None and not is_closed(best)
    values = {each.get("value") for each in mine if not (is_any_open and is_closed(each))}
    has = next((each for each in held if each.get("namespace") == namespace and each.get("value") in values), None)
    if has is not None:
        return has  # type: ignore[no-any-return]
    if best is None:
        return None
    return tidy_identity({"namespace": namespace, "value": str(best["value"]), "verified": _proof(namespace, held)})


def _proof(namespace: str, held: Sequence[Any]) -> str:
    """How the shop will call a contact proven that the hub writes there (`connectors.shopify.person.verified`).

    Its e-mails are so by themselves. Foreseen here, since otherwise our own write would come back as
    the shop's word.
    """
    if namespace != "email":
        return "none"
    has = next((each for each in held if each.get("namespace") == namespace), None)
    return str(has.get("verified") or "none") if has else "staff"


def _certain(number: str | None, country: str) -> str | None:
    found = phone.normalise(number, country) if number else None
    return found.value if found and found.is_certain else None


def _address_key(address: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(address.get(name) or "") for name in _ADDRESS_KEY)


def _text(value: Any) -> str | None:
    return (str(value).strip() or None) if value is not None else None
