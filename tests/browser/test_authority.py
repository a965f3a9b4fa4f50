"""Who may do what: every route, every role; forms of other sites; sessions that end."""

from __future__ import annotations

import re

import pytest

from hub.console.pages import ROUTES
from hub.console.route import Route
from hub.flow import access, login
from hub.model.permission import ROLES as ROLE_TABLE
from hub.model.permission import Grant
from tests.browser.cases import path_of
from tests.browser.client import Visitor
from tests.browser.world import PASSWORD, ROLES, World

GUARDED = [route for route in ROUTES if route.permission]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", GUARDED, ids=lambda route: route.endpoint)
def test_route_when_asked_by_a_role_then_as_its_permission_says(full: World, route: Route, role: str) -> None:
    visitor = Visitor(full, role)
    path = path_of(route, full)
    if ROLE_TABLE[role].may(route.permission):
        if "GET" in route.methods:
            assert visitor.get(path).status_code in (200, 404), path
        return
    answer = visitor.get(path) if "GET" in route.methods else visitor.post(path, reason="x")
    assert answer.status_code == 403
    assert route.permission in answer.text


@pytest.mark.parametrize("route", [route for route in ROUTES if not route.is_public], ids=lambda route: route.endpoint)
def test_route_when_nobody_is_signed_in_then_the_sign_in_page(full: World, route: Route) -> None:
    visitor = Visitor(full, "")
    path = f"/console{path_of(route, full)}"
    answer = visitor.client.open(path, method=route.methods[0])
    assert answer.status_code == 302
    assert answer.location.startswith("/console/login")


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if "POST" in route.methods], ids=lambda route: route.endpoint
)
def test_form_when_without_the_secret_of_the_session_then_refused(full: World, route: Route) -> None:
    visitor = Visitor(full)
    path = f"/console{path_of(route, full)}"
    for fields in ({}, {"csrf": ""}, {"csrf": "guess"}, {"csrf": Visitor(full, "viewer").csrf()}):
        assert visitor.client.post(path, data=fields).status_code == 400


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "same-site"}]
)
def test_form_when_sent_by_another_site_then_refused(full: World, headers: dict[str, str]) -> None:
    visitor = Visitor(full)
    answer = visitor.client.post("/console/language", data={"csrf": visitor.csrf(), "language": "zh"}, headers=headers)
    assert answer.status_code == 400


def test_login_when_right_then_a_session_that_ends_with_sign_out(full: World) -> None:
    visitor = Visitor(full, "")
    answer = visitor.client.post(
        "/console/login",
        data={"csrf": visitor.csrf("/login"), "name": "operator", "password": PASSWORD, "next": "/console/events"},
    )
    assert (answer.status_code, answer.location) == (303, "/console/events")
    cookie = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith("hub_session="))
    assert {"HttpOnly", "SameSite=Lax", "Path=/console"} <= set(cookie.split("; "))
    assert visitor.get("/events").status_code == 200
    value = visitor.client.get_cookie("hub_session", path="/console")
    assert value
    assert visitor.post("/logout").status_code == 303
    visitor.client.set_cookie("hub_session", value.value, path="/console")
    assert visitor.get("/events").status_code == 302


def test_login_when_wrong_then_the_name_stays_and_the_password_does_not(full: World) -> None:
    visitor = Visitor(full, "")
    fields = {"csrf": visitor.csrf("/login"), "name": "operator", "password": "a wrong sentence"}
    answer = visitor.client.post("/console/login", data=fields)
    assert answer.status_code == 401
    assert 'value="operator"' in answer.text
    assert "a wrong sentence" not in answer.text


def test_login_when_the_next_page_is_elsewhere_then_the_overview(full: World) -> None:
    for wish in ("//evil.example/console/", "https://evil.example/", "/\\evil.example", "/console/../api"):
        visitor = Visitor(full, "")
        fields = {"csrf": visitor.csrf("/login"), "name": "operator", "password": PASSWORD, "next": wish}
        assert visitor.client.post("/console/login", data=fields).location == "/console/"


def test_session_when_revoked_then_the_next_page_is_the_sign_in(full: World) -> None:
    access.create_user(full.hub, "brief", (Grant("viewer"),), author="test", password=PASSWORD)
    full.cookies["brief"] = login.log_in(full.hub, "brief", PASSWORD, address="127.0.0.1") or ""
    visitor = Visitor(full, "brief")
    assert visitor.get("/").status_code == 200
    access.set_disabled(full.hub, "brief", disabled=True, author="test")
    assert visitor.get("/").status_code == 302


def test_password_when_handed_out_then_nothing_else_opens_before_it_is_changed(full: World) -> None:
    visitor = Visitor(full, "fresh")
    assert visitor.get("/").location == "/console/profile"
    assert visitor.get("/profile").status_code == 200


def test_password_when_changed_then_other_sessions_end(full: World) -> None:
    name = "changes"
    access.create_user(full.hub, name, (Grant("viewer"),), author="test", password=PASSWORD)
    full.cookies[name] = login.log_in(full.hub, name, PASSWORD, address="127.0.0.1") or ""
    full.cookies["elsewhere"] = login.log_in(full.hub, name, PASSWORD, address="127.0.0.1") or ""
    here, elsewhere = Visitor(full, name), Visitor(full, "elsewhere")
    wrong = here.post("/profile/password", old="not it", new="another sentence", again="another sentence")
    assert wrong.status_code == 400
    assert (
        here.post("/profile/password", old=PASSWORD, new="another sentence", again="another sentence").status_code
        == 303
    )
    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302


def test_realm_when_not_the_visitors_then_its_things_do_not_exist(full: World) -> None:
    access.create_user(full.hub, "abroad", (Grant("admin", "elsewhere"),), author="test", password=PASSWORD)
    full.cookies["abroad"] = login.log_in(full.hub, "abroad", PASSWORD, address="127.0.0.1") or ""
    visitor = Visitor(full, "abroad")
    ids = full.ids
    for path in (
        f"/records/orders/{ids['order']}",
        f"/events/{ids['event']}",
        f"/deliveries/{ids['delivery_dead']}",
        "/connections/crm",
    ):
        assert visitor.get(path).status_code == 404, path
    for path in ("/records/orders", "/events", "/deliveries", "/quarantine", "/parked", "/connections", "/"):
        page = visitor.get(path)
        assert page.status_code == 200
        assert "#11" not in page.text
        assert "crm" not in page.text.partition("<main")[2].replace('value="crm"', "").replace(">crm</option>", "")
    assert visitor.post(f"/deliveries/{ids['delivery_dead']}/retry", reason="x").status_code == 404
    assert visitor.post("/quarantine/run-again", event=ids["quarantined"]).status_code == 403
    assert visitor.post("/connections/crm/pause", reason="x").status_code == 403


def test_location_when_a_role_is_limited_to_one_then_nothing_else_is_reached(full: World) -> None:
    grants = (Grant("operator", "*", ("s1",)),)
    access.create_user(full.hub, "till", grants, author="test", password=PASSWORD)
    full.cookies["till"] = login.log_in(full.hub, "till", PASSWORD, address="127.0.0.1") or ""
    visitor = Visitor(full, "till")
    listed = visitor.get("/records/orders").text
    assert "#1102" in listed
    assert "#1042" not in listed
    assert visitor.get(f"/records/orders/{full.ids['order_in_store']}").status_code == 200
    assert visitor.get(f"/records/orders/{full.ids['order']}").status_code == 404
    # Somebody who bought there is known there; somebody who did not is not.
    assert visitor.get(f"/records/customers/{full.ids['customer']}").status_code == 200
    assert visitor.get(f"/records/customers/{full.ids['alone']}").status_code == 404
    assert visitor.post("/search", q=full.ids["order"]).location.startswith("/console/search/")
    assert visitor.client.get(visitor.post("/search", q="#1042").location).status_code == 200
    assert visitor.get("/events").status_code == 403
    assert visitor.post("/connections/crm/pause", reason="x").status_code == 403


def test_headers_when_any_page_then_nothing_foreign_is_let_in(full: World) -> None:
    for path in ("/", "/login", "/nothing", f"/events/{full.ids['event']}"):
        headers = Visitor(full).get(path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"


def test_page_when_the_hub_has_a_fault_then_an_id_and_no_trace(full: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("hub.store.console_event.list_events", broken)
    answer = Visitor(full).get("/events")
    assert answer.status_code == 500
    assert re.search(r"err_[0-9A-Z]{26}", answer.text)
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text
