"""Connections, runs and plans: what the pages say, and that each act does what it says."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote

import pytest
import yaml

from hub.console.pages import connection, plan, run, setup
from hub.flow import access, audit, login
from hub.model.identifier import parse_id
from hub.model.permission import Grant
from hub.store import run as run_store
from tests.browser.cases import cases
from tests.browser.client import Visitor
from tests.browser.connecting import SECRET
from tests.browser.statements import statements
from tests.browser.test_pages import text_of
from tests.browser.world import PASSWORD, World

SHOP = f"/connections/{quote('网店')}"
OURS = {route.endpoint for page in (connection, plan, run, setup) for route in page.ROUTES}
STATEMENTS = 8


def status_of_run(world: World, name: str) -> tuple[str, str | None]:
    found = run_store.get(world.hub.db, parse_id(world.ids[name])[1])
    assert found is not None
    return found.status, found.wish


def test_pages_when_loaded_then_few_statements_and_no_secret(full: World, monkeypatch: pytest.MonkeyPatch) -> None:
    many = {}
    for case in cases(full):
        if case.endpoint not in OURS or case.state == "empty" or case.status != 200:
            continue
        visitor = Visitor(full, case.role)
        with statements(monkeypatch) as seen:
            page = visitor.get(case.path).text
        assert SECRET not in page, case.name
        if len(seen) > STATEMENTS:
            many[case.name] = len(seen)
    assert many == {}


def test_connection_when_refused_then_the_page_says_why_and_leads_to_the_credentials(full: World) -> None:
    page = Visitor(full).get(f"/connections/{quote('停用的店')}").text
    assert "HTTP 401" in text_of(page)
    assert f"/console/connections/{quote('停用的店')}/settings" in page


def test_connections_when_listed_then_each_with_state_credential_and_what_waits(full: World) -> None:
    page = text_of(Visitor(full).get("/connections").text)
    for words in ("需要处理", "拒绝", "影子", "未上线", "通用 Webhook", "正在设置 till"):
        assert words in page


def test_connections_when_exported_then_yaml_without_secrets(full: World) -> None:
    answer = Visitor(full).get("/connections.yaml")
    declared = yaml.safe_load(answer.text)["connections"]
    assert declared["crm"]["connector"] == "webhook"
    assert "till needs the secrets: secret" in answer.text
    assert SECRET not in answer.text
    assert "已断开" not in declared


def test_connections_when_exported_by_the_admin_of_another_realm_then_empty(full: World) -> None:
    access.create_user(full.hub, "foreign", (Grant("admin", "elsewhere"),), author="test", password=PASSWORD)
    full.cookies["foreign"] = login.log_in(full.hub, "foreign", PASSWORD, address="127.0.0.1") or ""
    visitor = Visitor(full, "foreign")
    assert yaml.safe_load(visitor.get("/connections.yaml").text)["connections"] == {}
    begun = f"/connections/new/webhook/{full.ids['setup']}"
    assert visitor.get(f"{begun}/streams").status_code == 404
    assert visitor.post(f"{begun}/finish").status_code == 404
    assert visitor.post("/connections/new/webhook", name="mine", realm="default").status_code == 403
    assert visitor.get(f"/runs/{full.ids['run']}").status_code == 404
    assert visitor.get(f"/plans/{full.ids['plan']}").status_code == 404
    assert visitor.post(f"/plans/{full.ids['plan']}/decide", decision="release").status_code == 404


def test_settings_when_saved_then_they_count_and_an_empty_secret_stays(full: World) -> None:
    visitor = Visitor(full)
    fields = {"config.ping": "post", "flow.customer": "both", "flow.order": "in", "rank": "42", "mode": "live"}
    assert visitor.post("/connections/till/settings", **fields).status_code == 303
    row = full.hub.connections.by_name("till")
    assert (row.config, row.rank, row.phase) == ({"ping": "post"}, 42, "off")
    assert full.hub.connections.connector("till").secrets == {"secret": (SECRET,)}


def test_settings_when_wrong_then_all_is_said_and_what_was_typed_stays(full: World) -> None:
    fields = {
        "config.target_url": "no address",
        "config.ping": "never",
        "flow.customer": "in",
        "secret.secret": "x-y-z",
    }
    answer = Visitor(full).post("/connections/till/settings", **fields)
    assert answer.status_code == 400
    assert "must look like" in answer.text
    assert "must be one of head, post" in answer.text
    assert 'value="no address"' in answer.text
    assert "x-y-z" not in answer.text


def test_pull_when_there_is_nothing_to_read_then_said_on_the_page_that_asked(full: World) -> None:
    visitor = Visitor(full, "operator")
    answer = visitor.post("/connections/crm/pull", back="/console/connections/crm")
    assert answer.location == "/console/connections/crm"
    assert "crm has nothing to read" in visitor.client.get(answer.location).text


def test_run_when_paused_resumed_and_ended_then_its_row_says_so(full: World) -> None:
    visitor = Visitor(full, "operator")
    path = f"/runs/{full.ids['run']}"
    page = text_of(visitor.get(path).text)
    for words in ("1,200", "41,000", "3%", "预计剩余"):
        assert words in page
    visitor.post(f"{path}/pause")
    assert status_of_run(full, "run") == ("running", "pause")
    assert "正在停止" in visitor.get(path).text
    visitor.post(f"{path}/resume")
    assert status_of_run(full, "run") == ("running", None)
    held = f"/runs/{full.ids['run_held']}"
    visitor.post(f"{held}/cancel")
    assert status_of_run(full, "run_held") == ("cancelled", None)
    again = visitor.post(f"{held}/resume")
    assert "cancelled already" in visitor.client.get(again.location).text
    assert audit.recent(full.hub, act="run.cancel", limit=1)[0].object == full.ids["run_held"]


def test_run_when_it_saw_less_than_all_then_it_is_not_shown_as_done(full: World) -> None:
    page = text_of(Visitor(full).get(f"/runs/{full.ids['run_cut']}").text)
    assert "已结束，不完整" in page
    assert "the listing ends at 60 days" in page


def test_runs_when_nothing_fits_then_the_filter_can_be_cleared(full: World) -> None:
    page = Visitor(full).get("/runs?type=verify").text
    assert "没有符合筛选的内容" in page


def test_plan_when_shown_then_counts_fields_and_samples_masked(full: World) -> None:
    golive = text_of(Visitor(full).get(f"/plans/{full.ids['plan_golive']}").text)
    for words in ("78,412", "21,000", "588", "有 3 条记录的分歧", "full_name", "在有人决定之前"):
        assert words in golive
    assert "样例" in text_of(Visitor(full).get(f"/plans/{full.ids['plan']}").text)


def test_plan_when_decided_then_its_targets_go_and_the_trail_says_why(full: World) -> None:
    visitor = Visitor(full, "operator")
    path = f"/plans/{full.ids['plan']}"
    assert visitor.post(f"{path}/decide", decision="nonsense").status_code == 400
    visitor.post(f"{path}/decide", decision="canary")
    assert "已先放行十条" in visitor.get(path).text
    visitor.post(f"{path}/decide", decision="discard", reason="wrong rule")
    assert "放弃" in text_of(visitor.get(path).text)
    row = audit.recent(full.hub, act="plan.discarded", limit=1)[0]
    assert (row.object, row.reason) == (full.ids["plan"], "wrong rule")
    assert "was discarded already" in unescape(
        visitor.client.get(visitor.post(f"{path}/decide", decision="release").location).text
    )


def test_connection_when_stored_and_never_begun_then_it_can_be_begun(full: World) -> None:
    visitor = Visitor(full)
    path = f"/connections/{quote('未开始')}"
    assert "开始读取" in visitor.get(path).text
    visitor.post(f"{path}/begin")
    assert full.hub.connections.by_name("未开始").phase == "reading"


def test_go_live_when_not_reviewed_then_refused_in_words(full: World) -> None:
    visitor = Visitor(full)
    answer = visitor.post(f"/connections/{quote('首次读取')}/go-live")
    assert "首次完整读取之后才能上线" in visitor.client.get(answer.location).text
    assert full.hub.connections.by_name("首次读取").phase == "reading"
    visitor.post(f"/connections/{quote('待上线')}/go-live")
    assert full.hub.connections.by_name("待上线").phase == "live"


def test_check_when_asked_then_the_finding_is_said_and_kept(full: World) -> None:
    visitor = Visitor(full, "operator")
    answer = visitor.post("/connections/till/check")
    assert "receives only" in visitor.client.get(answer.location).text
    assert full.hub.db.one("select health -> 'check' ->> 'ok' from connection where name = 'till'") == ("true",)


def test_disconnect_when_the_name_is_not_typed_then_nothing_happens(full: World) -> None:
    visitor = Visitor(full)
    path = f"/connections/{quote('影子')}"
    answer = visitor.post(f"{path}/disconnect", typed="another")
    assert "输入的名称不一致" in visitor.client.get(answer.location).text
    assert full.hub.connections.by_name("影子").disconnected_at is None
    visitor.post(f"{path}/disconnect", typed="影子", reason="closed")
    assert full.hub.connections.by_name("影子").disconnected_at is not None
    page = text_of(visitor.get(f"{path}/history").text)
    assert "connection.disconnect" in page
    assert "closed" in page


def test_fields_when_a_system_gives_values_then_counted_by_kind(full: World) -> None:
    page = text_of(Visitor(full).get(f"{SHOP}/fields").text)
    assert re.search(r"订单编号|number", page)
    assert "最新 62 条中" in page


def test_setup_when_a_secret_was_made_by_the_hub_then_shown_once(full: World) -> None:
    visitor = Visitor(full)
    first = visitor.post("/connections/new/webhook", name="made", realm="default")
    base = first.location.removeprefix("/console").rpartition("/")[0]
    visitor.post(f"{base}/credentials", **{"config.ping": "head"})
    assert visitor.post(f"{base}/streams", **{"flow.order": "in"}).location.endswith("/notifications")
    shown = visitor.post(f"{base}/secret").text
    assert re.search(r"whsec_[A-Za-z0-9+/=]{32}", unescape(shown))
    assert "whsec_" not in text_of(visitor.get(f"{base}/notifications").text)
    assert "whsec_" not in text_of(visitor.post(f"{base}/secret").text)


def test_setup_when_a_step_is_wrong_then_said_and_kept(full: World) -> None:
    visitor = Visitor(full)
    taken = visitor.post("/connections/new/webhook", name="crm", realm="default")
    assert taken.status_code == 400
    assert 'value="crm"' in taken.text
    first = visitor.post("/connections/new/shopify", name="wrong", realm="default")
    base = first.location.removeprefix("/console").rpartition("/")[0]
    answer = visitor.post(f"{base}/credentials", **{"config.shop": "nowhere", "secret.secret": "hidden text 1"})
    assert answer.status_code == 400
    assert "must look like demo.myshopify.com" in unescape(answer.text)
    assert 'value="nowhere"' in answer.text
    assert "hidden text 1" not in answer.text
    assert visitor.get(f"{base}/streams").status_code == 404
    assert visitor.post(f"{base}/finish").location == "/console/connections"
    assert visitor.get(f"{base}/credentials").status_code == 404


def test_setup_when_a_needed_choice_has_no_default_then_nothing_is_chosen_for_the_reader(full: World) -> None:
    visitor = Visitor(full)
    first = visitor.post("/connections/new/zoho", name="somewhere", realm="default")
    base = first.location.removeprefix("/console").rpartition("/")[0]
    (centres,) = re.findall(r'<select id="c-data_centre".*?</select>', visitor.get(f"{base}/credentials").text)
    assert "required" in centres
    assert '<option value=""></option>' in centres
    assert "selected" not in centres
    answer = visitor.post(f"{base}/credentials", **{"config.data_centre": "", "config.client_id": "1000.ABC"})
    assert answer.status_code == 400
    assert "data_centre" in text_of(answer.text)
    (centres,) = re.findall(
        r'<select id="c-data_centre".*?</select>',
        visitor.post(f"{base}/credentials", **{"config.data_centre": "cn"}).text,
    )
    assert "<option selected>cn</option>" in centres
    assert '<option value=""></option>' not in centres
