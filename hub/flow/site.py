"""The site's own rule files: saved from a page, and put in force after a look at what follows."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from hub.errors import ConfigError, ConflictError
from hub.flow import release
from hub.flow.bounded import bounded
from hub.flow.connection import ConnectionRow
from hub.flow.context import Hub
from hub.flow.rules import Rules, installed_folders, load_site, publish_release, site_files
from hub.store import audit, console_mapping
from hub.store import release as store

LARGEST = 200_000
"""Characters of a rule file that a page takes."""
_NAME = re.compile(r"[A-Za-z0-9][\w.@ -]{0,80}/[^/\\\0]{1,120}\.yaml")


def why_not(hub: Hub) -> str:
    """Why nothing can be saved here: `unset` (no folder is named), `read_only`; empty when it can."""
    folder = hub.settings.mappings_dir
    if folder is None:
        return "unset"
    return "" if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK) else "read_only"


def on_disk(hub: Hub) -> dict[str, str]:
    """The files of the site's folder now: name -> text; where no folder is named, those in force stay."""
    return site_files(hub.settings.mappings_dir) if hub.settings.mappings_dir else dict(hub.rules.files)


def installed_text(hub: Hub, name: str) -> str | None:
    """The text of a rule file that came with the installation; None when none of that name did."""
    for folder in [*installed_folders(), *hub.registry.mapping_folders]:
        path = Path(folder, name)
        if path.is_file() and path.resolve().is_relative_to(Path(folder).resolve()):
            return path.read_text(encoding="utf-8")
    return None


def digest(text: str | None) -> str:
    """What tells two texts of a file apart; empty for no file."""
    return "" if text is None else hashlib.sha256(text.encode()).hexdigest()[:16]


def save(hub: Hub, name: str, text: str, seen: str, actor: str) -> Path:
    """Puts a rule file into the site's folder, whole or not at all. It takes effect when it is put in force.

    `seen`: the `digest` of the file that the writer began with. Errors: `ConfigError` (no folder, a name or
    text that cannot be, faults in the rules that it would make); `ConflictError` when the file is another by now.
    """
    path = _path(hub, name)
    if len(text) > LARGEST:
        raise ConfigError(f"the file is longer than {LARGEST:,} characters: take it apart")
    files = on_disk(hub)
    if digest(files.get(name)) != seen:
        raise ConflictError(
            f"{name} was changed in the meantime: copy what you wrote, load the page again, and write it into that"
        )
    # Checked apart: what was typed may unfold without end.
    bounded(hub, lambda mine: check(mine, {**files, name: text}))
    detail = {"file": name, "before": digest(files.get(name)), "after": digest(text)}
    # Written first: of a file that changed without a trace nobody would know.
    hub.db.run(lambda conn: audit.append(conn, actor, "rule.saved", name, "", detail))
    try:
        _write(path, text)
    except OSError as error:
        raise ConfigError(
            f"{name} could not be written to HUB_MAPPINGS_DIR ({type(error).__name__}): look at its rights"
        ) from None
    return path


def check(hub: Hub, files: Mapping[str, str]) -> None:
    """`ConfigError` lists what is wrong with the rules that a site's `files` make, one fault a line."""
    load_site(hub.registry, installed_folders(), files).mappings.compile(files.keys())


def _path(hub: Hub, name: str) -> Path:
    folder = hub.settings.mappings_dir
    if folder is None or why_not(hub):
        raise ConfigError("nothing can be saved here: HUB_MAPPINGS_DIR names no folder that the server may write to")
    root = folder.resolve()
    path = (root / name).resolve()
    if not _NAME.fullmatch(name) or ".." in name or not path.is_relative_to(root):
        raise ConfigError(f"{name!r} cannot be the name of a rule file")
    return path


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    number, made = tempfile.mkstemp(dir=path.parent, prefix=".saving-")
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(made).chmod(0o644)
        Path(made).replace(path)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise


@dataclass(slots=True)
class Consequence:
    """What follows when other rules are put in force. `digest` names those rules, so that the deed is that of the plan.

    `kinds`: kind -> source records that are decided again; `whole`: connection -> records that are sent whole;
    `matched`: those of the kinds of which all that links records is made again, too; `streams`: (connection, stream) whose
    stored events keep what they became until a replay.
    """

    number: int | None
    digest: str
    differs: dict[str, list[str]] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    matched: list[str] = field(default_factory=list)
    whole: dict[str, int] = field(default_factory=dict)
    streams: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_same(self) -> bool:
        """Whether those rules are in force already."""
        return not self.differs


def consequence(hub: Hub, number: int | None) -> Consequence:
    """What putting the files on disk (None) or an earlier release in force would do, counted. Changes nothing.

    Errors: `ConfigError` for wrong files; `NotFoundError`.
    """
    new = _rules(hub, number)
    before = release.in_force(hub)
    old = store.get(hub.db, before) if before is not None else None
    found = Consequence(number, new.hash.hex())
    if old is None or old.hash == new.hash:
        return found
    found.differs = release.compare(old.manifest, new.manifest)
    found.matched = release.changed_models(old.manifest, new.manifest)
    found.kinds = dict.fromkeys(sorted({*release.changed_kinds(old.manifest, new.manifest), *found.matched}), 0)
    look = replace(hub, rules=new)
    whole = release.reshaping(look, before)
    with hub.db.transaction() as conn:
        found.kinds |= console_mapping.members(conn, list(found.kinds))
        for connection_id, ids in (whole(conn) if whole else {}).items():
            if ids:
                found.whole[hub.connections.by_id(connection_id).name] = len(ids)
    found.streams = _streams(hub, old.manifest, new)
    return found


def _streams(hub: Hub, before: Mapping[str, object], new: Rules) -> list[tuple[str, str]]:
    return [
        (row.name, stream)
        for row in hub.connections.all()
        for connector, stream in release.changed_streams(before, new.manifest, row.name)
        if row.connector == connector and row.disconnected_at is None and row.reads(_kind(new, row, stream))
    ]


def _kind(rules: Rules, row: ConnectionRow, stream: str) -> str:
    mapping = rules.mappings.inbound(row.connector, stream, row.name)
    return mapping.kind if mapping else ""


def put_in_force(hub: Hub, number: int | None, expected: str, actor: str, reason: str) -> tuple[int, list[str]]:
    """Puts the files on disk, or an earlier release, in force; returns its number and the kinds decided again.

    `expected`: the digest of the `Consequence` that was looked at (empty: whatever is there). Errors: as there, and
    `ConflictError` when the files are others by now.
    """
    new = rules_as_planned(hub, number, expected)
    publish_release(hub.db, new)
    kinds = release.activate(replace(hub, rules=new), actor, reason)
    hub.connections.reload()
    release.follow(hub)
    return new.release_id, kinds


def rules_as_planned(hub: Hub, number: int | None, expected: str) -> Rules:
    """The rules of the files on disk (None), or of an earlier release, if they are those of the digest. Errors: as `put_in_force`."""
    new = _rules(hub, number)
    if expected and new.hash.hex() != expected:
        raise ConflictError("the files are not those any more that were looked at: look again at what follows")
    return new


def _rules(hub: Hub, number: int | None) -> Rules:
    return release.earlier(hub, number) if number is not None else rules_there(hub)


def rules_there(hub: Hub) -> Rules:
    """The rules that the site's folder and this installation make now; `ConfigError` lists what is wrong with them."""
    return load_site(hub.registry, installed_folders(), on_disk(hub))


def with_files(hub: Hub, files: Mapping[str, str]) -> Hub:
    """A hub that works by what lies in the site's folder with `files` (name -> text) put over it: what would be put in force.

    Only for transactions that are rolled back. `ConfigError` lists the faults of all files, one a line.
    """
    rules = load_site(hub.registry, installed_folders(), {**on_disk(hub), **files})
    rules.release_id, rules.is_candidate = hub.rules.release_id, True
    return replace(hub, rules=rules)
