"""Compares payloads with a shape. What was seen before costs one look-up for each object in the payload."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import methodcaller
from typing import Any, Final

from hub.rules.drift.seen import GONE, NEW, TYPE, VALUE, Cause, Delta, Ruling, Sighting, Track
from hub.rules.drift.shape import Entry, Place, Shape, missing_keys, retyped
from hub.rules.drift.skeleton import (
    ANY_KEY,
    BITS,
    MOST_DEPTH,
    MOST_KEYS,
    TEXT,
    bit_of,
    is_word,
    joined,
    key_name,
    split,
)

MOST_NODES: Final = 2000
MOST_KNOWN: Final = 1000


Worded = tuple[tuple[tuple[str, bool], ...], dict[str, set[str | None]]]
"""The keys that lead to a place, each with whether it is a list; its keys with words -> those that are known, and None."""


@dataclass(slots=True)
class _Node:
    """Objects of one place with the same keys of the same types, judged once."""

    keys: dict[str, int]
    kids: tuple[tuple[str, _At, bool], ...]
    words: tuple[str, ...]
    changes: tuple[tuple[str, str, int], ...]
    is_notable: bool


@dataclass(slots=True)
class _At:
    """One place while it is watched. `known`: what the shape says of it; `watched`: causes to keep track of."""

    path: str
    known: Place | None
    depth: int
    nodes: dict[Any, _Node] = field(default_factory=dict)
    kids: dict[str, _At] = field(default_factory=dict)
    scalars: frozenset[type] = frozenset()
    parent: _At | None = None
    element: str = ""
    fine: dict[str, set[str | None]] = field(default_factory=dict)
    watched: list[tuple[str, str]] = field(default_factory=list)
    steps: tuple[tuple[str, bool], ...] | None = ()
    """The keys that lead there, each with whether it is a list; None where one of them is data."""


class Recogniser:
    """Judges the payloads of one topic and collects what is to be stored in `delta`.

    `rulings`: what is open or decided. `digest`: the hash under which a word is known. `fixed`: path -> words
    that the mapping knows. `plain`: paths whose texts are no fixed words (names, places).
    """

    def __init__(
        self,
        shape: Shape,
        rulings: Mapping[Cause, Ruling],
        digest: Callable[[str], str],
        fixed: Mapping[str, Collection[str]],
        plain: Collection[str] = frozenset(),
    ) -> None:
        self.shape, self.rulings, self.digest, self.fixed, self.plain = shape, rulings, digest, fixed, plain
        self.delta = Delta()
        self.worded: list[Worded] = []
        """Places met so far that hold words of fixed sets."""
        self.met = 0
        """How many keys with such words were met."""
        self.begun = 0
        """How often that what was seen before says nothing of what comes."""
        self._root = self._at("", 0)
        self._nodes = 0
        self._event = ""
        self._is_noted = False

    def look(self, payload: Any, event: str) -> bool:
        """Looks at a whole payload; whether anything of it counts. `event`: its id, hexadecimal."""
        if payload.__class__ is not dict:
            return False
        self._event, self._is_noted = event, False
        self.delta.events += 1
        if self._nodes > MOST_NODES:
            self._root, self._nodes, self.worded, self.begun = self._at("", 0), 0, [], self.begun + 1
        self._walk(payload, self._root)
        return self._is_noted

    def knows_words(self, payloads: Sequence[dict[str, Any]]) -> bool:
        """Whether all words of fixed sets, in places met so far, are known; False also where a place looks otherwise."""
        try:
            for steps, fine in self.worded:
                objects = reached(payloads, steps)
                for key, known in fine.items():
                    if not known.issuperset(map(methodcaller("get", key), objects)):
                        return False
        except (AttributeError, TypeError):
            return False
        return True

    def _walk(self, value: dict[str, Any], at: _At) -> None:
        node = at.nodes.get((tuple(value), tuple(map(type, value.values()))))
        if node is None:
            node = self._node(at, value)
        if node.is_notable:
            self._note(at, node, value)
        for key in node.words:
            if value[key] not in at.fine[key]:
                self._word(at, key, value[key])
        for key, kid, is_list in node.kids:
            inner = value[key]
            if not is_list:
                self._walk(inner, kid)
                continue
            for one in inner:
                if one.__class__ is dict:
                    self._walk(one, kid)
                elif one.__class__ not in kid.scalars:
                    self._scalar(kid, one)

    def _at(self, path: str, depth: int, parent: _At | None = None, element: str = "") -> _At:
        at = _At(path, self.shape.place(path), depth, parent=parent, element=element)
        if parent is not None and element and parent.known is not None and parent.known.is_learnt:
            entry = parent.known.keys.get(element)
            at.scalars = frozenset(t for t, bit in BITS.items() if entry is not None and entry.mask & bit)
        for what, cause in self._watched():
            where, key = split(cause)
            if where == path:
                at.watched.append((what, key))
        return at

    def _watched(self) -> list[Cause]:
        opened = [cause for cause, ruling in self.rulings.items() if ruling.state == "open" and cause[0] != VALUE]
        return [*opened, *((GONE, path) for path in self.shape.gone if (GONE, path) not in self.rulings)]

    def _node(self, at: _At, value: dict[str, Any]) -> _Node:
        keys: dict[str, int] = {}
        kids = []
        for raw, inner in value.items():
            key = key_name(raw)
            if key not in keys and len(keys) >= MOST_KEYS:
                key = ANY_KEY
            keys[key] = keys.get(key, 0) | bit_of(inner)
            if inner.__class__ in (dict, list) and at.depth < MOST_DEPTH:
                kids.append((raw, self._kid(at, key, is_list=inner.__class__ is list), inner.__class__ is list))
        words: tuple[str, ...] = ()
        changes: tuple[tuple[str, str, int], ...] = ()
        is_learnt = at.known is not None and at.known.is_learnt
        if is_learnt:
            changes = tuple(self._changes(at, keys))
            words = tuple(self._fixed_keys(at, value))
        if any(what == GONE and (GONE, key) not in at.watched for what, key, _ in changes):
            self._watch(at, [key for what, key, _ in changes if what == GONE])
        is_notable = not is_learnt or bool(changes) or bool(at.watched)
        node = _Node(keys, tuple(kids), words, changes, is_notable)
        at.nodes[(tuple(value), tuple(map(type, value.values())))] = node
        self._nodes += 1
        return node

    def _watch(self, at: _At, keys: list[str]) -> None:
        """From now on every object there counts, those that are as they should be too."""
        at.watched += [(GONE, key) for key in keys if (GONE, key) not in at.watched]
        at.nodes.clear()
        self.begun += 1

    def _kid(self, at: _At, key: str, *, is_list: bool) -> _At:
        name = f"{key}[]" if is_list else key
        found = at.kids.get(name)
        if found is None:
            found = at.kids[name] = self._at(joined(at.path, name), at.depth + 1, at, name if is_list else "")
            is_named = at.steps is not None and key != ANY_KEY
            found.steps = (*(at.steps or ()), (key, is_list)) if is_named else None
        return found

    def _changes(self, at: _At, keys: Mapping[str, int]) -> list[tuple[str, str, int]]:
        known = at.known
        assert known is not None  # noqa: S101 -- the caller looked
        found: list[tuple[str, str, int]] = []
        for key, bit in keys.items():
            entry = known.keys.get(key)
            if entry is None:
                found.append((NEW, key, bit))
            elif (change := retyped(entry, bit)) is None:
                found.append(("", key, bit))
            elif change:
                found.append((TYPE, key, bit))
        found += [(GONE, key, 0) for key in missing_keys(known, keys)]
        return [one for one in found if not self._is_ruled(at, *one)]

    def _is_ruled(self, at: _At, what: str, key: str, bit: int) -> bool:
        ruling = self.rulings.get((what, joined(at.path, key)))
        if ruling is None or ruling.state not in ("ignored", "accepted"):
            return False
        return ruling.state == "ignored" or what != TYPE or not bit & ~ruling.mask

    def _fixed_keys(self, at: _At, value: Mapping[str, Any]) -> list[str]:
        found = []
        for key, inner in value.items():
            path = joined(at.path, key)
            entry = at.known.keys.get(key) if at.known else None
            if inner.__class__ is str and entry is not None and entry.words is not None and path not in self.plain:
                if not at.fine and at.steps is not None:
                    self.worded.append((at.steps, at.fine))
                if key not in at.fine:
                    self.met += 1
                    at.fine[key] = {None, *self.fixed.get(path, ())}
                found.append(key)
        return found

    def _note(self, at: _At, node: _Node, value: Mapping[str, Any]) -> None:
        self._is_noted = True
        for what, key, bit in node.changes:
            path = joined(at.path, key)
            if not what:
                self.delta.widened[path] = self.delta.widened.get(path, 0) | bit
            elif what != GONE:
                self.delta.seen.setdefault((what, path), Sighting()).add(self._event, bit)
        for what, key in at.watched:
            is_hit = key in node.keys if what == GONE else any(one[:2] == (what, key) for one in node.changes)
            cause = (what, joined(at.path, key))
            self.delta.tracks.setdefault(cause, Track()).add(self._event, is_hit=is_hit)
        if at.known is None or not at.known.is_learnt:
            self._learn(at, node, value)

    def _learn(self, at: _At, node: _Node, value: Mapping[str, Any]) -> None:
        place = self.delta.learnt.setdefault(at.path, Place())
        place.count += 1
        for key, mask in node.keys.items():
            entry = place.keys.get(key)
            if entry is None:
                entry = place.keys[key] = Entry()
                place.new_at = place.count
            entry.add(1, mask, self._words(value.get(key), mask))

    def _words(self, value: Any, mask: int) -> dict[str, int] | None:
        if value.__class__ is str:
            return {self.digest(value): 1} if is_word(value) else None
        return {} if mask & ~TEXT else None

    def _word(self, at: _At, key: str, value: str) -> None:
        """A text of a fixed set that this process did not meet before."""
        path, digest = joined(at.path, key), self.digest(value)
        entry = at.known.keys[key] if at.known else Entry()
        ruling = self.rulings.get((VALUE, path))
        is_decided = ruling is not None and ruling.state in ("ignored", "accepted")
        if digest in (entry.words or ()) or (
            is_decided and ruling and (ruling.state == "ignored" or digest in ruling.words)
        ):
            if len(at.fine[key]) < MOST_KNOWN:
                at.fine[key].add(value)
            return
        self._is_noted = True
        self.delta.seen.setdefault((VALUE, path), Sighting()).add(self._event, TEXT, digest)

    def _scalar(self, at: _At, value: Any) -> None:
        """An element that is no object, of a type not met before in that list."""
        parent, bit, self._is_noted = at.parent, bit_of(value), True
        if parent is None:
            return
        if parent.known is None or not parent.known.is_learnt:
            place = self.delta.learnt.get(parent.path)
            if place is not None:
                entry = place.keys.setdefault(at.element, Entry(words=None))
                entry.count, entry.mask = entry.count + 1, entry.mask | bit
            return
        known = parent.known.keys.get(at.element)
        is_of_objects = at.known is not None and at.known.is_learnt
        change = is_of_objects if known is None else retyped(known, bit)
        if not change:
            if change is None or known is None:
                self.delta.widened[at.path] = self.delta.widened.get(at.path, 0) | bit
        elif not self._is_ruled(parent, TYPE, at.element, bit):
            self.delta.seen.setdefault((TYPE, at.path), Sighting()).add(self._event, bit)


def reached(objects: Sequence[Any], steps: Iterable[tuple[str, bool]]) -> Sequence[Any]:
    """What stands where keys lead, from each of many objects; `AttributeError`, `TypeError` where a place looks otherwise."""
    for key, is_list in steps:
        objects = [inner for one in objects if (inner := one.get(key))]
        if is_list:
            objects = [inner for one in objects for inner in one]
    return objects
