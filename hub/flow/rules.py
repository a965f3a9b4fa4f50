"""The rules in force: mappings, policies, kinds; hashed into one release, stored with what it produced."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from hub.model.kind import Kind
from hub.registry import Registry
from hub.rules.derive import DERIVED_FIELDS
from hub.rules.mapping import MappingSet, load_mappings
from hub.rules.policies import PolicySet, load_policies
from hub.rules.survivorship import FieldRule
from hub.store.database import Database

BUILT_IN = "mappings"


@dataclass(slots=True)
class Rules:
    """Everything compiled. `release_id` numbers the hash of it all in this database."""

    mappings: MappingSet
    policies: Mapping[str, PolicySet]
    kinds: Mapping[str, Kind]
    manifest: dict[str, Any]
    hash: bytes
    release_id: int = 0
    _rules: dict[str, list[FieldRule]] = field(default_factory=dict)

    def field_rules(self, kind: str) -> list[FieldRule]:
        """How each field or group of a kind survives, in the order of its declaration."""
        found = self._rules.get(kind)
        if found is None:
            found = self._rules[kind] = _field_rules(self.kinds[kind], self.policies[kind])
        return found


def _field_rules(kind: Kind, policies: PolicySet) -> list[FieldRule]:
    rules: list[FieldRule] = []
    done: set[str] = set(DERIVED_FIELDS.get(kind.name, ()))
    for declared in kind.fields:
        if declared.name in done or declared.derived:
            continue
        rule = policies.rule(declared.name)
        members = kind.groups[declared.group] if declared.group else (declared.name,)
        done.update(members)
        policy = rule.policy
        if declared.is_union:
            policy = "union"
        elif policy == "union":
            policy = "latest"
        rules.append(
            FieldRule(
                name=declared.group or declared.name,
                policy=policy,
                fields=tuple(members),
                connections=tuple(rule.connections),
                null_wins=_null_wins(rule.null, policy),
            )
        )
    return rules


def _null_wins(declared: str | None, policy: str) -> bool:
    return policy != "priority" if declared is None else declared == "wins"


def load_rules(registry: Registry, folders: Sequence[Path]) -> Rules:
    """Compiles all files of `folders` (first wins) and of the connectors; `ConfigError` names file and line."""
    places = [*folders, *registry.mapping_folders]
    mappings = load_mappings(places, registry.kinds, registry.transforms, registry.connectors)
    policies = load_policies(places, registry.kinds)
    manifest = {
        "mappings": dict(sorted(mappings.manifest.items())),
        "policies": {name: repr(policies[name]) for name in sorted(policies)},
        "kinds": {name: _kind_digest(kind) for name, kind in sorted(registry.kinds.items())},
        "transforms": sorted(registry.transforms),
    }
    digest = hashlib.sha256(orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS)).digest()
    return Rules(mappings, policies, registry.kinds, manifest, digest)


def _kind_digest(kind: Kind) -> str:
    described = [[path, field.type, field.group, repr(field.identity), field.required] for path, field in kind.walk()]
    return hashlib.sha256(orjson.dumps([kind.name, kind.parent, described])).hexdigest()[:16]


def publish_release(db: Database, rules: Rules) -> int:
    """Numbers this release in the database; the same rules always get the same number."""
    row = db.one("select id from release where hash = %s", (rules.hash,))
    if row is None:
        db.execute(
            "insert into release (hash, manifest) values (%s, %s::jsonb) on conflict (hash) do nothing",
            (rules.hash, orjson.dumps(rules.manifest).decode()),
        )
        row = db.one("select id from release where hash = %s", (rules.hash,))
    assert row is not None  # noqa: S101 -- just inserted, or there before
    rules.release_id = row[0]
    return rules.release_id
