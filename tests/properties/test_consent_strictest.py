"""Consent by sync only gets stricter; only an explicit later act of the person grants. Held against an oracle of all that was said."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.model import time
from hub.rules import register
from hub.rules.derive.consent import STRICTEST, consents_of
from hub.rules.register import Item
from hub.rules.survivorship import FieldRule, candidates, resolve
from tests.fixtures.clusters import CONNECTIONS, CONSENT, DAY, START, TIMES, Line

FEW = settings(max_examples=80, deadline=None)
RULE = FieldRule("consent", "strictest", CONSENT, (), False, refused_at=True)
STATES = st.sampled_from(["granted", "granted", "denied", "objected", "withdrawn", None])
ACTS = st.fixed_dictionaries(
    {"status": STATES},
    optional={"captured_at": st.sampled_from([*TIMES, None]), "captured_via": st.sampled_from(["till", "sync", None])},
)
SAID = st.tuples(st.integers(0, 6), ACTS)


def _items(said: list[tuple[int, dict[str, Any]]]) -> tuple[Item, ...]:
    return tuple(Item((n, 0, 0, ""), content, START + day * DAY + n) for n, (day, content) in enumerate(said))


def _lines(histories: st.SearchStrategy[list[tuple[int, dict[str, Any]]]]) -> st.SearchStrategy[list[Line]]:
    return st.lists(
        st.builds(
            lambda place, said: Line(*place, _items(said)),
            st.tuples(st.sampled_from(CONNECTIONS), st.sampled_from("12")),
            histories,
        ),
        min_size=1,
        max_size=3,
        unique_by=lambda line: (line.connection, line.external_id),
    )


HISTORIES = st.lists(SAID, min_size=1, max_size=6)
LINES = _lines(HISTORIES.map(lambda said: sorted(said, key=lambda one: one[0])))
MUDDLED = _lines(HISTORIES)
"""Of sources whose clocks go back."""


def _states(line: Line) -> list[tuple[dict[str, Any], str]]:
    """All that a record ever said, oldest first: its whole tuple then, and until when that bars if it is a refusal."""
    found: list[tuple[dict[str, Any], str]] = []
    held: dict[str, Any] = {}
    stated = dated = clock = START
    for one in line.items:
        clock = one.since
        changed = {name for name, value in one.asserted.items() if held.get(name) != value}
        held = {**held, **one.asserted}
        stated = clock if "status" in changed else stated
        dated = clock if "captured_at" in changed else dated
        is_dated = held.get("captured_at") and (dated > stated or {"status", "captured_at"} <= changed)
        if changed:
            at = time.from_micros(stated)
            was = found[-1][1] if found and "status" not in changed and "captured_at" not in changed else None
            bar = was or (held["captured_at"] if is_dated else max(held.get("captured_at") or "", at))
            found.append((held, bar))
    return found


def _is_refused(lines: list[Line]) -> bool:
    """Whether anybody ever refused, and the person did not grant later."""
    grants, refusals = [], []
    for states in map(_states, lines):
        refusals += [bar for held, bar in states if held["status"] not in (None, "granted")]
        for held, _ in takewhile(lambda state: state[0]["status"] == "granted", reversed(states)):
            if held.get("captured_at") and held.get("captured_via") != "sync":
                grants.append(held["captured_at"])
    return any(bar >= max(grants, default="") for bar in refusals)


def _golden(lines: list[Line]) -> dict[str, Any]:
    return resolve([line.source() for line in lines], [RULE], {}).data


@FEW
@given(LINES)
def test_strictest_when_anybody_refused_then_until_the_person_grants_later(lines: list[Line]) -> None:
    golden = _golden(lines)
    assert (golden.get("status") in STRICTEST[:-1]) == _is_refused(lines)


@FEW
@given(LINES)
def test_strictest_when_derived_for_the_customer_then_it_agrees(lines: list[Line]) -> None:
    """Whether one golden record holds all acts, or each source's stands alone, the customer may be sent the same."""
    together, apart = [_golden(lines)], [_golden([line]) for line in lines]
    for goldens in (together, apart):
        found = consents_of(goldens)
        assert any(one["status"] != "granted" for one in found) == _is_refused(lines)


@FEW
@given(LINES | MUDDLED, SAID, st.data())
def test_strictest_never_loosens_without_an_explicit_act(
    lines: list[Line], said: tuple[int, dict[str, Any]], data: st.DataObject
) -> None:
    day, content = said
    sync = {**content, "captured_via": "sync"}
    before = _golden(lines).get("status")
    told = data.draw(st.sampled_from(lines))
    n = len(told.items)
    news = Item((n, 0, 0, ""), sync, START + day * DAY)
    after = [Line(told.connection, told.external_id, (*told.items, news)) if line is told else line for line in lines]
    now = _golden(after).get("status")
    if before in STRICTEST[:-1]:
        assert STRICTEST.index(now) <= STRICTEST.index(before)


@FEW
@given(LINES, st.booleans())
def test_strictest_when_the_person_grants_after_all_refusals_then_granted(lines: list[Line], is_new: bool) -> None:
    act = {"status": "granted", "captured_at": "2026-12-01T00:00:00.000000Z", "captured_via": "till"}
    news = Item((99, 0, 0, ""), act, START + 40 * DAY)
    if is_new:
        after = [*lines, Line("till", "9", (news,))]
    else:
        first = lines[0]
        after = [Line(first.connection, first.external_id, (*first.items, news)), *lines[1:]]
    assert _golden(after)["status"] == "granted"


@FEW
@given(LINES)
def test_strictest_when_a_person_is_asked_then_only_about_a_grant_that_somebody_gave(lines: list[Line]) -> None:
    sources = [line.source() for line in lines]
    found = resolve(sources, [RULE], {})
    ranked = candidates(sources, RULE)
    if found.conflicts:
        assert ranked[0].values["status"] != "granted"
        assert any(
            one.values.get("status") == "granted" and one.values.get("captured_via") != "sync" for one in ranked[1:]
        )


@FEW
@given(st.lists(st.sampled_from(["grant a", "grant b", "refuse a", "refuse b", "sync"]), max_size=10))
def test_strictest_when_systems_date_what_the_hub_tells_them_then_the_last_act_of_the_person_holds(
    steps: list[str],
) -> None:
    """Both store the state only, and put the time of the change beside it, whoever made it."""
    said: dict[str, list[Item]] = {"a": [], "b": []}
    last = None
    for clock, step in enumerate([*steps, "sync", "sync"]):
        at = START + clock * DAY
        if step == "sync":
            told = _golden_of(said)
            for name, items in said.items():
                if told and register.fold(items).held("status") != told:
                    write = Item((2 * clock, register.WRITE_MINOR, 0, name), {"status": told}, is_write=True)
                    said[name] = [*items, write, _change(2 * clock + 1, at, told)]
        else:
            wish, name = "granted" if step.startswith("grant") else "withdrawn", step[-1]
            if register.fold(said[name]).held("status") != wish:  # what it has already is no change there
                said[name], last = [*said[name], _change(2 * clock, at, wish)], wish
    assert _golden_of(said) == last


def _change(major: int, at: int, status: str) -> Item:
    return Item((major, 0, 0, ""), {"status": status, "captured_at": time.from_micros(at)}, at)


def _golden_of(said: dict[str, list[Item]]) -> str | None:
    return _golden([Line(name, "1", tuple(items)) for name, items in said.items() if items]).get("status")
