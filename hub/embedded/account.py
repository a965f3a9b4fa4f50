"""The account that Postgres runs as. It refuses root, so a hub started by root lends it an account with no rights."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hub.errors import ConfigError

# Existing accounts only: the hub creates none. initdb wants an entry in the password file.
CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A system account by number."""

    name: str
    uid: int
    gid: int

    def leash_options(self, *paths: Path) -> list[str]:
        """What the leash needs to run a program of these paths as this account."""
        reach = [] if all(self.may_enter(path) for path in paths) else ["--reach"]
        return ["--uid", str(self.uid), "--gid", str(self.gid), *reach]

    def may_enter(self, path: Path) -> bool:
        """Whether every folder above `path` lets this account through (a home of mode 0700 does not)."""
        return all(self._may_search(folder.stat()) for folder in path.resolve().parents)

    def _may_search(self, found: os.stat_result) -> bool:
        if found.st_uid == self.uid:
            return bool(found.st_mode & stat.S_IXUSR)
        if found.st_gid == self.gid:
            return bool(found.st_mode & stat.S_IXGRP)
        return bool(found.st_mode & stat.S_IXOTH)

    def own(self, folders: Iterable[Path]) -> None:
        """Gives folders to the account, closed to all others but root."""
        for folder in folders:
            os.chown(folder, self.uid, self.gid)
            folder.chmod(0o700)


def server_account() -> Account | None:
    """The account to switch to when we are root; None for an ordinary user, who runs the server himself."""
    if os.geteuid() != 0:
        return None
    for name in CANDIDATES:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        if found.pw_uid:
            return Account(name, found.pw_uid, found.pw_gid)
    raise ConfigError(
        "Postgres does not run as root, and this machine has neither an account 'postgres' nor 'nobody': "
        "start the hub as an ordinary user, or set DATABASE_URL to a server of your own"
    )
