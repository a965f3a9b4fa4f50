"""How right the clusters are that the hub holds, against known truth: pair by pair after closure, without listing pairs."""

from __future__ import annotations

import csv
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TextIO

from hub.errors import ConfigError
from hub.flow import match_preview
from hub.flow.context import Hub
from hub.rules.identity.model import MatchModel
from hub.store import match_judge as store
from hub.store import match_whole as whole
from hub.store.match_judge import Standing

Rid = uuid.UUID
COLUMNS = ("source", "external_id", "person")
CHUNK = 2_000
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Said:
    """One line of the truth: a record, by its source key, and who it is."""

    line: int
    source: str
    external_id: str
    person: str


@dataclass(slots=True)
class Tally:
    """Adds up records by cluster and by person.

    A pair of records is one in truth where it has one person, found where it has one cluster, right where it has
    both; all three are sums of n (n - 1) / 2 over counts, so memory grows with records and not with pairs.
    """

    persons: Counter[int] = field(default_factory=Counter)
    clusters: Counter[int] = field(default_factory=Counter)
    both: Counter[tuple[int, int]] = field(default_factory=Counter)
    _numbers: dict[str | Rid, int] = field(default_factory=dict)

    def add(self, person: str, cluster: Rid | None) -> None:
        """Counts one record; without a cluster it is one that nothing found."""
        one = self._number(person)
        self.persons[one] += 1
        if cluster is not None:
            other = self._number(cluster)
            self.clusters[other] += 1
            self.both[other, one] += 1

    def _number(self, name: str | Rid) -> int:
        return self._numbers.setdefault(name, len(self._numbers))

    @property
    def true(self) -> int:
        """Pairs that are one person."""
        return _pairs(self.persons)

    @property
    def found(self) -> int:
        """Pairs that were put together."""
        return _pairs(self.clusters)

    @property
    def right(self) -> int:
        """Pairs that were put together and are one person."""
        return _pairs(self.both)

    @property
    def precision(self) -> float:
        """The share of what was put together that is one; 1 of nothing."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """The share of what is one that was put together; 1 of nothing."""
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both; 1 of nothing."""
        return 2 * self.right / (self.true + self.found) if self.true + self.found else 1.0

    @property
    def mixed(self) -> int:
        """Clusters that hold more than one person."""
        return sum(count > 1 for count in Counter(cluster for cluster, _ in self.both).values())


def _pairs(counts: Counter[int] | Counter[tuple[int, int]]) -> int:
    return sum(count * (count - 1) // 2 for count in counts.values())


@dataclass(slots=True)
class Judgement:
    """The clusters of a kind against the truth.

    `tally`: the clusters as they stand; `doubtful`: as they would be if all were joined that people are asked about, that is, with the
    lower threshold for both. `missing`: lines of the truth whose records the hub does not hold: each counts as found by nobody. `examples`: the
    first of those. `unknown`: records of the kind that the truth says nothing of; no pair of theirs counts.
    """

    kind: str
    auto: int
    review: int
    release: int
    standing: Standing
    tally: Tally = field(default_factory=Tally)
    doubtful: Tally = field(default_factory=Tally)
    missing: int = 0
    strangers: Counter[str] = field(default_factory=Counter)
    examples: list[Said] = field(default_factory=list)
    held: int = 0

    @property
    def unknown(self) -> int:
        """Records that the truth says nothing of."""
        return self.standing.records - self.held


def judge(hub: Hub, kind: str, truth: Iterable[Said]) -> Judgement:
    """Compares the clusters as they stand with the truth. Changes nothing.

    Errors: `ConfigError` for a kind that no model matches, for a truth that says nothing, or two things of one record.
    """
    model = hub.rules.matching.get(kind)
    if model is None:
        raise ConfigError(f"no model matches {kind}; there are models of: {', '.join(sorted(hub.rules.matching))}")
    standing = hub.db.run(lambda conn: store.count(conn, kind, model.namespaces, model.auto, model.review))
    found = Judgement(kind, model.auto, model.review, hub.rules.release_id, standing)
    joined = _joined_from(hub, kind, model, model.review)
    ids = {row.name: row.id for row in hub.connections.all()}
    seen: dict[Rid, str] = {}
    lines = iter(truth)
    with hub.db.session() as conn:
        types = store.object_types(conn, kind)
        while chunk := list(islice(lines, CHUNK)):
            # A source that is no connection has no records: no connection has the id 0.
            places = store.standing(conn, kind, types, [(ids.get(one.source, 0), one.external_id) for one in chunk])
            for place, one in enumerate(chunk):
                _add(found, one, places.get(place), seen, joined, is_stranger=one.source not in ids)
    if not found.tally.persons:
        raise ConfigError("the truth names no record: it has a head and no lines")
    found.held = len(seen)
    return found


def _joined_from(hub: Hub, kind: str, model: MatchModel, threshold: int) -> dict[Rid, Rid]:
    """rid -> golden id of all that would not be alone if the hub joined from another threshold on."""
    other = MatchModel(replace(model.spec, auto=threshold))
    look = replace(hub, rules=replace(hub.rules, matching={**hub.rules.matching, kind: other}))
    with hub.db.session() as conn:
        realms = whole.realms(conn, kind)
    clusters: dict[Rid, Rid] = {}
    for realm in realms:
        clusters |= match_preview.plan(hub, look, realm, kind, lambda _what, _count: None)[1].clusters
    return clusters


def _add(
    found: Judgement,
    said: Said,
    place: tuple[Rid, Rid] | None,
    seen: dict[Rid, str],
    joined: Mapping[Rid, Rid],
    *,
    is_stranger: bool,
) -> None:
    if place is not None:
        rid, cluster = place
        if rid in seen:
            if seen[rid] != said.person:
                raise ConfigError(
                    f"line {said.line} of the truth: {said.source}:{said.external_id} is another person than in a line above"
                )
            return
        seen[rid] = said.person
        found.tally.add(said.person, cluster)
        found.doubtful.add(said.person, joined.get(rid, rid))
        return
    found.tally.add(said.person, None)
    found.doubtful.add(said.person, None)
    found.missing += 1
    if is_stranger:
        found.strangers[said.source] += 1
    if len(found.examples) < SHOWN:
        found.examples.append(said)


def read_truth(file: TextIO, name: str) -> Iterator[Said]:
    """The lines of a CSV file with the columns `source, external_id, person`; others are passed over.

    `ConfigError` with file and line where a column or a value is missing.
    """
    reader = csv.DictReader(file)
    lacking = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if lacking:
        raise ConfigError(f"{name}:1: lacks the column {', '.join(lacking)}; it has to have {', '.join(COLUMNS)}")
    try:
        for row in reader:
            values = [(row[column] or "").strip() for column in COLUMNS]
            if not all(values):
                empty = COLUMNS[values.index("")]
                raise ConfigError(f"{name}:{reader.line_num}: says no {empty}")
            yield Said(reader.line_num, *values)
    except (csv.Error, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}:{reader.line_num + 1}: cannot be read as CSV in UTF-8 ({error})") from None
