"""Reading a stream in pages: the cursor, the overlap, and what proves that a pass was complete."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.shopify.client import Client, TooCostlyError
from connectors.shopify.completing import complete, number
from connectors.shopify.queries import LISTINGS, SHOP_QUERY, Listing
from hub.errors import ConfigError, RejectedError, RetryableError
from hub.sdk.answer import TOO_LARGE
from hub.sdk.connector import Page, RawEvent
from hub.sdk.item import has_repeats, item_body

OVERLAP = timedelta(minutes=2)
IDS_FIRST = 250
ALL_ORDERS_SCOPE = "read_all_orders"
ORDERS_CUT = "without the scope read_all_orders Shopify lists the orders of the last 60 days only"


def listing_of(stream: str) -> Listing:
    """The listing of a stream; `ConfigError` names the streams that can be listed."""
    try:
        return LISTINGS[stream]
    except KeyError:
        raise ConfigError(f"shopify cannot list {stream!r}; it lists: {', '.join(LISTINGS)}") from None


def fetch(client: Client, stream: str, cursor: Any, page_size: int | None = None) -> Iterator[Page]:
    """Pages of `stream` by time of change, oldest first; `page_size` None: the listing's own.

    The cursor is `{"since", "after", "high"}`: the time asked from (RFC 3339; None: from the
    beginning), Shopify's place within that question, and the newest change seen. Shopify's place
    marks are keyset marks (last value and id), so rows that are inserted or changed while paging
    move behind the mark and are seen again, never skipped. The last page's cursor starts the next
    question two minutes before the newest change seen: times are whole seconds, and a change may
    become visible late. A stream without times is read whole each time; its cursor is None.
    """
    listing = listing_of(stream)
    asking = _Asking(client, replace(listing, first=page_size) if page_size else listing)
    place = dict(cursor) if isinstance(cursor, Mapping) else {}
    since, after, high = place.get("since"), place.get("after"), place.get("high")
    cut = "" if since or stream != "orders" else _cut_of_orders(client)
    last = False
    while not last:
        read_at = time.time()
        answer = asking.page(since, after)
        nodes = [node for node in answer.get("nodes") or () if isinstance(node, dict)]
        for node in nodes:
            cut = complete(node, listing.type, listing.nested, client.ask) or cut
            number(node)
        high = max((str(node["updatedAt"]) for node in nodes if node.get("updatedAt")), default="", key=_moment) or high
        info = answer.get("pageInfo") or {}
        last, after = not info.get("hasNextPage"), info.get("endCursor")
        yield Page(
            events=[RawEvent(topic=f"{stream}.pull", body=item_body(node)) for node in nodes],
            cursor=_next_pass(listing, since, high) if last else {"since": since, "after": after, "high": high},
            last=last,
            truncated=cut,
            read_at=read_at,
        )


def cursor_since(stream: str, since: float) -> dict[str, Any]:
    """The cursor that reads what changed at or after `since`; `NotImplementedError` for what has no times."""
    if stream not in LISTINGS or not LISTINGS[stream].sort_key:
        raise NotImplementedError(f"shopify cannot list {stream} by time of change")
    text = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"since": text, "after": None, "high": None}


def enumerate_ids(client: Client, stream: str) -> Iterator[str]:
    """Every external id that exists now.

    `NotImplementedError` for a stream that Shopify lists only within another, or shows only in
    part: a list with gaps must not be taken for a proof of deletion.
    """
    if stream not in LISTINGS:
        raise NotImplementedError(f"shopify lists {stream} only within their orders")
    if stream == "orders" and _cut_of_orders(client):
        raise NotImplementedError(ORDERS_CUT)
    query, after = LISTINGS[stream].ids_query(), None
    while True:
        answer = client.ask(query, {"first": IDS_FIRST, "after": after}).get(stream) or {}
        yield from (str(node["legacyResourceId"]) for node in answer.get("nodes") or ())
        info = answer.get("pageInfo") or {}
        if not info.get("hasNextPage"):
            return
        after = info.get("endCursor")


def granted_scopes(answer: Mapping[str, Any]) -> set[str]:
    """The scope handles in an answer to `SHOP_QUERY`; empty when it does not say."""
    scopes = (answer.get("currentAppInstallation") or {}).get("accessScopes") or ()
    return {str(scope.get("handle")) for scope in scopes if isinstance(scope, dict)}


@dataclass(slots=True)
class _Asking:
    """Asks for one page after another; in halves from then on where Shopify refuses one as too costly, or it is too large to be taken."""

    client: Client
    listing: Listing

    def page(self, since: str | None, after: str | None) -> Mapping[str, Any]:
        while True:
            try:
                return self._ask(since, after)
            except (TooCostlyError, RejectedError) as error:
                if self.listing.first == 1 or getattr(error, "code", TOO_LARGE) != TOO_LARGE:
                    raise
                self.listing = replace(self.listing, first=self.listing.first // 2)
            except ConfigError:
                # A place mark kept for too long is refused like a bad query: ask again from the time.
                if after is None:
                    raise
                after = None

    def _ask(self, since: str | None, after: str | None) -> Mapping[str, Any]:
        variables: dict[str, Any] = {"first": self.listing.first, "after": after}
        if self.listing.sort_key:
            variables["q"] = f"updated_at:>='{since}'" if since else None
        found = self.client.ask(self.listing.page_query(), variables).get(self.listing.stream)
        if not isinstance(found, dict):
            return {}
        if has_repeats(found) or has_repeats(found.get("pageInfo")):
            raise RetryableError(
                f"{self.client.connection}: a page of {self.listing.stream} holds a key twice: which records it lists is unknown"
            )
        return found


def _cut_of_orders(client: Client) -> str:
    """Why a listing of all orders would have gaps; empty when it has none, or Shopify does not say."""
    try:
        scopes = granted_scopes(client.ask(SHOP_QUERY))
    except ConfigError:  # an API version that cannot be asked so; anything else must not pass for "no gaps"
        return ""
    return ORDERS_CUT if scopes and ALL_ORDERS_SCOPE not in scopes else ""


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text) if text else datetime.min.replace(tzinfo=UTC)


def _next_pass(listing: Listing, since: str | None, high: str | None) -> dict[str, Any] | None:
    if not listing.sort_key:
        return None
    if not high:
        return {"since": since, "after": None, "high": None} if since else None
    start = max(_moment(high) - OVERLAP, _moment(since or ""))
    return {"since": start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "after": None, "high": high}
