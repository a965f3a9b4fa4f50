"""The contrast of every pair of colours that the stylesheet uses, in both themes (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import hub.console

CSS = (Path(hub.console.__file__).parent / "static" / "console.css").read_text(encoding="utf-8")
TOKENS = dict(re.findall(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}, #[0-9a-f]{6})\)", CSS))
TONES = ("ok", "warn", "bad", "wait", "unknown")
TEXT, GRAPHIC = 4.5, 3.0
PAIRS = [
    *((ink, ground, TEXT) for ink in ("text", "muted", "accent", *TONES) for ground in ("page", "surface")),
    *((tone, f"{tone}-tint", TEXT) for tone in TONES),
    *(("text", f"{tone}-tint", TEXT) for tone in TONES),
    ("on-accent", "accent", TEXT),
    *(("control", ground, GRAPHIC) for ground in ("page", "surface")),
]


def luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a: str, b: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_when_black_on_white_then_21() -> None:
    assert round(contrast("#000000", "#ffffff"), 1) == 21.0


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_contrast_when_a_pair_is_used_then_it_suffices(ink: str, ground: str, least: float, theme: int) -> None:
    pair = [TOKENS[name].split(", ")[theme] for name in (ink, ground)]
    assert contrast(*pair) >= least


def test_colours_when_used_then_only_by_token() -> None:
    body = CSS.partition("\n}\n")[2]
    assert not re.findall(r"(?<!light-dark\()#[0-9a-f]{6}\b|\brgb", body)
    assert set(re.findall(r"var\(--([a-z-]+)\)", CSS)) - {"mono", "row"} <= TOKENS.keys()


def test_stylesheet_when_measured_then_within_its_budget() -> None:
    assert len(CSS.encode()) <= 24 * 1024
    script = Path(hub.console.__file__).parent / "static" / "console.js"
    assert script.stat().st_size <= 8 * 1024
