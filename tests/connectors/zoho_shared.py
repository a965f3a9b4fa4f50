"""What the tests of the Zoho connector share: samples, mappings, a connected connector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from connectors.zoho.connector import ZohoConnector
from connectors.zoho.manifest import MANIFEST
from connectors.zoho.simulator import ZohoSimulator
from connectors.zoho.transforms import TRANSFORMS
from hub.model.kinds import KINDS
from hub.model.observation import Draft
from hub.rules.mapping import MapContext, MappingSet, OutMapping, load_mappings
from hub.sdk import HttpClient, LocalAccount

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "connectors" / "zoho" / "samples"
CLIENT_ID, CLIENT_SECRET, REFRESH = "1000.SIMULATED", "hush", "1000.refresh.simulated"
HOOK_SECRET = "whsec_c2VjcmV0IG9mIHRoZSBub3RpZmljYXRpb25z"
ADDRESS = "https://hub.example/webhooks/crm"


def sample(name: str) -> Any:
    """A sample: what Zoho sends or is sent."""
    return orjson.loads((SAMPLES / f"{name}.json").read_bytes())


@cache
def mappings() -> MappingSet:
    """The mapping files of the project."""
    return load_mappings([ROOT / "mappings"], KINDS, TRANSFORMS, ("zoho",))


def drafts(topic: str, payload: Any) -> list[Draft]:
    """What the mapping of a topic makes of a payload, as the hub chooses it: by topic, else by stream."""
    stream = MANIFEST.stream_of_topic(topic)
    assert stream is not None, topic
    found = mappings().inbound("zoho", topic) or mappings().inbound("zoho", stream.name)
    assert found is not None, topic
    return found.map(orjson.loads(orjson.dumps(payload)), MapContext("crm", topic, 1_795_307_400_000_000))


def outbound() -> OutMapping:
    """How a customer is shown to Zoho."""
    found = mappings().outbound("zoho", "customer")
    assert found is not None
    return found


def config_of(simulator: ZohoSimulator, **more: Any) -> Mapping[str, Any]:
    """The settings that reach a started simulator."""
    return {"data_centre": "cn", "client_id": CLIENT_ID, "base_url": simulator.url, **more}


def secrets() -> dict[str, list[str]]:
    """The right secrets."""
    return {"client_secret": [CLIENT_SECRET], "refresh_token": [REFRESH], "webhook_secret": [HOOK_SECRET]}


@contextmanager
def connected(simulator: ZohoSimulator, *, address: str = ADDRESS, **config: Any) -> Iterator[ZohoConnector]:
    """A connector on a started simulator."""
    settings = config_of(simulator, **config)
    http = HttpClient.for_connection(MANIFEST, "crm", settings, ["127.0.0.0/8"])
    yield ZohoConnector("crm", settings, secrets(), http, LocalAccount(address))
    http.close()
