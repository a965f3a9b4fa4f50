"""Stored values of older declarations, read in today's form.

What a kind called otherwise before (`renamed`), or wrote in another form (`upcast`), stays stored as it
was: observations are history. It is brought to today's form wherever it is read, so a kind may change
without a migration, and records of both forms lie side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from hub.model.kind import Kind

ELEMENT: Final = "\x1f"
"""Stands between a list field and the key of its element in flat data."""
_OTHERS: Final = "*"
_FIELD_MAPS: Final = ("x", "e", "p")
_VALUES: Final = ("e", "w", "b")

Document = dict[str, Any]


class Upcasts:
    """Of all kinds that have changed. All is returned as it is for the others, at no cost."""

    def __init__(self, kinds: Mapping[str, Kind] | None = None) -> None:
        self._kinds = {kind.name: kind for kind in (kinds or {}).values() if kind.renamed or kind.upcast}

    def __bool__(self) -> bool:
        """Whether any kind has changed."""
        return bool(self._kinds)

    def changes(self, kind: str) -> bool:
        """Whether anything of this kind is stored in more than one form."""
        return kind in self._kinds

    def data(self, kind: str, data: Document) -> Document:
        """Canonical data: golden records, what changed of them, what an attempt was to write."""
        return self._document(self._kinds[kind], data) if data and kind in self._kinds else data

    def flat(self, kind: str, asserted: Document) -> Document:
        """What an observation or a write asserts: list fields as `field\\x1fkey`."""
        return self.data(kind, asserted)

    def fold(self, kind: str, packed: Document) -> Document:
        """The cached fold of a record (`hub.rules.register.encode`)."""
        declared = self._kinds.get(kind)
        if declared is None or not packed:
            return packed
        found = dict(packed)
        found["v"] = self._document(declared, packed.get("v", {}))
        for part in _FIELD_MAPS:
            if part in packed:
                found[part] = {_name(declared, name): value for name, value in packed[part].items()}
        if "w" in packed:
            found["w"] = sorted(_name(declared, name) for name in packed["w"])
        if "e" in packed:
            found["e"] = {
                name: {
                    part: _value(declared, name, value) if part in _VALUES else value for part, value in cell.items()
                }
                for name, cell in found["e"].items()
            }
        if "p" in packed:
            found["p"] = {
                name: [[since, _traced(declared, name, value), *rest] for since, value, *rest in trail]
                for name, trail in found["p"].items()
            }
        return found

    def name(self, kind: str, name: str) -> str:
        """Today's name of a field."""
        return _name(self._kinds[kind], name) if kind in self._kinds else name

    def value(self, kind: str, name: str, value: Any) -> Any:
        """A value, as of a pin, of the field that has this name today."""
        return _value(self._kinds[kind], name, value) if kind in self._kinds else value

    def change(
        self, kind: str, fields: Iterable[str], before: Document | None, after: Document | None
    ) -> tuple[list[str], Document | None, Document | None]:
        """A row of the feed: the fields that changed, and what they were before and after."""
        names = list(fields)
        if kind not in self._kinds:
            return names, before, after
        today = list(dict.fromkeys(self.name(kind, name) for name in names))
        return today, before and self.data(kind, before), after and self.data(kind, after)

    def ruling(self, kind: str, type_: str, field: str | None, value: Any) -> tuple[str | None, Any]:
        """Of a person's ruling: the field it is about, and its value (a pin's is one of the field)."""
        if not field or kind not in self._kinds:
            return field, value
        name = self.name(kind, field)
        return name, self.value(kind, name, value) if type_ == "pin" else value

    def about(self, kind: str | None, data: Document) -> Document:
        """What an item is about, by the name of a field: `{"field": …}`."""
        if kind not in self._kinds or data.get("field").__class__ is not str:
            return data
        return {**data, "field": self.name(kind or "", data["field"])}

    def renamed(self, kind: str) -> Mapping[str, str]:
        """Former name of a field -> its name today."""
        return self._kinds[kind].renamed if kind in self._kinds else {}

    def names_of(self, kind: str, name: str) -> list[str]:
        """All names under which values of a field are stored."""
        return [name, *(was for was, now in self.renamed(kind).items() if now == name)]

    def formerly(self, names: Iterable[str]) -> list[str]:
        """These names of fields, and those that any kind had for them before."""
        wanted = set(names)
        old = {was for kind in self._kinds.values() for was, now in kind.renamed.items() if now in wanted}
        return sorted(wanted | old)

    def _document(self, kind: Kind, data: Document) -> Document:
        found: Document = {}
        for was, value in data.items():
            name = _name(kind, was)
            # Of both forms in one document, what is written today counts.
            if name == was or name not in data:
                found[name] = _value(kind, name, value)
        return found


NONE: Final = Upcasts()


def _traced(kind: Kind, name: str, value: Any) -> Any:
    # Of what is long or structured a trail holds a hash, which stays as it is.
    return value if isinstance(value, Mapping) else _value(kind, name, value)


def _name(kind: Kind, name: str) -> str:
    field, separator, key = name.partition(ELEMENT)
    return kind.renamed.get(field, field) + separator + key


def _value(kind: Kind, name: str, value: Any) -> Any:
    field, separator, key = name.partition(ELEMENT)
    change = kind.upcast.get(field)
    if change is None or value is None or (separator and key == _OTHERS):
        return value
    if not separator and field in kind.identities and isinstance(value, list):
        return [change(element) for element in value]
    return change(value)
