"""The JSON form of golden records, as the design gives it (3-canonical-model), and who sees what of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from hub.api.answer import named, written
from hub.api.gate import allowed_realms, current_hub, principal
from hub.model.identifier import format_id
from hub.model.kind import Kind
from hub.model.mask import mask_field, mask_raw
from hub.rules.register import decode
from hub.store import view
from hub.store.database import Connection
from hub.store.view import ChangeRow, GoldenRow, SourceKey, SourceRow


def golden_json(conn: Connection, kind: Kind, rows: Sequence[GoldenRow]) -> list[dict[str, Any]]:
    """Golden records with their sources, extensions and the ids behind their references: two queries a page."""
    sources = view.sources(conn, [row.id for row in rows])
    ids = view.golden_of_keys(conn, (key for row in rows for _, key in _references(kind, row.data)), allowed_realms())
    return [_one(kind, row, sources[row.id], ids) for row in rows]


def _one(
    kind: Kind, row: GoldenRow, sources: Sequence[SourceRow], ids: dict[SourceKey, tuple[str, uuid.UUID]]
) -> dict[str, Any]:
    is_clear = principal().may("record.reveal", row.realm)
    extensions = _extensions(sources)
    return {
        "id": format_id(kind.prefix, row.id),
        "kind": row.kind,
        "version": row.version,
        "lifecycle": row.lifecycle,
        "merged_into": None,
        "created_at": written(row.created_at),
        "updated_at": written(row.updated_at),
        "data": with_ids(kind, shown(kind, row.data, is_clear=is_clear), ids),
        "sources": [
            {
                "connection": source.connection,
                "object_type": source.object_type,
                "external_id": source.external_id,
                "last_event_at": written(source.last_event_at),
            }
            for source in sources
        ],
        "extensions": extensions if is_clear else mask_raw(extensions),
    }


def _extensions(sources: Sequence[SourceRow]) -> dict[str, dict[str, Any]]:
    """Source fields without a canonical place, by connection; of several records there, the newest speaks last."""
    found: dict[str, dict[str, Any]] = {}
    for source in sources:
        extensions = decode(source.fold).extensions
        if extensions:
            found.setdefault(source.connection, {}).update(extensions)
    return found


def shown(kind: Kind, data: dict[str, Any], *, is_clear: bool) -> dict[str, Any]:
    """Canonical data, personal fields masked for those who may not see them."""
    if is_clear:
        return dict(data)
    return {name: mask_field(kind.by_name.get(name), name, value) for name, value in data.items()}


def with_ids(kind: Kind, data: dict[str, Any], ids: dict[SourceKey, tuple[str, uuid.UUID]]) -> dict[str, Any]:
    """Data whose references also name the golden record they lead to now (null: not seen yet)."""
    kinds = current_hub().registry.kinds

    def linked(ref: dict[str, Any]) -> dict[str, Any]:
        found = ids.get(_source_key(ref))
        prefix = kinds[found[0]].prefix if found and found[0] in kinds else ""
        return {**ref, "id": named(prefix, found[1]) if found and prefix else None}

    for name, _ in _references(kind, data):
        value = data[name]
        if isinstance(value, list):
            data[name] = [linked(ref) if isinstance(ref, dict) else ref for ref in value]
        else:
            data[name] = linked(value)
    return data


def _references(kind: Kind, data: dict[str, Any]) -> list[tuple[str, SourceKey]]:
    return [(name, key) for name in data for key in _keys_in(kind, name, data[name])]


def _keys_in(kind: Kind, name: str, value: Any) -> Iterator[SourceKey]:
    field = kind.by_name.get(name)
    if field is None or not field.ref:
        return
    for ref in value if isinstance(value, list) else [value]:
        if isinstance(ref, dict) and "external_id" in ref:
            yield _source_key(ref)


def _source_key(ref: dict[str, Any]) -> SourceKey:
    return (str(ref.get("connection", "")), str(ref.get("object_type", "")), str(ref.get("external_id", "")))


def change_json(kind: Kind, change: ChangeRow, *, is_clear: bool) -> dict[str, Any]:
    """One entry of the history."""
    merged_into = None
    after = change.after
    if change.type == "merged" and after and "into" in after:
        merged_into, after = format_id(kind.prefix, uuid.UUID(str(after["into"]))) if after["into"] else None, None
    return {
        "seq": change.seq,
        "id": format_id(kind.prefix, change.golden_id),
        "type": change.type,
        "version": change.version,
        "fields": change.fields,
        "before": None if change.before is None else shown(kind, change.before, is_clear=is_clear),
        "after": None if after is None else shown(kind, after, is_clear=is_clear),
        "merged_into": merged_into,
        "cause": change.cause,
        "cause_id": named(_CAUSES.get(change.cause, "cau"), change.cause_id),
        "at": written(change.at),
    }


_CAUSES = {"event": "evt", "replay": "run", "decision": "dec", "policy": "rel", "attempt": "att"}
