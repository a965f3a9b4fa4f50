"""The state of a connection in one word, whatever the time."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.console.state import due_s, state_of
from hub.store.console_connection import Figures

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=1)


def _figures(**given: Any) -> Figures:
    blank: dict[str, Any] = {each.name: 0 if each.type == "int" else None for each in fields(Figures)}
    return replace(Figures(**blank), halted_in=False, halted_out=False, **given)


@pytest.mark.parametrize(
    ("phase", "expected"), [("live", "slow"), ("off", "off"), ("reading", "fine"), ("review", "act")]
)
def test_state_when_deliveries_have_waited_long_then_late_only_if_it_is_live(phase: str, expected: str) -> None:
    assert state_of(_figures(phase=phase, due=3, oldest_due_at=LONG_AGO), NOW) == expected


def test_due_when_held_until_it_goes_live_then_nothing_is_overdue() -> None:
    assert due_s(_figures(phase="reading", oldest_due_at=LONG_AGO), NOW) is None
    assert due_s(_figures(phase="live", oldest_due_at=LONG_AGO), NOW) == 3600


@pytest.mark.parametrize(
    ("health", "expected"),
    [
        ({}, "fine"),
        ({"delivery": {"state": "open"}}, "slow"),
        ({"delivery": {"state": "closed"}}, "fine"),
        ({"pull:orders": {"ok": False, "away": True, "at": NOW.timestamp() - 30}}, "slow"),
        ({"pull:orders": {"ok": False, "away": True, "at": NOW.timestamp() - 3600}}, "fine"),
        ({"pull:orders": {"ok": True, "away": False, "at": NOW.timestamp()}}, "fine"),
    ],
)
def test_state_when_it_does_not_answer_then_not_fine(health: dict[str, Any], expected: str) -> None:
    assert state_of(_figures(phase="live", health=health), NOW) == expected
