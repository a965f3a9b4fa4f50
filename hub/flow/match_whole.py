"""All records of a kind matched at once by some model, in memory: the very clusters and questions that T2 would come to.

What is linked for certain, decided by people or carried by too many is taken as it stands in the store: it does not
depend on the model. Only candidates and weights are made anew.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from hub.flow.context import Hub
from hub.flow.keys import compared, digest_of
from hub.flow.match_pairs import Pairs
from hub.rules import clustering, matching
from hub.rules.clustering import Cut
from hub.rules.identity.model import COLD, Hot, MatchModel
from hub.store import match_whole as store
from hub.store import record as record_store
from hub.store.database import Connection

Rid = uuid.UUID
Turn = tuple[Rid, Rid]
Step = Callable[[int], None]


@dataclass(slots=True)
class Records:
    """Every record of one realm and kind, by number; the numbers rise with the rids. `features`: as JSON, b"" for none."""

    realm: str
    kind: str
    rids: list[Rid] = field(default_factory=list)
    clusters: list[Rid] = field(default_factory=list)
    features: list[bytes] = field(default_factory=list)
    numbers: dict[Rid, int] = field(default_factory=dict)
    keys: list[tuple[bytes, Rid, str, bool]] = field(default_factory=list)
    must: list[tuple[Rid, Rid, Rid | None]] = field(default_factory=list)
    cannot: list[tuple[Rid, Rid]] = field(default_factory=list)
    questions: set[Turn] = field(default_factory=set)
    hot: dict[int, set[bytes]] = field(default_factory=dict)
    alone: list[tuple[bytes, Rid]] = field(default_factory=list)

    def of(self, number: int) -> dict[str, Any]:
        """What is compared of a record."""
        text = self.features[number]
        found: dict[str, Any] = orjson.loads(text) if text else {}
        return found


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair that weighs enough to be asked about, or is a household. `a < b`."""

    a: Rid
    b: Rid
    weight: int
    apart: str
    relation: str


@dataclass(slots=True)
class Matched:
    """What a model makes of the records. `clusters`: rid -> golden id, of all that are not alone."""

    clusters: dict[Rid, Rid] = field(default_factory=dict)
    questions: set[Turn] = field(default_factory=set)
    pairs: list[Pair] = field(default_factory=list)
    compared: int = 0
    cuts: list[Cut] = field(default_factory=list)


def load(conn: Connection, hub: Hub, realm: str, kind: str, model: MatchModel, step: Step | None = None) -> Records:
    """Reads all that matching needs, in one transaction that sees one moment (`store.steady`)."""
    found = Records(realm, kind)
    for rows in store.pages(conn, realm, kind):
        made = _made_now(conn, hub, kind, [row[0] for row in rows if row[4] is None and row[3] != record_store.STUB])
        for rid, cluster, _, _, features in rows:
            found.numbers[rid] = len(found.rids)
            found.rids.append(rid)
            found.clusters.append(cluster)
            found.features.append(features.encode() if features is not None else made.get(rid, b""))
        if step is not None:
            step(len(rows))
    found.keys = store.certain(conn, realm, kind)
    found.must, found.cannot = store.must(conn, realm, kind), store.cannot(conn, realm, kind)
    found.questions = store.questions(conn, realm, kind)
    for rid, digest in store.hot(conn, realm, kind):
        found.hot.setdefault(found.numbers[rid], set()).add(digest)
    plain = [name for name in model.namespaces if not name.startswith("match:")]
    found.alone = store.shared(conn, realm, kind, plain)
    return found


def _made_now(conn: Connection, hub: Hub, kind: str, rids: list[Rid]) -> dict[Rid, bytes]:
    """What is compared of records of which nothing is stored: no model compared their kind before."""
    rows = record_store.load_rids(conn, rids) if rids else []
    return {row.rid: orjson.dumps(compared(hub, kind, row.fold) or {}) for row in rows}


def match(conn: Connection, hub: Hub, found: Records, model: MatchModel, step: Step | None = None) -> Matched:
    """Compares and partitions them by `model`. `step` hears how many records were gone through. Reads source keys only."""
    done = Matched()
    hot = _hot_values(hub, found, model)
    pairs = _pairs(found, model)
    at = 0
    for number, others in pairs.partners():
        features = found.of(number)
        done.compared += len(others)
        for other in others if features else ():
            _score(found, model, (number, other), features, hot, done)
        if step is not None:
            step(number - at)
            at = number
    if step is not None:
        step(len(found.rids) - at)
    _partition(conn, hub, found, model, done)
    return done


def _pairs(found: Records, model: MatchModel) -> Pairs:
    pairs = Pairs()
    for number, text in enumerate(found.features):
        for namespace, value in (
            {(key.namespace, key.value) for key in model.keys_of(orjson.loads(text))} if text else ()
        ):
            if namespace.startswith("match:"):
                pairs.add(number, namespace, value)
    pairs.groups()
    carriers: dict[bytes, list[int]] = {}
    for digest, rid in found.alone:
        carriers.setdefault(digest, []).append(found.numbers[rid])
    for numbers in carriers.values():
        pairs.add_group(numbers)
    return pairs


def _hot_values(hub: Hub, found: Records, model: MatchModel) -> dict[int, Hot]:
    values = {}
    for number, digests in found.hot.items():
        own = frozenset(
            (key.namespace, key.value)
            for key in model.evidence(found.of(number))
            if digest_of(hub, found.realm, found.kind, key) in digests
        )
        if own:
            values[number] = own
    return values


def _score(
    found: Records,
    model: MatchModel,
    pair: tuple[int, int],
    features: Mapping[str, Any],
    hot: Mapping[int, Hot],
    done: Matched,
) -> None:
    a, b = pair
    other = found.of(b)
    if not other:
        return
    many = hot.get(a, COLD) | hot.get(b, COLD)
    weight = model.score(features, other, many).weight
    relation = model.relation(features, other, many)
    if weight >= model.review or relation:
        apart = model.apart(features, other)
        done.pairs.append(Pair(found.rids[a], found.rids[b], weight, apart, relation))


def _partition(conn: Connection, hub: Hub, found: Records, model: MatchModel, done: Matched) -> None:
    """The partition of those that anything links; the others stand alone."""
    edges = {(one.a, one.b, one.weight) for one in done.pairs if one.weight >= model.auto}
    linked = {key[1] for key in found.keys} | {rid for a, b, _ in [*found.must, *edges] for rid in (a, b)}
    keys = store.source_keys(conn, sorted(linked))
    names = {rid: (hub.connections.by_id(key[0]).name, *key[1:]) for rid, key in keys.items()}
    known: dict[Turn, bool] = {}

    def apart(a: Rid, b: Rid) -> bool:
        pair = (a, b) if a < b else (b, a)
        if pair not in known:
            known[pair] = bool(model.apart(found.of(found.numbers[a]), found.of(found.numbers[b])))
        return known[pair]

    links = matching.links(found.keys, found.must, found.cannot, edges, names, apart)
    for part in clustering.partition(names, links, apart, model.auto, done.cuts):
        if len(part) > 1:
            done.clusters.update(dict.fromkeys(part, clustering.golden_id(part)))
    done.questions = set(_questions(done, found.cannot, model))


def _questions(done: Matched, cannot: Iterable[Turn], model: MatchModel) -> Iterable[Turn]:
    """The pairs of golden ids that people are asked about: by the heaviest pair between them that is no household."""
    best: dict[Turn, tuple[int, str]] = {}
    for one in done.pairs:
        turn = _turn(done, one.a, one.b)
        if turn[0] != turn[1] and not one.relation:
            now = (-one.weight, one.apart)
            best[turn] = min(best.get(turn, now), now)
    answered = {_turn(done, a, b) for a, b in cannot}
    for turn, (under, apart) in best.items():
        if turn not in answered and -under >= model.review and (-under >= model.auto or not apart):
            yield turn


def _turn(done: Matched, a: Rid, b: Rid) -> Turn:
    """The golden ids of both, the smaller first."""
    x, y = done.clusters.get(a, a), done.clusters.get(b, b)
    return (x, y) if x < y else (y, x)
