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
