"""Words for what scored matching compares, how alike two records are in it, and what keeps them apart."""

from __future__ import annotations

from dataclasses import dataclass

from hub.console.label import word
from hub.console.language import N_, _

_COMPARISONS = {
    "name": N_("Full name"),
    "rarity": N_("How common the name is"),
    "phone": N_("Phone"),
    "email": N_("E-mail"),
    "birthday": N_("Birthday"),
    "gender": N_("Gender"),
    "address": N_("Postal address"),
    "family_name": N_("Family name"),
    "given_name": N_("Given name"),
    "names_turned": N_("Family and given name"),
    "street": N_("Street"),
    "street_number": N_("House number"),
    "district": N_("District"),
    "city": N_("City"),
    "postcode": N_("Postcode"),
    "province": N_("Province"),
    "address_turned": N_("Street and district"),
    "account": N_("Account"),
}
_LEVELS = {
    "exact": N_("the same"),
    "same": N_("the same"),
    "pinyin": N_("same pinyin"),
    "homophone": N_("sounds the same"),
    "dropped": N_("one character is missing"),
    "dropped_last": N_("the last character is missing"),
    "close": N_("nearly the same"),
    "alike": N_("similar"),
    "honorific": N_("fits the form of address"),
    "honorific_fits": N_("fits the form of address, and the gender that the name suggests"),
    "honorific_unlikely": N_("fits the form of address, but hardly the gender"),
    "same_nickname": N_("same nickname"),
    "nickname": N_("fits the nickname"),
    "nickname_differs": N_("other nickname"),
    "family": N_("only the family name is the same"),
    "conflict": N_("contradict each other"),
    "very_rare": N_("very rare"),
    "rare": N_("rare"),
    "usual": N_("usual"),
    "common": N_("common"),
    "masked": N_("fits the digits that are visible"),
    "transposed": N_("two digits swapped"),
    "one_digit": N_("one digit differs"),
    "one_edit": N_("one character differs"),
    "same_name": N_("same before the @"),
    "swapped": N_("day and month swapped"),
    "month_day": N_("same day of the year"),
    "near": N_("close by"),
    "home": N_("same home"),
    "building": N_("same building"),
    "street": N_("same street"),
    "turned": N_("the other way round"),
    "different": N_("different"),
    "missing": N_("one side says nothing"),
}
_IDENTITY = "identity."
_SAME = frozenset({"exact", "same", "home"})


@dataclass(frozen=True, slots=True)
class Sign:
    """How alike, as a glyph and its tone, since colour alone tells nothing."""

    glyph: str
    tone: str


def comparison_word(name: str) -> str:
    """What is compared, or what keeps two records apart."""
    if name.startswith(_IDENTITY):
        return word(name.removeprefix(_IDENTITY))
    return _(_COMPARISONS[name]) if name in _COMPARISONS else name


def level_word(level: str) -> str:
    """How alike two records are in it; a level nobody knows is shown as it is."""
    return _(_LEVELS[level]) if level in _LEVELS else level


def sign_of(level: str, weight: int) -> Sign:
    """＝ the same, ≈ speaks for one person, ≠ speaks against, · tells nothing."""
    if level in _SAME:
        return Sign("＝", "ok")
    if not weight:
        return Sign("·", "quiet")
    return Sign("≈", "ok") if weight > 0 else Sign("≠", "bad")


def pattern_words(pattern: str) -> str:
    """`name=pinyin phone=same` as people read it."""
    parts = (part.partition("=") for part in pattern.split())
    return " · ".join(f"{comparison_word(name)} {level_word(level)}" for name, _sign, level in parts)


def guard_words(apart: str) -> str:
    """What keeps both apart: one guard, or several with commas."""
    return ", ".join(comparison_word(name) for name in apart.replace(",", " ").split())
