"""The queue of pairs that may be one: what waits, what it is worth, and who is given which.

The other halves: `match_case` opens one pair, `match_answer` takes what a steward says of it and undoes it,
`match_bulk` answers many that are alike, `match_sample` has a few automatic merges judged each week.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from hub.errors import ConfigError, ConflictError, NotFoundError
from hub.flow.context import Hub
from hub.model.identifier import format_id
from hub.store import match_count, match_stake
from hub.store import match_item as store
from hub.store.database import Connection
from hub.store.match_count import Counts, Pattern
from hub.store.match_item import MATCH, ORDERS, SAMPLE, Waiting, Wish

Rid = uuid.UUID
TYPES = (MATCH, SAMPLE)
STAKES_AT_ONCE = 2_000
STEP = 200
_POSITION = "match_stakes"

__all__ = ("MATCH", "ORDERS", "SAMPLE", "TYPES", "Counts", "Pattern", "Waiting", "Wish")


def queue(hub: Hub, wish: Wish, limit: int = 50) -> list[Waiting]:
    """Pairs in the order wished for, at most `limit`; ask for one more to know whether there are more.

    `ConfigError` for an order or a type that is none.
    """
    if wish.order not in ORDERS:
        raise ConfigError(f"the queue is ordered by {' or '.join(ORDERS)}, not by {wish.order!r}")
    if wish.type not in TYPES:
        raise ConfigError(f"an item about a pair is a {' or a '.join(TYPES)}, not a {wish.type!r}")
    with hub.db.session() as conn:
        return store.page(conn, wish, limit)


def counts(hub: Hub, by: str, wish: Wish | None = None, since: datetime | None = None) -> Counts:
    """How many pairs fit `wish`, what `by` answered and what the hub merged alone since then (the begin of today in UTC)."""
    start = since or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with hub.db.session() as conn:
        return match_count.counts(conn, wish or Wish(), by, start)


def patterns(hub: Hub, wish: Wish | None = None, limit: int = 50) -> list[Pattern]:
    """What open pairs have in common, the commonest first: what `match_bulk.propose` takes."""
    with hub.db.session() as conn:
        return match_count.patterns(conn, wish or Wish(), limit)


def refresh_stakes(hub: Hub, most: int = STAKES_AT_ONCE) -> None:
    """Counts anew what hangs on open pairs, `most` of them at a time, going on where the last call ended. Idempotent."""
    after: Rid | None = hub.extras.get(_POSITION)
    for _ in range(max(1, most // STEP)):
        after = hub.db.run(lambda conn, after=after: match_stake.refresh(conn, STEP, after))  # type: ignore[misc]
        if after is None:
            break
    hub.extras[_POSITION] = after


def find(hub: Hub, item_id: Rid, realms: Sequence[str] | None = None) -> Waiting:
    """One pair, open or not. `NotFoundError` where there is none of that id in these realms."""
    with hub.db.session() as conn:
        found = store.read(conn, item_id)
    if found is None or (realms is not None and found.realm not in realms):
        raise NotFoundError(f"no pair of records waits as {format_id('itm', item_id)}")
    return found


def take_next(hub: Hub, by: str, wish: Wish | None = None) -> Rid | None:
    """Gives `by` the pair they work on already, else the one with most at stake that nobody else has; None when none is left.

    It is theirs for `HUB_MATCH_CLAIM_S` seconds, until they answer it or let it go: nobody else is given it meanwhile.
    """
    seconds = hub.settings.match_claim_s
    # Losing a claim in a crash loses nothing, so it need not be flushed.
    return hub.db.run(lambda conn: store.claim_next(conn, wish or Wish(), by, seconds), durable=False)


def take(hub: Hub, item_id: Rid, by: str) -> None:
    """Gives `by` this pair. `ConflictError` when somebody else has it, or it is closed; `NotFoundError`."""
    seconds = hub.settings.match_claim_s

    def work(conn: Connection) -> None:
        if not store.claim(conn, item_id, by, seconds):
            raise _refusal(conn, item_id)

    hub.db.run(work, durable=False)


def let_go(hub: Hub, item_id: Rid, by: str) -> bool:
    """Ends the claim of `by` without an answer; False when they have none."""
    return hub.db.run(lambda conn: store.let_go(conn, item_id, by), durable=False)


def _refusal(conn: Connection, item_id: Rid) -> ConflictError | NotFoundError:
    found = store.read(conn, item_id)
    if found is None:
        return NotFoundError(f"no pair of records waits as {format_id('itm', item_id)}")
    return ConflictError(state_of(found))


def state_of(found: Waiting) -> str:
    """Why a pair cannot be worked on now, in one sentence; empty when it can."""
    if found.state == "resolved":
        answer = (found.resolution or {}).get("answer")
        when = f"{found.resolved_at:%Y-%m-%d %H:%M} UTC" if found.resolved_at else ""
        if answer and answer != "gone":
            return f"this pair is closed: {found.resolved_by} answered {answer!r} at {when}"
        return (
            f"this pair is closed: {found.resolved_by or 'hub'} closed it at {when}, since the two are one by now or"
            " nothing suggests any more that they are"
        )
    if found.state == "snoozed":
        until = f" until {found.snoozed_until:%Y-%m-%d %H:%M} UTC" if found.snoozed_until else ""
        return f"this pair is put aside{until}"
    if found.claimed_by and found.claimed_until:
        return f"{found.claimed_by} works on this pair until {found.claimed_until:%H:%M} UTC: take another one"
    return ""
