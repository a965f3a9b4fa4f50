"""Who there is when the day begins: customers of the shop, contacts of the CRM, and those who are both."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from connectors.shopify.simulator import catalogue
from connectors.shopify.simulator.shop import Hook
from demo.crm import DemoCrm
from demo.shop import DemoShop

SHARED, SHOP_ONLY, CRM_ONLY = 26, 4, 10
# Above the places that the shop's script gives to those who sign up later.
_FIRST_PLACE = 200
# By their place in the cast: who moves, whose phone changes, whose notes differ, and who are one.
MOVER, CALLER, FORMATTED, DISPUTED = 0, 1, 2, 3
EMPTIED = tuple(range(DISPUTED + 1, DISPUTED + 22))
TWINS = (SHARED, SHARED + 1)
# Of a name that few bear, so that one who is entered by it alone may be the same person, and may not.
NAMESAKE = SHARED - 1
NEW_PHONE, OTHER_PHONE = "138 1600 0001", "+8613816000002"
CRM_NOTE, SHOP_NOTE = "下午六点以后联系", "请勿打电话"
_NOTES = ("喜欢龙井", "周末送货", "送礼，请包装", "放在门卫处", "对花粉过敏")


def open_shop(shop: DemoShop, seed: int) -> None:
    """The shop's customers of before: those who are also contacts come first, each with a note."""
    for place, fields in enumerate(_people(seed)):
        if place < SHARED + SHOP_ONLY:
            note = _NOTES[place % len(_NOTES)] if place < SHARED else None
            shop.shop.add_customer(**{**fields, "note": note, "state": "enabled"})


def open_crm(crm: DemoCrm, seed: int) -> None:
    """The CRM's contacts of before. Phones are written as people write them; who is a customer too stands there under the whole name."""
    long_ago = (crm.local_now() - dt.timedelta(days=30)).isoformat()
    for place, fields in enumerate(_people(seed)):
        if SHARED <= place < SHARED + SHOP_ONLY:
            continue
        is_shared = place < SHARED
        given, family, address = fields["first_name"], fields["last_name"], fields["default_address"]
        address = {} if is_shared else address
        crm.crm.add(
            Modified_Time=long_ago,
            First_Name=None if is_shared else given,
            Last_Name=f"{family}{given}" if is_shared else family,
            Email=fields["email"],
            Description=_NOTES[place % len(_NOTES)] if is_shared else None,
            Mobile=_spelt(fields["phone"]),
            Mailing_Country="中国" if address else None,
            Mailing_State=address.get("province"),
            Mailing_City=address.get("city"),
            Mailing_Street=address.get("address1"),
            Mailing_Zip=address.get("zip"),
        )


def _people(seed: int) -> Iterator[dict[str, Any]]:
    rng = random.Random(seed)  # noqa: S311 -- a script, not a secret
    for place in range(SHARED + SHOP_ONLY + CRM_ONLY):
        yield catalogue.person(rng, _FIRST_PLACE + place)


def _spelt(number: str | None) -> str | None:
    """A mobile number as it stands on a card: `139 1234 0200`."""
    return f"{number[3:6]} {number[6:10]} {number[10:]}" if number else None


def shop_id(shop: DemoShop, place: int) -> int:
    """The shop's number of a person, by the place in the cast."""
    return next(int(key) for key, held in shop.people().items() if _is(held["email"], place))


def crm_id(crm: DemoCrm, place: int) -> str:
    """The CRM's id of a person, by the place in the cast."""
    return next(key for key, held in crm.people().items() if _is(held["Email"], place))


def has_notes(shop: DemoShop) -> bool:
    """Whether every customer whose note was emptied has one again."""
    people = shop.people()
    return all(people[str(shop_id(shop, place))]["note"] for place in EMPTIED)


def _is(email: str | None, place: int) -> bool:
    return bool(email) and str(email).endswith(f"{_FIRST_PLACE + place:04d}@example.com")


def new_number(crm: DemoCrm, number: int) -> list[Hook]:
    """Some contact gets another mobile number; the shop has nothing to send about it."""
    contacts = sorted(crm.people())
    crm.crm.change(contacts[number % len(contacts)], Mobile=f"137{number % 100_000_000:08}")
    return []


def _open(shop: DemoShop, crm: DemoCrm, seed: int) -> None:
    open_shop(shop, seed)
    open_crm(crm, seed)


def _move(shop: DemoShop, crm: DemoCrm, seed: int) -> None:  # noqa: ARG001
    home = {
        "address1": "武康路 378 号",
        "address2": None,
        "city": "上海市",
        "province": "上海市",
        "province_code": "SH",
    }
    shop.edit_customer(shop_id(shop, MOVER), address={**home, "zip": "200031"})


def _call(shop: DemoShop, crm: DemoCrm, seed: int) -> None:  # noqa: ARG001
    crm.crm.change(crm_id(crm, CALLER), Mobile=NEW_PHONE)


def _format(shop: DemoShop, crm: DemoCrm, seed: int) -> None:  # noqa: ARG001
    crm.crm.reformats = True
    shop.edit_customer(shop_id(shop, FORMATTED), phone=OTHER_PHONE)


def _note_in_crm(shop: DemoShop, crm: DemoCrm, seed: int) -> None:  # noqa: ARG001
    crm.crm.change(crm_id(crm, DISPUTED), Description=CRM_NOTE)


def _note_in_shop(shop: DemoShop, crm: DemoCrm, seed: int) -> None:  # noqa: ARG001
    shop.edit_customer(shop_id(shop, DISPUTED), note=SHOP_NOTE)


def _double(shop: DemoShop, crm: DemoCrm, seed: int) -> None:  # noqa: ARG001
    there = crm.people()[crm_id(crm, NAMESAKE)]
    crm.crm.add(Last_Name=there["Last_Name"], First_Name=there["First_Name"])


def _empty(shop: DemoShop, crm: DemoCrm, seed: int) -> None:  # noqa: ARG001
    for place in EMPTIED:
        shop.edit_customer(shop_id(shop, place), note=None)


ACTS: Mapping[str, Callable[[DemoShop, DemoCrm, int], None]] = {
    "open": _open,
    "move": _move,
    "call": _call,
    "format": _format,
    "note in crm": _note_in_crm,
    "note in shop": _note_in_shop,
    "double": _double,
    "empty": _empty,
}
"""What people do in the two systems beside the shop's own script, by name: each happens once."""
