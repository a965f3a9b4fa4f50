"""Events, bulk ingest, deliveries, items, plans, connections and figures over HTTP."""

import json
import uuid

import orjson
import pytest

from hub.model.identifier import format_id
from hub.store import item, plan, run

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CUSTOMER = {"id": "7", "updated_at": "2026-11-01T00:00:00Z", "full_name": "王小明"}


def line(body, **envelope):
    data = {"type": "customer.updated", "timestamp": "2026-11-01T00:00:00Z", "data": body}
    return orjson.dumps({**envelope, "_body": data} if envelope else data)


def ndjson(call, path, lines, status=200):
    response = call("POST", path, data=b"\n".join(lines), content_type="application/x-ndjson")
    assert response.status_code == status, response.get_data(as_text=True)
    return response.get_json()


@pytest.fixture
def shop(rig):
    """A connection named shop."""
    rig.connect("shop", {"customer": "both"})
    return rig


def test_ingest_when_lines_come_then_each_is_answered(shop, admin):
    lines = [
        line(CUSTOMER, _id="a", _topic="customer.updated"),
        line(CUSTOMER, _id="a", _topic="customer.updated"),
        b"{",
        b"",
        line(CUSTOMER),
    ]
    found = ndjson(admin, "/ingest/shop", lines)
    assert [(one["line"], one["outcome"]) for one in found["lines"]] == [
        (1, "accepted"),
        (2, "duplicate"),
        (3, "refused"),
        (5, "accepted"),
    ]
    assert (found["accepted"], found["duplicates"], found["refused"]) == (2, 1, 1)
    assert found["lines"][0]["event"].startswith("evt_")
    assert found["lines"][2]["reason"]
    assert ndjson(admin, "/ingest/shop", lines)["accepted"] == 0
    shop.settle()
    assert [c["full_name"] for c in shop.goldens("customer")] == ["王小明"]


def test_ingest_when_a_line_cannot_be_read_then_it_is_set_aside_and_its_siblings_are_done(shop, admin):
    torn = b'{"_topic":"customer.updated","_id":"x","_body":{"type":"customer.updated","data":{"id":1,}}}'
    lines = [torn, line(CUSTOMER), b'{"_topic":"customer.updated","_body":{"id":1', b'{"_body":{"id":1']
    found = ndjson(admin, "/ingest/shop", lines)
    assert [one["outcome"] for one in found["lines"]] == ["quarantined", "accepted", "quarantined", "refused"]
    assert (found["accepted"], found["quarantined"], found["refused"]) == (3, 2, 1)
    assert [one["outcome"] for one in ndjson(admin, "/ingest/shop", lines)["lines"]] == [*["duplicate"] * 3, "refused"]
    shop.settle()
    assert [c["full_name"] for c in shop.goldens("customer")] == ["王小明"]
    assert [(cause, problems[0]["message"][-8:]) for cause, problems in shop.quarantined()] == [
        ("bad_json", "(line 1)"),
        ("bad_json", "(line 3)"),
    ]


def test_ingest_when_a_torn_envelope_names_a_connection_of_another_realm_then_nothing_is_stored(shop, caller):
    shop.connect("tea", {"customer": "in"}, realm="tea")
    torn = b'{"_connection":"shop","_topic":"x","_body":{"id":'
    ndjson(caller("operator", "tea"), "/ingest/tea", [torn], 404)
    assert shop.hub.db.one("select count(*) from event") == (0,)


def test_ingest_when_the_connection_is_unknown_then_404(shop, admin):
    ndjson(admin, "/ingest/nowhere", [line(CUSTOMER)], 404)


def test_ingest_when_the_body_is_over_the_limit_then_413_and_nothing_is_stored(shop, admin):
    big = line({**CUSTOMER, "note": "x" * 11_000_000})
    ndjson(admin, "/ingest/shop", [line(CUSTOMER), big], 413)
    assert shop.hub.db.one("select count(*) from event") == (0,)


def test_ingest_when_an_envelope_names_a_connection_of_another_realm_then_nothing_is_stored(shop, caller):
    shop.connect("tea", {"customer": "in"}, realm="tea")
    call = caller("operator", "tea")
    ndjson(call, "/ingest/tea", [line(CUSTOMER), line(CUSTOMER, _connection="shop", _topic="x")], 404)
    assert shop.hub.db.one("select count(*) from event") == (0,)
    assert ndjson(call, "/ingest/tea", [line(CUSTOMER, _connection="tea", _topic="customer.updated")])["accepted"] == 1


def test_events_when_listed_then_filters_and_pages_work(shop, admin):
    for n in range(5):
        shop.send("shop", "customer.updated", {**CUSTOMER, "id": str(n)})
    shop.settle()
    shop.send("shop", "customer.updated", {**CUSTOMER, "id": "broken", "full_name": {"no": "text"}})
    shop.settle()
    shop.send("shop", "customer.updated", {**CUSTOMER, "id": "waiting"})
    statuses = [event["status"] for event in admin.get("/events")["items"]]
    assert statuses == ["pending", "quarantined", *["done"] * 5]
    assert len(admin.get("/events?status=done")["items"]) == 5
    assert len(admin.get("/events?status=quarantined&connection=shop")["items"]) == 1
    first = admin.get("/events?limit=4")
    second = admin.get(f"/events?limit=4&cursor={first['next_cursor']}")
    assert len({e["id"] for e in first["items"] + second["items"]}) == 7
    assert second["next_cursor"] is None
    assert admin.get("/events?received_since=2999-01-01T00:00:00Z")["items"] == []
    admin.get("/events?status=nonsense", 422)
    admin.get("/events?received_since=nonsense", 422)


def test_event_when_asked_then_it_tells_what_it_did_and_gives_its_bytes(shop, admin):
    shop.send("shop", "customer.created", {**CUSTOMER, "own": [1, 2]})
    shop.settle()
    id_ = admin.get("/events")["items"][0]["id"]
    found = admin.get(f"/events/{id_}")
    assert (found["status"], found["topic"], found["connection"]) == ("done", "customer.created", "shop")
    [record] = found["records"]
    assert record["id"] == admin.get("/customers")["items"][0]["id"]
    assert record["external_id"] == "7"
    assert {"full_name"} <= set(record["fields"])
    response = admin("GET", f"/events/{id_}/raw")
    assert orjson.loads(response.data)["data"]["own"] == [1, 2]
    assert len(response.data) == found["size"]
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.content_type == "application/octet-stream"


def test_event_when_its_body_was_erased_then_raw_is_410(shop, admin):
    shop.send("shop", "customer.created", CUSTOMER)
    shop.settle()
    shop.hub.db.execute("delete from event_secret")
    id_ = admin.get("/events")["items"][0]["id"]
    admin.get(f"/events/{id_}/raw", 410)
    assert admin.get(f"/events/{id_}")["is_erased"] is True


def test_event_when_quarantined_then_it_tells_why_and_replays_after_the_fix(shop, admin, monkeypatch):
    shop.send("shop", "customer.created", {**CUSTOMER, "full_name": {"no": "text"}})
    shop.settle()
    id_ = admin.get("/events")["items"][0]["id"]
    found = admin.get(f"/events/{id_}")
    assert found["status"] == "quarantined"
    assert found["problem"]["problems"]
    preview = admin.post(f"/events/{id_}/replay", {"dry_run": True})
    assert (preview["events"], len(preview["problems"])) == (1, 1)
    assert admin.post(f"/events/{id_}/replay", {}, 202) == {"replayed": 1}
    assert admin.get(f"/events/{id_}")["status"] == "pending"


def test_quarantine_when_events_are_run_again_by_cause_then_tried_first_and_told_what_came_of_it(shop, admin):
    for id_ in ("q1", "q2"):
        shop.send("shop", "customer.created", {**CUSTOMER, "id": id_, "full_name": {"no": "text"}})
    shop.settle()
    (group,) = admin.get("/quarantine?connection=shop")["items"]
    assert (group["events"], group["cause"], group["path"]) == (2, "bad_text", "data.full_name")
    assert "text" in group["problem"]["problems"][0]["value"]
    assert group["fix"]["en"]
    assert admin.get("/quarantine?path=nowhere")["items"] == []
    which = {"cause": "bad_text", "connection": "shop"}
    tried = admin.post("/quarantine/run-again", {**which, "dry_run": True})
    assert (tried["events"], tried["passed"], tried["causes"]) == (2, 0, {"bad_text": 2})
    done = admin.post("/quarantine/run-again", which, 202)
    assert (done["events"], done["kept"]) == (2, 0)
    shop.settle()
    (result,) = admin.get("/quarantine/results")["items"]
    assert (result["run"], result["done"], result["returned"]) == (
        done["run"], 0, [{"cause": "bad_text", "path": "data.full_name", "events": 2}]
    )  # fmt: skip
    admin.post("/quarantine/run-again", {}, 422)
    admin.post(f"/quarantine/{group['sample']}/fetch", {}, 409)
    assert admin.post("/quarantine/discard", {"ids": [group["sample"]], "reason": "a test"}) == {"events": 1}
    admin.post(f"/quarantine/{group['sample']}/fetch", {}, 404)


def test_quarantine_when_the_token_may_not_see_payloads_in_clear_then_values_are_masked(shop, admin, caller):
    operator = caller("operator")
    shop.send("shop", "customer.created", {**CUSTOMER, "full_name": {"secret": "Wang Xiaoming"}})
    shop.settle()
    (group,) = operator.get("/quarantine")["items"]
    assert "Xiaoming" not in str(group)
    assert group["problem"]["problems"][0]["value"]
    assert "Xiaoming" in str(admin.get("/quarantine")["items"])


@pytest.mark.parametrize("path", ["/events/evt_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1", "/events/x", "/items/itm_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1",
    "/plans/pln_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1", "/deliveries/dlv_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1", "/connections/nowhere", "/connections/%00"])  # fmt: skip
def test_get_when_there_is_none_then_404(shop, admin, path):
    admin.get(path, 404)


def due(rig, name="crm"):
    """A delivery that is due at a connection which is not called."""
    connection_id = rig.connect(name, {"customer": "out"}, config={"target_url": "http://127.0.0.1:1/"})
    rig.send(
        "shop", "customer.created", {**CUSTOMER, "identities": [{"namespace": "phone", "value": "+8613812345678"}]}
    )
    rig.settle()
    [(id_,)] = rig.hub.db.all("select id from target where connection_id = %s", (connection_id,))
    return format_id("dlv", id_)


def test_deliveries_when_due_then_they_are_listed_and_may_be_ruled_upon(shop, admin):
    id_ = due(shop)
    [found] = admin.get("/deliveries")["items"]
    assert (found["id"], found["connection"], found["state"], found["kind"]) == (id_, "crm", "due", "customer")
    assert found["record"] == admin.get("/customers")["items"][0]["id"]
    assert admin.get(f"/deliveries/{id_}")["attempts"] == []
    assert [d["id"] for d in admin.get("/deliveries?state=due&connection=crm")["items"]] == [id_]
    assert admin.get("/deliveries?state=dead")["items"] == []
    admin.get("/deliveries?state=nonsense", 422)
    admin.post(f"/deliveries/{id_}/discard", {"reason": "not wanted"})
    admin.post(f"/deliveries/{id_}/arrived", {}, 409)
    shop.hub.db.execute("update target set state = 'dead', failures = 3")
    assert [d["state"] for d in admin.get("/deliveries?state=dead")["items"]] == ["dead"]
    assert admin.post(f"/deliveries/{id_}/retry")["state"] == "due"


def test_items_when_raised_then_they_are_listed_and_resolved_once(shop, admin):
    with shop.hub.db.transaction() as conn:
        for n in range(3):
            item.raise_item(conn, "conflict", f"c{n}", kind="customer", rid=uuid.uuid4(), data={"field": "phone"})
        item.raise_item(conn, "drift", "d")
    assert len(admin.get("/items?type=conflict")["items"]) == 3
    found = admin.get("/items?limit=1")
    assert len(admin.get(f"/items?cursor={found['next_cursor']}")["items"]) == 3
    [drift] = admin.get("/items?type=drift")["items"]
    assert (drift["type"], drift["state"], drift["count"]) == ("drift", "open", 1)
    resolved = admin.post(f"/items/{drift['id']}/resolve", {"resolution": {"act": "mapped"}, "reason": "done"})
    assert (resolved["state"], resolved["resolution"]) == ("resolved", {"act": "mapped"})
    assert resolved["resolved_by"].startswith("tok_")
    admin.post(f"/items/{drift['id']}/resolve", {}, 409)
    assert admin.get("/items?type=drift")["items"] == []
    assert len(admin.get("/items?state=all")["items"]) == 4


def held_plan(rig):
    """A plan that holds one target."""
    due(rig)
    connection_id = rig.hub.connections.by_name("crm").id
    with rig.hub.db.transaction() as conn:
        plan_id = plan.propose(conn, connection_id, "repair")
        plan.keep(conn, plan_id, {"update": 1}, [])
    return format_id("pln", plan_id)


def test_plans_when_held_then_they_are_listed_and_released_once(shop, admin):
    id_ = held_plan(shop)
    [found] = admin.get("/plans")["items"]
    assert (found["id"], found["connection"], found["state"], found["cause"]) == (id_, "crm", "held", "repair")
    released = admin.post(f"/plans/{id_}/release", {"reason": "looked at it"})
    assert (released["state"], released["let_go"]) == ("released", 1)
    admin.post(f"/plans/{id_}/release", {}, 409)
    admin.post(f"/plans/{id_}/discard", {}, 409)
    assert admin.get("/plans")["items"] == []
    assert len(admin.get("/plans?state=all")["items"]) == 1


def test_plans_when_discarded_then_nothing_is_due(shop, admin):
    id_ = held_plan(shop)
    assert admin.post(f"/plans/{id_}/discard", {})["state"] == "discarded"
    assert admin.get("/deliveries?state=due")["items"] == []


def new(name="crm", **more):
    return {"name": name, "connector": "webhook", "flows": {"customer": "both"}, "secrets": {"secret": SECRET}, **more}


def test_connections_when_made_and_changed_then_secrets_never_come_back(rig, admin):
    response = admin("POST", "/connections", json=new(config={"target_url": "https://crm.example.com/hook"}))
    assert (response.status_code, response.headers["Location"]) == (201, "/api/v1/connections/crm")
    found = response.get_json()
    assert (found["phase"], found["flows"], found["secrets"]) == ("reading", {"customer": "both"}, ["secret"])
    changed = admin(
        "PATCH",
        "/connections/crm",
        json={"rank": 5, "flows": {"order": "in"}, "secrets": {"secret": [SECRET, "whsec_" + "b" * 32]}},
    )
    found = changed.get_json()
    assert (found["rank"], found["flows"]) == (5, {"customer": "both", "order": "in"})
    assert "whsec" not in json.dumps(admin.get("/connections")) + changed.get_data(as_text=True)
    assert admin.get("/connections")["items"] == [admin.get("/connections/crm")]
    admin.post("/connections", new(), 409)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (new(connector="nothing"), 400),
        (new(flows={"dragon": "in"}), 400),
        (new(flows={"customer": "up"}), 422),
        (new(name="a b"), 400),
        (new(name=""), 422),
        (new(config={"unknown": 1}), 400),
        (new(secrets={}), 400),
        (new(secrets={"secret": 5}), 422),
        (new(secrets={"secret": [""]}), 422),
        (new(colour="red"), 422),
        ({"name": "crm"}, 422),
    ],
)
def test_connections_when_the_wish_is_wrong_then_it_is_refused_without_echoing_secrets(rig, admin, body, status):
    found = admin.post("/connections", body, status)
    assert SECRET not in json.dumps(found)
    assert admin.get("/connections")["items"] == []


def test_connections_when_patched_then_pause_and_halt_hold_and_end(shop, admin, caller):
    operator = caller("operator")

    def patch(call, body, status=200):
        response = call("PATCH", "/connections/shop", json=body)
        assert response.status_code == status, response.get_data(as_text=True)
        return response.get_json()

    assert patch(operator, {"paused": True, "reason": "till day"})["pause_reason"] == "till day"
    assert patch(operator, {"paused": False})["paused"] is False
    assert patch(operator, {"halted": {"out": True}})["halted"] == {"in": False, "out": True}
    assert patch(operator, {"halted": {"in": True, "out": False}})["halted"] == {"in": True, "out": False}
    patch(operator, {"rank": 1}, 403)
    patch(operator, {"mode": "shadow"}, 403)
    assert patch(admin, {"mode": "shadow"})["mode"] == "shadow"


def test_connections_when_there_are_many_then_pages_give_each_once(rig, admin):
    names = ["b", "a", "网店", "c"]
    for name in names:
        rig.connect(name, {})
    seen, cursor = [], ""
    while cursor is not None:
        found = admin.get(f"/connections?limit=3&cursor={cursor}")
        seen += [one["name"] for one in found["items"]]
        cursor = found["next_cursor"]
    assert seen == sorted(names)
    assert admin.get("/connections/网店")["name"] == "网店"


def test_summary_when_asked_then_the_books_balance(shop, admin):
    shop.send("shop", "customer.updated", CUSTOMER)
    shop.settle()
    shop.send("shop", "customer.updated", {**CUSTOMER, "full_name": {"no": "text"}})
    shop.settle()
    shop.send("shop", "customer.updated", {**CUSTOMER, "id": "8"})
    events = admin.get("/metrics/summary")["events"]
    assert (events["accepted"], events["done"], events["waiting"], events["quarantined"]) == (3, 1, 1, 1)
    assert events["lost"] == 0


def test_repeat_when_the_key_is_the_same_then_it_happens_once(rig, admin):
    first = admin("POST", "/connections", json=new(), headers={"Idempotency-Key": "k1"})
    again = admin("POST", "/connections", json=new(), headers={"Idempotency-Key": "k1"})
    assert (again.status_code, again.get_json()) == (201, first.get_json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert admin("POST", "/connections", json=new("other"), headers={"Idempotency-Key": "k1"}).status_code == 422
    assert admin("POST", "/connections", json=new(), headers={"Idempotency-Key": "k2"}).status_code == 409
    assert admin("POST", "/connections", json=new("x"), headers={"Idempotency-Key": ""}).status_code == 400
    assert admin("POST", "/connections", json=new("x"), headers={"Idempotency-Key": "k" * 256}).status_code == 400
    assert SECRET.encode() not in repr(rig.hub.db.all("select * from idempotency")).encode()


def test_repeat_when_another_token_uses_the_key_then_it_is_another_request(rig, admin, caller):
    admin("POST", "/connections", json=new(), headers={"Idempotency-Key": "k1"})
    assert caller("admin")("POST", "/connections", json=new("b"), headers={"Idempotency-Key": "k1"}).status_code == 201


def test_repeat_when_the_first_still_runs_then_409_and_after_its_death_it_is_taken_over(rig, admin):
    admin("POST", "/connections", json=new(), headers={"Idempotency-Key": "k1"})
    rig.hub.db.execute("update idempotency set status = null, response = null")
    assert admin("POST", "/connections", json=new(), headers={"Idempotency-Key": "k1"}).status_code == 409
    rig.hub.db.execute("update idempotency set created_at = now() - interval '5 minutes'")
    again = admin("PATCH", "/connections/crm", json={"rank": 1}, headers={"Idempotency-Key": "k1"})
    assert again.status_code == 422
    assert (
        admin("POST", "/connections", json=new(), headers={"Idempotency-Key": "k1"})
        .get_json()["detail"]
        .startswith("there is a connection")
    )


def test_repeat_when_the_hub_failed_then_the_key_may_be_tried_again(rig, admin, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr("hub.api.connection.connect", broken)
        assert admin("POST", "/connections", json=new(), headers={"Idempotency-Key": "k1"}).status_code == 500
    assert admin("POST", "/connections", json=new(), headers={"Idempotency-Key": "k1"}).status_code == 201


def test_acts_when_done_then_the_audit_trail_names_token_and_object(shop, admin):
    held = held_plan(shop)
    admin.post(f"/plans/{held}/release")
    rows = shop.hub.db.all("select actor, act, object from audit where act = 'plan.released'")
    assert [(act, object_) for _, act, object_ in rows] == [("plan.released", held)]
    assert rows[0][0].startswith("tok_")


@pytest.fixture
def reading(shop):
    """The id of a reading of the shop that goes on just now."""
    connection = shop.hub.connections.by_name("shop").id
    run_id = run.start(shop.hub.db, "pull", connection, "customers")
    shop.hub.db.run(lambda conn: run.progress(conn, run_id, {"items": 20}))
    return run_id


def test_runs_when_listed_then_newest_first_by_connection_type_and_status(shop, reading, admin):
    later = run.start(shop.hub.db, "replay")
    run.end(shop.hub.db, later, "done", outcome="replayed", coverage="complete", counts={"items": 3})
    assert [one["type"] for one in admin.get("/runs")["items"]] == ["replay", "pull"]
    [found] = admin.get("/runs?connection=shop&status=running")["items"]
    assert (found["id"], found["counts"], found["ended_at"]) == (format_id("run", reading), {"items": 20}, None)
    assert [one["outcome"] for one in admin.get("/runs?type=replay")["items"]] == ["replayed"]
    first = admin.get("/runs?limit=1")
    assert [one["type"] for one in admin.get(f"/runs?cursor={first['next_cursor']}")["items"]] == ["pull"]
    admin.get("/runs?status=tired", 422)


def test_runs_when_paused_resumed_and_ended_then_the_reading_is_asked_to(shop, reading, admin):
    id_ = format_id("run", reading)
    assert admin.post(f"/runs/{id_}/pause", None)["asked"] == "pause"
    assert admin.post(f"/runs/{id_}/resume", None)["asked"] is None
    assert admin.post(f"/runs/{id_}/cancel", None)["asked"] == "cancel"
    run.end(
        shop.hub.db, reading, "cancelled", outcome="given up", coverage="partial", counts={}, note="somebody ended it"
    )
    assert admin.get(f"/runs/{id_}")["coverage"] == "partial"
    admin.post(f"/runs/{id_}/pause", None, 409)


def test_runs_when_of_another_realm_then_not_there(shop, reading, caller):
    id_ = format_id("run", reading)
    other = caller("operator", realm="elsewhere")
    assert other.get("/runs")["items"] == []
    other.get(f"/runs/{id_}", 404)
    other.post(f"/runs/{id_}/cancel", None, 404)
    assert run.get(shop.hub.db, reading).wish is None
