"""Pictures are plain SVG that the strict policy lets through, whatever the names in them."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET

import pytest

from hub.console.picture import Bar, Node, fit, flow, histogram, strip

EVIL = '"><script>alert(1)</script>&'


def node(name: str = "网店", **more: object) -> Node:
    return Node(**{"name": name, "note": "42/min", "glyph": "●", "tone": "ok", "per_minute": 42.0, **more})  # type: ignore[arg-type]


def test_flow_when_names_are_hostile_then_it_is_well_formed_and_has_no_script() -> None:
    picture = flow([node(EVIL)], [node(EVIL, note=EVIL)], node(EVIL), EVIL)
    root = ET.fromstring(picture)
    names = {element.tag for element in root.iter()}
    assert names == {"svg", "title", "rect", "text", "tspan", "path", "g"}
    assert not any("style" in element.attrib for element in root.iter())


def test_flow_when_a_connection_stopped_then_its_line_is_dashed() -> None:
    picture = flow([node(is_stopped=True), node()], [], node(), "t")
    assert picture.count('class="stopped"') == 1


def test_flow_when_rates_differ_then_the_faster_line_is_thicker() -> None:
    root = ET.fromstring(flow([node(per_minute=0.0), node(per_minute=9.0), node(per_minute=999.0)], [], node(), "t"))
    widths = [float(path.attrib["stroke-width"]) for path in root.iter("path")]
    assert widths == [1.0, 3.0, 7.0]


def test_flow_when_there_are_many_connections_then_boxes_do_not_overlap() -> None:
    root = ET.fromstring(flow([node(f"n{i}") for i in range(12)], [node()], node(), "t"))
    tops = sorted(float(box.attrib["y"]) for box in root.iter("rect") if box.attrib["x"] == "0")
    assert len(tops) == 12
    assert min(tops) >= 0
    assert min(b - a for a, b in itertools.pairwise(tops)) >= 46


@pytest.mark.parametrize(
    ("text", "units", "shown"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("网店浦东", 6, "网店…"), ("", 3, "")]
)
def test_fit_when_too_long_then_cut_by_width(text: str, units: int, shown: str) -> None:
    assert fit(text, units) == shown


def test_strip_when_nothing_happened_then_only_the_base_line() -> None:
    root = ET.fromstring(strip([0, 0, 0], "ok", "t"))
    assert [box.attrib["class"] for box in root.iter("rect")] == ["base"]


def test_strip_when_values_differ_then_bars_are_as_high() -> None:
    root = ET.fromstring(strip([1, 2, 0], "ok", "t"))
    assert [float(box.attrib["height"]) for box in root.iter("rect")] == [1.0, 17.0, 34.0]


def test_histogram_when_drawn_then_bars_in_the_frame_to_scale_and_lines_where_thresholds_are() -> None:
    bars = [Bar(3, 10, (("ok", 1), ("bad", 0))), Bar(9, 40, (("ok", 3), ("bad", 1)))]
    picture = histogram(bars, [(3.0, "review <3>"), (9.0, "auto")], ("pairs", "answers"), "weights")
    frame = re.search(r'viewBox="0 0 (\d+) (\d+)"', picture)
    assert frame
    pieces = [
        tuple(map(float, found))
        for found in re.findall(
            r'<rect[^>]* x="(-?[\d.]+)" y="(-?[\d.]+)" width="(-?[\d.]+)" height="(-?[\d.]+)"', picture
        )
    ]
    assert len(pieces) == 5, "two amounts, three parts that are not nothing"
    for x, y, width, height in pieces:
        assert 0 <= x <= float(frame[1]) - width
        assert 0 <= y <= float(frame[2]) - height
    (_, _, _, low), *_rest = pieces
    assert max(height for *_, height in pieces) == 4 * low
    assert picture.count('class="stopped"') == 2
    assert "review &lt;3&gt;" in picture
    assert "style=" not in picture


def test_histogram_when_there_is_only_one_bar_below_nothing_then_it_is_drawn() -> None:
    assert "<rect" in histogram([Bar(-2, 1, ())], [], ("a", "b"), "title")
