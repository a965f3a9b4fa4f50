"""How alike two birthdays, phones, e-mails or identities are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rapidfuzz.distance import OSA

Birthday = Sequence[Any]
BIRTHDAY_LEVELS = ("exact", "swapped", "one_digit", "month_day", "near", "different")
PHONE_LEVELS = ("same", "masked", "transposed", "one_digit", "different")
EMAIL_LEVELS = ("same", "same_name", "different")
ID_LEVELS = ("same", "transposed", "one_digit", "near", "different")
GENDER_LEVELS = ("same", "different")
_FAR = 3


def compare_birthdays(a: Birthday, b: Birthday) -> str:
    """The level of two `[year, month, day, calendar]`; days of two calendars tell nothing of each other."""
    if a == b:
        return "exact" if a[0] else "month_day"
    if a[3] != b[3]:
        return ""
    year, month, day, _ = a
    other_year, other_month, other_day, _ = b
    if year == other_year and month == other_day and day == other_month:
        return "swapped"
    if (month, day) == (other_month, other_day) and not (year and other_year):
        return "month_day"
    if not (year and other_year):
        return "different"
    edits = OSA.distance(_digits(a), _digits(b), score_cutoff=_FAR - 1)
    return "one_digit" if edits == 1 else "near" if edits < _FAR else "different"


def _digits(day: Birthday) -> str:
    return f"{day[0]:04}{day[1]:02}{day[2]:02}"


def compare_genders(a: str, b: str) -> str:
    """`same` or `different`."""
    return "same" if a == b else "different"


def compare_phones(a: Sequence[str], b: Sequence[str], masked: Sequence[str], other_masked: Sequence[str]) -> str:
    """The best level of any two numbers. `masked`: the visible digits of a's masked numbers, `other_masked`: of b's."""
    if a and b:
        if a[0] == b[0] or not set(a).isdisjoint(b):
            return "same"
        if masked or other_masked:
            found = _masked(a, b, masked, other_masked)
            if found:
                return found
        return min((_numbers(one, other) for one in a for other in b), key=_PHONE_RANK.__getitem__)
    if (a or masked) and (b or other_masked):
        return _masked(a, b, masked, other_masked) or "different"
    return ""


def _masked(a: Sequence[str], b: Sequence[str], masked: Sequence[str], other_masked: Sequence[str]) -> str:
    left, right = {*masked, *map(visible, a)}, {*other_masked, *map(visible, b)}
    return "masked" if left & right else ""


def visible(number: str) -> str:
    """What a masked Chinese mobile number still shows: 1381234 of +8613800001234."""
    return number[3:6] + number[-4:]


def _numbers(a: str, b: str) -> str:
    if len(a) == len(b):
        apart = [place for place, sign in enumerate(a) if sign != b[place]]
        if len(apart) == 1:
            return "one_digit"
        if len(apart) == 2 and apart[0] + 1 == apart[1] and a[apart[0]] == b[apart[1]] and a[apart[1]] == b[apart[0]]:
            return "transposed"
    return "different"


_PHONE_RANK = {level: rank for rank, level in enumerate(PHONE_LEVELS)}


def compare_emails(a: Sequence[str], b: Sequence[str]) -> str:
    """The best level of any two addresses; `same_name`: all but the domain, and that name is long enough to mean something."""
    if not set(a).isdisjoint(b):
        return "same"
    names = {one.partition("@")[0] for one in a} & {one.partition("@")[0] for one in b}
    return "same_name" if any(len(name) >= 6 for name in names) else "different"


def compare_ids(a: Sequence[str], b: Sequence[str]) -> str:
    """The best level of any two values of one namespace and scope."""
    if not set(a).isdisjoint(b):
        return "same"
    return min((_texts(one, other) for one in a for other in b), key=_ID_RANK.__getitem__)


def _texts(a: str, b: str) -> str:
    edits = OSA.distance(a, b, score_cutoff=_FAR - 1)
    if edits == 1:
        return "transposed" if len(a) == len(b) and sorted(a) == sorted(b) else "one_digit"
    return "near" if edits < _FAR else "different"


_ID_RANK = {level: rank for rank, level in enumerate(ID_LEVELS)}


def differ_in_accounts(a: Mapping[str, list[str]], b: Mapping[str, list[str]], namespaces: frozenset[str]) -> bool:
    """Whether both name an account of one of `namespaces` in one scope, and none in common."""
    for place, values in a.items():
        others = b.get(place)
        if others and place.partition("|")[0] in namespaces and set(values).isdisjoint(others):
            return True
    return False
