"""One worker process of `bench.connect`: processes what comes in and delivers what is due until its input is closed.

The shop's rate is its plan's, not the hub's; here it is opened wide, so that the hub is what is measured.
"""

from __future__ import annotations

import sys
import threading
import uuid
from dataclasses import replace

from connectors.shopify.connector import ShopifyConnector
from hub import bootstrap
from hub.config import load_settings
from hub.flow import record, resolve
from hub.flow.deliver import Deliverer

ROUND_S = 1.0


def main() -> None:
    """Says that it is ready, works, and ends when nobody holds the other end of its input."""
    ShopifyConnector.manifest = replace(ShopifyConnector.manifest, rate={"concurrency": 8})
    hub = bootstrap.start(load_settings())
    over = threading.Event()
    threading.Thread(target=_wait_for_the_end, args=(over,), daemon=True).start()
    deliverer, worker = Deliverer(hub), uuid.uuid4()
    try:
        hub.db.one("select 1")
        print("ready", flush=True)
        while not over.is_set():
            done = record.run_batch(hub, worker) + resolve.run_batch(hub) + deliverer.run_once(ROUND_S)
            if not done:
                over.wait(0.05)
    finally:
        deliverer.close()
        hub.close()


def _wait_for_the_end(over: threading.Event) -> None:
    sys.stdin.read()
    over.set()


if __name__ == "__main__":
    main()
