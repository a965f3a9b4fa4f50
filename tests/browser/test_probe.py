"""That the checks of the tour can fail: a fault of every sort is planted and found."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from hub.flow import alert
from tests.browser.closing import close
from tests.browser.probe import FIRST, FIT, SPACING
from tests.browser.tour import SHIFT, ZOOMED, Tour
from tests.browser.world import World

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
Visit = Callable[..., BrowserContext]


@pytest.fixture
def page(full: World, full_url: str, visit: Visit) -> Iterator[Page]:
    """A page as the tour sees it: a list at the size of a desk."""
    tour = Tour(visit(full, full_url, "admin").new_page(), full_url)
    tour.page.set_viewport_size({"width": 1280, "height": 800})
    tour.page.goto(f"{full_url}/console/connections/crm")
    yield tour.page
    close(tour.page)


def _sorts(page: Page) -> set[str]:
    """What is found, without where."""
    return {one.rpartition(": <")[0] or one for one in page.evaluate(FIT, [["plain", "spaced"], SPACING])}


def test_shift_when_something_pushes_the_page_down_then_it_is_measured(page: Page) -> None:
    assert page.evaluate(FIRST)["shift"] <= SHIFT
    page.evaluate(
        "document.querySelector('main').prepend(Object.assign(document.createElement('p'), { innerText: '↓\\n\\n\\n↓' }))"
    )
    assert page.evaluate("shift()") > SHIFT


def test_fit_when_nothing_is_planted_then_nothing_is_found(page: Page) -> None:
    assert _sorts(page) == set()
    page.set_viewport_size(ZOOMED)  # type: ignore[arg-type]  # its keys are those
    assert _sorts(page) == set()


def test_fit_when_a_box_is_as_high_as_its_text_then_cut_off_once_it_is_spaced(page: Page) -> None:
    page.evaluate(
        "document.querySelector('h1').style.cssText = 'overflow: hidden; white-space: nowrap; width: max-content; max-width: ' +"
        " document.querySelector('h1').getBoundingClientRect().width + 'px'"
    )
    assert _sorts(page) == {"spaced: text is cut off"}


def test_fit_when_text_stands_on_text_then_it_is_found(page: Page) -> None:
    page.evaluate(
        "document.querySelector('main dd').style.cssText ="
        " `position: relative; left: -${document.querySelector('main dt').getBoundingClientRect().width}px`"
    )
    assert "text on text" in _sorts(page)


def test_fit_when_a_part_is_wider_than_the_window_then_the_page_scrolls_sideways(page: Page) -> None:
    page.set_viewport_size(ZOOMED)  # type: ignore[arg-type]  # its keys are those
    page.evaluate("document.querySelector('main').style.minWidth = '400px'")
    assert "the page scrolls sideways" in _sorts(page)


def test_fit_when_a_bar_stays_and_is_high_then_it_covers_too_much(page: Page) -> None:
    page.set_viewport_size(ZOOMED)  # type: ignore[arg-type]  # its keys are those
    page.evaluate("document.querySelector('.top').style.cssText = 'position: sticky; min-height: 90px'")
    assert "bars cover more than a third" in _sorts(page)


@pytest.fixture
def calm(full: World) -> Iterator[World]:
    """The full hub while two alerts alone are open."""
    put_aside = "update alert set state = 'snoozed' where state = 'open' and id not in (select id from alert where state = 'open' order by id limit 2) returning id"
    with full.hub.db.transaction() as conn:
        ids = [row[0] for row in conn.execute(put_aside).fetchall()]
    yield full
    full.hub.db.execute("update alert set state = 'open' where id = any(%s)", (ids,))
    full.hub.db.execute("delete from tally where stage = 'duplicate' and n >= 999")


def test_live_region_when_it_is_refreshed_then_the_page_stays_where_it_is(
    calm: World, full_url: str, visit: Visit
) -> None:
    """Also when a figure gets more digits, and when an alert comes and goes."""
    page = Tour(visit(calm, full_url, "admin").new_page(), full_url).page
    page.add_init_script("const wait = setInterval; setInterval = (work, ms) => wait(work, ms / 20)")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{full_url}/console/")
    page.evaluate(FIRST)
    calm.hub.db.execute(
        "insert into tally (day, connection_id, stage, n) select (now() at time zone 'UTC')::date, id, 'duplicate', 999"
        " from connection where name = 'crm'"
    )
    told = alert.raise_alert(calm.hub, "told", "moved", data={"text": "it moved"})
    rows = page.locator("#live .todo")
    expect(rows).to_have_count(3)
    came = page.evaluate("shift()")
    alert.close(calm.hub, told, "cli", "no matter")
    expect(rows).to_have_count(2)
    went = page.evaluate("shift()")
    close(page)
    assert max(came, went) <= SHIFT, (came, went)
