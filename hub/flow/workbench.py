"""A mapping tried while it is written: one event taken through it, field by field, and what it leaves aside."""

from __future__ import annotations

import difflib
import re
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.errors import ConfigError, HubError, NotFoundError, Problem
from hub.flow import forecast, site
from hub.flow.connection import ConnectionRow
from hub.flow.context import Hub
from hub.flow.forecast import Forecast
from hub.flow.record import Mapped, map_event
from hub.model.observation import Draft
from hub.rules.mapping import InMapping
from hub.rules.mapping.document import Report, read_document
from hub.rules.mapping.narrow import WORD, fits, read_connections
from hub.rules.mapping.spec import RecordSpec
from hub.store import inbox
from hub.store.database import new_id
from hub.store.event import StoredEvent

STRAYS_OF = 50
"""So many of the newest events are looked through for source fields that no line reads."""
MOST_RECORDS = 20
LONGEST_NAMES = 4_000
_FAULT = re.compile(r"(?P<file>[^:\n]+\.yaml):(?P<line>\d+): (?P<text>.*)")
_PLAIN = re.compile(r"[A-Za-z_]\w*")
_FROM = re.compile(r"^from:\s*[\"']?([^\s\"'#]+)", re.MULTILINE)
_SOME = re.compile(rf"^{WORD}:.*(?:\n[ \t-].*)*", re.MULTILINE)
_IN = re.compile(r"in:[ \t]*(#.*)?")


@dataclass(frozen=True, slots=True)
class Wish:
    """What to try. `files`: name -> text put over those of the site; `compare`: so many events, 0 for none.

    The sample is the event `event`, or the body `pasted` as if it had come under `topic`.
    """

    connection: str
    stream: str
    files: Mapping[str, str]
    event: uuid.UUID | None = None
    pasted: str = ""
    topic: str = ""
    compare: int = 0


@dataclass(slots=True)
class Made:
    """A record that the sample becomes. `lines`: field -> `file:line`; `now`: what the rules in force make of the field."""

    draft: Draft
    lines: dict[str, str] = field(default_factory=dict)
    now: dict[str, Any] = field(default_factory=dict)
    shapes: list[Shape] = field(default_factory=list)


@dataclass(slots=True)
class Shape:
    """A record as a system would be written it; `fault` where it could not be."""

    connection: str
    body: dict[str, Any]
    fault: str = ""


@dataclass(slots=True)
class Stray:
    """A source field that no line reads. `line`: what could be added to `in`, where a field of like name is free."""

    path: str
    count: int
    of: int
    sample: Any
    line: str = ""


@dataclass(slots=True)
class Tried:
    """What came of it. `faults`: (file, line, text) for which the file cannot be used at all; then nothing else is there."""

    faults: list[tuple[str, int, str]] = field(default_factory=list)
    payload: Any = None
    topic: str = ""
    problems: list[Problem] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)
    forecast: Forecast | None = None


def mapping_of(hub: Hub, row: ConnectionRow, stream: str) -> InMapping:
    """The file in force for a stream of a connection; `NotFoundError` when it has none."""
    found = hub.rules.mappings.inbound(row.connector, stream, row.name)
    if found is None:
        raise NotFoundError(f"no mapping file is `from: {row.connector}/{stream}`")
    return found


def place_of(hub: Hub, row: ConnectionRow, stream: str, text: str) -> str:
    """The name under which a file for this stream is kept; `ConfigError` when its `from` says another stream.

    A file for some connections stands beside the one for all, and takes its place for those.
    """
    said, wanted = _from(text), f"{row.connector}/{stream}"
    known = mapping_of(hub, row, stream).spec.file
    if said not in (wanted, f"{row.connector}/*"):
        shown = f"`from: {said}`" if said else "no `from`"
        raise ConfigError(f"{known}:1: from: the file says {shown}; this page is of `from: {wanted}`")
    held = _text(hub, known)
    is_narrower = bool(_connections(text)) and not _connections(held)
    if said == _from(held) and not is_narrower:
        return known
    some = f".{re.sub(r'[^A-Za-z0-9_-]', '_', row.name)}" if is_narrower else ""
    return f"{row.connector}/{stream.replace('/', '_') if said == wanted else 'all'}{some}.yaml"


def saved_place(hub: Hub, row: ConnectionRow, stream: str) -> str | None:
    """The file in the site's folder that is of this stream alone, in force or not; None when there is none."""
    try:
        files = site.on_disk(hub)
    except ConfigError:
        return None
    mine = {name: text for name, text in files.items() if _from(text) == f"{row.connector}/{stream}"}
    some = {name for name, text in mine.items() if fits(_connections(text), row.name)}
    return next(
        (name for name in mine if name in some), next((name for name in mine if not _connections(mine[name])), None)
    )


def _text(hub: Hub, name: str) -> str:
    return hub.rules.files.get(name) or site.installed_text(hub, name) or ""


def _from(text: str) -> str:
    found = _FROM.search(text)
    return found[1] if found else ""


def _connections(text: str) -> tuple[str, ...]:
    """Those that a file names. Only that part is read: the rest may be anything that somebody types."""
    found = _SOME.search(text)
    if found is None or "&" in found[0] or len(found[0]) > LONGEST_NAMES:
        return ()
    report = Report("")
    entry = read_document(found[0], report)
    return read_connections(entry.value.get(WORD), report) if entry is not None and entry.is_object else ()


def topic_key(hub: Hub, row: ConnectionRow, topic: str) -> str | None:
    """The stream under whose file the events of a topic are mapped; None when none is."""
    mappings = hub.rules.mappings
    if mappings.inbound(row.connector, topic, row.name):
        return topic
    stream = hub.registry.connector(row.connector).manifest.stream_of_topic(topic)
    return stream.name if stream and mappings.inbound(row.connector, stream.name, row.name) else None


def attempt(hub: Hub, wish: Wish) -> Tried:
    """Tries it. Call it through `bounded`: files and bodies are what somebody typed. Changes nothing."""
    row = hub.connections.by_name(wish.connection)
    tried = Tried()
    try:
        look = site.with_files(hub, wish.files)
        look.rules.mappings.compile(wish.files.keys())
    except ConfigError as error:
        tried.faults = faults_of(str(error))
        return tried
    event = _sample(hub, row, wish)
    if event is not None:
        _try_sample(hub, look, row, event, tried)
    tried.strays = _strays(hub, look, row, wish.stream, event)
    if wish.compare:
        tried.forecast = forecast.of_mapping(hub, look, wish.connection, wish.stream, wish.compare)
    return tried


def faults_of(text: str) -> list[tuple[str, int, str]]:
    """(file, line, text) of each line of a `ConfigError` about files."""
    found = []
    for line in text.splitlines():
        parts = _FAULT.fullmatch(line)
        found.append((parts["file"], int(parts["line"]), parts["text"]) if parts else ("", 0, line))
    return found


def inserted(text: str, line: str) -> str:
    """A mapping file with one line more, the first of `in`; unchanged where `in` is no block."""
    lines = text.splitlines()
    for number, one in enumerate(lines):
        if _IN.fullmatch(one):
            follows = lines[number + 1] if number + 1 < len(lines) else ""
            indent = follows[: len(follows) - len(follows.lstrip())] or "  "
            return "\n".join([*lines[: number + 1], indent + line, *lines[number + 1 :]]) + "\n"
    return text


def _sample(hub: Hub, row: ConnectionRow, wish: Wish) -> StoredEvent | None:
    if wish.pasted.strip():
        now = time.time_ns() // 1000
        topic = wish.topic or _topic_of(hub, row, wish.stream)
        return StoredEvent(new_id(), row.id, topic, "webhook", inbox.LIVE, now, now, None, {}, wish.pasted.encode())
    if wish.event is None:
        return None
    with hub.db.session() as conn:
        found = inbox.read_many(conn, hub.keyring, [wish.event])
    if not found or found[0].connection_id != row.id:
        raise NotFoundError(f"no such event of {row.name}")
    return found[0]


def _topic_of(hub: Hub, row: ConnectionRow, stream: str) -> str:
    manifest = hub.registry.connector(row.connector).manifest
    listed = next((one for one in manifest.streams if one.name == stream), None)
    return listed.topics[0] if listed and listed.topics else stream


def _try_sample(hub: Hub, look: Hub, row: ConnectionRow, event: StoredEvent, tried: Tried) -> None:
    tried.topic = event.topic
    mapped, today = map_event(look, event), map_event(hub, event)
    tried.problems = mapped.problems
    tried.payload = _payload(event)
    stream = topic_key(look, row, event.topic)
    spec = mapping_of(look, row, stream).spec if stream else None
    before = {_key(draft): draft.asserted for draft in _drafts(today)}
    for draft in _drafts(mapped)[:MOST_RECORDS]:
        made = Made(draft, _lines(spec, draft) if spec else {}, before.get(_key(draft), {}))
        made.shapes = [_shape(look, other, draft) for other in _receivers(look, row, draft.kind)]
        tried.made.append(made)


def _payload(event: StoredEvent) -> Any:
    import orjson

    try:
        return orjson.loads(event.body or b"")
    except orjson.JSONDecodeError:
        return None


def _drafts(mapped: Mapped) -> list[Draft]:
    return [one.draft for one in mapped.observations]


def _key(draft: Draft) -> tuple[str, str]:
    return draft.object_type, draft.external_id


def _lines(spec: RecordSpec, draft: Draft) -> dict[str, str]:
    """Where each field of a draft is made: in the record of its kind, of those that the file makes."""
    for one in _specs(spec):
        if one.kind.name == draft.kind and one.object_type == draft.object_type:
            return {name: f"{one.file}:{node.line}" for name, node in one.members.items()}
    return {}


def _specs(spec: RecordSpec) -> Iterable[RecordSpec]:
    yield spec
    for also in spec.also:
        yield from _specs(also.record)


def _receivers(hub: Hub, row: ConnectionRow, kind: str) -> list[ConnectionRow]:
    return [
        other for other in hub.connections.all()
        if other.id != row.id and other.realm == row.realm and other.disconnected_at is None and other.writes(kind)
    ]  # fmt: skip


def _shape(look: Hub, other: ConnectionRow, draft: Draft) -> Shape:
    """The record as `other` would be written it, if this event were all that is known of it."""
    out = look.rules.mappings.outbound(other.connector, draft.kind, other.name)
    if out is None:
        return Shape(other.name, {}, f"no mapping file has an `out` for {draft.kind}")
    try:
        wanted = {name: draft.asserted[name] for name in out.fields if name in draft.asserted}
        return Shape(other.name, out.project(out.keep(wanted, draft.asserted, {}), lambda key: str(key["external_id"])))
    except HubError as error:
        return Shape(other.name, {}, str(error))
    except Exception as error:  # noqa: BLE001 -- a transform that cannot take the value: told, as it would be where it is delivered
        return Shape(other.name, {}, f"the mapping stopped with {type(error).__name__}")


def _strays(hub: Hub, look: Hub, row: ConnectionRow, stream: str, sample: StoredEvent | None) -> list[Stray]:
    """Fields of the newest events, and of the sample, that no line of the file reads."""
    events = [*_newest(hub, row, stream), *([sample] if sample else [])]
    found: Counter[str] = Counter()
    samples: dict[str, Any] = {}
    heard = 0
    for event in events:
        drafts = _drafts(map_event(look, event))
        if drafts:
            heard += 1
            found.update(drafts[0].extensions.keys())
            samples.update(drafts[0].extensions)
    spec = mapping_of(look, row, stream).spec
    lines = _suggestions(spec, sorted(found))
    return [Stray(name, count, heard, samples[name], lines.get(name, "")) for name, count in found.most_common(40)]


def _newest(hub: Hub, row: ConnectionRow, stream: str) -> list[StoredEvent]:
    from hub.store import console_mapping

    ids = [one.id for one in console_mapping.newest(hub.db, row.id) if topic_key(hub, row, one.topic) == stream]
    with hub.db.session() as conn:
        return inbox.read_many(conn, hub.keyring, ids[:STRAYS_OF])


def _suggestions(spec: RecordSpec, names: Sequence[str]) -> dict[str, str]:
    """Source name -> the line that would read it into the free field of the most similar name."""
    free = [one.name for one in spec.kind.fields if not one.derived and one.name not in spec.members and not one.fields]
    found: dict[str, str] = {}
    for name in names:
        near = difflib.get_close_matches(_snake(name), free, 1, 0.6) if spec.members else []
        if near and _PLAIN.fullmatch(name):
            free.remove(near[0])
            found[name] = f"{near[0]}: {name}"
    return found


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
