"""Survivorship policies: files `policies/<kind>.yaml` that say whose value of a field wins.

```yaml
default: {policy: latest}
fields:
  language: {policy: priority, connections: [crm, shop], null: yields}
  identities: {policy: union, elements: verified}
groups:
  name: {fields: [full_name, given_name, family_name], policy: most_complete}
```
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from hub.errors import ConfigError
from hub.model.kind import Kind
from hub.rules.mapping.beside import did_you_mean
from hub.rules.mapping.document import Entry, Fault, Report, read_document
from hub.rules.policy_rule import NULL_WINS, POLICIES, Rule, misfit, read_rule

__all__ = ["NULL_WINS", "POLICIES", "PolicySet", "Rule", "examine_policies", "load_policies"]

FILE_WORDS = ("default", "fields", "groups")


@dataclass(frozen=True, slots=True)
class PolicySet:
    """The rules of one kind: of its fields, of its groups, and for the rest."""

    kind: str
    default: Rule = field(default_factory=Rule)
    fields: Mapping[str, Rule] = field(default_factory=dict)

    def rule(self, name: str) -> Rule:
        """The rule of a field; a member of a group has the group's."""
        return self.fields.get(name, self.default)


def load_policies(
    folders: Iterable[Path], kinds: Mapping[str, Kind], others: Iterable[str] = ()
) -> dict[str, PolicySet]:
    """The policies of every kind; the first folder that has a kind's file wins, without one all is `latest`.

    `others`: names of policies that plugins bring. `ConfigError` lists all faults, one a line.
    """
    found, faults = examine_policies(folders, kinds, others)
    if faults:
        raise ConfigError("\n".join(map(str, faults)))
    return {name: found.get(name) or _standard(kind) for name, kind in kinds.items()}


def examine_policies(
    folders: Iterable[Path], kinds: Mapping[str, Kind], others: Iterable[str] = ()
) -> tuple[dict[str, PolicySet], list[Fault]]:
    """What the policy files in force say, by the names of their files, and everything that is wrong with them.

    A single file among `folders` counts as a folder that holds just it.
    """
    found: dict[str, PolicySet] = {}
    faults: list[Fault] = []
    known = (*POLICIES, *sorted(others))
    for folder in folders:
        for path in [folder] if folder.is_file() else sorted((folder / "policies").glob("*.yaml")):
            if path.stem not in found:
                report = Report(f"policies/{path.name}")
                found[path.stem] = _read(path, kinds, report, known)
                faults += report.faults
    return found, faults


def _standard(kind: Kind, default: Rule | None = None) -> PolicySet:
    """Union for lists of elements, groups as declared, `default` (latest) for the rest."""
    rest = default or Rule()
    fields = {one.name: Rule("union") for one in kind.fields if one.is_union}
    fields |= {name: replace(rest, group=group) for group, names in kind.groups.items() for name in names}
    return PolicySet(kind.name, rest, fields)


def _read(path: Path, kinds: Mapping[str, Kind], report: Report, known: Sequence[str]) -> PolicySet:
    kind = kinds.get(path.stem)
    if kind is None:
        known = ", ".join(sorted(kinds))
        text = f"a policy file is named like its kind, and there is no kind {path.stem!r}; known are: {known}"
        report.add(1, "", text + did_you_mean(path.stem, kinds))
        return PolicySet(path.stem)
    try:
        entry = read_document(path.read_text(encoding="utf-8"), report)
    except (OSError, UnicodeDecodeError) as error:
        report.add(1, "", f"cannot be read as UTF-8 text ({type(error).__name__})")
        return PolicySet(path.stem)
    if entry is None or not entry.is_object:
        report.add(1, "", f"a policy file is an object of {', '.join(FILE_WORDS)}")
        return PolicySet(path.stem)
    return _policies(entry, kind, report, known)


def _policies(entry: Entry, kind: Kind, report: Report, known: Sequence[str]) -> PolicySet:
    for word, inner in entry.value.items():
        if word not in FILE_WORDS:
            report.add(
                inner.line,
                str(word),
                f"is not a word of a policy file; known are: {', '.join(FILE_WORDS)}{did_you_mean(str(word), FILE_WORDS)}",
            )
    default = _default(entry, report, known)
    fields = dict(_standard(kind, default).fields)
    for name, rule, line in _rules_of_fields(entry, report, known):
        declared = kind.by_name.get(name)
        if declared is None or declared.derived:
            meant = did_you_mean(name, kind.by_name)
            why = "is computed by the hub" if declared else f"is no field of {kind.name}{meant}"
            report.add(line, name, why if "did you mean" in why else f"{why}; leave it out")
            continue
        together = kind.groups[declared.group] if declared.group else (name,)
        wrong = misfit(rule, [kind.by_name[one] for one in together])
        if wrong:
            report.add(line, rule.group or name, wrong)
        else:
            fields[name] = rule
    _check_groups(kind, fields, entry.line, report)
    return PolicySet(kind.name, default, fields)


def _default(entry: Entry, report: Report, known: Sequence[str]) -> Rule:
    if "default" not in entry.value:
        return Rule()
    inner = entry.value["default"]
    rule = read_rule(inner, "default", report, policies=known)
    if rule.policy == "strictest":
        report.add(inner.line, "default", "strictest ranks states of consent; name the group or field that it is for")
    if rule.policy == "verified" and not rule.connections:
        text = (
            "most fields carry no proof (`verified`); name the connections that check what they keep, as `connections`"
        )
        report.add(inner.line, "default", text)
    return rule


def _rules_of_fields(entry: Entry, report: Report, known: Sequence[str]) -> list[tuple[str, Rule, int]]:
    found: list[tuple[str, Rule, int]] = []
    for name, inner in _members(entry, "fields", report):
        found.append((name, read_rule(inner, name, report, policies=known), inner.line))
    for group, inner in _members(entry, "groups", report):
        rule = read_rule(inner, group, report, group, known)
        names = inner.plain.get("fields") if inner.is_object else None
        if not isinstance(names, list) or not names:
            report.add(inner.line, group, "a group lists its `fields`")
            continue
        found += [(str(name), rule, inner.line) for name in names]
    return found


def _members(entry: Entry, word: str, report: Report) -> list[tuple[str, Entry]]:
    inner = entry.value.get(word)
    if inner is None or inner.value is None:
        return []
    if not inner.is_object:
        report.add(inner.line, word, "is an object of names and rules")
        return []
    return [(str(name), one) for name, one in inner.value.items()]


def _check_groups(kind: Kind, fields: Mapping[str, Rule], line: int, report: Report) -> None:
    # A group survives as one tuple, so its members cannot have rules of their own.
    for group, names in kind.groups.items():
        if len({fields[name] for name in names}) > 1:
            report.add(line, group, f"its fields survive together; give one rule to all of: {', '.join(names)}")
