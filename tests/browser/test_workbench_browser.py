"""The workbench in a real browser: the result follows what is typed, or comes by the button; nothing in it for axe to find."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, expect

from tests.browser.closing import close
from tests.browser.test_workbench import FILE
from tests.browser.tour import ALL_RULES, run_axe
from tests.browser.world import World

pytestmark = [pytest.mark.browser]
PAGE = "/console/mappings/crm/customers"


def test_workbench_when_typed_in_then_the_result_follows_and_axe_finds_nothing(
    full: World, full_url: str, visit: Callable[..., BrowserContext]
) -> None:
    page = visit(full, full_url, "admin").new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.goto(f"{full_url}{PAGE}")
    editor, result = page.locator("#text"), page.locator("#result")
    editor.fill(FILE % ", to: upper")
    expect(result.get_by_role("table").first).to_be_visible(timeout=20_000)
    expect(page.locator("#result-voice")).not_to_be_empty()
    page.evaluate(AXE_SCRIPT)
    assert run_axe(page, ALL_RULES) == []
    editor.fill((FILE % "") + "  colour: colour\n")
    expect(result.locator("pre").first).to_contain_text("✕   colour: colour", timeout=20_000)
    assert editor.input_value().endswith("colour: colour\n")
    page.get_by_role("button", name="预览").click()
    expect(result.locator("pre").first).to_contain_text("✕   colour: colour")
    page.evaluate(AXE_SCRIPT)
    assert run_axe(page, ALL_RULES, "dark") == []
    close(page)
    assert said == []


def test_workbench_when_there_is_no_script_then_the_button_previews_and_compares(
    full: World, full_url: str, visit: Callable[..., BrowserContext]
) -> None:
    page = visit(full, full_url, "admin", language="en", javascript=False).new_page()
    page.goto(f"{full_url}{PAGE}")
    page.locator("#text").fill(FILE % ", to: upper")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="Compared with now")).to_be_visible()
    assert page.locator("#text").input_value() == FILE % ", to: upper"
    insert = page.get_by_role("button", name="Insert").first
    line = insert.get_attribute("value")
    insert.click()
    assert line
    assert f"  {line}\n" in page.locator("#text").input_value()
    close(page)
