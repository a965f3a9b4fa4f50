"""Do the books of two systems agree? The peer's records against the golden records, by the public API alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

REFERENCE = frozenset({"connection", "object_type", "external_id"})
Json = Mapping[str, Any]


def differences(golden: Sequence[Json], book: Sequence[Json], peer: str) -> list[str]:
    """Sentences about every disagreement; none when each golden record is at the peer once, equal, and nothing else is.

    `golden`: active golden records of all delivered kinds in the API's form. `book`: the peer's
    records, `{"id", "kind", "hub_ref", "data"}`. `peer`: the connection's name.
    """
    known = {row["id"]: row for row in book}
    peer_ids = {key: row for row in golden for key in _peer_ids(row, peer)}
    names = _names(golden, peer)
    found = [f"{_shown(row)} is at {peer} but in no golden record" for row in book if row["id"] not in peer_ids]
    found += [f"{ref} is at {peer} twice" for ref in _repeated(row["hub_ref"] for row in book)]
    for row in golden:
        ids = _peer_ids(row, peer)
        if not ids:
            found.append(f"{row['id']} is not at {peer}")
        elif len(ids) > max(1, len(row["sources"]) - len(ids)):
            found.append(f"{row['id']} is at {peer} {len(ids)} times")
        for key in ids:
            found += [f"{row['id']}: {text}" for text in _unlike(row, known.get(key), names, peer)]
    return found


def _unlike(row: Json, held: Json | None, names: Mapping[tuple[str, str, str], str], peer: str) -> list[str]:
    if held is None:
        return [f"{peer} does not hold it"]
    if held["kind"] != row["kind"]:
        return [f"{peer} holds it as a {held['kind']}"]
    wanted = {name: _named(value, names) for name, value in row["data"].items()}
    fields = sorted(wanted.keys() | held["data"].keys())
    # Names of fields only: values may be personal.
    return [f"{peer} holds another {name}" for name in fields if not _equal(wanted.get(name), held["data"].get(name))]


def _equal(one: Any, other: Any) -> bool:
    # A peer that was never told of a list cannot know that it is empty.
    return bool(one == other) or (one in (None, []) and other in (None, []))


def _names(golden: Iterable[Json], peer: str) -> dict[tuple[str, str, str], str]:
    """How the peer names the record behind a source key."""
    found = {}
    for row in golden:
        ids = _peer_ids(row, peer)
        for source in row["sources"] if ids else ():
            found[source["connection"], source["object_type"], source["external_id"]] = ids[0]
    return found


def _named(value: Any, names: Mapping[tuple[str, str, str], str]) -> Any:
    if isinstance(value, Mapping):
        if value.keys() >= REFERENCE:
            return names.get((value["connection"], value["object_type"], value["external_id"]))
        return {name: _named(item, names) for name, item in value.items()}
    if isinstance(value, list):
        return [_named(item, names) for item in value]
    return value


def _peer_ids(row: Json, peer: str) -> list[str]:
    return [source["external_id"] for source in row["sources"] if source["connection"] == peer]


def _repeated(refs: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return [ref for ref in refs if ref in seen or seen.add(ref)]  # type: ignore[func-returns-value]


def _shown(row: Json) -> str:
    return f"{row['kind']} {row['id']}"
