"""What other rules would do to what is stored, before they are put in force: golden records and what systems would be sent.

The very code that would do it does it, in a transaction that is rolled back: the forecast is the deed.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from hub.errors import ConfigError
from hub.flow import resolve
from hub.flow.connection import ConnectionRow
from hub.flow.context import Hub
from hub.flow.difference import Difference, differences
from hub.flow.record import Mapped, map_event, store_mapped
from hub.flow.release import changed_parts
from hub.flow.reshape import shape_of
from hub.flow.rules import Rules, installed_folders, load_site
from hub.rules.mapping.document import Report, read_document
from hub.rules.mapping.narrow import WORD, file_mark, key_of, parts_of, read_connections
from hub.rules.register import MISSING
from hub.store import claimed, inbox, target
from hub.store import forecast as store
from hub.store import record as record_store
from hub.store import release as release_store
from hub.store import replay as replay_store
from hub.store import resolve as resolve_store
from hub.store.database import Connection

LIMIT = 5_000
"""At most so many events: the locks of what they touch are held until the end."""
CHUNK = 500
SAMPLES = 20
_FROM = re.compile(r"^from:\s*[\"']?([^\s\"'#]+)", re.MULTILINE)
_CONNECTIONS = re.compile(r"^connections:.*(?:\n[ \t-].*)*", re.MULTILINE)

Id = uuid.UUID
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sample:
    """One value that would be another. `id`: of a golden record, or of a target; values None where there is none."""

    id: Id
    field: str
    before: Any
    after: Any


@dataclass(slots=True)
class Tally:
    """How many records of one kind, or at one system, would change: by act, by field, and examples."""

    acts: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)

    def add(self, id_: Id, act: str, before: Mapping[str, Any], after: Mapping[str, Any], names: Iterable[str]) -> None:
        """Counts one record and its fields that differ."""
        self.acts[act] += 1
        for name in sorted(names):
            self.fields[name] += 1
            if sum(one.field == name for one in self.samples) < SAMPLES:
                self.samples.append(Sample(id_, name, before.get(name), after.get(name)))


@dataclass(slots=True)
class Fault:
    """One cause for which events would be set aside: how many, and one of them. `aside`: so many of them are already."""

    code: str
    path: str
    where: str
    message: str
    event: Id
    count: int = 0
    aside: int = 0


@dataclass(slots=True)
class Forecast:
    """`looked`: events or golden records tried; `is_cut`: there are more. `mended`: events that wait in quarantine and would not."""

    looked: int = 0
    is_cut: bool = False
    mended: int = 0
    faults: list[Fault] = field(default_factory=list)
    golden: dict[str, Tally] = field(default_factory=dict)
    outgoing: dict[str, Tally] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be different."""
        return not (self.faults or self.mended or self.golden or self.outgoing)


class _RollBackError(Exception):
    """Ends a forecast."""


def candidate(hub: Hub, files: Mapping[str, str]) -> Hub:
    """A hub that works by the rules in force with `files` (name -> text) put over them; `ConfigError` for faults in them.

    Only for transactions that are rolled back.
    """
    rules: Rules = load_site(hub.registry, installed_folders(), {**hub.rules.files, **files})
    rules.release_id, rules.is_candidate = hub.rules.release_id, True
    return replace(hub, rules=rules)


def place_of(hub: Hub, path: Path, text: str) -> str:
    """Where a rule file would stand in a site's folder: over the file in force for the same stream and connections, if any.

    `ConfigError` for a file that says neither by its folder nor by `from` what it is.
    """
    if path.parent.name in ("policies", "lookups"):
        return f"{path.parent.name}/{path.name}"
    source, connections = source_of(text)
    if not source:
        raise ConfigError(
            f"{path.name} says no `from: connector/stream`; a policy or a look-up stands in a folder `policies` or `lookups`"
        )
    connector, _, stream = source.partition("/")
    known = hub.rules.manifest["incoming"]
    file = known.get(key_of(connector, stream, connections))
    # One file for many streams stays as it is: the new one only takes its stream over.
    if file is not None and sum(one == file for one in known.values()) == 1:
        return str(file)
    place = f"{connector}/{path.name}"
    there = [parts_of(key) for key, one in known.items() if one == place]
    if connections and any(not of for _, _, of in there):  # the file of every connection must stay
        return f"{connector}/{path.stem}{file_mark(connections)}.yaml"
    return place


def source_of(text: str) -> tuple[str, tuple[str, ...]]:
    """What a mapping file says in `from` ("" when nothing), and in `connections`, however faulty the rest of it is."""
    said, named = _FROM.search(text), _CONNECTIONS.search(text)
    entry = read_document(named[0], Report("")) if named else None
    given = entry.value.get(WORD) if entry is not None and entry.is_object else None
    return (said[1] if said else ""), read_connections(given, Report(""))


def of_mapping(hub: Hub, look: Hub, connection: str, stream: str, last: int = 500) -> Forecast:
    """What the newest `last` events of a stream would become under the rules of `look`, and what would be sent for that.

    Errors: `NotFoundError`; `ConfigError` for a stream that the system does not have. Changes nothing.
    """
    row = hub.connections.by_name(connection)
    topics = _topics(hub, row, stream)
    found = Forecast()

    def work(conn: Connection) -> dict[int, dict[Id, _Shape]]:
        wanted = min(last, LIMIT)
        ids = store.newest_events(conn, row.id, topics, wanted + 1)
        found.is_cut = len(ids) > wanted
        ids = sorted(ids[:wanted])
        found.looked = len(ids)
        first, marks = replay_store.positions(conn)
        for start in range(0, len(ids), CHUNK):
            _map(conn, hub, look, ids[start : start + CHUNK], found)
        _settle(conn, look, marks)
        ids_changed = _count_golden(conn, first, found)
        return _shapes(conn, hub, look, ids_changed, row)

    after = _rehearsed(hub, work)
    _count_outgoing(hub, after, found)
    return found


def of_replay(hub: Hub, ids: Sequence[Id], progress: Callable[[int], None] | None = None) -> Forecast:
    """What these stored events would become under the rules in force, and what would be sent for that.

    At most `LIMIT`. `progress` hears of each chunk; what it raises ends it. Changes nothing.
    """

    def work(conn: Connection) -> tuple[Forecast, dict[int, dict[Id, _Shape]]]:
        found = Forecast(len(ids[:LIMIT]), len(ids) > LIMIT)
        first, marks = replay_store.positions(conn)
        for start in range(0, found.looked, CHUNK):
            chunk = ids[start : min(start + CHUNK, LIMIT)]
            _map(conn, hub, hub, chunk, found)
            if progress is not None:
                progress(len(chunk))
        _settle(conn, hub, marks)
        return found, _shapes(conn, hub, hub, _count_golden(conn, first, found), None)

    found, after = _rehearsed(hub, work)
    _count_outgoing(hub, after, found)
    return found


def of_policies(
    hub: Hub, look: Hub, kind: str, last: int | None = None, progress: Callable[[int], None] | None = None
) -> Forecast:
    """What golden records of a kind (the `last` changed ones; None: all) would be under the rules of `look`.

    `ConfigError` for an unknown kind. Changes nothing.
    """
    if kind not in hub.registry.kinds:
        raise ConfigError(f"no kind {kind!r}; known are: {', '.join(sorted(hub.registry.kinds))}")
    found = Forecast()
    with hub.db.session() as conn:
        ids = store.golden_ids(conn, kind, last)
    found.looked = len(ids)
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]

        def work(conn: Connection, chunk: Sequence[Id] = chunk) -> dict[int, dict[Id, _Shape]]:
            first, marks = replay_store.positions(conn)
            rids = resolve_store.members(conn, chunk)
            rows = [{"rid": rid, "relink": False, "cause": "policy"} for rid in sorted(rids)]
            record_store.append_marks(conn, rows)
            _settle(conn, look, marks)
            return _shapes(conn, hub, look, _count_golden(conn, first, found), None)

        _count_outgoing(hub, _rehearsed(hub, work), found)
        if progress is not None:
            progress(len(chunk))
    return found


def of_moves(hub: Hub, look: Hub, groups: Sequence[Mapping[Id, Id]], progress: Callable[[int], None]) -> Forecast:
    """What golden records would be, and systems be sent, if records stood in other clusters, under the rules of `look`.

    A group is tried at once: rid -> golden id of every record of clusters that exchange records. Changes nothing.
    """
    found = Forecast()
    for chunk in groups:

        def work(conn: Connection, chunk: Mapping[Id, Id] = chunk) -> dict[int, dict[Id, _Shape]]:
            first, marks = replay_store.positions(conn)
            resolve_store.set_clusters(conn, dict(chunk))
            record_store.append_marks(conn, [{"rid": rid, "relink": False, "cause": "policy"} for rid in sorted(chunk)])
            _settle(conn, look, marks)
            _count_golden(conn, first, found)
            return _shapes(conn, hub, look, set(chunk.values()), None)

        _count_outgoing(hub, _rehearsed(hub, work), found)
        found.looked += len(chunk)
        progress(len(chunk))
    return found


def _topics(hub: Hub, row: ConnectionRow, stream: str) -> list[str]:
    """The topics under which the events of a stream arrive: a topic stands for itself."""
    manifest = hub.registry.connector(row.connector).manifest
    with hub.db.session() as conn:
        seen = store.topics(conn, row.id)
    known = {topic: manifest.stream_of_topic(topic) for topic in seen}
    found = [topic for topic, of in known.items() if topic == stream or (of is not None and of.name == stream)]
    names = {one.name for one in manifest.streams}
    if not found and stream not in names:
        raise ConfigError(f"{row.name} has no stream {stream!r}; it has: {', '.join(sorted(names))}")
    return found


def _rehearsed(hub: Hub, work: Callable[[Connection], T]) -> T:
    kept: list[T] = []

    def whole(conn: Connection) -> None:
        kept[:] = [work(conn)]
        raise _RollBackError

    with suppress(_RollBackError):
        hub.db.run(whole, durable=False)
    return kept[0]


def _settle(conn: Connection, look: Hub, after: int) -> None:
    while resolve.resolve_marks(conn, look, CHUNK, after=after):
        pass


def _map(conn: Connection, hub: Hub, look: Hub, ids: Sequence[Id], found: Forecast) -> None:
    events = inbox.read_many(conn, hub.keyring, ids)
    aside = store.quarantined(conn, ids)
    mapped = [map_event(look, event) for event in events]
    for one in mapped:
        if one.problems:
            _note_faults(one, found, is_aside=one.event.id in aside)
    good = [one for one in mapped if not one.problems]
    found.mended += sum(one.event.id in aside for one in good)
    store_mapped(conn, look, good, {one.event.id for one in good})


def _note_faults(mapped: Mapped, found: Forecast, *, is_aside: bool) -> None:
    known = {(one.code, one.path, one.where): one for one in found.faults}
    for problem in mapped.problems:
        key = (problem.code, problem.path, problem.where)
        if key not in known:
            known[key] = Fault(*key, problem.message, mapped.event.id)
            found.faults.append(known[key])
        known[key].count += 1
        known[key].aside += is_aside


def _count_golden(conn: Connection, first: int, found: Forecast) -> set[Id]:
    """Adds up the feed of the rehearsal; returns the golden records it is about."""
    changes: dict[Id, dict[str, Any]] = {}
    for change in replay_store.changes_after(conn, first):
        earlier = changes.setdefault(change["golden_id"], {**change, "types": []})
        earlier["types"].append(change["type"])
        earlier["before"] = {**(change["before"] or {}), **(earlier["before"] or {})}
        earlier["after"] = {**(earlier["after"] or {}), **(change["after"] or {})}
    for id_, change in changes.items():
        before, after = change["before"] or {}, change["after"] or {}
        names = {name for name in {*before, *after} if before.get(name) != after.get(name)}
        act = next((one for one in change["types"] if one != "updated"), "updated")
        if names or act != "updated":
            found.golden.setdefault(change["kind"], Tally()).add(id_, act, before, after, names)
    return set(changes)


@dataclass(slots=True)
class _Shape:
    """A target under the rules to be tried: what would be missing there, and the record as it would be sent."""

    missing: dict[str, Any]
    whole: dict[str, Any] | None
    action: str
    is_asked_for_shape: bool = False


def _shapes(
    conn: Connection, hub: Hub, look: Hub, ids: Iterable[Id], row: ConnectionRow | None
) -> dict[int, dict[Id, _Shape]]:
    """Per connection its targets that may be sent something else: those of changed golden records, and of changed files."""
    found: dict[int, dict[Id, _Shape]] = {}
    touched = claimed.load(conn, target.due_of_owners(conn, list(resolve_store.members(conn, ids))))
    for each in _compared(conn, look, touched.values()):
        found.setdefault(each.due.connection_id, {})[each.due.id] = _shape(each)
    rows = hub.connections.all() if row else []
    changed = changed_parts(hub.rules.manifest, look.rules.manifest, rows)
    for one in rows:
        for kind in sorted(kind for name, kind in changed if name == one.name):
            if not one.writes(kind) or one.disconnected_at is not None:
                continue
            dues = claimed.load(conn, [id_ for id_, _ in release_store.live_targets(conn, one.id, kind, None, CHUNK)])
            for each in _compared(conn, look, dues.values()):
                shape = found.setdefault(one.id, {}).setdefault(each.due.id, _shape(each))
                shape.is_asked_for_shape = True
    return found


def _compared(conn: Connection, hub: Hub, dues: Iterable[claimed.Due]) -> list[Difference]:
    by_connection: dict[int, list[claimed.Due]] = {}
    for due in dues:
        by_connection.setdefault(due.connection_id, []).append(due)
    return [
        each for id_, mine in sorted(by_connection.items())
        for each in differences(conn, hub, hub.connections.by_id(id_), mine)
        if not (each.due.rid is None and (each.due.twin or each.due.elder or each.due.adoptable))
    ]  # fmt: skip


def _shape(each: Difference) -> _Shape:
    return _Shape(dict(each.missing), shape_of(each), "create" if each.due.rid is None else "update")


def _count_outgoing(hub: Hub, after: Mapping[int, Mapping[Id, _Shape]], found: Forecast) -> None:
    """Compares with what is due at those targets today, under the rules in force."""
    for connection_id, shapes in sorted(after.items()):
        with hub.db.session() as conn:
            today = {each.due.id: each for each in _compared(conn, hub, claimed.load(conn, shapes).values())}
        name = hub.connections.by_id(connection_id).name
        tally = found.outgoing.get(name) or Tally()
        for id_, shape in shapes.items():
            each = today.get(id_)
            before = (shape_of(each) if each is not None else None) or {}
            whole = shape.whole or {}
            is_sent = bool(shape.missing) and (each is None or shape.missing != each.missing)
            names = {name for name in {*before, *whole} if before.get(name, MISSING) != whole.get(name, MISSING)}
            if names and (is_sent or shape.is_asked_for_shape):
                tally.add(id_, shape.action, before, whole, names)
        if tally.acts:
            found.outgoing[name] = tally
