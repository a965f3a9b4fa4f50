"""The shop's GraphQL endpoint: listings with place marks, single nodes, cost points, error bodies."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from connectors.shopify.simulator import node
from connectors.shopify.simulator.mutation import Mutations
from connectors.shopify.simulator.query import Asked, QueryError, cost, is_mutation, page, parse, pick
from connectors.shopify.simulator.shop import Hook, Shop

QUERY_LIMIT = 1000
MUTATION_COST = 10
_SINCE = re.compile(r"updated_at:>='([^']+)'")
_INNER = {"Refund": "refunds", "Fulfillment": "fulfillments"}
_SORTS = {"customers": "UPDATED_AT", "orders": "UPDATED_AT", "products": "UPDATED_AT"}


class Bucket:
    """Cost points: `maximum` at most, `restore_rate` come back each second."""

    def __init__(self, maximum: float = 2000.0, restore_rate: float = 100.0) -> None:
        self.maximum = maximum
        self.restore_rate = restore_rate
        self.available = maximum
        self._at = time.monotonic()
        self._lock = threading.Lock()

    def take(self, points: float) -> bool:
        """Takes `points` if they are there."""
        with self._lock:
            now = time.monotonic()
            self.available = min(self.maximum, self.available + (now - self._at) * self.restore_rate)
            self._at = now
            if points > self.available:
                return False
            self.available -= points
            return True

    def status(self) -> dict[str, float]:
        """`throttleStatus` of an answer."""
        shown = {
            "maximumAvailable": self.maximum,
            "currentlyAvailable": self.available,
            "restoreRate": self.restore_rate,
        }
        return {name: round(value, 3) for name, value in shown.items()}


class Endpoint:
    """Answers queries over `shop`. `failures`: codes that the next queries fail with, first to last."""

    def __init__(self, shop: Shop, scopes: tuple[str, ...]) -> None:
        self.shop = shop
        self.scopes = scopes
        self.bucket = Bucket()
        self.mutations = Mutations(shop, scopes)
        self.failures: list[str] = []
        self.on_change: Callable[[Asked, Mapping[str, Any], list[Hook]], None] = lambda *_: None
        self.on_page: Callable[[str], None] = lambda _: None

    def answer(self, body: Any) -> dict[str, Any]:
        """The answer's body for a request's body; always sent with HTTP 200."""
        query, variables = body.get("query") or "", body.get("variables") or {}
        try:
            name, fields = parse(query, variables)
            changes = is_mutation(query)
            points = cost(fields) + (MUTATION_COST * len(fields) if changes else 0)
            self._refuse(points)
            if not self.bucket.take(points):
                return self._refusal("Throttled", "THROTTLED", points)
            data = {each.key: self._change(each) if changes else self._root(each) for each in fields}
        except QueryError as error:
            return self._refusal(str(error), error.code, 0)
        self.on_page(name)
        return {"data": data, "extensions": self._cost(points, points)}

    def _change(self, asked: Asked) -> dict[str, Any]:
        answer, hooks = self.mutations.carry_out(asked)
        self.on_change(asked, answer, hooks)
        return answer

    def _refuse(self, points: int) -> None:
        if self.failures:
            raise QueryError("failed on purpose", self.failures.pop(0))
        if points > QUERY_LIMIT:
            raise QueryError(
                f"Query cost is {points}, which exceeds the single query max cost limit.", "MAX_COST_EXCEEDED"
            )

    def _cost(self, requested: int, actual: int | None) -> dict[str, Any]:
        return {
            "cost": {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": self.bucket.status()}
        }

    def _refusal(self, message: str, code: str, points: int) -> dict[str, Any]:
        extensions: dict[str, Any] = {"code": code, "documentation": "https://shopify.dev/api/usage"}
        if code == "ACCESS_DENIED":
            extensions["requiredAccess"] = "`read_customers` access scope."
        return {"errors": [{"message": message, "extensions": extensions}], "extensions": self._cost(points, None)}

    def _root(self, asked: Asked) -> Any:
        if asked.name == "shop":
            return pick(self.shop.about(), asked)
        if asked.name == "currentAppInstallation":
            return pick({"accessScopes": [{"handle": scope} for scope in self.scopes]}, asked)
        if asked.name == "node":
            return self._node(asked)
        if asked.name in ("customer", "customerByIdentifier"):
            return self._customer(asked)
        if asked.name == "metafieldDefinitions":
            place = (asked.arguments.get("namespace"), asked.arguments.get("key"))
            rows = [each for each in self.mutations.definitions if (each["namespace"], each["key"]) == place]
            return page(rows, asked, has_more=False, end=None)
        if asked.name == "webhookSubscriptions":
            return pick(self.mutations.subscriptions, asked)
        if asked.name not in ("customers", "orders", "products", "locations"):
            raise QueryError(f"Field '{asked.name}' doesn't exist on type 'QueryRoot'", "undefinedField")
        return self._listing(asked)

    def _customer(self, asked: Asked) -> Any:
        given = asked.arguments
        with self.shop.lock:
            held = self.mutations.customers.by(given.get("identifier") or {"id": given.get("id")})
            return pick(node.customer(held, self.shop.unsaid.get(held["id"])), asked) if held else None

    def _listing(self, asked: Asked) -> dict[str, Any]:
        arguments = asked.arguments
        sort = arguments.get("sortKey")
        if sort not in (None, "ID", _SORTS.get(asked.name)):
            raise QueryError(f"invalid sortKey {sort}", "argumentLiteralsIncompatible")
        first = int(arguments.get("first") or 0)
        if not 1 <= first <= 250:
            raise QueryError("first must be between 1 and 250", "BAD_REQUEST")
        since = _SINCE.search(arguments.get("query") or "")
        mark = _read_mark(arguments["after"]) if arguments.get("after") else None
        with self.shop.lock:
            places, has_more = self.shop.register.page(
                asked.name, first, by_time=sort == "UPDATED_AT", since=_whole(since[1]) if since else None, mark=mark
            )
            shown = [self._shown(asked.name, number) for _, number in places]
            return page(shown, asked, has_more=has_more, end=_write_mark(places[-1]) if places else None)

    def _shown(self, kind: str, number: int) -> dict[str, Any]:
        """A record as a node."""
        shop = self.shop
        if kind == "customers":
            return node.customer(shop.customers[number], shop.unsaid.get(number))
        if kind == "orders":
            return node.order(shop.orders[number], shop.transactions.get(number, []))
        if kind == "products":
            return node.product(shop.products[number], shop.currency)
        return node.location(shop.locations[number])

    def _node(self, asked: Asked) -> Any:
        wanted = str(asked.arguments.get("id"))
        with self.shop.lock:
            for kind, number in self._holding(wanted):
                row = self._shown(kind, number)
                found = next((each for each in _with_inner(row) if each.get("id") == wanted), None)
                if found is not None:
                    return pick(found, asked)
        return None

    def _holding(self, wanted: str) -> list[tuple[str, int]]:
        """The records that may be or hold the node with that id."""
        kind, _, number = wanted.removeprefix("gid://shopify/").partition("/")
        if not number.isdecimal():
            return []
        if kind in _INNER:
            orders = self.shop.orders.items()
            return [
                ("orders", n) for n, held in orders if any(each["id"] == int(number) for each in held[_INNER[kind]])
            ]
        records = {"Customer": "customers", "Order": "orders", "Product": "products", "Location": "locations"}.get(kind)
        return [(records, int(number))] if records and int(number) in getattr(self.shop, records) else []


def _with_inner(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [row, *row.get("refunds", ()), *row.get("fulfillments", ())]


def _whole(text: str) -> str:
    return text[:19] + "Z"


def _write_mark(place: tuple[str, int]) -> str:
    return base64.b64encode(json.dumps(place).encode()).decode()


def _read_mark(text: str) -> tuple[str, int]:
    try:
        moment, number = json.loads(base64.b64decode(text))
        return str(moment), int(number)
    except (ValueError, TypeError):
        raise QueryError("Invalid cursor for current pagination sort.", "BAD_REQUEST") from None
