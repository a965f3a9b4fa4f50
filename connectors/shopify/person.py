"""Names, e-mail proof and addresses of a customer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.shopify.region import province_name
from connectors.shopify.shape import elements, get, word
from hub.model.transform import ITSELF, transform

_CJK = re.compile(
    r"[\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff・·]+"
)

_DISTRICT = re.compile(r"(\S{1,15}(?:(?<![小社园校厂街库营])区|县|旗|市)) (.+)", re.DOTALL)


@transform(
    examples=[(["雷", "李"], {}, "李雷"), (["Lei", "Li"], {}, "Lei Li")],
    one_way="Shopify has two fields; shopify_kept_name says what stands in each",
)
def full_name(value: Sequence[Any]) -> str | None:
    """A whole name of `[first_name, last_name]` as its owner writes it: 李雷, but Lei Li; null without any.

    Shopify keeps no whole name. Where both parts are Chinese, Japanese or Korean the family name
    stands first and no space between; else given name, space, family name.
    """
    given, family = (_text(part) for part in value)
    if not given or not family:
        return given or family
    return family + given if _CJK.fullmatch(given) and _CJK.fullmatch(family) else f"{given} {family}"


@transform(
    gives="enum",
    examples=[(True, {"state": "enabled"}, "otp"), (True, {"state": "disabled"}, "staff"), (False, {}, "none")],
    one_way="Shopify decides itself what is proven",
)
def verified(value: Any, state: Any = None) -> str:
    """How an e-mail is proven, by `verified_email` and the account's `state`: `otp`, `staff` or `none`.

    With an enabled account it means that the owner opened the link or typed the code that was sent
    to the address. A customer whom the staff typed in or imported carries it too: then the shop
    vouches for it, which has one customer for each address. Shopify never proves a phone.
    """
    if value is not True:
        return "none"
    return "otp" if word(state) in ("enabled", "") else "staff"


@transform(examples=[("vip, beijing", {}, ["beijing", "vip"])], inverse=ITSELF)
def tags(value: Any) -> list[str]:
    """Tags, sorted and without repeats, of `vip, beijing` (webhooks) or a list (GraphQL)."""
    words = value.split(",") if isinstance(value, str) else value
    return sorted({str(each).strip() for each in words} - {""})


@transform(
    examples=[
        (
            {"country_code": "CN", "province_code": "SH", "city": "上海市", "address1": "静安区 南京西路1号"},
            {},
            {"country": "CN", "province": "上海市", "city": "上海市", "district": "静安区", "street": "南京西路1号"},
        )
    ],
    one_way="shopify_mailing_addresses writes all of them",
)
def address(value: Mapping[str, Any]) -> dict[str, str] | None:
    """An address of Shopify's; null when it is empty.

    Shopify knows no district: one of China is read where a space divides it from the street, as the
    hub writes it (`静安区 南京西路 1 号`), else it stays in the street. China's provinces go by their
    code, since their names depend on the shop's language.
    """
    country = _text(get(value, "country_code", "countryCodeV2"))
    code = get(value, "province_code") if country == "CN" else None
    district, street = None, " ".join(filter(None, (_text(get(value, "address1")), _text(get(value, "address2")))))
    if country == "CN" and (divided := _DISTRICT.fullmatch(street)):
        district, street = divided[1], divided[2]
    found = {
        "country": country,
        "province": province_name(code) or _text(get(value, "province")),
        "city": _text(get(value, "city")),
        "district": district,
        "street": street,
        "postcode": _text(get(value, "zip")),
        "recipient_name": full_name([get(value, "first_name"), get(value, "last_name")]),
        "recipient_phone": _text(get(value, "phone")),
    }
    return {name: text for name, text in found.items() if text} or None


@transform(
    takes_null=True,
    examples=[
        (
            [{"country_code": "FR", "city": "Paris"}, [{"country_code": "FR", "city": "Lyon"}]],
            {},
            [{"country": "FR", "city": "Paris"}, {"country": "FR", "city": "Lyon"}],
        )
    ],
    one_way="shopify_mailing_addresses writes them as one list",
)
def addresses(value: Sequence[Any] | None) -> list[dict[str, str]]:
    """Of `[default_address, addresses]` all addresses, the default one first, none twice."""
    default, listed = value or (None, None)
    found: list[dict[str, str]] = []
    for each in ([default] if isinstance(default, Mapping) else []) + list(elements(listed)):
        made = address(each)
        if made and made not in found:
            found.append(made)
    return found


def _text(value: Any) -> str | None:
    return (str(value).strip() or None) if value is not None else None
