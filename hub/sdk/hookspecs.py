"""Every hook a connector or plugin can implement. This file is the contract.

A package registers a module under the entry-point group `retail_hub`; functions in it marked
`@hookimpl` and named as below are the implementations. Arguments that an implementation does not
need may be left out. Hooks come in three sorts:

- `register_*` are called once per process at start, outside any transaction; their results are
  collected from all packages. A package that fails is listed as broken and left out whole.
- `clean_record` and `veto_delivery` are called inside a transaction that may be repeated: they must
  be pure, without clock, network or database, and take microseconds.
- all others are called after the commit, at least once, in the order of the change feed; each
  package has a position of its own in it, so one that fails delays only itself and is called again
  with the same batch. They must be idempotent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pluggy

from hub.model.derivation import Derivation
from hub.model.kind import Kind
from hub.sdk.connector import Connector, Delivery
from hub.sdk.console import Column, ConsolePage, Panel
from hub.sdk.plugin import GROUP, Change, HealthReport, Job, Permission, Word

hookspec = pluggy.HookspecMarker(GROUP)


@hookspec
def register_connectors() -> Sequence[type[Connector]]:
    """Connector classes. Once at start; of two with one `manifest.name` the later loaded wins."""
    raise NotImplementedError


@hookspec
def register_mappings() -> Sequence[Path]:
    """Folders of mapping files. Once at start; the site's folder and the hub's own take precedence."""
    raise NotImplementedError


@hookspec
def register_transforms() -> Mapping[str, Callable[..., Any]]:
    """Named transforms for mapping files: pure functions of a value and literal arguments. Once at start."""
    raise NotImplementedError


@hookspec
def register_kinds() -> Sequence[Kind]:
    """Declarations of further kinds. Once at start; a name that exists is replaced, so choose new ones."""
    raise NotImplementedError


@hookspec
def register_derivations() -> Sequence[Derivation]:
    """What is computed of golden records from those around them: pure functions. Once at start.

    Fields of the plugin's own kinds that are declared `derived` stand by themselves; all others stand
    under the plugin's name. They never match or survive against others, and are computed again on merge
    and split. The hub refuses to start when kinds are derived from each other in a circle.
    """
    raise NotImplementedError


@hookspec
def register_match_rules() -> Sequence[Path]:
    """Model files for scored matching, named like their kind: `customer.yaml`. Once at start.

    A site's own model goes before a plugin's, a plugin's before the installed one. They are part of the release: `retail-hub
    match preview --file FILE` shows what one would merge and split before it is put in force.
    """
    raise NotImplementedError


@hookspec
def register_survivorship() -> Mapping[str, Callable[[Sequence[Word]], Sequence[Any]]]:
    """Survivorship policies by name; a policy file says `policy: PLUGIN.NAME`. Once at start.

    Each takes what two records or more say of a field, or of fields that survive together, and gives a key for each, in the
    same order: the largest wins, of equal ones the newest. Pure: no clock, no database, the same whatever the order. Where it
    raises, gives fewer keys or such that cannot be compared, the newest counts and a conflict asks a person. Its code is part of the
    release: with another one the golden records of the kinds that use it are computed again.
    """
    raise NotImplementedError


@hookspec
def register_jobs() -> Sequence[Job]:
    """Work to repeat on a schedule. Once at start, in the scheduler and the workers."""
    raise NotImplementedError


@hookspec
def register_pages() -> Sequence[ConsolePage | Panel | Column]:
    """Pages, panels and columns of the console. Once at start; paths are put under `/console/p/PLUGIN/`."""
    raise NotImplementedError


@hookspec
def register_permissions() -> Sequence[Permission]:
    """Permissions that its pages and calls ask for. Once at start; they join the roles named."""
    raise NotImplementedError


@hookspec
def register_migrations() -> Sequence[Path]:
    """Folders of SQL migrations for the package's own schema `plugin_<name>`. When `migrate` runs."""
    raise NotImplementedError


@hookspec
def register_commands() -> Sequence[Any]:
    """click commands for `retail-hub`. Once per start of the command line; must not open connections."""
    raise NotImplementedError


@hookspec
def clean_record(kind: str, fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Replacements for some of a record's asserted fields, in canonical form; None for no change.

    When a record is mapped, before it is stored; inside the transaction, possibly repeated. Every
    package is asked with the same `fields`; where two replace one field, the later loaded wins.
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def veto_delivery(connection: str, delivery: Delivery) -> str | None:
    """A reason not to send this delivery, shown to people; None lets it pass.

    Before each attempt, inside the transaction that commits the intent. The first reason given
    counts and the others are not asked; the delivery is held until its target changes again.
    """
    raise NotImplementedError


@hookspec
def on_changes(batch: Sequence[Change]) -> None:
    """Committed changes of golden records, in feed order, up to 500 at a time. No result."""
    raise NotImplementedError


@hookspec
def on_merged(kept: str, gone: Sequence[str], kind: str) -> None:
    """Golden records became one; `gone` ids keep resolving to `kept`. After the commit. No result."""
    raise NotImplementedError


@hookspec
def on_split(kept: str, new: Sequence[str], kind: str) -> None:
    """One golden record became several. After the commit. No result."""
    raise NotImplementedError


@hookspec
def on_delivery_failed(connection: str, delivery: Delivery, error: Mapping[str, Any]) -> None:
    """A delivery was given up and waits for a person. After the commit, once per dead letter. No result."""
    raise NotImplementedError


@hookspec
def on_erased(kind: str, ids: Sequence[str]) -> None:
    """A person was erased: delete what you keep of these ids, backups of your own included. No result."""
    raise NotImplementedError


@hookspec
def export_person(ids: Sequence[str]) -> Mapping[str, Any] | None:
    """What the package keeps of one person, as JSON; collected under the package's name. May take seconds."""
    raise NotImplementedError


@hookspec
def check_health() -> HealthReport | None:
    """How the package is. On every look at the health page, so at most a second; collected from all."""
    raise NotImplementedError
