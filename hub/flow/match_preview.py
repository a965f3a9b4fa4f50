"""What another model would merge and split over the records stored now, and what systems would be sent for that.

The plan is the deed: clusters come from the very partition that T2 makes, and what would be sent from the very code
that sends, in transactions that are rolled back. Nothing is kept.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.errors import ConfigError
from hub.flow import forecast, match_whole
from hub.flow.context import Hub
from hub.flow.forecast import Forecast
from hub.flow.match_whole import Matched, Pair, Records
from hub.rules import register
from hub.rules.identity.model import MatchModel
from hub.rules.identity.model_file import FOLDER, read_model
from hub.rules.mapping.document import Report
from hub.store import match_whole as store
from hub.store import record as record_store
from hub.store.database import Connection

Rid = uuid.UUID
EXAMPLES = 20
MEMBERS = 6
"""So many records of an example are shown."""
TRIED = 5_000
"""At most so many records are tried for what would be sent: each chunk is locked while it is looked at."""
CHUNK = 500
Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Member:
    """A record of an example. `data`: what it says of itself; `before`, `after`: its golden ids."""

    rid: Rid
    connection: str
    object_type: str
    external_id: str
    before: Rid
    after: Rid
    data: Mapping[str, Any]


@dataclass(slots=True)
class Example:
    """Clusters that would become one, or one that would become several. `pattern`: the heaviest new pair between them."""

    act: str
    members: list[Member]
    records: int
    weight: int = 0
    pattern: str = ""


@dataclass(slots=True)
class Preview:
    """`merges`: clusters that would hold several of today's; `splits`: clusters of today that would come apart.

    `opened`, `closed`: pairs that people would be asked about, or no longer. `cuts`: components that are too large. `waiting`:
    events and marks that are under way, so that the store is not at rest. `is_cut`: not all was tried for what would be sent.
    """

    kind: str
    records: int = 0
    compared: int = 0
    before: int = 0
    after: int = 0
    merges: int = 0
    splits: int = 0
    moved: int = 0
    opened: int = 0
    closed: int = 0
    questions: int = 0
    cuts: int = 0
    waiting: int = 0
    is_cut: bool = False
    examples: list[Example] = field(default_factory=list)
    sent: Forecast = field(default_factory=Forecast)

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be different."""
        return not (self.moved or self.opened or self.closed)


def candidate(hub: Hub, kind: str, text: str, name: str) -> Hub:
    """A hub that matches `kind` by the model file `text`; `ConfigError` with `name` and line for each fault in it."""
    report = Report(name)
    read_model(text, report)
    if report.faults:
        raise ConfigError("\n".join(map(str, report.faults)))
    return forecast.candidate(hub, {f"{FOLDER}/{kind}.yaml": text})


def preview(hub: Hub, look: Hub, kind: str, progress: Progress | None = None) -> Preview:
    """What the records of a kind would become under the model of `look`. Changes nothing.

    `progress` hears what is done ("read", "compared", "tried") and with how many records more.
    """
    model = look.rules.matching[kind]
    found = Preview(kind)
    told = progress or (lambda _what, _count: None)
    groups: list[dict[Rid, Rid]] = []
    with hub.db.session() as conn:
        realms = store.realms(conn, kind)
    for realm in realms:
        groups += _of_realm(hub, look, realm, model, found, told)
    found.is_cut = sum(map(len, groups)) > TRIED
    chunks = list(_chunks(groups))
    found.sent = forecast.of_moves(hub, look, chunks, lambda count: told("tried", count))
    return found


def plan(hub: Hub, look: Hub, realm: str, kind: str, told: Progress) -> tuple[Records, Matched]:
    """The records of a realm as they stand, and what the model of `look` makes of them."""
    model = look.rules.matching[kind]
    with hub.db.transaction() as conn:
        store.steady(conn)
        records = match_whole.load(conn, look, realm, kind, model, lambda count: told("read", count))
    with hub.db.session() as conn:
        return records, match_whole.match(conn, look, records, model, lambda count: told("compared", count))


def _of_realm(
    hub: Hub, look: Hub, realm: str, model: MatchModel, found: Preview, told: Progress
) -> list[dict[Rid, Rid]]:
    records, then = plan(hub, look, realm, found.kind, told)
    now = dict(zip(records.rids, records.clusters, strict=True))
    after = {rid: then.clusters.get(rid, rid) for rid in now}
    groups = _groups(now, after)
    found.records += len(now)
    found.compared += then.compared
    found.before += len(set(now.values()))
    found.after += len(set(after.values()))
    found.moved += sum(now[rid] != after[rid] for rid in now)
    found.opened += len(then.questions - records.questions)
    found.closed += len(records.questions - then.questions)
    found.questions += len(then.questions)
    found.cuts += len(then.cuts)
    merged, parted = _differences(now, after, groups)
    found.merges += len(merged)
    found.splits += len(parted)
    with hub.db.session() as conn:
        found.waiting = store.waiting(conn)
        shown = [("merge", rids) for rids in merged[: EXAMPLES // 2]] + [("split", r) for r in parted[: EXAMPLES // 2]]
        for act, rids in shown[: EXAMPLES - len(found.examples)]:
            found.examples.append(_example(conn, hub, act, rids, now, after, then, records, model))
    return [{rid: after[rid] for rid in rids} for rids in groups]


def _groups(now: Mapping[Rid, Rid], after: Mapping[Rid, Rid]) -> list[list[Rid]]:
    """The records of clusters that exchange records with each other, whole, those of one group together."""
    home: dict[Rid, Rid] = {}

    def find(id_: Rid) -> Rid:
        while home.setdefault(id_, id_) != id_:
            home[id_] = home[home[id_]]
            id_ = home[id_]
        return id_

    for rid, before in now.items():
        if before != after[rid]:
            one, other = find(before), find(after[rid])
            home[max(one, other)] = min(one, other)
    groups: dict[Rid, list[Rid]] = {}
    for rid, before in now.items():
        if before in home:
            groups.setdefault(find(before), []).append(rid)
    return [groups[id_] for id_ in sorted(groups)]


def _differences(
    now: Mapping[Rid, Rid], after: Mapping[Rid, Rid], groups: Sequence[Sequence[Rid]]
) -> tuple[list[list[Rid]], list[list[Rid]]]:
    """The records of each cluster that would hold several of today's, and of each that would come apart."""
    merged: dict[Rid, list[Rid]] = {}
    parted: dict[Rid, list[Rid]] = {}
    for rids in groups:
        for rid in rids:
            merged.setdefault(after[rid], []).append(rid)
            parted.setdefault(now[rid], []).append(rid)
    joined = [rids for rids in merged.values() if len({now[rid] for rid in rids}) > 1]
    return joined, [rids for rids in parted.values() if len({after[rid] for rid in rids}) > 1]


def _example(
    conn: Connection,
    hub: Hub,
    act: str,
    rids: Sequence[Rid],
    now: Mapping[Rid, Rid],
    after: Mapping[Rid, Rid],
    then: Matched,
    records: Records,
    model: MatchModel,
) -> Example:
    sides = now if act == "merge" else after
    # One of each side first: what is shown is about the difference.
    firsts = list({sides[rid]: rid for rid in reversed(rids)}.values())
    chosen = [*firsts, *(rid for rid in rids if rid not in set(firsts))][:MEMBERS]
    members = []
    for row in record_store.load_rids(conn, chosen):
        name = hub.connections.by_id(row.key[0]).name
        data = register.evidence(row.fold)
        members.append(Member(row.rid, name, *row.key[1:], now[row.rid], after[row.rid], data))
    example = Example(act, members, len(rids))
    inside = set(rids)
    between = [p for p in then.pairs if p.a in inside and p.b in inside and sides[p.a] != sides[p.b]]
    if between:
        best = max(between, key=lambda pair: pair.weight)
        example.weight, example.pattern = best.weight, _pattern(records, model, best)
    return example


def _pattern(records: Records, model: MatchModel, pair: Pair) -> str:
    score = model.score(records.of(records.numbers[pair.a]), records.of(records.numbers[pair.b]))
    return " ".join(f"{part.name}={part.level}" for part in score.parts if part.weight)


def _chunks(groups: Sequence[Mapping[Rid, Rid]]) -> Iterator[dict[Rid, Rid]]:
    """Groups put together to about `CHUNK` records each, up to `TRIED` in all."""
    left, rest = TRIED, iter(groups)
    while left > 0:
        chunk: dict[Rid, Rid] = {}
        for group in rest:
            chunk.update(group)
            if len(chunk) >= min(CHUNK, left):
                break
        if not chunk:
            return
        left -= len(chunk)
        yield chunk
