"""One worker process of `bench.connect`, until its input is closed: `python -m bench.courier pipeline|deliver`.

As with real workers nothing keeps a delivering process from renewing its leases, so the pipeline has its own. The shop's rate is its plan's, not the hub's; here it is opened wide, so that the hub is what is measured.
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
from hub.flow.context import Hub
from hub.flow.deliver import Deliverer

ROUND_S = 1.0
PAUSE_S = 0.05


def main() -> None:
    """Works, and ends when nobody holds the other end of its input."""
    ShopifyConnector.manifest = replace(ShopifyConnector.manifest, rate={"concurrency": 8})
    hub = bootstrap.start(load_settings())
    over = threading.Event()
    threading.Thread(target=_wait_for_the_end, args=(over,), daemon=True).start()
    try:
        {"pipeline": _process, "deliver": _deliver}[sys.argv[1]](hub, over)
    finally:
        hub.close()


def _process(hub: Hub, over: threading.Event) -> None:
    worker = uuid.uuid4()
    while not over.is_set():
        if not record.run_batch(hub, worker) + resolve.run_batch(hub):
            over.wait(PAUSE_S)


def _deliver(hub: Hub, over: threading.Event) -> None:
    deliverer = Deliverer(hub)
    try:
        while not over.is_set():
            if not deliverer.run_once(ROUND_S):
                over.wait(PAUSE_S)
    finally:
        deliverer.close()


def _wait_for_the_end(over: threading.Event) -> None:
    sys.stdin.read()
    over.set()


if __name__ == "__main__":
    main()
