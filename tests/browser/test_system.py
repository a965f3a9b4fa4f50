"""The pages of the system: users, tokens, audit, settings, plugins, health; files, live regions, what plugins add."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest

from hub.config import declared
from hub.console.export import safe
from hub.console.pages import health as health_page
from hub.console.pages.setting import TITLES
from hub.flow import access, audit, health, job, login
from hub.model.permission import Grant
from hub.sdk.connector import Text
from hub.sdk.console import Column, Panel
from hub.store.audit import Filter
from tests.browser.client import Visitor
from tests.browser.world import CANARIES, PASSWORD, World


def _secret(page: str) -> str:
    found = re.search(r'<p><span class="mono">([^<]+)</span>', page)
    assert found
    return found[1]


def _user(world: World, visitor: Visitor, name: str, role: str = "viewer") -> tuple[str, str]:
    """Makes a user on the page; returns the address of its page and its first password."""
    answer = visitor.post("/system/users", name=name, role=role, realm="*", locations="")
    assert answer.status_code == 200
    row = world.hub.db.one("select id from person where name = %s", (name,))
    assert row
    found = re.search(r"/system/users/usr_\w+", answer.text)
    assert found
    return found[0], _secret(answer.text)


def test_user_when_made_then_the_password_is_shown_once_and_opens_the_door(full: World) -> None:
    visitor = Visitor(full)
    path, password = _user(full, visitor, "anna")
    assert password not in visitor.get(path).text
    assert login.log_in(full.hub, "anna", password, address="127.0.0.1")
    shown = visitor.get(path).text
    assert "密码" in shown
    assert audit.trail(full.hub, Filter(act="user.created"), 1)[0].object == path.rpartition("/")[2]


def test_user_when_granted_for_a_store_then_sees_that_alone(full: World) -> None:
    visitor = Visitor(full)
    path, _password = _user(full, visitor, "berta")
    visitor.post(f"{path}/grant", role="operator", realm="default", locations="s1, s2")
    page = visitor.get(path).text
    assert "s1, s2" in page
    visitor.post(f"{path}/revoke", role="viewer", realm="*")
    grants = next(given for person, given in access.list_users(full.hub) if person.name == "berta")
    assert grants == (Grant("operator", "default", ("s1", "s2")),)


def test_user_when_barred_or_signed_out_then_at_once(full: World) -> None:
    visitor = Visitor(full)
    access.create_user(full.hub, "carla", (Grant("viewer"),), author="test", password=PASSWORD)
    full.cookies["carla"] = login.log_in(full.hub, "carla", PASSWORD, address="127.0.0.1") or ""
    path = re.search(r'/system/users/usr_\w+(?=">carla)', visitor.get("/system/users").text)
    assert path
    assert Visitor(full, "carla").get("/").status_code == 200
    visitor.post(f"{path[0]}/sessions")
    assert Visitor(full, "carla").get("/").status_code == 302
    visitor.post(f"{path[0]}/disable")
    assert login.log_in(full.hub, "carla", PASSWORD, address="127.0.0.1") is None
    visitor.post(f"{path[0]}/enable")
    new = _secret(visitor.post(f"{path[0]}/password").text)
    assert login.log_in(full.hub, "carla", new, address="127.0.0.1")


def test_admin_when_the_last_one_then_the_page_says_why_it_stays(empty: World) -> None:
    visitor = Visitor(empty)
    own = re.search(r'/system/users/usr_\w+(?=">admin<)', visitor.get("/system/users").text)
    other = re.search(r'/system/users/usr_\w+(?=">admin-en<)', visitor.get("/system/users").text)
    assert own
    assert other
    assert visitor.post(f"{other[0]}/disable").status_code == 303
    answer = visitor.post(f"{own[0]}/revoke", role="admin", realm="*", back="/console/system/users")
    assert "make another admin first" in visitor.client.get(answer.location).text
    visitor.post(f"{other[0]}/enable")


def test_admin_of_one_realm_when_reaching_for_another_then_refused(full: World) -> None:
    access.create_user(full.hub, "dora", (Grant("admin", "tea"),), author="test", password=PASSWORD)
    full.cookies["dora"] = login.log_in(full.hub, "dora", PASSWORD, address="127.0.0.1") or ""
    visitor, user = Visitor(full, "dora"), full.ids["user"]
    assert visitor.post("/system/users", name="eva", role="admin", realm="*").status_code == 403
    assert visitor.post("/system/users", name="eva", role="viewer", realm="default").status_code == 403
    assert visitor.post(f"/system/users/{user}/password").status_code == 403
    assert visitor.post(f"/system/users/{user}/grant", role="viewer", realm="tea").status_code == 403
    assert visitor.post("/system/tokens", name="x", role="admin", realm="*").status_code == 403
    assert visitor.post(f"/system/tokens/{full.ids['token']}/revoke").status_code == 403
    assert visitor.post("/system/users", name="eva", role="viewer", realm="tea").status_code == 200


def test_token_when_made_then_shown_once_works_and_can_be_revoked(full: World) -> None:
    visitor = Visitor(full)
    answer = visitor.post("/system/tokens", name="till reports", role="viewer", realm="default", expires="30")
    text = _secret(answer.text)
    assert access.holder_of(full.hub, text)
    page = visitor.get("/system/tokens").text
    assert text not in page
    found = re.search(r"/system/tokens/(tok_\w+)/revoke", page.partition("till reports")[2])
    assert found
    assert visitor.post(f"/system/tokens/{found[1]}/revoke").status_code == 303
    assert access.holder_of(full.hub, text) is None


def test_audit_when_verified_then_the_page_says_up_to_where(full: World) -> None:
    visitor = Visitor(full, "auditor")
    assert visitor.post("/system/audit/verify").status_code == 303
    assert "已校验至第" in visitor.get("/system/audit").text
    row = full.hub.db.one("select max(seq) from audit")
    assert row
    full.hub.db.execute("update audit set reason = 'changed' where seq = %s", (row[0] - 1,))
    visitor.post("/system/audit/verify")
    assert f"第 {row[0] - 1} 行被改动" in visitor.get("/system/audit").text
    full.hub.db.execute("update audit set reason = '' where seq = %s", (row[0] - 1,))
    audit.verify(full.hub)


def test_audit_when_paged_then_every_row_stands_once(full: World) -> None:
    for number in range(60):
        audit.record(full.hub, "cli", "test.paged", f"thing {number}")
    visitor = Visitor(full)
    first = visitor.get("/system/audit?act=test.paged").text
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older
    second = visitor.client.get(older[1].replace("&amp;", "&")).text
    things = [int(n) for n in re.findall(r"<code>thing (\d+)</code>", first + second)]
    assert things == list(range(59, -1, -1))


def test_settings_when_shown_then_secrets_are_not_and_each_has_its_words(full: World) -> None:
    page = Visitor(full, "auditor").get("/system/settings").text
    assert full.hub.settings.secret_key not in page
    for about in declared():
        assert about.metadata["variable"] in page
        assert about.name in TITLES, "say in TITLES what this setting is"


def test_plugins_when_one_is_broken_then_the_reason_and_what_to_do(full: World) -> None:
    page = Visitor(full).get("/system/plugins").text
    assert "unfinished" in page
    assert "ModuleNotFoundError" in page
    assert "然后重启" in page
    assert "labels" in page


def test_health_when_shown_then_every_check_has_its_words(full: World) -> None:
    page = Visitor(full, "operator").get("/system/health").text
    assert "pipeline" in page
    assert {
        check.code for check in health.look(full.hub).checks
    } <= health_page.TITLES.keys() & health_page.ADVICE.keys()


def test_health_when_a_periodic_job_fails_then_what_it_met_and_when_it_is_tried_again(
    full: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=8)
    rows = [job.JobRow("labels.count", None, soon, None, soon, soon, 4, "the ledger is away")]
    monkeypatch.setattr(job, "overview", lambda _hub: rows)
    page = Visitor(full, "operator").get("/system/health").text
    assert "labels.count" in page
    assert "连续 4 次: the ledger is away" in page


def _count(world: World, kind: str) -> int:
    row = world.hub.db.one("select count(*) from golden where kind = %s", (kind,))
    assert row
    return int(row[0])


def test_files_when_exported_by_anybody_then_masked_recorded_and_harmless(full: World) -> None:
    for role in ("viewer", "admin"):
        visitor = Visitor(full, role)
        file = visitor.get("/records/customers.csv")
        assert (file.mimetype, file.status_code) == ("text/csv", 200)
        assert "attachment" in file.headers["Content-Disposition"]
        assert not [canary for canary in CANARIES if canary in file.text]
        assert len(file.text.splitlines()) == 1 + _count(full, "customer")
    assert audit.trail(full.hub, Filter(act="list.exported"), 1)[0].object == "customers"
    assert len(Visitor(full).get("/records/orders.csv").text.splitlines()) == 1 + _count(full, "order") > 60
    for path in ("/events.csv", "/deliveries.csv", "/system/audit.csv"):
        assert Visitor(full, "viewer").get(path).status_code == 403
        assert Visitor(full).get(path).text.startswith("\ufeff")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"), ("+86138", "+86138"), ("-12.30", "-12.30"), ("-2+3", "'-2+3"), ("@x", "'@x"), ("\tx", "'\tx"),
        (" =x", "' =x"), ("=", "'="), ("plain", "plain"), (None, ""), (7, "7"),
    ],
)  # fmt: skip
def test_cell_when_it_looks_like_a_formula_then_it_is_none(value: object, cell: str) -> None:
    assert safe(value) == cell


def test_region_when_asked_again_then_only_what_changed(full: World) -> None:
    visitor = Visitor(full)
    path = f"/system/users/{full.ids['user']}"
    first = visitor.get(path, headers={"X-Region": "live"})
    assert first.status_code == 200
    assert '<header class="top' not in first.text
    again = visitor.get(path, headers={"X-Region": "live", "If-None-Match": first.headers["ETag"]})
    assert again.status_code in (200, 304)  # a session of the user may have been seen meanwhile
    assert again.headers["X-As-Of"]
    settings = visitor.get("/system/settings", headers={"X-Region": "live"})
    tag = {"X-Region": "live", "If-None-Match": settings.headers["ETag"]}
    same = visitor.get("/system/settings", headers=tag)
    assert (same.status_code, same.data) == (304, b"")


def test_plugin_when_installed_then_its_page_panel_column_and_badge_are_there(full: World) -> None:
    visitor = Visitor(full)
    page = visitor.get("/p/labels/words").text
    assert "新词" in page
    assert '<header class="top' in page
    assert re.search(r'href="/console/p/labels/words"[^>]*>标签 <span class="badge">2<', visitor.get("/").text)
    record = visitor.get(f"/records/customers/{full.ids['customer']}").text
    assert "<b>vip</b>" in record
    assert "标签数" in visitor.get("/records/customers").text
    assert visitor.post("/p/labels/words", word="tea").location == "/console/p/labels/words"
    assert "tea" in visitor.get("/p/labels/words").text
    assert visitor.client.post("/console/p/labels/words", data={"word": "x"}).status_code == 400
    with visitor.get("/p/labels/static/labels.css") as style:
        assert style.status_code == 200
    assert visitor.get("/p/labels/static/../plugin.py").status_code == 404
    assert visitor.get("/p/labels/nothing").status_code == 404
    assert visitor.get("/p/nobody/words").status_code == 404
    assert Visitor(full, "viewer").get("/p/labels/words").status_code == 403
    assert "labels/words" not in Visitor(full, "viewer").get("/").text


@pytest.fixture
def added(full: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Adds parts to the example plugin for one test."""

    def add(*parts: Any) -> None:
        from dataclasses import replace

        package = full.hub.registry.packages["labels"]
        more = replace(package, console=(*package.console, *parts))
        monkeypatch.setitem(full.hub.registry.packages, "labels", more)

    return add


def test_panel_when_it_fails_or_is_slow_then_the_page_goes_on(full: World, added: Callable[..., None]) -> None:
    stuck = Event()

    def fails(_request: object) -> str:
        raise RuntimeError("secret detail")

    def waits(_request: object) -> str:
        stuck.wait(5)
        return "late"

    def broken_column(data: object) -> object:
        raise KeyError("secret detail")

    added(
        Panel("customer", "panel", Text("坏的", "Broken"), fails),
        Panel("customer", "summary", Text("慢的", "Slow"), waits),
        Column("customer", "bad", Text("坏列", "Bad"), broken_column),
    )
    try:
        page = Visitor(full).get(f"/records/customers/{full.ids['customer']}")
    finally:
        stuck.set()
    assert page.status_code == 200
    assert len(re.findall(r"该插件暂不可用（错误 err_\w+）", page.text)) == 2
    assert "secret detail" not in page.text
    assert "<b>vip</b>" in page.text
    listed = Visitor(full).get("/records/customers")
    assert (listed.status_code, "坏列" in listed.text) == (200, True)
