"""What every flow function is handed: one hub, wired once by `hub.bootstrap`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.config import Settings
    from hub.flow.connection import Connections
    from hub.flow.rules import Rules
    from hub.keyring import Keyring
    from hub.queue import Wakeups
    from hub.registry import Registry
    from hub.store.database import Database


@dataclass(slots=True)
class Hub:
    """One process's view of the hub. `blind_key` keys the look-up hashes and outlives key rotation."""

    settings: Settings
    db: Database
    keyring: Keyring
    blind_key: bytes
    registry: Registry
    queue: Wakeups
    rules: Rules
    connections: Connections
    extras: dict[str, Any] = field(default_factory=dict)

    def close(self) -> None:
        """Gives the database connections back; what `extras` holds is closed first."""
        for extra in self.extras.values():
            if callable(getattr(extra, "close", None)):
                extra.close()
        self.connections.close()
        self.db.close()
