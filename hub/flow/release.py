"""Which rules are in force, and how others come into force.

A release is in force by a person's act: the start of a hub, `migrate`, `reload`, `release activate`. It stands in
the database with the site's own files, so every process on every machine works by the same rules, whatever lies in
a folder by now; one that finds another release in force takes that over between two batches.

A changed policy, or a changed declaration of a kind, marks the records of that kind (a changed matching model, to be
linked anew); T2 computes their golden records again and the guard holds what would change many of a system's records. Where a mapping writes
records in another shape, those are sent whole, held likewise. What changed mappings make of stored events is a
replay, which a person starts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hub.config import Settings
from hub.errors import ConfigError, NotFoundError
from hub.flow import drift_mapped
from hub.flow.connection import ConnectionRow
from hub.flow.context import Hub
from hub.flow.reshape import Reshaping
from hub.flow.rules import Rules, installed_folders, load_rules, load_site, publish_release, site_files
from hub.registry import Registry
from hub.rules.mapping.narrow import fits, parts_of
from hub.store import release as store
from hub.store.database import Connection, Database
from hub.store.release import Activation, Order, Release

log = logging.getLogger(__name__)

_REFUSED = "refused release"
PARTS = ("mappings", "policies", "kinds", "transforms", "matching")


def rules_on_disk(db: Database, registry: Registry, settings: Settings, known: Rules | None = None) -> Rules:
    """The rules that the site's folder and this installation make now; `ConfigError` lists what is wrong with them.

    Where no folder is named the site's files in force stay: a forgotten variable takes no rule away (an empty folder does).
    `known`: as for `rules_at_start`.
    """
    if settings.mappings_dir is None:
        number = store.in_force(db)
        release = store.get(db, number) if number is not None else None
        files = release.files if release else {}
        if known is not None and known.files == files:
            return replace(known)
        return load_site(registry, installed_folders(), files)
    files = site_files(settings.mappings_dir)
    if known is not None and known.files == files:
        return replace(known)
    found = load_rules(registry, [settings.mappings_dir, *installed_folders()])
    found.files = files
    return found


def rules_at_start(db: Database, registry: Registry, settings: Settings, known: Rules | None = None) -> Rules:
    """The rules a new process works by: those in force, or what is on disk when none are yet.

    `known`: rules of this installation that are loaded already, of which a copy is taken where they are the same. Where the
    installation cannot read those in force (a plugin is missing) it gets its own: enough to look at records
    and to mend things, while `ensure` lets it process nothing.
    """
    number = store.in_force(db)
    found = store.get(db, number) if number is not None else None
    try:
        if found is None:
            rules = rules_on_disk(db, registry, settings, known)
        elif known is not None and known.hash == found.hash:
            rules = replace(known)
        else:
            rules = _rules_of(registry, found)
    except ConfigError as error:
        if found is None:
            raise
        log.warning("%s", error)
        rules = load_rules(registry, installed_folders())
    publish_release(db, rules)
    return rules


def _rules_of(registry: Registry, release: Release) -> Rules:
    try:
        return load_site(registry, installed_folders(), release.files)
    except ConfigError as error:
        raise ConfigError(
            f"the files of release {release.id}, which is in force, do not fit this installation; mend the site's folder and put "
            f"it in force with `retail-hub release activate`:\n{error}"
        ) from None


def ensure(conn: Connection, hub: Hub) -> None:
    """Has this process work by the release in force, as the caller's transaction sees it.

    Call it after work was claimed and before it is done: what is claimed later is then done by the same
    rules or newer ones. `ConfigError` when the installation is another one than the release was made with.
    """
    if not hub.rules.is_candidate:
        _take_over(hub, store.current(conn))


def follow(hub: Hub) -> None:
    """As `ensure`, half a second late at most and without asking the database: for what only shows.

    Where that cannot be done it goes on showing by the rules it has; health tells of it.
    """
    number = hub.connections.release
    if hub.rules.is_candidate or number in (None, hub.rules.release_id, hub.extras.get(_REFUSED)):
        return
    try:
        _take_over(hub, number)
    except ConfigError as error:
        hub.extras[_REFUSED] = number
        log.warning("%s", error)


def refused(hub: Hub) -> int | None:
    """The release in force when this process cannot work by it; else None."""
    hub.connections.reload()
    follow(hub)
    number = hub.connections.release
    return None if number in (None, hub.rules.release_id) else number


def _take_over(hub: Hub, number: int | None) -> None:
    if number is None or number == hub.rules.release_id:
        return
    found = store.get(hub.db, number)
    assert found is not None  # noqa: S101 -- releases are never removed
    rules = _rules_of(hub.registry, found)
    if rules.hash != found.hash:
        raise ConfigError(
            f"release {number} is in force, but this installation makes other rules of its files (another version of the hub, a "
            "connector or a plugin): install the same everywhere, or put this one in force with `retail-hub release activate`"
        )
    rules.release_id = number
    hub.rules = rules
    log.info("works by release %d from here on", number)


def activate(hub: Hub, by: str = "cli", reason: str = "", progress: Callable[[int], None] | None = None) -> list[str]:
    """Makes the rules loaded here the ones in force; returns the kinds that are decided again.

    Idempotent, and safe to race: one process finds the difference, the others find none. `progress` hears how many
    records were compared with how they were written before; what it raises ends it without effect.
    """
    before = in_force(hub)
    whole = reshaping(hub, before, progress) if before not in (None, hub.rules.release_id) else None
    order = Order(hub.rules.release_id, by, reason)
    kinds = store.activate(hub.db, order, lambda then: _difference(then, hub.rules.manifest), whole)
    if kinds is None:
        return []
    hub.connections.reload()
    log.info("release %s is in force%s", hub.rules.release_id, f"; decided again: {', '.join(kinds)}" if kinds else "")
    hub.queue.wake("pipeline")
    hub.queue.wake("deliver")
    drift_mapped.settle(hub, earlier)
    return kinds


def reshaping(hub: Hub, before: int | None, progress: Callable[[int], None] | None = None) -> Reshaping | None:
    """What would be sent whole if the rules of `hub` followed release `before`; None when that cannot be said, or is nothing."""
    release = store.get(hub.db, before) if before is not None else None
    if release is None:
        return None
    changed = changed_parts(release.manifest, hub.rules.manifest, hub.connections.all())
    try:
        old = _rules_of(hub.registry, release) if changed else None
    except ConfigError:
        old = None
    if old is None or old.hash != release.hash:
        # What it wrote cannot be said any more; what a system lacks is still found field by field.
        return None
    return Reshaping(replace(hub, rules=old), hub, changed, progress)


def in_force(hub: Hub) -> int | None:
    """The number of the release that is in force; None before the first."""
    return store.in_force(hub.db)


def earlier(hub: Hub, number: int) -> Rules:
    """The rules of a release of before, to be put in force again.

    Errors: `NotFoundError`; `ConfigError` when it was made with another installation.
    """
    release = store.get(hub.db, number)
    if release is None:
        raise NotFoundError(f"there is no release {number}; `retail-hub release` lists them")
    found = _rules_of(hub.registry, release)
    if found.hash != release.hash:
        raise ConfigError(
            f"release {number} was made with another installation (of the hub, a connector or a plugin): this one cannot bring it "
            "back; take its files (`retail-hub release show --files`) and put them in force as a new one"
        )
    found.release_id = number
    return found


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> store.Difference:
    return store.Difference(changed_kinds(before, now), changed_models(before, now))


def changed_models(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Kinds whose matching models, or what is compared for them, differ between two releases."""
    return _differing(before.get("matching"), now["matching"])


def changed_kinds(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Kinds whose policies or declaration differ between two releases."""
    return sorted(
        kind
        for kind in now["kinds"]
        if any(before.get(part, {}).get(kind) != now[part].get(kind) for part in ("policies", "kinds"))
    )


def changed_shapes(
    before: Mapping[str, Any], now: Mapping[str, Any], connection: str | None = None
) -> set[tuple[str, str]]:
    """(connector, kind) whose records may be written differently; `connection`: to the one of that name, else to any."""
    return set(_changed_pairs(before, now, "outgoing", connection)) & _files(before, "outgoing", connection).keys()


def changed_parts(
    before: Mapping[str, Any], now: Mapping[str, Any], rows: Iterable[ConnectionRow]
) -> set[tuple[str, str]]:
    """(connection, kind) whose records may be written differently."""
    return {
        (row.name, kind)
        for row in rows
        for connector, kind in changed_shapes(before, now, row.name)
        if connector == row.connector
    }


def changed_streams(
    before: Mapping[str, Any], now: Mapping[str, Any], connection: str | None = None
) -> list[tuple[str, str]]:
    """(connector, stream) whose events may become other records: what a replay would be about. `connection`: of its events."""
    return sorted(_changed_pairs(before, now, "incoming", connection))


def _changed_pairs(
    before: Mapping[str, Any], now: Mapping[str, Any], direction: str, connection: str | None
) -> list[tuple[str, str]]:
    """Those whose file is another one, or whose file may use a look-up or transform that is."""
    old, new = before.get("mappings", {}), now["mappings"]
    shared = [name for name in {*old, *new} if name.startswith("lookups/")]
    is_all = any(old.get(name) != new.get(name) for name in shared)
    is_all = is_all or before.get("transforms") != now["transforms"]
    then = _files(before, direction, connection)
    return [
        pair for pair, files in _files(now, direction, connection).items()
        if is_all or then.get(pair) != files or any(old.get(file) != new.get(file) for file in files.values())
    ]  # fmt: skip


def _files(
    manifest: Mapping[str, Any], direction: str, connection: str | None
) -> dict[tuple[str, str], dict[tuple[str, ...], str]]:
    """(connector, stream or kind) -> its files, by what connections they are for; of one connection those alone that serve it."""
    found: dict[tuple[str, str], dict[tuple[str, ...], str]] = {}
    for key, file in manifest.get(direction, {}).items():
        connector, name, connections = parts_of(key)
        if connection is None or not connections or fits(connections, connection):
            found.setdefault((connector, name), {})[connections] = file
    if connection is not None:
        for files in found.values():
            if len(files) > 1:
                files.pop((), None)
    return found


@dataclass(frozen=True, slots=True)
class Standing:
    """What is in force beside what is on disk. `differs`: part -> names that differ there; empty when they are one."""

    number: int | None
    since: Activation | None
    differs: Mapping[str, list[str]]


def standing(hub: Hub) -> Standing:
    """Compares the rules in force with the files on disk. `ConfigError` when those are wrong."""
    number = in_force(hub)
    release = store.get(hub.db, number) if number is not None else None
    last = store.history(hub.db, 1)
    if release is None:
        return Standing(None, None, {})
    now = rules_on_disk(hub.db, hub.registry, hub.settings).manifest
    return Standing(number, last[0] if last else None, compare(release.manifest, now))


def compare(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, list[str]]:
    """The names that differ between two releases, by part: `mappings` (files), `policies`, `kinds`, `transforms`, `matching`."""
    found = {part: _differing(before.get(part), now.get(part)) for part in PARTS}
    return {part: names for part, names in found.items() if names}


def _differing(before: Any, now: Any) -> list[str]:
    # Releases of the first version named their transforms only.
    old = before if isinstance(before, dict) else dict.fromkeys(before or (), None)
    return sorted(name for name in {*old, *now} if old.get(name) != now.get(name))
