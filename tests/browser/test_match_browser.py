"""Working off pairs in a real Chromium: single keys, no script at all, and a phone."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle, islice

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from hub.flow import match_queue
from hub.model.identifier import parse_id
from tests.browser.closing import close
from tests.browser.matching import guarded, some_pairs
from tests.browser.world import World
from tests.fixtures.hub import Rig
from tests.fixtures.match import pairs, prepare, shown

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
Visit = Callable[..., BrowserContext]
PHONE = {"width": 390, "height": 844}
THUMB_PX = 44
FORTY = 40


def state_of(world: World, item_id: str) -> tuple[str, str]:
    """(state, answer) of a pair now."""
    found = match_queue.find(world.hub, parse_id(item_id)[1])
    return found.state, str((found.resolution or {}).get("answer", ""))


def press(page: Page, key: str) -> str:
    """Answers by one key; returns the pair that opened then."""
    before = page.url
    with page.expect_navigation():
        page.keyboard.press(key)
    expect(page.locator("h1")).to_be_visible()
    assert page.url != before or key == "u"
    return item_on(page)


def item_on(page: Page) -> str:
    """The pair that is open."""
    return page.url.rpartition("/")[2].partition("?")[0].partition("#")[0]


def with_keys(visit: Visit, world: World, url: str, *, are_on: bool) -> Page:
    """A page of somebody who switched single keys on, or did not."""
    page = visit(world, url, "admin").new_page()
    page.context.add_cookies([{"name": "hub_view", "value": "keys=on" if are_on else "", "url": f"{url}/console/"}])
    return page


def test_keys_when_switched_on_then_pairs_are_answered_one_after_the_other_and_undone(
    full: World, full_url: str, visit: Visit
) -> None:
    some_pairs(full, 5)
    page = with_keys(visit, full, full_url, are_on=True)
    try:
        page.goto(f"{full_url}/console/matches?pattern=name%3Dhomophone%20phone%3Dsame")
        with page.expect_navigation():
            page.get_by_role("button", name="下一对").click()
        seen = [item_on(page)]
        for key, said in (("h", "household"), ("n", "different"), ("s", ""), ("y", "same")):
            seen.append(press(page, key))
            assert state_of(full, seen[-2]) == ("snoozed" if key == "s" else "resolved", said)
            expect(page.get_by_role("status")).to_contain_text("已记录")
        assert len(set(seen)) == 5, "each key opens another pair at once"
        for back in reversed(seen[:-1]):
            assert press(page, "u") == back
            assert state_of(full, back) == ("open", "")
        page.locator("#reason").press("y")
        assert page.locator("#reason").input_value() == "y", "typing is no answer"
        assert state_of(full, seen[0])[0] == "open"
    finally:
        page.context.add_cookies([{"name": "hub_view", "value": "", "url": f"{full_url}/console/"}])
        close(page)


def test_keys_when_forty_pairs_wait_then_each_is_answered_as_pressed_and_taken_back(
    own: tuple[World, str], visit: Visit
) -> None:
    world, url = own
    waiting = {shown("itm", id_) for id_ in pairs(prepare(Rig(world.hub), is_stored=True), *range(1, FORTY + 1))}
    page = with_keys(visit, world, url, are_on=True)
    page.goto(f"{url}/console/matches")
    with page.expect_navigation():
        page.get_by_role("button", name="下一对").first.click()
    pressed: list[tuple[str, str]] = []
    for key, said in islice(cycle((("y", "same"), ("n", "different"), ("h", "household"))), FORTY):
        pressed.append((item_on(page), said))
        with page.expect_navigation():
            page.keyboard.press(key)
        expect(page.get_by_role("status")).to_contain_text("已记录")
    assert {item for item, _said in pressed} == waiting
    assert [state_of(world, item) for item, _said in pressed] == [("resolved", said) for _item, said in pressed]
    for item, _said in reversed(pressed):
        with page.expect_navigation():
            page.get_by_role("button", name="撤销上一步").click()
        assert item_on(page) == item
    assert {state_of(world, item) for item in waiting} == {("open", "")}
    close(page)


def test_keys_when_switched_off_then_a_letter_does_nothing(full: World, full_url: str, visit: Visit) -> None:
    (only,) = some_pairs(full, 1)
    page = with_keys(visit, full, full_url, are_on=False)
    page.goto(f"{full_url}/console/matches/{only}")
    with page.expect_navigation():
        page.get_by_role("button", name="我来回答").click()
    expect(page.get_by_role("button", name="是同一人")).to_be_visible()
    assert page.locator("main kbd").count() == 0
    for key in "ynhsu":
        page.keyboard.press(key)
    page.reload()
    assert item_on(page) == only
    assert state_of(full, only)[0] == "open"
    close(page)


def test_pair_when_opened_then_what_a_merge_would_do_comes_by_itself(full: World, full_url: str, visit: Visit) -> None:
    page = visit(full, full_url, "steward").new_page()
    page.goto(f"{full_url}/console/matches/{full.ids['match']}")
    expect(page.locator("#forecast")).to_contain_text("取最严")
    expect(page.locator("#forecast")).to_contain_text("其记录会得到合并后的值")
    close(page)


def test_pair_when_answered_without_script_then_every_step_is_a_form(full: World, full_url: str, visit: Visit) -> None:
    only = guarded(full)
    page = visit(full, full_url, "steward", javascript=False).new_page()
    page.goto(f"{full_url}/console/matches/{only}")
    page.get_by_role("button", name="我来回答").click()
    page.get_by_role("link", name="会改变什么，会发到哪里").click()
    expect(page.locator("#forecast")).to_contain_text("订单、积分")
    page.get_by_role("link", name="回到这一对").click()
    page.get_by_role("button", name="是同一人").click()
    expect(page.get_by_role("alert")).to_contain_text("请写明")
    page.fill("#reason", "she moved and was wed")
    page.get_by_role("button", name="是同一人").click()
    expect(page.get_by_role("status")).to_contain_text("已记录：是同一人")
    assert state_of(full, only) == ("resolved", "same")
    page.get_by_role("button", name="撤销上一步").click()
    expect(page.get_by_role("status")).to_contain_text("已撤销：是同一人")
    assert item_on(page) == only
    assert state_of(full, only)[0] == "open"
    close(page)


@pytest.mark.parametrize("javascript", [True, False])
def test_pair_when_answered_on_a_phone_then_the_buttons_stay_in_reach(
    full: World, full_url: str, visit: Visit, javascript: bool
) -> None:
    (only,) = some_pairs(full, 1)
    page = visit(full, full_url, "steward", javascript=javascript).new_page()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    try:
        page.goto(f"{full_url}/console/")
        page.get_by_role("link", name="对待确认匹配").click()
        page.wait_for_url("**/console/matches")
        page.goto(f"{full_url}/console/matches/{only}")
        page.get_by_role("button", name="我来回答").click()
        expect(page.locator(".answers")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        bar = page.locator(".bottom").bounding_box()
        assert bar
        for button in page.locator(".answers button").all():
            box = button.bounding_box()
            assert box
            assert box["height"] >= THUMB_PX
            assert 0 <= box["y"] <= bar["y"] - box["height"], "above the bar, without scrolling"
        a, b = (page.locator("main tbody tr").first.locator("td").nth(place).bounding_box() for place in (0, 1))
        assert a
        assert b
        assert a["y"] + a["height"] <= b["y"] + 1, "A stands above B"
        page.get_by_role("button", name="同一家庭").click()
        expect(page.get_by_role("status")).to_contain_text("已记录：同一家庭")
        assert state_of(full, only) == ("resolved", "household")
        page.get_by_role("button", name="撤销上一步").click()
        expect(page.get_by_role("status")).to_contain_text("已撤销：同一家庭")
        assert state_of(full, only)[0] == "open"
    finally:
        close(page)
