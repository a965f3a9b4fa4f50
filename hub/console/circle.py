"""The picture of a cluster: its records on a circle, lines for what holds them together. SVG text, classes only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin

from markupsafe import Markup, escape

from hub.console.picture import fit, units

MOST_NODES = 14
WIDTH, BOX_HEIGHT = 960, 44
# Narrow where there are many, so that neighbours do not cover each other.
WIDE, NARROW, FEW = 176, 148, 10
MOST_LABELLED = 7
# In the order of drawing: what matters most lies on top.
_LOOKS = ("near", "score", "key", "copy", "must", "cannot")
# Where on its line a label may stand, the first place that is free.
_PLACES = (0.5, 0.4, 0.6, 0.32, 0.68, 0.25, 0.75)
LABEL_HEIGHT = 32
Area = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Spot:
    """One record: the system and the id there. `is_gone`: dashed, it is not there or not of them; `url`: where it leads."""

    name: str
    note: str
    is_gone: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class Tie:
    """A line between two spots (their places). `look`: must, cannot, copy, key, score or near.

    `url`: where its label leads; `is_on`: it is the one that was chosen.
    """

    a: int
    b: int
    look: str
    note: str = ""
    url: str = ""
    is_on: bool = False


def cluster(spots: Sequence[Spot], ties: Sequence[Tie], title: str) -> Markup:
    """At most `MOST_NODES` spots. Pure; empty for fewer than two. The same figures stand in a table beside it."""
    if not 2 <= len(spots) <= MOST_NODES:
        return Markup()
    width = WIDE if len(spots) <= FEW else NARROW
    height = 150 if len(spots) == 2 else 60 + 44 * max(4, len(spots))
    centres = _centres(len(spots), width, height)
    role = "group" if any(spot.url for spot in spots) or any(tie.url for tie in ties) else "img"
    parts = [
        f'<svg class="cluster" viewBox="0 0 {WIDTH} {height}" role="{role}" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
    ]
    labelled: set[tuple[int, int]] = set()
    taken: list[Area] = [(x - width / 2, y - BOX_HEIGHT / 2, width, BOX_HEIGHT) for x, y in centres]
    for look in _LOOKS:
        parts += [_line(centres[tie.a], centres[tie.b], look) for tie in ties if tie.look == look]
    for look in reversed(_LOOKS):
        for tie in ties:
            pair = (min(tie.a, tie.b), max(tie.a, tie.b))
            if tie.look == look and pair not in labelled:
                labelled.add(pair)
                parts.append(_words(centres[tie.a], centres[tie.b], tie, len(spots), taken))
    parts += [_box(*centre, width, spot) for centre, spot in zip(centres, spots, strict=True)]
    return Markup("".join([*parts, "</svg>"]))  # noqa: S704 -- every text in it went through escape


def _centres(count: int, width: float, height: float) -> list[tuple[float, float]]:
    """Two side by side, more on an ellipse, the first at its top."""
    middle_x, middle_y = WIDTH / 2, height / 2
    if count == 2:
        return [(width, middle_y), (WIDTH - width, middle_y)]
    radius_x, radius_y = (WIDTH - width) / 2 - 8, (height - BOX_HEIGHT) / 2 - 8
    angles = [2 * pi * place / count - pi / 2 for place in range(count)]
    return [(middle_x + radius_x * cos(angle), middle_y + radius_y * sin(angle)) for angle in angles]


def _line(a: tuple[float, float], b: tuple[float, float], look: str) -> str:
    return f'<path class="{look}" d="M{a[0]:.0f} {a[1]:.0f}L{b[0]:.0f} {b[1]:.0f}"/>'


def _words(a: tuple[float, float], b: tuple[float, float], tie: Tie, count: int, taken: list[Area]) -> str:
    """The reason on its line, where it covers nothing; left out where lines are too many to read any."""
    if count > MOST_LABELLED and tie.look != "cannot":
        return ""
    shown = "✕" if tie.look == "cannot" else fit(tie.note, 24)
    width = 16 + 7.5 * units(shown)
    for place in _PLACES:
        x, y = a[0] + (b[0] - a[0]) * place, a[1] + (b[1] - a[1]) * place
        area = (x - width / 2, y - LABEL_HEIGHT / 2, width, float(LABEL_HEIGHT))
        if not any(_meets(area, other) for other in taken):
            taken.append(area)
            break
    else:
        return ""
    text = f'<text class="sub" text-anchor="middle" x="{x:.0f}" y="{y + 4:.0f}">{escape(shown)}</text>'
    ground = f'<rect rx="6" x="{area[0]:.0f}" y="{area[1]:.0f}" width="{width:.0f}" height="{LABEL_HEIGHT}"/>'
    if not tie.url:
        return f'<text class="sub" text-anchor="middle" x="{x:.0f}" y="{y - 6:.0f}">{escape(shown)}</text>'
    look = ' class="on"' if tie.is_on else ""
    return f'<a{look} href="{escape(tie.url)}">{ground}{text}</a>'


def _meets(one: Area, other: Area) -> bool:
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )


def _box(x: float, y: float, width: float, spot: Spot) -> str:
    left, top = x - width / 2, y - BOX_HEIGHT / 2
    gone = ' class="gone"' if spot.is_gone else ""
    tag, end = (f'a href="{escape(spot.url)}"', "a") if spot.url else ("g", "g")
    return (
        f'<{tag}{gone}><rect x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{BOX_HEIGHT}" rx="6"/>'
        f'<text x="{left + 10:.0f}" y="{top + 18:.0f}">{escape(fit(spot.name, (width - 20) / 7.5))}</text>'
        f'<text class="sub" x="{left + 10:.0f}" y="{top + 36:.0f}">{escape(fit(spot.note, (width - 20) / 6.5))}</text></{end}>'
    )
