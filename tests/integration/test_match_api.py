"""Pairs over HTTP: queue, case, answers, plans for many, samples; who may, and what they see."""

import pytest

from hub.flow import match_queue
from tests.fixtures.match import MODEL, NAME, PHONE, merge, pairs, prepare, shown

PATTERN = "name=homophone phone=same"


@pytest.fixture
def waiting(rig):
    """Two open pairs; the second has more at stake. A system that is written to."""
    prepare(rig)
    rig.connect("mail", {"customer": "out"}, rank=30)
    return rig, [shown("itm", item_id) for item_id in pairs(rig, 1, 2)]


def test_matches_when_listed_then_by_stake_page_by_page_without_personal_values(waiting, caller):
    _, (low, high) = waiting
    steward = caller("steward")
    first = steward.get("/matches?limit=1")
    assert [row["id"] for row in first["items"]] == [high]
    [row] = first["items"]
    assert (row["stake"], row["weight"], row["pattern"], row["claimed_by"]) == (2, NAME + PHONE, PATTERN, None)
    rest = steward.get(f"/matches?limit=1&cursor={first['next_cursor']}")
    assert [[one["id"] for one in rest["items"]], rest["next_cursor"]] == [[low], None]
    items = steward.get("/items?type=match")["items"]
    assert {(one["id"], one["stake"]) for one in items} == {(low, 1), (high, 2)}
    assert all(one["other"].startswith("cus_") for one in items)
    assert "王" not in str(first) + str(items)


def test_next_when_asked_then_the_case_and_nobody_else_is_given_it(waiting, caller):
    rig, (low, high) = waiting
    one, other = caller("steward"), caller("steward")
    found = one.post("/matches/next")["match"]
    assert found["id"] == high
    assert found["weight"] == sum(part["weight"] for part in found["comparisons"])
    names = {found["comparisons"][0][side]["full_name"] for side in ("left", "right")}
    assert names == {"王小明", "王晓明"}
    assert [(way["connection"], way["action"]) for way in found["forecast"]["ways"]] == [("mail", "create")]
    assert other.post("/matches/next")["match"]["id"] == low
    assert caller("steward").post("/matches/next") == {"match": None}
    assert other.post(f"/matches/{high}/answer", {"answer": "same"}, 409)["detail"].startswith("tok_")
    assert one("POST", f"/matches/{high}/let-go", json={}).status_code == 204
    assert other("POST", f"/matches/{high}/take", json={}).status_code == 204
    seen = rig.hub.db.all("select act, object from audit where act = 'record.read_clear'")
    assert ("record.read_clear", "matches") in seen


def test_answer_when_given_and_undone_then_both_are_said(waiting, caller):
    rig, (low, high) = waiting
    steward = caller("steward")
    done = steward.post(
        f"/matches/{low}/answer", {"answer": "same", "reason": "asked"}, headers={"Idempotency-Key": "k"}
    )
    assert (len(done["golden"]), done["is_repeat"]) == (1, False)
    again = steward.post(
        f"/matches/{low}/answer", {"answer": "same", "reason": "asked"}, headers={"Idempotency-Key": "k"}
    )
    assert again == done
    assert steward.get("/matches/counts")["mine"] == 1
    assert steward.get(f"/matches/{low}")["closed"].startswith("this pair is closed: tok_")
    undone = steward.post("/matches/undo", {"decision": done["decision"]})
    assert (undone["id"], undone["answer"]) == (low, "same")
    item = steward.post(f"/items/{low}/resolve", {"answer": "different"})
    assert item["resolution"]["answer"] == "different"
    assert steward.post("/matches/undo")["id"] == low
    steward.post("/matches/undo", status=404)
    steward.post(f"/items/{low}/resolve", {"resolution": {"answer": "household"}})
    assert [row.id for row in match_queue.queue(rig.hub, match_queue.Wish())] != []
    steward.post(f"/matches/{high}/answer", {"answer": "maybe"}, 422)


@pytest.mark.usefixtures("waiting")
def test_bulk_when_planned_and_released_then_counts_are_the_same(caller):
    steward = caller("steward")
    assert steward.get("/matches/patterns")["items"][0]["pattern"] == PATTERN
    plan = steward.post("/matches/bulk", {"pattern": PATTERN, "answer": "same"}, 201)
    assert (plan["counts"]["pairs"], len(plan["samples"])) == (2, 2)
    assert [one["id"] for one in steward.get("/matches/bulk")["items"]] == [plan["id"]]
    done = steward.post(f"/matches/bulk/{plan['id']}/release", {"canary": False})
    assert (done["answered"], done["left"], done["state"]) == (2, 0, "released")
    steward.post(f"/matches/bulk/{plan['id']}/discard", status=409)
    assert steward.post(f"/matches/bulk/{plan['id']}/undo")["state"] == "undone"
    assert steward.get(f"/matches/bulk/{plan['id']}")["state"] == "undone"


def test_sample_when_drawn_and_judged_then_precision_is_told(rig, caller):
    prepare(rig)
    merge(rig, 1)
    steward = caller("steward")
    [sample] = steward.post("/matches/sample")["items"]
    assert (sample["drawn"], sample["precision"]) == (1, None)
    [row] = steward.get("/matches?type=match_sample")["items"]
    done = steward.post(f"/matches/{row['id']}/answer", {"answer": "wrong", "split": "b"})
    assert len(done["golden"]) == 2
    [sample] = steward.get("/matches/samples")["items"]
    assert (sample["precision"], sample["is_low"]) == (0.0, True)


@pytest.mark.parametrize("role", ["viewer", "operator", "auditor", "privacy"])
def test_matches_when_the_role_does_not_steward_then_refused(waiting, caller, role):
    _, (low, _) = waiting
    for path in ("/matches", f"/matches/{low}", "/matches/counts", "/matches/patterns", "/matches/bulk"):
        assert caller(role)("GET", path).status_code == 403
    for path in ("/matches/next", f"/matches/{low}/answer", "/matches/undo", "/matches/bulk", "/matches/sample"):
        assert caller(role)("POST", path, json={}).status_code == 403


def test_matches_when_of_another_realm_then_not_found(waiting, caller):
    _, (low, _) = waiting
    stranger = caller("steward", "tea")
    assert stranger.get("/matches")["items"] == []
    assert stranger.post("/matches/next") == {"match": None}
    stranger.get(f"/matches/{low}", 404)
    stranger.post(f"/matches/{low}/answer", {"answer": "same"}, 404)
    stranger.post("/matches/bulk", {"pattern": PATTERN, "answer": "same"}, 404)


def test_preview_when_another_model_is_sent_then_what_it_would_merge_and_nothing_changes(waiting, caller):
    rig, _ = waiting
    before = rig.goldens("customer")
    same = caller("operator").post("/matching/preview", {"text": MODEL})
    assert (same["faults"], same["merges"], same["splits"], same["moved"]) == ([], 0, 0, 0)
    eager = MODEL.replace("auto: 9000", f"auto: {NAME + PHONE}")
    found = caller("operator").post("/matching/preview", {"text": eager})
    assert (found["merges"], found["moved"], found["questions"]["closed"]) == (2, 2, 2)
    assert {one["pattern"] for one in found["examples"]} == {PATTERN}
    assert found["outgoing"]["mail"]["acts"]
    assert "王小明" not in str(found)
    assert rig.goldens("customer") == before


def test_preview_when_a_model_is_wrong_or_out_of_reach_then_said(waiting, caller):
    model = "auto: 1\nreview: 2\ncolour: 3\n"
    faults = caller("operator").post("/matching/preview", {"text": model})["faults"]
    assert ("matching/customer.yaml", 3) in {(one["file"], one["line"]) for one in faults}
    caller("operator").post("/matching/preview", {"text": model, "kind": "order"}, 404)
    caller("operator", realm="tea").post("/matching/preview", {"text": model}, 403)
    caller("viewer").post("/matching/preview", {"text": model}, 403)
