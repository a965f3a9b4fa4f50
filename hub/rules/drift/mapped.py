"""Whether the rules take up a change of shape: a mapping reads the new field, a table knows the new word."""

from __future__ import annotations

from collections.abc import Callable, Collection

from hub.rules.drift.reads import reads_of, root_of
from hub.rules.drift.seen import GONE, NEW, VALUE, Cause
from hub.rules.drift.skeleton import split
from hub.rules.mapping.spec import RecordSpec


def is_mapped(
    spec: RecordSpec,
    cause: Cause,
    words: Collection[str],
    beside: Collection[str],
    digest: Callable[[str], str],
) -> bool:
    """Whether a mapping takes up a change; never of those that only a person can judge (another type, nulls).

    `words`: hashes of the new words. `beside`: paths that were new in the same stream: a field that vanished is
    taken up by a mapping that reads one of them as well.
    """
    what, path = cause
    reads = [one for one in reads_of(spec) if one.field]
    if what == NEW:
        is_read = any(one.path == path or one.path.startswith((f"{path}.", f"{path}[")) for one in reads)
        place, key = split(path)
        return is_read or (place == root_of(spec) and key in spec.ignore)
    if what == VALUE:
        known = {digest(word) for one in reads if one.path == path for word in one.words or ()}
        return bool(words) and known.issuperset(words)
    if what == GONE:
        into = {(one.kind, one.field, one.where) for one in reads if one.path == path}
        return any(one.path in beside and (one.kind, one.field, one.where) in into for one in reads)
    return False
