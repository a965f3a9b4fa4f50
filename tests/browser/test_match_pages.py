"""Pairs that may be one, asked without a browser: queue, answers, undo, many at once, samples, thresholds, parting."""

from __future__ import annotations

import re
from decimal import Decimal
from html import unescape

import pytest

from hub.flow import access, login, match_queue
from hub.flow.match_queue import Waiting, Wish
from hub.model.identifier import format_id, parse_id
from hub.model.permission import Grant
from tests.browser.client import Visitor
from tests.browser.matching import guarded, some_pairs
from tests.browser.persons import golden_id
from tests.browser.test_pages import text_of
from tests.browser.world import CANARIES, PASSWORD, World
from tests.fixtures.match import MODEL

MINUS = "\u2212"


def item(world: World, item_id: str) -> Waiting:
    return match_queue.find(world.hub, parse_id(item_id)[1])


def take(visitor: Visitor, item_id: str) -> None:
    assert visitor.post(f"/matches/{item_id}/take").status_code == 303


def test_queue_when_shown_then_counts_pairs_and_what_is_alike(full: World) -> None:
    page = text_of(Visitor(full, "steward").get("/matches").text)
    for words in (
        "待回答 · 我今天",
        "今日自动合并",
        "姓名 同音 · 手机 相同",
        "分开的依据：生日",
        "+5.5",
        "下一对",
        "正在处理",
    ):
        assert words in page, words


def test_queue_when_filtered_or_ordered_then_the_heaviest_first_and_one_pattern(full: World) -> None:
    visitor = Visitor(full, "steward")
    heaviest = visitor.get("/matches?order=weight").text
    assert heaviest.index(full.ids["match_guard"]) < heaviest.index(full.ids["match_free"])
    page = visitor.get("/matches?pattern=phone%3Dsame").text
    assert full.ids["match_near"] in page
    assert full.ids["match_free"] not in page
    assert full.ids["match_put_off"] in visitor.get("/matches?state=snoozed").text
    assert full.ids["match_settled"] in visitor.get("/matches?state=resolved").text


def test_queue_when_exported_then_masked(full: World) -> None:
    answer = Visitor(full, "steward").get("/matches.csv")
    assert full.ids["match"] in answer.text
    assert not [canary for canary in CANARIES if canary in answer.text]


def test_pair_when_shown_then_masked_and_its_weights_sum_to_the_total(full: World) -> None:
    page = Visitor(full, "steward").get(f"/matches/{full.ids['match']}").text
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    weights = [
        Decimal(unescape(one).replace(MINUS, "-"))
        for one in re.findall(r'<td class="num"[^>]*>([+\u2212]?[\d.]+)</td>', body)
    ]
    assert sum(weights[:-1]) == weights[-1] == Decimal("5.5")
    words = text_of(page)
    for expected in (
        "合计 +5.5",
        "自动线 +9",
        "人工线 +3",
        "订单 3 + 1",
        "同意 3 + 1",
        "同音",
        "参考，不计分",
        "C 小**",
    ):
        assert expected in words, expected
    assert not [canary for canary in CANARIES if canary in page]


def test_pair_when_only_looked_at_then_nobody_has_it(full: World) -> None:
    (only,) = some_pairs(full, 1)
    assert "我来回答" in text_of(Visitor(full, "steward").get(f"/matches/{only}").text)
    assert item(full, only).claimed_by == ""


def test_plan_when_shown_then_consents_strictest_and_what_is_sent(full: World) -> None:
    page = text_of(Visitor(full, "steward").get(f"/matches/{full.ids['match']}/plan").text)
    for words in ("A 已同意, B 已撤回 → 已撤回", "其记录会得到合并后的值", "订单、积分", "姓名"):
        assert words in page, words
    assert not [canary for canary in CANARIES if canary in page]
    assert golden_id(full, "ma1") != golden_id(full, "mb1", "银豹"), "a plan changes nothing"


def test_answer_when_given_then_the_next_pair_is_ones_own_and_undo_gives_the_first_back(full: World) -> None:
    first, second = some_pairs(full, 2)
    visitor = Visitor(full, "steward")
    take(visitor, first)
    words = {"answer": "same", "pattern": "name=homophone phone=same"}
    answer = visitor.post(f"/matches/{first}/answer", **words)
    assert answer.status_code == 303
    following = answer.location.rpartition("/")[2].partition("?")[0]
    assert following.startswith("itm_")
    assert item(full, following).claimed_by == item(full, first).resolved_by
    page = visitor.client.get(answer.location).text
    assert "已记录：是同一人" in text_of(page)
    found = item(full, first)
    assert found.resolution
    assert found.resolution["answer"] == "same"
    again = visitor.post(f"/matches/{first}/answer", **words)
    assert again.status_code == 303, "pressed twice it is done once"
    undone = visitor.post("/matches/undo")
    assert undone.location.rpartition("/")[2] == first
    assert "已撤销：是同一人" in text_of(visitor.client.get(undone.location).text)
    assert item(full, first).state == "open"
    assert second != first


@pytest.mark.parametrize("said", ["different", "household", "skip"])
def test_answer_when_no_household_or_later_then_recorded(full: World, said: str) -> None:
    (only,) = some_pairs(full, 1)
    visitor = Visitor(full, "admin")
    take(visitor, only)
    assert visitor.post(f"/matches/{only}/answer", answer=said).status_code == 303
    found = item(full, only)
    assert found.state == ("snoozed" if said == "skip" else "resolved")
    if said == "household":
        customer = format_id("cus", found.left)
        assert "（家庭）" in text_of(visitor.get(f"/records/customers/{customer}").text).replace("(", "（").replace(
            ")", "）"
        )


def test_answer_when_a_guard_is_overridden_without_a_reason_then_refused_with_what_to_do(full: World) -> None:
    only, visitor = guarded(full), Visitor(full, "steward")
    take(visitor, only)
    answer = visitor.post(f"/matches/{only}/answer", answer="same")
    assert answer.status_code == 422
    assert "请写明为什么仍是同一人" in answer.text
    assert item(full, only).state == "open"
    assert visitor.post(f"/matches/{only}/answer", answer="same", reason="asked her").status_code == 303
    assert item(full, only).state == "resolved"
    visitor.post("/matches/undo")


def test_pair_when_somebody_else_has_it_then_it_says_so_and_takes_no_answer(full: World) -> None:
    (only,) = some_pairs(full, 1)
    take(Visitor(full, "admin"), only)
    visitor = Visitor(full, "steward")
    page = visitor.get(f"/matches/{only}").text
    assert "admin 正在处理这一对" in text_of(page)
    assert 'value="same"' not in page
    assert visitor.client.get(visitor.post(f"/matches/{only}/take").location).status_code == 200
    answer = visitor.post(f"/matches/{only}/answer", answer="same")
    assert answer.status_code == 303
    assert item(full, only).state == "open"


def test_pair_when_settled_or_put_off_then_it_says_by_whom(full: World) -> None:
    visitor = Visitor(full, "steward")
    settled = visitor.get(f"/matches/{full.ids['match_settled']}").text
    assert "usr_somebody 的回答：同一家庭" in text_of(settled)
    assert 'value="same"' not in settled
    assert "搁置到" in text_of(visitor.get(f"/matches/{full.ids['match_put_off']}").text)


def test_pair_when_shown_in_clear_then_each_field_and_side_stands_in_the_access_log(full: World) -> None:
    path, before = f"/matches/{full.ids['match']}/reveal", full.hub.db.all("select count(*) from reveal")[0][0]
    visitor = Visitor(full, "steward")
    assert Visitor(full, "operator").post(path, reason="check").status_code == 403
    assert visitor.post(path, reason="curious").status_code == 403
    page = visitor.post(path, reason="check")
    assert "金丝雀贾" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert full.hub.db.all("select count(*) from reveal")[0][0] > before
    assert "金丝雀贾" not in visitor.get(f"/matches/{full.ids['match']}").text


def test_next_when_the_queue_is_empty_then_the_page_says_what_was_done(empty: World) -> None:
    visitor = Visitor(empty, "steward")
    answer = visitor.post("/matches/next")
    assert answer.location == "/console/matches"
    assert "没有待确认的匹配" in text_of(visitor.client.get(answer.location).text)
    nothing = visitor.post("/matches/undo")
    assert "没有您可以撤销的回答" in text_of(visitor.client.get(nothing.location).text)


def test_bulk_when_planned_and_ten_are_answered_then_undone_as_one(full: World) -> None:
    visitor, items = Visitor(full, "admin"), some_pairs(full, 2)
    page = visitor.get("/matches/patterns").text
    assert "姓名 同音 · 手机 相同" in text_of(page)
    answer = visitor.post(
        "/matches/patterns", pattern="name=homophone phone=same", answer="different", reason="two tills", of="default customer"
    )  # fmt: skip
    plan = answer.location.removeprefix("/console")
    shown = text_of(visitor.get(plan).text)
    for words in ("不是同一人", "two tills", "先回答其中十对"):
        assert words in shown, words
    assert all(item(full, one).state == "open" for one in items)
    visitor.post(plan, act="canary")
    assert "已回答" in text_of(visitor.get(plan).text)
    assert visitor.post(plan, act="nonsense").status_code == 400
    visitor.post(plan, act="undo")
    assert "已撤销" in text_of(visitor.get(plan).text)
    assert all(item(full, one).state == "open" for one in items)


def test_sample_when_judged_then_precision_with_its_interval_and_undone_again(full: World) -> None:
    visitor, only = Visitor(full, "steward"), full.ids["match_sampled"]
    page = visitor.get(f"/matches/{only}").text
    assert "自动合并" in text_of(page)
    assert 'value="same"' not in page
    assert visitor.post(f"/matches/{only}/answer", answer="same").status_code == 400
    assert visitor.post(f"/matches/{full.ids['match']}/judge", answer="right").status_code == 404
    assert "0.0% 95% 置信区间 0.0–79.3%" in text_of(visitor.get("/matches/samples").text)
    visitor.post(f"/matches/{only}/judge", answer="right")
    assert "50.0% 95% 置信区间 9.5–90.5% ▲ 错误过多" in text_of(visitor.get("/matches/samples").text)
    visitor.post("/matches/undo")
    assert "还有 1 个待判定" in text_of(visitor.get("/matches/samples").text)


def test_thresholds_when_shown_then_picture_table_and_what_weighs_how_much(full: World) -> None:
    page = Visitor(full, "steward").get("/policies/matching").text
    assert page.count("<svg") >= 2
    words = text_of(page)
    for expected in ("人工线 +3", "自动线 +9", "+5 … +6 请人确认", "自动合并", "同音 +2.1", "互相矛盾 −1"):
        assert expected in words, expected


def test_cluster_when_an_edge_is_chosen_then_its_weights_and_both_sides(full: World) -> None:
    visitor, ids = Visitor(full, "steward"), full.ids
    path = f"/records/customers/{ids['scored']}"
    plain = visitor.get(f"{path}/cluster").text
    assert 'class="near"' in plain
    assert ">+14.5<" in plain
    page = text_of(visitor.get(f"{path}/cluster?a={ids['scored_b']}&b={ids['scored_a']}").text)
    assert "邮箱 相同 +9" in page
    assert "合计 +14.5" in page
    cut = f"{path}/split/{ids['scored_a']}/{ids['scored_b']}"
    plan = visitor.get(cut).text
    assert "留下的 网店 score-1 自成一条记录的 银豹 score-2" in text_of(plan)
    seen = re.search(r'name="seen" value="(\w+)"', plan)
    assert seen
    assert visitor.post(cut, seen="another").location.endswith(cut)
    assert golden_id(full, "score-2", "银豹") == ids["scored"]
    done = visitor.post(cut, seen=seen[1], reason="two people")
    undo = re.search(
        r'role="status".*?action="/console(/decisions/[^"]+/undo)"', visitor.client.get(done.location).text, re.DOTALL
    )
    assert golden_id(full, "score-2", "银豹") != ids["scored"]
    assert undo
    visitor.post(undo[1])
    assert golden_id(full, "score-2", "银豹") == ids["scored"]


def test_pages_when_the_realm_is_another_then_the_pair_does_not_exist(full: World) -> None:
    from hub.flow import access, login
    from hub.model.permission import Grant
    from tests.browser.world import PASSWORD

    access.create_user(full.hub, "faraway", (Grant("steward", "elsewhere"),), author="test", password=PASSWORD)
    full.cookies["faraway"] = login.log_in(full.hub, "faraway", PASSWORD, address="127.0.0.1") or ""
    visitor, only = Visitor(full, "faraway"), full.ids["match"]
    assert only not in visitor.get("/matches").text
    assert visitor.get(f"/matches/{only}").status_code == 404
    for act in ("take", "answer", "judge"):
        assert visitor.post(f"/matches/{only}/{act}", answer="same").status_code == 404
    assert visitor.get(f"/matches/bulk/{full.ids['bulk']}").status_code == 404
    assert (
        visitor.post("/matches/patterns", pattern="phone=same", answer="same", of="default customer").status_code == 403
    )
    assert match_queue.queue(full.hub, Wish(realms=["elsewhere"])) == []


def test_customer_when_a_pair_is_open_then_the_page_leads_there(full: World) -> None:
    left = format_id("cus", item(full, full.ids["match_free"]).left)
    assert f"/matches/{full.ids['match_free']}" in Visitor(full, "steward").get(f"/records/customers/{left}").text


def test_overview_when_pairs_wait_then_stewards_are_told_and_viewers_not(full: World) -> None:
    assert "对待确认匹配" in text_of(Visitor(full, "steward").get("/").text)
    assert "对待确认匹配" not in text_of(Visitor(full, "viewer").get("/").text)


def test_pairs_when_the_steward_is_limited_to_a_store_then_none_is_reached(full: World) -> None:
    if "stranger" not in full.cookies:
        access.create_user(full.hub, "stranger", (Grant("steward", "*", ("s99",)),), author="test", password=PASSWORD)
        full.cookies["stranger"] = login.log_in(full.hub, "stranger", PASSWORD, address="127.0.0.1") or ""
    visitor, item_id = Visitor(full, "stranger"), full.ids["match"]
    for path in ("/matches", "/matches.csv", f"/matches/{item_id}", f"/matches/{item_id}/plan"):
        assert visitor.get(path).status_code == 403
    for path in ("/matches/next", f"/matches/{item_id}/take", f"/matches/{item_id}/answer"):
        assert visitor.post(path, answer="same").status_code == 403


def test_cluster_when_one_system_has_several_records_then_joining_them_there_takes_its_name_and_a_reason(
    full: World,
) -> None:
    visitor, path = Visitor(full, "steward"), f"/records/customers/{full.ids['crowd']}"
    assert "该系统不能合并记录" in text_of(visitor.get(f"{path}/cluster").text)
    for typed, words in (("银", "请按原样输入连接名称"), ("银豹", "cannot make customer records one")):
        answer = visitor.post(
            f"{path}/join", connection="银豹", typed=typed, reason="one person", back=f"/console{path}"
        )
        assert answer.location == f"/console{path}"
        assert words in text_of(visitor.client.get(answer.location).text)


def test_search_when_a_pair_is_named_then_its_page(full: World) -> None:
    visitor = Visitor(full, "steward")
    found = visitor.client.get(visitor.post("/search", q=full.ids["match"]).location)
    assert found.location == f"/console/matches/{full.ids['match']}"


def test_next_when_ordered_by_weight_then_the_heaviest_of_those_nobody_has(full: World) -> None:
    only, visitor = guarded(full), Visitor(full, "admin")
    full.hub.db.execute("update item set claimed_by = null where claimed_by <> 'usr_somebody'")
    found = visitor.post("/matches/next", order="weight").location
    weight = item(full, found.rpartition("/")[2].partition("?")[0]).weight
    assert weight >= item(full, only).weight


def test_model_when_tried_then_what_it_would_join_and_nothing_is_changed(full: World) -> None:
    visitor, pairs = Visitor(full, "steward"), some_pairs(full, 1)
    path, words = "/policies/matching/try", {"kind": "customer", "seen": ""}
    shown = text_of(visitor.post(path, text=MODEL.replace("auto: 9000", "auto: 5000"), compare="1", **words).text)
    for expected in (
        "会合并和拆开什么",
        "拆开 0",
        "不再待确认",
        "王** 姓名 同音 · 手机 相同 +5.5",
        "与现在相比",
    ):
        assert expected in shown, expected
    assert item(full, pairs[0]).state == "open"
    assert "文件可以使用" in text_of(visitor.post(path, text=MODEL, **words).text)
    wrong = visitor.post(path, text="auto: many\n", compare="1", **words)
    assert "customer.yaml:1" in wrong.text
    assert visitor.post("/policies/matching/save", text=MODEL, **words).status_code == 403
    assert Visitor(full).post("/policies/matching/save", text=MODEL, **words).status_code == 422
    assert visitor.post(path, kind="nonsense", text="", seen="").status_code == 404
