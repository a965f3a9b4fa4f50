"""The picture of a cluster: within its frame, without overlap, with nothing unescaped."""

from __future__ import annotations

import re

import pytest

from hub.console.circle import BOX_HEIGHT, WIDTH, Spot, Tie, cluster


def boxes(picture: str) -> list[tuple[float, ...]]:
    return [
        tuple(map(float, found))
        for found in re.findall(r'<rect x="(-?\d+)" y="(-?\d+)" width="(\d+)" height="(\d+)"', picture)
    ]


@pytest.mark.parametrize("count", range(2, 15))
def test_cluster_when_drawn_then_boxes_lie_in_the_frame_and_apart(count: int) -> None:
    picture = cluster([Spot(f"system {n}", f"id-{n}") for n in range(count)], [Tie(0, 1, "key", "phone")], "title")
    found = boxes(picture)
    assert len(found) == count
    frame = re.search(r'viewBox="0 0 (\d+) (\d+)"', picture)
    assert frame
    for x, y, width, height in found:
        assert 0 <= x <= WIDTH - width
        assert 0 <= y <= float(frame[2]) - height
    for n, (x, y, width, _) in enumerate(found):
        for other_x, other_y, *_rest in found[n + 1 :]:
            assert abs(x - other_x) >= width or abs(y - other_y) >= BOX_HEIGHT


@pytest.mark.parametrize("count", [0, 1, 15])
def test_cluster_when_too_few_or_too_many_then_no_picture(count: int) -> None:
    assert cluster([Spot("a", "b")] * count, [], "title") == ""


def test_cluster_when_names_hold_markup_then_it_is_text() -> None:
    picture = cluster([Spot("<script>", "&"), Spot("b", "2")], [Tie(0, 1, "must", "<b>")], "<i>")
    assert "<script>" not in picture
    assert "<b>" not in picture
    assert "style=" not in picture


def test_cluster_when_labels_lead_somewhere_then_they_cover_neither_boxes_nor_each_other() -> None:
    spots = [Spot(f"system {n}", f"id-{n}") for n in range(6)]
    ties = [Tie(a, b, "score", "+12.5", f"?a={a}&b={b}", (a, b) == (0, 1)) for a in range(6) for b in range(a)]
    picture = cluster(spots, ties, "title")
    areas = re.findall(r'<rect rx="6" x="(-?\d+)" y="(-?\d+)" width="(\d+)" height="(\d+)"', picture)
    labels = [tuple(map(float, area)) for area in areas]
    assert len(labels) >= 5
    every = [*labels, *boxes(picture)]
    for n, (x, y, width, height) in enumerate(labels):
        for other_x, other_y, other_width, other_height in every[n + 1 :]:
            apart = abs(x + width / 2 - other_x - other_width / 2) >= (width + other_width) / 2 - 2
            assert apart or abs(y + height / 2 - other_y - other_height / 2) >= (height + other_height) / 2 - 2
    assert 'role="group"' in picture
    assert 'href="?a=1&amp;b=0"' in picture


def test_cluster_when_nothing_leads_anywhere_then_one_image() -> None:
    picture = cluster([Spot("a", "1"), Spot("b", "2", is_gone=True)], [Tie(0, 1, "near", "+5")], "title")
    assert 'role="img"' in picture
    assert 'class="near"' in picture
    assert 'class="gone"' in picture
