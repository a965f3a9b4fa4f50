"""What is installed: connectors, kinds, transforms and hooks, found by entry point.

One broken plugin must not stop the hub: each entry point loads in its own try and a broken one is
listed with its reason in `retail-hub check` and the console.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import time
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pluggy

from hub.errors import ConfigError
from hub.model import permission
from hub.model.derivation import Derivation, ordered
from hub.model.kind import Kind
from hub.model.kinds import KINDS
from hub.model.permission import declare
from hub.rules.derive import BUILT_IN
from hub.sdk import hookspecs
from hub.sdk.connector import Connector
from hub.sdk.console import Column, ConsolePage, Panel
from hub.sdk.plugin import Job, Permission, Word

GROUP = "retail_hub"
ConsolePart = ConsolePage | Panel | Column
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Package:
    """One loaded plugin: the distribution it came in, and what it brought. `folder` holds its templates."""

    name: str
    distribution: str
    version: str
    hooks: tuple[str, ...]
    connectors: tuple[str, ...]
    kinds: tuple[str, ...]
    console: tuple[ConsolePart, ...]
    folder: Path | None

    @property
    def pages(self) -> dict[str, ConsolePage]:
        """Its pages of the console by path."""
        return {part.path.strip("/"): part for part in self.console if isinstance(part, ConsolePage)}


@dataclass(slots=True)
class Registry:
    """Everything installed. `broken`: (entry point, reason) of what could not be loaded; `jobs`: `plugin.job` -> job."""

    hook: Any
    kinds: dict[str, Kind]
    connectors: dict[str, type[Connector]] = field(default_factory=dict)
    transforms: dict[str, Callable[..., Any]] = field(default_factory=dict)
    mapping_folders: list[Any] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)
    packages: dict[str, Package] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    derivations: tuple[Derivation, ...] = BUILT_IN
    policies: dict[str, Callable[[Sequence[Word]], Sequence[Any]]] = field(default_factory=dict)
    """Survivorship policies of plugins: `plugin.policy` -> what it prefers."""
    models: list[Path] = field(default_factory=list)
    """Model files for matching that plugins bring."""

    def connector(self, name: str) -> type[Connector]:
        """The connector class of that name; `ConfigError` lists what is installed."""
        try:
            return self.connectors[name]
        except KeyError:
            known = ", ".join(sorted(self.connectors)) or "none"
            raise ConfigError(f"connector {name!r} is not installed; installed: {known}") from None


def load(points: Iterable[EntryPoint] | None = None, modules: Iterable[object] = ()) -> Registry:
    """Loads every entry point of the group, then `modules` (tests hand theirs in directly)."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    registry = Registry(manager.hook, dict(KINDS))
    for point in entry_points(group=GROUP) if points is None else points:
        made = (point.dist.name, point.dist.version) if point.dist else ("", "")
        _guarded(registry, point.name, partial(_load, registry, manager, point, made))
    for module in modules:
        name = getattr(module, "__name__", repr(module))
        made = ("", str(getattr(module, "__version__", "")))
        _guarded(registry, name, partial(_collect, registry, manager, name, module, made))
    registry.derivations = _ordered(registry)
    registry.connectors = {name: _grown(one, registry.kinds) for name, one in registry.connectors.items()}
    return registry


def _grown(connector: type[Connector], kinds: Mapping[str, Kind]) -> type[Connector]:
    """The connector with streams for kinds that plugins added, where it speaks of every kind."""
    manifest = connector.manifest.with_kinds(kinds)
    return (
        connector if manifest is connector.manifest else type(connector.__name__, (connector,), {"manifest": manifest})
    )


def _ordered(registry: Registry) -> tuple[Derivation, ...]:
    """Refuses to start (`ConfigError`) where kinds are derived from each other in a circle, or from what is no kind."""
    for each in registry.derivations:
        for kind, name in each.reads.items():
            declared = registry.kinds[kind].refs.get(name) if kind in registry.kinds else None
            if declared is None or declared.ref != each.kind or each.kind not in registry.kinds:
                raise ConfigError(
                    f"a derivation of {each.kind} reads {kind}.{name}, which is no reference to {each.kind}"
                )
    return ordered(registry.derivations)


def _load(registry: Registry, manager: pluggy.PluginManager, point: EntryPoint, made: tuple[str, str]) -> None:
    _collect(registry, manager, point.name, point.load(), made)


def _guarded(registry: Registry, name: str, work: Callable[[], None]) -> None:
    try:
        work()
    except Exception as error:  # noqa: BLE001 -- third-party code: whatever it raises, the hub starts
        log.warning("plugin %s is broken: %s", name, type(error).__name__)
        registry.broken.append((name, f"{type(error).__name__}: {error}"))


def _collect(
    registry: Registry, manager: pluggy.PluginManager, name: str, module: object, made: tuple[str, str]
) -> None:
    manager.register(module, name=name)
    # Asked one by one, and taken only when all was answered: a plugin that fails leaves nothing behind.
    others = [plugin for plugin in manager.get_plugins() if plugin is not module]

    def asked(hook: str) -> list[Any]:
        return list(manager.subset_hook_caller(hook, others)())

    try:
        connectors = {one.manifest.name: one for some in asked("register_connectors") for one in some}
        kinds = {kind.name: kind for some in asked("register_kinds") for kind in some}
        derivations = [replace(one, owner=name) for some in asked("register_derivations") for one in some]
        transforms = {key: one for some in asked("register_transforms") for key, one in some.items()}
        policies = {f"{name}.{key}": one for some in asked("register_survivorship") for key, one in some.items()}
        models = _checked_models([Path(file) for some in asked("register_match_rules") for file in some])
        folders = [folder for some in asked("register_mappings") for folder in some]
        jobs = _checked_jobs(name, [job for some in asked("register_jobs") for job in some])
        parts = tuple(part for some in asked("register_pages") for part in some)
        _declare(name, [one for some in asked("register_permissions") for one in some])
        hooks = tuple(sorted(caller.name for caller in manager.get_hookcallers(module) or ()))
    except Exception:
        manager.unregister(module)
        raise
    registry.connectors.update(connectors)
    registry.kinds.update(kinds)
    registry.derivations += tuple(derivations)
    registry.transforms.update(transforms)
    registry.policies.update(policies)
    registry.models.extend(models)
    registry.mapping_folders.extend(folders)
    registry.jobs.update(jobs)
    file = getattr(module, "__file__", None)
    registry.packages[name] = Package(
        name, *made, hooks, tuple(connectors), tuple(kinds), parts, Path(file).parent if file else None
    )


def _declare(name: str, permissions: list[Permission]) -> None:
    for each in permissions:
        if not each.name.startswith(f"{name}."):
            raise ConfigError(f"permission {each.name!r} must begin with {name + '.'!r}")
        declare(permission.Permission(each.name, each.help.zh, each.help.en), each.roles)


def _checked_models(files: list[Path]) -> list[Path]:
    missing = [str(file) for file in files if not file.is_file()]
    if missing:
        raise ConfigError(f"register_match_rules names what is no file: {', '.join(missing)}")
    return files


def _checked_jobs(plugin: str, jobs: Sequence[Job]) -> dict[str, Job]:
    found: dict[str, Job] = {}
    for job in jobs:
        name = f"{plugin}.{job.name}"
        if name in found:
            raise ConfigError(f"the job {name} is registered twice")
        if (job.every_s is None) == (not job.daily_at) or (job.every_s is not None and job.every_s <= 0):
            raise ConfigError(f"the job {name} needs one of every_s (seconds, above 0) and daily_at")
        try:
            ZoneInfo(job.zone)
            time.fromisoformat(job.daily_at or "00:00")
        except (ValueError, OSError, KeyError) as error:
            raise ConfigError(
                f"the job {name}: daily_at is a time such as 03:30, zone a name such as UTC ({error})"
            ) from None
        found[name] = job
    return found
