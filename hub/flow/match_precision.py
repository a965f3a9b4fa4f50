"""How right the automatic merges turned out to be: what people said of each week's sample, as a share with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.rules.interval import wilson
from hub.store import match_sample as store
from hub.store.database import Connection
from hub.store.match_sample import WeekRow

LEAST: Final = 0.98
"""Below this share of right merges somebody is told."""
RECENT: Final = 20
"""So many of the newest samples are looked at for the last finished ones."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One week's sample. `precision`: share of right ones among the judged, None before the first; `low`, `high`: the
    Wilson interval of 95 % around it. `population`: automatic merges at the time of the draw.

    `is_finished`: all are judged. `is_low`: finished, and the share is under `LEAST`. The share itself decides, not the
    upper end of the interval: two wrong ones of fifty are reason to look, and the upper end falls under it at three only.
    """

    realm: str
    kind: str
    week: str
    drawn: int
    population: int
    auto: int
    at: datetime
    right: int
    wrong: int
    precision: float | None
    low: float
    high: float
    is_finished: bool
    is_low: bool


def samples(conn: Connection, realms: Sequence[str] | None = None, kind: str = "", limit: int = 12) -> list[Sample]:
    """What came of the samples so far, the newest first."""
    return [_sample(row) for row in store.weeks(conn, realms, kind, limit)]


def finished(conn: Connection) -> list[Sample]:
    """The last sample of each realm and kind that is judged whole."""
    found: dict[tuple[str, str], Sample] = {}
    for one in samples(conn, limit=RECENT):
        if one.is_finished:
            found.setdefault((one.realm, one.kind), one)
    return list(found.values())


def _sample(row: WeekRow) -> Sample:
    judged = row.right + row.wrong
    low, high = wilson(row.right, judged)
    precision = row.right / judged if judged else None
    is_finished = 0 < row.drawn <= judged
    return Sample(
        row.realm, row.kind, row.week, row.drawn, row.population, row.auto, row.at, row.right, row.wrong, precision, low,
        high, is_finished, is_finished and precision is not None and precision < LEAST,
    )  # fmt: skip
