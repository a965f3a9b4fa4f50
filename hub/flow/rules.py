"""The rules in force: mappings, policies, kinds; hashed into one release, stored with what it produced."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.resources import files as resource_files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from hub.errors import ConfigError
from hub.model.derivation import Derivation
from hub.model.kind import Kind
from hub.registry import Registry
from hub.rules.derive.consent import REFUSED_AT
from hub.rules.identity.model import MatchModel, load_models
from hub.rules.mapping import MappingSet, load_mappings
from hub.rules.policies import NULL_WINS, PolicySet, load_policies
from hub.rules.preference import Preference, guarded
from hub.rules.survivorship import FieldRule
from hub.rules.transforms import TRANSFORMS
from hub.store import release as store
from hub.store.database import Database

BUILT_IN = "mappings"


@dataclass(slots=True)
class Rules:
    """Everything compiled. `release_id` numbers the hash of it all in this database."""

    mappings: MappingSet
    policies: Mapping[str, PolicySet]
    kinds: Mapping[str, Kind]
    matching: Mapping[str, MatchModel]
    manifest: dict[str, Any]
    hash: bytes
    release_id: int = 0
    files: dict[str, str] = field(default_factory=dict)
    """The site's own files that made them: name -> text. The others come with the installation."""
    is_candidate: bool = False
    """Only looked at, not in force: nothing made by it may be kept."""
    preferences: Mapping[str, Preference] = field(default_factory=dict)
    """Survivorship policies of plugins, by name."""
    # Not passed on by `replace`: a copy may have other policies.
    _rules: dict[str, list[FieldRule]] = field(default_factory=dict, init=False)

    def field_rules(self, kind: str) -> list[FieldRule]:
        """How each field or group of a kind survives, in the order of its declaration."""
        found = self._rules.get(kind)
        if found is None:
            found = self._rules[kind] = _field_rules(self.kinds[kind], self.policies[kind], self.preferences)
        return found


def _field_rules(kind: Kind, policies: PolicySet, preferences: Mapping[str, Preference]) -> list[FieldRule]:
    rules: list[FieldRule] = []
    done: set[str] = set()
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
                null_wins=policy in NULL_WINS if rule.null is None else rule.null == "wins",
                elements=rule.elements,
                refused_at=policy == "strictest" and REFUSED_AT in kind.derived,
                prefer=guarded(policy, preferences[policy]) if policy in preferences else None,
            )
        )
    return rules


def load_rules(registry: Registry, folders: Sequence[Path]) -> Rules:
    """Compiles all files of `folders` (first wins) and of the connectors; `ConfigError` names file and line."""
    places = [*folders, *registry.mapping_folders]
    mappings = load_mappings(places, registry.kinds, registry.transforms, registry.connectors)
    policies = load_policies(places, registry.kinds, registry.policies)
    matching = load_models(model_places(places, registry), registry.kinds)
    incoming, outgoing = mappings.files()
    manifest = {
        "mappings": dict(sorted(mappings.manifest.items())),
        "incoming": incoming,
        "outgoing": outgoing,
        "policies": {name: _policy_digest(policies[name], registry.policies) for name in sorted(policies)},
        "kinds": {name: _kind_digest(kind, registry.derivations) for name, kind in sorted(registry.kinds.items())},
        "transforms": digest_code(registry),
        "matching": {name: _model_digest(model) for name, model in sorted(matching.items())},
    }
    digest = hashlib.sha256(orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS)).digest()
    return Rules(mappings, policies, registry.kinds, matching, manifest, digest, preferences=dict(registry.policies))


def model_places(places: Sequence[Path], registry: Registry) -> list[Path]:
    """Where model files stand, the first wins: a site's own, those of plugins, the installed ones."""
    built_in = installed_folders()
    return [*(place for place in places if place not in built_in), *registry.models, *built_in]


def load_site(registry: Registry, installed: Sequence[Path], files: Mapping[str, str]) -> Rules:
    """The rules that a site's `files` (name -> text) make on top of the `installed` ones."""
    with TemporaryDirectory(prefix="rules-") as name:
        for place, text in files.items():
            path = Path(name, place)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        found = load_rules(registry, [Path(name), *installed])
    found.files = dict(files)
    return found


def site_files(folder: Path | None) -> dict[str, str]:
    """The rule files of a site's own folder: name below it -> text; none without a folder.

    `ConfigError` for a folder that is not there, or a file that is not UTF-8 text.
    """
    if folder is None:
        return {}
    if not folder.is_dir():
        raise ConfigError(f"HUB_MAPPINGS_DIR names {folder}, which is no folder: make it, or unset the variable")
    found = {}
    for path in sorted(folder.rglob("*.yaml")):
        name = path.relative_to(folder).as_posix()
        try:
            found[name] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{name}:1: cannot be read as UTF-8 text ({type(error).__name__})") from None
    return found


def installed_folders() -> list[Path]:
    """Where the rule files of this installation stand; those of connectors stand in their packages."""
    return [Path(str(resource_files(BUILT_IN)))]


def _kind_digest(kind: Kind, derivations: Iterable[Derivation]) -> str:
    """What a kind is and what is derived for it: with another digest its golden records are computed again."""
    described = [[path, field.type, field.group, repr(field.identity), field.required] for path, field in kind.walk()]
    changed = [sorted(kind.renamed.items()), sorted(kind.upcast)]
    derived = [[each.owner, _package_digest(each.derive)] for each in derivations if each.kind == kind.name]
    parts = [kind.name, kind.parent, described, *([changed] if any(changed) else []), derived]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:16]


def _policy_digest(policies: PolicySet, preferences: Mapping[str, Preference]) -> str:
    """The policies of a kind, and the code of those of plugins."""
    used = sorted({rule.policy for rule in (policies.default, *policies.fields.values())} & preferences.keys())
    return " ".join([repr(policies), *(f"{name}={_package_digest(preferences[name])}" for name in used)])


def _model_digest(model: MatchModel) -> str:
    """A model, and the code that makes what it compares: with another digest all keys and edges are made again."""
    code = _beside(inspect.getfile(MatchModel))
    said = orjson.dumps(asdict(model.spec), default=sorted, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.sha256(said + code.encode()).hexdigest()[:16]


def _package_digest(function: Callable[..., Any]) -> str:
    """As `code_digest`, of all modules that lie beside the function's: derivations share what they reckon with."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return repr(type(function))
    return hashlib.sha256(_beside(code.co_filename).encode()).hexdigest()[:16]


def _beside(path: str) -> str:
    """The digests of all modules that lie beside one, and of itself."""
    return "".join(_module_digest(str(each)) for each in sorted(Path(path).parent.glob("*.py")))


def remember_code(registry: Registry) -> None:
    """Takes the digests of the code that is in memory, before a fork that would read the files of the next version."""
    digest_code(registry)
    for kind in registry.kinds.values():
        _kind_digest(kind, registry.derivations)
    for preference in registry.policies.values():
        _package_digest(preference)


def digest_code(registry: Registry) -> dict[str, str]:
    """The digest of every transform's code, by name."""
    return {name: code_digest(found) for name, found in sorted({**TRANSFORMS, **registry.transforms}.items())}


def code_digest(function: Callable[..., Any]) -> str:
    """What a transform does, as far as the module says that defines it: another digest, another transform.

    The whole module, since a transform is rarely alone: a comment changed there costs a comparison, a
    helper changed unseen would leave two releases of one number.
    """
    code = getattr(inspect.unwrap(function), "__code__", None)
    return _module_digest(code.co_filename) if code is not None else repr(type(function))


@cache
def _module_digest(path: str) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]
    except OSError:
        return Path(path).name


def publish_release(db: Database, rules: Rules) -> int:
    """Numbers this release in the database; the same rules always get the same number."""
    rules.release_id = store.publish(db, rules.hash, rules.manifest, rules.files)
    return rules.release_id
