"""Lists inside a pulled record: fetched to their end, so that half an order is never taken for the whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.shopify.queries import Nested, more_query
from connectors.shopify.shape import number_of

Ask = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
MAX_PAGES = 100


def complete(node: dict[str, Any], owner_type: str, nested: tuple[Nested, ...], ask: Ask) -> str:
    """Fetches what is missing of `node`'s lists in place and drops their `pageInfo`.

    `ask(query, variables)` answers the `data` of a GraphQL response. Returns why a list is still
    cut, empty when all are whole. The page marks go because they change from reading to reading:
    with them, equal records would not be equal bytes.
    """
    cut = ""
    for each in nested:
        finish = _finish_connection if each.is_connection else _finish_list
        cut = finish(node, owner_type, each, ask) or cut
        for element in _elements(node.get(each.field)):
            cut = complete(element, each.type, each.children, ask) or cut
    return cut


def number(held: Any) -> None:
    """Adds `legacyResourceId` to every object below that has an id but not its number, in place.

    Shopify gives lines, transactions and their parents no such field, while a mapping's `id` is a
    plain path and webhooks know them by their number.
    """
    if isinstance(held, list):
        for each in held:
            number(each)
    elif isinstance(held, dict):
        if "id" in held and "legacyResourceId" not in held:
            held["legacyResourceId"] = number_of(held["id"])
        for each in held.values():
            number(each)


def _elements(held: Any) -> list[dict[str, Any]]:
    nodes = held.get("nodes") if isinstance(held, dict) else held
    return [element for element in nodes or () if isinstance(element, dict)]


def _more(node: Mapping[str, Any], owner_type: str, nested: Nested, ask: Ask, after: str | None = None) -> Any:
    variables = {"id": node.get("id")} | ({"after": after} if nested.is_connection else {})
    answer = ask(more_query(owner_type, nested), variables).get("node") or {}
    return answer.get(nested.field)


def _finish_connection(node: dict[str, Any], owner_type: str, nested: Nested, ask: Ask) -> str:
    held = node.get(nested.field)
    if not isinstance(held, dict):
        return ""
    info = held.pop("pageInfo", None) or {}
    for _ in range(MAX_PAGES):
        if not info.get("hasNextPage"):
            return ""
        page = _more(node, owner_type, nested, ask, info.get("endCursor"))
        if not isinstance(page, dict):
            break
        held["nodes"] = [*held.get("nodes", ()), *page.get("nodes", ())]
        info = page.get("pageInfo") or {}
    return f"{owner_type}.{nested.field} could not be read to its end"


def _finish_list(node: dict[str, Any], owner_type: str, nested: Nested, ask: Ask) -> str:
    held = node.get(nested.field)
    if not isinstance(held, list) or len(held) < nested.first:
        return ""
    whole = _more(node, owner_type, nested, ask)
    if not isinstance(whole, list):
        return f"{owner_type}.{nested.field} could not be read to its end"
    node[nested.field] = whole
    return f"{owner_type}.{nested.field} may hold more than {nested.most}" if len(whole) >= nested.most else ""
