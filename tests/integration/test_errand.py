"""Errands: a release put in force and a replay tried out by whoever is free, once, with an outcome that is shown."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from hub.errors import ConflictError
from hub.flow import errand, release, replay, run, site
from hub.store import due
from hub.store import run as store
from hub.store.replay import Selection
from hub.store.run import Run
from tests.fixtures.hub import at
from tests.fixtures.peers import PeerRig

FILE = """kind: customer
from: webhook/customers
root: data
id: id
version: updated_at
at: updated_at
in:
  full_name: {path: full_name, to: upper}
"""
OTHER = FILE + "  note: note\n"
OUT = """kind: customer
from: plain/customers
root: data
id: id
out: {full_name: %s, note: note}
"""
PLACE = "webhook/customers.yaml"


@pytest.fixture
def rig(peers: PeerRig, tmp_path: Path) -> PeerRig:
    """Three customers of a shop that a CRM is told of, and a folder of rules."""
    peers.peer("crm", flow="out")
    peers.hub.settings = replace(peers.hub.settings, mappings_dir=tmp_path)
    for n in range(3):
        peers.customer(str(n), at(1), full_name=f"Li {n}")
    peers.quiet()
    site.put_in_force(peers.hub, None, "", "test", "as it is")
    return peers


def _save(rig: PeerRig, text: str, place: str = PLACE) -> None:
    assert rig.hub.settings.mappings_dir
    path = rig.hub.settings.mappings_dir / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def _run(rig: PeerRig, run_id: uuid.UUID | None) -> Run:
    assert run_id is not None
    found = store.get(rig.hub.db, run_id)
    assert found is not None
    return found


def _ask(rig: PeerRig, number: int | None = None) -> uuid.UUID | None:
    return errand.ask_activation(rig.hub, number, "", "test", "better")


def test_activation_when_small_then_at_once_and_asked_again_nothing(rig: PeerRig) -> None:
    _save(rig, FILE)
    found = _run(rig, _ask(rig))
    assert (found.type, found.status, found.coverage, found.note) == ("activation", "done", "complete", None)
    number = release.in_force(rig.hub)
    assert found.result == {"release": number, "kinds": []}
    assert rig.hub.rules.release_id == number
    assert _ask(rig) is None


def test_activation_when_large_then_a_worker_does_it_once(rig: PeerRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errand, "SMALL_RECORDS", -1)
    _save(rig, OUT % "full_name", "plain/customers.yaml")
    site.put_in_force(rig.hub, None, "", "test", "a file of its own")
    before = release.in_force(rig.hub)
    _save(rig, OUT % "{path: full_name, to: upper}", "plain/customers.yaml")
    asked = _ask(rig)
    assert _ask(rig) == asked, "a double click is one deed"
    assert (_run(rig, asked).status, release.in_force(rig.hub)) == ("paused", before)
    assert due.is_due(rig.hub.db, "poll")
    _save(rig, OTHER)
    with pytest.raises(ConflictError, match="another release is being put in force"):
        _ask(rig)
    assert errand.run_due(rig.hub) == 1
    assert errand.run_due(rig.hub) == 0
    done = _run(rig, asked)
    assert (done.status, done.total, done.counts) == ("done", 3, {"items": 3})
    assert release.in_force(rig.hub) != before
    times = rig.hub.db.all("select count(*) from release_activation where reason = 'better'")
    assert times == [(1,)]
    assert rig.hub.db.all("select count(*) from target where shape_seq > done_seq") == [(3,)]


def test_activation_when_another_came_into_force_meanwhile_then_it_fails_and_says_so(
    rig: PeerRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errand, "SMALL_RECORDS", -1)
    _save(rig, FILE)
    asked = _ask(rig)
    _save(rig, OTHER)
    other, _kinds = site.put_in_force(rig.hub, None, "", "test", "quicker")
    errand.run_due(rig.hub)
    found = _run(rig, asked)
    assert (found.status, found.coverage) == ("failed", "skipped")
    assert f"release {other} was put in force in the meantime" in (found.note or "")
    assert release.in_force(rig.hub) == other


def test_activation_when_ended_or_faulty_then_nothing_is_in_force(
    rig: PeerRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errand, "SMALL_RECORDS", -1)
    before = release.in_force(rig.hub)
    _save(rig, FILE)
    asked = _ask(rig)
    assert asked is not None
    with monkeypatch.context() as patched:
        patched.setattr(release, "activate", _wishing(rig, asked))
        errand.run_due(rig.hub)
    assert (_run(rig, asked).status, release.in_force(rig.hub)) == ("cancelled", before)
    again = _ask(rig)
    with monkeypatch.context() as patched:
        patched.setattr(release, "activate", lambda *_: 1 / 0)
        errand.run_due(rig.hub)
    found = _run(rig, again)
    assert (found.status, found.note) == ("failed", "it stopped with ZeroDivisionError; the log has the place")
    assert release.in_force(rig.hub) == before


def _wishing(rig: PeerRig, asked: uuid.UUID):  # type: ignore[no-untyped-def]
    def activate(_hub, _by, _reason, report):  # type: ignore[no-untyped-def]
        run.cancel(rig.hub, asked, "test")
        report(1)

    return activate


def test_errand_when_its_process_is_gone_then_another_does_it_but_not_for_ever(
    rig: PeerRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errand, "SMALL_RECORDS", -1)
    _save(rig, FILE)
    asked = _ask(rig)

    class GoneError(BaseException):
        pass

    def die(*_args: object) -> None:
        rig.hub.db.execute("update run set updated_at = updated_at - interval '61 seconds'")
        raise GoneError

    with monkeypatch.context() as patched:
        patched.setattr(release, "activate", die)
        for _ in range(errand.TRIES):
            assert due.is_due(rig.hub.db, "poll")
            with pytest.raises(GoneError):
                errand.run_due(rig.hub)
    assert store.give_up_stale(rig.hub.db, 30.0) == 0, "it is known what it is about: a worker takes it"
    errand.run_due(rig.hub)
    found = _run(rig, asked)
    assert (found.status, errand.run_due(rig.hub)) == ("failed", 0)
    assert "its process ended 3 times" in (found.note or "")


def test_rehearsal_when_done_then_its_result_is_what_the_replay_does(
    rig: PeerRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    _save(rig, FILE)
    _ask(rig)
    selection = Selection(rig.hub.connections.by_name("shop").id)
    before = rig.hub.db.all("select (select count(*) from change), (select count(*) from event_work)")
    found = _run(rig, errand.ask_rehearsal(rig.hub, selection, "test"))
    assert rig.hub.db.all("select (select count(*) from change), (select count(*) from event_work)") == before
    assert (found.status, found.total, found.counts, found.connection_id) == (
        "done", 3, {"items": 3}, selection.connection_id,
    )  # fmt: skip
    assert found.result is not None
    assert found.result["golden"]["customer"]["fields"] == {"full_name": 3}
    assert found.result["outgoing"]["crm"]["acts"] == {"update": 3}
    samples = found.result["golden"]["customer"]["samples"] + found.result["outgoing"]["crm"]["samples"]
    assert not {"Li 0", "LI 0"} & {value for one in samples for value in one[2:]}, "no run keeps a name"
    changes = before[0][0]
    replay.replay(rig.hub, selection)
    rig.quiet()
    assert rig.hub.db.all("select count(*) from change") == [(changes + 3,)]


def test_rehearsal_when_large_then_a_worker_does_it_and_it_says_how_far_it_is(
    rig: PeerRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errand, "SMALL_EVENTS", 0)
    monkeypatch.setattr("hub.flow.forecast.CHUNK", 2)
    asked = errand.ask_rehearsal(rig.hub, Selection(), "test")
    assert (_run(rig, asked).status, _run(rig, asked).total) == ("paused", 3)
    seen: list[int] = []
    assert errand.run_due(rig.hub, lambda: seen.append(_run(rig, asked).counts["items"])) == 1
    assert (seen, _run(rig, asked).status) == ([2, 3], "done")
