"""Quality of matching through the hub: ingested events, worker processes, Postgres, `match evaluate`."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

from bench.identity import hub as bench
from bench.identity import judge
from tests.fixtures import drain
from tests.fixtures.command import runner
from tests.fixtures.hub import Rig
from tests.fixtures.rules import put_in_force

SEED, HOUSEHOLDS, WORKERS = 1207, 120, 2
PRECISION, F1, F1_JOINED = 0.98, 0.78, 0.82
"""Floors for a population this small, below what ten large ones reach on average (docs/identity.md)."""


def _clusters(rig: Rig) -> list[frozenset[bench.Name]]:
    sql = (
        "select r.cluster, c.name, r.object_type, r.external_id from record r join connection c on c.id = r.connection_id"
        " where r.kind = 'customer'"
    )
    members: dict[object, set[bench.Name]] = defaultdict(set)
    for cluster, *name in rig.hub.db.all(sql):
        members[cluster].add(tuple(name))
    return [frozenset(names) for names in members.values()]


def test_population_when_worker_processes_link_it_then_as_right_as_in_memory(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put_in_force(rig.hub, {})
    run = runner(rig.hub.settings, monkeypatch)
    told, people = bench.of_retail(SEED, HOUSEHOLDS)
    events, truth = map(str, bench.write(tmp_path, told))
    run("match", "evaluate", "--truth", truth, "--records", events, "--connect", "--timeout", "0", code=1)
    processes = [drain.start(rig.hub.settings, 200) for _ in range(WORKERS)]
    assert [process.wait() for process in processes] == [0] * WORKERS
    found = json.loads(run("match", "evaluate", "--truth", truth, "--json").stdout)
    memory = bench.in_memory(people, rig.hub.rules.matching["customer"])
    assert bench.differing(_clusters(rig), memory) == 0
    persons = {name: people.truth[rid] for rid, name in people.names.items()}
    offline = judge.quality(memory, persons)  # type: ignore[arg-type]
    assert found["pairs"] == {"true": offline.true, "found": offline.found, "right": offline.right}
    assert (found["missing"], found["unknown"], rig.quarantined()) == (0, 0, [])
    assert found["precision"] >= PRECISION
    assert found["f1"] >= F1
    assert found["at_review"]["f1"] >= F1_JOINED
    assert found["mixed_share"] <= 0.01
