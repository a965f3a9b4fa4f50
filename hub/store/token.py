"""Access tokens of programs: kept as hashes, each with one role in one realm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.store.database import Connection, new_id

_COLUMNS = "id, name, role, realm, created_by, created_at, expires_at, revoked_at, seen_at"


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; its text is shown once, when it is made."""

    id: UUID
    name: str
    role: str
    realm: str
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    seen_at: datetime | None


def insert(
    conn: Connection, digest: bytes, name: str, role: str, realm: str, expires_at: datetime | None, author: str
) -> UUID:
    """Keeps a new token; `digest` is the hash of its text."""
    token_id = new_id()
    conn.execute(
        "insert into token (id, hash, name, role, realm, expires_at, created_by) values (%s, %s, %s, %s, %s, %s, %s)",
        (token_id, digest, name, role, realm, expires_at, author),
    )
    return token_id


def live(conn: Connection, digest: bytes) -> tuple[Token, bool] | None:
    """The token with that hash, unless revoked or expired; and whether its last use is over a minute old."""
    found = conn.execute(
        f"select {_COLUMNS}, seen_at is null or seen_at < now() - interval '1 minute' from token"  # noqa: S608
        " where hash = %s and revoked_at is null and (expires_at is null or expires_at > now())",
        (digest,),
    ).fetchone()
    return (Token(*found[:-1]), found[-1]) if found else None


def touch(conn: Connection, token_id: UUID) -> None:
    """Notes that it is in use; of several at once, one writes."""
    conn.execute(
        "update token set seen_at = now() where id = %s and (seen_at is null or seen_at < now() - interval '1 minute')",
        (token_id,),
    )


def revoke(conn: Connection, token_id: UUID) -> bool:
    """Ends a token now; whether it was still valid."""
    return (
        conn.execute("update token set revoked_at = now() where id = %s and revoked_at is null", (token_id,)).rowcount
        > 0
    )


def everything(conn: Connection) -> list[Token]:
    """All tokens, newest first, ended ones too."""
    return [Token(*row) for row in conn.execute(f"select {_COLUMNS} from token order by id desc")]  # noqa: S608
