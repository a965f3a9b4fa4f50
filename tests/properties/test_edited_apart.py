"""A person is asked about two edits of one value iff neither author had seen the other's, in systems that had been in step."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from hypothesis import example, given
from hypothesis import strategies as st

from hub.rules import register
from hub.rules.register import Item
from hub.rules.survivorship import FieldRule, Source, candidates, contradict

RULE = FieldRule("note", "latest", ("note",))
START = "tea"
STEPS = st.lists(st.sampled_from(["edit a", "edit b", "sync"]), max_size=25)


@dataclass
class System:
    """One system: its line as the hub knows it, and which edits of the other its people have seen."""

    name: str
    line: list[Item] = field(default_factory=list)
    last: str = START
    seen: set[str] = field(default_factory=set)
    seen_at_edit: set[str] = field(default_factory=set)

    def say(self, at: int, value: str) -> None:
        """Somebody there types a value."""
        self.line.append(Item((at, 0, 0, value), {"note": value}, since=at))
        self.last, self.seen_at_edit = value, set(self.seen)

    def take(self, at: int, value: str) -> None:
        """The hub writes a value there, if it is another one."""
        if register.fold(self.line).held("note") != value:
            self.line.append(Item((at, register.WRITE_MINOR, 0, value), {"note": value}, is_write=True))
            self.seen.add(value)

    def source(self, *, is_told: bool = True) -> Source:
        """As survivorship sees it, out of the cache."""
        packed = register.encode(register.fold(self.line))
        return Source(
            uuid.uuid5(uuid.NAMESPACE_DNS, self.name), self.name, 100, "1", packed, told=("note",) if is_told else ()
        )


class Pair:
    """Two systems that the hub keeps in step whenever it comes to it."""

    def __init__(self, *, by_themselves: bool) -> None:
        self.a, self.b, self.clock = System("a"), System("b"), 1
        self.a.say(1, START)
        if by_themselves:
            self.b.say(1, START)
        else:
            self.b.take(1, START)

    def play(self, step: str) -> None:
        """One step, a moment after the one before."""
        self.clock += 1
        if step == "sync":
            newest = candidates([self.a.source(), self.b.source()], RULE)[0].values["note"]
            self.a.take(self.clock, newest)
            self.b.take(self.clock, newest)
        else:
            system = self.a if step == "edit a" else self.b
            system.say(self.clock, f"{step} {self.clock}")

    def asks(self, *, is_told: bool = True) -> bool:
        """Whether the hub asks a person."""
        sources = [self.a.source(is_told=is_told), self.b.source(is_told=is_told)]
        return contradict(RULE, candidates(sources, RULE))

    def is_apart(self) -> bool:
        """What should be asked: both edited, and neither had seen what the other says."""
        if START in (self.a.last, self.b.last):
            return False
        return self.b.last not in self.a.seen_at_edit and self.a.last not in self.b.seen_at_edit


@example(True, ["edit a", *["edit b"] * 2 * register.TRAIL_MAX])
@example(True, ["edit a", "edit b"] * 2 * register.TRAIL_MAX)
@given(st.booleans(), STEPS)
def test_item_when_systems_were_in_step_then_iff_neither_author_saw_the_other(
    by_themselves: bool, steps: list[str]
) -> None:
    pair = Pair(by_themselves=by_themselves)
    for step in steps:
        pair.play(step)
        assert pair.asks() == pair.is_apart()


@given(st.booleans(), st.lists(st.sampled_from(["edit a", "edit b"]), max_size=10))
def test_item_when_every_edit_is_told_at_once_then_never(by_themselves: bool, edits: list[str]) -> None:
    pair = Pair(by_themselves=by_themselves)
    for edit in edits:
        pair.play(edit)
        pair.play("sync")
        assert not pair.asks()


@given(st.lists(st.sampled_from(["edit a", "edit b"]), max_size=10))
def test_item_when_the_hub_tells_them_nothing_then_never(edits: list[str]) -> None:
    pair = Pair(by_themselves=True)
    for edit in edits:
        pair.play(edit)
        assert not pair.asks(is_told=False)


def test_item_when_both_said_other_things_from_the_first_then_none() -> None:
    pair = Pair(by_themselves=True)
    pair.a.line.clear()
    pair.a.say(2, "milk")
    pair.b.say(3, "water")
    pair.a.say(4, "soup")
    assert not pair.asks()
