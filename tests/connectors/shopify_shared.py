"""What the tests of the Shopify connector share: samples, mappings, a connected connector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from connectors.shopify.connector import ShopifyConnector
from connectors.shopify.manifest import MANIFEST
from connectors.shopify.simulator import ShopifySimulator
from connectors.shopify.transforms import TRANSFORMS
from hub.model.kinds import KINDS
from hub.model.observation import Draft
from hub.rules.mapping import MapContext, MappingSet, load_mappings
from hub.sdk import HttpClient

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "connectors" / "shopify" / "samples"
SECRET, TOKEN, SHOP = "hush", "shpat_simulated", "demo.myshopify.com"


def sample(name: str) -> dict[str, Any]:
    """The body of a sample."""
    body: dict[str, Any] = orjson.loads((SAMPLES / f"{name}.json").read_bytes())["body"]
    return body


@cache
def mappings() -> MappingSet:
    """The mapping files of the project."""
    return load_mappings([ROOT / "mappings"], KINDS, TRANSFORMS, ("shopify",))


def drafts(topic: str, payload: Any) -> list[Draft]:
    """What the mapping of a topic makes of a payload, as the hub chooses it: by topic, else by stream."""
    stream = MANIFEST.stream_of_topic(topic)
    assert stream is not None, topic
    found = mappings().inbound("shopify", topic) or mappings().inbound("shopify", stream.name)
    assert found is not None, topic
    return found.map(orjson.loads(orjson.dumps(payload)), MapContext("shop", topic, 1_795_307_400_000_000))


def by_key(found: list[Draft]) -> dict[tuple[str, str], Draft]:
    """Drafts by object type and external id."""
    return {(draft.object_type, draft.external_id): draft for draft in found}


@contextmanager
def connected(simulator: ShopifySimulator, **config: Any) -> Iterator[ShopifyConnector]:
    """A connector on a started simulator."""
    settings: Mapping[str, Any] = {"shop": simulator.shop.domain, "base_url": simulator.url, **config}
    http = HttpClient.for_connection(MANIFEST, "shop", settings, ["127.0.0.0/8"])
    yield ShopifyConnector("shop", settings, {"secret": [SECRET], "access_token": [TOKEN]}, http)
    http.close()


ADDRESS = {
    "country": "CN",
    "province": "北京市",
    "city": "Beijing",
    "street": "1 Chang'an Ave",
    "postcode": "100000",
    "recipient_name": "李雷",
    "recipient_phone": "+8613800138000",
}


def cny(amount: str) -> dict[str, str]:
    """An amount of yuan."""
    return {"amount": amount, "currency": "CNY"}


def ref(object_type: str, external_id: str) -> dict[str, str]:
    """The source key of a record of the shop."""
    return {"connection": "shop", "object_type": object_type, "external_id": external_id}


ORDER_REF = ref("orders", "820982911946154508")


def same(draft: Draft) -> tuple[Any, ...]:
    """What must not depend on the way a record came."""
    return (
        draft.kind,
        draft.object_type,
        draft.external_id,
        draft.asserted,
        draft.major,
        draft.since,
        draft.references,
    )
