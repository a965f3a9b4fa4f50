"""The register of a field: a fold over the set of what a system said and what the hub wrote to it.

Items of one record are lined up by order `(major, minor, read_at, hash)`. Along the line each field
keeps an expectation: a write sets it; an observation that equals it says nothing new; one that
equals it loosely right after a write is an echo (the peer's way to spell it); any other is the
system's own evidence. So evidence, belief (`held`) and echo are pure functions of the two sets, and
the order of arrival never matters.

Lists whose elements have an identity are maps: each element is a field of its own, written
`field\\x1fkey`, whose value is the element or null (absent). A full list says "absent" of all others.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

SEPARATOR: Final = "\x1f"
EVERY_OTHER: Final = "*"
"""As an element's key: all that are not named are absent, but for those whose keys are its value."""
STATE: Final = "~state"
EXTENSIONS: Final = "~ext"

Order = tuple[int, int, int, str]
Step = tuple[int, Any, int]
WRITE_MINOR: Final = -1
TRAIL_MAX: Final = 8
TRACE_MAX: Final = 64
GAP: Final[Mapping[str, str]] = {"#": ""}
"""In a trail: values that were left out of it."""


class _Missing:
    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Missing()


@dataclass(frozen=True, slots=True)
class Item:
    """One observation or write on the line of a record. `asserted` is flat (see `flatten`)."""

    order: Order
    asserted: Mapping[str, Any]
    since: int = 0
    weak: bool = False
    is_write: bool = False


@dataclass(slots=True)
class Cell:
    """One field of one record.

    `own`, `since`, `weak`, `at`: the last own evidence and the order it stands at. `expected`: what the
    peer is known to hold. `fresh`: a write was the last word. `wrote`: the last value written. `base`:
    what had last been written when the own evidence came, so what its author may have seen of others.
    `trail`: what its system had said before: (since, value, major of its order), oldest first.
    """

    own: Any = MISSING
    since: int = 0
    weak: bool = False
    at: Order | None = None
    expected: Any = MISSING
    fresh: bool = False
    wrote: Any = MISSING
    base: Any = MISSING
    trail: tuple[Step, ...] = ()

    @property
    def held(self) -> Any:
        """What the peer is believed to hold now; MISSING when nothing is known."""
        return self.expected


@dataclass(slots=True)
class Fold:
    """The fold of one record: its cells and the order of its last item."""

    cells: dict[str, Cell]
    top: Order | None = None

    def own(self, name: str) -> Cell | None:
        """The cell of a plain field that carries own evidence, else None."""
        cell = self.cells.get(name)
        return cell if cell is not None and cell.own is not MISSING else None

    def elements(self, name: str) -> dict[str, Cell]:
        """The element cells of a list field, by element key."""
        prefix = name + SEPARATOR
        cut = len(prefix)
        return {key[cut:]: cell for key, cell in self.cells.items() if key.startswith(prefix)}

    def held(self, name: str) -> Any:
        """What the peer is believed to hold: a value, None when cleared, MISSING when unknown."""
        return self._view(name, lambda cell: cell.expected)

    def wrote(self, name: str) -> Any:
        """What the hub last wrote: a value, None when it cleared it, MISSING when it never wrote."""
        return self._view(name, lambda cell: cell.wrote)

    def _view(self, name: str, take: Any) -> Any:
        cell = self.cells.get(name)
        if cell is not None:
            return take(cell)
        values = [take(cell) for _, cell in sorted(self.elements(name).items())]
        if all(value is MISSING for value in values):
            return MISSING
        return [value for value in values if value is not None and value is not MISSING]

    @property
    def extensions(self) -> dict[str, Any]:
        """Source fields that no mapping names."""
        cell = self.own(EXTENSIONS)
        return dict(cell.own) if cell is not None and cell.own else {}

    @property
    def is_deleted(self) -> bool:
        """Its system said last that it is gone."""
        cell = self.own(STATE)
        return cell is not None and cell.own == "deleted"


def loose(value: Any) -> Any:
    """The form in which two spellings of one value are equal: NFKC, case, space and punctuation folded."""
    if isinstance(value, str):
        folded = unicodedata.normalize("NFKC", value).casefold()
        return "".join(ch for ch in folded if not (ch.isspace() or unicodedata.category(ch)[0] == "P")) or folded
    if isinstance(value, Mapping):
        return {key: loose(item) for key, item in value.items() if item not in (None, "", [])}
    if isinstance(value, list):
        return [loose(item) for item in value]
    return value


def loose_equal(a: Any, b: Any) -> bool:
    """Whether a peer may have only respelt the value."""
    return bool(a == b or loose(a) == loose(b))


def flatten(asserted: Mapping[str, Any], identities: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Splits list fields with identity into element fields.

    `identities`: list field -> names of the sub-fields that identify an element (empty: the
    element itself). Null empties the list. The result is what is stored with a version.
    """
    flat: dict[str, Any] = {}
    for name, value in asserted.items():
        identity = identities.get(name)
        if identity is None:
            flat[name] = value
            continue
        flat[name + SEPARATOR + EVERY_OTHER] = None
        for element in value or ():
            flat[name + SEPARATOR + element_key(element, identity)] = element
    return flat


def element_key(element: Any, identity: tuple[str, ...]) -> str:
    """The key of a list element: its identifying sub-fields, joined."""
    if not identity or not isinstance(element, Mapping):
        key = str(element)
        return key + EVERY_OTHER if _is_stars(key) else key  # a tag `*` is not every other one
    return "|".join("" if element.get(part) is None else str(element[part]) for part in identity)


def element_of(key: str, identity: tuple[str, ...]) -> Any:
    """What its key tells of an element: its identifying sub-fields as texts, or the element itself. The reverse of `element_key`."""
    if not identity:
        return key.removesuffix(EVERY_OTHER) if _is_stars(key) else key
    parts = key.split("|", len(identity) - 1)
    return {name: part for name, part in zip(identity, parts, strict=False) if part}


def _is_stars(key: str) -> bool:
    return key != "" and not key.strip(EVERY_OTHER)


def fold(items: Iterable[Item]) -> Fold:
    """The fold of a set of items, in any order, with any duplicates."""
    result = Fold({})
    last: Item | None = None
    for item in sorted(items, key=_line_order):
        if last is not None and item.order == last.order and item.asserted == last.asserted:
            continue
        extend(result, item)
        last = item
    return result


def _line_order(item: Item) -> tuple[Order, bool, int]:
    return (item.order, item.weak, item.since)


def extend(result: Fold, item: Item) -> None:
    """Adds one item that stands at or after the end of the line. O(fields asserted)."""
    cells = result.cells
    asserted = item.asserted
    for name, value in asserted.items():
        if name[-1:] == EVERY_OTHER and name[-2:-1] == SEPARATOR:
            prefix = name[:-1]
            spared = {prefix + key for key in value or ()}
            for other in [key for key in cells if key.startswith(prefix)]:
                if other not in asserted and other not in spared:
                    _step(cells, other, None, item)
        else:
            _step(cells, name, value, item)
    result.top = item.order


def _step(cells: dict[str, Cell], name: str, value: Any, item: Item) -> None:
    cell = cells.get(name)
    if cell is None:
        if value is None:
            return  # a field starts as empty: to clear it takes a value before, said or written
        cell = cells[name] = Cell()
        if SEPARATOR in name:
            cell.expected = None
    if item.is_write:
        cell.expected = cell.wrote = value
        cell.fresh = True
        return
    expected = cell.expected
    if value == expected and expected is not MISSING:
        cell.fresh = False
        return
    if cell.fresh and loose_equal(value, expected):
        cell.expected, cell.fresh = value, False
        return
    first = cell.own is MISSING and cell.wrote is MISSING
    cell.trail = () if cell.own is MISSING else _trail(cell, name)
    cell.own, cell.since, cell.at, cell.base = value, item.since, item.order, cell.wrote
    cell.weak = item.weak and first
    cell.expected, cell.fresh = value, False


def _trail(cell: Cell, name: str) -> tuple[Step, ...]:
    # Of values as people type them: of list elements and the hub's own words nobody asks what they were.
    if SEPARATOR in name or name.startswith("~"):
        return ()
    trail = (*cell.trail, (cell.since, trace(cell.own), cell.at[0] if cell.at else 0))
    if len(trail) <= TRAIL_MAX:
        return trail
    # The first one, with which systems are mostly met, and the newest; a mark stands for what was between them.
    return (trail[0], (trail[1][0], GAP, trail[1][2]), *trail[3:])


def trace(value: Any) -> Any:
    """What a trail keeps of a value: short texts, numbers and null as they are, of anything else an object with its hash."""
    if value is None or isinstance(value, int) or (isinstance(value, str) and len(value) <= TRACE_MAX):
        return value
    packed = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return {"#": hashlib.blake2b(packed, digest_size=8).hexdigest()}


def fits_at_end(result: Fold, order: Order) -> bool:
    """Whether an item may be added with `extend`; otherwise the record is folded again."""
    return result.top is None or order > result.top


def encode_first(item: Item) -> dict[str, Any]:
    """What `encode` gives of an observation that is a record's first, as most are, without making its cells."""
    values = {
        name: value
        for name, value in item.asserted.items()
        if value is not None and (name[-1:] != EVERY_OTHER or name[-2:-1] != SEPARATOR)
    }
    packed: dict[str, Any] = {"v": values, "t": list(item.order)}
    if values:
        packed["s"], packed["a"] = item.since, list(item.order)
        if item.weak:
            packed["w"] = sorted(values)
    return packed


def encode(result: Fold) -> dict[str, Any]:
    """The cached form, plain JSON. Small, since most cells share their `since` and were never written.

    `t`: order of the last item; `v`: field -> own value; `s`, `a`: the most common since and order of
    evidence; `x`: field -> [since, order] where they differ; `w`: weak fields; `e`: field ->
    {`e`: expected, `f`: fresh, `w`: wrote, `b`: base}, only of cells that were written; `p`: field -> its
    trail, where there is one.
    """
    values: dict[str, Any] = {}
    written: dict[str, Any] = {}
    weak: list[str] = []
    differing: dict[str, Any] = {}
    trails: dict[str, Any] = {}
    base_since, base_at = _base(result)
    for name, cell in result.cells.items():
        if cell.own is not MISSING:
            values[name] = cell.own
            if cell.since != base_since or (cell.at is not base_at and cell.at != base_at):
                differing[name] = [cell.since, list(cell.at or ())]
            if cell.weak:
                weak.append(name)
            if cell.trail:
                trails[name] = [list(step) for step in cell.trail]
        if cell.wrote is not MISSING or cell.own is MISSING:
            written[name] = _encode_written(cell)
    packed: dict[str, Any] = {"v": values}
    if result.top is not None:
        packed["t"] = list(result.top)
    if values:
        packed["s"], packed["a"] = base_since, list(base_at or ())
    if differing:
        packed["x"] = differing
    if weak:
        packed["w"] = sorted(weak)
    if written:
        packed["e"] = written
    if trails:
        packed["p"] = trails
    return packed


def _base(result: Fold) -> tuple[int, Order | None]:
    # Counted by the object first: cells of one item share it, and to compare orders takes long.
    same: dict[int, tuple[int, int, Order | None]] = {}
    for cell in result.cells.values():
        if cell.own is not MISSING:
            count, _, _ = same.get(id(cell.at), (0, 0, None))
            same[id(cell.at)] = (count + 1, cell.since, cell.at)
    counts: dict[tuple[int, Order | None], int] = {}
    for count, since, at in same.values():
        counts[(since, at)] = counts.get((since, at), 0) + count
    if not counts:
        return 0, None
    return max(counts, key=lambda key: (counts[key], key[0], key[1] or ()))


def _encode_written(cell: Cell) -> dict[str, Any]:
    packed: dict[str, Any] = {}
    if cell.expected is not MISSING:
        packed["e"] = cell.expected
    if cell.fresh:
        packed["f"] = True
    if cell.wrote is not MISSING:
        packed["w"] = cell.wrote
    if cell.base is not MISSING:
        packed["b"] = cell.base
    return packed


def decode(packed: Mapping[str, Any]) -> Fold:
    """The fold of its cached form; an empty mapping is a record never seen."""
    values = packed.get("v", {})
    since, at = packed.get("s", 0), _order(packed.get("a"))
    cells = {name: Cell(value, since, False, at, value) for name, value in values.items()}
    for name, (other_since, other_at) in packed.get("x", {}).items():
        cell = cells[name]
        cell.since, cell.at = other_since, _order(other_at)
    for name in packed.get("w", ()):
        cells[name].weak = True
    for name, trail in packed.get("p", {}).items():
        cells[name].trail = tuple((since, value, *(major or (0,))) for since, value, *major in trail)
    for name, written in packed.get("e", {}).items():
        cell = cells.setdefault(name, Cell())
        cell.expected = written.get("e", MISSING)
        cell.fresh = written.get("f", False)
        cell.wrote = written.get("w", MISSING)
        cell.base = written.get("b", MISSING)
    return Fold(cells, _order(packed.get("t")))


def _order(packed: Any) -> Order | None:
    return (packed[0], packed[1], packed[2], packed[3]) if packed else None


def evidence(packed: Mapping[str, Any]) -> dict[str, Any]:
    """A record's own evidence as canonical data, of its packed fold: list fields put together again, null kept."""
    values: Mapping[str, Any] = packed.get("v", {})
    data = {name: value for name, value in values.items() if SEPARATOR not in name and name[:1] != "~"}
    return {**data, **lists_of(values)}


def lists_of(values: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The list fields put together from their element fields, in the order of the element keys."""
    found: dict[str, list[Any]] = {}
    for key in sorted([key for key in values if SEPARATOR in key]):
        elements = found.setdefault(key.partition(SEPARATOR)[0], [])
        if values[key] is not None:
            elements.append(values[key])
    return found
