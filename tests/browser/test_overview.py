"""The first screen beyond its alerts: tiles of plugins, many connections by system, one set of figures."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from hub.console import flow_line
from hub.console.flow_line import Line, by_system
from hub.sdk.connector import Text
from hub.sdk.console import PageRequest, Panel
from hub.store import console_connection
from tests.browser.client import Visitor
from tests.browser.test_faults import words_of
from tests.browser.world import World

CALM = Line("a", "fine", {"order": "in"}, 1.5, 2, None, 0.0, 0, None, 0, 0, 0, False, False)


@pytest.fixture
def tiles(full: World) -> Iterator[threading.Event]:
    """A plugin with three tiles: one that is well, one that raises, one that hangs until the event."""
    free, packages = threading.Event(), full.hub.registry.packages
    before = packages["labels"]

    def raises(_: PageRequest) -> str:
        raise ValueError("a plugin's bug")

    def hangs(_: PageRequest) -> str:
        free.wait(20)
        return "too late"

    def shows(asked: PageRequest) -> str:
        return f"<p>{asked.text(Text('今日会员 7 位', '7 members today'))} {asked.subject}</p>"

    parts = [Panel("", "tile", Text(name, name), view) for name, view in (("a", shows), ("b", raises), ("c", hangs))]
    packages["labels"] = replace(before, console=(*before.console, *parts))
    yield free
    free.set()
    packages["labels"] = before


def test_tiles_when_plugins_bring_them_then_shown_and_the_page_goes_on_without_the_broken(
    full: World, tiles: threading.Event
) -> None:
    page = Visitor(full).get("/").text
    assert "今日会员 7 位 None" in page
    assert len(re.findall(r"该插件暂不可用（错误 err_\w+）", page)) == 2
    assert 'id="day"' in page
    tiles.set()
    assert "7 members today" in Visitor(full, "admin-en").get("/").text


def test_figures_when_drawn_and_listed_then_the_same(full: World) -> None:
    page = Visitor(full, "admin-en").get("/").text
    picture, table = page.partition('class="flow"')[2].partition("</svg>")[::2]
    rows = dict(_rows(table))
    boxes = re.findall(
        r'<text [^>]*>(?:<tspan[^>]*>[^<]*</tspan> )?([^<]*)</text><text class="sub"[^>]*>([^<]*)</text>', picture
    )
    drawn = [(name, note) for name, note in boxes if name in rows and "/min" in note]
    assert len(drawn) > 2
    for name, note in drawn:
        row = rows[name]
        if note.startswith("in "):
            assert note == f"in {row['In/min']}/min · behind {row['Behind']}"
        else:
            assert note.startswith(f"out {row['Out/min']}/min · due {row['Due']}")


def _rows(table: str) -> Iterator[tuple[str, dict[str, str]]]:
    for row in re.findall(r"<tr><th scope=\"row\".*?</tr>", table, re.DOTALL):
        cells = re.findall(r'data-label="([^"]+)">(.*?)</t[hd]>', row, re.DOTALL)
        yield words_of(cells[0][1]).strip(), {label: words_of(cell).strip() for label, cell in cells[1:]}


def test_connections_when_many_then_by_system_with_the_worst_state(
    full: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.console.pages.overview.MOST", 2)
    page = Visitor(full, "admin-en").get("/").text
    table = page.partition("</svg>")[2]
    first = dict(_rows(table.partition("</table>")[0]))
    assert len(first) < 3
    assert "Needs you" in next(iter(first.values()))["State"]
    assert len(re.findall(r'<details class="why" id="g-\d"', page)) == len(first)
    assert "网店" in dict(_rows(table.partition("<details")[2]))


@pytest.mark.parametrize(
    ("states", "worst"), [(("fine", "slow", "off"), "slow"), (("fine", "act"), "act"), (("fine", "fine"), "fine")]
)
def test_group_when_made_then_sums_longest_waits_and_the_worst(states: tuple[str, ...], worst: str) -> None:
    lines: list[tuple[str, Any]] = [
        ("shop", replace(CALM, name=f"s{n}", state=state, behind_s=n)) for n, state in enumerate(states)
    ]
    out = replace(CALM, name="z", flows={"order": "out"}, longest_s=7.0, is_in_stopped=True)
    [shop, crm] = sorted(by_system([*lines, ("shop", out), ("crm", CALM)]), key=lambda line: line.name, reverse=True)
    assert (shop.state, shop.waiting, shop.in_per_minute) == (worst, 2 * (len(states) + 1), 1.5 * (len(states) + 1))
    assert (shop.behind_s, shop.longest_s, shop.is_in_stopped) == (len(states) - 1, 7.0, False)
    assert shop.flows == {"order": "both"}
    assert (crm.name, len(crm.members), len(shop.members)) == ("crm", 1, len(states) + 1)
    assert set(flow_line.STOPPED) <= set(flow_line._STATES)


def test_figures_when_several_screens_refresh_then_read_once_but_anew_for_who_opens_the_page(
    full: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, figures = [], console_connection.figures

    def counted(*given: Any, **named: Any) -> Any:
        read.append(given)
        return figures(*given, **named)

    monkeypatch.setattr(console_connection, "figures", counted)
    Visitor(full).get("/")
    live = [Visitor(full, role).get("/", headers={"X-Region": "live"}) for role in ("admin", "admin-en", "admin")]
    assert len(read) == 1
    assert all('id="live"' in answer.text and '<nav class="menu"' not in answer.text for answer in live)
    Visitor(full).get("/")
    assert len(read) == 2
