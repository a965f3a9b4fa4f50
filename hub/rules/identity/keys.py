"""Candidate keys: two records are compared when they have one in common that few others have.

A key is made of atoms, as the model file lists them; one of its values for each choice of an atom's values. Where one
part is common (a birthday, a surname), another part belongs beside it: keys of more than 50 records give no candidates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.model.kind import MatchKey
from hub.model.name import sound_of
from hub.rules.identity.address_form import BLOCK, CITY, DISTRICT, NUMBER, POSTCODE, ROOM, STREET
from hub.rules.identity.compare_value import visible
from hub.rules.identity.name_form import last_syllable

Features = Mapping[str, Any]
Atom = Callable[[Features], tuple[str, ...]]
MOST = 8
"""So many values of one key a record has; the rest, in their own order, are left out."""
NAMESPACE = "match:"
_ALONE = (("phone",), ("email",))
RARE_NAME = "rare_name"
_TAIL = 5
_HEAD = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """One sort of key: the namespace it is stored under, whether it is a guarded look-up key, its atoms."""

    namespace: str
    is_look_up: bool
    atoms: tuple[str, ...]


def plans_of(keys: Mapping[str, tuple[str, ...]]) -> list[Plan]:
    """The keys of a model file, ready to make."""
    # What is a key by itself is stored already, for look-ups: under the same name it is one key, not two.
    return [
        Plan(atoms[0] if atoms in _ALONE else NAMESPACE + name, atoms in _ALONE, atoms) for name, atoms in keys.items()
    ]


def keys_of(features: Features, plans: Iterable[Plan], rarity: Callable[[str, str], str]) -> list[MatchKey]:
    """The candidate keys of a record: strength 1, namespace `match:<name>`; a phone's, an e-mail's is its own.

    `rarity`: the level of a family and given name.
    """
    known: dict[str, Sequence[str]] = {RARE_NAME: _rare_name(features, rarity)}
    found: list[MatchKey] = []
    for plan in plans:
        values: Sequence[str] | None = None
        for atom in plan.atoms:
            own = known.get(atom)
            if own is None:
                own = known[atom] = ATOMS[atom](features)
            values = own if values is None else [f"{left}|{right}" for left in values for right in own]
            if not values:
                break
        if not values:
            continue
        if len(values) > 1:
            values = list(dict.fromkeys(values))[:MOST]
        found += [MatchKey(plan.namespace, "", value, 1, plan.is_look_up) for value in values]
    return found


def namespaces_of(keys: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The namespaces under which these keys are stored."""
    return sorted({plan.namespace for plan in plans_of(keys)})


def _rare_name(features: Features, rarity: Callable[[str, str], str]) -> tuple[str, ...]:
    """A Chinese name that few bear, as the model's frequencies say."""
    name = features.get("name")
    if not name or name[0] != "han" or rarity(name[1], name[2]) not in ("rare", "very_rare"):
        return ()
    return (name[1] + name[2],)


def _nothing(_features: Features) -> tuple[str, ...]:
    """Stands for what only `keys_of` can tell."""
    return ()


def _phone(features: Features) -> tuple[str, ...]:
    return tuple(features.get("phones", ()))


def _visible(features: Features) -> tuple[str, ...]:
    return (*features.get("masked", ()), *map(visible, features.get("phones", ())))


def _phone_head(features: Features) -> tuple[str, ...]:
    return tuple(number[:-_TAIL] for number in features.get("phones", ()))


def _phone_tail(features: Features) -> tuple[str, ...]:
    return tuple(number[-_TAIL:] for number in features.get("phones", ()))


def _email(features: Features) -> tuple[str, ...]:
    return tuple(features.get("emails", ()))


def _email_name(features: Features) -> tuple[str, ...]:
    return tuple(address.partition("@")[0] for address in features.get("emails", ()))


def _identity(features: Features) -> tuple[str, ...]:
    return tuple(f"{place}|{value}" for place, values in features.get("ids", {}).items() for value in values)


def _birthday(features: Features) -> tuple[str, ...]:
    said = features.get("birthday")
    return (f"{said[0]}-{said[1]}-{said[2]}",) if said and said[0] else ()


def _birth_year(features: Features) -> tuple[str, ...]:
    said = features.get("birthday")
    return (str(said[0]),) if said and said[0] else ()


def _birth_day(features: Features) -> tuple[str, ...]:
    """Month and day in either order."""
    said = features.get("birthday")
    return ("-".join(map(str, sorted(said[1:3]))),) if said else ()


def _name_sound(features: Features) -> tuple[str, ...]:
    """The letters of a whole name, its parts in either order."""
    name = features.get("name")
    if not name or name[0] in ("nick", "family"):
        return ()
    joined = (name[3] + name[4], name[4] + name[3]) if name[0] == "han" else (name[3], name[4])
    return (min(joined),)


def _family_sound(features: Features) -> tuple[str, ...]:
    name = features.get("name")
    if not name or name[0] == "nick":
        return ()
    return ({"han": name[3], "family": name[2]}.get(name[0], name[1]),)


def _last_sound(features: Features) -> tuple[str, ...]:
    """The last syllable of a name or nickname, by which friends call."""
    name = features.get("name")
    if not name:
        return ()
    if name[0] == "nick":
        return (name[3],) if name[3] else ()
    if name[0] == "han":
        return (sound_of(name[2][-1:]),)
    found = last_syllable(name[3]) if name[0] == "pinyin" else ""
    return (found,) if found else ()


def _initial(features: Features) -> tuple[str, ...]:
    """The first letters of either part of a name."""
    name = features.get("name")
    if not name or name[0] == "nick":
        return ()
    return (_family_sound(features)[0][:1],)


def _names(features: Features) -> tuple[str, ...]:
    """Either part of a name in letters."""
    name = features.get("name")
    if not name or name[0] in ("nick", "family"):
        return ()
    return tuple(part for part in ((name[3], name[4]) if name[0] == "han" else (name[1], name[2])) if part)


def _name_heads(features: Features) -> tuple[str, ...]:
    return tuple(part[:3] for part in _names(features))


def _places(features: Features, *parts: int) -> tuple[str, ...]:
    forms = features.get("addresses")
    if not forms:
        return ()
    return tuple(["|".join([form[part] for part in parts]) for form in forms if all(form[part] for part in parts)])


def _place_heads(features: Features) -> tuple[str, ...]:
    texts = (*_places(features, STREET), *_places(features, DISTRICT))
    return tuple(text[:_HEAD] for text in texts)


ATOMS: Mapping[str, Atom] = {
    "phone": _phone,
    "visible_digits": _visible,
    "phone_head": _phone_head,
    "phone_tail": _phone_tail,
    "email": _email,
    "email_name": _email_name,
    "identity": _identity,
    "birthday": _birthday,
    "birth_year": _birth_year,
    "birth_day": _birth_day,
    "name_sound": _name_sound,
    RARE_NAME: _nothing,
    "family_sound": _family_sound,
    "last_sound": _last_sound,
    "initial": _initial,
    "names": _names,
    "name_heads": _name_heads,
    "home": lambda features: _places(features, STREET, NUMBER, BLOCK, ROOM),
    "street": lambda features: _places(features, STREET),
    "place_heads": _place_heads,
    "city_head": lambda features: tuple(text[:_HEAD] for text in _places(features, CITY)),
    "street_number": lambda features: _places(features, NUMBER),
    "district": lambda features: _places(features, DISTRICT),
    "city": lambda features: _places(features, CITY),
    "postcode": lambda features: _places(features, POSTCODE),
}
"""Atom -> the values it has of a record; none where the record says nothing of it."""
ATOM_HELP: Mapping[str, str] = {
    "phone": "whole numbers",
    "visible_digits": "the first three and last four digits of mobile numbers, masked ones too",
    "phone_head": "all but the last five digits",
    "phone_tail": "the last five digits",
    "email": "addresses",
    "email_name": "what stands before the @",
    "identity": "other identities: namespace, scope and value",
    "birthday": "year, month and day",
    "birth_year": "the year of birth",
    "birth_day": "month and day, in either order",
    "name_sound": "the whole name in letters (pinyin)",
    RARE_NAME: "Chinese names that are rare or very rare by the model's frequencies, in simplified signs",
    "family_sound": "the family name in letters",
    "last_sound": "the last syllable of the name or nickname",
    "initial": "the first letter of the family name",
    "names": "either part of the name in letters",
    "name_heads": "the first three letters of either part of the name",
    "home": "street, number, block and room together",
    "street": "the street",
    "place_heads": "the first four letters of the street and of the district",
    "city_head": "the first four letters of the city",
    "street_number": "the number in the street",
    "district": "the district",
    "city": "the city",
    "postcode": "the postcode",
}
"""What each atom is, for the reference."""
