"""Pictures as SVG text: classes only, no style and no script, so that the strict policy lets them through.

Pure functions. Every picture has the same figures beside it as a table; `title` is its name for
those who do not see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10
from unicodedata import east_asian_width

from markupsafe import Markup, escape


@dataclass(frozen=True, slots=True)
class Node:
    """One end of the flow picture. `per_minute` sets the line's width; a stopped one is dashed."""

    name: str
    note: str
    glyph: str
    tone: str
    per_minute: float
    is_stopped: bool = False


BOX_WIDTH, BOX_HEIGHT, GAP = 236, 46, 10
WIDTH, HUB_WIDTH = 960, 190


def flow(left: Sequence[Node], right: Sequence[Node], hub: Node, title: str) -> Markup:
    """Systems that send on the left, the hub in the middle, systems that receive on the right."""
    rows = max(len(left), len(right), 2)
    height = rows * (BOX_HEIGHT + GAP) + GAP
    middle = height / 2
    hub_x = (WIDTH - HUB_WIDTH) / 2
    parts = [
        f'<svg class="flow" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
    ]
    for x, nodes, edge, port in (
        (0, left, BOX_WIDTH, hub_x),
        (WIDTH - BOX_WIDTH, right, WIDTH - BOX_WIDTH, hub_x + HUB_WIDTH),
    ):
        for y, node in zip(_rows(len(nodes), height), nodes, strict=True):
            parts.append(_link(edge, y + BOX_HEIGHT / 2, port, _port(middle, y, height), node))
            parts.append(_box(x, y, BOX_WIDTH, BOX_HEIGHT, node))
    parts.append(f'<g class="hub">{_box(hub_x, middle - 32, HUB_WIDTH, 64, hub)}</g></svg>')
    return Markup("".join(parts))  # noqa: S704 -- every text in it went through escape


def _rows(count: int, height: float) -> list[float]:
    """Where `count` boxes stand so that they are centred."""
    block = count * (BOX_HEIGHT + GAP) - GAP
    return [(height - block) / 2 + i * (BOX_HEIGHT + GAP) for i in range(count)]


def _port(middle: float, y: float, height: float) -> float:
    """Where a line meets the hub: spread over its side, in the order of the boxes."""
    return middle + (y + BOX_HEIGHT / 2 - height / 2) / height * 48


def _link(x1: float, y1: float, x2: float, y2: float, node: Node) -> str:
    width = 1.0 if node.per_minute <= 0 else 1 + 2 * log10(1 + node.per_minute)
    bend = (x1 + x2) / 2
    stopped = ' class="stopped"' if node.is_stopped else ""
    return (
        f'<path{stopped} stroke-width="{width:.1f}" '
        f'd="M{x1:.0f} {y1:.0f}C{bend:.0f} {y1:.0f} {bend:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"/>'
    )


def _box(x: float, y: float, width: float, height: float, node: Node) -> str:
    glyph = f'<tspan class="g-{escape(node.tone)}">{escape(node.glyph)}</tspan> ' if node.glyph else ""
    name = escape(fit(node.name, (width - 40) / 7))
    note = escape(fit(node.note, (width - 24) / 6.2))
    top, low = y + height / 2 - 5, y + height / 2 + 14
    return (
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}" rx="6"/>'
        f'<text x="{x + 12:.0f}" y="{top:.0f}">{glyph}{name}</text>'
        f'<text class="sub" x="{x + 12:.0f}" y="{low:.0f}">{note}</text>'
    )


def fit(text: str, units: float) -> str:
    """Cuts `text` to `units` narrow characters (a Chinese one counts two), with an ellipsis."""
    used = 0
    for i, character in enumerate(text):
        used += 2 if east_asian_width(character) in "WF" else 1
        if used > units:
            return text[: max(0, i - 1)] + "…"
    return text


def units(text: str) -> int:
    """How many narrow characters a text is wide."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def strip(values: Sequence[int], tone: str, title: str) -> Markup:
    """A row of bars, oldest first, as high as the largest; the base line shows where nothing happened."""
    top = max([*values, 1])
    step = 240 / max(len(values), 1)
    bars = [
        f'<rect x="{i * step:.1f}" y="{36 - 34 * value / top:.1f}" width="{step - 1:.1f}" height="{34 * value / top:.1f}"/>'
        for i, value in enumerate(values)
        if value
    ]
    return Markup(  # noqa: S704 -- numbers, and texts that went through escape
        f'<svg class="strip {escape(tone)}" viewBox="0 0 240 40" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(title)}"><title>{escape(title)}</title>'
        f'<rect class="base" x="0" y="37" width="240" height="1"/>{"".join(bars)}</svg>'
    )


def bar(parts: Sequence[tuple[str, float]], most: float, title: str) -> Markup:
    """One bar of several parts (class, amount), side by side; its whole length stands for `most`."""
    x, found = 0.0, []
    for name, amount in parts:
        width = 960 * max(0.0, amount) / most
        found.append(f'<rect class="b-{escape(name)}" x="{x:.1f}" y="0" width="{width:.1f}" height="16"/>')
        x += width
    return Markup(  # noqa: S704 -- numbers, and texts that went through escape
        f'<svg class="bar" viewBox="0 0 960 16" preserveAspectRatio="none" role="img" aria-label="{escape(title)}">'
        f'<title>{escape(title)}</title><rect class="base" width="960" height="16"/>{"".join(found)}</svg>'
    )


def share(part: float, whole: float) -> Markup:
    """A short bar beside its percentage; the figures stand in the row."""
    percent = 100 * part / whole if whole else 0.0
    width = min(100.0, percent)
    return Markup(  # noqa: S704 -- numbers alone
        f'<svg class="bar share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="base" width="100" height="8"/><rect class="b-live" width="{width:.1f}" height="8"/></svg>'
        f'<span class="num">{percent:.0f}%</span>'
    )


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a histogram at `at`: `amount` above, and below it the parts (tone, amount) of what people said."""

    at: int
    amount: int
    parts: tuple[tuple[str, int], ...]


CHART_TOP, CHART_LOW, CHART_GAP = 120, 70, 34


def histogram(bars: Sequence[Bar], lines: Sequence[tuple[float, str]], names: tuple[str, str], title: str) -> Markup:
    """Amounts above, stacked parts below on the same axis, each to its own scale; `lines` (place, label) stand across."""
    places = [bar.at for bar in bars] + [at for at, _label in lines]
    start, end = int(min(places)) - 1, int(max(places)) + 2
    step = WIDTH / (end - start)
    most, most_said = max([bar.amount for bar in bars] + [1]), max([sum(n for _, n in bar.parts) for bar in bars] + [1])
    floor, low = 20 + CHART_TOP, 20 + CHART_TOP + CHART_GAP + CHART_LOW
    found = [
        f'<svg class="flow" viewBox="0 0 {WIDTH} {low + 22}" role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
    ]
    for bar in bars:
        x, high = (bar.at - start) * step, CHART_TOP * bar.amount / most
        found.append(_piece(x, floor - high, step, high, ' class="g-quiet"'))
        y = float(low)
        for tone, amount in bar.parts:
            high = CHART_LOW * amount / most_said
            y -= high
            found.append(_piece(x, y, step, high, f' class="g-{escape(tone)}"') if amount else "")
    for y, top, name in ((floor, 34, names[0]), (low, floor + CHART_GAP, names[1])):
        found.append(f'<path d="M0 {y}H{WIDTH}"/><text class="sub" x="2" y="{top}">{escape(name)}</text>')
    for place, (at, label) in enumerate(lines):
        x = (at - start) * step
        found.append(f'<path class="stopped" d="M{x:.1f} 18V{low}"/>')
        anchor = "end" if place == 0 else "start"
        found.append(
            f'<text class="sub" text-anchor="{anchor}" x="{x + (4 if place else -4):.1f}" y="14">{escape(label)}</text>'
        )
    ticks = range(start + 1, end, max(1, (end - start) // 16))
    found += [
        f'<text class="sub" text-anchor="middle" x="{(at - start) * step:.1f}" y="{low + 16}">{at}</text>'
        for at in ticks
    ]
    return Markup("".join([*found, "</svg>"]))  # noqa: S704 -- numbers, and texts that went through escape


def _piece(x: float, y: float, step: float, height: float, look: str) -> str:
    return f'<rect{look} x="{x + 1:.1f}" y="{y:.1f}" width="{step - 2:.1f}" height="{height:.1f}"/>'
