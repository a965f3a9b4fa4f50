"""A new key in front of the ring: everything that is stored sealed is sealed anew, so that older keys can go."""

from __future__ import annotations

from hub.flow import credential, setup
from hub.flow.context import Hub
from hub.store import audit, reseal, secret
from hub.store.reseal import Sealed

# What may be lost costs a refresh, typing a password again, or a repeated request: it must not fail for it.
REPLACEABLE = {
    "access_tokens": Sealed("access_token", "sealed", ("connection_id", "name"), credential.place),
    "setups": Sealed("draft", "sealed_secrets", ("id",), setup.place),
    "kept_answers": Sealed("idempotency", "response", ("token_id", "key"), lambda *_: b"idempotency"),
}


def rotate(hub: Hub, actor: str) -> dict[str, int]:
    """Seals everything under the newest key of the ring; returns how much of each changed. Safe to repeat.

    `ConfigError` when a secret was sealed under a key that is not on the ring.
    """
    changed = {
        "secrets": secret.reseal(hub.db, hub.keyring),
        "settings": int(secret.reseal_setting(hub.db, hub.keyring, "blind_key")),
        "event_keys": secret.reseal_bodies(hub.db, hub.keyring),
        **{name: reseal.reseal(hub.db, hub.keyring, sealed) for name, sealed in REPLACEABLE.items()},
    }
    hub.db.run(lambda conn: audit.append(conn, actor, "secrets.rotate", detail=changed))
    return changed
