"""What is installed: connectors, kinds, transforms and hooks, found by entry point.

One broken plugin must not stop the hub: each entry point loads in its own try and a broken one is
listed with its reason in `retail-hub check` and the console.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy

from hub.errors import ConfigError
from hub.model.kind import Kind
from hub.model.kinds import KINDS
from hub.sdk import hookspecs
from hub.sdk.connector import Connector

GROUP = "retail_hub"
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Registry:
    """Everything installed. `broken`: (entry point, reason) of what could not be loaded."""

    hook: Any
    kinds: dict[str, Kind]
    connectors: dict[str, type[Connector]] = field(default_factory=dict)
    transforms: dict[str, Callable[..., Any]] = field(default_factory=dict)
    mapping_folders: list[Any] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)

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
        _guarded(registry, point.name, lambda point=point: _collect(registry, manager, point.name, point.load()))  # type: ignore[misc]
    for module in modules:
        name = getattr(module, "__name__", repr(module))
        _guarded(registry, name, lambda name=name, module=module: _collect(registry, manager, name, module))  # type: ignore[misc]
    return registry


def _guarded(registry: Registry, name: str, work: Callable[[], None]) -> None:
    try:
        work()
    except Exception as error:  # noqa: BLE001 -- third-party code: whatever it raises, the hub starts
        log.warning("plugin %s is broken: %s", name, type(error).__name__)
        registry.broken.append((name, f"{type(error).__name__}: {error}"))


def _collect(registry: Registry, manager: pluggy.PluginManager, name: str, module: object) -> None:
    manager.register(module, name=name)
    # Asked one by one, so that a plugin that fails takes nothing of the others with it.
    only = manager.subset_hook_caller
    others = [plugin for plugin in manager.get_plugins() if plugin is not module]
    try:
        for connectors in only("register_connectors", others)():
            for connector in connectors:
                registry.connectors[connector.manifest.name] = connector
        for kinds in only("register_kinds", others)():
            registry.kinds.update({kind.name: kind for kind in kinds})
        for transforms in only("register_transforms", others)():
            registry.transforms.update(transforms)
        for folders in only("register_mappings", others)():
            registry.mapping_folders.extend(folders)
    except Exception:
        manager.unregister(module)
        raise
