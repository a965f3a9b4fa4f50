"""The hook catalogue: every hook documented, every name the design promises there."""

from __future__ import annotations

import inspect
import types
from typing import Any

import pluggy
import pytest

import hub.sdk
from hub.sdk import hookimpl, hookspecs
from hub.sdk.plugin import GROUP

HOOKS = {
    name: function
    for name, function in vars(hookspecs).items()
    if inspect.isfunction(function) and function.__module__ == hookspecs.__name__
}
PROMISED = {
    "register_connectors", "register_mappings", "register_transforms", "register_kinds", "register_match_rules",
    "register_derivations", "register_survivorship", "register_jobs", "register_pages", "register_permissions", "register_migrations",
    "register_commands", "clean_record", "veto_delivery", "on_changes", "on_merged", "on_split",
    "on_delivery_failed", "on_erased", "export_person", "check_health",
}  # fmt: skip


@pytest.fixture
def manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    return manager


def _plugin(**functions: Any) -> types.ModuleType:
    module = types.ModuleType("a_plugin")
    for name, function in functions.items():
        setattr(module, name, hookimpl(function))
    return module


def test_hooks_when_listed_then_are_those_promised() -> None:
    assert set(HOOKS) == PROMISED


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_hook_when_read_then_says_when_it_is_called(name: str) -> None:
    text = inspect.getdoc(HOOKS[name]) or ""
    assert len(text) > 60, f"{name} is not documented"
    words = ("Once", "Before", "After", "When", "On every", "Committed", "collected", "deleted", "erased")
    assert any(word in text for word in words), f"{name} does not say when it is called"


def test_plugin_when_it_registers_then_results_are_collected(manager: pluggy.PluginManager) -> None:
    manager.register(_plugin(register_connectors=lambda: ["one"]), "one")
    manager.register(_plugin(register_connectors=lambda: ["two"]), "two")
    assert sorted(manager.hook.register_connectors()) == [["one"], ["two"]]


def test_veto_when_several_answer_then_the_first_reason_counts(manager: pluggy.PluginManager) -> None:
    manager.register(_plugin(veto_delivery=lambda connection: None), "silent")
    manager.register(_plugin(veto_delivery=lambda connection: f"not to {connection}"), "strict")
    assert manager.hook.veto_delivery(connection="crm", delivery=None) == "not to crm"


def test_surface_when_exported_then_every_name_exists() -> None:
    assert sorted(hub.sdk.__all__) == sorted(set(hub.sdk.__all__))
    assert all(hasattr(hub.sdk, name) for name in hub.sdk.__all__)
