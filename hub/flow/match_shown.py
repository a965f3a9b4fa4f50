"""A preview of a matching model as those are told who may not see personal values."""

from __future__ import annotations

from typing import Any

from hub.flow.match_preview import Example, Preview
from hub.model.identifier import format_id
from hub.model.kind import Kind
from hub.model.mask import mask_field


def figures(found: Preview, kind: Kind) -> dict[str, Any]:
    """What it found, without what systems would be sent. `examples`: clusters that would be joined or parted."""
    return {
        "kind": found.kind,
        "records": found.records,
        "compared": found.compared,
        "clusters": {"before": found.before, "after": found.after},
        "merges": found.merges,
        "splits": found.splits,
        "moved": found.moved,
        "questions": {"opened": found.opened, "closed": found.closed, "after": found.questions},
        "cuts": found.cuts,
        "waiting": found.waiting,
        "examples": [_example(kind, one) for one in found.examples],
        "sent_complete": not found.is_cut,
    }


def _example(kind: Kind, one: Example) -> dict[str, Any]:
    names = [name for name in kind.names if name in kind.by_name]
    members = [
        {
            "connection": each.connection, "object_type": each.object_type, "external_id": each.external_id,
            "before": format_id(kind.prefix, each.before), "after": format_id(kind.prefix, each.after),
            **{name: mask_field(kind.by_name[name], name, each.data[name]) for name in names if each.data.get(name)},
        }
        for each in one.members
    ]  # fmt: skip
    return {
        "act": one.act, "weight": one.weight, "pattern": one.pattern, "records": one.records, "members": members
    }  # fmt: skip
