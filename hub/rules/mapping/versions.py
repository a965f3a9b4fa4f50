"""Whether the files of one system order the versions of a record in one unit: else they could not converge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hub.model.transform import gives
from hub.rules.mapping.document import Fault
from hub.rules.mapping.spec import RecordSpec, Value
from hub.sdk.connector import Manifest

_UNITS = {"time": "time", "date": "time", "integer": "sequence", "decimal": "sequence"}
_SHOWN = {"time": "a time", "sequence": "a count", "received": "the order of receipt"}


@dataclass(frozen=True, slots=True)
class Record:
    """A record that a file makes. `unit`: time, sequence, received, or "" where only an event can tell.

    `borrowed`: its version is that of the record around it.
    """

    spec: RecordSpec
    unit: str
    borrowed: bool = False

    @property
    def line(self) -> int:
        """Where its version is said, or the record itself."""
        return self.spec.version.line if self.spec.version else self.spec.line

    @property
    def is_deletion(self) -> bool:
        """Whether it only ever says that something is gone."""
        return not self.spec.members and bool(self.spec.delete_topics or self.spec.deletes)


def records_of(spec: RecordSpec, outer: Record | None = None) -> Iterator[Record]:
    """The file's own record, and those in it."""
    if spec.version is not None:
        found = Record(spec, unit_of(spec.version))
    elif outer is not None:
        found = Record(spec, outer.unit, borrowed=True)
    else:
        found = Record(spec, "received")
    yield found
    for also in spec.also:
        yield from records_of(also.record, found)


def unit_of(value: Value) -> str:
    """The unit of a version, by what its last transform gives; "" when that says nothing."""
    if value.first:
        found = {unit_of(one) for one in value.first}
        return found.pop() if len(found) == 1 else ""
    return "" if value.lookup or not value.steps else _UNITS.get(gives(value.steps[-1].function) or "", "")


def units_of(records: Sequence[Record], manifest: Manifest | None) -> dict[str, str]:
    """Object type -> the unit that each of its versions must have: the declared one, else that which a file says."""
    found = {one.spec.object_type: one.unit for one in records if one.unit in _SHOWN and one.unit != "received"}
    declared = {one.name: str(one.order) for one in manifest.streams} if manifest is not None else {}
    return {**found, **{name: unit for name, unit in declared.items() if unit in ("time", "sequence")}}


def order_faults(records: Sequence[Record], manifest: Manifest | None) -> list[Fault]:
    """What is wrong with the order of the records of one connector. `manifest`: None when it binds no site's file."""
    types = dict.fromkeys(record.spec.object_type for record in records)
    faults: list[Fault] = []
    for type_ in types:
        found = [one for one in records if one.spec.object_type == type_ and not one.is_deletion]
        faults += _mixed(type_, found)
        faults += _counted_by_others(type_, found)
        if manifest is not None:
            declared = next((str(one.order) for one in manifest.streams if one.name == type_), "")
            faults += _undeclared(type_, declared, found)
    return faults


def warnings_of(records: Iterable[Record]) -> list[Fault]:
    """Records of which nothing says the order, where no manifest asks for one."""
    text = (
        "nothing says the order of its versions, so the last one received wins; add `version` where the system has one"
    )
    return [_fault(one, "version", text, is_warning=True) for one in records if _has_no_order(one)]


def _mixed(type_: str, found: Sequence[Record]) -> list[Fault]:
    known = [one for one in found if one.unit]
    others = [one for one in known if one.unit != known[0].unit]
    first = known[0].spec.file if known else ""
    return [
        _fault(
            one,
            "version",
            f"orders versions of {type_} by {_SHOWN[one.unit]}, but {first} by {_SHOWN[known[0].unit]}, and the two cannot be "
            "compared; give both files a `version` of one unit",
        )
        for one in others
    ]


def _counted_by_others(type_: str, found: Sequence[Record]) -> list[Fault]:
    """A count of another record says nothing beside the record's own."""
    own = [one for one in found if not one.borrowed]
    return [
        _fault(
            one,
            "also",
            f"takes the count of the record around it as version of {type_}, but {own[0].spec.file} has its own; "
            "give this one a `version` too",
        )
        for one in found
        if own and one.borrowed and one.unit == "sequence"
    ]


def _undeclared(type_: str, declared: str, found: Sequence[Record]) -> list[Fault]:
    faults = []
    for one in found:
        if declared in ("time", "sequence") and _has_no_order(one):
            text = (
                f"is missing: the connector declares that {_SHOWN[declared]} orders versions of {type_}; add its path"
            )
            faults.append(_fault(one, "version", text))
        elif declared in ("time", "sequence") and one.unit in ("time", "sequence") and one.unit != declared:
            text = f"is {_SHOWN[one.unit]}, but the connector declares {_SHOWN[declared]} for {type_}; take that"
            faults.append(_fault(one, "version", text))
    return faults


def _has_no_order(one: Record) -> bool:
    return one.spec.version is None and one.spec.at is None and not one.borrowed and not one.is_deletion


def _fault(record: Record, name: str, text: str, *, is_warning: bool = False) -> Fault:
    return Fault(record.spec.file, record.line, name, text, is_warning)
