"""How alike two names are: one level for a pair, by what each of them tells."""

from __future__ import annotations

from rapidfuzz.distance import OSA

Form = list[str]
LEVELS = (
    "exact",
    "pinyin",
    "homophone",
    "nickname",
    "same_nickname",
    "dropped",
    "close",
    "honorific_fits",
    "honorific",
    "honorific_unlikely",
    "dropped_last",
    "nickname_differs",
    "family",
    "conflict",
)
"""From what speaks most for one person to what speaks most against."""

COMPATIBLE = frozenset(LEVELS) - {"family", "conflict"}
_LONG = 6


def compare(a: Form, b: Form) -> str:
    """The level of two forms of `name_form`; "" when they tell nothing of each other."""
    left, right = a[0], b[0]
    if left == right == "han":
        return _han(a, b)
    if left > right:
        a, b, left, right = b, a, right, left
    return _BY_SORTS[left, right](a, b)


def _han(a: Form, b: Form) -> str:
    _, family, given, family_sound, given_sound, _ = a
    if family == b[1]:
        if given == b[2]:
            return "exact"
        if given_sound == b[4]:
            return "homophone"
        return _dropped(given, b[2]) or "family"
    if family_sound == b[3] and (given_sound == b[4]):
        return "homophone"
    return "conflict"


def _dropped(given: str, other: str) -> str:
    """A sign less: `dropped` keeps the last one, by which people are called; `dropped_last` does not."""
    if len(given) > len(other):
        given, other = other, given
    if not given or len(other) - len(given) != 1:
        return ""
    return "dropped" if given == other[1:] else "dropped_last" if given == other[:-1] else ""


def _family_han(a: Form, b: Form) -> str:
    if a[1] != b[1] and a[2] != b[3]:
        return "conflict"
    if not a[3] or not b[5]:
        return "honorific"
    return "honorific_fits" if a[3] == b[5] else "honorific_unlikely"


def _families(a: Form, b: Form) -> str:
    if a[1] != b[1] and a[2] != b[2]:
        return "conflict"
    if not a[3] or not b[3]:
        return "honorific"
    return "honorific_fits" if a[3] == b[3] else "conflict"


def _family_letters(a: Form, b: Form) -> str:
    return "honorific" if a[2] in (b[1], b[2]) or b[3].startswith(a[2]) else "conflict"


def _han_pinyin(a: Form, b: Form) -> str:
    family, given = a[3], a[4]
    joined = family + given
    if joined in (b[3], b[4]) or given + family == b[3]:
        return "pinyin"
    if len(joined) >= _LONG and OSA.distance(joined, b[3], score_cutoff=1) <= 1:
        return "close"
    return "family" if b[3].startswith(family) or family == b[1] else "conflict"


def _letters(a: Form, b: Form) -> str:
    if a[3] in (b[3], b[4]) or a[4] == b[3]:
        return "exact" if a[0] == "latin" else "pinyin"
    if len(a[3]) >= _LONG and OSA.distance(a[3], b[3], score_cutoff=1) <= 1:
        return "close"
    return "family" if a[1] == b[1] else "conflict"


def _is_part(name: Form) -> bool:
    """Whether just one part of a name in letters is known, which says little."""
    return name[0] == "latin" and not (name[1] and name[2])


def _nicks(a: Form, b: Form) -> str:
    return "same_nickname" if a[1] == b[1] else ""


def _han_nick(a: Form, b: Form) -> str:
    if not b[2]:
        return ""
    return "nickname" if b[2] == a[2][-1:] or (b[3] and a[4].endswith(b[3])) else "nickname_differs"


def _nick_letters(a: Form, b: Form) -> str:
    if not a[3]:
        return ""
    return "nickname" if b[3].endswith(a[3]) else "nickname_differs"


def _nothing(_a: Form, _b: Form) -> str:
    return ""


_BY_SORTS = {
    ("family", "family"): _families,
    ("family", "han"): _family_han,
    ("family", "latin"): _family_letters,
    ("family", "nick"): _nothing,
    ("family", "pinyin"): _family_letters,
    ("han", "latin"): _nothing,
    ("han", "nick"): _han_nick,
    ("han", "pinyin"): _han_pinyin,
    ("latin", "latin"): _letters,
    ("latin", "nick"): _nothing,
    ("latin", "pinyin"): _letters,
    ("nick", "nick"): _nicks,
    ("nick", "pinyin"): _nick_letters,
    ("pinyin", "pinyin"): _letters,
}
