"""How alike names and addresses in Latin letters are, part by part, where parts may stand in each other's place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rapidfuzz.distance import OSA, JaroWinkler

from hub.rules.identity.address_form import CITY, DISTRICT, NUMBER, POSTCODE, PROVINCE, STREET, Form

_WORD_LEVELS = ("exact", "one_edit", "close", "alike", "different")
COMPARISONS: Mapping[str, tuple[str, ...]] = {
    "family_name": _WORD_LEVELS,
    "given_name": _WORD_LEVELS,
    "names_turned": ("turned",),
    "street": _WORD_LEVELS,
    "street_number": ("exact", "one_edit", "different"),
    "district": _WORD_LEVELS,
    "city": _WORD_LEVELS,
    "postcode": ("exact", "one_edit", "different"),
    "province": ("exact", "different"),
    "address_turned": ("turned",),
}
NAME_PARTS = ("family_name", "given_name", "names_turned")
ADDRESS_PARTS = ("street", "street_number", "district", "city", "postcode", "province", "address_turned")
_CLOSE = 0.92
_ALIKE = 0.8
_TURNED = 1.5
_CLEARLY = 0.4
Found = tuple[str, str]


def words(a: str, b: str) -> str:
    """The level of two texts: the same, one edit apart, or by their Jaro-Winkler similarity."""
    if a == b:
        return "exact"
    if OSA.distance(a, b, score_cutoff=1) <= 1:
        return "one_edit"
    alike = JaroWinkler.similarity(a, b)
    return "close" if alike >= _CLOSE else "alike" if alike >= _ALIKE else "different"


def numbers(a: str, b: str) -> str:
    """The level of two short texts of digits."""
    if a == b:
        return "exact"
    return "one_edit" if OSA.distance(a, b, score_cutoff=1) <= 1 else "different"


def compare_names(a: Form, b: Form) -> Iterator[Found]:
    """Levels of family and given names of two forms of `name_form`, the other way round where that fits better."""
    if a[0] == "nick" or b[0] == "nick":
        return
    family, given, other_family, other_given = a[1], a[2], b[1], b[2]
    if family != other_family and given != other_given and _is_turned(family, given, other_family, other_given):
        yield "names_turned", "turned"
        other_family, other_given = other_given, other_family
        # Which of both is turned is not known: the pair is compared in one order whoever comes first.
        if (a[1], a[2]) > (b[1], b[2]):
            family, given, other_family, other_given = other_given, other_family, given, family
    if family and other_family:
        yield "family_name", words(family, other_family)
    if given and other_given:
        yield "given_name", words(given, other_given)


def _is_turned(family: str, given: str, other_family: str, other_given: str) -> bool:
    across = _similar(family, other_given) + _similar(given, other_family)
    return across > _TURNED and across > _similar(family, other_family) + _similar(given, other_given) + _CLEARLY


def _similar(a: str, b: str) -> float:
    return float(JaroWinkler.similarity(a, b)) if a and b else 0.0


def compare_places(a: Sequence[Form], b: Sequence[Form]) -> list[list[Found]]:
    """Levels of the parts of every two addresses; the caller takes the pair that weighs most."""
    return [list(_parts(one, other)) for one in a for other in b]


def _parts(a: Form, b: Form) -> Iterator[Found]:
    street, district, other_street, other_district = a[STREET], a[DISTRICT], b[STREET], b[DISTRICT]
    if street != other_street and district != other_district:
        across = _similar(street, other_district) + _similar(district, other_street)
        if across > _TURNED and across > _similar(street, other_street) + _similar(district, other_district) + _CLEARLY:
            yield "address_turned", "turned"
            other_street, other_district = other_district, other_street
            if (a[STREET], a[DISTRICT]) > (b[STREET], b[DISTRICT]):
                street, district, other_street, other_district = other_district, other_street, district, street
    if street and other_street:
        yield "street", words(street, other_street)
    if a[NUMBER] and b[NUMBER]:
        yield "street_number", numbers(a[NUMBER], b[NUMBER])
    if district and other_district:
        yield "district", words(district, other_district)
    if a[CITY] and b[CITY]:
        yield "city", words(a[CITY], b[CITY])
    if a[POSTCODE] and b[POSTCODE]:
        yield "postcode", numbers(a[POSTCODE], b[POSTCODE])
    if a[PROVINCE] and b[PROVINCE]:
        yield "province", "exact" if a[PROVINCE] == b[PROVINCE] else "different"
