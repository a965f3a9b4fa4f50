"""Judging the clusters that the hub holds, looking at the model, making all again: from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from bench.identity import judge
from hub.rules.identity import fit
from tests.fixtures.command import Run, runner
from tests.fixtures.hub import Rig, at
from tests.fixtures.rules import put_in_force
from tests.fixtures.town import SYSTEMS, connect_systems, rows, tell

HOUSEHOLDS = 40
SEED = 3


@pytest.fixture
def run(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line against the rig's hub."""
    put_in_force(rig.hub, {})
    return runner(rig.hub.settings, monkeypatch)


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    """Who everybody is in truth."""
    path = tmp_path / "truth.csv"
    lines = [f"{row.system.lower()},{row.system}-{number},{row.person.id}" for number, row in enumerate(_rows())]
    path.write_text("source,external_id,person\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """The same as envelopes."""
    path = tmp_path / "records.ndjson"
    with path.open("wb") as file:
        for number, row in enumerate(_rows()):
            data = {"id": f"{row.system}-{number}", "updated_at": at(1), **row.data}
            body = {"type": "customer.updated", "timestamp": at(1), "data": data}
            line = {"_connection": row.system.lower(), "_topic": "customer.updated", "_id": f"e{number}", "_body": body}
            file.write(orjson.dumps(line) + b"\n")
    return path


def _rows() -> tuple[Any, ...]:
    return rows(SEED, HOUSEHOLDS)


def _expected(rig: Rig) -> judge.Quality:
    clusters: dict[Any, set[Any]] = {}
    people = {f"{row.system}-{number}": row.person.id for number, row in enumerate(_rows())}
    truth = {}
    for rid, cluster, external_id in rig.hub.db.all("select rid, cluster, external_id from record"):
        clusters.setdefault(cluster, set()).add(rid)
        truth[rid] = people[external_id]
    return judge.quality(map(frozenset, clusters.values()), truth)


def test_clusters_when_judged_then_the_figures_are_those_of_counting_pairs(rig: Rig, run: Run, truth: Path) -> None:
    connect_systems(rig)
    tell(rig, _rows())
    told = json.loads(run("match", "evaluate", "--truth", str(truth), "--json").stdout)
    wanted = _expected(rig)
    assert told["pairs"] == {"true": wanted.true, "found": wanted.found, "right": wanted.right}
    assert [told["precision"], told["recall"], told["f1"]] == pytest.approx(
        [wanted.precision, wanted.recall, wanted.f1], abs=1e-6
    )
    assert told["at_review"]["recall"] >= told["recall"]
    assert told["at_review"]["pairs"]["found"] > wanted.found
    assert told["records"] == len(_rows())
    assert told["clusters"] == len(rig.golden_ids("customer"))
    assert (told["missing"], told["unknown"]) == (0, 0)
    model = rig.hub.rules.matching["customer"]
    assert told["thresholds"] == {"auto": model.auto, "review": model.review}
    assert told["compared"] >= told["edges"]["auto"] > 0
    text = run("match", "evaluate", "--truth", str(truth)).output
    assert "F1" in text
    assert f"auto {model.auto}" in text


def test_truth_when_it_names_what_is_not_held_then_that_is_counted_as_found_by_nobody(
    rig: Rig, run: Run, tmp_path: Path
) -> None:
    connect_systems(rig)
    rig.send("pos", "customer.updated", {"id": "1", "updated_at": at(1), "full_name": "王小明"})
    rig.send("pos", "customer.updated", {"id": "2", "updated_at": at(1), "full_name": "李雷"})
    rig.settle()
    path = tmp_path / "t.csv"
    path.write_text("person,source,external_id\np,pos,1\np,pos,9\np,till,1\nq,pos,1x\n", encoding="utf-8-sig")
    told = json.loads(run("match", "evaluate", "--truth", str(path), "--json").stdout)
    assert (told["missing"], told["unknown"], told["not_connected"]) == (3, 1, {"till": 1})
    assert told["missing_examples"][0] == {"source": "pos", "external_id": "9"}
    assert told["pairs"] == {"true": 3, "found": 0, "right": 0}
    assert "3 records of the truth" in run("match", "evaluate", "--truth", str(path)).output


FAULTS = (
    ("source,external_id\n", "t.csv:1: lacks the column person"),
    ("source,external_id,person\npos,,p\n", "t.csv:2: says no external_id"),
    ("source,external_id,person\n", "names no record"),
    ("source,external_id,person\npos,1,p\npos,1,q\n", "line 3 of the truth"),
    ("source,external_id,person\nnowhere,1,p\n", "holds no record of the truth"),
)


def test_truth_when_it_cannot_be_used_then_says_where(rig: Rig, run: Run, tmp_path: Path) -> None:
    connect_systems(rig)
    rig.send("pos", "customer.updated", {"id": "1", "updated_at": at(1), "full_name": "王小明"})
    rig.settle()
    path = tmp_path / "t.csv"
    for text, said in FAULTS:
        path.write_text(text, encoding="utf-8")
        assert said in run("match", "evaluate", "--truth", str(path), code=1).output


def test_records_when_given_then_are_taken_in_once_and_their_systems_connected(
    rig: Rig, run: Run, truth: Path, records: Path
) -> None:
    both = ("match", "evaluate", "--truth", str(truth), "--records", str(records))
    refused = run(*both, code=1).output
    assert "not connected: crm, ec, pos, wx" in refused
    assert "--connect" in refused
    waiting = run(*both, "--connect", "--timeout", "0", code=1).output
    assert f"still pending after 0 s: {len(_rows())} events" in waiting
    rig.hub.connections.reload()
    assert {row.name for row in rig.hub.connections.all()} == set(SYSTEMS)
    rig.settle()
    told = json.loads(run(*both, "--json").stdout)
    assert (told["missing"], told["unknown"]) == (0, 0)
    assert (told["ingested"]["accepted"], told["ingested"]["duplicates"]) == (0, len(_rows()))
    wanted = _expected(rig)
    assert told["pairs"]["right"] == wanted.right > 0
    with records.open("ab") as file:
        file.write(b"nothing of use\n")
    spoilt = run(*both, code=1).output
    assert "F1" in spoilt
    assert f"1 lines of the records cannot be used, the first is {len(_rows()) + 1}:" in spoilt


def test_rebuild_when_asked_for_then_what_is_right_stays_and_what_was_lost_comes_back(rig: Rig, run: Run) -> None:
    connect_systems(rig)
    tell(rig, _rows())
    tables = {
        "record": "select rid, cluster from record order by rid",
        "edge": "select a, b, weight, reason, relation from edge order by a, b",
        "feature": "select rid, features from match_feature order by rid",
        "key": "select encode(hash, 'hex'), rid, strength from match_key order by 1, 2",
        "item": "select rid, other, state from item where type = 'match' and state = 'open' order by rid, other",
    }
    before = {name: rig.hub.db.all(sql) for name, sql in tables.items()}
    done = json.loads(run("match", "rebuild", "--no-wait", "--json").stdout)
    assert done["marked"] == len(_rows())
    assert json.loads(run("match", "rebuild", "--no-wait", "--json").stdout)["marked"] == 0
    assert "still wait after 0 s" in run("match", "rebuild", "--timeout", "0", code=1).output
    rig.settle()
    assert {name: rig.hub.db.all(sql) for name, sql in tables.items()} == before
    for table in ("match_feature", "edge"):
        rig.hub.db.execute(f"delete from {table}")
    rig.hub.db.execute("delete from match_key where namespace like 'match:%'")
    run("match", "rebuild", "--no-wait")
    rig.settle()
    assert {name: rig.hub.db.all(sql) for name, sql in tables.items()} == before
    assert "all is linked anew" in run("match", "rebuild", "--kind", "order").output
    assert "no kind" in run("match", "rebuild", "--kind", "nothing", code=1).output


def test_model_when_printed_as_a_file_then_a_preview_of_it_changes_nothing(rig: Rig, run: Run, tmp_path: Path) -> None:
    connect_systems(rig)
    tell(rig, _rows())
    told = json.loads(run("match", "model", "--json").stdout)
    assert told["auto"] == rig.hub.rules.matching["customer"].auto
    assert told["comparisons"]["name"]["exact"] > 0
    assert "AUTO" not in run("match", "model").output
    path = tmp_path / "new.yaml"
    path.write_text(run("match", "model", "--file").stdout, encoding="utf-8")
    assert "nobody would be merged or split" in run("match", "preview", "--file", str(path)).output
    higher = path.read_text(encoding="utf-8").replace(f"auto: {told['auto']}", "auto: 60000", 1)
    path.write_text(higher, encoding="utf-8")
    seen = json.loads(run("match", "preview", "--file", str(path), "--json").stdout)
    assert seen["splits"] > 0
    assert seen["merges"] == 0
    assert seen["clusters"]["after"] > seen["clusters"]["before"] == len(rig.golden_ids("customer"))
    assert {one["act"] for one in seen["examples"]} == {"split"}
    names = {row.data["full_name"] for row in _rows() if len(row.data["full_name"]) > 1}
    assert not [name for name in names if name in json.dumps(seen, ensure_ascii=False)]
    assert "splits" in run("match", "preview", "--file", str(path)).output
    path.write_text("auto: 9\nreview: 3\ncomparisons: {nose: {same: 1}}\n", encoding="utf-8")
    assert "new.yaml:3" in run("match", "preview", "--file", str(path), code=1).output


def test_model_when_learnt_from_stored_records_then_written_to_a_file_and_not_in_force(
    rig: Rig, run: Run, tmp_path: Path
) -> None:
    connect_systems(rig)
    path = tmp_path / "learnt.yaml"
    tell(rig, _rows())
    assert "at least" in run("match", "fit", "--out", str(path), code=1).output
    assert not path.exists()
    tell(rig, rows(SEED + 1, 130))
    told = json.loads(run("match", "fit", "--out", str(path), "--json").stdout)
    assert told["pairs"] >= fit.LEAST_PAIRS
    assert told["records"] == told["stored"] > 0
    assert told["moved"]
    model = rig.hub.rules.matching["customer"]
    [one] = [one for one in told["moved"] if one["comparison"] == "phone" and one["level"] == "same"] or [None]
    assert one is None or one["before"] == model.spec.comparisons["phone"]["same"].weight
    assert "is there already" in run("match", "fit", "--out", str(path), code=1).output
    seen = json.loads(run("match", "preview", "--file", str(path), "--json").stdout)
    assert seen["clusters"]["before"] == len(rig.golden_ids("customer"))
    again = tmp_path / "again.yaml"
    assert "nothing was put in force" in run("match", "fit", "--out", str(again)).output
    assert again.read_text(encoding="utf-8") == path.read_text(encoding="utf-8")
