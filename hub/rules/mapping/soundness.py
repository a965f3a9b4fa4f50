"""What no file says wrongly by itself, but all files of one system together: whether they can converge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hub.model.kind import Field, Kind
from hub.rules.mapping.document import Fault
from hub.rules.mapping.outbound import OutMapping
from hub.rules.mapping.satisfiable import unreachable
from hub.rules.mapping.shown import shown_fields
from hub.rules.mapping.spec import Each, Elements, Node, Object, OutSpec, RecordSpec, Value
from hub.rules.mapping.versions import Record, order_faults, records_of, warnings_of
from hub.sdk.connector import Manifest


def check_system(
    incoming: Mapping[str, RecordSpec],
    outgoing: Sequence[OutMapping],
    kinds: Mapping[str, Kind],
    manifest: Manifest | None,
    used: frozenset[str],
    *,
    is_whole: bool,
    general: str = "",
) -> list[Fault]:
    """Every fault and warning of one connector's files.

    `incoming`: by stream. `manifest`: None when it is not known, or when the connector takes any
    shape (it has a file for `*`) so that its manifest says nothing of a site's own. `used`: streams whose file another one
    uses. `is_whole`: all files of the system are there, so that what none of them makes does not exist. `general`: the file
    for `*`, which is for systems without files of their own.
    """
    records = [record for spec in incoming.values() for record in records_of(spec)]
    faults = [fault for spec in incoming.values() for fault in unreachable(spec)]
    faults += order_faults([one for one in records if one.spec.file != general], manifest)
    if manifest is not None:
        faults += _unknown_streams(incoming, manifest, used)
    elif is_whole:
        faults += warnings_of(records)
    if is_whole:
        faults += _dangling(records, kinds)
    for mapping in outgoing:
        found, shown = shown_fields(mapping.spec)
        faults += [*found, *unreachable(mapping.spec), *_unrecognised(mapping.spec, shown, records)]
    return list(dict.fromkeys(faults))


def _unknown_streams(incoming: Mapping[str, RecordSpec], manifest: Manifest, used: frozenset[str]) -> list[Fault]:
    known = ", ".join(stream.name for stream in manifest.streams)
    text = f"{manifest.name} has no such stream or topic, so nothing ever comes; its streams are: {known}"
    return [
        Fault(spec.file, spec.line, "from", text)
        for name, spec in incoming.items()
        if name not in used and manifest.stream_of_topic(name) is None
    ]


def _dangling(records: Sequence[Record], kinds: Mapping[str, Kind]) -> list[Fault]:
    """References to an object type that nothing makes: they would wait for ever."""
    made = {record.spec.object_type for record in records}
    faults = []
    for record in records:
        for name, node, field in _references(record.spec):
            plural = kinds[field.ref].plural if field.ref in kinds else field.ref
            type_ = (node.reference.object_type if node.reference else "") or plural
            if type_ not in made:
                text = f"no mapping of this system makes {type_}; made are: {', '.join(sorted(made))}"
                faults.append(Fault(record.spec.file, node.line, name, f"{text}. Name one of them by `ref`"))
    return faults


def _references(spec: RecordSpec) -> Iterator[tuple[str, Value, Field]]:
    for name, node in spec.members.items():
        yield from _within(name, node, spec.kind.by_name[name])


def _within(name: str, node: Node, field: Field | None) -> Iterator[tuple[str, Value, Field]]:
    if field is None:
        return
    if isinstance(node, Value):
        for one in node.first:
            yield from _within(name, one, field)
        # A constant, and what a transform makes, name their object type themselves.
        is_plain = not (node.first or node.has_const or node.steps) or (node.reference and node.reference.object_type)
        if "ref" in (field.type, field.of) and is_plain:
            yield name, node, field
    elif isinstance(node, Elements):
        for entry in node.entries:
            yield from _within(name, entry, field)
    elif isinstance(node, Object | Each):
        if isinstance(node, Each) and node.item is not None:
            yield from _within(name, node.item, field)
        fields = {one.name: one for one in field.fields}
        for member, inner in node.members.items():
            yield from _within(f"{name}.{member}", inner, fields.get(member))


def _unrecognised(spec: OutSpec, shown: set[str], records: Sequence[Record]) -> list[Fault]:
    """Fields that are written and never read back: the hub could not tell whether the system kept them."""
    same = [record.spec for record in records if record.spec.kind.name == spec.kind.name]
    if not same:
        return []
    read = {name for one in same for name in one.members}
    ordered = [name for name in spec.kind.by_name if name in shown - read and not spec.kind.by_name[name].derived]
    if not ordered:
        return []
    text = (
        "is written to the system, but no `in` of it reads it back: a change made there is not seen, and whether the write "
        "was kept is never proved; map it in `in` too"
    )
    # One cause, one line: whoever takes a stream over by a file of his own has not mapped its other fields yet.
    others = f" (and {len(ordered) - 1} others: {', '.join(ordered[1:])})" if ordered[1:] else ""
    return [Fault(spec.file, spec.line, ordered[0], text + others, is_warning=True)]
