"""Who may call what, and what hostile requests are answered."""

import gzip
import itertools
import re

import pytest

from hub.api.gate import permission_of
from hub.model.permission import PERMISSIONS, ROLES

PUBLIC = {"/healthz", "/readyz", "/metrics", "/api/v1/openapi.json"}
ID = "01J8Z3K9M4Q7R2T5V6W8X9Y0Z1"


def routes(app):
    """(method, address, endpoint) of every route."""
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield method, rule.rule, rule.endpoint


def filled(rule):
    """An address of the route whose ids name nothing."""
    collection = rule.split("/")[3]
    prefixes = {"events": "evt", "items": "itm", "plans": "pln", "deliveries": "dlv", "decisions": "dec"}
    kinds = {"customers": "cus", "orders": "ord"}
    prefix = (prefixes | kinds).get(collection, "xxx")
    for name in ("<id>", "<name>", "<field>", "<connection>"):
        rule = rule.replace(name, f"{prefix}_{ID}" if name == "<id>" else "nothing")
    return rule


def test_routes_when_listed_then_each_asks_for_a_known_permission(app):
    naked = [
        (method, rule)
        for method, rule, endpoint in routes(app)
        if rule not in PUBLIC and permission_of(app, endpoint) not in PERMISSIONS
    ]
    assert naked == []


def test_routes_when_called_by_every_role_then_the_table_decides(app, caller):
    callers = {role: caller(role) for role in ROLES}
    anybody = app.test_client()
    seen = set()
    for method, rule, endpoint in routes(app):
        permission = permission_of(app, endpoint)
        if rule in PUBLIC or ((permission, method) in seen and not rule.startswith(("/api/v1/customers", "/api/v1/e"))):
            continue
        seen.add((permission, method))
        address = filled(rule)
        assert anybody.open(address, method=method, json={}).status_code == 401, (method, rule)
        for role, call in callers.items():
            status = call(method, address, json={}).status_code
            allowed = ROLES[role].may(permission)
            assert (status != 403) == allowed, (role, method, rule, status)
            assert status < 500, (role, method, rule, status)
    assert len(seen) >= 8


@pytest.mark.parametrize(
    ("role", "permission", "allowed"),
    [
        ("viewer", "record.see", True),
        ("viewer", "record.reveal", False),
        ("viewer", "payload.masked", False),
        ("viewer", "flow.see", False),
        ("steward", "record.steward", True),
        ("steward", "record.reveal", True),
        ("steward", "flow.operate", False),
        ("steward", "payload.raw", False),
        ("operator", "flow.operate", True),
        ("operator", "record.reveal", False),
        ("operator", "record.steward", False),
        ("operator", "connection.configure", False),
        ("admin", "connection.configure", True),
        ("admin", "effect.resend", True),
        ("admin", "access.manage", True),
        ("admin", "privacy.act", False),
        ("privacy", "privacy.act", True),
        ("privacy", "payload.raw", True),
        ("privacy", "record.steward", False),
        ("auditor", "audit.see", True),
        ("auditor", "record.reveal", False),
        ("auditor", "flow.operate", False),
    ],
)
def test_roles_when_compared_with_the_table_of_the_design_then_they_agree(role, permission, allowed):
    assert ROLES[role].may(permission) is allowed


def test_permissions_when_bundled_then_every_one_is_known_and_used():
    assert set(itertools.chain.from_iterable(role.permissions for role in ROLES.values())) == set(PERMISSIONS)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer rht_wrong",
        "Bearer rht_" + "x" * 500,
        "Bearer rht_é",
        "rht_x",
    ],
)
def test_call_when_the_token_is_no_token_then_401_with_a_challenge(app, header):
    headers = {} if header is None else {"Authorization": header}
    response = app.test_client().get("/api/v1/customers", headers=headers)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert response.content_type == "application/problem+json"


def test_call_when_the_realm_is_another_then_nothing_is_there(rig, caller):
    for realm in ("tea", "coffee"):
        rig.connect(realm, {"customer": "in"}, realm=realm)
        data = {"id": "1", "updated_at": "2026-11-01T00:00:00Z", "full_name": realm}
        rig.send(realm, "customer.created", {**data, "identities": [{"namespace": "member_no", "value": "M1"}]})
    rig.settle()
    tea, everywhere = caller("admin", "tea"), caller("admin")
    ids = {c["data"]["full_name"]: c["id"] for c in everywhere.get("/customers")["items"]}
    events = {e["connection"]: e["id"] for e in everywhere.get("/events")["items"]}
    assert [c["data"]["full_name"] for c in tea.get("/customers")["items"]] == ["tea"]
    assert [c["data"]["full_name"] for c in tea.post("/customers/search", {"q": "M1"})["items"]] == ["tea"]
    assert tea.post("/customers/search", {"q": ids["coffee"]})["items"] == []
    assert tea.post("/customers/search", {"external_id": "1"})["items"][0]["id"] == ids["tea"]
    for path in ("", "/history", "/explain"):
        tea.get(f"/customers/{ids['coffee']}{path}", 404)
    tea.post(f"/customers/{ids['coffee']}/pins", {"field": "language", "value": "en"}, 404)
    tea.post(f"/customers/{ids['tea']}/merge", {"with": ids["coffee"]}, 404)
    tea.get("/customers?connection=coffee", 404)
    assert [e["connection"] for e in tea.get("/events")["items"]] == ["tea"]
    for path in ("", "/raw"):
        tea.get(f"/events/{events['coffee']}{path}", 404)
    tea.post(f"/events/{events['coffee']}/replay", {}, 404)
    assert [c["name"] for c in tea.get("/connections")["items"]] == ["tea"]
    tea.get("/connections/coffee", 404)
    assert tea("PATCH", "/connections/coffee", json={"paused": True}).status_code == 404
    tea.post("/connections", {"name": "new", "connector": "webhook", "realm": "coffee"}, 403)
    assert [c["connection"] for c in tea.get("/metrics/summary")["connections"]] == ["tea"]


def test_call_when_the_role_may_not_reveal_then_personal_values_are_masked(rig, caller):
    rig.connect("shop", {"customer": "in"})
    phone = {"namespace": "phone", "value": "+8613812345678", "verified": "otp"}
    data = {"id": "1", "updated_at": "2026-11-01T00:00:00Z", "full_name": "王小明", "identities": [phone]}
    rig.send("shop", "customer.created", {**data, "own_field": "13812345678", "note": "老顾客喜欢绿茶"})
    rig.settle()
    event = caller().get("/events")["items"][0]["id"]
    for role in ROLES:
        call = caller(role)
        [found] = call.get("/customers")["items"]
        places = [found, call.get(f"/customers/{found['id']}"), call.post("/customers/search", {"q": "13812345678"})]
        places += [call.get(f"/customers/{found['id']}/{path}") for path in ("history", "explain")]
        clear = ROLES[role].may("record.reveal")
        for place in places:
            text = str(place)
            assert ("12345678" in text or "王小明" in text) == clear, (role, place)
            assert ("绿茶" in text) <= clear
        if ROLES[role].may("flow.see"):
            assert "12345678" not in str(call.get(f"/events/{event}"))
            raw = call.get(f"/events/{event}/raw")
            assert ("12345678" in str(raw)) == ROLES[role].may("payload.raw"), role


HOSTILE = {
    "not json": b"{",
    "empty": b"",
    "two keys": b'{"q": "a", "q": "b"}',
    "nan": b'{"q": NaN}',
    "infinity": b'{"q": Infinity}',
    "5,000 digits": b'{"q": ' + b"9" * 5000 + b"}",
    "beyond 64 bits": b'{"q": 99999999999999999999}',
    "lone surrogate": b'{"q": "\\ud800"}',
    "nul": b'{"q": "\\u0000"}',
    "latin-1": b'{"q": "\xe9"}',
    "utf-16": '{"q": "a"}'.encode("utf-16"),
    "bom": b'\xef\xbb\xbf{"q": "a"}',
    "deep": b'{"q": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
}


@pytest.mark.parametrize(
    "path", ["/customers/search", "/connections", f"/customers/cus_{ID}/pins", f"/events/evt_{ID}/replay"]
)
@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_write_when_the_json_is_hostile_then_400(admin, path, raw):
    response = admin("POST", path, data=raw, content_type="application/json")
    assert response.status_code == 400
    assert response.content_type == "application/problem+json"
    assert response.get_json()["status"] == 400


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "text/plain"}, b"{}", 415),
        ({}, b"{}", 415),
        ({"Content-Type": "application/json; charset=gbk"}, b"{}", 400),
        ({"Content-Type": "application/json", "Content-Encoding": "br"}, b"{}", 415),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, b"{}", 400),
        (
            {"Content-Type": "application/json", "Content-Encoding": "gzip"},
            gzip.compress(b" " * 50_000_000, mtime=0),
            413,
        ),
        ({"Content-Type": "application/json"}, b" " * 1_100_000, 413),
        (
            {"Content-Type": "application/json", "Content-Encoding": "gzip"},
            gzip.compress(b'{"q": "nobody"}', mtime=0),
            200,
        ),
        ({"Content-Type": "application/problem+json; charset=UTF-8"}, b'{"q": "nobody"}', 200),
    ],
)
def test_write_when_the_body_comes_strangely_then_it_says_so(admin, headers, body, status):
    response = admin("POST", "/customers/search", data=body, headers=headers)
    assert response.status_code == status, response.get_data(as_text=True)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/", 404),
        ("PUT", "/customers", 405),
        ("DELETE", "/events", 405),
        ("TRACE", "/events", 405),
    ],
)
def test_call_when_there_is_no_such_route_then_a_problem(admin, method, path, status):
    response = admin(method, path)
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    found = response.get_json()
    assert {"type", "title", "status"} <= found.keys()
    assert status != 405 or "GET" in response.headers["Allow"]


def test_call_when_the_hub_has_a_bug_then_500_says_an_id_and_nothing_else(admin, monkeypatch, caplog):
    def broken(*_args, **_kwargs):
        raise ValueError("138" + "12345678")

    monkeypatch.setattr("hub.store.view.page", broken)
    response = admin("GET", "/customers")
    found = response.get_json()
    assert response.status_code == 500
    assert "138" not in str(found)
    assert found["error_id"] in caplog.text
    assert "ValueError" in caplog.text
    assert "13812345678" not in caplog.text


def test_call_when_the_database_is_away_then_503_and_when_to_come_back(admin, rig, monkeypatch):
    def away(*_args, **_kwargs):
        with rig.hub.db.session() as conn:
            conn.execute("select pg_terminate_backend(pg_backend_pid())")

    monkeypatch.setattr("hub.store.view.page", away)
    response = admin("GET", "/customers")
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0


def test_answers_when_given_then_no_browser_and_no_cache_may_keep_them(admin):
    for response in (
        admin("GET", "/customers"),
        admin("GET", "/nothing"),
        admin("POST", "/customers/search", data=b"{"),
    ):
        if response.status_code != 404:
            assert response.headers["Cache-Control"] == "no-store"
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]


def test_openapi_when_asked_then_it_describes_every_route(app):
    spec = app.test_client().get("/api/v1/openapi.json").get_json()
    assert spec["openapi"].startswith("3.")
    described = {
        (method.upper(), path)
        for path, methods in spec["paths"].items()
        for method in methods
        if method != "parameters"
    }
    expected = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule))
        for method, rule, _ in routes(app)
        if rule.startswith("/api/v1/") and rule not in PUBLIC
    }
    assert described == expected
    assert spec["components"]["schemas"]["Customer"]["properties"]["data"]
    assert spec["security"] == [{"token": []}]
    assert list(spec["components"]["responses"]["DEFAULT_ERROR"]["content"]) == ["application/problem+json"]


def test_reads_when_personal_values_are_shown_then_the_trail_says_so_once_an_hour(rig, caller):
    admin, viewer = caller("admin"), caller("viewer")
    for call in (admin, viewer):
        call.get("/customers")
        call.get("/customers")
        call.get("/orders")
    rows = rig.hub.db.all("select actor, object from audit where act = 'record.read_clear' order by seq")
    assert [object_ for _, object_ in rows] == ["customers", "orders"]
    assert len({actor for actor, _ in rows}) == 1
