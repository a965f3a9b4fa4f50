"""Colours that the reader's system sets (forced-colors): lines, focus and glyphs are still there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.closing import close
from tests.browser.world import World

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
PATHS = (
    "/",
    "/connections",
    "/connections/crm/streams",
    "/records/customers/{customer}",
    "/conflicts/{conflict}",
    "/alerts",
)
# What a line, a ground or a shadow says in colours must be said by a border, an outline or a glyph that stays.
LOST = """() => {
    const lost = [];
    const say = (what, one) => lost.push(`${what}: ${one.outerHTML.slice(0, 90)}`);
    const shown = selector => [...document.querySelectorAll(selector)].filter(one => one.checkVisibility());
    const canvas = getComputedStyle(document.body).backgroundColor;
    for (const one of shown('.status, .badge, .tile, .note, .card, .button, button:not(.link), input, select, textarea, .equation')) {
        const style = getComputedStyle(one);
        if (style.borderStyle === 'none' || style.borderColor === canvas || !parseFloat(style.borderTopWidth)) say('no border', one);
    }
    for (const one of shown('.glyph')) {
        if (one.textContent.trim() && getComputedStyle(one).color === canvas) say('no glyph', one);
    }
    for (const one of shown('.flow path, .flow rect, .cluster path, .cluster rect')) {
        if (['none', canvas].includes(getComputedStyle(one).stroke)) say('no line', one);
    }
    for (const one of shown('main a[href], main button, main summary, main input').slice(0, 20)) {
        one.focus();
        const style = getComputedStyle(one);
        if (style.outlineStyle === 'none' || style.outlineColor === canvas) say('no focus', one);
    }
    // Where one is must look unlike where one is not.
    for (const one of shown('.tabs a[aria-current], .parts a[aria-current], .menu a[aria-current]')) {
        const other = [...one.closest('nav, .tabs, .parts').querySelectorAll('a:not([aria-current])')].find(it => it.checkVisibility());
        const looks = it => { const s = getComputedStyle(it); return [s.outlineStyle, s.borderBottomColor, s.borderBottomWidth].join(); };
        if (other && looks(one) === looks(other)) say('not marked as current', one);
    }
    return lost.slice(0, 5);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_when_the_system_sets_the_colours_then_nothing_is_said_by_colour_alone(
    full: World, full_url: str, visit: Callable[..., BrowserContext], scheme: str
) -> None:
    page = visit(full, full_url, "admin").new_page()
    page.emulate_media(forced_colors="active", color_scheme="light" if scheme == "light" else "dark")
    lost = []
    for path in PATHS:
        page.goto(f"{full_url}/console{path.format(**full.ids)}")
        page.keyboard.press("Tab")
        lost += [f"{path}: {one}" for one in page.evaluate(LOST)]
    page.evaluate(
        "document.querySelectorAll('.glyph, .status').forEach(one => { one.style.cssText = 'forced-color-adjust: none; color: Canvas; border: 0' })"
    )
    planted = page.evaluate(LOST)
    close(page)
    assert lost == []
    assert {one.split(":")[0] for one in planted} >= {"no border"}
