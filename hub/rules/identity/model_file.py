"""Model files: `matching/<kind>.yaml`.

```yaml
auto: 9000
review: 3000
comparisons:
  phone: {same: 6000, different: -300}
  name: {exact: {weight: 7200, m: 0.71, u: 0.0048}, conflict: -9000}
keys:
  phone: phone
  birthday: [birthday, family_sound]
guards: {name: [family, conflict], birthday: [different]}
accounts: [wechat_unionid]
```
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from hub.model.kind import Kind
from hub.rules.identity.keys import ATOMS
from hub.rules.identity.spec import COMPARISONS, GUARDS, IDENTITY, RARITY_LEVELS, Level, Spec, levels_of
from hub.rules.mapping.beside import did_you_mean
from hub.rules.mapping.document import Entry, Fault, Report, read_document

FOLDER = "matching"
WORDS = ("auto", "review", "comparisons", "keys", "guards", "accounts", "rarity", "frequencies", "fitted")
LEVEL_WORDS = ("weight", "m", "u")
TABLES = ("family", "given", "sign")
MATCHED = ("customer",)
"""The kinds that features are known of."""


def examine_models(folders: Iterable[Path], kinds: Mapping[str, Kind]) -> tuple[dict[str, Spec], list[Fault]]:
    """What the model files in force say, by kind, and everything that is wrong with them.

    A single file among `folders` counts as a folder that holds just it.
    """
    found: dict[str, Spec] = {}
    faults: list[Fault] = []
    for folder in folders:
        for path in [folder] if folder.is_file() else sorted((folder / FOLDER).glob("*.yaml")):
            if path.stem not in found:
                report = Report(f"{FOLDER}/{path.name}")
                found[path.stem] = _read(path, kinds, report)
                faults += report.faults
    return found, faults


def _read(path: Path, kinds: Mapping[str, Kind], report: Report) -> Spec:
    if path.stem not in MATCHED or path.stem not in kinds:
        text = f"a model file is named like the kind it matches, one of: {', '.join(MATCHED)}"
        report.add(1, "", text + did_you_mean(path.stem, MATCHED))
        return Spec(0, 0, {})
    try:
        return read_model(path.read_text(encoding="utf-8"), report)
    except (OSError, UnicodeDecodeError) as error:
        report.add(1, "", f"cannot be read as UTF-8 text ({type(error).__name__})")
        return Spec(0, 0, {})


def read_model(text: str, report: Report) -> Spec:
    """The model that a file's text says; what is wrong with it goes to `report`."""
    entry = read_document(text, report)
    if entry is None or not entry.is_object:
        report.add(1, "", f"a model file is an object of {', '.join(WORDS)}")
        return Spec(0, 0, {})
    for word, inner in entry.value.items():
        if word not in WORDS:
            meant = did_you_mean(str(word), WORDS)
            report.add(inner.line, str(word), f"is not a word of a model file; known are: {', '.join(WORDS)}{meant}")
    found = Spec(
        auto=_threshold(entry, "auto", report),
        review=_threshold(entry, "review", report),
        comparisons=_comparisons(entry, report),
        keys=_keys(entry, report),
        guards={
            name: frozenset(_words(inner, name, GUARDS, report)) for name, inner in _members(entry, "guards", report)
        },
        accounts=frozenset(_texts(entry, "accounts", report)),
        frequencies=_frequencies(entry, report),
        rarity=_rarity(entry, report),
        fitted=entry.plain.get("fitted") or {},
    )
    if found.review > found.auto:
        report.add(entry.value["review"].line, "review", "is the lower threshold: at most `auto`")
    if "rarity" in found.comparisons and len(found.rarity) != len(RARITY_LEVELS) - 1:
        report.add(
            entry.line, "rarity", "is compared, so `rarity` lists the least bits of usual, rare and very rare names"
        )
    return found


def _threshold(entry: Entry, word: str, report: Report) -> int:
    value = entry.value[word].value if word in entry.value else None
    if isinstance(value, bool) or not isinstance(value, int):
        line = entry.value[word].line if word in entry.value else entry.line
        report.add(line, word, "is a threshold, in thousandths of a bit, as a whole number like 9000")
        return 0
    return value


def _comparisons(entry: Entry, report: Report) -> dict[str, dict[str, Level]]:
    found: dict[str, dict[str, Level]] = {}
    for name, inner in _members(entry, "comparisons", report):
        known = levels_of(name)
        if not known:
            meant = did_you_mean(name, COMPARISONS)
            text = f"is no comparison; known are: {', '.join(COMPARISONS)}, and {IDENTITY}NAMESPACE{meant}"
            report.add(inner.line, name, text)
            continue
        if not inner.is_object:
            report.add(inner.line, name, f"is an object of levels and weights; its levels are: {', '.join(known)}")
            continue
        levels = {}
        for level, one in inner.value.items():
            if level not in known:
                meant = did_you_mean(str(level), known)
                report.add(one.line, name, f"has no level {level}; known are: {', '.join(known)}{meant}")
                continue
            levels[str(level)] = _level(one, f"{name}.{level}", report)
        found[name] = {level: levels[level] for level in known if level in levels}
    if not found:
        report.add(entry.line, "comparisons", f"says what is compared: {', '.join(COMPARISONS)}")
    return found


def _level(entry: Entry, name: str, report: Report) -> Level:
    given: Mapping[str, Any] = entry.plain if entry.is_object else {"weight": entry.value}
    for word in given.keys() - set(LEVEL_WORDS):
        report.add(entry.line, name, f"does not know {word}; known are: {', '.join(LEVEL_WORDS)}")
    weight = given.get("weight")
    if isinstance(weight, bool) or not isinstance(weight, int):
        report.add(entry.line, name, "needs a weight in thousandths of a bit, as a whole number like 7200")
        weight = 0
    shares = []
    for word in ("m", "u"):
        share = given.get(word)
        is_share = isinstance(share, int | float) and not isinstance(share, bool) and 0 <= share <= 1
        if share is not None and not is_share:
            report.add(entry.line, name, f"{word} is a share from 0 to 1")
        shares.append(float(share) if is_share and share is not None else None)
    return Level(weight, *shares)


def _keys(entry: Entry, report: Report) -> dict[str, tuple[str, ...]]:
    found = {}
    for name, inner in _members(entry, "keys", report):
        plain = inner.plain
        atoms = [plain] if isinstance(plain, str) else plain
        if not isinstance(atoms, list) or not atoms:
            report.add(inner.line, name, "is an atom or a list of atoms, of which the key is made")
            continue
        for atom in atoms:
            if atom not in ATOMS:
                meant = did_you_mean(str(atom), ATOMS)
                report.add(inner.line, name, f"{atom} is no atom; known are: {', '.join(ATOMS)}{meant}")
        found[name] = tuple(atom for atom in atoms if atom in ATOMS)
    return {name: atoms for name, atoms in found.items() if atoms}


def _words(entry: Entry, name: str, choices: Mapping[str, tuple[str, ...]], report: Report) -> list[str]:
    if name not in choices:
        report.add(entry.line, name, f"is no guard; known are: {', '.join(choices)}{did_you_mean(name, choices)}")
        return []
    plain = entry.plain
    if not isinstance(plain, list) or not set(map(str, plain)) <= set(choices[name]):
        report.add(entry.line, name, f"lists levels that keep two apart, of: {', '.join(choices[name])}")
        return []
    return plain


def _texts(entry: Entry, word: str, report: Report) -> list[str]:
    inner = entry.value.get(word)
    if inner is None or inner.value is None:
        return []
    plain = inner.plain
    if not isinstance(plain, list) or not all(isinstance(one, str) for one in plain):
        report.add(inner.line, word, "is a list of namespaces")
        return []
    return plain


def _rarity(entry: Entry, report: Report) -> tuple[int, ...]:
    inner = entry.value.get("rarity")
    if inner is None:
        return ()
    plain = inner.plain
    fits = isinstance(plain, list) and all(isinstance(one, int) and not isinstance(one, bool) for one in plain)
    if not fits or plain != sorted(plain) or len(plain) != len(RARITY_LEVELS) - 1:
        report.add(
            inner.line,
            "rarity",
            "is a list of three whole numbers that rise: the least bits of usual, rare, very rare names",
        )
        return ()
    return tuple(plain)


def _frequencies(entry: Entry, report: Report) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for name, inner in _members(entry, "frequencies", report):
        if name not in TABLES:
            report.add(inner.line, name, f"is no table of frequencies; known are: {', '.join(TABLES)}")
        elif not inner.is_object or not all(type(one.value) is int and one.value > 0 for one in inner.value.values()):
            report.add(inner.line, name, "says how many of a million bear each: whole numbers above 0")
        else:
            found[name] = {str(sign): one.value for sign, one in inner.value.items()}
    return found


def _members(entry: Entry, word: str, report: Report) -> list[tuple[str, Entry]]:
    inner = entry.value.get(word)
    if inner is None or inner.value is None:
        return []
    if not inner.is_object:
        report.add(inner.line, word, "is an object")
        return []
    return [(str(name), one) for name, one in inner.value.items()]


def write_model(spec: Spec) -> str:
    """The text of a model file that says the same; equal specs give equal texts."""
    said: dict[str, Any] = {"auto": spec.auto, "review": spec.review}
    said["comparisons"] = {
        name: {level: _shown(one) for level, one in levels.items()} for name, levels in spec.comparisons.items()
    }
    said["keys"] = {name: list(atoms) for name, atoms in spec.keys.items()}
    said["guards"] = {name: [one for one in GUARDS[name] if one in levels] for name, levels in spec.guards.items()}
    said["accounts"] = sorted(spec.accounts)
    said["rarity"] = list(spec.rarity)
    said["frequencies"] = {name: dict(table) for name, table in spec.frequencies.items()}
    said["fitted"] = dict(spec.fitted)
    kept = {word: value for word, value in said.items() if value not in ({}, [])}
    return yaml.dump(kept, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)


def _shown(level: Level) -> Any:
    if level.m is None and level.u is None:
        return level.weight
    return {"weight": level.weight, "m": level.m, "u": level.u}


class _Dumper(yaml.SafeDumper):
    """Without anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        """Never an anchor: a person reads the file."""
        return True


def _fixed(dumper: yaml.SafeDumper, value: float) -> yaml.Node:
    # A model file's numbers have no exponent.
    return dumper.represent_scalar("tag:yaml.org,2002:float", f"{value:.9f}".rstrip("0").ljust(3, "0"))


_Dumper.add_representer(float, _fixed)
