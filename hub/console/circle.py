"""The picture of a cluster: its records on a circle, lines for what holds them together. SVG text, classes only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin

from markupsafe import Markup, escape

from hub.console.picture import fit

MOST_NODES = 14
WIDTH, BOX_HEIGHT = 960, 44
# Narrow where there are many, so that neighbours do not cover each other.
WIDE, NARROW, FEW = 176, 148, 10
# In the order of drawing: what matters most lies on top.
_LOOKS = ("score", "key", "copy", "must", "cannot")


@dataclass(frozen=True, slots=True)
class Spot:
    """One record: the system and the id there."""

    name: str
    note: str
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Tie:
    """A line between two spots (their places). `look`: must, cannot, copy, key or score."""

    a: int
    b: int
    look: str
    note: str = ""


def cluster(spots: Sequence[Spot], ties: Sequence[Tie], title: str) -> Markup:
    """At most `MOST_NODES` spots. Pure; empty for fewer than two. The same figures stand in a table beside it."""
    if not 2 <= len(spots) <= MOST_NODES:
        return Markup()
    width = WIDE if len(spots) <= FEW else NARROW
    height = 150 if len(spots) == 2 else 60 + 44 * max(4, len(spots))
    centres = _centres(len(spots), width, height)
    parts = [
        f'<svg class="cluster" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
    ]
    labelled: set[tuple[int, int]] = set()
    for look in _LOOKS:
        parts += [_line(centres[tie.a], centres[tie.b], look) for tie in ties if tie.look == look]
    for look in reversed(_LOOKS):
        for tie in ties:
            pair = (min(tie.a, tie.b), max(tie.a, tie.b))
            if tie.look == look and pair not in labelled:
                labelled.add(pair)
                parts.append(_words(centres[tie.a], centres[tie.b], tie, len(spots)))
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


def _words(a: tuple[float, float], b: tuple[float, float], tie: Tie, count: int) -> str:
    """The reason beside the middle of its line; left out where lines are too many to read any."""
    if count > 7 and tie.look != "cannot":
        return ""
    text = "✕" if tie.look == "cannot" else escape(fit(tie.note, 24))
    return f'<text class="sub" text-anchor="middle" x="{(a[0] + b[0]) / 2:.0f}" y="{(a[1] + b[1]) / 2 - 6:.0f}">{text}</text>'


def _box(x: float, y: float, width: float, spot: Spot) -> str:
    left, top = x - width / 2, y - BOX_HEIGHT / 2
    gone = ' class="gone"' if spot.is_gone else ""
    return (
        f'<g{gone}><rect x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{BOX_HEIGHT}" rx="6"/>'
        f'<text x="{left + 10:.0f}" y="{top + 18:.0f}">{escape(fit(spot.name, (width - 20) / 7.5))}</text>'
        f'<text class="sub" x="{left + 10:.0f}" y="{top + 36:.0f}">{escape(fit(spot.note, (width - 20) / 6.5))}</text></g>'
    )
