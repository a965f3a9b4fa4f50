"""Customers, acts on them, conflicts, reveals, search: asked without a browser."""

from __future__ import annotations

import re
from html import unescape

import pytest

from hub.flow import reveal
from hub.model.identifier import parse_id
from hub.store import alert
from tests.browser.cases import MISSING
from tests.browser.client import Visitor
from tests.browser.persons import golden_id
from tests.browser.statements import statements
from tests.browser.test_pages import text_of
from tests.browser.world import CANARY_NAME, CANARY_PHONE, World

MOST_STATEMENTS = 8


def undo_of(page: str) -> str:
    """The address of the undo button in the message of a page."""
    found = re.search(r'role="status".*?action="(/console/decisions/[^"]+/undo)"', page, re.DOTALL)
    assert found
    return found[1].removeprefix("/console")


def test_record_pages_when_loaded_then_within_the_budget_of_statements(
    full: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, visitor = full.ids, Visitor(full, "steward")
    paths = [
        f"/records/customers/{ids['customer']}",
        f"/records/customers/{ids['merged']}",
        f"/records/customers/{ids['merged']}/cluster",
        f"/records/customers/{ids['recycled']}",
        f"/records/orders/{ids['order']}",
        "/conflicts",
        f"/conflicts/{ids['conflict']}",
        f"/conflicts/{ids['loop']}",
    ]
    for path in paths:
        visitor.get(path)  # names of users are known for a minute
        with statements(monkeypatch) as asked:
            assert visitor.get(path).status_code == 200, path
        assert len(asked) <= MOST_STATEMENTS, (path, asked)


def test_customer_when_shown_then_head_timeline_and_open_items(full: World) -> None:
    page = text_of(Visitor(full, "steward").get(f"/records/customers/{full.ids['customer']}").text)
    for words in ("首购", "61 单", "¥14,884.00", "时间线", "退款 −¥12.30", "订单 #1042", "家庭", "已撤回", "同一人组"):
        assert words in page, words


def test_number_when_another_person_proved_it_later_then_said_since_when_and_whose_it_is(full: World) -> None:
    page = Visitor(full, "steward").get(f"/records/customers/{full.ids['recycled']}").text
    shown = text_of(page)
    assert "转归他人的时间" in shown
    assert "经他人验证，已转归他人，自" in shown
    assert f"/console/records/customers/{full.ids['recycled_to']}" in page
    theirs = text_of(Visitor(full, "steward").get(f"/records/customers/{full.ids['recycled_to']}").text)
    assert "转归他人" not in theirs
    english = text_of(Visitor(full, "steward-en").get(f"/records/customers/{full.ids['recycled']}").text)
    assert "another person's by proof since" in english


def test_timeline_when_earlier_is_asked_for_then_the_next_lines(full: World) -> None:
    visitor = Visitor(full)
    first = visitor.get(f"/records/customers/{full.ids['customer']}?part=orders").text
    earlier = re.search(r'rel="next" href="([^"]+)"', first)
    assert earlier
    second = visitor.client.get(unescape(earlier[1])).text
    numbers = [set(re.findall(r"#1\d{3}", text_of(page).partition("时间线")[2])) for page in (first, second)]
    assert all(numbers)
    assert not numbers[0] & numbers[1]


def test_pin_when_set_from_the_page_then_it_shows_with_undo(full: World) -> None:
    visitor, path = Visitor(full, "steward"), f"/records/customers/{full.ids['alone']}"
    answer = visitor.post(f"{path}/pin/language", value="fr", reason="said so")
    assert answer.status_code == 303
    page = visitor.client.get(answer.location).text
    assert "已固定" in text_of(page)
    assert "said so" in page
    assert 'class="lock"' in page
    assert visitor.post(undo_of(page), back=f"/console{path}").location == f"/console{path}"
    assert 'class="lock"' not in visitor.get(path).text


@pytest.mark.parametrize(
    ("field", "value"), [("gender", "dragon"), ("birthday", "{"), ("birthday", '{"month": 13}'), ("full_name", "")]
)
def test_pin_when_the_value_does_not_fit_then_the_form_keeps_what_was_typed(
    full: World, field: str, value: str
) -> None:
    path = f"/records/customers/{full.ids['alone']}/pin/{field}"
    answer = Visitor(full, "steward").post(path, value=value, reason="x")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    if field == "birthday":
        assert value in unescape(answer.text)


def test_merge_when_planned_and_done_then_one_and_undone_then_two(full: World) -> None:
    visitor, alone, other = Visitor(full, "steward"), full.ids["alone"], full.ids["merged"]
    found = visitor.post(f"/records/customers/{alone}/merge", q="林二")
    assert "%E6%9E%97" not in found.location
    hits = visitor.client.get(found.location).text
    assert f"/merge/{other}" in hits
    plan = visitor.get(f"/records/customers/{alone}/merge/{other}").text
    assert "尚未执行" in plan
    assert golden_id(full, "a3", "银豹") == alone, "a plan changes nothing"
    done = visitor.post(f"/records/customers/{alone}/merge/{other}", reason="same card")
    page = visitor.client.get(done.location).text
    assert golden_id(full, "a3", "银豹") == golden_id(full, "a1")
    visitor.post(undo_of(page))
    assert golden_id(full, "a3", "银豹") == alone


def test_split_when_done_from_the_page_then_undone_again(full: World) -> None:
    visitor, path = Visitor(full, "steward"), f"/records/customers/{full.ids['crowd']}"
    done = visitor.post(f"{path}/split/{full.ids['crowd_source']}", reason="another one")
    page = visitor.client.get(done.location).text
    assert golden_id(full, "crowd-3", "银豹") != full.ids["crowd"]
    visitor.post(undo_of(page))
    assert golden_id(full, "crowd-3", "银豹") == full.ids["crowd"]


def test_acts_when_the_record_has_one_source_then_refused_in_words(full: World) -> None:
    visitor, path = Visitor(full, "steward"), f"/records/customers/{full.ids['alone']}"
    row = full.hub.db.one("select rid from record where external_id = 'a3'")
    assert row
    from hub.model.identifier import format_id

    answer = visitor.get(f"{path}/split/{format_id('rec', row[0])}")
    assert answer.status_code == 303
    assert visitor.get(f"{path}/split/rec_{MISSING}").status_code == 404
    assert visitor.get(f"{path}/merge/{full.ids['alone']}").status_code == 303


def test_cluster_when_shown_then_who_merged_it_and_why(full: World) -> None:
    page = Visitor(full, "viewer").get(f"/records/customers/{full.ids['merged']}/cluster").text
    for words in ("<svg", "steward", "same person", "人工判定相同", "银豹"):
        assert words in page, words
    assert "/undo" not in page


def test_record_when_merged_away_then_a_banner_and_no_banner_for_a_made_up_id(full: World) -> None:
    visitor, gone = Visitor(full, "steward"), full.ids["gone"]
    answer = visitor.get(f"/records/customers/{gone}")
    assert answer.status_code == 302
    assert "已并入本记录" in visitor.client.get(answer.location).text
    path = f"/records/customers/{full.ids['merged']}"
    assert "已并入本记录" not in visitor.get(f"{path}?came_from=cus_{MISSING}").text
    assert "已并入本记录" not in visitor.get(f"{path}?came_from=evil").text


def test_conflict_when_shown_then_sides_what_they_agreed_on_and_what_holds(full: World) -> None:
    page = text_of(Visitor(full, "steward").get(f"/conflicts/{full.ids['conflict']}").text)
    for words in ("语言", "上次一致", "zh-CN", "网店", "银豹", "en", "ja", "主记录现值", "规则 latest 不能决定"):
        assert words in page, words


def test_conflict_when_one_side_is_taken_then_it_holds_and_the_next_one_opens(full: World) -> None:
    visitor, item = Visitor(full, "steward"), full.ids["conflict_to_take"]
    page = visitor.get(f"/conflicts/{item}").text
    takes = re.findall(r'name="take" value="(rec_\w+)"', page)
    answer = visitor.post(f"/conflicts/{item}/settle", take=takes[1])
    assert answer.location.startswith("/console/conflicts/itm_")
    undo = undo_of(visitor.client.get(answer.location).text)
    record = visitor.get(f"/records/customers/{golden_id(full, 'k1')}").text
    assert "已选定" in record
    assert (
        "已处理" in visitor.get(f"/conflicts/{item}").text
        or "由 steward 处理于" in visitor.get(f"/conflicts/{item}").text
    )
    visitor.post(undo)
    assert "已选定" not in visitor.get(f"/records/customers/{golden_id(full, 'k1')}").text


def test_conflict_when_another_value_is_pinned_then_settled(full: World) -> None:
    visitor, item = Visitor(full, "steward"), full.ids["conflict_to_pin"]
    path = f"/conflicts/{item}/settle"
    assert visitor.post(path, pin="1", reason="asked").status_code == 422
    assert visitor.post(path, **{"pin": "1", "value-language": "fr", "reason": "asked"}).status_code == 303
    assert item not in visitor.get("/conflicts").text
    assert item in visitor.get("/conflicts?state=resolved").text


def test_conflict_when_put_aside_or_closed_then_it_leaves_the_queue(full: World) -> None:
    visitor, item = Visitor(full, "steward"), full.ids["conflict_to_close"]
    visitor.post(f"/conflicts/{item}/settle", snooze="1d")
    assert item not in visitor.get("/conflicts").text
    assert item in visitor.get("/conflicts?state=snoozed").text
    visitor.post(f"/conflicts/{item}/settle", reason="known")
    assert item in visitor.get("/conflicts?state=resolved").text
    assert visitor.post(f"/conflicts/{item}/settle", reason="again").status_code == 422


def test_loop_when_shown_then_what_went_to_and_fro_masked(full: World) -> None:
    page = Visitor(full, "steward").get(f"/conflicts/{full.ids['loop']}").text
    assert "来回超过 10 次" in page
    assert "解除冻结" in page
    assert CANARY_NAME not in page


def test_reveal_when_done_then_exactly_one_row_of_the_access_log(full: World) -> None:
    visitor, subject = Visitor(full, "privacy"), full.ids["merged"]
    before = full.hub.db.one("select count(*) from reveal")
    page = visitor.post(f"/records/customers/{subject}/reveal", field="full_name", reason="check", note="two names")
    assert "林二" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    after = full.hub.db.one("select count(*) from reveal")
    assert before
    assert after == (before[0] + 1,)
    log = Visitor(full, "auditor").get(f"/privacy/access-log?subject={subject}").text
    for words in ("privacy", subject, "full_name", "核对匹配或冲突", "two names"):
        assert words in log, words
    assert "林二" not in log


def test_reveal_when_another_reason_has_no_note_then_nothing_is_shown(full: World) -> None:
    path = f"/records/customers/{full.ids['customer']}/reveal"
    page = Visitor(full, "steward").post(path, field="full_name", reason="other")
    assert CANARY_NAME not in page.text
    assert "请同时写明用途" in page.text


def test_reveal_when_more_than_thirty_an_hour_then_an_alert(full: World) -> None:
    subject = parse_id(full.ids["customer"])[1]
    for _ in range(reveal.MANY):
        reveal.reveal(full.hub, "usr_busy", "customer", subject, full.ids["customer"], "note", "service")
    with full.hub.db.session() as conn:
        assert conn.execute("select 1 from alert where type = %s", (reveal.ALERT,)).fetchone() is None
    reveal.reveal(full.hub, "usr_busy", "customer", subject, full.ids["customer"], "note", "service")
    with full.hub.db.transaction() as conn:
        assert conn.execute("select data ->> 'person' from alert where type = %s", (reveal.ALERT,)).fetchone() == (
            "usr_busy",
        )
        alert.close_cause(conn, f"{reveal.ALERT}:usr_busy", "test")


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("SF123", "fulfilments"),
        ("#1042", "orders"),
        ("4200001234", "payments"),
        (CANARY_PHONE[3:], "customers"),
        ("a3", "customers"),
    ],
)
def test_search_when_one_thing_fits_then_straight_to_it(full: World, typed: str, kind: str) -> None:
    visitor = Visitor(full, "viewer")
    answer = visitor.client.get(visitor.post("/search", q=typed).location)
    assert answer.location, text_of(answer.text)
    assert answer.location.startswith(f"/console/records/{kind}/")


def test_search_when_an_item_is_named_then_its_page(full: World) -> None:
    assert Visitor(full).post("/search", q=full.ids["loop"]).location == f"/console/conflicts/{full.ids['loop']}"


def test_search_when_results_are_shown_then_within_the_budget_of_statements(
    full: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = Visitor(full)
    address = visitor.post("/search", q="群").location
    with statements(monkeypatch) as asked:
        visitor.client.get(address)
    assert len(asked) <= MOST_STATEMENTS


def test_conflict_when_shown_in_clear_then_each_field_stands_in_the_access_log(full: World) -> None:
    path = f"/conflicts/{full.ids['conflict']}/reveal"
    assert Visitor(full, "operator").post(path, reason="check").status_code == 403
    visitor = Visitor(full, "steward")
    assert visitor.post(path, reason="curious").status_code == 403
    before = full.hub.db.all("select count(*) from reveal")[0][0]
    assert "写明用途" in visitor.post(path, reason="other").text
    assert full.hub.db.all("select count(*) from reveal")[0][0] == before
    answer = visitor.post(path, reason="check")
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    rows = full.hub.db.all("select field, reason from reveal order by at desc limit 1")
    assert [reason for _field, reason in rows] == ["check"]
    assert full.hub.db.all("select count(*) from reveal")[0][0] > before
