"""Customers of a Chinese retailer with known truth: one seed, one population, the same on every machine.

Households of one to four people are known to tills (POS), a web shop (EC), a WeChat account (WX) and a CRM. Children share a
parent's phone, some spouses share one, a few numbers are recycled to strangers; names, phones and addresses carry the
noise seen in such data. Some truths cannot be decided on purpose: a WeChat nickname without a phone.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from faker.providers.address.zh_CN import Provider as Addresses
from faker.providers.person.zh_CN import Provider as Names
from pypinyin import lazy_pinyin

NOISE: Mapping[str, float] = {
    "homophone": 0.04,
    "pinyin_name": 0.03,
    "honorific_only": 0.05,
    "no_name": 0.03,
    "dropped_character": 0.02,
    "nickname": 0.50,
    "phone_typo": 0.015,
    "phone_transposed": 0.01,
    "plus86": 0.10,
    "dashes": 0.05,
    "full_width": 0.02,
    "masked_phone": 0.20,
    "wx_without_phone": 0.35,
    "recycled_number": 0.03,
    "spouse_shares": 0.15,
    "child_has_phone": 0.40,
    "second_account": 0.12,
    "ec_has_unionid": 0.30,
    "has_birthday": 0.45,
    "short_address": 0.05,
}
"""Probability of each kind of noise."""
_GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂建国华红玉兰梅志文博浩宇轩子涵梓欣怡诗雨晨佳琪思雅婷雪俊豪嘉睿"
_STREETS = (
    "人民路",
    "中山路",
    "解放路",
    "建设路",
    "和平路",
    "长江路",
    "黄河路",
    "文化路",
    "新华路",
    "学府街",
    "东风大街",
    "迎宾大道",
)
_PREFIXES = [
    "130",
    "131",
    "132",
    "133",
    "135",
    "136",
    "137",
    "138",
    "139",
    "150",
    "151",
    "152",
    "157",
    "158",
    "159",
    "166",
    "176",
    "177",
    "178",
    "180",
    "181",
    "182",
    "183",
    "185",
    "186",
    "187",
    "188",
    "189",
    "198",
    "199",
]
_SURNAMES: list[str] = list(Names.last_names)
_WEIGHTS: list[float] = (
    list(Names.last_names.values()) if isinstance(Names.last_names, dict) else [1.0] * len(_SURNAMES)
)
_DIGITS = "0123456789"
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_DOMAINS = ("qq.com", "163.com", "126.com", "gmail.com")
_KNOWN_BY = (("POS", 0.75), ("EC", 0.6), ("WX", 0.55), ("CRM", 0.3))
Place = tuple[str, str, str, int, int, int]


@dataclass(slots=True)
class Person:
    """Who there is. `old_phone`: a number given up, which a stranger has now. `shares`: a child with a parent's number."""

    id: str
    surname: str
    given: str
    gender: str
    address: Place
    phone: str
    unionid: str
    email: str
    birthday: tuple[int, int, int]
    old_phone: str = ""
    shares: bool = False
    spouse_shares: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """What one system says of one person. `data` is in canonical form, but for phones as somebody typed them."""

    system: str
    person: Person
    data: dict[str, Any]
    marks: frozenset[str]
    """What is odd about it: the noise of its name, `shared_phone`, `recycled`, `no_phone`."""


@cache
def _homophones() -> Mapping[str, list[str]]:
    """Signs by sound, for typing errors of pinyin input methods."""
    by_sound: dict[str, set[str]] = defaultdict(set)
    for sign in set("".join(_SURNAMES) + "".join(Names.first_names_male) + "".join(Names.first_names_female) + _GIVEN):
        by_sound[lazy_pinyin(sign)[0]].add(sign)
    return {sound: sorted(signs) for sound, signs in by_sound.items()}


class Town:
    """One seeded population and the records that four systems hold of it.

    `ranges`: what all phone numbers begin with (6 digits), as in a place to which so many were given; without, they are of anywhere.
    """

    def __init__(
        self, seed: int, households: int, noise: Mapping[str, float] = NOISE, ranges: Sequence[str] = ()
    ) -> None:
        self.random = random.Random(seed)
        self.ranges = ranges
        self.noise = {**NOISE, **noise}
        self.people = [person for index in range(households) for person in self._household(index)]
        self._recycle_numbers()

    def rows(self) -> list[Row]:
        """Everybody in every system that knows them, shuffled."""
        found = []
        for person in self.people:
            systems = [system for system, share in _KNOWN_BY if self.random.random() < share] or ["POS"]
            systems += [system for system in ("EC", "POS") if self._chance("second_account")]
            found += [self._row(person, system) for system in systems]
        self.random.shuffle(found)
        return found

    def _chance(self, name: str) -> bool:
        return self.random.random() < self.noise[name]

    def _new_phone(self) -> str:
        if self.ranges:
            return self.random.choice(self.ranges) + "".join(self.random.choice(_DIGITS) for _ in range(5))
        return self.random.choice(_PREFIXES) + "".join(self.random.choice(_DIGITS) for _ in range(8))

    def _given_name(self, gender: str) -> str:
        if self.random.random() < 0.5:
            return str(
                self.random.choice(list(Names.first_names_male if gender == "male" else Names.first_names_female))
            )
        return "".join(self.random.choice(_GIVEN) for _ in range(self.random.choice([1, 2, 2])))

    def _household(self, index: int) -> list[Person]:
        r = self.random
        address = (
            r.choice(Addresses.cities[:40]) + "市",
            r.choice(Addresses.districts[:40]) + "区",
            r.choice(_STREETS),
            r.randint(1, 300),
            r.randint(1, 30),
            r.randint(101, 2804),
        )
        father, mother = r.choices(_SURNAMES, _WEIGHTS, k=2)
        family = [
            self._member(f"p{index}-{place}", place, mother if place == 1 else father, address)
            for place in range(r.choices([1, 2, 3, 4], [0.45, 0.25, 0.2, 0.1])[0])
        ]
        for person in family:
            if not person.phone:
                person.phone, person.shares = family[0].phone, True
        if len(family) > 1 and self._chance("spouse_shares"):
            family[1].phone, family[1].spouse_shares = family[0].phone, True
        return family

    def _member(self, name: str, place: int, surname: str, address: Place) -> Person:
        r = self.random
        gender = "male" if place == 0 else "female" if place == 1 else r.choice(["male", "female"])
        given = self._given_name(gender)
        phone = self._new_phone() if place < 2 or self._chance("child_has_phone") else ""
        unionid = "o6_" + "".join(r.choice(_LETTERS) for _ in range(12)) if r.random() < 0.8 else ""
        email = ""
        if r.random() < 0.35:
            email = f"{''.join(lazy_pinyin(surname + given))}{r.randint(1, 9999)}@{r.choice(_DOMAINS)}"
        year = r.randint(1950, 1998) if place < 2 else r.randint(2000, 2012)
        birthday = (year, r.randint(1, 12), r.randint(1, 28))
        return Person(name, surname, given, gender, address, phone, unionid, email, birthday)

    def _recycle_numbers(self) -> None:
        for person in self.random.sample(self.people, int(self.noise["recycled_number"] * len(self.people))):
            stranger = self.random.choice(self.people)
            if stranger.address != person.address and not person.shares:
                person.old_phone, person.phone = person.phone, self._new_phone()
                stranger.phone = person.old_phone

    def _row(self, person: Person, system: str) -> Row:
        phone = person.old_phone if person.old_phone and self.random.random() < 0.5 else person.phone
        name, mark = self._noisy_name(person, system)
        data: dict[str, Any] = {"full_name": name}
        identities: list[dict[str, Any]] = []
        shown = self._noisy_phone(phone)
        if system == "EC":
            data["addresses"] = [{"raw": self._noisy_address(person.address)}]
            if self._chance("masked_phone"):
                shown = f"{phone[:3]}****{phone[-4:]}"
        has_phone = not (system == "WX" and self._chance("wx_without_phone"))
        if has_phone:
            identities.append({"namespace": "phone", "value": shown})
        if person.email and system in ("EC", "CRM") and self.random.random() < 0.7:
            email = person.email.upper() if self.random.random() < 0.1 else person.email
            identities.append({"namespace": "email", "value": email})
        if person.unionid and (system == "WX" or (system == "EC" and self._chance("ec_has_unionid"))):
            unionid = {"namespace": "wechat_unionid", "scope": "open-1", "value": person.unionid, "verified": "oauth"}
            identities.append(unionid)
        if system in ("POS", "CRM") and self._chance("has_birthday"):
            year, month, day = person.birthday
            data["birthday"] = {"year": year, "month": month, "day": day, "calendar": "gregorian"}
        data["identities"] = identities
        marks = {mark} if mark else set()
        if not has_phone:
            marks.add("no_phone")
        return Row(system, person, data, frozenset(marks))

    def _noisy_name(self, person: Person, system: str) -> tuple[str, str]:
        r, name = self.random, person.surname + person.given
        if system == "WX" and self._chance("nickname"):
            prefix = r.choice(["阳光", "小", "大", "开心", "Lucky", "A"])
            return prefix + (person.given[-1] if r.random() < 0.6 else str(r.randint(1, 99))), "nickname"
        if self._chance("homophone"):
            place = r.randrange(len(name))
            others = [sign for sign in _homophones()[lazy_pinyin(name[place])[0]] if sign != name[place]]
            return (name[:place] + r.choice(others) + name[place + 1 :], "homophone") if others else (name, "")
        if self._chance("pinyin_name"):
            sounds = lazy_pinyin(name)
            return " ".join(sounds).title() if r.random() < 0.5 else "".join(sounds), "pinyin"
        if system in ("EC", "POS") and self._chance("honorific_only"):
            return person.surname + ("先生" if person.gender == "male" else "女士"), "honorific"
        if self._chance("no_name"):
            return "", "no_name"
        if len(name) > 2 and self._chance("dropped_character"):
            return name[0] + name[2:], "dropped"
        return name, ""

    def _noisy_phone(self, phone: str) -> str:
        r = self.random
        if self._chance("phone_typo"):
            place = r.randrange(3, 11)
            phone = phone[:place] + r.choice(_DIGITS) + phone[place + 1 :]
        elif self._chance("phone_transposed"):
            place = r.randrange(3, 10)
            phone = phone[:place] + phone[place + 1] + phone[place] + phone[place + 2 :]
        if self._chance("plus86"):
            return "+86 " + phone
        if self._chance("dashes"):
            return f"{phone[:3]}-{phone[3:7]}-{phone[7:]}"
        if self._chance("full_width"):
            return "".join(chr(ord(digit) + 0xFEE0) for digit in phone)
        return phone

    def _noisy_address(self, address: Place) -> str:
        city, district, street, number, block, room = address
        if self._chance("short_address"):
            return f"{city}{street}{number}号"
        usual = f"{city}{district}{street}{number}号{block}号楼{room}室"
        odd = [f"{district}{street}{number}号{block}栋{room}", f"{city}{district}{street}{number}号{block}幢{room}室"]
        return self.random.choice(odd + [usual] * 6)


def events(rows: list[Row]) -> Iterator[dict[str, Any]]:
    """The bodies of webhooks that tell of the rows, in their order: topic, connection, and canonical data under an id."""
    for number, row in enumerate(rows):
        yield {"connection": row.system.lower(), "id": f"{row.system}-{number}", "data": row.data}
